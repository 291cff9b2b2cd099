// Reads the fields of one JSON object from a stranger and collects everything that is wrong with them, in both languages,
// so that a form is answered once. What fields there are is each route's to say.

import Foundation

struct RequestFields {
    private let object: [String: Any]
    private(set) var errors: [Problem.FieldError] = []
    private var read: Set<String> = []

    /// - Parameter body: a JSON object; empty is one without fields. Nil for anything else.
    init?(_ body: [UInt8]) {
        let parsed = body.isEmpty ? [:] : try? JSONSerialization.jsonObject(with: Data(body))
        guard let object = parsed as? [String: Any] else { return nil }
        self.object = object
    }

    /// The names of the fields there are, sorted.
    var given: [String] { object.keys.sorted() }

    mutating func wrong(_ field: String, _ code: String, _ zh: String, _ en: String) {
        errors.append(Problem.FieldError(field: field, code: code, texts: ["zh-CN": zh, "en": en]))
    }

    mutating func value(_ field: String) -> Any? {
        read.insert(field)
        let value = object[field]
        return value is NSNull ? nil : value
    }

    mutating func rejectUnread() {
        for field in object.keys.sorted() where !read.contains(field) {
            wrong(String(field.prefix(64)), "unknown", "没有此字段", "There is no such field")
        }
    }

    mutating func optionalText(_ field: String, _ limit: Int) -> String? {
        guard let value = value(field) else { return nil }
        guard let text = value as? String else {
            wrong(field, "type", "应为文本", "Must be a text")
            return nil
        }
        guard text.utf8.count <= limit, !text.utf8.contains(0) else {
            wrong(field, "too_long", "过长或含有无效字符", "Is too long, or has a character that is not allowed")
            return nil
        }
        return text
    }

    mutating func text(_ field: String, _ limit: Int) -> String {
        let before = errors.count
        guard let text = optionalText(field, limit), !text.isEmpty else {
            if errors.count == before { wrong(field, "missing", "不能为空", "Must not be empty") }
            return ""
        }
        return text
    }

    mutating func list(_ field: String) -> [String]? {
        guard let value = value(field) else { return nil }
        guard let list = value as? [String] else {
            wrong(field, "type", "应为文本列表", "Must be a list of texts")
            return nil
        }
        guard list.count <= Limits.identitiesPerControl,
            list.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Limits.nameBytes && !$0.utf8.contains(0) })
        else {
            wrong(field, "too_long", "列表过长或有无效的成员", "Is too long, or names somebody who cannot be")
            return nil
        }
        return list
    }

    mutating func bool(_ field: String) -> Bool? {
        guard let value = value(field) else { return nil }
        // Numbers are not taken for it, which Foundation would do.
        guard let number = value as? NSNumber, number.isBoolean else {
            wrong(field, "type", "应为 true 或 false", "Must be true or false")
            return nil
        }
        return number.boolValue
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String) -> Choice?
    where Choice.RawValue == String {
        guard let value = value(field) else { return nil }
        guard let choice = (value as? String).flatMap(Choice.init) else {
            let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            wrong(field, "not_one_of", "应为其中之一：\(all)", "Must be one of: \(all)")
            return nil
        }
        return choice
    }

    mutating func number(_ field: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = value(field) else { return nil }
        guard let number = value as? NSNumber, !number.isBoolean, let whole = number as? Int64, range.contains(whole)
        else {
            wrong(
                field, "out_of_range", "应为 \(range.lowerBound) 至 \(range.upperBound) 的整数",
                "Must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return whole
    }
}

extension NSNumber {
    /// JSON's true and false among its numbers.
    var isBoolean: Bool { String(cString: objCType) == "c" }
}
