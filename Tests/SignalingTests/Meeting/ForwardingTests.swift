// One participant in two meetings: what the other meeting shows of it, and how that ends from either side.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct ForwardingTests {
    /// Two meetings on one worker and the way between them.
    final class House {
        let identifiers = IdentifierPool(workers: 1)
        let stage: MeetingWorld
        let hall: MeetingWorld

        init(_ version: Version = .v0) {
            stage = MeetingWorld(version: version, seed: 1, identifiers: identifiers)
            hall = MeetingWorld(version: version, seed: 2, identifiers: identifiers)
        }

        func forward(_ identity: String) throws(AdministrationError) {
            var result = Result<ForwardedParticipant, AdministrationError>.failure(.noSuchRoom)
            stage.run { state in
                result = Result { () throws(AdministrationError) in try state.forward(identity, to: "hall") }
            }
            let snapshot = try result.get()
            var shown = Result<Void, AdministrationError>.success(())
            let known = snapshot.tracks.map(\.publication)
            hall.relay.publicationsElsewhere.formUnion(known)
            hall.run { state in
                shown = Result { () throws(AdministrationError) in try state.show(snapshot, from: "stage") }
            }
            try shown.get()
            settle()
        }

        /// Carries what the meetings tell each other; in any order, for nobody promises one.
        func settle(reversed: Bool = false) {
            stage.advance(.milliseconds(500))
            while !stage.forwarded.isEmpty || !hall.forwarded.isEmpty {
                let (fromStage, fromHall) = (stage.forwarded, hall.forwarded)
                stage.forwarded = []
                hall.forwarded = []
                for message in reversed ? fromStage.reversed() : fromStage {
                    switch message {
                    case .changed(let snapshot, _):
                        hall.relay.publicationsElsewhere.formUnion(snapshot.tracks.map(\.publication))
                        hall.run { $0.update(snapshot) }
                    case .ended(let sid, _): hall.run { $0.conclude(sid) }
                    case .dropped: Issue.record("the stage has no guests")
                    }
                }
                for case .dropped(let sid, _) in fromHall { stage.run { $0.stopForwarding(sid, to: "hall") } }
            }
            hall.advance(.milliseconds(500))
        }
    }

    @Test(arguments: Version.allCases) func aGuestIsShownWithItsTracksAsTheyChange(_ version: Version) throws {
        let house = House(version)
        let alice = house.stage.join("alice") { $0.canUpdateOwnMetadata = true }
        let bob = house.hall.join("bob")
        alice.publish("cam", .video)
        house.settle()
        try house.forward("alice")
        let guest = try #require(bob.roster.values.first)
        #expect(guest.identity == "alice" && guest.sid != alice.sid && guest.state == .active)
        #expect(guest.kindDetails == [.forwarded] && guest.tracks.map(\.name) == ["cam"])
        // Bob receives what alice sends in the other meeting.
        let camera = try #require(house.stage.relay.publications.keys.first)
        #expect(house.hall.relay.subscriptions.values.map(\.publication) == [camera])
        #expect(house.hall.relay.publications.isEmpty)

        alice.publish("mic", .audio)
        house.settle()
        #expect(house.hall.relay.subscriptions.count == 2)
        alice.send(.mute(.with { ($0.sid, $0.muted) = (alice.published[0].track.sid, true) }))
        alice.send(.updateMetadata(.with { $0.name = "Alice on stage" }))
        house.settle()
        let changed = try #require(bob.roster[guest.sid])
        #expect(changed.name == "Alice on stage" && changed.tracks.first?.muted == true)
        alice.unpublish("cam")
        house.settle()
        #expect(bob.roster[guest.sid]?.tracks.map(\.name) == ["mic"] && house.hall.relay.subscriptions.count == 1)
        // Whoever comes later sees it too.
        let carol = house.hall.join("carol")
        house.settle()
        #expect(carol.names == ["alice", "bob"] && house.hall.relay.subscriptions.count == 2)
        // Silence does not end a guest.
        house.hall.advance(.seconds(60))
        #expect(bob.names == ["alice", "carol"])
    }

    @Test func aGuestHasNoClientToComeBackAndNoConnectionToJudge() throws {
        let house = House()
        let speaker = house.stage.join("speaker")
        let listener = house.hall.join("listener")
        speaker.publish("cam", .video)
        house.stage.advance(.seconds(1))
        try house.forward("speaker")
        let guest = try #require(listener.roster.values.first)
        #expect(house.hall.state.stay(of: "speaker", sid: guest.sid) == nil)
        house.hall.advance(.seconds(20))
        let judged = listener.messages { if case .connectionQuality(let update) = $0 { update.updates } else { nil } }
        #expect(!judged.joined().contains { $0.participantSid == guest.sid })
        #expect(house.stage.state.stay(of: "speaker", sid: speaker.sid) != nil)
    }

    /// Other servers are told of a guest what they are told of everybody.
    @Test func aGuestsComingAndGoingAreEvents() throws {
        let house = House()
        let alice = house.stage.join("alice")
        house.hall.join("bob")
        alice.publish("cam", .video)
        house.settle()
        try house.forward("alice")
        alice.leave()
        house.settle()
        let told = house.hall.events.map(\.message).filter { $0.participant.identity == "alice" }
        #expect(
            told.map(\.event) == ["participant_joined", "track_published", "track_unpublished", "participant_left"])
        #expect(told.allSatisfy { $0.participant.kindDetails == [.forwarded] })
    }

    @Test func snapshotsThatComeLateChangeNothing() throws {
        let house = House()
        let alice = house.stage.join("alice") { $0.canUpdateOwnMetadata = true }
        let bob = house.hall.join("bob")
        house.settle()
        try house.forward("alice")
        for name in ["one", "two", "three"] { alice.send(.updateMetadata(.with { $0.name = name })) }
        house.settle(reversed: true)
        #expect(bob.roster.values.first?.name == "three")
    }

    @Test func itEndsWithItsStayInItsOwnMeeting() throws {
        let house = House()
        let alice = house.stage.join("alice")
        let bob = house.hall.join("bob")
        alice.publish("cam", .video)
        house.settle()
        try house.forward("alice")
        let name = try #require(house.hall.relay.subscriptions.keys.first)
        alice.leave()
        // The relay closes the subscriptions of a publication that ends before the meetings have spoken.
        house.hall.relay.subscriptions[name] = nil
        house.hall.report(.subscriptionClosed(name))
        house.settle()
        #expect(bob.names.isEmpty && house.hall.relay.subscriptions.isEmpty && house.hall.state.tracks.isEmpty)
        #expect(!house.hall.notes.contains { $0.reason == "subscription-refused" })
    }

    @Test func whoHidesIsShownNowhere() throws {
        let house = House()
        house.stage.join("alice")
        let bob = house.hall.join("bob")
        house.settle()
        try house.forward("alice")
        let id = try #require(house.stage.state.identities["alice"])
        var rights = try #require(house.stage.state.participants[id]).rights
        rights.isHidden = true
        house.stage.run { $0.setRights(rights, of: id) }
        house.settle()
        #expect(bob.names.isEmpty)
        #expect(throws: AdministrationError.noSuchParticipant) { try house.forward("alice") }
    }

    @Test func removalInTheOtherMeetingEndsItThere() throws {
        let house = House()
        let alice = house.stage.join("alice")
        let bob = house.hall.join("bob")
        house.settle()
        try house.forward("alice")
        #expect(throws: AdministrationError.identityTaken) { try house.forward("alice") }
        house.hall.run { try? $0.remove("alice") }
        house.settle()
        #expect(bob.names.isEmpty && alice.isOpen)
        alice.publish("cam", .video)
        house.settle()
        #expect(house.stage.forwarded.isEmpty && bob.names.isEmpty)
        // And it may come again.
        try house.forward("alice")
        #expect(bob.names == ["alice"])
        // Whoever joins with its identity takes its place.
        house.hall.join("alice")
        house.settle()
        #expect(house.stage.state.forwards.values.allSatisfy { $0.isEmpty })
        #expect(bob.names == ["alice"])
    }

    @Test func aGuestIsChangedWhereItLives() throws {
        let house = House()
        house.stage.join("alice")
        house.hall.join("bob")
        house.settle()
        try house.forward("alice")
        house.hall.run { state in
            #expect(throws: AdministrationError.guest) {
                _ = try state.update(.with { $0.identity = "alice" })
            }
            #expect(throws: AdministrationError.guest) { _ = try state.forward("alice", to: "elsewhere") }
        }
        #expect(house.hall.state.room.numParticipants == 2)
    }

    @Test func forwardsAreLimited() throws {
        let house = House()
        house.stage.join("alice")
        house.settle()
        house.stage.run { state in
            for number in 0..<Limits.forwardsPerParticipant {
                #expect(throws: Never.self) { _ = try state.forward("alice", to: "room \(number)") }
            }
            #expect(throws: AdministrationError.tooManyForwards) { _ = try state.forward("alice", to: "one more") }
        }
    }
}
