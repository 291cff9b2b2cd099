// What the server API may ask of a running meeting. A back end speaks here with the authority of the API key, so nobody's
// rights are asked; limits hold as for everybody else.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

/// Why a meeting does not do what the server API asks.
enum AdministrationError: Error, Sendable, Equatable {
    case shuttingDown
    case noSuchRoom
    case noSuchParticipant
    case noSuchTrack
    /// The field's name in the request.
    case tooLong(field: String)
    /// A microphone is opened by its owner, unless the operator decided otherwise.
    case unmuteNotAllowed
    /// Of methods at participants, unanswered.
    case tooManyCalls
    /// A participant that another room forwards is changed there.
    case guest
    case identityTaken
    case roomFull
    case tooManyForwards
    /// It has no socket at the moment, so nothing can be said to it.
    case unreachable
}

extension Departure {
    static let removed = Departure(
        reason: .participantRemoved, action: .disconnect, closeCode: CloseCode.normal, word: "participant-removed")
    static let moved = Departure(
        reason: .migration, action: .reconnect, closeCode: CloseCode.goingAway, word: "moved")
    static let roomDeleted = Departure(
        reason: .roomDeleted, action: .disconnect, closeCode: CloseCode.normal, word: "room-deleted")
}

extension MeetingState {
    private func participant(_ identity: String) throws(AdministrationError) -> ParticipantID {
        guard let id = identities[identity] else { throw .noSuchParticipant }
        return id
    }

    /// One whose own meeting this is.
    private func inhabitant(_ identity: String) throws(AdministrationError) -> ParticipantID {
        let id = try participant(identity)
        guard participants[id]?.origin == nil else { throw .guest }
        return id
    }

    // MARK: The room

    mutating func setMetadata(_ metadata: String) throws(AdministrationError) {
        guard metadata.utf8.count <= Limits.metadataBytes else { throw .tooLong(field: "metadata") }
        settings.metadata = metadata
        roomChanged(now: true)
    }

    mutating func delete() {
        disperse(.roomDeleted)
    }

    // MARK: Participants

    /// Hidden ones included.
    var everybody: [LiveKitParticipantInfo] { roster.compactMap { info(of: $0) } }

    func info(of identity: String) throws(AdministrationError) -> LiveKitParticipantInfo {
        guard let info = info(of: try participant(identity)) else { throw .noSuchParticipant }
        return info
    }

    mutating func remove(_ identity: String) throws(AdministrationError) {
        remove(try participant(identity), .removed)
    }

    /// SDKs that start anew do it with the newest token they were given: this one is for another meeting. They publish
    /// there what they published here.
    mutating func move(_ identity: String, to meeting: String) throws(AdministrationError) {
        let id = try inhabitant(identity)
        guard let participant = participants[id], let session = participant.session, let terms = participant.terms
        else { throw .unreachable }
        var claims = claims(of: participant)
        claims.video.room = meeting
        claims.roomConfiguration = nil
        emit(.refreshToken(claims, terms, to: session))
        remove(id, .moved)
    }

    /// Whether somebody who is moved here will get in.
    func expect(_ identity: String) throws(AdministrationError) {
        guard identities[identity] == nil else { throw .identityTaken }
        guard attendance < settings.maximumParticipants else { throw .roomFull }
    }

    mutating func update(_ request: LiveKitUpdateParticipantRequest) throws(AdministrationError)
        -> LiveKitParticipantInfo
    {
        let id = try inhabitant(request.identity)
        let profile = ProfileUpdate(
            metadata: request.metadata, name: request.name, attributes: request.attributes)
        try apply(profile, to: id)
        if request.hasPermission { grant(Rights(request.permission), to: id) }
        return try info(of: request.identity)
    }

    /// A client is told, and its stream is stopped here without waiting for it.
    mutating func setMuted(_ request: LiveKitMuteRoomTrackRequest) throws(AdministrationError) -> LiveKitTrackInfo {
        let id = try inhabitant(request.identity)
        guard let track = trackInfo(request.trackSid, of: id) else { throw .noSuchTrack }
        guard track.muted != request.muted else { return track }
        guard request.muted || configuration.allowsRemoteUnmute else { throw .unmuteNotAllowed }
        let mute = LiveKitMuteTrackRequest.with {
            $0.sid = request.trackSid
            $0.muted = request.muted
        }
        setMuted(mute, by: id)
        send(.mute(mute), to: id)
        guard let changed = trackInfo(request.trackSid, of: id) else { throw .noSuchTrack }
        return changed
    }

    /// Published, or announced and on its way.
    func trackInfo(_ sid: String, of id: ParticipantID) -> LiveKitTrackInfo? {
        if let track = tracks[sid], track.publisher == id { return track.info }
        return participants[id]?.publisher.pending.first { $0.info.sid == sid }?.info
    }

    mutating func updateSubscriptions(_ request: LiveKitUpdateSubscriptionsRequest) throws(AdministrationError) {
        let id = try inhabitant(request.identity)
        let sids = request.trackSids + request.participantTracks.flatMap(\.trackSids)
        guard sids.allSatisfy({ tracks[$0] != nil }) else { throw .noSuchTrack }
        let update = LiveKitUpdateSubscription.with {
            $0.trackSids = sids
            $0.subscribe = request.subscribe
        }
        updateSubscription(update, by: id)
    }

    // MARK: Data

    /// Nobody is its sender. A request that a back end repeats because it saw no answer is known by its nonce.
    mutating func sendData(_ request: LiveKitSendDataRequest) throws(AdministrationError) {
        guard request.nonce.count <= Limits.nonceBytes else { throw .tooLong(field: "nonce") }
        guard request.nonce.isEmpty || !recentNonces.contains(request.nonce) else { return }
        let addressees = DataAddressees(
            identities: Set(request.destinationIdentities), sids: Set(request.destinationSids))
        let channel = DataChannel(request.kind)
        let packet = LiveKitDataPacket.with {
            $0.kind = channel.kind
            $0.destinationIdentities = request.destinationIdentities
            $0.user = .with {
                $0.payload = request.data
                $0.destinationSids = request.destinationSids
                $0.destinationIdentities = request.destinationIdentities
                $0.nonce = request.nonce
                if request.hasTopic { $0.topic = request.topic }
            }
        }
        do {
            try sendData(packet, on: channel, to: addressees)
        } catch {
            throw .tooLong(field: "data")
        }
        guard !request.nonce.isEmpty else { return }
        recentNonces.append(request.nonce)
        if recentNonces.count > Limits.recentNonces { recentNonces.removeFirst() }
    }
}
