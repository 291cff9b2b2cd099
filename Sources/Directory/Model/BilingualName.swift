// A name in both languages of the product. Which one is shown first depends on the reader, never on the writer.

/// A language of texts for people.
public enum Language: String, Sendable, CaseIterable {
    case zh
    case en
}

/// Names of a member or a department. At least one of both is not empty once validated.
public struct BilingualName: Sendable, Hashable {
    public var zh: String
    /// May be empty.
    public var en: String

    public init(zh: String, en: String = "") {
        self.zh = zh
        self.en = en
    }

    /// The name alone, in `language` if there is one.
    public func text(in language: Language) -> String {
        switch language {
        case .zh: zh.isEmpty ? en : zh
        case .en: en.isEmpty ? zh : en
        }
    }

    /// Both names, the reader's first: `张三 (Zhang San)` in Chinese, `Zhang San 张三` in English (B2).
    public func label(in language: Language) -> String {
        if zh.isEmpty || en.isEmpty || zh == en { return text(in: language) }
        switch language {
        case .zh: return "\(zh) (\(en))"
        case .en: return "\(en) \(zh)"
        }
    }
}
