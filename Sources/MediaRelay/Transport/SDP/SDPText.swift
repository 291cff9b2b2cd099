// Reading small pieces of text by bytes: every call is linear in the piece, none looks at grapheme clusters, and cuts are
// made at ASCII characters only, so the pieces stay valid UTF-8.

extension Substring.UTF8View {
    var text: String { String(Substring(self)) }

    /// The pieces between spaces, empty ones left out.
    var fields: [Substring.UTF8View] { split(separator: UInt8(ascii: " ")) }

    var trimmed: Substring.UTF8View {
        var rest = self
        while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        while rest.last == UInt8(ascii: " ") { rest = rest.dropLast() }
        return rest
    }

    /// Before and after the first `separator`; after is nil when there is none.
    func divided(at separator: UInt8) -> (Substring.UTF8View, Substring.UTF8View?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }

    /// Digits only: no sign, no space. Nil when empty or out of range.
    func decimal<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? {
        guard !isEmpty else { return nil }
        var number: Number = 0
        for byte in self {
            guard byte.isDigit else { return nil }
            let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Number(byte - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            number = sum
        }
        return number
    }

    /// A `token` (RFC 8866, 9) short enough for the packet core's label fields.
    var label: String? {
        guard (1...Limits.SDP.labelBytes).contains(count), allSatisfy(\.isTokenCharacter) else { return nil }
        return text
    }

    /// A `token` of any length.
    var token: String? { !isEmpty && allSatisfy(\.isTokenCharacter) ? text : nil }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isASCIILetter: Bool {
        let lower = self | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
    }
    /// Anything but controls, space and DEL.
    var isVisible: Bool { self > 0x20 && self != 0x7f }
    /// RFC 8866, 9: `token-char`.
    var isTokenCharacter: Bool {
        switch self {
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x30...0x39, 0x41...0x5a, 0x5e...0x7e: true
        default: false
        }
    }
    /// RFC 8839, 5.1: `ice-char`.
    var isICECharacter: Bool {
        isDigit || isASCIILetter || self == UInt8(ascii: "+") || self == UInt8(ascii: "/")
    }
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
