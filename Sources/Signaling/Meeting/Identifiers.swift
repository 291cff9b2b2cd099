// Names inside one meeting, and the generator of those that clients see.

import MediaRelay

/// One socket. A participant that reconnects gets another one.
struct SessionID: Hashable, Sendable {
    var rawValue: UInt64
}

/// One participant in the order of joining; never used again in the same meeting.
struct ParticipantID: Hashable, Sendable, Comparable {
    var rawValue: UInt64
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Where random names, credentials and SSRCs come from: the system's generator in production, a seeded one in tests.
struct RandomNames: Sendable {
    private var generator: any RandomNumberGenerator & Sendable

    init(_ generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()) {
        self.generator = generator
    }

    private static let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
    /// 12 characters of 57 are 70 bits: no collision in the life of a server.
    private static let sidLength = 12
    /// RFC 8445, 5.3 wants 24 and 128 random bits; 8 characters are 46, 24 are 140.
    private static let usernameFragmentLength = 8
    private static let passwordLength = 24

    private mutating func text(_ length: Int) -> String {
        String((0..<length).map { _ in Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &generator)] })
    }

    /// `PA_…`, `TR_…`, `RM_…`: clients parse them by prefix.
    mutating func sid(_ prefix: String) -> String { prefix + text(Self.sidLength) }

    mutating func credentials() -> ICECredentials {
        ICECredentials(usernameFragment: text(Self.usernameFragmentLength), password: text(Self.passwordLength))
    }

    /// Never 0, and none of `taken`.
    mutating func ssrc(notIn taken: Set<UInt32>) -> UInt32 {
        while true {
            let candidate = UInt32.random(in: 1...UInt32.max, using: &generator)
            if !taken.contains(candidate) { return candidate }
        }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...UInt8.max, using: &generator) }
    }

    mutating func number() -> UInt64 { generator.next() }
}
