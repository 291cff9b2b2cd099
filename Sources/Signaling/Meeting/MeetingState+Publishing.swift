// A participant's own tracks: announced by AddTrack, real with their section in an accepted offer, gone when the
// section stops sending. There is no message for unpublishing (livekit-wire.md, 4.2).
//
//   AddTrack ─▶ pending ─┐
//                        ├─ same cid, else oldest of the kind ─▶ Track ─▶ everybody is told ─▶ subscriptions
//   offer ─▶ section ────┘

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    // MARK: AddTrack

    mutating func addTrack(_ request: LiveKitAddTrackRequest, by id: ParticipantID) {
        guard let participant = participants[id] else { return }
        if let (reason, text) = objection(to: request, by: participant) {
            return respond(reason, text, echo: .addTrack(request), to: id)
        }
        if let pending = participant.publisher.pending.first(where: { $0.cid == request.cid }) {
            return confirm(pending.cid, pending.info, to: id)
        }
        var pending = PendingTrack(
            cid: request.cid, info: trackInfo(request), preferences: SectionPreferences(request))
        closeByRule(&pending, of: id)
        confirm(pending.cid, pending.info, to: id)
        // The section may have come first: some clients send both at the same moment.
        let unclaimed = participant.publisher.unclaimed
        if let index = unclaimed.firstIndex(where: { $0.clientTrackID == pending.cid && $0.kind == pending.kind }) {
            participants[id]?.publisher.unclaimed.remove(at: index)
            publish(pending, in: unclaimed[index], by: id)
        } else {
            participants[id]?.publisher.pending.append(pending)
        }
    }

    private func objection(
        to request: LiveKitAddTrackRequest, by participant: Participant
    ) -> (LiveKitRequestResponse.Reason, String)? {
        guard request.type == .audio || request.type == .video, request.sid.isEmpty else {
            // A sid asks to add a second codec to a track.
            return (.unsupportedType, "only new audio and video tracks are supported")
        }
        guard participant.rights.mayPublish(request.source) else {
            return (.notAllowed, "not allowed to publish this source")
        }
        if Self.shareSources.contains(request.source), isShareTaken(for: participant.id) {
            return (.notAllowed, "somebody else is sharing")
        }
        let publisher = participant.publisher
        guard publisher.pending.count < Limits.pendingTracks,
            publisher.tracks.count + publisher.pending.count < Limits.publishedTracks
        else { return (.limitExceeded, "too many tracks") }
        guard !request.cid.isEmpty,
            [request.cid, request.name, request.stream].allSatisfy({ $0.utf8.count <= Limits.trackNameBytes })
        else { return (.invalidRequest, "a name of the track is missing or too long") }
        return nil
    }

    mutating func confirm(_ cid: String, _ info: LiveKitTrackInfo, to id: ParticipantID) {
        let published = LiveKitTrackPublishedResponse.with {
            $0.cid = cid
            $0.track = info
        }
        send(.trackPublished(published), to: id)
    }

    private mutating func trackInfo(_ request: LiveKitAddTrackRequest) -> LiveKitTrackInfo {
        let sid = random.sid(request.type == .audio ? "TR_A" : "TR_V")
        var features = Array(request.audioFeatures.prefix(Limits.featuresPerTrack))
        if request.stereo, !features.contains(.tfStereo) { features.append(.tfStereo) }
        if request.disableDtx, !features.contains(.tfNoDtx) { features.append(.tfNoDtx) }
        return .with {
            $0.sid = sid
            $0.type = request.type
            $0.name = request.name
            $0.muted = request.muted
            $0.width = request.width
            $0.height = request.height
            $0.simulcast = request.layers.count > 1
            $0.source = request.source
            $0.layers = Array(request.layers.prefix(Limits.layersPerTrack))
            $0.disableRed = request.disableRed
            $0.encryption = request.encryption
            $0.stream = request.stream.isEmpty ? request.source.defaultStream : request.stream
            $0.backupCodecPolicy = request.backupCodecPolicy
            $0.audioFeatures = features
            $0.disableDtx = features.contains(.tfNoDtx)
            $0.stereo = features.contains(.tfStereo)
            $0.packetTrailerFeatures = Array(request.packetTrailerFeatures.prefix(Limits.featuresPerTrack))
        }
    }

    // MARK: The publisher's offers

    mutating func receiveOffer(_ offer: LiveKitSessionDescription, from id: ParticipantID) {
        guard let participant = participants[id] else { return }
        var connection = participant.publisher.connection ?? openPublisher(for: id, participant)
        let published = participant.publisher.tracks.compactMap { tracks[$0] }
        var pending = participant.publisher.pending
        let ice = random.credentials()
        let answer: PublisherAnswer
        do {
            answer = try connection.negotiation.answer(to: offer.sdp, restartingWith: ice) { section in
                if let track = published.first(where: { $0.mid == section.mid }),
                    track.clientTrackID == section.clientTrackID
                {
                    return track.preferences
                }
                let claim = SectionClaim(section.mid, section.kind, section.clientTrackID)
                guard let index = Self.match([claim], with: pending)[section.mid] else { return SectionPreferences() }
                return pending.remove(at: index).preferences
            }
        } catch {
            participants[id]?.publisher.connection = connection
            note(.failure, participant.sid, "publisher offer: \(error)")
            return remove(id, .malformedDescription)
        }
        if let ice = answer.restartedICE { command(.restartICE(connection.transport, local: ice)) }
        let agreed = TransportAgreement(remote: answer.remote, headerExtensions: answer.headerExtensions)
        if connection.agreed != agreed { command(agreed, connection.transport) }
        connection.agreed = agreed
        participants[id]?.publisher.connection = connection
        let isShared = participant.subscriber?.connection == nil
        if isShared { participants[id]?.subscriber?.midToTrackID = answer.midToTrackID }
        let description = LiveKitSessionDescription.with {
            $0.type = "answer"
            $0.sdp = answer.sdp
            $0.id = offer.id
            $0.midToTrackID = participants[id]?.subscriber?.midToTrackID ?? [:]
        }
        // First of all: what follows speaks of tracks that the client knows from it.
        send(.answer(description), to: id)
        apply(answer.sections, by: id, permitted: participant.rights.canPublish)
        if isShared { subscriptionsAnswered(answer, of: id) }
    }

    mutating func openPublisher(for id: ParticipantID, _ participant: Participant) -> Connection<PublisherNegotiation> {
        let transport = media.identifiers.transport(on: participant.place.worker)
        let ice = random.credentials()
        publisherTransports[transport] = id
        command(.openTransport(transport, owner: owner, role: .server, local: ice))
        let local = localDescription(ice, for: participant)
        return Connection(transport: transport, negotiation: PublisherNegotiation(local: local, capabilities: .all))
    }

    mutating func localDescription(_ ice: ICECredentials, for participant: Participant) -> LocalTransportDescription {
        LocalTransportDescription(
            sessionID: random.number() >> 2, ice: ice, fingerprint: media.fingerprint,
            candidates: candidates(for: participant))
    }

    /// Where this person's media is to go.
    func candidates(for participant: Participant) -> [ICECandidate] {
        let candidates = participant.place.candidates
        return tcpOnly.contains(participant.identity) ? candidates.filter(\.isTCP) : candidates
    }

    /// Which pending track each section is for: the one whose cid it names, else the oldest of its kind that no other
    /// section names. Some browsers rename their tracks.
    /// - Returns: mid → index in `pending`.
    static func match(_ sections: [SectionClaim], with pending: [PendingTrack]) -> [String: Int] {
        var result: [String: Int] = [:]
        var free = Set(pending.indices)
        for section in sections {
            if let index = pending.firstIndex(where: { $0.cid == section.clientTrackID && $0.kind == section.kind }),
                free.remove(index) != nil
            {
                result[section.mid] = index
            }
        }
        for section in sections where result[section.mid] == nil {
            if let index = free.sorted().first(where: { pending[$0].kind == section.kind }) {
                free.remove(index)
                result[section.mid] = index
            }
        }
        return result
    }

    /// Compares what the client now sends with what it sent before.
    private mutating func apply(_ sections: [PublishedSection], by id: ParticipantID, permitted: Bool) {
        guard permitted, let publisher = participants[id]?.publisher else { return }
        let byMid = Dictionary(sections.map { ($0.mid, $0) }) { first, _ in first }
        for sid in publisher.tracks {
            guard let track = tracks[sid] else { continue }
            if let section = byMid[track.mid], section.isSending, section.clientTrackID == track.clientTrackID {
                update(sid, from: section)
            } else {
                unpublish(sid)
            }
        }
        let taken = Set((participants[id]?.publisher.tracks ?? []).compactMap { tracks[$0]?.mid })
        let new = sections.filter { ($0.isSending || $0.isRejected) && !taken.contains($0.mid) }
        let pending = publisher.pending
        let matches = Self.match(new.map { SectionClaim($0.mid, $0.kind, $0.clientTrackID) }, with: pending)
        participants[id]?.publisher.pending = pending.enumerated()
            .filter { !matches.values.contains($0.offset) }.map(\.element)
        participants[id]?.publisher.unclaimed = []
        for section in new {
            if let index = matches[section.mid] {
                publish(pending[index], in: section, by: id)
            } else if section.isSending {
                participants[id]?.publisher.unclaimed.append(section)
            }
        }
    }

    private mutating func publish(_ pending: PendingTrack, in section: PublishedSection, by id: ParticipantID) {
        guard let transport = participants[id]?.publisher.connection?.transport else { return }
        guard section.isSending, let format = section.formats.first else {
            // Nothing the client offers can be relayed, and some clients take that for a success (livekit-wire.md,
            // 4.3).
            note(.failure, participants[id]?.sid ?? "", "no codec in common")
            return tellWithdrawn(pending.info.sid, to: id)
        }
        let publication = media.identifiers.publication(on: transport.worker)
        let parameters = PublicationParameters(
            owner: owner, source: .transport(transport, mid: section.mid), kind: section.kind,
            formats: section.formats, encodings: section.encodings, usesNack: section.usesNack)
        var info = pending.info
        describe(&info, section, format, cid: pending.cid)
        tracks[info.sid] = Track(
            publisher: id, publication: publication, cid: pending.cid, preferences: pending.preferences,
            kind: section.kind, mid: section.mid, clientTrackID: section.clientTrackID, info: info,
            parameters: parameters)
        trackOrder.append(info.sid)
        publications[publication] = info.sid
        participants[id]?.publisher.tracks.append(info.sid)
        command(.openPublication(publication, parameters))
        if info.muted { command(.setMuted(publication, true)) }
        if info.muted, pending.isClosedByRule { tellClosed(info.sid, to: id) }
        // Who is hidden is not to be seen or heard either: its tracks are never announced.
        if participants[id]?.rights.isHidden == false { updates.newTracks.append(info.sid) }
        changed(id, .track)
        report(.trackPublished, participants[id]?.info, info)
        roomChanged()
    }

    private func describe(
        _ info: inout LiveKitTrackInfo, _ section: PublishedSection, _ format: PayloadFormat, cid: String
    ) {
        info.mid = section.mid
        info.mimeType = format.codec.mimeType
        info.codecs = [
            .with {
                $0.mimeType = format.codec.mimeType
                $0.mid = section.mid
                $0.cid = cid
                $0.sdpCid = section.clientTrackID ?? ""
                $0.layers = info.layers
            }
        ]
    }

    /// A renegotiation may change formats or encodings of a section that goes on sending.
    private mutating func update(_ sid: String, from section: PublishedSection) {
        guard var track = tracks[sid], let format = section.formats.first else { return }
        var parameters = track.parameters
        parameters.formats = section.formats
        parameters.encodings = section.encodings
        parameters.usesNack = section.usesNack
        guard parameters != track.parameters else { return }
        track.parameters = parameters
        let before = track.info
        describe(&track.info, section, format, cid: track.cid)
        tracks[sid] = track
        command(.updatePublication(track.publication, parameters))
        if track.info != before { changed(track.publisher, .track) }
    }

    // MARK: The end of a track

    /// The client stopped sending it, or may no longer send it.
    mutating func unpublish(_ sid: String) {
        guard let publisher = tracks[sid]?.publisher else { return }
        removeTrack(sid)
        changed(publisher, .track)
        roomChanged()
        updateSpeakers()
    }

    /// Ends a track from our side and tells its publisher.
    mutating func withdraw(_ sid: String, reason: String) {
        guard let publisher = tracks[sid]?.publisher else { return }
        note(.failure, participants[publisher]?.sid ?? "", reason)
        tellWithdrawn(sid, to: publisher)
        unpublish(sid)
    }

    mutating func tellWithdrawn(_ sid: String, to id: ParticipantID) {
        participants[id]?.withdrawnTracks.append(sid)
        if let count = participants[id]?.withdrawnTracks.count, count > Limits.withdrawnTracks {
            participants[id]?.withdrawnTracks.removeFirst()
        }
        send(.trackUnpublished(.with { $0.trackSid = sid }), to: id)
    }

    /// Forgets a track, its subscriptions and its publication; says nothing to anybody.
    mutating func removeTrack(_ sid: String) {
        guard let track = tracks.removeValue(forKey: sid) else { return }
        trackOrder.removeAll { $0 == sid }
        updates.newTracks.removeAll { $0 == sid }
        participants[track.publisher]?.publisher.tracks.removeAll { $0 == sid }
        for id in roster where participants[id]?.subscriber?.subscriptions[sid] != nil {
            replaceSubscription(of: id, to: sid, track.kind)
        }
        for id in roster {
            participants[id]?.subscriber?.choices[sid] = nil
            participants[id]?.subscriber?.disabled.remove(sid)
            participants[id]?.deniedTracks.remove(sid)
        }
        // A guest's are its own meeting's to close.
        if publications.removeValue(forKey: track.publication) != nil { command(.closePublication(track.publication)) }
        report(.trackUnpublished, participants[track.publisher]?.info, track.info)
    }

    // MARK: Changes of a track

    mutating func setMuted(_ request: LiveKitMuteTrackRequest, by id: ParticipantID) {
        if let index = participants[id]?.publisher.pending.firstIndex(where: { $0.info.sid == request.sid }) {
            participants[id]?.publisher.pending[index].info.muted = request.muted
            return
        }
        guard let track = tracks[request.sid], track.publisher == id, track.info.muted != request.muted else { return }
        tracks[request.sid]?.info.muted = request.muted
        command(.setMuted(track.publication, request.muted))
        if !request.muted, track.kind == .video { command(.requestKeyframe(track.publication)) }
        changed(id, .track)
        if track.activity != nil { updateSpeakers() }
    }

    mutating func updateAudioTrack(_ update: LiveKitUpdateLocalAudioTrack, by id: ParticipantID) {
        guard tracks[update.trackSid]?.publisher == id, tracks[update.trackSid]?.kind == .audio else {
            return respond(.notFound, "no such track", echo: .updateAudioTrack(update), to: id)
        }
        let features = Array(update.features.prefix(Limits.featuresPerTrack))
        tracks[update.trackSid]?.info.audioFeatures = features
        tracks[update.trackSid]?.info.stereo = features.contains(.tfStereo)
        tracks[update.trackSid]?.info.disableDtx = features.contains(.tfNoDtx)
        changed(id, .track)
    }

    mutating func updateVideoTrack(_ update: LiveKitUpdateLocalVideoTrack, by id: ParticipantID) {
        guard tracks[update.trackSid]?.publisher == id, tracks[update.trackSid]?.kind == .video else {
            return respond(.notFound, "no such track", echo: .updateVideoTrack(update), to: id)
        }
        tracks[update.trackSid]?.info.width = update.width
        tracks[update.trackSid]?.info.height = update.height
        changed(id, .track)
    }
}

/// What a section that sends says about the track in it.
struct SectionClaim: Sendable, Equatable {
    var mid: String
    var kind: MediaKind
    var clientTrackID: String?

    init(_ mid: String, _ kind: MediaKind, _ clientTrackID: String?) {
        self.mid = mid
        self.kind = kind
        self.clientTrackID = clientTrackID
    }
}

extension SectionPreferences {
    init(_ request: LiveKitAddTrackRequest) {
        self.init(
            codec: request.simulcastCodecs.first.flatMap { Codec(requested: $0.codec) },
            usesRED: !request.disableRed,
            usesDTX: !request.disableDtx && !request.audioFeatures.contains(.tfNoDtx),
            isStereo: request.stereo || request.audioFeatures.contains(.tfStereo))
    }
}
