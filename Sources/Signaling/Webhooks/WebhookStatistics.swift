// What the metrics page and the API say about webhooks.

public struct WebhookStatistics: Sendable {
    public struct Receiver: Sendable {
        var url: WebhookURL?
        // Since the start of the process.
        var attempts: UInt64 = 0
        var sent: UInt64 = 0
        var failed: UInt64 = 0
        /// Given up: too old, or too many.
        var dropped: UInt64 = 0
        // Now.
        var queued = 0
        /// When the oldest of them was queued, in milliseconds since 1970.
        var oldest: Int64?
    }
    /// In the operator's order.
    var receivers: [Receiver] = []
    /// Events that wait for the disk.
    var unstored = 0
    /// Events for which there was neither disk nor memory.
    var lost: UInt64 = 0
    /// Milliseconds since 1970.
    let now: Int64

    init(now: Int64) { self.now = now }

    /// Seconds for which the oldest event has waited.
    func age(of receiver: Receiver) -> Double {
        receiver.oldest.map { Double(max(0, now &- $0)) / 1000 } ?? 0
    }
}
