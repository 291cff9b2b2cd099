// Who receives what, and the negotiation that brings it about.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct SubscribingTests {
    private func subscribe(_ client: TestClient, _ sids: [String], _ subscribe: Bool) {
        client.send(
            .subscription(
                .with {
                    $0.trackSids = sids
                    $0.subscribe = subscribe
                }))
    }

    @Test(arguments: Version.allCases) func newcomersGetWhatIsThere(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let bob = world.join("bob")
        #expect(bob.roster[alice.sid]?.tracks.count == 2)
        world.advance(.seconds(1))
        // v0: one round for both, after a first one that made the connection. v1: none, the first answer had them.
        #expect(bob.rounds == (version == .v0 ? 2 : 0) && bob.midToTrackID.count == 2)
        #expect(world.relay.subscriptions.count == 2)
    }

    @Test(arguments: Version.allCases) func manualSubscription(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob", autoSubscribe: false)
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        let sid = alice.published[0].track.sid
        #expect(world.relay.subscriptions.isEmpty)
        subscribe(bob, [sid], true)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 1)
        subscribe(bob, [sid], false)
        #expect(world.relay.subscriptions.isEmpty)
        world.advance(.seconds(1))
        #expect(bob.midToTrackID.isEmpty)
        bob.send(
            .subscription(
                .with {
                    $0.participantTracks = [.with { $0.trackSids = [sid] }]
                    $0.subscribe = true
                }))
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 1)
    }

    @Test(arguments: Version.allCases) func unsubscribedStaysUnsubscribed(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        subscribe(bob, [alice.published[0].track.sid], false)
        alice.publish("screen", .video, source: .screenShare)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.count == 2)
    }

    @Test(arguments: Version.allCases) func unknownTrack(_ version: Version) {
        let world = MeetingWorld(version: version)
        let bob = world.join("bob")
        subscribe(bob, ["TR_nobody"], true)
        subscribe(bob, ["TR_nobody"], false)
        #expect(bob.subscriptionErrors == [.seTrackNotfound])
    }

    @Test func oneOfferInFlight() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        world.isAutomatic = false
        bob.forgetInbox()
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        alice.publish("screen", .video, source: .screenShare)
        world.advance(.seconds(1))
        #expect(bob.offersReceived.count == 1)
        let first = try #require(bob.offersReceived.last)
        // An answer to an older offer is not one to this.
        bob.answer(first, id: first.id - 1)
        #expect(world.relay.subscriptions.count == 1)
        // One SDK answers everything with 0.
        bob.answer(first, id: 0)
        #expect(world.relay.subscriptions.count == 2)
        world.advance(.milliseconds(50))
        let second = try #require(bob.offersReceived.last)
        #expect(second.id == first.id + 1 && second.midToTrackID.count == 3)
        bob.answer(second)
        #expect(world.relay.subscriptions.count == 3)
        // An answer to nothing is skipped.
        bob.answer(second)
        #expect(bob.isOpen)
    }

    @Test(arguments: Version.allCases) func changesOfOneMomentAreOneRound(_ version: Version) {
        let world = MeetingWorld(version: version)
        let bob = world.join("bob")
        let alice = world.join("alice")
        world.advance(.seconds(1))
        let before = bob.rounds
        for index in 0..<10 { alice.publish("t\(index)", .audio) }
        world.advance(.seconds(1))
        #expect(bob.rounds - before <= 2)
        #expect(world.relay.subscriptions.count == 10)
    }

    @Test func unansweredOfferEndsTheSession() {
        let world = MeetingWorld()
        let bob = world.join("bob", autoSubscribe: false)
        world.isAutomatic = false
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        world.advance(.seconds(14))
        #expect(alice.isOpen)
        world.advance(.seconds(3))
        #expect(!alice.isOpen && alice.leaves.last?.action == .reconnect && alice.closed?.code != 1000)
        #expect(bob.isOpen)
    }

    @Test(arguments: Version.allCases) func codecThatTheClientRefuses(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        bob.refusedKind = .video
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        #expect(bob.subscriptionErrors == [.seCodecUnsupported])
        #expect(world.relay.subscriptions.isEmpty && bob.isOpen)
        // It is not tried again by itself, and other tracks are not harmed.
        alice.publish("mic", .audio)
        world.advance(.seconds(2))
        #expect(world.relay.subscriptions.count == 1)
    }

    @Test(arguments: Version.allCases) func unsupportedByTheWorker(_ version: Version) throws {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let subscription = try #require(world.relay.subscriptions.keys.first)
        world.report(.subscriptionUnsupported(subscription))
        #expect(bob.subscriptionErrors == [.seCodecUnsupported] && world.relay.subscriptions.isEmpty)
    }

    @Test(arguments: Version.allCases) func tilesThatAreNotShown(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("cam", .video)
        world.advance(.seconds(1))
        let sid = alice.published[0].track.sid
        func set(disabled: Bool) {
            bob.send(
                .trackSetting(
                    .with {
                        $0.trackSids = [sid, "TR_none"]
                        $0.disabled = disabled
                    }))
        }
        set(disabled: true)
        #expect(world.relay.paused.count == 1)
        let before = world.relay.keyframeRequests
        set(disabled: false)
        #expect(world.relay.paused.isEmpty && world.relay.keyframeRequests == before + 1)
        // Before it is open, it is remembered.
        subscribe(bob, [sid], false)
        set(disabled: true)
        subscribe(bob, [sid], true)
        world.advance(.seconds(1))
        #expect(world.relay.paused.count == 1)
    }

    /// 299 sections in every description would be the end of a browser: 50 of a kind come by themselves.
    @Test(arguments: Version.allCases) func automaticSubscriptionsAreLimited(_ version: Version) throws {
        var configuration = MeetingConfiguration()
        configuration.autoSubscribedAudio = 3
        configuration.autoSubscribedVideo = 2
        let world = MeetingWorld(configuration, version: version)
        let bob = world.join("bob")
        let speakers = (0..<6).map { index in
            let client = world.join("p\(index)", autoSubscribe: false)
            client.publish("mic", .audio)
            client.publish("cam", .video)
            return client
        }
        world.advance(.seconds(2))
        func kinds() -> (Int, Int) {
            let all = world.relay.subscriptions.values
            return (all.count { $0.retransmissionSSRC == nil }, all.count { $0.retransmissionSSRC != nil })
        }
        #expect(kinds() == (3, 2))
        #expect(bob.roster.values.allSatisfy { $0.tracks.count == 2 })
        // One more may be asked for.
        subscribe(bob, [speakers[5].published[0].track.sid], true)
        world.advance(.seconds(1))
        #expect(kinds() == (4, 2))
        // Whose place becomes free is given to the next.
        speakers[0].leave()
        world.advance(.seconds(1))
        #expect(kinds() == (4, 2))
    }

    @Test(arguments: Version.allCases) func sendersAreNotSubscribedToThemselves(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        subscribe(alice, [alice.published[0].track.sid], true)
        world.advance(.seconds(1))
        #expect(world.relay.subscriptions.isEmpty && alice.rounds == (version == .v0 ? 1 : 0))
    }
}
