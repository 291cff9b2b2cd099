// The retransmission timeout (RFC 9260, 6.3.1 to 6.3.3), in microseconds.

struct RetransmissionTimeout: Sendable {
    private var smoothed: UInt64?
    private var variation: UInt64 = 0
    private var nextMeasurement = MediaTime(microseconds: 0)
    private(set) var span = Limits.SCTP.firstTimeout

    /// Of a chunk that was sent only once. One sample a round trip counts (6.3.1 C4): more would hide the variation.
    mutating func measured(_ roundTrip: MediaSpan, now: MediaTime) {
        guard nextMeasurement <= now else { return }
        nextMeasurement = now + roundTrip
        let sample = min(roundTrip, Limits.SCTP.longestTimeout * 20).microseconds
        if let smoothed {
            let difference = smoothed > sample ? smoothed &- sample : sample &- smoothed
            variation = (3 &* variation &+ difference) / 4
            self.smoothed = (7 &* smoothed &+ sample) / 8
        } else {
            smoothed = sample
            variation = sample / 2
        }
        // 6.3.1 C6 and C7.
        span = clamped(.microseconds((smoothed ?? sample) &+ max(4 &* variation, 1)))
    }

    mutating func backOff() { span = clamped(span * 2) }

    private func clamped(_ span: MediaSpan) -> MediaSpan {
        min(max(span, Limits.SCTP.shortestTimeout), Limits.SCTP.longestTimeout)
    }
}
