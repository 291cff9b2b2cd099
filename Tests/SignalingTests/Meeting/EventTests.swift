// What other servers are told about a meeting: which moments, in which order, with whom.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct EventTests {
    private func names(_ world: MeetingWorld) -> [String] { world.events.map(\.message.event) }

    private func people(_ world: MeetingWorld, _ kind: MeetingEvent.Kind) -> [String] {
        world.events.map(\.message).filter { $0.event == kind.rawValue }.map(\.participant.identity)
    }

    @Test func aMeetingFromItsStartToItsEnd() throws {
        let world = MeetingWorld()
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        alice.leave()
        bob.isAlive = false
        world.advance(.seconds(60))
        #expect(
            names(world) == [
                "room_started", "participant_joined", "participant_joined", "track_published", "track_unpublished",
                "participant_left", "participant_left", "room_finished",
            ])
        let messages = world.events.map(\.message)
        #expect(Set(messages.map(\.id)).count == messages.count && messages.allSatisfy { $0.id.hasPrefix("EV_") })
        #expect(Set(messages.map(\.room.sid)) == [world.state.sid] && messages[0].room.name == "m")
        #expect(messages.map(\.room.numParticipants) == [0, 1, 2, 2, 2, 1, 0, 0])
        #expect(messages[0].createdAt == 1_700_000_000 && messages[7].createdAt > 1_700_000_000)

        #expect(messages[1].participant.sid == alice.sid && messages[1].participant.state == .active)
        #expect(messages[3].track.sid == messages[4].track.sid && messages[3].track.source == .microphone)
        #expect(messages[3].participant.identity == "alice")
        #expect(messages[5].participant.state == .disconnected)
        #expect(messages[5].participant.disconnectReason == .clientInitiated)
        // Bob's host went without a word.
        #expect(messages[6].participant.identity == "bob" && !messages[7].hasParticipant)
    }

    @Test func whoNeverConnectsIsTheAbortedOne() {
        let world = MeetingWorld()
        world.isAutomatic = false
        world.closeSocket(world.join("alice"))
        #expect(names(world) == ["room_started", "participant_connection_aborted"])
        #expect(people(world, .participantConnectionAborted) == ["alice"])
    }

    /// To other clients it is one person all the time; to another server these are two stays with two sids.
    @Test func aReplacedParticipantLeavesAndJoins() {
        let world = MeetingWorld()
        let first = world.join("alice")
        let second = world.join("alice")
        #expect(names(world) == ["room_started", "participant_joined", "participant_left", "participant_joined"])
        let sids = world.events.map(\.message.participant.sid)
        #expect(sids == ["", first.sid, first.sid, second.sid])
        #expect(world.events[2].message.participant.disconnectReason == .duplicateIdentity)
    }

    @Test func whoIsHiddenFromOthersIsNotHiddenFromTheOperator() {
        let world = MeetingWorld()
        world.join("eve") { $0.hidden = true }
        #expect(people(world, .participantJoined) == ["eve"])
        #expect(world.events.last?.message.room.numParticipants == 0)
    }

    /// It may be half a megabyte, and a track can come and go fifty times a second.
    @Test func tracksDoNotRepeatWhatTheirOwnersSayAboutThemselves() {
        let world = MeetingWorld()
        let alice = world.join("alice") { $0.canUpdateOwnMetadata = true }
        alice.send(.updateMetadata(.with { $0.metadata = "long" }))
        alice.publish("cam", .video)
        alice.leave()
        for event in world.events.map(\.message) where event.hasTrack {
            #expect(event.participant.metadata.isEmpty && event.participant.tracks.isEmpty)
        }
        #expect(world.events.last?.message.participant.metadata == "long")
    }

    @Test func aServerThatStopsTellsEverything() {
        let world = MeetingWorld()
        world.join("alice").publish("cam", .video)
        world.shutDown()
        let last = ["track_published", "track_unpublished", "participant_left", "room_finished"]
        #expect(names(world).suffix(4) == last[...])
    }
}
