// A member's account id: chosen once, never changed, in every URL and token, so its alphabet is small.

/// 1 to 32 ASCII letters, digits and `. - _`, beginning with a letter or digit: `.` and `..` would be folders in a path.
/// Upper and lower case are the same account, so that nobody can look like somebody else; the spelling is kept.
public struct AccountID: Sendable, Hashable, CustomStringConvertible {
    /// As first written.
    public let text: String
    /// What two spellings of one account share; for indexes and for the store's unique key.
    public let key: String

    /// Nil when `text` is no account id.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard (1...DirectoryLimits.accountCharacters).contains(bytes.count), let first = bytes.first,
            first.isASCIILetterOrDigit,
            bytes.allSatisfy({ $0.isASCIILetterOrDigit || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F })
        else { return nil }
        self.text = text
        self.key = text.lowercased()
    }

    public var description: String { text }

    public static func == (one: AccountID, other: AccountID) -> Bool { one.key == other.key }
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

extension AccountID: Comparable {
    public static func < (one: AccountID, other: AccountID) -> Bool { one.key < other.key }
}

extension UInt8 {
    var isASCIIDigit: Bool { (0x30...0x39).contains(self) }
    var isASCIILetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
    var isASCIILetterOrDigit: Bool { isASCIIDigit || isASCIILetter }
}
