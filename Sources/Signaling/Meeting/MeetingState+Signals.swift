// What a client's message means. Each kind goes to the aspect that owns it; the small ones are answered here.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf

extension MeetingState {
    mutating func receive(_ request: LiveKitSignalRequest, from session: SessionID) {
        guard let id = sessions[session] else { return }
        participants[id]?.lastMessageAt = now.uptime
        if participants[id]?.standing.isWaiting == true, !Self.isHeardWhileWaiting(request.message) { return }
        switch request.message {
        case .offer(let offer): receiveOffer(offer, from: id)
        case .answer(let answer): receiveAnswer(answer, from: id)
        case .addTrack(let request): addTrack(request, by: id)
        case .mute(let request): requestMute(request, by: id)
        case .subscription(let update): updateSubscription(update, by: id)
        case .trackSetting(let settings): updateSettings(settings, by: id)
        case .subscriptionPermission(let permission): setAudience(permission, by: id)
        case .updateAudioTrack(let update): updateAudioTrack(update, by: id)
        case .updateVideoTrack(let update): updateVideoTrack(update, by: id)
        case .updateMetadata(let update): updateMetadata(update, by: id)
        case .leave: remove(id, .clientInitiated)
        case .ping: send(.pong(now.unixMilliseconds), to: id)
        case .pingReq(let ping):
            let pong = LiveKitPong.with {
                $0.lastPingTimestamp = ping.timestamp
                $0.timestamp = now.unixMilliseconds
            }
            send(.pongResp(pong), to: id)
        case .publishDataTrackRequest(let request): decline(.publishDataTrack(request), to: id)
        case .unpublishDataTrackRequest(let request): decline(.unpublishDataTrack(request), to: id)
        case .storeDataBlobRequest(let request): decline(nil, requestID: request.requestID, to: id)
        case .getDataBlobRequest(let request): decline(nil, requestID: request.requestID, to: id)
        // Our end is ICE-lite: the client's checks tell its address, and its credentials are in the description.
        case .trickle: break
        case .syncState(let state): synchronize(state, by: id)
        case .simulate(let scenario): simulate(scenario, by: id)
        // Data tracks are not spoken.
        case .updateDataSubscription, .updateLayers: break
        // A message newer than this server.
        case nil: break
        }
    }

    /// Answers a request that is not served, so that the caller fails at once instead of waiting.
    private mutating func decline(
        _ echo: LiveKitRequestResponse.OneOf_Request?, requestID: UInt32 = 0, to id: ParticipantID
    ) {
        respond(.unsupportedType, "not supported", requestID: requestID, echo: echo, to: id)
    }

    mutating func respond(
        _ reason: LiveKitRequestResponse.Reason, _ text: String = "", requestID: UInt32 = 0,
        echo: LiveKitRequestResponse.OneOf_Request?, to id: ParticipantID
    ) {
        let response = LiveKitRequestResponse.with {
            $0.requestID = requestID
            $0.reason = reason
            $0.message = text
            $0.request = echo
        }
        send(.requestResponse(response), to: id)
    }

    // MARK: Metadata

    private mutating func updateMetadata(_ update: LiveKitUpdateParticipantMetadata, by id: ParticipantID) {
        guard let participant = participants[id] else { return }
        // SDKs send what they know of themselves, the server's own attributes among it: no reason to refuse the rest.
        let profile = ProfileUpdate(metadata: update.metadata, name: update.name, attributes: update.attributes)
        var echo = LiveKitUpdateParticipantMetadata()
        echo.requestID = update.requestID
        func answer(_ state: inout Self, _ reason: LiveKitRequestResponse.Reason, _ text: String = "") {
            state.respond(reason, text, requestID: update.requestID, echo: .updateMetadata(echo), to: id)
        }
        guard participant.rights.canUpdateOwnMetadata else {
            return answer(&self, .notAllowed, "not allowed to update own metadata")
        }
        let renames = !update.name.isEmpty && update.name != participant.info.name
        if renames, let governance, !governance.rules.selfRename, !participant.standing.role.isHost {
            return answer(&self, .notAllowed, "not allowed to change one's name in this meeting")
        }
        do {
            try apply(profile, to: id)
        } catch {
            return answer(&self, .limitExceeded, "metadata, name or attributes are too long")
        }
        // Clients build their next request from what they know of themselves: the news must not come after the OK.
        if let info = info(of: id) { send(.update(.with { $0.participants = [info] }), to: id) }
        answer(&self, .ok)
    }

    mutating func apply(_ profile: ProfileUpdate, to id: ParticipantID) throws(AdministrationError) {
        let given = ReservedAttribute.without(profile.attributes)
        let attributes = (participants[id]?.info.attributes ?? [:]).merging(given) { _, new in new }
            .filter { !$0.value.isEmpty }
        guard profile.metadata.utf8.count <= Limits.metadataBytes else { throw .tooLong(field: "metadata") }
        guard profile.name.utf8.count <= Limits.nameBytes else { throw .tooLong(field: "name") }
        guard attributes.reduce(0, { $0 + $1.key.utf8.count + $1.value.utf8.count }) <= Limits.attributesBytes else {
            throw .tooLong(field: "attributes")
        }
        let before = participants[id]?.info
        if !profile.metadata.isEmpty { participants[id]?.info.metadata = profile.metadata }
        if !profile.name.isEmpty { participants[id]?.info.name = profile.name }
        participants[id]?.info.attributes = attributes
        if participants[id]?.info != before { changed(id, .track) }
    }
}

/// What a participant shows of itself. Empty text leaves a value as it is; an attribute with an empty value is deleted
/// (livekit-wire.md, 4.7).
struct ProfileUpdate: Sendable {
    var metadata: String
    var name: String
    var attributes: [String: String]
}
