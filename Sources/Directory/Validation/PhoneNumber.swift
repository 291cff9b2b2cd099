// Phone numbers as people and spreadsheets write them, in one form: `+`, country code, number (ITU-T E.164).

/// A mobile number. Without a country code it is a Chinese one.
public struct PhoneNumber: Sendable, Hashable, CustomStringConvertible {
    /// `+8613800000000`.
    public let text: String

    /// Reads `13800000000`, `+86 138-0000-0000`, `0086…`, full-width digits, and what a spreadsheet makes of a number
    /// (`1.38E10`, `13800000000.0`). Nil when it is none of these: foreign numbers need their `+`.
    public init?(_ written: String) {
        guard written.utf8.count <= Self.longestWritten else { return nil }
        let plain = written.halfWidth.trimmed
        var digits: [UInt8]
        if let expanded = SpreadsheetNumber.digits(of: plain) {
            digits = Array(expanded.utf8)
        } else {
            // A minus sign is no separator.
            guard plain.utf8.first != UInt8(ascii: "-") else { return nil }
            digits = plain.utf8.filter { !Self.separators.contains($0) }
        }
        if digits.starts(with: "00".utf8) { digits.replaceSubrange(0..<2, with: "+".utf8) }
        if digits.first == UInt8(ascii: "+") {
            digits.removeFirst()
        } else if Self.isChineseMobile(digits[...]) {
            digits.insert(contentsOf: "86".utf8, at: 0)
        } else if !(digits.starts(with: "86".utf8) && Self.isChineseMobile(digits.dropFirst(2))) {
            return nil
        }
        guard DirectoryLimits.phoneDigits.contains(digits.count), digits.allSatisfy(\.isASCIIDigit),
            digits[0] != UInt8(ascii: "0"),
            !digits.starts(with: "86".utf8) || Self.isChineseMobile(digits.dropFirst(2))
        else { return nil }
        self.text = "+" + String(decoding: digits, as: UTF8.self)
    }

    public var description: String { text }

    /// For a watermark (B9): the last four digits.
    public var lastFour: Substring { text.suffix(4) }

    /// Bytes of what is looked at: a number in full-width digits with a separator after each.
    private static let longestWritten = 128
    private static let separators: Set<UInt8> = Set(" -().\t".utf8)

    /// Eleven digits beginning with 13 to 19.
    private static func isChineseMobile(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.count == 11 && digits.allSatisfy(\.isASCIIDigit) && digits[digits.startIndex] == UInt8(ascii: "1")
            && digits[digits.startIndex + 1] >= UInt8(ascii: "3")
    }
}

/// What a spreadsheet writes for a cell that holds digits as a number.
enum SpreadsheetNumber {
    /// More digits than a number cell keeps exactly (IEEE 754 doubles) are not ours to guess.
    private static let mostDigits = 16

    /// `1.38E10` and `13800000000.0` as `13800000000`; nil for anything that is not a whole number with a point or an
    /// exponent. No arithmetic: the digits are moved, so nothing is rounded.
    static func digits(of text: String) -> String? {
        let parts = text.utf8.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
        let mantissa = parts[0].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard mantissa.count == 2 || parts.count == 2, let whole = mantissa.first, !whole.isEmpty,
            whole.allSatisfy(\.isASCIIDigit)
        else { return nil }
        let fraction = mantissa.count == 2 ? Array(mantissa[1]) : []
        var exponent = 0
        if parts.count == 2 {
            let written = parts[1].first == UInt8(ascii: "+") ? parts[1].dropFirst() : parts[1]
            guard (1...2).contains(written.count), written.allSatisfy(\.isASCIIDigit),
                let value = Int(Substring(written))
            else { return nil }
            exponent = value
        }
        guard fraction.allSatisfy(\.isASCIIDigit), exponent <= mostDigits, whole.count <= mostDigits,
            fraction.count <= 2 * mostDigits
        else { return nil }
        let moved = fraction.prefix(exponent)
        guard fraction.dropFirst(exponent).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: exponent - moved.count)
        let digits = Array(whole) + moved + zeros
        guard digits.count <= mostDigits else { return nil }
        return String(decoding: digits, as: UTF8.self)
    }
}
