// Publications of a worker: one stream of the packet core per encoding, one encoding at a time sent on.

extension RelayCore {
    func open(_ id: PublicationID, _ parameters: PublicationParameters, _ now: MediaTime) {
        guard publications[id] == nil else {
            refusedCommands &+= 1
            return
        }
        guard hasRoom(for: parameters), let streams = openStreams(of: id, parameters, isMirror: false) else {
            refusedCommands &+= 1
            outbox.post(.publicationClosed(id), to: parameters.owner)
            release(.publication(id))
            return
        }
        let publication = Publication(parameters, streams: streams)
        publications[id] = publication
        if let transport = publication.transport { transports[transport]?.publications.insert(id) }
        scheduleObservation(of: id, publication, now)
    }

    /// Formats and encodings may change, and the tap; source and kind stay what they are.
    func update(_ id: PublicationID, _ parameters: PublicationParameters, _ now: MediaTime) {
        guard let publication = publications[id], publication.parameters.source == parameters.source,
            publication.parameters.kind == parameters.kind, parameters.encodings.count <= Limits.encodings
        else {
            refusedCommands &+= 1
            return
        }
        guard replaceStreams(of: id, parameters) else {
            close(id)
            return
        }
        offerToMirrors(of: id)
        streamsReplaced(of: id, now)
    }

    /// Streams whose encoding stays the same live on. False: some could not be opened.
    func replaceStreams(of id: PublicationID, _ parameters: PublicationParameters) -> Bool {
        guard var publication = publications[id] else { return false }
        // The others go first, for they may hold SSRCs of the new ones.
        var kept: [(configuration: PacketStream, name: ObjectName)] = []
        var wanted = Publication.packetStreams(parameters, isMirror: publication.isMirror)
        let present = Publication.packetStreams(publication.parameters, isMirror: publication.isMirror)
        for (configuration, name) in zip(present, publication.streams) {
            if let index = wanted.firstIndex(of: configuration) {
                wanted.remove(at: index)
                kept.append((configuration, name))
            } else {
                closeStreams([name])
            }
        }
        publication.parameters = parameters
        publication.streams = kept.map(\.name)
        publications[id] = publication
        guard let streams = openStreams(of: id, parameters, isMirror: publication.isMirror, keeping: kept) else {
            return false
        }
        if streams != publication.streams {
            publication.choice = EncodingChoice(count: streams.count)
        }
        publication.streams = streams
        publications[id] = publication
        // A mirror gets nothing that the gate or a tap of its source has not passed.
        guard !publication.isMirror else { return true }
        for stream in streams {
            packets.setMuted(stream, publication.isMuted)
            packets.setTapped(stream, parameters.isTapped)
        }
        return true
    }

    func streamsReplaced(of id: PublicationID, _ now: MediaTime) {
        guard let publication = publications[id] else { return }
        for subscription in publication.subscriptions { refreshForward(of: subscription, now) }
        scheduleObservation(of: id, publication, now)
    }

    func setMuted(_ id: PublicationID, _ isMuted: Bool, _ now: MediaTime) {
        guard let publication = publications[id] else {
            refusedCommands &+= 1
            return
        }
        guard publication.isMuted != isMuted else { return }
        publications[id]?.isMuted = isMuted
        for stream in publication.streams {
            packets.setMuted(stream, isMuted)
            if isMuted { cancelKeyframe(of: stream) }
        }
        tellMirrors(id, isMuted: isMuted)
        if isMuted, let silence = speakers.silence(id) {
            outbox.post(.audioActivity([silence]), to: publication.parameters.owner)
        }
        if !isMuted, publication.isReceived { wantKeyframe(of: publication.currentStream, now) }
    }

    func requestKeyframe(_ id: PublicationID, _ now: MediaTime) {
        guard let publication = publications[id] else {
            refusedCommands &+= 1
            return
        }
        wantKeyframe(of: publication.currentStream, now)
    }

