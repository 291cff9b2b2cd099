// Bodies as lines of at most 76 ASCII characters (RFC 2045, 6.7 and 6.8).

enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String { String(decoding: encoded(bytes), as: UTF8.self) }

    fileprivate static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
            bits <<= UInt32(8 * (3 - group.count))
            for digit in 0..<4 {
                output.append(
                    digit > group.count ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * digit) & 63)])
            }
        }
        return output
    }

    /// In lines; the last has no end.
    static func body(_ bytes: [UInt8]) -> [UInt8] {
        let text = encoded(bytes)
        var output: [UInt8] = []
        for start in stride(from: 0, to: text.count, by: MailLimits.bodyLine) {
            if start > 0 { output += [0x0D, 0x0A] }
            output += text[start..<min(start + MailLimits.bodyLine, text.count)]
        }
        return output
    }
}

enum QuotedPrintable {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Of text whose lines end in CRLF. Other carriage returns and newlines are encoded, and no
    /// line end is added.
    static func body(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let endsLine = isLineEnd(bytes, index + 1)
            if isLineEnd(bytes, index), index < bytes.count {
                output += [0x0D, 0x0A]
                (column, index) = (0, index + 2)
                continue
            }
            // A space before a line end would be lost on the way.
            let isBlank = byte == 0x20 || byte == 0x09
            let isKept = isBlank ? !endsLine : (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
            let token = isKept ? [byte] : [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            // The last column is the soft line break's.
            if column + token.count > MailLimits.bodyLine - 1 {
                output += [UInt8(ascii: "="), 0x0D, 0x0A]
                column = 0
            }
            output += token
            column += token.count
            index += 1
        }
        return output
    }

    /// A line or the whole text ends there.
    private static func isLineEnd(_ bytes: [UInt8], _ index: Int) -> Bool {
        index >= bytes.count || (bytes[index] == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A)
    }
}
