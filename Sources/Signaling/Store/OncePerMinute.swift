// Lets one log line a minute through, for troubles that come by the thousand.

struct OncePerMinute: Sendable {
    private var last: ContinuousClock.Instant?

    mutating func isDue(at now: ContinuousClock.Instant = .now) -> Bool {
        if let last, now - last < .seconds(60) { return false }
        last = now
        return true
    }
}
