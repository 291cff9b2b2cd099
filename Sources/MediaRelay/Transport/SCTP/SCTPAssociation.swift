// One SCTP association over DTLS (RFC 8261, the subset of RFC 9260 that WebRTC uses, RFC 3758, RFC 6525): packets and
// `now` in, packets, events and a deadline out. What the messages mean is DataChannels'; encryption and addresses are
// DTLSEndpoint's and ICE's. One path, no addresses: multihoming, ASCONF and AUTH are not spoken.

/// Not Sendable: it belongs to its worker's thread. After each call that takes `now`: `takeEvent` as long as the owner has
/// room, then `takeOutgoing`, then read `nextDeadline`.
final class SCTPAssociation {
    struct Configuration: Sendable {
        /// From `a=sctp-port` of either side (RFC 8841); everybody says 5000.
        var localPort: UInt16 = 5_000
        var remotePort: UInt16 = 5_000
        /// What we said we take (`a=max-message-size`); longer ends the association.
        var messageBytes = Limits.SCTP.messageBytes
        /// What the peer said it takes.
        var peerMessageBytes = Limits.SCTP.messageBytes
        var receiveBytes = Limits.SCTP.receiveBytes
        var sendBytes = Limits.SCTP.sendBytes
    }

    enum State: Equatable, Sendable {
        /// Answers, and waits for `start`.
        case idle
        case cookieWait
        case cookieEchoed
        case established
        case shutdownPending
        case shutdownSent
        case shutdownReceived
        case shutdownAckSent
        case closed
    }

    /// What the other side said in its INIT or INIT ACK.
    struct Peer: Equatable {
        var tag: UInt32
        var initialTSN: TSN
        var incomingStreams: UInt16
        var supportsForwardTSN: Bool
        var supportsReconfiguration: Bool
    }

    /// After a loss one packet of lost chunks leaves even if the congestion window is full (RFC 9260, 7.2.4).
    enum Urgency {
        case none
        case packetIsDue
        case packetIsFilling
    }

    struct Counters: Equatable, Sendable {
        /// Packets not SCTP, damaged, for other ports or with a wrong tag.
        var dropped: UInt64 = 0
        var malformed: UInt64 = 0
        /// DATA chunks for which there was no room.
        var refusedData: UInt64 = 0
        var retransmissions: UInt64 = 0
        var timeouts: UInt64 = 0
    }

    let configuration: Configuration
    let localTag: UInt32
    let localInitialTSN: TSN
    /// Proves that a cookie is ours. The peer is authenticated by DTLS, and could only harm itself by forging one.
    let cookieSecret: UInt64
    var state = State.idle
    var now = MediaTime(microseconds: 0)
    var peer: Peer?
    var counters = Counters()

    // Receiving.
    var received: ReceivedTSNs
    var reassembly: Reassembly
    var acknowledgement = AcknowledgementSchedule()
    var deferredReset: DeferredReset?
    var nextPeerRequest: UInt32 = 0
    var lastResetResult = SCTPReconfiguration.Result.nothingToDo

    // Sending.
    var queue = SendQueue()
    var outstanding: OutstandingData
    var congestion = CongestionWindow()
    var timeout = RetransmissionTimeout()
    var peerWindow = 0
    var outgoingResets: OutgoingResets
    var urgency = Urgency.none
    var mustForward = false
    var burstPackets = Limits.SCTP.initialWindowPackets
    var lastSent = MediaTime(microseconds: 0)
    /// Timeouts since the peer last showed that it hears us.
    var errors = 0

    // Timers by RFC 9260's names; `never` when they do not run.
    var initiationTimer = MediaTime.never
    var retransmissionTimer = MediaTime.never
    var shutdownTimer = MediaTime.never
    var heartbeatTimer = MediaTime.never
    var awaitsHeartbeatAck = false
    var cookieEcho: [UInt8] = []

