// What hosts and the directory do, seen in the packets that people receive.

import LiveKitProtocol
import MediaRelay
import ScenarioSupport
import Testing

@testable import Signaling

@Suite struct HostScenarioTests {
    /// B12: from the call to the last forwarded packet at most a second, in a meeting of 300. The server forwards none
    /// after the call; what is counted here may still have been on its way.
    @Test func aLockedOutMemberFallsSilentBeforeTheSecondIsOver() throws {
        let meeting = VirtualMeeting(seed: 501)
        let alice = meeting.join("alice", .v1, hutong: HutongClaim(role: .member, epoch: 1))
        let bob = meeting.join("bob", .v1, hutong: HutongClaim(role: .host))
        alice.publish(.audio)
        bob.publish(.audio)
        let others = (3...300).map { meeting.join("person-\($0)", .v1, hutong: HutongClaim(role: .member)) }
        meeting.run(for: .seconds(5))
        #expect(meeting.server.state.participants.count == 300)
        let voices = try others.map { try #require($0.receives(.audio, from: alice), "\(meeting)") }
        #expect(voices.allSatisfy { $0.decoded > 50 }, "\(meeting)")
        let before = voices.map(\.decoded)

        meeting.server.administer(meeting.network.now) { #expect($0.cutOff("alice", below: 2) == 1) }
        meeting.run(for: .seconds(1))
        #expect(alice.closed == "locked-out", "\(meeting)")
        // 50 packets a second: the whole second would be 50, the network holds a handful.
        #expect(zip(voices, before).allSatisfy { $0.decoded - $1 < 10 }, "\(meeting)")
        let silent = voices.map(\.decoded)
        meeting.run(for: .seconds(3))
        #expect(voices.map(\.decoded) == silent, "\(meeting)")
        // Everybody else is heard as before.
        #expect(others.allSatisfy { ($0.receives(.audio, from: bob)?.decoded ?? 0) > 200 }, "\(meeting)")
    }

    @Test(arguments: Version.allCases) func whoWaitsReceivesNoMediaUntilAdmitted(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 511)
        var host = HutongClaim(role: .host)
        host.meeting = MeetingTerms()
        host.meeting?.waitingRoom = .guests
        let alice = meeting.join("alice", version, hutong: host)
        alice.publish(.audio)
        alice.publish(.video)
        meeting.run(for: .seconds(3))
        let guest = meeting.join("guest", version, hutong: HutongClaim(role: .guest))
        meeting.run(for: .seconds(10))
        #expect(guest.roster.isEmpty && guest.speakers.isEmpty && alice.roster.isEmpty, "\(meeting)")
        #expect(guest.receives(.audio, from: alice) == nil, "\(meeting)")
        #expect(meeting.server.state.subscriptions.isEmpty, "\(meeting)")
        meeting.server.administer(meeting.network.now) { state in
            #expect((try? state.perform(.admit(["guest"]), by: .server)) == true)
        }
        meeting.run(for: .seconds(5))
        let voice = try #require(guest.receives(.audio, from: alice), "\(meeting)")
        let picture = try #require(guest.receives(.video, from: alice), "\(meeting)")
        #expect(voice.decoded > 150 && picture.decoded > 80, "\(meeting)")
        guest.publish(.audio)
        meeting.run(for: .seconds(3))
        #expect((alice.receives(.audio, from: guest)?.decoded ?? 0) > 50, "\(meeting)")
    }

    @Test(arguments: Version.allCases) func aMutedMemberIsNotHeardWhateverItsClientSays(_ version: Version) throws {
        let meeting = VirtualMeeting(seed: 521)
        let alice = meeting.join("alice", version, hutong: HutongClaim(role: .host))
        let bob = meeting.join("bob", version, hutong: HutongClaim(role: .member))
        bob.publish(.audio)
        meeting.run(for: .seconds(3))
        let voice = try #require(alice.receives(.audio, from: bob), "\(meeting)")
        meeting.server.administer(meeting.network.now) { state in
            _ = try? state.perform(.mute(["bob"], .microphone, allowSelfUnmute: false), by: .server)
        }
        meeting.run(for: .seconds(1))
        let heard = voice.decoded
        for _ in 0..<5 {
            bob.setMuted(false, .audio)
            meeting.run(for: .seconds(1))
        }
        #expect(heard > 50 && voice.decoded == heard, "\(meeting)")
    }
}
