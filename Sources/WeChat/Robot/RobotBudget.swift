// 20 messages in 60 seconds. A place comes back 60 s after it was taken, not bit by bit: a bucket that fills while it is
// emptied lets up to twice as many through in a minute, and WeCom counts.

public struct RobotBudget: Sendable, Equatable {
    /// Unix seconds of messages, oldest first; at most `WeChatLimits.robotMessages`.
    private var taken: [Int64] = []
    /// WeCom has said "too often": others write with the same key.
    private var closedUntil = Int64.min

    public init() {}

    /// Whether a message may go now; it then counts.
    public mutating func take(now: Int64) -> Bool {
        guard nextPlace(now: now) <= now else { return false }
        taken.append(now)
        return true
    }

    /// Unix seconds of the next place, `now` if there is one.
    public mutating func nextPlace(now: Int64) -> Int64 {
        // A clock that was set back must not close the robot for as long as it was wrong.
        taken.removeAll { $0 > now || $0 <= now - WeChatLimits.robotPeriod }
        if closedUntil > now + WeChatLimits.robotPeriod { closedUntil = now }
        let place = taken.count < WeChatLimits.robotMessages ? now : (taken.first ?? now) + WeChatLimits.robotPeriod
        return max(place, closedUntil)
    }

    public mutating func close(now: Int64) { closedUntil = now + WeChatLimits.robotPeriod }
}
