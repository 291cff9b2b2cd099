// Chunks sent and not yet cumulatively acknowledged (RFC 9260, 6.2.1, 6.3, 7.2.4), and the point up to which given-up
// ones are passed over (RFC 3758, 3.5). How fast to send is CongestionWindow's.

/// One DATA chunk in the making or on its way. The payload is shared with its message, not copied.
struct OutstandingFragment {
    enum State: Equatable {
        case inFlight
        /// By a gap block; a receiver may still take it back.
        case acknowledged
        /// Counts as lost.
        case waitsForRetransmission
        case abandoned
    }

    let tsn: TSN
    let message: UInt64
    var payload: [UInt8]
    let offset: Int
    let length: Int
    let flags: SCTPData.Flags
    let stream: UInt16
    let ssn: SSN
    let ppid: UInt32
    let maxRetransmissions: Int?
    let expiry: MediaTime
    var state = State.inFlight
    var transmissions = 1
    var misses: UInt8 = 0
    /// Once in its life (RFC 9260, 7.2.4): what is lost again waits for the timer.
    var isFastRetransmitted = false
    /// By a gap block, at some time: another acknowledgement is no news.
    var wasAcknowledged = false
    var sentAt = MediaTime(microseconds: 0)

    /// On the wire, and what it counts in flight.
    var chunkBytes: Int { SCTPData.headerBytes &+ length.paddedToWord }
    /// In memory.
    var charge: Int { SendQueue.charge(payload.isEmpty ? 0 : length) }
}

struct OutstandingData {
    struct Acknowledgement: Equatable {
        /// Bytes acknowledged for the first time.
        var bytes = 0
        var movedCumulative = false
        /// When the newest chunk that was sent only once was sent (Karn's rule).
        var sentAt: MediaTime?
        var foundLoss = false
    }

    private var fragments = FIFO<OutstandingFragment>()
    /// Of the first one in `fragments`; the next one when there is none.
    private(set) var firstTSN: TSN
    /// Chunk bytes on the way.
    private(set) var flightBytes = 0
    /// Payload and overhead kept for retransmission.
    private(set) var heldBytes = 0
    private var acknowledgedByGaps = 0
    private(set) var waitingForRetransmission = 0
    /// No chunk before this position waits for retransmission.
    private var firstLost = 0

    init(initialTSN: TSN) { firstTSN = initialTSN }

    var isEmpty: Bool { fragments.isEmpty }
    var nextTSN: TSN { firstTSN &+ UInt32(truncatingIfNeeded: fragments.count) }
    var count: Int { fragments.count }

    mutating func append(_ fragment: OutstandingFragment, now: MediaTime) {
        var fragment = fragment
        fragment.sentAt = now
        flightBytes &+= fragment.chunkBytes
        heldBytes &+= fragment.charge
        fragments.append(fragment)
    }

    // MARK: Acknowledgement

    /// Nil: acknowledges what was never sent. An old SACK does nothing.
    mutating func acknowledge(_ sack: SCTPSelectiveAck, isRecovering: Bool) -> Acknowledgement? {
        let advance = sack.cumulative.distance(from: firstTSN) &+ 1
        guard advance <= fragments.count else { return nil }
        var result = Acknowledgement()
        guard advance >= 0 else { return result }
        result.movedCumulative = advance > 0
        for _ in 0..<advance { acknowledgeFirst(&result) }
        if sack.gaps.isEmpty, acknowledgedByGaps == 0 { return result }
        let reported = acknowledgeGaps(sack.gaps, &result)
        // RFC 9260, 7.2.4: lost is what later chunks have overtaken; while recovering, every SACK that moves on counts.
        let overtaken = isRecovering && result.movedCumulative ? reported.last : reported.newlyLast
        for index in 0..<min(overtaken, fragments.count) where countMiss(at: index) { result.foundLoss = true }
        return result
    }

