// Whole meetings whose people are on two packet loops of the server: nobody may notice.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import Testing

@testable import Signaling

@Suite struct TwoWorkerMeetingTests {
    @Test(arguments: [1, 2, 3] as [UInt64], Version.allCases)
    func everybodySeesAndHearsEverybody(seed: UInt64, _ version: Version) throws {
        let meeting = VirtualMeeting(seed: seed, workers: 2)
        let people = (0..<4).map { meeting.join("person-\($0)", version) }
        for person in people {
            person.publish(.audio)
            person.publish(.video)
        }
        meeting.run(for: .seconds(8))
        for person in people {
            for other in people where other !== person {
                let voice = try #require(person.receives(.audio, from: other), "\(meeting)")
                let picture = try #require(person.receives(.video, from: other), "\(meeting)")
                #expect(voice.decoded > 300 && voice.missing == 0, "\(meeting)")
                #expect(picture.decoded > 180 && picture.missing == 0 && picture.pictureJumps == 0, "\(meeting)")
            }
            // Heard of from both workers.
            #expect(person.speakers.count >= 3, "\(meeting)")
        }
        for worker in meeting.server.workers {
            let statistics = worker.statistics()
            // Two people elsewhere with two tracks each, however many want them.
            #expect(statistics.mirrors == 4 && statistics.subscriptions == 12, "\(meeting)")
            #expect(statistics.transports[.connected] == (version == .v0 ? 4 : 2), "\(meeting)")
            #expect(statistics.refusedCommands == 0, "\(meeting)")
        }
        // One leaves, and the others stay as they are.
        people[0].leave()
        meeting.run(for: .seconds(1))
        #expect(people[1].roster.count == 2, "\(meeting)")
        #expect(meeting.server.workers[1].statistics().mirrors == 2, "\(meeting)")
        let picture = try #require(people[1].receives(.video, from: people[2]), "\(meeting)")
        picture.resetFigures(meeting.network.now)
        meeting.run(for: .seconds(2))
        #expect(picture.decoded > 55, "\(meeting)")
        for person in people[1...] { person.leave() }
        meeting.run(for: .seconds(1))
        #expect(meeting.server.isEmpty, "\(meeting)")
    }

    @Test(arguments: Version.allCases) func mutedAndUnmutedAcrossWorkers(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 41, workers: 2)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        alice.publish(.video)
        meeting.run(for: .seconds(3))
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        alice.setMuted(true, .video)
        meeting.run(for: .seconds(1))
        picture.resetFigures(meeting.network.now)
        meeting.run(for: .seconds(3))
        #expect(picture.decoded == 0, "\(meeting)")
        alice.setMuted(false, .video)
        meeting.run(for: .seconds(3))
        #expect(picture.decoded > 75 && picture.missing == 0, "\(meeting)")
    }

    @Test(arguments: [11, 12] as [UInt64], Version.allCases)
    func badNetworksAreRepairedAcrossWorkers(seed: UInt64, _ version: Version) throws {
        let meeting = VirtualMeeting(seed: seed, workers: 2)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        alice.sending.uplink.loss = 0.02
        alice.sending.uplink.jitter = .milliseconds(10)
        bob.receiving.downlink.loss = 0.05
        bob.receiving.downlink.jitter = .milliseconds(15)
        alice.publish(.video)
        meeting.run(for: .seconds(30))
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        #expect(picture.decoded > 840, "\(meeting)")
        #expect(picture.longestFreeze < .milliseconds(500), "\(meeting)")
    }

    @Test(arguments: Version.allCases) func whoVanishesLeavesNoMirror(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 31, workers: 2)
        let people = (0..<3).map { meeting.join("person-\($0)", version) }
        for person in people { person.publish(.audio) }
        meeting.run(for: .seconds(5))
        people[1].vanish()
        #expect(meeting.run(within: .seconds(40)) { people[0].roster.count == 1 }, "\(meeting)")
        #expect(meeting.server.workers.map { $0.statistics().mirrors } == [0, 0], "\(meeting)")
        for person in [people[0], people[2]] { person.leave() }
        meeting.run(for: .seconds(1))
        #expect(meeting.server.isEmpty, "\(meeting)")
    }
}
