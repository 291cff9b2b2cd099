// Data channels of a worker: messages up to the meetings and from there to their recipients, senders slowed down to the
// fastest of these, receivers that are too slow reported. Routing and rights are the meetings'.

extension RelayCore {
    func openDataChannel(_ id: TransportID, _ parameters: DataChannelParameters, _ now: MediaTime) {
        guard
            transports[id]?.connection.data.open(parameters, now, &dataStatistics, random: &random) == true
        else {
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
            guard let hasOverflowed = transports[id]?.dataFlow.hasOverflowed else { continue }
            if hasOverflowed || transports[id]?.connection.data.send(message, now, &dataStatistics) == false {
                dataStatistics.losses[.overflow, default: 0] &+= 1
                reportOverflow(of: id)
            } else {
                dataIsDue(id)
            }
        }
    }

    func dataHandled(_ id: TransportID, _ recipients: [TransportID]) {
        // It may have been closed after its messages were handed up.
        guard transports[id] != nil else { return }
        let present = recipients.filter { transports[$0] != nil }
        let awaitsRoom = !present.isEmpty && !present.contains(where: hasRoomForData)
        guard transports[id]?.dataFlow.routed(to: present, awaitsRoom: awaitsRoom) == true else {
            refusedCommands &+= 1
            return
        }
        if awaitsRoom {
            for recipient in present where transports[recipient]?.dataFlow.awaitedBy.contains(id) == false {
                transports[recipient]?.dataFlow.awaitedBy.append(id)
            }
        }
        dataIsDue(id)
    }

    // MARK: Turns

    /// Notes that it has something to send, or may be read again; done at the end of the turn.
    func dataIsDue(_ id: TransportID) {
        guard transports[id]?.dataFlow.isDue == false else { return }
        transports[id]?.dataFlow.isDue = true
        transportsWithDueData.append(id)
    }

    func exchangeDueData(_ now: MediaTime) {
        while let id = transportsWithDueData.popFirst() { exchangeData(of: id, now) }
    }

    /// Takes in what has come as far as there is credit, and sends what may leave.
    func exchangeData(of id: TransportID, _ now: MediaTime) {
        guard let owner = transports[id]?.owner else { return }
        transports[id]?.dataFlow.isDue = false
        transports[id]?.connection.receiveData(now, &dataStatistics, random: &random)
        while transports[id]?.dataFlow.hasCredit == true,
            let event = transports[id]?.connection.data.takeEvent(now, &dataStatistics)
        {
            switch event {
            case .message(let message):
                dataStatistics.noteReceived(message)
                transports[id]?.dataFlow.handUp(message)
                outbox.post(.data(id, message), to: owner)
            case .silence: reportOverflow(of: id)
            }
        }
        if let datagrams = transports[id]?.connection.sendData(now) { carryOut(datagrams, of: id, now) }
        if hasRoomForData(id) { stopAwaiting(id) }
    }

    // MARK: Room

    /// One that will take nothing any more must not hold up its senders.
    private func hasRoomForData(_ id: TransportID) -> Bool {
        guard let entry = transports[id] else { return true }
        return entry.connection.data.isOver || entry.dataFlow.hasOverflowed
            || entry.connection.data.sendingBytes < Limits.Data.roomBytes
    }

    /// Those who wait for room at this transport go on.
    func stopAwaiting(_ id: TransportID) {
        guard let senders = transports[id]?.dataFlow.awaitedBy, !senders.isEmpty else { return }
        transports[id]?.dataFlow.awaitedBy = []
        for sender in senders {
            transports[sender]?.dataFlow.stopAwaiting(id)
            dataIsDue(sender)
        }
    }

    private func reportOverflow(of id: TransportID) {
        guard let entry = transports[id], !entry.dataFlow.hasOverflowed else { return }
        transports[id]?.dataFlow.hasOverflowed = true
        dataStatistics.overflows &+= 1
        outbox.post(.dataOverflow(id), to: entry.owner)
        dataIsDue(id)
    }
}
