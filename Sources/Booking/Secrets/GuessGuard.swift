// Limits on guessing: who tries numbers and passwords is slowed down long before chance helps him, and is told the same
// whether or not there is such a meeting.

public import Scheduling

/// What is counted of one address, such as an IPv4 address or an IPv6 /64 as text.
public struct GuessGuard: Sendable, Equatable {
    public enum Limit {
        /// Tries of numbers by one address in `window` seconds.
        public static let tries = 10
        public static let window = 60
        /// Wrong passwords by one address for one number; they are forgotten `lock` seconds after the last.
        public static let wrongPasswords = 5
        /// Seconds.
        public static let lock = 600
        /// Addresses and pairs that are remembered, each about 100 bytes. Beyond it the oldest are forgotten: an attack
        /// from so many addresses is not stopped by counting.
        static let remembered = 100_000
        /// Bytes of an address's text.
        static let address = 64
    }

    private struct Pair: Hashable {
        let number: MeetingNumber
        let address: String
    }

    private struct Wrong: Equatable {
        var count: Int
        var last: UTCTime
    }

    /// The last tries, the oldest first, at most `Limit.tries`.
    private var tries: [String: [UTCTime]] = [:]
    private var wrong: [Pair: Wrong] = [:]

    public init() {}

    public enum Answer: Sendable, Equatable {
        case open
        /// There is no such meeting, or the password is wrong or missing.
        case numberOrPassword
        /// Seconds until it is worth trying again.
        case tooMany(wait: Int)
    }

    /// One try of a number at the door.
    /// - Parameters:
    ///   - typed: the password, nil when none was given.
    ///   - meeting: whether there is one of this number, and its password, if it has one.
    public mutating func answer(
        _ number: MeetingNumber, password typed: String?, from address: String, at now: UTCTime,
        meeting: (exists: Bool, password: MeetingPassword?)
    ) -> Answer {
        let address = String(address.prefix(Limit.address))
        if let wait = waitForTry(from: address, at: now) { return .tooMany(wait: wait) }
        let pair = Pair(number: number, address: address)
        if let known = wrong[pair] {
            let left = Limit.lock - Int(clamping: now.seconds(since: known.last))
            if left <= 0 || left > Limit.lock {
                wrong[pair] = nil
            } else if known.count >= Limit.wrongPasswords {
                return .tooMany(wait: left)
            }
        }
        let isRight = meeting.password.map { $0.matches(typed ?? "") } ?? true
        if meeting.exists, isRight {
            wrong[pair] = nil
            return .open
        }
        // A number without a meeting is counted alike, or the lock would tell one from the other. To look without a
        // password is no guess at it.
        if typed != nil {
            Self.makeRoom(in: &wrong) { $0.last }
            wrong[pair] = Wrong(count: (wrong[pair]?.count ?? 0) + 1, last: now)
        }
        return .numberOrPassword
    }

    /// Counts a try; the seconds to wait when it is one too many, which is not counted.
    private mutating func waitForTry(from address: String, at now: UTCTime) -> Int? {
        // Times after now are from a clock that went back.
        let recent = (tries[address] ?? []).filter { $0 <= now && now.seconds(since: $0) < Int64(Limit.window) }
        if recent.count >= Limit.tries, let first = recent.first {
            return Limit.window - Int(clamping: now.seconds(since: first))
        }
        Self.makeRoom(in: &tries) { $0.last ?? now }
        tries[address] = recent + [now]
        return nil
    }

    private static func makeRoom<Key: Hashable, Value>(in book: inout [Key: Value], last: (Value) -> UTCTime) {
        guard book.count >= Limit.remembered else { return }
        // A tenth at once, so that this is not done for every stranger.
        let oldest = book.sorted { last($0.value) < last($1.value) }.prefix(Limit.remembered / 10)
        for (key, _) in oldest { book[key] = nil }
    }
}
