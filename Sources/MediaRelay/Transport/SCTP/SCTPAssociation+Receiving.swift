// DATA and FORWARD-TSN in, SACK out (RFC 9260, 6.2; RFC 3758, 3.6), and the bound on what is kept meanwhile.

/// When received data is acknowledged (RFC 9260, 6.2): every second packet, or after a short while; at once when
/// something is missing, came twice or did not fit, because the sender waits to hear of it.
struct AcknowledgementSchedule: Sendable {
    var isDue = false
    private(set) var deadline = MediaTime.never
    private var packets = 0
    private var hasData = false

    mutating func dataCame() { hasData = true }

    mutating func packetEnds(now: MediaTime) {
        guard hasData else { return }
        hasData = false
        packets &+= 1
        if packets >= 2 { isDue = true }
        if deadline == .never { deadline = now + Limits.SCTP.acknowledgementDelay }
    }

    /// Something came that a packet with data of ours can acknowledge along.
    var isPending: Bool { isDue || packets > 0 }

    mutating func sent() { self = AcknowledgementSchedule() }
}

extension SCTPAssociation {
    private var acceptsData: Bool { state == .established || state == .shutdownPending || state == .shutdownSent }

    func receive(_ data: SCTPData) {
        guard acceptsData else { return }
        guard !data.payload.isEmpty else {
            fail(.protocolViolation, cause: .noUserData)
            return
        }
        acknowledgement.dataCame()
        if data.flags.contains(.immediate) || received.hasGaps { acknowledgement.isDue = true }
        // RFC 9260, 9.2: whoever has sent SHUTDOWN repeats it with every acknowledgement.
        if state == .shutdownSent {
            acknowledgement.isDue = true
            sendShutdown()
        }
        let verdict = received.verdict(on: data.tsn)
        switch verdict {
        case .duplicate:
            received.noteDuplicate(data.tsn)
            acknowledgement.isDue = true
            return
        case .unacceptable:
            counters.refusedData &+= 1
            acknowledgement.isDue = true
            return
        case .next, .ahead: break
        }
        guard makeRoom(for: data, verdict) else { return }
        received.insert(data.tsn)
        if received.hasGaps { acknowledgement.isDue = true }
        var messages: [Reassembly.Message] = []
        do {
            try reassembly.insert(data, into: &messages)
        } catch {
            switch error {
            case .messageTooLong:
                fail(.messageTooLong, cause: .protocolViolation)
                return
            case .tooManyStreams:
                sendError(.invalidStream, [UInt8(data.stream >> 8), UInt8(data.stream & 0xff), 0, 0])
            }
        }
        deliver(messages)
        performDeferredReset()
    }

    /// The chunk that closes the first hole is taken even when the window is full: nothing else can empty it.
    private func makeRoom(for data: SCTPData, _ verdict: ReceivedTSNs.Verdict) -> Bool {
        let charge = data.payload.count &+ Limits.SCTP.heldOverheadBytes
        let limit = configuration.receiveBytes &+ Limits.SCTP.receiveSlackBytes
        if verdict == .next {
            // Beyond this there are messages waiting for others that were already received: no honest sender's.
            guard reassembly.heldBytes &+ charge <= configuration.receiveBytes &+ configuration.messageBytes else {
                fail(.outOfResource, cause: .outOfResource)
                return false
            }
            if eventBytes &+ charge <= limit { return true }
        } else if reassembly.heldBytes &+ eventBytes &+ charge <= limit {
            return true
        }
        counters.refusedData &+= 1
        acknowledgement.isDue = true
        return false
    }

    func receive(_ forward: SCTPForward) {
        guard acceptsData else { return }
        acknowledgement.dataCame()
        acknowledgement.isDue = true
        guard received.cumulative.precedes(forward.cumulative) else { return }
        var messages: [Reassembly.Message] = []
        do {
            try reassembly.forward(to: forward.cumulative, skipped: forward.skipped, into: &messages)
        } catch {
            fail(.outOfResource, cause: .outOfResource)
            return
        }
        received.advance(to: forward.cumulative)
        deliver(messages)
        performDeferredReset()
    }

    private func deliver(_ messages: [Reassembly.Message]) {
        for message in messages {
            eventBytes &+= message.bytes.count &+ Limits.SCTP.heldOverheadBytes
            events.append(.message(stream: message.stream, ppid: message.ppid, bytes: message.bytes))
        }
    }

    // MARK: Life signs

    func answerHeartbeat(_ information: [UInt8]) {
        guard peer != nil, information.count <= Limits.SCTP.packetBytes &- 64 else { return }
        var writer = ByteWriter(capacity: information.count &+ 8)
        writer.writeChunk(SCTPChunk.Kind.heartbeatAck) { $0.write(information) }
        sendChunk(writer.bytes)
    }

    func receiveHeartbeatAck() {
        guard awaitsHeartbeatAck else { return }
        awaitsHeartbeatAck = false
        errors = 0
        heartbeatTimer = now + Limits.SCTP.heartbeatInterval
    }

    /// Only a peer that neither sends nor acknowledges is asked.
    func handleHeartbeatTimeout() {
        if awaitsHeartbeatAck, !countError() { return }
        awaitsHeartbeatAck = true
        heartbeatTimer = now + Limits.SCTP.longestTimeout
        guard outstanding.isEmpty else { return }
        var writer = ByteWriter(capacity: 16)
        writer.writeChunk(SCTPChunk.Kind.heartbeat) { writer in
            writer.writeParameter(1, [UInt8](repeating: 0, count: 8))
        }
        sendChunk(writer.bytes)
    }
}