    // Output.
    var pendingPackets: [[UInt8]] = []
    var pendingChunks: [[UInt8]] = []
    var events = FIFO<SCTPEvent>()
    /// Of the messages among `events`, overhead included.
    var eventBytes = 0

    init(configuration: Configuration = Configuration(), using generator: inout some RandomNumberGenerator) {
        self.configuration = configuration
        // Zero is the tag of INIT alone (RFC 9260, 3.3.2).
        localTag = max(1, UInt32(truncatingIfNeeded: generator.next()))
        localInitialTSN = TSN(UInt32(truncatingIfNeeded: generator.next()))
        cookieSecret = generator.next()
        outstanding = OutstandingData(initialTSN: localInitialTSN)
        outgoingResets = OutgoingResets(initialTSN: localInitialTSN)
        received = ReceivedTSNs(initialTSN: TSN(0))
        reassembly = Reassembly(messageLimit: configuration.messageBytes)
    }

    // MARK: Input

    /// Sends INIT. Both sides of a WebRTC association do (RFC 8841, 9.3); one that does not merely waits for the other.
    func start(now: MediaTime) {
        advance(to: now)
        guard state == .idle else { return }
        state = .cookieWait
        sendInitiation()
    }

    /// A decrypted datagram.
    func receive(_ bytes: [UInt8], now: MediaTime) {
        advance(to: now)
        guard state != .closed else { return }
        guard let packet = SCTPPacket(parsing: bytes), packet.destinationPort == configuration.localPort,
            packet.sourcePort == configuration.remotePort, accepts(packet)
        else {
            counters.dropped &+= 1
            return
        }
        if packet.isMalformed { counters.malformed &+= 1 }
        if heartbeatTimer != .never, !awaitsHeartbeatAck { heartbeatTimer = self.now + Limits.SCTP.heartbeatInterval }
        for chunk in packet.chunks {
            guard state != .closed, handle(chunk) else { break }
        }
        acknowledgement.packetEnds(now: self.now)
        finishShutdown()
    }

    /// Queues a message; it waits while the association is not established.
    func send(
        _ message: [UInt8], stream: UInt16, ppid: UInt32, isOrdered: Bool = true,
        reliability: SCTPReliability = .reliable, now: MediaTime
    ) throws(SCTPSendError) {
        advance(to: now)
        switch state {
        case .idle, .cookieWait, .cookieEchoed, .established: break
        default: throw .closed
        }
        guard !message.isEmpty else { throw .emptyMessage }
        guard message.count <= min(configuration.peerMessageBytes, Limits.SCTP.messageBytes) else {
            throw .messageTooLong
        }
        guard stream < peer?.incomingStreams ?? .max, queue.hasRoom(for: stream) else { throw .noStream }
        guard !outgoingResets.contains(stream) else { throw .resetting }
        guard heldToSend &+ SendQueue.charge(message.count) <= configuration.sendBytes else { throw .bufferFull }
        queue.append(
            message, stream: stream, ppid: ppid, isOrdered: isOrdered,
            reliability: peer?.supportsForwardTSN ?? true ? reliability : .reliable, now: self.now)
    }

    /// Ends our direction of the streams once what was queued on them is sent (RFC 6525). `outgoingReset` follows.
    func resetStreams(_ streams: [UInt16], now: MediaTime) {
        advance(to: now)
        switch state {
        case .idle, .cookieWait, .cookieEchoed, .established: outgoingResets.add(streams)
        default: break
        }
        refuseResets()
    }

    // MARK: Output

    /// The next one, in the order of their happening. A message counts against the receive window until it is taken: an
    /// owner that leaves them here slows the peer down.
    func takeEvent() -> SCTPEvent? {
        guard let event = events.popFirst() else { return nil }
        if case .message(_, _, let bytes) = event {
            let before = window
            eventBytes &-= bytes.count &+ Limits.SCTP.heldOverheadBytes
            // A window that was shut is announced open again, or the peer would wait for its own probe.
            if before < 2 &* Limits.SCTP.packetBytes, window > before, state == .established {
                acknowledgement.isDue = true
            }
        }
        return event
    }

