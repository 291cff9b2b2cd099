// Publications across workers: this worker's mirrors of others' publications, and others' mirrors of its own. The order
// of messages, and why any of them may cross, is in PeerMessage.swift.

extension RelayCore {
    // MARK: Connections

    /// Before anything else is done with either core; once for each other worker.
    package func connect(to peer: WorkerIndex, outbound: PacketLink, inbound: PacketLink) {
        links[peer] = outbound
        packets.add(inbound)
    }

    package func takePeerMessages() -> [PeerMessage] {
        defer { peerMessages.removeAll(keepingCapacity: true) }
        return peerMessages
    }

    package func receive(_ message: PeerMessage, _ now: MediaTime) {
        let peer = message.from
        switch message.content {
        case .ask(let id, let ticket): mirrorAsked(id, by: peer, ticket)
        case .attach(let id, let ticket, let version, let streams): attach(id, to: peer, ticket, version, streams)
        case .keyframe(let id, let ticket, let encoding): keyframeWanted(of: id, by: peer, ticket, encoding, now)
        case .release(let id, let ticket): mirrorReleased(id, by: peer, ticket)
        case .offer(let id, let ticket, let offer): offered(id, ticket, offer, now)
        case .muted(let id, let ticket, let isMuted): sourceMuted(id, ticket, isMuted)
        case .heard(let id, let ticket, let version, let encoding, let report):
            sourceHeard(id, ticket, version, encoding, report)
        case .ended(let id, let ticket): sourceEnded(id, ticket)
        case .awaitRoom(let question, let recipients): roomAsked(question, recipients)
        case .room(let question): roomFound(question, by: peer)
        case .forget(let question): forget(question)
        }
    }

    func tell(_ peer: WorkerIndex, _ content: PeerMessage.Content) {
        guard links[peer] != nil else { return }
        peerMessages.append(PeerMessage(from: worker, to: peer, content: content))
    }

    func isMirror(_ id: PublicationID) -> Bool { id.worker != worker }

    // MARK: Mirrors on this worker

    /// The subscription waits for the mirror.
    func awaitMirror(of id: PublicationID, for subscription: SubscriptionID) {
        if mirrors[id] == nil {
            lastTicket &+= 1
            mirrors[id] = Mirror(ticket: lastTicket)
            tell(id.worker, .ask(id, ticket: lastTicket))
        }
        guard case .asked(var waiting)? = mirrors[id]?.stage else { return }
        waiting.insert(subscription)
        mirrors[id]?.stage = .asked(waiting: waiting)
    }

    /// A subscription was closed: with the last one the mirror goes.
    func leaveMirror(of id: PublicationID, _ subscription: SubscriptionID) {
        guard let mirror = mirrors[id] else { return }
        switch mirror.stage {
        case .asked(var waiting):
            waiting.remove(subscription)
            mirrors[id]?.stage = .asked(waiting: waiting)
            guard waiting.isEmpty else { return }
        case .standing:
            guard publications[id]?.subscriptions.isEmpty != false else { return }
        }
        forgetMirror(of: id)
        tell(id.worker, .release(id, ticket: mirror.ticket))
    }

    private func forgetMirror(of id: PublicationID) {
        mirrors[id] = nil
        guard let publication = publications.removeValue(forKey: id) else { return }
        closeStreams(publication.streams)
        timers.cancel(.encodings(id))
    }

    private func offered(_ id: PublicationID, _ ticket: UInt32, _ offer: MirrorOffer, _ now: MediaTime) {
        guard let mirror = mirrors[id], mirror.ticket == ticket else { return }
        var waiting: Set<SubscriptionID> = []
        if case .asked(let subscriptions) = mirror.stage {
            waiting = subscriptions
            publications[id] = Publication(offer.parameters, streams: [], isMirror: true)
            publications[id]?.subscriptions = subscriptions
        }
        publications[id]?.isMuted = offer.isMuted
        mirrors[id]?.stage = .standing(version: offer.version)
        guard replaceStreams(of: id, offer.parameters), let streams = publications[id]?.streams else {
            forgetMirror(of: id)
            tell(id.worker, .release(id, ticket: ticket))
            for subscription in waiting { close(subscription) }
            return
        }
        for (encoding, report) in offer.reports.enumerated() where encoding < streams.count {
            note(report, of: streams[encoding], id)
        }
        // Before any wish for a keyframe, so that the keyframe finds its way.
        tell(id.worker, .attach(id, ticket: ticket, version: offer.version, streams: streams))
        streamsReplaced(of: id, now)
    }

    /// What waits in the link still passes; the gate itself is at the source.
    private func sourceMuted(_ id: PublicationID, _ ticket: UInt32, _ isMuted: Bool) {
        guard mirrors[id]?.ticket == ticket, let publication = publications[id] else { return }
        publications[id]?.isMuted = isMuted
        if isMuted { for stream in publication.streams { cancelKeyframe(of: stream) } }
    }

