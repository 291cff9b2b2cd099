// Digits as people type and paste them: full-width ones of an input method, spaces and hyphens between groups.

enum Digits {
    /// Bytes of what is looked at: nine full-width digits with a full-width space after each have 54.
    static let longestTyped = 128

    /// The ASCII digits of a text that holds nothing else but white space and hyphens; nil for any other text.
    static func read(_ typed: some StringProtocol) -> [UInt8]? {
        guard typed.utf8.count <= longestTyped else { return nil }
        var digits: [UInt8] = []
        for scalar in typed.unicodeScalars {
            switch scalar.value {
            case 0x30...0x39: digits.append(UInt8(scalar.value))
            case 0xFF10...0xFF19: digits.append(UInt8(scalar.value - 0xFF10 + 0x30))
            // ASCII hyphen, the hyphens and dashes of U+2010…2015, minus, full-width hyphen; byte order mark and
            // zero-width space, which a paste from a chat may bring.
            case 0x2D, 0x2010...0x2015, 0x2212, 0xFF0D, 0xFEFF, 0x200B: continue
            default: guard scalar.properties.isWhitespace else { return nil }
            }
        }
        return digits
    }

    /// So many digits, each equally likely.
    static func random(_ count: Int, using random: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0x30...0x39, using: &random) }
    }

    /// Whether two byte strings are the same, in a time that depends on their lengths only.
    static func areEqual(_ one: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