    /// When `handleTimeout` wants to be called.
    var nextDeadline: MediaTime {
        guard state != .closed else { return .never }
        return min(
            min(initiationTimer, retransmissionTimer, shutdownTimer),
            min(heartbeatTimer, acknowledgement.deadline, outgoingResets.deadline))
    }

    /// Payload and overhead that wait for the peer's acknowledgement, all streams: at most `Configuration.sendBytes`.
    var heldToSend: Int { queue.heldBytes &+ outstanding.heldBytes }

    /// Payload on the stream that was not sent yet: what a new message would have to wait for.
    func waitingBytes(on stream: UInt16) -> Int { queue.waitingBytes(on: stream) }

    /// What we can still take.
    var window: Int { max(0, configuration.receiveBytes &- reassembly.heldBytes &- eventBytes) }

    // MARK: Inside

    func advance(to now: MediaTime) { self.now = max(self.now, now) }

    /// RFC 9260, 8.5: the verification tag.
    private func accepts(_ packet: SCTPPacket) -> Bool {
        switch packet.chunks.first {
        case .initiation: return packet.tag == 0 && packet.chunks.count == 1
        case .abort(_, let reflectsTag), .shutdownComplete(let reflectsTag):
            if reflectsTag { return packet.tag == peer?.tag }
        case nil: return false
        default: break
        }
        return packet.tag == localTag
    }

    /// False: the rest of the packet must not be read.
    private func handle(_ chunk: SCTPChunk) -> Bool {
        switch chunk {
        case .initiation(let initiation): receive(initiation)
        case .initiationAck(let initiation): receiveAck(initiation)
        case .cookieEcho(let cookie): receiveCookieEcho(cookie)
        case .cookieAck: receiveCookieAck()
        case .data(let data): receive(data)
        case .sack(let sack): receive(sack)
        case .forwardTSN(let forward): receive(forward)
        case .heartbeat(let information): answerHeartbeat(information)
        case .heartbeatAck: receiveHeartbeatAck()
        case .abort(let cause, _): end(.aborted(.abortedByPeer(cause: cause)))
        case .error(let causes): receive(causes: causes)
        case .shutdown(let cumulative): receiveShutdown(cumulative)
        case .shutdownAck: receiveShutdownAck()
        case .shutdownComplete: if state == .shutdownAckSent { end(.closed) }
        case .reconfiguration(let parameters): receive(parameters)
        case .unknown(let type, let bytes): return handleUnknown(type, bytes)
        }
        return true
    }

    /// RFC 9260, 3.2: the two high bits of an unknown type say whether to go on and whether to report.
    private func handleUnknown(_ type: UInt8, _ bytes: [UInt8]) -> Bool {
        if type & 0x40 != 0 { sendError(.unrecognizedChunk, Array(bytes.prefix(Limits.SCTP.heldOverheadBytes))) }
        return type & 0x80 != 0
    }

    /// Ends it without a word.
    func end(_ event: SCTPEvent) {
        guard state != .closed else { return }
        state = .closed
        events.append(event)
        // What is held is of no use any more.
        queue = SendQueue()
        outstanding = OutstandingData(initialTSN: localInitialTSN)
        reassembly = Reassembly(messageLimit: configuration.messageBytes)
        pendingChunks = []
    }

    /// Ends it with an ABORT.
    func fail(_ failure: SCTPFailure, cause: SCTPErrorCause) {
        sendAbort(cause)
        end(.aborted(failure))
    }

    /// Ends it at once: what is not acknowledged may be lost.
    func abort(now: MediaTime) {
        advance(to: now)
        guard state != .closed else { return }
        sendAbort(.userInitiated)
        end(.closed)
    }
}
