// Texts in message headers: encoded words (RFC 2047), phrases, and folding (RFC 5322, 2.2.3).

enum HeaderText {
    /// Nothing in it ends a line or a string, in any reader: control characters (C0, DEL, C1) and Unicode's two line ends.
    static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= MailLimits.headerTextBytes
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x2028 && $0.value != 0x2029
            }
    }

    /// A header with its line end. Lines break between tokens, where they would become too long.
    static func field(_ name: String, _ tokens: [String]) -> String {
        var text = "\(name):"
        var column = text.utf8.count
        for token in tokens {
            let length = token.utf8.count + 1
            if column + length > MailLimits.headerLine, column > 1 {
                text += "\r\n"
                column = 0
            }
            text += " \(token)"
            column += length
        }
        return text + "\r\n"
    }

    /// The tokens of unstructured text, such as a subject: its words as they are, or encoded words if that would lose
    /// anything. `column` is where the first stands.
    static func unstructured(_ text: String, column: Int) -> [String] {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let isKept = words.allSatisfy { !$0.isEmpty && $0.utf8.count < MailLimits.headerLine - column }
        return text.isASCII && isKept && !text.contains("=?")
            ? words.map(String.init) : encodedWords(text, column: column)
    }

    /// The tokens of a display name and its address (RFC 5322, 3.4).
    static func address(_ address: MailAddress, column: Int = 1) -> [String] {
        guard !address.name.isEmpty else { return ["<\(address.mailbox)>"] }
        return phrase(address.name, column: column) + ["<\(address.mailbox)>"]
    }

    private static func phrase(_ name: String, column: Int) -> [String] {
        guard name.isASCII, name.utf8.count < encodedCharacters(column: column), !name.contains("=?") else {
            return encodedWords(name, column: column)
        }
        // Quoting keeps dots, commas and brackets; and it harms nobody where it is not needed.
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return ["\"\(quoted)\""]
    }

    /// In base64, each at most 75 characters, never cutting a character (RFC 2047, 5).
    static func encodedWords(_ text: String, column: Int = 1) -> [String] {
        var words: [String] = []
        var chunk: [UInt8] = []
        var capacity = encodedCharacters(column: column) / 4 * 3
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > capacity {
                words.append("=?UTF-8?B?\(Base64.text(chunk))?=")
                chunk.removeAll()
                capacity = encodedCharacters(column: 1) / 4 * 3
            }
            chunk += bytes
        }
        if !chunk.isEmpty { words.append("=?UTF-8?B?\(Base64.text(chunk))?=") }
        return words
    }

    /// Characters between the frame of an encoded word whose line has come to `column`.
    private static func encodedCharacters(column: Int) -> Int {
        MailLimits.encodedWord - "=?UTF-8?B??=".utf8.count - max(column - 1, 0)
    }
}

extension String {
    fileprivate var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}
