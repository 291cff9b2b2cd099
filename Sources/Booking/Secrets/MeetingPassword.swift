// What opens a meeting to who knows it: its password, and the key that makes somebody its host. Both are compared in a
// time that does not depend on where they differ, and neither writes itself into a log.

public struct MeetingPassword: Hashable, Sendable, CustomStringConvertible {
    /// Digits.
    public static let lengths = 4...6

    /// For invitations.
    public let text: String

    /// Nil unless `typed` is 4 to 6 digits; read as a meeting's number is.
    public init?(typed: some StringProtocol) {
        guard let digits = Digits.read(typed), Self.lengths.contains(digits.count) else { return nil }
        text = String(decoding: digits, as: UTF8.self)
    }

    /// A new one of six digits.
    public init(using random: inout some RandomNumberGenerator) {
        text = String(decoding: Digits.random(Self.lengths.upperBound, using: &random), as: UTF8.self)
    }

    public func matches(_ typed: some StringProtocol) -> Bool {
        Digits.read(typed).map { Digits.areEqual($0, text.utf8) } ?? false
    }

    public var description: String { "password of \(text.utf8.count) digits" }
}

/// Six digits with which somebody takes the host's place.
public struct HostKey: Hashable, Sendable, CustomStringConvertible {
    public static let length = 6

    public let text: String

    public init?(typed: some StringProtocol) {
        guard let digits = Digits.read(typed), digits.count == Self.length else { return nil }
        text = String(decoding: digits, as: UTF8.self)
    }

    public init(using random: inout some RandomNumberGenerator) {
        text = String(decoding: Digits.random(Self.length, using: &random), as: UTF8.self)
    }

    public func matches(_ typed: some StringProtocol) -> Bool {
        Digits.read(typed).map { Digits.areEqual($0, text.utf8) } ?? false
    }

    public var description: String { "host key" }
}
