// How long to wait before an event is sent again. Doubling, so that a dead receiver costs less and less; spread, so that
// what failed together does not come back together.

enum RetryDelay {
    /// After the receiver could not be reached, or said that it is not ready: a restart takes seconds, and it should not
    /// be noticed for longer than it lasted.
    static func unreachable(_ attempt: Int, jitter: Double) -> Duration {
        delay(attempt, first: .seconds(1), longest: .seconds(30), jitter)
    }

    /// After it refused this very event: that changes when somebody changes the receiver.
    static func refused(_ attempt: Int, jitter: Double) -> Duration {
        delay(attempt, first: .seconds(15), longest: .seconds(900), jitter)
    }

    /// - Parameters:
    ///   - attempt: 1 after the first failure.
    ///   - jitter: from 0 to 1.
    /// - Returns: between half and all of `first` × 2ⁿ.
    private static func delay(_ attempt: Int, first: Duration, longest: Duration, _ jitter: Double) -> Duration {
        // 2¹⁶ times any first delay is beyond every longest one.
        let doublings = min(max(attempt, 1) - 1, 16)
        return min(first * (1 << doublings), longest) * (0.5 + 0.5 * min(max(jitter, 0), 1))
    }
}