    /// Its subscriptions stay, silent, until they are closed.
    func close(_ id: PublicationID) {
        guard let publication = publications.removeValue(forKey: id) else {
            refusedCommands &+= 1
            return
        }
        closeStreams(publication.streams)
        endMirrors(of: id, publication)
        timers.cancel(.encodings(id))
        _ = speakers.silence(id)
        if let transport = publication.transport { transports[transport]?.publications.remove(id) }
        outbox.post(.publicationClosed(id), to: publication.parameters.owner)
        release(.publication(id))
    }

    func push(_ packet: [UInt8], into id: PublicationID, _ now: MediaTime) {
        guard let publication = publications[id], publication.transport == nil,
            packets.push(packet, into: publication.currentStream, now) == .done
        else {
            refusedCommands &+= 1
            return
        }
    }

    // MARK: Packet events

    func started(_ stream: ObjectName, _ now: MediaTime) {
        guard let id = streams[stream]?.publication, let publication = publications[id] else { return }
        // A source that was asked in vain before it spoke may be asked at once again. A mirror begins in the middle.
        if !publication.isMirror { cancelKeyframe(of: stream) }
        if !publication.hasStarted, !publication.isMirror {
            publications[id]?.hasStarted = true
            outbox.post(.publicationStarted(id), to: publication.parameters.owner)
        }
        if publication.streams.count > 1 { observeEncodings(of: id, now) }
    }

    func tapped(_ packet: [UInt8], of stream: ObjectName) {
        guard let id = streams[stream]?.publication, let publication = publications[id] else { return }
        outbox.post(.packet(id, packet), to: publication.parameters.owner)
    }

    // MARK: Encodings

    /// Looks which encodings deliver and points every subscription at the best.
    func observeEncodings(of id: PublicationID, _ now: MediaTime) {
        guard let publication = publications[id] else { return }
        let counters = publication.streams.map { packets.statistics(ofStream: $0)?.packets ?? 0 }
        let before = publication.currentStream
        _ = publications[id]?.choice.observe(counters, now)
        timers.set(.encodings(id), now + EncodingChoice.interval)
        guard let current = publications[id]?.currentStream, current != before else { return }
        for subscription in publication.subscriptions where subscriptions[subscription]?.isForwarding == true {
            packets.setSource(current, of: subscription.name)
        }
        cancelKeyframe(of: before)
        if publication.isReceived { wantKeyframe(of: current, now) }
    }

    private func scheduleObservation(of id: PublicationID, _ publication: Publication, _ now: MediaTime) {
        if publication.streams.count > 1 {
            timers.advance(.encodings(id), to: now + EncodingChoice.interval)
        } else {
            timers.cancel(.encodings(id))
        }
        if publication.parameters.kind == .audio, !publication.isMirror {
            timers.advance(.speakers, to: now + SpeakerRanking.interval)
        }
    }

    // MARK: Streams

    private func hasRoom(for parameters: PublicationParameters) -> Bool {
        guard parameters.encodings.count <= Limits.encodings else { return false }
        guard case .transport(let transport, _) = parameters.source else { return true }
        return transports[transport].map { $0.publications.count < Limits.publicationsPerTransport } ?? false
    }

    /// One for each encoding, all or none of them. `kept` are open already.
    private func openStreams(
        of id: PublicationID, _ parameters: PublicationParameters, isMirror: Bool,
        keeping kept: [(configuration: PacketStream, name: ObjectName)] = []
    ) -> [ObjectName]? {
        var kept = kept
        var names: [ObjectName] = []
        var opened: [ObjectName] = []
        for configuration in Publication.packetStreams(parameters, isMirror: isMirror) {
            if let index = kept.firstIndex(where: { $0.configuration == configuration }) {
                names.append(kept.remove(at: index).name)
                continue
            }
            let name = streamNames.take()
            guard packets.openStream(name, configuration) == .done else {
                streamNames.release(name)
                closeStreams(opened)
                return nil
            }
            if parameters.isTapped, !isMirror { packets.setTapped(name, true) }
            streams[name] = IncomingStream(publication: id, transport: configuration.transport.map(transportID))
            names.append(name)
            opened.append(name)
        }
        return names
    }

    func closeStreams(_ names: [ObjectName]) {
        for name in names {
            packets.closeStream(name)
            timers.cancel(.missing(name))
            timers.cancel(.keyframe(name))
            streams[name] = nil
            streamNames.release(name)
        }
    }
}
