// What only protocol v1 has: one connection, on which only the client offers. Everything that both protocols do is tested
// with both, in the files beside this one.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct SinglePeerConnectionTests {
    private func publishers(_ count: Int, in world: MeetingWorld) -> [TestClient] {
        (0..<count).map { index in
            let client = world.join("p\(index)", autoSubscribe: false)
            client.publish("mic", .audio)
            return client
        }
    }

    private func counts(_ client: TestClient) -> [[UInt32]] {
        client.requirements.map { [$0.numAudios, $0.numVideos] }
    }

    @Test func whatTheJoinRequestBringsIsAnsweredAtOnceAndInOrder() throws {
        let world = MeetingWorld(version: .v1)
        world.isAutomatic = false
        let alice = world.join("alice", publishing: ["mic", "second"])
        guard case .join? = alice.inbox[0].message, case .trackPublished(let first)? = alice.inbox[1].message,
            case .trackPublished? = alice.inbox[2].message, case .answer(let answer)? = alice.inbox[3].message
        else {
            Issue.record("not in order")
            return
        }
        #expect(alice.inbox.count == 4 && first.cid == "mic" && answer.id == 1 && answer.midToTrackID.isEmpty)
        #expect(answer.sdp.contains("127.0.0.1 7882 typ host") && answer.sdp.contains("a=ice-lite"))
        #expect(world.relay.transports.count == 1 && world.relay.publications.count == 2)
        let bob = world.join("bob")
        world.advance(.seconds(1))
        #expect(bob.roster[alice.sid]?.tracks.map(\.name) == ["mic", "second"])
    }

    @Test func theFirstAnswerCarriesWhatIsThere() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice", publishing: ["mic", "second"])
        alice.send(
            .subscriptionPermission(
                .with {
                    $0.trackPermissions = [
                        .with {
                            $0.participantIdentity = "bob"
                            $0.trackSids = [alice.published[0].track.sid]
                        }
                    ]
                }))
        world.advance(.seconds(1))
        world.isAutomatic = false
        let bob = world.join("bob")
        guard case .answer(let answer)? = bob.inbox.last?.message, bob.inbox.count == 2 else {
            Issue.record("not answered first of all")
            return
        }
        #expect(Array(answer.midToTrackID.values) == [alice.published[0].track.sid])
        let quiet = world.join("quiet", autoSubscribe: false)
        #expect(quiet.midToTrackID.isEmpty)
        // What it may not have, it is told when it is connected.
        if let transport = world.primaryTransport(of: bob) {
            world.report(.transport(transport, .connected(.aeadAES128GCM)))
        }
        let refused = bob.messages {
            if case .subscriptionPermissionUpdate(let value) = $0 { value.trackSid } else { nil }
        }
        #expect(refused == [alice.published[1].track.sid] && bob.requirements.isEmpty)
    }

    @Test func aHiddenParticipantHearsTheAnswerFirstToo() {
        let world = MeetingWorld(version: .v1)
        let ghost = world.join("ghost", publishing: ["mic"]) { $0.hidden = true }
        guard case .trackPublished? = ghost.inbox[1].message, case .answer? = ghost.inbox[2].message else {
            Issue.record("not in order")
            return
        }
    }

    /// One browser sends its first offer only after Join.
    @Test func theFirstOfferMayComeLater() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice", publishing: ["mic"])
        let bob = world.join("bob", embedsOffer: false)
        world.advance(.seconds(1))
        #expect(bob.ownInfo.state == .active && bob.midToTrackID.count == 1)
        #expect(alice.roster[bob.sid]?.state == .active && world.relay.subscriptions.count == 1)
    }

    @Test func nothingIsAskedOfAClientThatIsNotConnected() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        world.isAutomatic = false
        let bob = world.join("bob")
        alice.publish("cam", .video)
        world.advance(.seconds(5))
        #expect(bob.requirements.isEmpty)
        world.isAutomatic = true
        if let transport = world.primaryTransport(of: bob) {
            world.report(.transport(transport, .connected(.aeadAES128GCM)))
        }
        world.advance(.seconds(1))
        #expect(counts(bob) == [[0, 0]] && bob.midToTrackID.count == 2)
    }

    @Test func asManySectionsAreAskedForAsAreMissing() {
        let world = MeetingWorld(version: .v1)
        let others = publishers(5, in: world)
        others[0].publish("cam", .video)
        world.advance(.seconds(2))
        let bob = world.join("bob")
        world.advance(.seconds(1))
        #expect(counts(bob) == [[2, 0]])
        #expect(world.relay.subscriptions.count == 6 && bob.midToTrackID.count == 6)
        // Only an offer can tell the client of an end.
        others[1].unpublish("mic")
        world.advance(.seconds(1))
        #expect(counts(bob) == [[2, 0], [0, 0]] && bob.midToTrackID.count == 5)
        // The section is free again.
        others[2].publish("other", .audio)
        world.advance(.seconds(1))
        #expect(counts(bob).last == [0, 0] && bob.midToTrackID.count == 6)
    }

    /// The client's own offer carries what waits, and spares it a round.
    @Test func anyOfferIsAnsweredWithWhatIsNew() {
        let world = MeetingWorld(version: .v1)
        let bob = world.join("bob")
        let alice = world.join("alice", autoSubscribe: false)
        world.advance(.seconds(1))
        alice.publish("mic", .audio)
        // Announced; the changes are being collected.
        world.advance(.milliseconds(1))
        #expect(bob.roster[alice.sid]?.tracks.count == 1)
        bob.publish("cam", .video)
        #expect(bob.midToTrackID.count == 1 && world.relay.subscriptions.count == 1)
        world.advance(.seconds(1))
        #expect(bob.requirements.isEmpty)
    }

    @Test func oneRequestAtATimeAndOffersThatCrossIt() throws {
        let world = MeetingWorld(version: .v1)
        let bob = world.join("bob")
        world.advance(.seconds(1))
        world.isAutomatic = false
        let others = publishers(5, in: world)
        world.advance(.seconds(1))
        let first = try #require(bob.requirements.last)
        #expect(counts(bob) == [[2, 0]])
        // Sent before the request arrived: takes what fits, and the request still stands.
        bob.publish("cam", .video)
        #expect(world.relay.subscriptions.count == 3)
        others[0].publish("second", .audio)
        world.advance(.seconds(1))
        #expect(bob.requirements.count == 1)
        bob.fulfil(first)
        #expect(world.relay.subscriptions.count == 5)
        world.advance(.seconds(1))
        #expect(counts(bob) == [[2, 0], [1, 0]])
        bob.fulfil(try #require(bob.requirements.last))
        #expect(world.relay.subscriptions.count == 6 && bob.midToTrackID.count == 6)
    }

    @Test func aClientThatAddsNoSectionsIsNotAskedForEver() {
        let world = MeetingWorld(version: .v1)
        let bob = world.join("bob")
        world.advance(.seconds(1))
        world.isAutomatic = false
        let others = publishers(4, in: world)
        world.advance(.seconds(1))
        bob.sendOffer()
        bob.sendOffer()
        world.advance(.seconds(20))
        #expect(bob.requirements.count == 1 && bob.isOpen && world.relay.subscriptions.count == 3)
        // What comes free is used.
        others[0].unpublish("mic")
        world.advance(.seconds(1))
        #expect(counts(bob).last == [1, 0])
        bob.sendOffer()
        bob.sendOffer()
        #expect(world.relay.subscriptions.count == 3 && bob.midToTrackID.count == 3)
    }

    @Test func anUnansweredRequestEndsTheSession() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice")
        let bob = world.join("bob")
        world.advance(.seconds(1))
        world.isAutomatic = false
        alice.publish("mic", .audio)
        world.advance(.seconds(14))
        #expect(bob.isOpen)
        world.advance(.seconds(3))
        #expect(!bob.isOpen && bob.leaves.last?.action == .reconnect && bob.closed?.code != 1000)
        #expect(alice.isOpen)
    }

    @Test func whoMayNotSubscribeIsAskedNothing() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice", publishing: ["mic"])
        let bob = world.join("bob", publishing: ["mic"]) { $0.canSubscribe = false }
        world.advance(.seconds(1))
        #expect(bob.ownInfo.state == .active && bob.requirements.isEmpty && alice.midToTrackID.count == 1)
        #expect(world.relay.subscriptions.count == 1)
    }

    @Test func bothProtocolsInOneMeeting() {
        let world = MeetingWorld()
        let clients = (0..<4).map { world.join("p\($0)", version: $0 % 2 == 0 ? .v0 : .v1) }
        for client in clients {
            client.publish("mic", .audio)
            client.publish("cam", .video)
        }
        world.advance(.seconds(2))
        #expect(world.relay.subscriptions.count == 4 * 3 * 2)
        #expect(clients.allSatisfy { $0.midToTrackID.count == 6 })
        for client in clients { client.leave() }
        #expect(world.relay.isEmpty)
    }

    /// A client may close a section for a while, or take it to send.
    @Test func aSectionThatTheClientClosesIsSilentUntilItOpens() {
        let world = MeetingWorld(version: .v1)
        let alice = world.join("alice", publishing: ["mic"])
        let bob = world.join("bob")
        world.advance(.seconds(1))
        #expect(bob.midToTrackID.count == 1)
        bob.setReceiving(false, 0)
        #expect(bob.midToTrackID.isEmpty && bob.isOpen)
        bob.setReceiving(true, 0)
        #expect(bob.midToTrackID.values.sorted() == alice.published.map(\.track.sid))
    }
}
