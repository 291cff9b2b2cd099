// The parts of a body (RFC 2045, 2046): headers, an empty line, lines of ASCII.

struct MIMEPart {
    /// Headers, and the body without a line end of ours: the one before a boundary is the boundary's (RFC 2046, 5.1.1).
    let encoded: [UInt8]

    private init(_ headers: [String], _ body: [UInt8]) {
        encoded = Array(headers.map { "\($0)\r\n" }.joined().utf8) + [0x0D, 0x0A] + body
    }

    /// In whichever transfer encoding is shorter: quoted-printable for English, base64 for Chinese.
    static func text(_ text: String, type: String) -> MIMEPart {
        let bytes = withInternetLineEnds(text)
        let (quoted, base64) = (QuotedPrintable.body(bytes), Base64.body(bytes))
        let isQuoted = quoted.count <= base64.count
        return MIMEPart(
            ["Content-Type: \(type)", "Content-Transfer-Encoding: \(isQuoted ? "quoted-printable" : "base64")"],
            isQuoted ? quoted : base64)
    }

    /// - Parameter name: a file name of ASCII letters, digits and dots.
    static func attachment(_ text: String, type: String, name: String) -> MIMEPart {
        MIMEPart(
            [
                "Content-Type: \(type); name=\"\(name)\"", "Content-Transfer-Encoding: base64",
                "Content-Disposition: attachment; filename=\"\(name)\"",
            ], Base64.body(withInternetLineEnds(text)))
    }

    /// The boundary holds `=_`, which neither transfer encoding ever gives (RFC 2045, 6.7), so no part can hold it; and
    /// kinds are nested only in other kinds.
    static func multipart(_ kind: String, _ parts: [MIMEPart]) -> MIMEPart {
        let boundary = "=_\(kind)_="
        var body: [UInt8] = []
        for part in parts { body += Array("--\(boundary)\r\n".utf8) + part.encoded + [0x0D, 0x0A] }
        body += Array("--\(boundary)--".utf8)
        return MIMEPart(["Content-Type: multipart/\(kind); boundary=\"\(boundary)\""], body)
    }

    private static func withInternetLineEnds(_ text: String) -> [UInt8] {
        var output: [UInt8] = []
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte == 0x0A, previous != 0x0D { output.append(0x0D) }
            if previous == 0x0D, byte != 0x0A { output.append(0x0A) }
            output.append(byte)
            previous = byte
        }
        if previous == 0x0D { output.append(0x0A) }
        return output
    }
}
