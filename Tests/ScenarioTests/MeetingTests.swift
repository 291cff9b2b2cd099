// Whole meetings in virtual time: signaling, handshakes, encrypted media, and everything a network does to them. A
// failure names its seed.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import Testing

@testable import Signaling

typealias Version = SignalRequest.Version

@Suite struct MeetingTests {
    @Test(arguments: [1, 2, 3] as [UInt64], Version.allCases)
    func twoMeetAndPart(seed: UInt64, _ version: Version) throws {
        let meeting = VirtualMeeting(seed: seed)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        for person in [alice, bob] {
            person.publish(.audio)
            person.publish(.video)
        }
        meeting.run(for: .seconds(10))
        for (person, other) in [(alice, bob), (bob, alice)] {
            let voice = try #require(person.receives(.audio, from: other), "\(meeting)")
            let picture = try #require(person.receives(.video, from: other), "\(meeting)")
            #expect(voice.decoded > 450 && voice.missing == 0, "\(meeting)")
            #expect(picture.decoded > 270 && picture.pictureJumps == 0, "\(meeting)")
            #expect(person.speakers.contains(other.ownInfo.sid), "\(meeting)")
        }
        alice.leave()
        meeting.run(for: .seconds(1))
        #expect(bob.roster.isEmpty && alice.closed == "client-initiated", "\(meeting)")
        bob.leave()
        meeting.run(for: .seconds(1))
        #expect(meeting.server.isEmpty, "\(meeting)")
    }

    @Test(arguments: [11, 12, 13] as [UInt64], Version.allCases)
    func badNetworksAreRepaired(seed: UInt64, _ version: Version) throws {
        let meeting = VirtualMeeting(seed: seed)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        alice.sending.uplink.loss = 0.02
        alice.sending.uplink.jitter = .milliseconds(10)
        bob.receiving.downlink.loss = 0.05
        bob.receiving.downlink.jitter = .milliseconds(15)
        bob.receiving.downlink.duplication = 0.02
        alice.publish(.video)
        meeting.run(for: .seconds(60))
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        #expect(picture.decoded > 1_700, "\(meeting)")
        #expect(picture.longestFreeze < .milliseconds(500), "\(meeting)")
    }

    /// Wi-Fi to LTE: the same client from another address, without a word by signaling.
    @Test(arguments: Version.allCases) func anAddressMayChange(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 21)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        alice.publish(.video)
        meeting.run(for: .seconds(5))
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        bob.receiving.address = Scenario.address("198.51.100.250", 5_000)
        alice.sending.address = Scenario.address("198.51.100.251", 5_001)
        meeting.run(for: .seconds(15))
        picture.resetFigures(meeting.network.now)
        meeting.run(for: .seconds(5))
        #expect(picture.decoded > 140, "\(meeting)")
    }

    @Test(arguments: Version.allCases) func whoVanishesIsGoneWithinThirtySeconds(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 31)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        for person in [alice, bob] { person.publish(.audio) }
        meeting.run(for: .seconds(5))
        #expect(bob.roster.keys.contains("alice"))
        alice.vanish()
        #expect(meeting.run(within: .seconds(30)) { bob.roster.isEmpty }, "\(meeting)")
        bob.leave()
        meeting.run(for: .seconds(1))
        #expect(meeting.server.isEmpty, "\(meeting)")
    }

    @Test(arguments: Version.allCases) func aMutedTrackStopsAndComesBackWithAPicture(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 41)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        alice.publish(.video)
        meeting.run(for: .seconds(3))
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        alice.setMuted(true, .video)
        meeting.run(for: .seconds(1))
        #expect(bob.roster["alice"]?.tracks.first?.muted == true, "\(meeting)")
        picture.resetFigures(meeting.network.now)
        meeting.run(for: .seconds(3))
        #expect(picture.decoded == 0, "\(meeting)")
        alice.setMuted(false, .video)
        meeting.run(for: .seconds(3))
        #expect(picture.decoded > 75 && picture.missing == 0, "\(meeting)")
    }

    /// All of one protocol, and half and half.
    @Test(arguments: [[Version.v0], [.v1], [.v0, .v1]])
    func tenPeopleAllSeeAndHearEachOther(_ versions: [Version]) throws {
        let meeting = VirtualMeeting(seed: 51)
        let people = (0..<10).map { meeting.join("person-\($0)", versions[$0 % versions.count]) }
        for person in people {
            person.publish(.audio)
            person.publish(.video)
        }
        meeting.run(for: .seconds(5))
        for person in people {
            for other in people where other !== person {
                let voice = try #require(person.receives(.audio, from: other), "\(meeting)")
                let picture = try #require(person.receives(.video, from: other), "\(meeting)")
                #expect(voice.missing == 0 && voice.decoded > 150, "\(meeting)")
                #expect(picture.missing == 0 && picture.decoded > 80, "\(meeting)")
            }
        }
        for person in people { person.leave() }
        meeting.run(for: .seconds(1))
        #expect(meeting.server.isEmpty, "\(meeting)")
    }
}

extension MeetingServer {
    /// Nobody, and nothing kept of anybody.
    var isEmpty: Bool {
        state.participants.isEmpty
            && workers.map { $0.statistics() }.allSatisfy { statistics in
                statistics.publications == 0 && statistics.subscriptions == 0 && statistics.mirrors == 0
                    && statistics.streams == 0 && statistics.packetsInUse == 0
                    && statistics.transports.values.allSatisfy { $0 == 0 }
            }
    }
}
