// A pull reader of the XML that office programs write: elements, attributes, text, CDATA, comments; UTF-8 only.
//
// There is no document type declaration, on purpose: a file with one is refused, and with it go external entities and
// those that multiply. Names are told apart by their local part; namespaces would only matter for parts that mix
// vocabularies, which those that we read do not. Foundation's XMLParser would bring libxml2 and a string per token.

struct XMLReader {
    enum Event: Equatable {
        /// The name without its prefix. An empty element gives a start and an end.
        case start(String)
        case end(String)
        /// Taken by `appendText`; one text may come in pieces.
        case text
        case finished
    }

    private let bytes: [UInt8]
    private var position = 0
    /// Whole names of the elements that are open, outermost first.
    private var open: [Range<Int>] = []
    private var attributes: [(name: Range<Int>, value: Range<Int>)] = []
    /// The element just started was an empty one.
    private var owesEnd = false
    private var hasRoot = false
    private var text = 0..<0
    private var isLiteral = false

    init(_ bytes: [UInt8]) throws(SpreadsheetError) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        if matches("<?xml") {
            let declaration = position..<(try find("?>"))
            position = declaration.upperBound + 2
            // `encoding` stands there in quotation marks; anything else than UTF-8 is not worth a converter.
            let words = String(decoding: bytes[declaration], as: UTF8.self).lowercased()
            guard !words.contains("encoding") || words.contains("utf-8") || words.contains("utf8") else {
                throw .damaged("XML is not in UTF-8")
            }
        }
    }

    mutating func next() throws(SpreadsheetError) -> Event {
        if owesEnd {
            owesEnd = false
            guard let name = open.popLast() else { throw .damaged("XML ends an element that is not open") }
            return .end(localName(name))
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let start = position
                while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
                if !open.isEmpty {
                    (text, isLiteral) = (start..<position, false)
                    return .text
                }
                guard bytes[start..<position].allSatisfy(Self.isSpace) else {
                    throw .damaged("XML has text outside of its root")
                }
                continue
            }
            if matches("<!--") {
                position += 4
                position = try find("-->") + 3
            } else if matches("<![CDATA[") {
                let start = position + 9
                let end = try find("]]>")
                guard !open.isEmpty, start <= end else { throw .damaged("XML has text outside of its root") }
                (text, isLiteral) = (start..<end, true)
                position = end + 3
                return .text
            } else if matches("<?") {
                position = try find("?>") + 2
            } else if matches("<!") {
                throw .damaged("XML declares a document type")
            } else if matches("</") {
                return try readEnd()
            } else {
                return try readStart()
            }
        }
        guard open.isEmpty, hasRoot else { throw .damaged("XML is cut off") }
        return .finished
    }

    /// The value of the attribute of the element just started, by the local part of its name.
    func attribute(_ name: String) throws(SpreadsheetError) -> String? {
        for attribute in attributes where localName(attribute.name) == name {
            var value: [UInt8] = []
            try append(attribute.value, to: &value)
            return String(decoding: value, as: UTF8.self)
        }
        return nil
    }

    /// Adds the text of the event just given, references resolved and line ends made one newline (XML 1.0, 2.11).
    func appendText(to value: inout [UInt8]) throws(SpreadsheetError) {
        try append(text, isLiteral: isLiteral, to: &value)
    }

    // MARK: Tags

    private mutating func readStart() throws(SpreadsheetError) -> Event {
        position += 1
        let name = try readName()
        guard !open.isEmpty || !hasRoot else { throw .damaged("XML has two roots") }
        guard open.count < SpreadsheetLimits.xmlDepth else { throw .damaged("XML is nested too deep") }
        hasRoot = true
        open.append(name)
        attributes.removeAll(keepingCapacity: true)
        while true {
            let hasSpace = skipSpace()
            if matches(">") {
                position += 1
                break
            }
            if matches("/>") {
                position += 2
                owesEnd = true
                break
            }
            guard hasSpace, attributes.count < SpreadsheetLimits.xmlAttributes else {
                throw .damaged("XML tag is malformed")
            }
            try readAttribute()
        }
        return .start(localName(name))
    }

    private mutating func readAttribute() throws(SpreadsheetError) {
        let name = try readName()
        skipSpace()
        guard matches("=") else { throw .damaged("XML attribute has no value") }
        position += 1
        skipSpace()
        guard matches("\"") || matches("'") else { throw .damaged("XML attribute is not quoted") }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            guard bytes[position] != UInt8(ascii: "<") else { throw .damaged("XML attribute holds a tag") }
            position += 1
        }
        guard position < bytes.count else { throw .damaged("XML is cut off") }
        attributes.append((name, start..<position))
        position += 1
    }

    private mutating func readEnd() throws(SpreadsheetError) -> Event {
        position += 2
        let name = try readName()
        skipSpace()
        guard matches(">"), let started = open.popLast(), bytes[started] == bytes[name] else {
            throw .damaged("XML ends an element that is not open")
        }
        position += 1
        return .end(localName(name))
    }

    private mutating func readName() throws(SpreadsheetError) -> Range<Int> {
        let start = position
        while position < bytes.count, !Self.endsName(bytes[position]) { position += 1 }
        guard position > start else { throw .damaged("XML name is missing") }
        return start..<position
    }

    private func localName(_ name: Range<Int>) -> String {
        let colon = bytes[name].lastIndex(of: UInt8(ascii: ":"))
        return String(decoding: bytes[(colon.map { $0 + 1 } ?? name.lowerBound)..<name.upperBound], as: UTF8.self)
    }

    // MARK: Characters

    private func append(
        _ range: Range<Int>, isLiteral: Bool = false, to value: inout [UInt8]
    ) throws(SpreadsheetError) {
        guard String(validating: bytes[range], as: UTF8.self) != nil else { throw .damaged("XML is not in UTF-8") }
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == UInt8(ascii: "&"), !isLiteral {
                let (scalar, end) = try reference(at: index + 1, before: range.upperBound)
                value.append(contentsOf: Character(scalar).utf8)
                index = end
                continue
            }
            guard byte >= 0x20 || Self.isSpace(byte) else { throw .damaged("XML holds a control character") }
            index += 1
            if byte != UInt8(ascii: "\r") {
                value.append(byte)
            } else if index == range.upperBound || bytes[index] != UInt8(ascii: "\n") {
                value.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// A reference behind its `&`: one of the five names or a number; and the place behind its `;`.
    private func reference(at start: Int, before limit: Int) throws(SpreadsheetError) -> (Unicode.Scalar, Int) {
        // The longest is #x10FFFF; some writers pad with zeros.
        guard let end = bytes[start..<min(start + 12, limit)].firstIndex(of: UInt8(ascii: ";")) else {
            throw .damaged("XML reference has no end")
        }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        let scalar: Unicode.Scalar? =
            switch name {
            case "amp": "&"
            case "lt": "<"
            case "gt": ">"
            case "quot": "\""
            case "apos": "'"
            case _ where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            case _ where name.hasPrefix("#"): UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
            default: nil
            }
        guard let scalar, scalar.value >= 0x20 || scalar == "\t" || scalar == "\n" || scalar == "\r" else {
            throw .damaged("XML reference is not known")
        }
        return (scalar, end + 1)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func endsName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: "\""),
            UInt8(ascii: "'"), UInt8(ascii: "&"):
            true
        default: false
        }
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = position
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        return position > start
    }

    private func matches(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard length <= bytes.count - position else { return false }
        for offset in 0..<length where bytes[position + offset] != word.utf8Start[offset] { return false }
        return true
    }

    /// The place of the next occurrence of the word.
    private func find(_ word: StaticString) throws(SpreadsheetError) -> Int {
        var ahead = self
        while ahead.position < bytes.count {
            if ahead.matches(word) { return ahead.position }
            ahead.position += 1
        }
        throw .damaged("XML is cut off")
    }
}
