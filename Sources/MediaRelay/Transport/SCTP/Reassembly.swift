// From DATA chunks to messages: fragments are joined by their TSNs (RFC 9260, 6.9), ordered messages wait for the ones
// before them (6.6). Which TSNs are new is ReceivedTSNs' business; here nothing arrives twice.

struct Reassembly {
    struct Message: Equatable {
        var stream: UInt16
        var ppid: UInt32
        var bytes: [UInt8]
    }

    enum Violation: Error, Equatable {
        case messageTooLong
        /// An ordered message on one stream too many.
        case tooManyStreams
    }

    /// A run of fragments without a hole.
    private struct Segment {
        var first: TSN
        var last: TSN
        var begins: Bool
        var ends: Bool
        var stream: UInt16
        var ssn: SSN
        var ppid: UInt32
        var isUnordered: Bool
        var bytes: [UInt8]

        var charge: Int { bytes.count &+ Limits.SCTP.heldOverheadBytes }
        var message: Message { Message(stream: stream, ppid: ppid, bytes: bytes) }

        init(_ chunk: SCTPData) {
            first = chunk.tsn
            last = chunk.tsn
            begins = chunk.flags.contains(.begins)
            ends = chunk.flags.contains(.ends)
            stream = chunk.stream
            ssn = chunk.ssn
            ppid = chunk.ppid
            isUnordered = chunk.flags.contains(.unordered)
            bytes = chunk.payload
        }

        func continues(in next: Segment) -> Bool {
            !ends && !next.begins && stream == next.stream && isUnordered == next.isUnordered
                && (isUnordered || ssn == next.ssn)
        }
    }

    private struct InboundStream {
        var next = SSN(0)
        var waiting: [SSN: Message] = [:]
    }

    private let messageLimit: Int
    private var segments: [TSN: Segment] = [:]
    /// The first TSN of the segment that ends at the key.
    private var firstByLast: [TSN: TSN] = [:]
    private var streams: [UInt16: InboundStream] = [:]
    /// What is held, overhead included.
    private(set) var heldBytes = 0

    init(messageLimit: Int) { self.messageLimit = messageLimit }

    /// Appends the messages that this chunk completes. After a violation the association must end.
    mutating func insert(_ chunk: SCTPData, into delivered: inout [Message]) throws(Violation) {
        var segment = Segment(chunk)
        if let first = firstByLast[segment.first &- 1], let before = segments[first] {
            if before.ends {
                // It still waits for its own beginning. Behind an end only a beginning makes sense.
                if !segment.begins { return }
            } else {
                // Goes on in this one, or was given up by the sender and will never be complete.
                removeSegment(at: first)
                if before.continues(in: segment) {
                    segment = Self.join(before, segment)
                } else if !segment.begins {
                    return
                }
            }
        }
        if let after = removeSegment(at: segment.last &+ 1) {
            if segment.continues(in: after) {
                segment = Self.join(segment, after)
            } else {
                if after.begins { keep(after) }
                if !segment.ends { return }
            }
        }
        guard segment.bytes.count <= messageLimit else { throw .messageTooLong }
        if segment.begins, segment.ends {
            try deliver(segment, into: &delivered)
        } else {
            keep(segment)
        }
    }

    /// FORWARD-TSN (RFC 3758, 3.6): what is not complete up to `cumulative` never will be, and ordered messages up to
    /// `skipped` no longer wait for it.
    mutating func forward(
        to cumulative: TSN, skipped: [SCTPForward.Skipped], into delivered: inout [Message]
    ) throws(Violation) {
        let dead = segments.values.filter { segment in
            // One that begins and reaches the new point misses nothing so far and may go on behind it.
            !cumulative.precedes(segment.first) && !(segment.begins && !segment.last.precedes(cumulative))
        }
        for segment in dead { removeSegment(at: segment.first) }
        for (stream, ssn) in skipped.map({ ($0.stream, $0.ssn) }) {
            var state = streams[stream] ?? InboundStream()
            guard !ssn.precedes(state.next) else { continue }
            if streams[stream] == nil, streams.count >= Limits.SCTP.streams { throw .tooManyStreams }
            // Walks what waits, not the numbers: a skip over 30,000 of them costs nothing.
            let before = state.waiting.keys.filter { !ssn.precedes($0) }
            for number in before.sorted(by: { $0.precedes($1) }) {
                if let message = state.waiting.removeValue(forKey: number) { release(message, into: &delivered) }
            }
            state.next = ssn.next
            drain(&state, into: &delivered)
            streams[stream] = state
        }
    }

    /// RFC 6525, 5.2.2: the streams count from zero again. None given: all streams.
    mutating func reset(_ reset: [UInt16]) {
        for stream in reset.isEmpty ? Array(streams.keys) : reset {
            guard let state = streams.removeValue(forKey: stream) else { continue }
            for message in state.waiting.values { heldBytes &-= Self.charge(message) }
        }
    }

    private mutating func deliver(_ segment: Segment, into delivered: inout [Message]) throws(Violation) {
        if segment.isUnordered {
            delivered.append(segment.message)
            return
        }
        if streams[segment.stream] == nil {
            guard streams.count < Limits.SCTP.streams else { throw .tooManyStreams }
            streams[segment.stream] = InboundStream()
        }
        guard let next = streams[segment.stream]?.next else { return }
        if segment.ssn == next {
            delivered.append(segment.message)
            streams[segment.stream]?.next = next.next
            if streams[segment.stream]?.waiting.isEmpty == false,
                var state = streams.removeValue(forKey: segment.stream)
            {
                drain(&state, into: &delivered)
                streams[segment.stream] = state
            }
        } else if next.precedes(segment.ssn) {
            // A number that waits already: the sender counts wrongly, and the first one stands.
            guard streams[segment.stream]?.waiting[segment.ssn] == nil else { return }
            streams[segment.stream]?.waiting[segment.ssn] = segment.message
            heldBytes &+= Self.charge(segment.message)
        }
    }

    private mutating func drain(_ state: inout InboundStream, into delivered: inout [Message]) {
        while let message = state.waiting.removeValue(forKey: state.next) {
            release(message, into: &delivered)
            state.next = state.next.next
        }
    }

    private mutating func release(_ message: Message, into delivered: inout [Message]) {
        heldBytes &-= Self.charge(message)
        delivered.append(message)
    }

    private static func charge(_ message: Message) -> Int { message.bytes.count &+ Limits.SCTP.heldOverheadBytes }

    private static func join(_ before: consuming Segment, _ after: Segment) -> Segment {
        before.last = after.last
        before.ends = after.ends
        before.bytes.append(contentsOf: after.bytes)
        return before
    }

    private mutating func keep(_ segment: Segment) {
        heldBytes &+= segment.charge
        firstByLast[segment.last] = segment.first
        segments[segment.first] = segment
    }

    @discardableResult
    private mutating func removeSegment(at first: TSN) -> Segment? {
        guard let segment = segments.removeValue(forKey: first) else { return nil }
        firstByLast[segment.last] = nil
        heldBytes &-= segment.charge
        return segment
    }
}
