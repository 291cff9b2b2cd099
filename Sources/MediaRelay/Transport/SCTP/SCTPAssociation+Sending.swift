// SACK in, DATA and FORWARD-TSN out: what may leave now (RFC 9260, 6.1 and 7.2), and what a timeout means (6.3.3).

extension SCTPAssociation {
    private var mayTransmit: Bool {
        state == .established || state == .shutdownPending || state == .shutdownReceived
    }

    func receive(_ sack: SCTPSelectiveAck) {
        switch state {
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived: break
        default: return
        }
        // RFC 9260, 6.2.1 i: overtaken by a newer one, which also knows the window better.
        guard !sack.cumulative.precedes(outstanding.firstTSN &- 1) else { return }
        let flight = outstanding.flightBytes
        guard let result = outstanding.acknowledge(sack, isRecovering: congestion.isRecovering) else {
            fail(.protocolViolation, cause: .protocolViolation)
            return
        }
        peerWindow = Int(clamping: sack.window)
        congestion.acknowledged(
            bytes: result.bytes, movedCumulative: result.movedCumulative, flight: flight, cumulative: sack.cumulative)
        if let sentAt = result.sentAt { timeout.measured(now.since(sentAt), now: now) }
        // A receiver with a shut window answers our probes: it is slow, not dead (6.1 A).
        if result.bytes > 0 || result.movedCumulative || sack.window == 0 { errors = 0 }
        if result.foundLoss {
            congestion.lost(highest: outstanding.nextTSN &- 1)
            urgency = .packetIsDue
            abandonExpired()
        }
        mustForward = outstanding.needsForward
        if outstanding.isEmpty {
            retransmissionTimer = .never
        } else if result.movedCumulative || result.foundLoss {
            retransmissionTimer = now + timeout.span
        }
        burstPackets = min(burstPackets &+ Limits.SCTP.burstPackets, Limits.SCTP.burstReservePackets)
    }

    func handleRetransmissionTimeout() {
        retransmissionTimer = .never
        counters.timeouts &+= 1
        guard countError() else { return }
        timeout.backOff()
        congestion.timedOut()
        outstanding.markAllLost()
        urgency = .packetIsDue
        abandonExpired()
        mustForward = outstanding.needsForward
        if !outstanding.isEmpty { retransmissionTimer = now + timeout.span }
    }

    private func abandonExpired() {
        guard peer?.supportsForwardTSN == true else { return }
        if let unfinished = outstanding.abandonExpired(now: now) { queue.drop(message: unfinished) }
    }

    /// False when the peer is given up.
    func countError() -> Bool {
        errors &+= 1
        guard errors > Limits.SCTP.retransmissions else { return true }
        fail(.timeout, cause: .userInitiated)
        return false
    }

    /// Everything that may leave now, in packets of at most `Limits.SCTP.packetBytes`.
    func takeOutgoing() -> [[UInt8]] {
        finishShutdown()
        requestResets()
        var packets = pendingPackets
        pendingPackets = []
        guard let peer, state != .closed else { return packets }
        var writer = makeWriter(tag: peer.tag)
        func flush() {
            packets.append(writer.finish())
            writer = makeWriter(tag: peer.tag)
        }
        func append(_ chunk: [UInt8]) {
            if chunk.count > writer.room, !writer.isEmpty { flush() }
            writer.append(chunk)
        }
        for chunk in pendingChunks { append(chunk) }
        pendingChunks = []
        if acknowledgement.isDue { append(takeSack()) }
        if mustForward, mayTransmit, let forward = outstanding.forwardChunk() {
            append(forward)
            startRetransmissionTimer()
        }
        mustForward = false
        if mayTransmit {
            while let fragment = nextFragment(room: writer.room, isEmpty: writer.isEmpty) {
                if fragment.chunkBytes > writer.room { flush() }
                // Data going back takes the acknowledgement along (RFC 9260, 6.2).
                if acknowledgement.isPending, writer.isEmpty,
                    fragment.chunkBytes &+ 32 <= writer.room, !received.hasGaps
                {
                    writer.append(takeSack())
                }
                writer.append(fragment)
                startRetransmissionTimer()
                lastSent = now
            }
        }
        if !writer.isEmpty { packets.append(writer.finish()) }
        return packets
    }

    private func startRetransmissionTimer() {
        if retransmissionTimer == .never { retransmissionTimer = now + timeout.span }
    }

    private func takeSack() -> [UInt8] {
        acknowledgement.sent()
        return received.takeSack(window: window)
    }

    /// Lost chunks first, then new ones, as far as both windows go.
    private func nextFragment(room: Int, isEmpty: Bool) -> OutstandingFragment? {
        if outstanding.waitingForRetransmission > 0 {
            let limit =
                switch urgency {
                case .packetIsDue: Limits.SCTP.packetBytes
                case .packetIsFilling: room
                case .none: congestion.bytes &- outstanding.flightBytes
                }
            if let fragment = outstanding.takeRetransmission(limit: limit, now: now) {
                counters.retransmissions &+= 1
                if urgency == .packetIsDue { urgency = .packetIsFilling }
                return fragment
            }
            guard urgency != .none else { return nil }
            // That packet is full; the next one is the window's.
            urgency = .none
            return nextFragment(room: room, isEmpty: isEmpty)
        }
        urgency = .none
        let limit = Limits.SCTP.packetBytes &- SCTPPacket.headerBytes &- SCTPData.headerBytes
        guard let length = queue.nextFragmentBytes(limit: limit, now: now) else { return nil }
        let flight = outstanding.flightBytes
        if outstanding.isEmpty, now.since(lastSent) > timeout.span { congestion.idled() }
        if flight == 0 { burstPackets = max(burstPackets, Limits.SCTP.initialWindowPackets) }
        // With nothing on the way one chunk probes a shut window (RFC 9260, 6.1 A).
        guard flight < congestion.bytes, flight == 0 || flight &+ length <= peerWindow,
            outstanding.count < Limits.SCTP.outstandingChunks
        else { return nil }
        let needsPacket = isEmpty || SCTPData.headerBytes &+ length.paddedToWord > room
        guard !needsPacket || burstPackets > 0 else { return nil }
        guard let fragment = queue.takeFragment(tsn: outstanding.nextTSN, limit: limit, now: now) else { return nil }
        if needsPacket { burstPackets &-= 1 }
        outstanding.append(fragment, now: now)
        return fragment
    }

    // MARK: Packets

    private func makeWriter(tag: UInt32) -> SCTPPacketWriter {
        SCTPPacketWriter(
            sourcePort: configuration.localPort, destinationPort: configuration.remotePort, tag: tag)
    }

    /// A packet of its own; beyond the bound the peer has asked too often and repeats itself.
    func sendAlone(_ chunk: [UInt8], tag: UInt32) {
        guard pendingPackets.count < Limits.SCTP.pendingChunks else { return }
        var writer = makeWriter(tag: tag)
        writer.append(chunk)
        pendingPackets.append(writer.finish())
    }

    func sendChunk(_ chunk: [UInt8]) {
        guard pendingChunks.count < Limits.SCTP.pendingChunks else { return }
        pendingChunks.append(chunk)
    }
}
