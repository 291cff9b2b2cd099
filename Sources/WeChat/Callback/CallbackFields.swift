// The small XML of callbacks: `<xml>`, in it one element for each field with text or CDATA. Read by a strict scan with no
// entities, attributes, comments, instructions (but the declaration) and document types: none of them is ever sent, and
// they are what attacks are made of. Elements inside of a field are stepped over.

struct CallbackFields: Sendable, Equatable {
    private var values: [String: String] = [:]

    subscript(_ name: String) -> String? { values[name] }

    init(_ bytes: [UInt8]) throws(CallbackError) {
        guard bytes.count <= WeChatLimits.callbackBytes else { throw .malformed }
        var scanner = Scanner(bytes: bytes)
        _ = scanner.take("\u{FEFF}")
        if scanner.take("<?xml") { try scanner.skip(past: "?>") }
        scanner.skipBlanks()
        guard scanner.take("<xml>") else { throw .malformed }
        // Open elements in `<xml>`, and the text of the outermost.
        var open: [String] = []
        var text: [UInt8] = []
        var hasChildren = false
        while true {
            if scanner.take("<![CDATA[") {
                let literal = try scanner.skip(past: "]]>")
                guard !open.isEmpty else { throw .malformed }
                if open.count == 1 { text += literal }
            } else if scanner.take("</") {
                let name = try scanner.name()
                guard let inner = open.popLast() else {
                    guard name == "xml", scanner.take(">") else { throw .malformed }
                    break
                }
                guard name == inner, scanner.take(">") else { throw .malformed }
                if open.isEmpty, !hasChildren { try keep(text, as: name) }
            } else if scanner.take("<") {
                let name = try scanner.name()
                if open.isEmpty { (text, hasChildren) = ([], false) } else { hasChildren = true }
                if scanner.take("/>") {
                    if open.isEmpty { try keep([], as: name) }
                } else {
                    guard scanner.take(">"), open.count < WeChatLimits.callbackDepth else { throw .malformed }
                    open.append(name)
                }
            } else {
                let plain = try scanner.text()
                if open.count == 1 { text += plain }
                guard !open.isEmpty || plain.allSatisfy(Scanner.isBlank) else { throw .malformed }
            }
        }
        scanner.skipBlanks()
        guard scanner.isAtEnd else { throw .malformed }
    }

    /// A field twice would mean one thing here and another elsewhere.
    private mutating func keep(_ text: [UInt8], as name: String) throws(CallbackError) {
        guard values[name] == nil, values.count < WeChatLimits.callbackFields,
            let value = String(validating: text, as: UTF8.self)
        else { throw .malformed }
        values[name] = value
    }

    private struct Scanner {
        let bytes: [UInt8]
        private var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

        mutating func take(_ expected: String) -> Bool {
            guard bytes[position...].starts(with: expected.utf8) else { return false }
            position += expected.utf8.count
            return true
        }

        mutating func skipBlanks() {
            while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
        }

        /// What stands before the mark.
        @discardableResult
        mutating func skip(past mark: String) throws(CallbackError) -> ArraySlice<UInt8> {
            let start = position
            while position < bytes.count {
                let end = position
                if take(mark) { return bytes[start..<end] }
                position += 1
            }
            throw .malformed
        }

        mutating func name() throws(CallbackError) -> String {
            let name = bytes[position...].prefix { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || byte == UInt8(ascii: "_")
            }
            guard (1...64).contains(name.count) else { throw .malformed }
            position += name.count
            return String(decoding: name, as: UTF8.self)
        }

        /// Up to the next tag; throws at the end and at an entity.
        mutating func text() throws(CallbackError) -> ArraySlice<UInt8> {
            let text = bytes[position...].prefix { $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: "&") }
            position += text.count
            guard position < bytes.count, bytes[position] == UInt8(ascii: "<") else { throw .malformed }
            return text
        }
    }
}
