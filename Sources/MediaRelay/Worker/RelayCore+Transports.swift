// Transports of a worker: opening, STUN and DTLS to the right one, carrying out what it wants, closing.

extension RelayCore {
    func open(
        _ id: TransportID, _ owner: OwnerTag, _ role: TransportRole, _ local: ICECredentials, _ now: MediaTime
    ) {
        guard transports[id] == nil else {
            refusedCommands &+= 1
            return
        }
        guard usernameFragments[local.usernameFragment] == nil, packets.openTransport(id.name) == .done else {
            refusedCommands &+= 1
            transportFailures[.capacity, default: 0] &+= 1
            outbox.post(.transport(id, .failed(.capacity)), to: owner)
            outbox.post(.transportClosed(id), to: owner)
            release(.transport(id))
            return
        }
        let connection = Transport(role: role, local: local, certificate: certificate)
        for fragment in connection.localUsernameFragments { usernameFragments[fragment] = id }
        if case .client = role { clientTransports.insert(id) }
        // Zero is what many stacks take for "none".
        let reporter = UInt32.random(in: 1...UInt32.max, using: &random)
        transports[id] = TransportEntry(owner: owner, connection: connection, reporterSSRC: reporter)
    }

    func setRemote(_ id: TransportID, _ parameters: RemoteTransportParameters, _ now: MediaTime) {
        guard let actions = transports[id]?.connection.setRemote(parameters, now, random: &random) else {
            refusedCommands &+= 1
            return
        }
        carryOut(actions, of: id, now)
    }

    func restartICE(_ id: TransportID, _ local: ICECredentials, _ now: MediaTime) {
        guard usernameFragments[local.usernameFragment] == nil,
            let actions = transports[id]?.connection.restartICE(local: local, now)
        else {
            refusedCommands &+= 1
            return
        }
        usernameFragments[local.usernameFragment] = id
        carryOut(actions, of: id, now)
    }

    func setHeaderExtensions(_ id: TransportID, _ identifiers: [HeaderExtension: UInt8], _ now: MediaTime) {
        guard transports[id] != nil, packets.setExtensions(identifiers, of: id.name) == .done else {
            refusedCommands &+= 1
            return
        }
        transports[id]?.extensions = identifiers
        if transports[id]?.isConnected == true { scheduleReports(of: id, now) }
    }

    /// The whole of it: publications, subscriptions, memory, name.
    func close(_ id: TransportID, _ now: MediaTime) {
        guard let goodbye = transports[id]?.connection.close(now) else {
            refusedCommands &+= 1
            return
        }
        carryOut(goodbye, of: id, now)
        guard let entry = transports[id] else { return }
        for subscription in entry.subscriptions { close(subscription) }
        for publication in entry.publications { close(publication) }
        packets.closeTransport(id.name)
        stopAwaiting(id)
        withdrawQuestions(of: id)
        forget(id)
        timers.cancel(.transport(id))
        if entry.isCostly { costlyTransports -= 1 }
        transports[id] = nil
        outbox.post(.transportClosed(id), to: entry.owner)
        release(.transport(id))
    }

    // MARK: Datagrams and time

    func receive(stun bytes: [UInt8], from address: SocketAddress, _ now: MediaTime) {
        guard let message = try? STUNMessage(parsing: bytes), let id = recipient(of: message),
            let actions = transports[id]?.connection.receive(message, from: address, now, random: &random)
        else {
            refusedStun &+= 1
            return
        }
        // An authentic request is always answered.
        if actions.isEmpty, message.messageClass == .request { refusedStun &+= 1 }
        carryOut(actions, of: id, now)
    }

    private func recipient(of message: STUNMessage) -> TransportID? {
        if let fragment = message.localUsernameFragment { return usernameFragments[fragment] }
        return clientTransports.first { transports[$0]?.connection.isAwaiting(message.transactionID) == true }
    }

    func receive(handshake bytes: [UInt8], on id: TransportID, _ now: MediaTime) {
        guard let actions = transports[id]?.connection.receive(handshake: bytes, now) else { return }
        carryOut(actions, of: id, now)
        exchangeData(of: id, now)
    }

    func handleTimeout(of id: TransportID, _ now: MediaTime) {
        guard let actions = transports[id]?.connection.handleTimeout(now, random: &random) else { return }
        carryOut(actions, of: id, now)
        exchangeData(of: id, now)
    }

    // MARK: Actions

    func carryOut(_ actions: [TransportAction], of id: TransportID, _ now: MediaTime) {
        for action in actions {
            switch action {
            case .send(let bytes, let address): packets.send(bytes, to: address)
            case .sendOnSelected(let bytes): packets.send(bytes, on: id.name)
            case .addAddress(let address): packets.addAddress(address, to: id.name)
            case .selectAddress(let address): packets.selectAddress(address, of: id.name)
            case .clearAddresses: packets.clearAddresses(of: id.name)
            case .installKeys: installKeys(of: id, now)
            case .retireUsernameFragment(let fragment):
                if usernameFragments[fragment] == id { usernameFragments[fragment] = nil }
            case .report(let state): report(state, of: id, now)
            }
        }
        guard let deadline = transports[id]?.connection.nextDeadline else { return }
        timers.set(.transport(id), deadline)
    }

    private func installKeys(of id: TransportID, _ now: MediaTime) {
        guard var keys = transports[id]?.connection.takeKeys() else { return }
        defer { keys.wipe() }
        let result = packets.setKeys(keys.profile, receive: keys.remote, send: keys.local, of: id.name)
        guard result == .done else {
            if let actions = transports[id]?.connection.fail(.capacity) { carryOut(actions, of: id, now) }
            return
        }
        guard keys.profile.isCostly else { return }
        transports[id]?.isCostly = true
        costlyTransports += 1
    }

    private func report(_ state: TransportState, of id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id] else { return }
        switch state {
        case .iceConnected: break
        case .connected:
            // The keys may have been refused after this was decided.
            guard entry.isConnected else { return }
            scheduleReports(of: id, now)
            for subscription in entry.subscriptions { wantKeyframe(for: subscription, now) }
        case .disconnected:
            cancelReports(of: id)
        case .failed(let failure):
            transportFailures[failure, default: 0] &+= 1
            forget(id)
        case .closedByPeer:
            forget(id)
        }
        outbox.post(.transport(id, state), to: entry.owner)
    }

    /// Nothing that comes from the network is for it any more.
    private func forget(_ id: TransportID) {
        dataIsDue(id)
        cancelReports(of: id)
        clientTransports.remove(id)
        for fragment in transports[id]?.connection.localUsernameFragments ?? []
        where usernameFragments[fragment] == id {
            usernameFragments[fragment] = nil
        }
    }

    private func cancelReports(of id: TransportID) {
        timers.cancel(.reports(id))
        timers.cancel(.feedback(id))
    }
}
