// Rights that change while somebody is here, and rooms with values of their own.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct RightsTests {
    private func change(
        _ world: MeetingWorld, _ client: TestClient, _ body: (inout LiveKitParticipantPermission) -> Void
    ) throws {
        let id = try #require(world.state.identities[client.identity])
        var permission = try #require(world.state.participants[id]).rights.permission
        body(&permission)
        world.run { $0.setRights(Rights(permission), of: id) }
        world.advance(.seconds(1))
    }

    private func unpublished(_ client: TestClient) -> [String] {
        client.messages { if case .trackUnpublished(let value) = $0 { value.trackSid } else { nil } }
    }

    private func allowed(_ client: TestClient) -> [Bool] {
        client.messages { if case .subscriptionPermissionUpdate(let value) = $0 { value.allowed } else { nil } }
    }

    @Test(arguments: Version.allCases) func losingTheRightToPublishEndsEveryTrack(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        alice.publish("mic", .audio)
        alice.addTrack("later", .audio)
        world.advance(.seconds(1))
        let sids = alice.published.map(\.track.sid)
        try change(world, alice) { $0.canPublish = false }
        #expect(unpublished(alice) == sids)
        #expect(alice.ownInfo.permission.canPublish == false && alice.ownInfo.tracks.isEmpty)
        #expect(bob.roster[alice.sid]?.tracks.isEmpty == true && world.relay.publications.isEmpty)
        // Its sections still send; nothing comes of it.
        alice.sendOffer()
        alice.addTrack("again", .audio)
        #expect(alice.responses.last?.reason == .notAllowed && world.relay.publications.isEmpty)

        try change(world, alice) { $0.canPublish = true }
        alice.publish("again", .audio)
        world.advance(.seconds(1))
        #expect(bob.roster[alice.sid]?.tracks.map(\.name) == ["again"])
    }

    @Test(arguments: Version.allCases) func losingOneSourceEndsItsTracksOnly(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        try change(world, alice) { $0.canPublishSources = [.microphone] }
        #expect(bob.roster[alice.sid]?.tracks.map(\.name) == ["mic"])
        #expect(unpublished(alice) == [alice.published[0].track.sid])
    }

    @Test(arguments: Version.allCases) func subscriptionsEndAndComeBackWithTheRight(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 1)
        try change(world, bob) { $0.canSubscribe = false }
        #expect(world.relay.subscriptions.isEmpty && allowed(bob) == [false])
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        bob.send(
            .subscription(
                .with {
                    $0.trackSids = [alice.published[1].track.sid]
                    $0.subscribe = true
                }))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.isEmpty)
        // Data still comes to it.
        alice.sendText("hello")
        #expect(bob.payloads == ["hello"])
        try change(world, bob) { $0.canSubscribe = true }
        #expect(world.relay.subscriptions.count == 2 && allowed(bob).suffix(2) == [true, true])
    }

    @Test(arguments: Version.allCases) func whoJoinedWithoutTheRightToSubscribeMayGetIt(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob") { $0.canSubscribe = false }
        if version == .v0 { bob.sendOffer() }
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.isEmpty && bob.offersReceived.isEmpty)
        try change(world, bob) { $0.canSubscribe = true }
        #expect(world.relay.subscriptions.count == 1 && bob.isOpen)
        #expect(bob.ownInfo.permission.canSubscribe && bob.ownInfo.state == .active)
    }

    @Test func dataFollowsItsRight() throws {
        let world = MeetingWorld()
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        world.advance(.seconds(1))
        try change(world, alice) { $0.canPublishData = false }
        alice.sendText("no")
        try change(world, alice) { $0.canPublishData = true }
        alice.sendText("yes")
        #expect(bob.payloads == ["yes"])
    }

    @Test(arguments: Version.allCases) func hidingIsLeavingForEverybodyElse(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 1)
        try change(world, alice) { $0.hidden = true }
        #expect(bob.names.isEmpty && world.relay.subscriptions.isEmpty)
        #expect(alice.ownInfo.permission.hidden && alice.isOpen)
        #expect(world.state.room.numParticipants == 1)
        // Who comes now does not see it either.
        let carol = world.join("carol")
        world.advance(.seconds(1))
        #expect(carol.names == ["bob"])

        try change(world, alice) { $0.hidden = false }
        #expect(bob.names == ["alice", "carol"] && carol.names == ["alice", "bob"])
        #expect(world.relay.subscriptions.count == 2)
        alice.leave()
        world.advance(.seconds(1))
        #expect(bob.names == ["carol"])
    }

    @Test(arguments: Version.allCases) func hidingAndComingBackWithinOneUpdateIsToldInOrder(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let (alice, bob) = (world.join("alice"), world.join("bob"))
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let id = try #require(world.state.identities["alice"])
        let rights = try #require(world.state.participants[id]).rights
        var hidden = rights
        hidden.isHidden = true
        world.run {
            $0.setRights(hidden, of: id)
            $0.setRights(rights, of: id)
        }
        world.advance(.seconds(1))
        #expect(bob.names == ["alice"] && world.relay.subscriptions.count == 1)
    }

    @Test func nothingIsSaidWhenNothingChanges() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        world.advance(.seconds(1))
        let before = world.messagesSent
        try change(world, alice) { _ in }
        #expect(world.messagesSent == before)
    }

    @Test func kindAndItsDetailsComeFromTheToken() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        world.join(
            "bot",
            claims: {
                $0.kind = "agent"
                $0.kindDetails = ["cloud_agent", "FORWARDED", "unheard of"]
            })
        world.advance(.seconds(1))
        let bot = alice.roster.values.first
        #expect(bot?.kind == .agent && bot?.kindDetails == [.cloudAgent, .forwarded])
    }

    @Test func aRoomMayHaveItsOwnLimits() {
        var wishes = RoomConfiguration()
        wishes.maxParticipants = 2
        wishes.emptyTimeout = 7
        wishes.departureTimeout = .max
        wishes.metadata = "m"
        let settings = RoomSettings(MeetingConfiguration(), wishes)
        #expect(settings.maximumParticipants == 2 && settings.emptyTimeout == .seconds(7) && settings.metadata == "m")
        #expect(settings.departureTimeout == .seconds(86_400))
        wishes.maxParticipants = 0
        wishes.emptyTimeout = nil
        #expect(RoomSettings(MeetingConfiguration(), wishes).maximumParticipants == 300)
        #expect(RoomSettings(MeetingConfiguration(), wishes).emptyTimeout == .seconds(300))

        let world = MeetingWorld()
        world.run { $0.settings = settings }
        let alice = world.join("alice")
        #expect(alice.join.room.maxParticipants == 2 && alice.join.room.metadata == "m")
        #expect(alice.join.room.emptyTimeout == 7)
        let newcomer = Newcomer(
            claims: .join(meeting: "m", identity: "x"), settings: JoinSettings(), client: LiveKitClientInfo())
        #expect(world.state.refusal(for: newcomer) == nil)
        world.join("bob")
        #expect(world.state.refusal(for: newcomer) == .meetingFull)
    }
}
