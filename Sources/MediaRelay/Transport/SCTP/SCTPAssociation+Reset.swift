// Stream reset (RFC 6525): how data channels close (RFC 8831, 6.7). Only outgoing streams are ever reset, each side its
// own; anything else that RE-CONFIG can ask is denied.

/// Our requests: one at a time (RFC 6525, 5.1.1), the others wait.
struct OutgoingResets {
    struct Request {
        var number: UInt32
        var streams: [UInt16]
        var chunk: [UInt8]
    }

    private(set) var waiting: Set<UInt16> = []
    private(set) var request: Request?
    private var nextNumber: UInt32
    private(set) var deadline = MediaTime.never

    init(initialTSN: TSN) { nextNumber = initialTSN.value }

    func contains(_ stream: UInt16) -> Bool {
        waiting.contains(stream) || request?.streams.contains(stream) == true
    }

    /// Beyond `Limits.SCTP.streams` they are forgotten: only a peer that opens what is refused gets there.
    mutating func add(_ streams: [UInt16]) {
        for stream in streams where waiting.count < Limits.SCTP.streams && !contains(stream) { waiting.insert(stream) }
    }

    mutating func begin(_ streams: [UInt16], lastTSN: TSN, lastPeerRequest: UInt32, deadline: MediaTime) {
        waiting.subtract(streams)
        var writer = ByteWriter(capacity: 24 &+ 2 &* streams.count)
        writer.writeChunk(SCTPChunk.Kind.reconfiguration) { writer in
            var value = ByteWriter(capacity: 12 &+ 2 &* streams.count)
            value.write(nextNumber)
            value.write(lastPeerRequest)
            value.write(lastTSN.value)
            for stream in streams { value.write(stream) }
            writer.writeParameter(SCTPParameter.Kind.resetOutgoing, value.bytes)
        }
        request = Request(number: nextNumber, streams: streams, chunk: writer.bytes)
        nextNumber &+= 1
        self.deadline = deadline
    }

    mutating func postpone(to deadline: MediaTime) { self.deadline = deadline }

    /// The streams of request `number`, which is done.
    mutating func finish(_ number: UInt32) -> [UInt16]? {
        guard let request, request.number == number else { return nil }
        self.request = nil
        deadline = .never
        return request.streams
    }

    mutating func takeWaiting() -> [UInt16] {
        defer { waiting = [] }
        return waiting.sorted()
    }
}

/// The peer's request that must wait until all it sent before has come (RFC 6525, 5.2.2 E2).
struct DeferredReset {
    var request: UInt32
    var lastTSN: TSN
    var streams: [UInt16]
}

extension SCTPAssociation {
    func receive(_ parameters: [SCTPReconfiguration]) {
        switch state {
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived: break
        default: return
        }
        for parameter in parameters {
            switch parameter {
            case .resetOutgoing(let request, _, let lastTSN, let streams):
                answer(request) { receiveReset(request, lastTSN, streams) }
            case .unsupported(let request): answer(request) { SCTPReconfiguration.Result.denied }
            case .response(let request, let result): receiveResponse(request, result)
            }
        }
    }

    /// RFC 6525, 5.2.1: a new request is carried out, the last one is answered as it was, others are out of order.
    private func answer(_ request: UInt32, carryOut: () -> UInt32) {
        if request == nextPeerRequest {
            nextPeerRequest &+= 1
            lastResetResult = carryOut()
            respond(to: request, lastResetResult)
        } else if request &+ 1 == nextPeerRequest {
            respond(to: request, lastResetResult)
        } else {
            respond(to: request, SCTPReconfiguration.Result.badSequenceNumber)
        }
    }

    private func receiveReset(_ request: UInt32, _ lastTSN: TSN, _ streams: [UInt16]) -> UInt32 {
        // A new request replaces one that waits: libwebrtc asks again under a new number after "in progress".
        deferredReset = nil
        if received.cumulative.precedes(lastTSN) {
            deferredReset = DeferredReset(request: request, lastTSN: lastTSN, streams: streams)
            return SCTPReconfiguration.Result.inProgress
        }
        performReset(streams)
        return SCTPReconfiguration.Result.performed
    }

    func performDeferredReset() {
        guard state != .closed, let reset = deferredReset, !received.cumulative.precedes(reset.lastTSN) else { return }
        deferredReset = nil
        performReset(reset.streams)
        lastResetResult = SCTPReconfiguration.Result.performed
        // Unasked, so that the peer need not wait for its timer.
        respond(to: reset.request, lastResetResult)
    }

    private func performReset(_ streams: [UInt16]) {
        reassembly.reset(streams)
        events.append(.incomingReset(streams))
    }

    private func respond(to request: UInt32, _ result: UInt32) {
        var writer = ByteWriter(capacity: 16)
        writer.writeChunk(SCTPChunk.Kind.reconfiguration) { writer in
            var value = ByteWriter(capacity: 8)
            value.write(request)
            value.write(result)
            writer.writeParameter(SCTPParameter.Kind.reconfigurationResponse, value.bytes)
        }
        sendChunk(writer.bytes)
    }

    private func receiveResponse(_ number: UInt32, _ result: UInt32) {
        if result == SCTPReconfiguration.Result.inProgress {
            // RFC 6525, 5.2.7: the peer lives and is asked again, under the same number.
            if outgoingResets.request?.number == number {
                errors = 0
                outgoingResets.postpone(to: now + timeout.span)
            }
            return
        }
        finishReset(
            number,
            isPerformed: result == SCTPReconfiguration.Result.performed
                || result == SCTPReconfiguration.Result.nothingToDo)
    }

    /// The peer uses the stream anew, which it may only after it has carried out our request: its answer is late or
    /// lost. The streams that are reset by that, for which no event follows.
    func confirmReset(of stream: UInt16) -> [UInt16] {
        guard let request = outgoingResets.request, request.streams.contains(stream) else { return [] }
        return finish(request.number, isPerformed: true) ?? []
    }

    private func finishReset(_ number: UInt32, isPerformed: Bool) {
        guard let streams = finish(number, isPerformed: isPerformed) else { return }
        events.append(.outgoingReset(streams, performed: isPerformed))
    }

    private func finish(_ number: UInt32, isPerformed: Bool) -> [UInt16]? {
        guard let streams = outgoingResets.finish(number) else { return nil }
        if isPerformed { for stream in streams { queue.reset(stream) } }
        return streams
    }

    /// Of a peer that does not know RFC 6525.
    func refuseResets() {
        guard state == .established, peer?.supportsReconfiguration == false, !outgoingResets.waiting.isEmpty else {
            return
        }
        events.append(.outgoingReset(outgoingResets.takeWaiting(), performed: false))
    }

    /// Starts the next request for the streams that have nothing left to send.
    func requestResets() {
        guard state == .established, outgoingResets.request == nil, !outgoingResets.waiting.isEmpty else { return }
        let ready = outgoingResets.waiting.filter { queue.isIdle($0) }.sorted().prefix(Limits.SCTP.streamsPerChunk)
        guard !ready.isEmpty else { return }
        outgoingResets.begin(
            Array(ready), lastTSN: outstanding.nextTSN &- 1, lastPeerRequest: nextPeerRequest &- 1,
            deadline: now + timeout.span)
        if let chunk = outgoingResets.request?.chunk { sendChunk(chunk) }
    }

    func handleResetTimeout() {
        guard let chunk = outgoingResets.request?.chunk, countError() else { return }
        timeout.backOff()
        sendChunk(chunk)
        outgoingResets.postpone(to: now + timeout.span)
    }
}
