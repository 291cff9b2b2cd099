// Data channels of a worker: messages up to the meetings and from there to their recipients, senders slowed down to the
// fastest of these, receivers that are too slow reported. Routing and rights are the meetings'.

extension RelayCore {
    func openDataChannel(_ id: TransportID, _ parameters: DataChannelParameters, _ now: MediaTime) {
        guard transports[id]?.connection.data.open(parameters, now, &dataStatistics, random: &random) == true else {
            refusedCommands &+= 1
            return
        }
        dataIsDue(id)
    }

    /// A recipient that is gone meanwhile is passed over: it left while the message was on its way.
    func sendData(_ recipients: [TransportID], _ message: DataMessage, _ now: MediaTime) {
        guard message.bytes.count <= DataMessage.maximumBytes, message.channel.utf8.count <= Limits.SCTP.labelBytes
        else {
            refusedCommands &+= 1
            return
        }
        for id in recipients {
            guard let entry = transports[id] else { continue }
            if entry.dataFlow.hasOverflowed || !entry.connection.data.send(message, now, &dataStatistics) {
                dataStatistics.losses[.overflow, default: 0] &+= 1
                reportOverflow(of: id)
            } else {
                dataIsDue(id)
            }
        }
    }

    func dataHandled(_ id: TransportID, _ recipients: [TransportID]) {
        // It may have been closed after its messages were handed up.
        guard let entry = transports[id] else { return }
        let present = recipients.compactMap { transports[$0] }
        let awaitsRoom =
            !present.contains(where: \.hasRoomForData) && !(present.isEmpty && remote(recipients).isEmpty)
        guard entry.dataFlow.routed(to: recipients, awaitsRoom: awaitsRoom) else {
            refusedCommands &+= 1
            return
        }
        if awaitsRoom {
            for recipient in present where !recipient.dataFlow.awaitedBy.contains(id) {
                recipient.dataFlow.awaitedBy.append(id)
            }
            askForRoom(of: id, at: recipients)
        }
        dataIsDue(id)
    }

    // MARK: Turns

    /// Notes that it has something to send, or may be read again; done at the end of the turn.
    func dataIsDue(_ id: TransportID) {
        guard let entry = transports[id], !entry.dataFlow.isDue else { return }
        entry.dataFlow.isDue = true
        transportsWithDueData.append(id)
    }

    func exchangeDueData(_ now: MediaTime) {
        while let id = transportsWithDueData.popFirst() { exchangeData(of: id, now) }
    }

    /// Takes in what has come as far as there is credit, and sends what may leave.
    func exchangeData(of id: TransportID, _ now: MediaTime) {
        guard let entry = transports[id] else { return }
        entry.dataFlow.isDue = false
        entry.connection.receiveData(now, &dataStatistics, random: &random)
        while entry.dataFlow.hasCredit, let event = entry.connection.data.takeEvent(now, &dataStatistics) {
            switch event {
            case .message(let message):
                dataStatistics.noteReceived(message)
                entry.dataFlow.handUp(message)
                outbox.post(.data(id, message), to: entry.owner)
            case .silence: reportOverflow(of: id)
            }
        }
        carryOut(entry.connection.sendData(now), of: id, now)
        if entry.hasRoomForData { stopAwaiting(id) }
    }

    // MARK: Room

    /// Those who wait for room at this transport go on.
    func stopAwaiting(_ id: TransportID) {
        guard let entry = transports[id] else { return }
        answerQuestions(about: id)
        let senders = entry.dataFlow.awaitedBy
        entry.dataFlow.awaitedBy = []
        for sender in senders {
            for moot in transports[sender]?.dataFlow.stopAwaiting(id) ?? [] {
                withdraw(DataQuestion(sender: sender, number: moot.number), from: moot.recipients)
            }
            dataIsDue(sender)
        }
    }

    private func reportOverflow(of id: TransportID) {
        guard let entry = transports[id], !entry.dataFlow.hasOverflowed else { return }
        entry.dataFlow.hasOverflowed = true
        dataStatistics.overflows &+= 1
        outbox.post(.dataOverflow(id), to: entry.owner)
        dataIsDue(id)
    }
}

extension TransportEntry {
    /// One that will take nothing any more must not hold up its senders.
    var hasRoomForData: Bool {
        connection.data.isOver || dataFlow.hasOverflowed || connection.data.sendingBytes < Limits.Data.roomBytes
    }
}
