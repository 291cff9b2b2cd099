// Messages that have not been sent whole, per stream. Streams take turns message by message: fragments of two messages
// may not mix (RFC 9260, 6.9), so that is as fair as it gets, and a long queue on one stream never shuts out another.

/// How long the sender tries (RFC 3758; RFC 8831, 6.1). Ordered or not is a separate choice.
enum SCTPReliability: Equatable, Sendable {
    case reliable
    /// 0: sent once. The message is given up when it would have to be sent once more often than this.
    case retransmissions(Int)
    /// Given up when so much time has passed since `send`.
    case lifetime(MediaSpan)
}

struct SendQueue {
    struct Message {
        var id: UInt64
        var payload: [UInt8]
        var ppid: UInt32
        var isUnordered: Bool
        /// Of its chunks each; nil for ever.
        var maxRetransmissions: Int?
        var expiry: MediaTime
        var sent = 0
        /// Assigned with the first fragment, so that a message dropped before leaves no hole.
        var ssn = SSN(0)
    }

    private struct Stream {
        var waiting = FIFO<Message>()
        var waitingBytes = 0
        var next = SSN(0)
    }

    private var streams: [UInt16: Stream] = [:]
    /// Streams with waiting messages, each once; the first one's turn it is, until its message is out.
    private var turns = FIFO<UInt16>()
    private var nextID: UInt64 = 0
    /// Payload and overhead of what waits, whole messages until their last fragment is sent.
    private(set) var heldBytes = 0

    var isEmpty: Bool { turns.isEmpty }
    /// Payload of what waits on `stream`.
    func waitingBytes(on stream: UInt16) -> Int { streams[stream]?.waitingBytes ?? 0 }
    func isIdle(_ stream: UInt16) -> Bool { streams[stream]?.waiting.isEmpty ?? true }
    func hasRoom(for stream: UInt16) -> Bool { streams[stream] != nil || streams.count < Limits.SCTP.streams }

    static func charge(_ bytes: Int) -> Int { bytes &+ Limits.SCTP.heldOverheadBytes }

    mutating func append(
        _ payload: [UInt8], stream: UInt16, ppid: UInt32, isOrdered: Bool, reliability: SCTPReliability, now: MediaTime
    ) {
        nextID &+= 1
        var message = Message(
            id: nextID, payload: payload, ppid: ppid, isUnordered: !isOrdered, maxRetransmissions: nil, expiry: .never)
        switch reliability {
        case .reliable: break
        case .retransmissions(let count): message.maxRetransmissions = max(count, 0)
        case .lifetime(let span): message.expiry = now + span
        }
        if isIdle(stream) { turns.append(stream) }
        streams[stream, default: Stream()].waiting.append(message)
        streams[stream]?.waitingBytes &+= payload.count
        heldBytes &+= Self.charge(payload.count)
    }

    /// Bytes of the next fragment when each has at most `limit`; nil when nothing waits. Drops what has expired unsent.
    mutating func nextFragmentBytes(limit: Int, now: MediaTime) -> Int? {
        while let stream = turns.first, let message = streams[stream]?.waiting.first {
            if message.sent > 0 || now < message.expiry { return min(limit, message.payload.count &- message.sent) }
            finishFirst(on: stream)
        }
        return nil
    }

    /// The next fragment, which from now on is outstanding.
    mutating func takeFragment(tsn: TSN, limit: Int, now: MediaTime) -> OutstandingFragment? {
        guard let length = nextFragmentBytes(limit: limit, now: now), let stream = turns.first else { return nil }
        if streams[stream]?.waiting.first?.sent == 0, streams[stream]?.waiting.first?.isUnordered == false,
            let ssn = streams[stream]?.next
        {
            streams[stream]?.waiting[0]?.ssn = ssn
            streams[stream]?.next = ssn.next
        }
        guard let message = streams[stream]?.waiting.first else { return nil }
        var flags: SCTPData.Flags = message.isUnordered ? .unordered : []
        if message.sent == 0 { flags.insert(.begins) }
        let isLast = message.sent &+ length == message.payload.count
        if isLast {
            flags.insert(.ends)
            finishFirst(on: stream)
        } else {
            streams[stream]?.waiting[0]?.sent &+= length
        }
        return OutstandingFragment(
            tsn: tsn, message: message.id, payload: message.payload, offset: message.sent, length: length,
            flags: flags, stream: stream, ssn: message.ssn, ppid: message.ppid,
            maxRetransmissions: message.maxRetransmissions, expiry: message.expiry)
    }

    /// Drops the rest of a message given up half sent.
    mutating func drop(message id: UInt64) {
        guard let stream = turns.first, let first = streams[stream]?.waiting.first, first.id == id, first.sent > 0
        else {
            return
        }
        finishFirst(on: stream)
    }

    /// The stream counts from zero again (RFC 6525, 5.2.7) and its record is freed.
    mutating func reset(_ stream: UInt16) {
        guard isIdle(stream) else { return }
        streams[stream] = nil
    }

    private mutating func finishFirst(on stream: UInt16) {
        guard let message = streams[stream]?.waiting.popFirst() else { return }
        streams[stream]?.waitingBytes &-= message.payload.count
        heldBytes &-= Self.charge(message.payload.count)
        turns.popFirst()
        if !isIdle(stream) { turns.append(stream) }
    }
}
