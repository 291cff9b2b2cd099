// INIT, INIT ACK, COOKIE ECHO, COOKIE ACK (RFC 9260, 5). In WebRTC both sides send INIT at the same time, so the
// collisions of 5.2 are the ordinary case: whoever's cookie comes back first, both end with the same two tags.

extension SCTPAssociation {
    private static let cookieBytes = 34

    private var initiation: SCTPInitiation {
        SCTPInitiation(
            tag: localTag, window: UInt32(clamping: window), streams: Limits.SCTP.announcedStreams,
            initialTSN: localInitialTSN)
    }

    func sendInitiation() {
        var writer = ByteWriter(capacity: 64)
        initiation.write(as: SCTPChunk.Kind.initiation, to: &writer)
        sendAlone(writer.bytes, tag: 0)
        initiationTimer = now + timeout.span
    }

    /// 5.1 B and 5.2.1: answered from what the INIT says, without remembering it, and with the tag and TSN that our own
    /// INIT has announced.
    func receive(_ offer: SCTPInitiation) {
        guard offer.isAcceptable else {
            if offer.tag != 0 { sendAlone(Self.abortChunk(.invalidMandatoryParameter), tag: offer.tag) }
            return
        }
        switch state {
        case .idle, .cookieWait, .cookieEchoed: break
        case .shutdownAckSent:
            sendShutdownAck()
            return
        case .closed: return
        default:
            // 5.2.2. A late copy of the INIT that began this is answered again; the answer will be ignored.
            guard offer.tag == peer?.tag else {
                fail(.restartedByPeer, cause: .userInitiated)
                return
            }
        }
        var answer = initiation
        answer.cookie = makeCookie(offer)
        answer.unrecognized = offer.unrecognized
        var writer = ByteWriter(capacity: 128)
        answer.write(as: SCTPChunk.Kind.initiationAck, to: &writer)
        sendAlone(writer.bytes, tag: offer.tag)
    }

    /// 5.1 C; in any other state it belongs to an INIT that was answered already.
    func receiveAck(_ answer: SCTPInitiation) {
        guard state == .cookieWait else { return }
        guard answer.isAcceptable, let cookie = answer.cookie, !cookie.isEmpty,
            cookie.count <= Limits.SCTP.cookieBytes
        else {
            if answer.tag != 0 { sendAlone(Self.abortChunk(.invalidMandatoryParameter), tag: answer.tag) }
            end(.aborted(.protocolViolation))
            return
        }
        meet(answer)
        var writer = ByteWriter(capacity: cookie.count &+ 8)
        writer.writeChunk(SCTPChunk.Kind.cookieEcho) { $0.write(cookie) }
        cookieEcho = writer.bytes
        state = .cookieEchoed
        errors = 0
        sendAlone(cookieEcho, tag: answer.tag)
        initiationTimer = now + timeout.span
    }

    /// 5.2.4. One of our cookies with our tag; what differs from it is old or foreign and is not answered.
    func receiveCookieEcho(_ cookie: [UInt8]) {
        guard let offer = readCookie(cookie) else { return }
        switch state {
        case .idle, .cookieWait, .cookieEchoed:
            // Cases A, B and D: the cookie is what the peer holds to be true.
            meet(offer)
            establish()
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived:
            // Our COOKIE ACK was lost.
            guard offer.tag == peer?.tag else { return }
        case .shutdownAckSent, .closed: return
        }
        var writer = ByteWriter(capacity: 4)
        writer.writeChunk(SCTPChunk.Kind.cookieAck)
        sendChunk(writer.bytes)
    }

    func receiveCookieAck() {
        if state == .cookieEchoed { establish() }
    }

    func receive(causes: [UInt16]) {
        // 5.2.6: the peer took too long to see its cookie again. Asking for a new one counts as a retransmission.
        guard state == .cookieEchoed, causes.contains(SCTPErrorCause.staleCookie.rawValue) else { return }
        state = .cookieWait
        errors &+= 1
        sendInitiation()
    }

    func handleInitiationTimeout() {
        errors &+= 1
        guard errors <= Limits.SCTP.handshakeRetransmissions else {
            fail(.handshakeTimeout, cause: .userInitiated)
            return
        }
        timeout.backOff()
        if state == .cookieWait {
            sendInitiation()
        } else if let peer {
            sendAlone(cookieEcho, tag: peer.tag)
            initiationTimer = now + timeout.span
        }
    }

    private func meet(_ other: SCTPInitiation) {
        peer = Peer(
            tag: other.tag, initialTSN: other.initialTSN, incomingStreams: other.incomingStreams,
            supportsForwardTSN: other.supportsForwardTSN, supportsReconfiguration: other.supportsReconfiguration)
        received = ReceivedTSNs(initialTSN: other.initialTSN)
        nextPeerRequest = other.initialTSN.value
        peerWindow = Int(clamping: other.window)
    }

    private func establish() {
        state = .established
        errors = 0
        initiationTimer = .never
        cookieEcho = []
        heartbeatTimer = now + Limits.SCTP.heartbeatInterval
        timeout = RetransmissionTimeout()
        events.append(.established)
        refuseResets()
    }

    // MARK: The state cookie

    private func makeCookie(_ offer: SCTPInitiation) -> [UInt8] {
        var writer = ByteWriter(capacity: Self.cookieBytes)
        writer.write(cookieSecret)
        writer.write(localTag)
        writer.write(localInitialTSN.value)
        writer.write(offer.tag)
        writer.write(offer.initialTSN.value)
        writer.write(offer.window)
        writer.write(offer.outgoingStreams)
        writer.write(offer.incomingStreams)
        writer.write((offer.supportsForwardTSN ? 1 : 0) as UInt8)
        writer.write((offer.supportsReconfiguration ? 1 : 0) as UInt8)
        return writer.bytes
    }

    private func readCookie(_ cookie: [UInt8]) -> SCTPInitiation? {
        var reader = ByteReader(cookie)
        guard reader.readUInt64() == cookieSecret, reader.readUInt32() == localTag,
            reader.readUInt32() == localInitialTSN.value
        else { return nil }
        let (tag, initialTSN) = (reader.readUInt32(), TSN(reader.readUInt32()))
        var offer = SCTPInitiation(tag: tag, window: reader.readUInt32(), streams: 0, initialTSN: initialTSN)
        offer.outgoingStreams = reader.readUInt16()
        offer.incomingStreams = reader.readUInt16()
        offer.supportsForwardTSN = reader.readUInt8() != 0
        offer.supportsReconfiguration = reader.readUInt8() != 0
        guard !reader.hasFailed, reader.isAtEnd, offer.isAcceptable else { return nil }
        return offer
    }
}
