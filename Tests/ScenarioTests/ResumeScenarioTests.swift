// Clients that lose their way for a moment, with their media: what goes on, and how soon.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import Testing

@testable import Signaling

struct ResumeScenarioTests {
    private func couple(
        _ version: SignalRequest.Version, seed: UInt64
    ) -> (VirtualMeeting, VirtualPerson, VirtualPerson) {
        let meeting = VirtualMeeting(seed: seed)
        let alice = meeting.join("alice", version)
        let bob = meeting.join("bob", version)
        for person in [alice, bob] {
            person.publish(.audio)
            person.publish(.video)
        }
        meeting.run(for: .seconds(5))
        return (meeting, alice, bob)
    }

    private func setCut(_ isCut: Bool, _ person: VirtualPerson) {
        for client in [person.sending, person.receiving] {
            client.uplink.isCut = isCut
            client.downlink.isCut = isCut
        }
    }

    /// Nothing of what the two had has changed hands.
    private func expectTheSame(
        _ meeting: VirtualMeeting, _ alice: VirtualPerson, _ bob: VirtualPerson, sid: String, tracks: [String]
    ) throws {
        #expect(alice.closed == nil && alice.ownInfo.sid == sid, "\(meeting)")
        #expect(bob.roster["alice"]?.sid == sid, "\(meeting)")
        #expect(bob.roster["alice"]?.tracks.map(\.sid) == tracks, "\(meeting)")
        #expect(meeting.server.statistics().subscriptions == 4, "\(meeting)")
        for (person, other) in [(alice, bob), (bob, alice)] {
            let picture = try #require(person.receives(.video, from: other), "\(meeting)")
            let voice = try #require(person.receives(.audio, from: other), "\(meeting)")
            picture.resetFigures(meeting.network.now)
            voice.resetFigures(meeting.network.now)
        }
        meeting.run(for: .seconds(3))
        for (person, other) in [(alice, bob), (bob, alice)] {
            let picture = try #require(person.receives(.video, from: other), "\(meeting)")
            let voice = try #require(person.receives(.audio, from: other), "\(meeting)")
            #expect(picture.decoded > 80 && picture.longestFreeze < .milliseconds(200), "\(meeting)")
            #expect(voice.decoded > 140 && voice.ssrcs.count == 1, "\(meeting)")
        }
    }

    @Test(arguments: SignalRequest.Version.allCases, 1...5 as ClosedRange<UInt64>)
    func threeSecondsOfSilence(_ version: SignalRequest.Version, _ seed: UInt64) throws {
        let (meeting, alice, bob) = couple(version, seed: seed)
        let (sid, tracks) = (alice.ownInfo.sid, alice.ownInfo.tracks.map(\.sid))
        setCut(true, alice)
        alice.loseSocket()
        meeting.run(for: .seconds(3))
        #expect(bob.roster["alice"]?.sid == sid, "\(meeting)")
        setCut(false, alice)
        #expect(alice.resume(), "\(meeting)")
        meeting.run(for: .seconds(1))
        try expectTheSame(meeting, alice, bob, sid: sid, tracks: tracks)
    }

    /// Wi-Fi to LTE: the old addresses are dead for good.
    @Test(arguments: SignalRequest.Version.allCases)
    func aNewAddressOnTheReturn(_ version: SignalRequest.Version) throws {
        let (meeting, alice, bob) = couple(version, seed: 11)
        let (sid, tracks) = (alice.ownInfo.sid, alice.ownInfo.tracks.map(\.sid))
        setCut(true, alice)
        alice.loseSocket()
        meeting.run(for: .seconds(2))
        alice.sending.address = Scenario.address("198.51.100.250", 5_000)
        alice.receiving.address = Scenario.address("198.51.100.250", 5_001)
        setCut(false, alice)
        #expect(alice.resume(), "\(meeting)")
        meeting.run(for: .seconds(1))
        try expectTheSame(meeting, alice, bob, sid: sid, tracks: tracks)
    }

    /// The proxy in front restarts: only the socket is lost, and nobody sees or hears it.
    @Test(arguments: SignalRequest.Version.allCases)
    func aLostSocketAloneCostsNoPicture(_ version: SignalRequest.Version) throws {
        let (meeting, alice, bob) = couple(version, seed: 21)
        let picture = try #require(bob.receives(.video, from: alice), "\(meeting)")
        let own = try #require(alice.receives(.video, from: bob), "\(meeting)")
        for receiver in [picture, own] { receiver.resetFigures(meeting.network.now) }
        alice.loseSocket()
        meeting.run(for: .seconds(1))
        #expect(alice.resume(), "\(meeting)")
        meeting.run(for: .seconds(4))
        for receiver in [picture, own] {
            #expect(receiver.missing == 0 && receiver.decoded > 140, "\(meeting)")
            #expect(receiver.longestFreeze < .milliseconds(100), "\(meeting)")
        }
    }

    @Test(arguments: SignalRequest.Version.allCases)
    func aMediaPathThatLivesKeepsThePlaceForThirtySeconds(_ version: SignalRequest.Version) throws {
        let (meeting, alice, bob) = couple(version, seed: 31)
        alice.loseSocket()
        meeting.run(for: .seconds(28))
        #expect(bob.roster["alice"] != nil, "\(meeting)")
        #expect(alice.resume(), "\(meeting)")
        meeting.run(for: .seconds(30))
        #expect(bob.roster["alice"] != nil, "\(meeting)")
    }

    @Test(arguments: SignalRequest.Version.allCases)
    func aKilledProcessIsGoneInTenSeconds(_ version: SignalRequest.Version) throws {
        let (meeting, alice, bob) = couple(version, seed: 41)
        alice.loseSocket()
        alice.vanish()
        #expect(meeting.run(within: .seconds(11)) { bob.roster.isEmpty }, "\(meeting)")
    }

    @Test(arguments: SignalRequest.Version.allCases)
    func lossShowsInTheQualityAndGoesAway(_ version: SignalRequest.Version) throws {
        let (meeting, alice, bob) = couple(version, seed: 51)
        meeting.run(for: .seconds(10))
        #expect(bob.qualities[alice.ownInfo.sid] == .excellent, "\(meeting)")
        #expect(alice.qualities[alice.ownInfo.sid] == .excellent, "\(meeting)")
        alice.sending.uplink.loss = 0.2
        meeting.run(for: .seconds(20))
        #expect(bob.qualities[alice.ownInfo.sid] == .poor, "\(meeting)")
        #expect(alice.qualities[bob.ownInfo.sid] == .excellent, "\(meeting)")
        alice.sending.uplink.loss = 0
        meeting.run(for: .seconds(20))
        #expect(bob.qualities[alice.ownInfo.sid] == .excellent, "\(meeting)")
        setCut(true, alice)
        #expect(meeting.run(within: .seconds(19)) { bob.qualities[alice.ownInfo.sid] == .lost }, "\(meeting)")
    }
}