    private mutating func acknowledgeFirst(_ result: inout Acknowledgement) {
        guard let fragment = fragments.popFirst() else { return }
        firstTSN = firstTSN &+ 1
        firstLost = max(firstLost &- 1, 0)
        heldBytes &-= fragment.charge
        switch fragment.state {
        case .inFlight:
            flightBytes &-= fragment.chunkBytes
            note(fragment, &result)
        case .waitsForRetransmission:
            waitingForRetransmission &-= 1
            note(fragment, &result)
        case .acknowledged: acknowledgedByGaps &-= 1
        case .abandoned: break
        }
    }

    private func note(_ fragment: OutstandingFragment, _ result: inout Acknowledgement) {
        guard !fragment.wasAcknowledged else { return }
        result.bytes &+= fragment.chunkBytes
        if fragment.transmissions == 1 { result.sentAt = max(result.sentAt ?? fragment.sentAt, fragment.sentAt) }
    }

    /// Walks each chunk once however many blocks there are: a block that does not lie behind the one before ends it.
    private mutating func acknowledgeGaps(
        _ gaps: [SCTPSelectiveAck.GapBlock], _ result: inout Acknowledgement
    ) -> (last: Int, newlyLast: Int) {
        var (index, last, newlyLast) = (0, 0, 0)
        for gap in gaps {
            // Offset 1 is the first chunk outstanding.
            let (start, end) = (Int(gap.start) &- 1, Int(gap.end) &- 1)
            guard start >= index, end >= start, end < fragments.count else { break }
            while index < start {
                takeBack(at: index)
                index &+= 1
            }
            while index <= end {
                if acknowledge(at: index, &result) { newlyLast = index }
                last = index
                index &+= 1
            }
        }
        while index < fragments.count, acknowledgedByGaps > 0 {
            takeBack(at: index)
            index &+= 1
        }
        return (last, newlyLast)
    }

    private mutating func acknowledge(at index: Int, _ result: inout Acknowledgement) -> Bool {
        guard let fragment = fragments[index] else { return false }
        switch fragment.state {
        case .inFlight: flightBytes &-= fragment.chunkBytes
        case .waitsForRetransmission: waitingForRetransmission &-= 1
        case .acknowledged, .abandoned: return false
        }
        note(fragment, &result)
        fragments[index]?.state = .acknowledged
        fragments[index]?.wasAcknowledged = true
        acknowledgedByGaps &+= 1
        return true
    }

    /// RFC 9260, 6.2.1 iii: a receiver short of memory may forget what it reported. Or this SACK was overtaken by the
    /// one that reported it, so the chunk is only doubted: it counts as on its way again.
    private mutating func takeBack(at index: Int) {
        guard let fragment = fragments[index], fragment.state == .acknowledged else { return }
        fragments[index]?.state = .inFlight
        flightBytes &+= fragment.chunkBytes
        acknowledgedByGaps &-= 1
    }

    private mutating func countMiss(at index: Int) -> Bool {
        guard fragments[index]?.state == .inFlight, fragments[index]?.isFastRetransmitted == false else { return false }
        fragments[index]?.misses &+= 1
        guard let fragment = fragments[index], fragment.misses >= Limits.SCTP.missesUntilRetransmission else {
            return false
        }
        fragments[index]?.isFastRetransmitted = true
        fragments[index]?.state = .waitsForRetransmission
        flightBytes &-= fragment.chunkBytes
        waitingForRetransmission &+= 1
        firstLost = min(firstLost, index)
        return true
    }

    // MARK: Retransmission

    /// RFC 9260, 6.3.3 E3: after a timeout nothing counts as on the way.
    mutating func markAllLost() {
        for index in 0..<fragments.count where fragments[index]?.state == .inFlight {
            fragments[index]?.state = .waitsForRetransmission
            fragments[index]?.misses = 0
            waitingForRetransmission &+= 1
        }
        flightBytes = 0
        firstLost = 0
    }