    private func sourceHeard(
        _ id: PublicationID, _ ticket: UInt32, _ version: UInt32, _ encoding: Int, _ report: SourceReport
    ) {
        guard let mirror = mirrors[id], mirror.ticket == ticket, case .standing(version) = mirror.stage,
            let streams = publications[id]?.streams, streams.indices.contains(encoding)
        else { return }
        note(report, of: streams[encoding], id)
    }

    private func note(_ report: SourceReport, of stream: ObjectName, _ id: PublicationID) {
        streams[stream]?.senderReport = report.senderReport
        streams[stream]?.fractionLost = report.fractionLost
        if let offset = report.clockOffset { mirrors[id]?.clockOffset = offset }
    }

    /// As on the publisher's worker: who had subscribed stays, silent, until it is closed; who waited is refused.
    private func sourceEnded(_ id: PublicationID, _ ticket: UInt32) {
        guard let mirror = mirrors[id], mirror.ticket == ticket else { return }
        forgetMirror(of: id)
        guard case .asked(let waiting) = mirror.stage else { return }
        for subscription in waiting {
            refusedCommands &+= 1
            close(subscription)
        }
    }

    // MARK: Mirrors of this worker's publications

    private func mirrorAsked(_ id: PublicationID, by peer: WorkerIndex, _ ticket: UInt32) {
        guard let publication = publications[id], !isMirror(id) else {
            tell(peer, .ended(id, ticket: ticket))
            return
        }
        publications[id]?.mirrors[peer] = ticket
        tell(peer, .offer(id, ticket: ticket, offer(of: publication)))
    }

    private func offer(of publication: Publication) -> MirrorOffer {
        MirrorOffer(
            version: publication.version, parameters: publication.parameters, isMuted: publication.isMuted,
            reports: publication.streams.map { report(of: $0, publication) })
    }

    private func report(of stream: ObjectName, _ publication: Publication) -> SourceReport {
        SourceReport(
            senderReport: streams[stream]?.senderReport,
            clockOffset: publication.transport.flatMap { transports[$0]?.clock.offset },
            fractionLost: streams[stream]?.fractionLost ?? 0)
    }

    private func attach(
        _ id: PublicationID, to peer: WorkerIndex, _ ticket: UInt32, _ version: UInt32, _ mirrored: [ObjectName]
    ) {
        guard let publication = publications[id], publication.mirrors[peer] == ticket,
            publication.version == version, let link = links[peer]
        else { return }
        for (stream, mirror) in zip(publication.streams, mirrored) { packets.addMirror(mirror, of: stream, link) }
    }

    private func keyframeWanted(
        of id: PublicationID, by peer: WorkerIndex, _ ticket: UInt32, _ encoding: Int, _ now: MediaTime
    ) {
        guard let publication = publications[id], publication.mirrors[peer] == ticket,
            publication.streams.indices.contains(encoding)
        else { return }
        wantKeyframe(of: publication.streams[encoding], now)
    }

    private func mirrorReleased(_ id: PublicationID, by peer: WorkerIndex, _ ticket: UInt32) {
        guard let publication = publications[id], publication.mirrors[peer] == ticket, let link = links[peer] else {
            return
        }
        publications[id]?.mirrors[peer] = nil
        for stream in publication.streams { packets.removeMirror(of: stream, link) }
    }

    /// After an update. Streams that live on are handed over as before; new ones from the answer on.
    func offerToMirrors(of id: PublicationID) {
        publications[id]?.version &+= 1
        guard let publication = publications[id], !publication.mirrors.isEmpty else { return }
        let offer = offer(of: publication)
        for (peer, ticket) in publication.mirrors { tell(peer, .offer(id, ticket: ticket, offer)) }
    }

    func tellMirrors(_ id: PublicationID, isMuted: Bool) {
        for (peer, ticket) in publications[id]?.mirrors ?? [:] { tell(peer, .muted(id, ticket: ticket, isMuted)) }
    }

    /// The publisher's report about a stream came.
    func reportToMirrors(of stream: ObjectName) {
        guard let id = streams[stream]?.publication, let publication = publications[id],
            !publication.mirrors.isEmpty, let encoding = publication.streams.firstIndex(of: stream)
        else { return }
        let report = report(of: stream, publication)
        for (peer, ticket) in publication.mirrors {
            tell(peer, .heard(id, ticket: ticket, version: publication.version, encoding: encoding, report))
        }
    }

    /// The streams are closed already, and their mirrors with them.
    func endMirrors(of id: PublicationID, _ publication: Publication) {
        for (peer, ticket) in publication.mirrors { tell(peer, .ended(id, ticket: ticket)) }
    }
}
