// What the server API does in a running meeting, and what it refuses.

import Foundation
import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct AdministrationTests {
    private func administer<Answer>(
        _ world: MeetingWorld, _ body: (inout MeetingState) throws(AdministrationError) -> Answer
    ) throws(AdministrationError) -> Answer {
        var result = Result<Answer, AdministrationError>.failure(.noSuchRoom)
        world.run { state in result = Result { () throws(AdministrationError) in try body(&state) } }
        world.advance(.milliseconds(500))
        return try result.get()
    }

    private func mutes(_ client: TestClient) -> [LiveKitMuteTrackRequest] {
        client.messages { if case .mute(let value) = $0 { value } else { nil } }
    }

    @Test func removalEndsMediaAtOnceAndTellsEverybody() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        try administer(world) { state throws(AdministrationError) in try state.remove("alice") }
        #expect(alice.leaves.last?.reason == .participantRemoved && alice.leaves.last?.action == .disconnect)
        #expect(alice.closed?.code == 1000 && bob.names.isEmpty)
        #expect(bob.updates.last?.participants.last?.disconnectReason == .participantRemoved)
        #expect(world.relay.publications.isEmpty && world.relay.transports.count == 1)
        #expect(throws: AdministrationError.noSuchParticipant) {
            try administer(world) { state throws(AdministrationError) in try state.remove("alice") }
        }
    }

    @Test func movingGivesATokenForTheOtherRoomAndEndsTheStay() throws {
        let world = MeetingWorld()
        let alice = world.join("alice") { $0.canPublishData = false }
        let bob = world.join("bob")
        world.advance(.seconds(1))
        try administer(world) { state throws(AdministrationError) in try state.move("alice", to: "other") }
        let token = try #require(world.tokens.last)
        #expect(token.session == alice.session && token.claims.identity == "alice")
        #expect(token.claims.video.room == "other" && token.claims.video.roomJoin == true)
        #expect(token.claims.video.canPublishData == false)
        #expect(alice.leaves.last?.action == .reconnect && alice.closed?.code == CloseCode.goingAway)
        #expect(bob.names.isEmpty)
        world.closeSocket(bob)
        #expect(throws: AdministrationError.unreachable) {
            try administer(world) { state throws(AdministrationError) in try state.move("bob", to: "other") }
        }
        #expect(throws: AdministrationError.identityTaken) {
            try administer(world) { state throws(AdministrationError) in try state.expect("bob") }
        }
    }

    @Test func deletionSendsEverybodyAwayAndEndsTheRoom() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        try administer(world) { $0.delete() }
        for client in [alice, bob] {
            #expect(client.leaves.last?.reason == .roomDeleted && client.leaves.last?.action == .disconnect)
            #expect(!client.isOpen)
        }
        #expect(world.hasEnded && world.relay.isEmpty)
    }

    @Test func mutingStopsTheStreamHereAndTellsTheClient() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        let sid = alice.published[0].track.sid
        let request = LiveKitMuteRoomTrackRequest.with {
            $0.identity = "alice"
            $0.trackSid = sid
            $0.muted = true
        }
        let track = try administer(world) { state throws(AdministrationError) in try state.setMuted(request) }
        #expect(track.muted && track.sid == sid && world.relay.muted.count == 1)
        #expect(mutes(alice).map(\.muted) == [true] && mutes(alice).map(\.sid) == [sid] && mutes(bob).isEmpty)
        #expect(bob.roster[alice.sid]?.tracks.first?.muted == true)
        // The client confirms; its owner may open it again.
        alice.send(.mute(.with { ($0.sid, $0.muted) = (sid, true) }))
        #expect(mutes(alice).count == 1)
        alice.send(.mute(.with { ($0.sid, $0.muted) = (sid, false) }))
        #expect(world.relay.muted.isEmpty)
        // What is in force already is no error, whatever it is.
        var unmute = request
        unmute.muted = false
        #expect(
            try administer(world) { state throws(AdministrationError) in try state.setMuted(unmute) }.muted == false)

        var stranger = request
        stranger.identity = "bob"
        #expect(throws: AdministrationError.noSuchTrack) {
            try administer(world) { state throws(AdministrationError) in try state.setMuted(stranger) }
        }
    }

    @Test(arguments: [false, true])
    func unmutingIsForTheOwnerUnlessConfigured(isAllowed: Bool) throws {
        var configuration = MeetingConfiguration()
        configuration.allowsRemoteUnmute = isAllowed
        let world = MeetingWorld(configuration)
        let alice = world.join("alice")
        alice.addTrack("mic", .audio) { $0.muted = true }
        let request = LiveKitMuteRoomTrackRequest.with {
            $0.identity = "alice"
            $0.trackSid = alice.published[0].track.sid
        }
        let attempt = Result { () throws(AdministrationError) in
            try administer(world) { state throws(AdministrationError) in try state.setMuted(request) }
        }
        switch attempt {
        case .success(let track): #expect(isAllowed && !track.muted && mutes(alice).map(\.muted) == [false])
        case .failure(let error): #expect(!isAllowed && error == .unmuteNotAllowed && mutes(alice).isEmpty)
        }
    }

    @Test func updateChangesWhatItNames() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        world.advance(.seconds(1))
        func update(_ change: (inout LiveKitUpdateParticipantRequest) -> Void) throws(AdministrationError)
            -> LiveKitParticipantInfo
        {
            var request = LiveKitUpdateParticipantRequest.with { $0.identity = "alice" }
            change(&request)
            return try administer(world) { state throws(AdministrationError) in try state.update(request) }
        }
        let info = try update {
            $0.metadata = "m"
            $0.name = "Alice"
            $0.attributes = ["a": "1", "b": "2"]
        }
        #expect(info.metadata == "m" && info.name == "Alice" && info.attributes == ["a": "1", "b": "2"])
        #expect(info.permission.canPublish && bob.roster[alice.sid]?.metadata == "m" && alice.ownInfo.name == "Alice")
        _ = try update {
            $0.attributes = ["a": ""]
            $0.permission = .with { $0.canSubscribe = true }
        }
        let seen = try #require(bob.roster[alice.sid])
        #expect(seen.attributes == ["b": "2"] && seen.name == "Alice" && !seen.permission.canPublish)
        #expect(throws: AdministrationError.tooLong(field: "metadata")) {
            try update { $0.metadata = String(repeating: "x", count: Limits.metadataBytes + 1) }
        }
        #expect(throws: AdministrationError.tooLong(field: "name")) {
            try update { $0.name = String(repeating: "x", count: Limits.nameBytes + 1) }
        }
        #expect(throws: AdministrationError.tooLong(field: "attributes")) {
            try update { $0.attributes = ["c": String(repeating: "x", count: Limits.attributesBytes)] }
        }
        #expect(try update { _ in }.metadata == "m")
    }

    @Test func subscriptionsAreChosenForAParticipant() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        world.join("bob")
        alice.publish("cam", .video)
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        let sids = alice.published.map(\.track.sid)
        func update(_ change: (inout LiveKitUpdateSubscriptionsRequest) -> Void) throws(AdministrationError) {
            var request = LiveKitUpdateSubscriptionsRequest.with { $0.identity = "bob" }
            change(&request)
            try administer(world) { state throws(AdministrationError) in try state.updateSubscriptions(request) }
        }
        try update { $0.trackSids = [sids[0]] }
        #expect(world.relay.subscriptions.count == 1)
        try update {
            $0.participantTracks = [
                .with {
                    $0.participantSid = alice.sid
                    $0.trackSids = [sids[0]]
                }
            ]
            $0.subscribe = true
        }
        #expect(world.relay.subscriptions.count == 2)
        #expect(throws: AdministrationError.noSuchTrack) { try update { $0.trackSids = ["TR_none"] } }
    }

    @Test func dataFromABackEndHasNoSenderAndComesOnce() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        world.advance(.seconds(1))
        func send(_ change: (inout LiveKitSendDataRequest) -> Void) throws(AdministrationError) {
            var request = LiveKitSendDataRequest.with { $0.data = Data("x".utf8) }
            change(&request)
            try administer(world) { state throws(AdministrationError) in try state.sendData(request) }
        }
        for _ in 0..<2 {
            try send {
                $0.topic = "t"
                $0.nonce = Data(repeating: 7, count: 16)
            }
        }
        let packet = try #require(alice.packets.first)
        #expect(alice.packets.count == 1 && bob.packets.count == 1 && packet.channel == "_reliable")
        #expect(packet.packet.participantIdentity.isEmpty && packet.packet.participantSid.isEmpty)
        #expect(packet.packet.user.topic == "t" && packet.packet.user.payload == Data("x".utf8))
        try send {
            $0.kind = .lossy
            $0.destinationIdentities = ["bob"]
        }
        try send { $0.destinationSids = [bob.sid] }
        #expect(alice.packets.count == 1 && bob.packets.map(\.channel) == ["_reliable", "_lossy", "_reliable"])
        #expect(bob.packets.last?.packet.user.hasTopic == false)
        #expect(throws: AdministrationError.tooLong(field: "data")) {
            try send { $0.data = Data(count: Limits.dataPacketBytes) }
        }
        #expect(throws: AdministrationError.tooLong(field: "nonce")) { try send { $0.nonce = Data(count: 65) } }
        // Nobody of that name is here, which is no error.
        try send { $0.destinationIdentities = ["nobody"] }
        #expect(alice.packets.count == 1 && bob.packets.count == 3)
    }

    @Test func roomMetadataIsToldAtOnce() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        func told() -> [String] {
            alice.messages { if case .roomUpdate(let value) = $0 { value.room.metadata } else { nil } }
        }
        world.advance(.seconds(1))
        for metadata in ["one", "two", ""] {
            try administer(world) { state throws(AdministrationError) in try state.setMetadata(metadata) }
            #expect(told().last == metadata)
        }
        #expect(throws: AdministrationError.tooLong(field: "metadata")) {
            try administer(world) { state throws(AdministrationError) in
                try state.setMetadata(String(repeating: "x", count: Limits.metadataBytes + 1))
            }
        }
    }

    @Test func hiddenParticipantsAreListedToTheAdministrator() throws {
        let world = MeetingWorld()
        world.join("alice")
        world.join("ghost") { $0.hidden = true }
        #expect(try administer(world) { $0.everybody }.map(\.identity) == ["alice", "ghost"])
        #expect(
            try administer(world) { state throws(AdministrationError) in try state.info(of: "ghost") }.permission.hidden
        )
    }
}
