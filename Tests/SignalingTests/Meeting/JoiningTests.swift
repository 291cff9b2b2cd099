// Coming, going, and who takes whose place.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct JoiningTests {
    @Test(arguments: Version.allCases) func joinResponseHasEverythingClientsInsistOn(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice") {
            $0.canUpdateOwnMetadata = true
        }
        let join = alice.join
        #expect(
            join.room.sid.hasPrefix("RM_") && join.room.name == "m" && join.room.creationTimeMs == 1_700_000_000_000)
        #expect(join.participant.sid.hasPrefix("PA_") && join.participant.identity == "alice")
        #expect(join.participant.state == .joined && join.participant.name == "ALICE")
        #expect(join.participant.joinedAt == 1_700_000_000 && join.participant.version == 1)
        #expect(join.participant.permission.canPublish && join.participant.permission.canSubscribe)
        #expect(join.participant.permission.canPublishData && join.participant.permission.canUpdateMetadata)
        #expect(join.participant.clientProtocol == 2)
        #expect(join.subscriberPrimary == (version == .v0) && join.fastPublish)
        #expect(join.pingInterval == 5 && join.pingTimeout == 15)
        #expect(join.serverVersion == "1.13.0" && join.serverInfo.version == "1.13.0")
        #expect(join.serverInfo.protocol == 17 && join.serverInfo.edition == .standard)
        #expect(join.enabledPublishCodecs.first?.mime == "video/VP8" && join.enabledPublishCodecs.count == 6)
        #expect(join.sifTrailer.count == 16)
        #expect(join.otherParticipants.isEmpty && !join.hasClientConfiguration)
    }

    /// Clients need the data channels' section to connect when nobody publishes.
    @Test func firstOfferHoldsTheDataSection() throws {
        let world = MeetingWorld()
        world.isAutomatic = false
        let alice = world.join("alice")
        let offer = try #require(alice.offersReceived.first)
        #expect(offer.id == 1 && offer.type == "offer")
        #expect(offer.sdp.contains("m=application") && offer.sdp.contains("a=ice-lite"))
        #expect(!offer.sdp.contains("m=audio") && offer.midToTrackID.isEmpty)
        #expect(offer.sdp.contains("127.0.0.1 7882 typ host"))
    }

    @Test(arguments: Version.allCases) func othersAreListedAndHearOfEachOther(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        #expect(alice.ownInfo.state == .joined || alice.ownInfo.state == .active)
        let bob = world.join("bob")
        #expect(bob.names == ["alice"])
        world.advance(.seconds(1))
        #expect(alice.names == ["bob"])
        #expect(alice.roster[bob.sid]?.state == .active && alice.ownInfo.state == .active)
        bob.leave()
        #expect(bob.closed?.code == 1000)
        world.advance(.seconds(1))
        #expect(alice.names.isEmpty)
        let last = alice.updates.last?.participants.last
        #expect(last?.state == .disconnected && last?.disconnectReason == .clientInitiated)
        #expect(world.notes.last == MeetingNote(kind: .left, participant: bob.sid, reason: "client-initiated"))
    }

    @Test func subscribeForbiddenMakesThePublisherPrimary() {
        let world = MeetingWorld()
        let alice = world.join("alice") { $0.canSubscribe = false }
        #expect(!alice.join.subscriberPrimary && alice.offersReceived.isEmpty)
        #expect(alice.ownInfo.state == .joined)
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        #expect(alice.ownInfo.state == .active)
    }

    @Test(arguments: Version.allCases) func duplicateIdentityTakesThePlaceUnseen(_ version: Version) {
        let world = MeetingWorld(version: version)
        let watcher = world.join("watcher")
        let first = world.join("alice")
        first.publish("mic", .audio)
        world.advance(.seconds(1))
        let second = world.join("alice")
        #expect(first.leaves.last?.reason == .duplicateIdentity && first.leaves.last?.action == .disconnect)
        #expect(!first.isOpen && second.isOpen && second.sid != first.sid)
        // The late close of the old socket touches nobody.
        world.closeSocket(first)
        world.advance(.seconds(20))
        #expect(watcher.names == ["alice"] && watcher.roster[second.sid] != nil)
        #expect(!watcher.updates.flatMap(\.participants).contains { $0.state == .disconnected })
        #expect(world.relay.publications.isEmpty && world.relay.subscriptions.isEmpty)
    }

    @Test func replacementThatNeverConnectsIsStillSaidGoodbyeTo() {
        let world = MeetingWorld()
        let watcher = world.join("watcher")
        world.join("alice")
        world.advance(.seconds(1))
        world.isAutomatic = false
        let second = world.join("alice")
        world.closeSocket(second)
        world.advance(.seconds(1))
        #expect(watcher.names.isEmpty)
    }

    @Test func meetingIsFull() {
        var configuration = MeetingConfiguration()
        configuration.maximumParticipants = 2
        let world = MeetingWorld(configuration)
        world.join("alice")
        let bob = world.join("bob")
        func newcomer(_ identity: String) -> Newcomer {
            Newcomer(claims: .join(meeting: "m", identity: identity), settings: JoinSettings(), client: .init())
        }
        #expect(world.state.refusal(for: newcomer("carol")) == .meetingFull)
        #expect(SignalRefusal.meetingFull == SignalRefusal(status: 503, reason: "meeting full"))
        #expect(world.state.refusal(for: newcomer("bob")) == nil)
        bob.leave()
        #expect(world.state.refusal(for: newcomer("carol")) == nil)
    }

    @Test(arguments: Version.allCases) func hiddenParticipantsSeeAndAreNotSeen(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        let ghost = world.join("ghost") {
            $0.hidden = true
            $0.canUpdateOwnMetadata = true
        }
        let bob = world.join("bob")
        ghost.publish("mic", .audio)
        ghost.send(.updateMetadata(.with { $0.metadata = "boo" }))
        world.advance(.seconds(2))
        #expect(alice.names == ["bob"] && bob.names == ["alice"] && ghost.names == ["alice", "bob"])
        #expect(ghost.ownInfo.metadata == "boo")
        #expect(bob.join.room.numParticipants == 2)
        // Alice's track to ghost and bob, the ghost's to nobody.
        #expect(world.relay.subscriptions.count == 2)
        ghost.leave()
        world.advance(.seconds(2))
        #expect(!alice.updates.flatMap(\.participants).contains { $0.identity == "ghost" })
    }

    @Test(arguments: Version.allCases) func everythingIsReturnedWhenTheLastLeaves(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        bob.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 2 && world.relay.transports.count == (version == .v0 ? 4 : 2))
        alice.leave()
        bob.leave()
        #expect(world.relay.isEmpty)
        world.advance(.seconds(19))
        #expect(!world.hasEnded)
        world.advance(.seconds(3))
        #expect(world.hasEnded)
    }

    @Test func aMeetingThatNobodyEntersEnds() {
        let world = MeetingWorld()
        world.advance(.seconds(299))
        #expect(!world.hasEnded)
        world.advance(.seconds(2))
        #expect(world.hasEnded)
    }

    @Test(arguments: Version.allCases) func shutdownSendsEverybodyAwayToComeBack(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        world.shutDown()
        #expect(alice.leaves.last?.reason == .serverShutdown && alice.leaves.last?.action == .reconnect)
        // Not 1000: on that a browser waits for its ping timeout.
        #expect(alice.closed?.code == 1001)
        #expect(world.hasEnded && world.relay.isEmpty)
    }
}