    /// The first lost chunk if it has at most `limit` bytes. It counts as on its way again.
    mutating func takeRetransmission(limit: Int, now: MediaTime) -> OutstandingFragment? {
        guard waitingForRetransmission > 0 else { return nil }
        while firstLost < fragments.count, fragments[firstLost]?.state != .waitsForRetransmission { firstLost &+= 1 }
        let index = firstLost
        guard let fragment = fragments[index], fragment.chunkBytes <= limit else { return nil }
        fragments[index]?.state = .inFlight
        fragments[index]?.transmissions &+= 1
        fragments[index]?.misses = 0
        fragments[index]?.sentAt = now
        flightBytes &+= fragment.chunkBytes
        waitingForRetransmission &-= 1
        return fragment
    }

    // MARK: Partial reliability

    /// Gives up messages of which a lost chunk may not be sent again. Answers the one that is not sent whole yet: the
    /// rest of it must not follow.
    mutating func abandonExpired(now: MediaTime) -> UInt64? {
        guard waitingForRetransmission > 0 else { return nil }
        var unfinished: UInt64?
        for index in 0..<fragments.count {
            guard let fragment = fragments[index], fragment.state == .waitsForRetransmission else { continue }
            let isSpent = fragment.maxRetransmissions.map { fragment.transmissions > $0 } ?? false
            guard isSpent || fragment.expiry <= now else { continue }
            if abandonMessage(around: index, fragment.message) { unfinished = fragment.message }
        }
        guard let unfinished, let last = fragments[fragments.count &- 1] else { return nil }
        // A TSN for the part never sent: skipping it tells the receiver that the message does not go on.
        fragments.append(
            OutstandingFragment(
                tsn: nextTSN, message: unfinished, payload: [], offset: 0, length: 0, flags: last.flags.union(.ends),
                stream: last.stream, ssn: last.ssn, ppid: last.ppid, maxRetransmissions: nil, expiry: .never,
                state: .abandoned))
        heldBytes &+= SendQueue.charge(0)
        return unfinished
    }

    /// True when its last fragment is not among those sent.
    private mutating func abandonMessage(around index: Int, _ message: UInt64) -> Bool {
        var first = index
        while fragments[first &- 1]?.message == message { first &-= 1 }
        var at = first
        while let fragment = fragments[at], fragment.message == message {
            switch fragment.state {
            case .inFlight: flightBytes &-= fragment.chunkBytes
            case .waitsForRetransmission: waitingForRetransmission &-= 1
            case .acknowledged: acknowledgedByGaps &-= 1
            case .abandoned: break
            }
            fragments[at]?.state = .abandoned
            heldBytes &-= fragment.charge &- SendQueue.charge(0)
            fragments[at]?.payload = []
            at &+= 1
        }
        return fragments[at &- 1]?.flags.contains(.ends) == false
    }

    /// Whether the receiver must be told to pass over the first chunks.
    var needsForward: Bool { fragments.first?.state == .abandoned }

    /// FORWARD-TSN over the abandoned chunks at the front (RFC 3758, 3.5 C2 and C3).
    func forwardChunk() -> [UInt8]? {
        guard needsForward else { return nil }
        var skipped: [UInt16: SSN] = [:]
        var index = 0
        while let fragment = fragments[index], fragment.state == .abandoned {
            if !fragment.flags.contains(.unordered) {
                if skipped[fragment.stream] == nil, skipped.count >= Limits.SCTP.streamsPerChunk { break }
                skipped[fragment.stream] = fragment.ssn
            }
            index &+= 1
        }
        guard index > 0 else { return nil }
        var writer = ByteWriter(capacity: 8 &+ 4 &* skipped.count)
        writer.writeChunk(SCTPChunk.Kind.forwardTSN) { writer in
            writer.write((firstTSN &+ UInt32(truncatingIfNeeded: index &- 1)).value)
            for (stream, ssn) in skipped.sorted(by: { $0.key < $1.key }) {
                writer.write(stream)
                writer.write(ssn.value)
            }
        }
        return writer.bytes
    }
}
