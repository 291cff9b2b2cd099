// Turns arrivals into transport-wide feedback: keeps them in order of their sequence numbers, reports each stretch once,
// and a stretch again when a packet of it came late, so that what was reported lost becomes received.

struct TransportFeedbackBuilder: Sendable {
    private struct Arrival {
        /// The sequence number without its wraps.
        let sequence: Int64
        /// In units of `TransportFeedback.tick`.
        let tick: UInt64
    }

    let senderSSRC: UInt32
    /// One of the sender's own: libwebrtc ignores feedback that names none of its streams, and then halves its rate every
    /// few seconds for want of any.
    var mediaSSRC: UInt32
    /// Ascending; those before `nextSequence` have been reported and wait for a late packet among them.
    private var arrivals: [Arrival] = []
    /// Where the next report begins. Nil before the first arrival.
    private var nextSequence: Int64?
    private var highest: Int64?
    private var feedbackCount: UInt8 = 0
    private var hasNew = false

    init(senderSSRC: UInt32, mediaSSRC: UInt32) {
        self.senderSSRC = senderSSRC
        self.mediaSSRC = mediaSSRC
    }

    /// Nothing to report.
    var isEmpty: Bool { !hasNew }

    /// Arrivals in the order they came; the sequence numbers may come in any.
    mutating func append(sequence: UInt16, arrival: MediaTime) {
        let unwrapped = unwrap(sequence)
        if let nextSequence, unwrapped < nextSequence {
            // Too late to be told of: the sender has long judged it lost.
            guard nextSequence &- unwrapped <= Int64(Limits.RTCP.feedbackHistory) else { return }
        }
        var index = arrivals.endIndex
        while index > 0, arrivals[index &- 1].sequence > unwrapped { index &-= 1 }
        if index > 0, arrivals[index &- 1].sequence == unwrapped { return }  // the first arrival counts
        let tick = arrival.microseconds / TransportFeedback.tick
        arrivals.insert(Arrival(sequence: unwrapped, tick: tick), at: index)
        nextSequence = min(nextSequence ?? unwrapped, unwrapped)
        highest = max(highest ?? unwrapped, unwrapped)
        hasNew = true
        if arrivals.count > Limits.RTCP.feedbackArrivals {
            arrivals.removeFirst(Limits.RTCP.feedbackHistory)
            if let first = arrivals.first { nextSequence = max(nextSequence ?? first.sequence, first.sequence) }
        }
    }

    /// RFC 1982: the number nearest to the highest so far.
    private func unwrap(_ sequence: UInt16) -> Int64 {
        guard let highest else { return Int64(sequence) }
        return highest &+ Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: highest)))
    }

    /// Everything that is new, as packets of at most `Limits.RTCP.compoundBytes`.
    mutating func takeFeedback() -> [TransportFeedback] {
        guard hasNew, let start = nextSequence, let highest else { return [] }
        hasNew = false
        var feedback: [TransportFeedback] = []
        var expected = start
        var index = arrivals.firstIndex { $0.sequence >= start } ?? arrivals.endIndex
        while index < arrivals.endIndex { feedback.append(report(&index, &expected)) }
        nextSequence = highest &+ 1
        let oldest = highest &+ 1 &- Int64(Limits.RTCP.feedbackHistory)
        arrivals.removeFirst(arrivals.firstIndex { $0.sequence >= oldest } ?? arrivals.count)
        return feedback
    }

    /// One packet, from `expected` and the arrival at `index` on; both are moved behind what it reports.
    private mutating func report(_ index: inout Int, _ expected: inout Int64) -> TransportFeedback {
        let first = arrivals[index]
        // A jump this wide is a sender that began anew: telling it of each number between would help nobody.
        if first.sequence &- expected >= Int64(Limits.RTCP.feedbackPackets / 2) { expected = first.sequence }
        let reference = first.tick / TransportFeedback.referenceTicks
        var feedback = TransportFeedback(
            senderSSRC: senderSSRC, mediaSSRC: mediaSSRC, baseSequence: UInt16(truncatingIfNeeded: expected),
            // 24 bits, the upper one taken as the sign, as a reader does.
            referenceTime: (Int32(truncatingIfNeeded: reference) << 8) >> 8, feedbackCount: feedbackCount, packets: [])
        feedbackCount &+= 1
        var tick = reference &* TransportFeedback.referenceTicks
        var deltaBytes = 0
        while index < arrivals.endIndex {
            let arrival = arrivals[index]
            let gap = Int(arrival.sequence &- expected)
            let count = feedback.packets.count &+ gap &+ 1
            guard count <= Limits.RTCP.feedbackPackets,
                let delta = Int16(exactly: Int64(bitPattern: arrival.tick &- tick))
            else { break }
            let status = TransportFeedback.Status.received(delta: delta)
            // Every chunk but the last holds seven symbols or more; three bytes of padding.
            let bytes = TransportFeedback.headerBytes + 2 * (count / 7 + 1) + deltaBytes + status.deltaBytes + 3
            guard bytes <= Limits.RTCP.compoundBytes else { break }
            feedback.packets.append(contentsOf: repeatElement(.notReceived, count: gap))
            feedback.packets.append(status)
            deltaBytes += status.deltaBytes
            tick = arrival.tick
            expected = arrival.sequence &+ 1
            index &+= 1
        }
        return feedback
    }
}
