// How many messages a connection may send: a bucket of tokens that fills with time.

struct MessageBudget: Sendable {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var updated: Duration

    init(perSecond: Int = Limits.messagesPerSecond, burst: Int = Limits.messageBurst, now: Duration) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        self.tokens = Double(burst)
        self.updated = now
    }

    /// - Parameter cost: 1 for an ordinary message, less for one that costs us less.
    /// - Returns: false when the connection has used up what it may send.
    mutating func spend(_ cost: Double = 1, now: Duration) -> Bool {
        let elapsed = max(0, (now - updated) / .seconds(1))
        tokens = min(burst, tokens + elapsed * perSecond)
        updated = now
        guard tokens >= cost else { return false }
        tokens -= cost
        return true
    }
}
