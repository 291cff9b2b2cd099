// livekit.RoomService: what back ends ask about meetings and the people in them (livekit-wire.md, 6.2). Here are the
// rights of the caller and the shape of requests; what happens in a meeting is MeetingState+Administration.

import LiveKitProtocol
import SwiftProtobuf

struct RoomService: Sendable {
    let directory: MeetingDirectory

    var methods: [String: TwirpMethod] {
        [
            "CreateRoom": TwirpMethod({ $0.roomCreate == true }, createRoom),
            "ListRooms": TwirpMethod({ $0.roomList == true }, listRooms),
            "DeleteRoom": TwirpMethod({ $0.roomCreate == true }, deleteRoom),
            "UpdateRoomMetadata": TwirpMethod(Self.isAdmin, updateRoomMetadata),
            "ListParticipants": TwirpMethod(Self.isAdmin, listParticipants),
            "GetParticipant": TwirpMethod(Self.isAdmin, getParticipant),
            "RemoveParticipant": TwirpMethod(Self.isAdmin, removeParticipant),
            "UpdateParticipant": TwirpMethod(Self.isAdmin, updateParticipant),
            "MutePublishedTrack": TwirpMethod(Self.isAdmin, mutePublishedTrack),
            "UpdateSubscriptions": TwirpMethod(Self.isAdmin, updateSubscriptions),
            "SendData": TwirpMethod(Self.isAdmin, sendData),
            "MoveParticipant": TwirpMethod(Self.isAdmin, moveParticipant),
            "ForwardParticipant": TwirpMethod(Self.isAdmin, forwardParticipant),
            "PerformRpc": TwirpMethod(Self.isAdmin, performRpc),
        ]
    }

    /// Of which meeting is asked when the request is read.
    @Sendable private static func isAdmin(_ grant: VideoGrant) -> Bool { grant.roomAdmin == true }

    /// Does something in a running meeting, in the name of its administrator.
    private func administer<Answer: Sendable>(
        _ room: String, _ caller: TwirpCaller,
        _ body: @Sendable (inout MeetingState) throws(AdministrationError) -> Answer
    ) async throws(TwirpError) -> Answer {
        try caller.administers(room)
        do throws(AdministrationError) {
            return try await directory.administer(room, body)
        } catch {
            throw TwirpError(error)
        }
    }

    // MARK: Rooms

    @Sendable private func createRoom(
        _ request: LiveKitCreateRoomRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitRoom {
        guard !request.name.isEmpty else { throw TwirpError(.invalidArgument, "name is missing") }
        guard request.name.utf8.count <= Limits.nameBytes else { throw TwirpError(.tooLong(field: "name")) }
        guard request.metadata.utf8.count <= Limits.metadataBytes else {
            throw TwirpError(.tooLong(field: "metadata"))
        }
        var wishes = RoomConfiguration()
        wishes.maxParticipants = request.maxParticipants
        wishes.emptyTimeout = request.emptyTimeout
        wishes.departureTimeout = request.departureTimeout
        wishes.metadata = request.metadata
        do throws(AdministrationError) {
            return try await directory.open(request.name, with: wishes)
        } catch {
            throw TwirpError(error)
        }
    }

    @Sendable private func listRooms(
        _ request: LiveKitListRoomsRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitListRoomsResponse {
        let rooms = await directory.rooms(named: request.names)
        return .with { $0.rooms = rooms }
    }

    @Sendable private func deleteRoom(
        _ request: LiveKitDeleteRoomRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitDeleteRoomResponse {
        do throws(AdministrationError) {
            try await directory.administer(request.room) { $0.delete() }
        } catch {
            throw TwirpError(error)
        }
        return LiveKitDeleteRoomResponse()
    }

    @Sendable private func updateRoomMetadata(
        _ request: LiveKitUpdateRoomMetadataRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitRoom {
        try await administer(request.room, caller) { state throws(AdministrationError) in
            try state.setMetadata(request.metadata)
            return state.room
        }
    }

    // MARK: Participants

    @Sendable private func listParticipants(
        _ request: LiveKitListParticipantsRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitListParticipantsResponse {
        let participants = try await administer(request.room, caller) { $0.everybody }
        return .with { $0.participants = participants }
    }

    @Sendable private func getParticipant(
        _ request: LiveKitRoomParticipantIdentity, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitParticipantInfo {
        try await administer(request.room, caller) { state throws(AdministrationError) in
            try state.info(of: request.identity)
        }
    }

    /// Also ends the token of somebody who is not there, or not any more.
    @Sendable private func removeParticipant(
        _ request: LiveKitRoomParticipantIdentity, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitRemoveParticipantResponse {
        try caller.administers(request.room)
        let moment = request.revokeTokenTs > 0 ? request.revokeTokenTs : nil
        await directory.revoke(identity: request.identity, meeting: request.room, notAfter: moment)
        try await administer(request.room, caller) { state throws(AdministrationError) in
            try state.remove(request.identity)
        }
        return LiveKitRemoveParticipantResponse()
    }

    @Sendable private func updateParticipant(
        _ request: LiveKitUpdateParticipantRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitParticipantInfo {
        try await administer(request.room, caller) { state throws(AdministrationError) in try state.update(request) }
    }

    @Sendable private func mutePublishedTrack(
        _ request: LiveKitMuteRoomTrackRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitMuteRoomTrackResponse {
        let track = try await administer(request.room, caller) { state throws(AdministrationError) in
            try state.setMuted(request)
        }
        return .with { $0.track = track }
    }

    @Sendable private func updateSubscriptions(
        _ request: LiveKitUpdateSubscriptionsRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitUpdateSubscriptionsResponse {
        try await administer(request.room, caller) { state throws(AdministrationError) in
            try state.updateSubscriptions(request)
        }
        return LiveKitUpdateSubscriptionsResponse()
    }

    @Sendable private func sendData(
        _ request: LiveKitSendDataRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitSendDataResponse {
        try await administer(request.room, caller) { state throws(AdministrationError) in try state.sendData(request) }
        return LiveKitSendDataResponse()
    }

    @Sendable private func moveParticipant(
        _ request: LiveKitMoveParticipantRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitMoveParticipantResponse {
        try caller.administers(request.room, andReaches: request.destinationRoom)
        do throws(AdministrationError) {
            try await directory.move(request.identity, from: request.room, to: request.destinationRoom)
        } catch {
            throw TwirpError(error)
        }
        return LiveKitMoveParticipantResponse()
    }

    @Sendable private func forwardParticipant(
        _ request: LiveKitForwardParticipantRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitForwardParticipantResponse {
        try caller.administers(request.room, andReaches: request.destinationRoom)
        do throws(AdministrationError) {
            try await directory.forward(request.identity, from: request.room, to: request.destinationRoom)
        } catch {
            throw TwirpError(error)
        }
        return LiveKitForwardParticipantResponse()
    }

    @Sendable private func performRpc(
        _ request: LiveKitPerformRpcRequest, _ caller: TwirpCaller
    ) async throws(TwirpError) -> LiveKitPerformRpcResponse {
        try caller.administers(request.room)
        guard !request.method.isEmpty else { throw TwirpError(.invalidArgument, "method is missing") }
        let outcome: RemoteCallOutcome
        do throws(AdministrationError) {
            outcome = try await directory.call(request)
        } catch {
            throw TwirpError(error)
        }
        let payload = try outcome.payload()
        return .with { $0.payload = payload }
    }
}
