// Which encoding of a publication is sent on. Today one for all its subscribers: the best that arrives. Adaptation to
// each subscriber's bandwidth and window size will choose per subscription, with this as its upper bound.

/// Follows which encodings deliver packets and names the best that does so reliably. Encodings are numbered from 0, the
/// lowest quality.
struct EncodingChoice {
    /// A better encoding must have delivered for this long before it is taken: one that only flickers would cost a
    /// keyframe each time.
    static let settling = MediaSpan.milliseconds(500)
    /// An encoding that delivered nothing for this long is given up for a lower one that does. Longer shows a frozen
    /// picture; shorter would leave a screen share between two of its rare frames.
    static let silence = MediaSpan.milliseconds(1_500)
    /// How often to observe.
    static let interval = MediaSpan.milliseconds(250)

    private struct Delivery {
        var packets: UInt64 = 0
        var last: MediaTime?
        /// Start of the present run without silence.
        var since: MediaTime?
    }

    private var deliveries: [Delivery]
    /// Nil until something was delivered.
    private(set) var current: Int?

    init(count: Int) { deliveries = Array(repeating: Delivery(), count: count) }

    /// Takes each encoding's packet counter, lowest quality first. Returns the new choice when it changed.
    mutating func observe(_ packets: [UInt64], _ now: MediaTime) -> Int? {
        for index in deliveries.indices where index < packets.count {
            observe(index, packets[index], now)
        }
        guard let best = best(now), best != current else { return nil }
        current = best
        return best
    }

    private mutating func observe(_ index: Int, _ packets: UInt64, _ now: MediaTime) {
        if packets != deliveries[index].packets {
            deliveries[index].packets = packets
            deliveries[index].last = now
            if deliveries[index].since == nil { deliveries[index].since = now }
        } else if let last = deliveries[index].last, now.since(last) >= Self.silence {
            deliveries[index].since = nil
        }
    }

    private func best(_ now: MediaTime) -> Int? {
        let delivering = deliveries.indices.filter { deliveries[$0].since != nil }
        guard let current else { return delivering.last }
        let isSilent = deliveries[current].since == nil
        if isSilent { return delivering.last ?? current }
        let better = delivering.last { index in
            index > current && deliveries[index].since.map { now.since($0) >= Self.settling } == true
        }
        return better ?? current
    }
}
