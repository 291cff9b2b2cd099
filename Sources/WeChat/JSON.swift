// JSON as WeChat and WeCom answer it, read leniently: numbers come as strings and strings as numbers, and fields have had
// other names. What is missing or of another kind reads as nil, and the decoder of each reply says what it cannot do without.

import Foundation

enum JSON: Sendable, Equatable {
    case null
    /// True and false are 1 and 0.
    case number(Double)
    case text(String)
    case array([JSON])
    case object([String: JSON])

    /// Nil for what is not JSON, or longer than `limit` bytes. Foundation refuses more than 512 levels.
    init?(_ bytes: [UInt8], limit: Int) {
        guard bytes.count <= limit else { return nil }
        // Nicknames have come with control characters and broken UTF-8, neither of which is JSON.
        let clean = String(decoding: bytes.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
        guard let value = try? JSONSerialization.jsonObject(with: Data(clean.utf8)) else { return nil }
        self.init(value)
    }

    private init(_ value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let number as NSNumber: self = .number(number.doubleValue)
        case let items as [Any]: self = .array(items.map { JSON($0) })
        case let fields as [String: Any]: self = .object(fields.mapValues { JSON($0) })
        default: self = .null
        }
    }

    /// The first of these fields that is there.
    subscript(_ names: String...) -> JSON {
        guard case .object(let fields) = self else { return .null }
        for name in names {
            if let value = fields[name], value != .null { return value }
        }
        return .null
    }

    /// Exact up to 2^53, which is more than any number of theirs.
    var integer: Int? {
        switch self {
        case .number(let number): Int(exactly: number)
        case .text(let text): Int(text)
        default: nil
        }
    }

    /// Nil for an empty text too: that is how absent values are often sent.
    var text: String? {
        switch self {
        case .text(let text): text.isEmpty ? nil : text
        case .number(let number): Int(exactly: number).map { String($0) } ?? String(number)
        default: nil
        }
    }

    var items: [JSON] {
        if case .array(let items) = self { items } else { [] }
    }

    /// Names in order of the alphabet, so that the same message is the same bytes.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        append(to: &result)
        return result
    }

    private func append(to result: inout [UInt8]) {
        switch self {
        case .null: result += "null".utf8
        case .number(let number): result += (Int(exactly: number).map { String($0) } ?? String(number)).utf8
        case .text(let text): Self.append(text, to: &result)
        case .array(let items):
            result.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                item.append(to: &result)
            }
            result.append(UInt8(ascii: "]"))
        case .object(let fields):
            result.append(UInt8(ascii: "{"))
            for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                Self.append(field.key, to: &result)
                result.append(UInt8(ascii: ":"))
                field.value.append(to: &result)
            }
            result.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ text: String, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: result += "\\u00\(Hexadecimal.text([byte]))".utf8
            default: result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
    }
}

extension JSON {
    /// An openid, userid or the like: printable ASCII of at most `WeChatLimits.identifierBytes`.
    var identifier: String? {
        guard let text, text.utf8.count <= WeChatLimits.identifierBytes,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return text
    }

    /// A token, ticket or session key.
    var secret: Secret? {
        guard let text, text.utf8.count <= WeChatLimits.tokenBytes, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return Secret(text)
    }

    /// A text about a person, on one line and without characters that turn the line around (Unicode's directional
    /// formatting) or cannot be seen; at most `WeChatLimits.nameCharacters`.
    var name: String? {
        guard let text else { return nil }
        var visible = String.UnicodeScalarView()
        // A character may have any number of scalars; 8 is more than a family emoji has.
        for scalar in text.unicodeScalars.prefix(WeChatLimits.nameCharacters * 8) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: visible.append(" ")
            // Zero-width joiner: emoji are made with it.
            case .format where scalar != "\u{200D}": continue
            case .surrogate, .privateUse, .unassigned: continue
            default: visible.append(scalar)
            }
        }
        let words = String(visible).split(separator: " ").joined(separator: " ")
        let kept = String(words.prefix(WeChatLimits.nameCharacters))
        return kept.isEmpty ? nil : kept
    }

    /// A picture of a person. Only from WeChat's own hosts: the server fetches it for others, and must not be sent
    /// anywhere else by a reply.
    var avatar: WebAddress? {
        guard let text, let address = WebAddress(text), address.port == nil,
            address.host.hasSuffix(".qlogo.cn") || address.host.hasSuffix(".qpic.cn")
        else { return nil }
        return address
    }

    /// Whole numbers or numeric texts of a list, as many as a member may have.
    var integers: [Int] { items.prefix(WeChatLimits.memberEntries).compactMap(\.integer) }
    var identifiers: [String] { items.prefix(WeChatLimits.memberEntries).compactMap(\.identifier) }
}
