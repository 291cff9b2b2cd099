// The goodbye that loses nothing (RFC 9260, 9.2), and the timers of all phases.

extension SCTPAssociation {
    /// Takes no more messages, delivers those it has, then closes. `closed` follows.
    func shutDown(now: MediaTime) {
        advance(to: now)
        switch state {
        case .established:
            state = .shutdownPending
            finishShutdown()
        case .idle, .cookieWait, .cookieEchoed: end(.closed)
        default: break
        }
    }

    /// The next step, once everything is acknowledged.
    func finishShutdown() {
        guard queue.isEmpty, outstanding.isEmpty else { return }
        if state == .shutdownPending {
            state = .shutdownSent
            sendShutdown()
            shutdownTimer = now + timeout.span
        } else if state == .shutdownReceived {
            state = .shutdownAckSent
            sendShutdownAck()
            shutdownTimer = now + timeout.span
        }
    }

    func receiveShutdown(_ cumulative: TSN) {
        // It acknowledges like a SACK (RFC 9260, 3.3.8).
        let sack = SCTPSelectiveAck(
            cumulative: cumulative, window: UInt32(clamping: peerWindow), gaps: [], duplicates: [])
        switch state {
        case .established, .shutdownPending:
            receive(sack)
            guard state != .closed else { return }
            state = .shutdownReceived
        case .shutdownReceived:
            receive(sack)
        case .shutdownSent:
            // Both at once.
            state = .shutdownAckSent
            sendShutdownAck()
            shutdownTimer = now + timeout.span
        case .idle, .cookieWait, .cookieEchoed, .shutdownAckSent, .closed: break
        }
    }

    func receiveShutdownAck() {
        guard state == .shutdownSent || state == .shutdownAckSent, let peer else { return }
        var writer = ByteWriter(capacity: 4)
        writer.writeChunk(SCTPChunk.Kind.shutdownComplete)
        sendAlone(writer.bytes, tag: peer.tag)
        end(.closed)
    }

    func sendShutdown() {
        var writer = ByteWriter(capacity: 8)
        writer.writeChunk(SCTPChunk.Kind.shutdown) { $0.write(received.cumulative.value) }
        sendChunk(writer.bytes)
    }

    func sendShutdownAck() {
        var writer = ByteWriter(capacity: 4)
        writer.writeChunk(SCTPChunk.Kind.shutdownAck)
        sendChunk(writer.bytes)
    }

    private func handleShutdownTimeout() {
        guard countError() else { return }
        timeout.backOff()
        if state == .shutdownSent { sendShutdown() }
        if state == .shutdownAckSent { sendShutdownAck() }
        shutdownTimer = now + timeout.span
    }

    /// Whatever is due. Earlier than `nextDeadline` it does nothing.
    func handleTimeout(now: MediaTime) {
        advance(to: now)
        guard state != .closed else { return }
        if acknowledgement.deadline <= self.now { acknowledgement.isDue = true }
        if initiationTimer <= self.now { handleInitiationTimeout() }
        if state != .closed, retransmissionTimer <= self.now { handleRetransmissionTimeout() }
        if state != .closed, outgoingResets.deadline <= self.now { handleResetTimeout() }
        if state != .closed, shutdownTimer <= self.now { handleShutdownTimeout() }
        if state != .closed, heartbeatTimer <= self.now { handleHeartbeatTimeout() }
    }
}
