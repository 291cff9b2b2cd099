// What everybody is told, and what it costs when very many come at once.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct UpdateTests {
    /// One by one, 300 joins are 300 × 299 / 2 updates for those already there, twice that with the change to active.
    @Test(arguments: [Duration.zero, .milliseconds(10), .milliseconds(50)])
    func stormOfListeners(gap: Duration) {
        let world = MeetingWorld()
        let clients = (0..<300).map { index in
            let client = world.join("p\(index)")
            if gap > .zero { world.advance(gap, pinging: false) }
            return client
        }
        world.advance(.seconds(4))
        let updates = clients.reduce(0) { $0 + $1.updates.count }
        let roomUpdates = clients.reduce(0) { count, client in
            count + client.messages { if case .roomUpdate(let value) = $0 { value } else { nil } }.count
        }
        #expect(updates < 2_500, "\(updates) participant updates")
        #expect(roomUpdates < 1_000, "\(roomUpdates) room updates")
        #expect(clients.allSatisfy { $0.roster.count == 299 })
        #expect(clients.allSatisfy { client in client.roster.values.allSatisfy { $0.state == .active } })
        #expect(clients.last?.join.otherParticipants.count == 299)
    }

    @Test func stormOfPublishers() {
        var configuration = MeetingConfiguration()
        configuration.autoSubscribedAudio = 5
        let world = MeetingWorld(configuration)
        let clients = (0..<100).map { index in
            let client = world.join("p\(index)")
            client.publish("mic", .audio)
            world.advance(.milliseconds(50), pinging: false)
            return client
        }
        world.advance(.seconds(4))
        let updates = clients.reduce(0) { $0 + $1.updates.count }
        #expect(updates < 3_000, "\(updates) participant updates")
        #expect(clients.allSatisfy { client in client.roster.values.allSatisfy { $0.tracks.count == 1 } })
        #expect(world.relay.subscriptions.count == 100 * 5)
    }

    @Test(arguments: Version.allCases) func inASmallMeetingChangesAreImmediate(_ version: Version) {
        let world = MeetingWorld(version: version)
        let alice = world.join("alice")
        let bob = world.join("bob")
        world.advance(.seconds(1))
        alice.publish("mic", .audio)
        world.advance(.milliseconds(1))
        #expect(bob.roster[alice.sid]?.tracks.count == 1)
        let start = world.now.uptime
        while world.relay.subscriptions.isEmpty, world.now.uptime - start < .seconds(1) {
            world.advance(.milliseconds(1))
        }
        #expect(world.now.uptime - start <= .milliseconds(50))
    }

    @Test func roomCounts() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        world.advance(.seconds(6))
        world.join("bob").publish("mic", .audio)
        world.advance(.seconds(6))
        let rooms = alice.messages { if case .roomUpdate(let value) = $0 { value.room } else { nil } }
        #expect(rooms.last?.numParticipants == 2 && rooms.last?.numPublishers == 1)
        #expect(rooms.count <= 3)
    }

    // MARK: Speakers

    private func report(_ world: MeetingWorld, _ levels: [(String, Float, Bool)]) {
        let activities = levels.compactMap { sid, level, isActive in
            world.state.tracks[sid].map {
                AudioActivity(publication: $0.publication, level: level, isActive: isActive)
            }
        }
        world.report(.audioActivity(activities))
    }

    @Test func speakersComeAsTheWholeListAndWhoStopped() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        let bob = world.join("bob")
        alice.publish("mic", .audio)
        bob.publish("mic", .audio)
        world.advance(.seconds(1))
        let (a, b) = (alice.published[0].track.sid, bob.published[0].track.sid)
        report(world, [(a, 0.5, true)])
        report(world, [(b, 0.8, true)])
        #expect(bob.speakers.last?.speakers.map(\.sid) == [bob.sid, alice.sid])
        let count = bob.speakers.count
        report(world, [(a, 0.51, true)])
        #expect(bob.speakers.count == count)
        report(world, [(a, 0, false)])
        let last = bob.speakers.last?.speakers ?? []
        #expect(last.map(\.sid) == [bob.sid, alice.sid] && last.map(\.active) == [true, false])
        // Who mutes speaks no more.
        bob.send(
            .mute(
                .with {
                    $0.sid = b
                    $0.muted = true
                }))
        #expect(alice.speakers.last?.speakers.map(\.active) == [false])
    }

    /// A NaN aborts a whole client process.
    @Test(arguments: [Float.nan, .infinity, -.infinity, -1, 2])
    func impossibleLevels(_ level: Float) {
        let world = MeetingWorld()
        let alice = world.join("alice")
        alice.publish("mic", .audio)
        world.advance(.seconds(1))
        report(world, [(alice.published[0].track.sid, level, true)])
        let speaker = alice.speakers.last?.speakers.first
        #expect(speaker.map { (0...1).contains($0.level) } == true)
    }

    @Test func pings() {
        let world = MeetingWorld()
        let alice = world.join("alice")
        alice.send(.ping(5))
        alice.send(
            .pingReq(
                .with {
                    $0.timestamp = 77
                    $0.rtt = 3
                }))
        let pongs: [Int64] = alice.messages { if case .pong(let value) = $0 { value } else { nil } }
        #expect(pongs == [1_700_000_000_000])
        let pong = alice.messages { if case .pongResp(let value) = $0 { value } else { nil } }.first
        #expect(pong?.lastPingTimestamp == 77 && pong?.timestamp == 1_700_000_000_000)
    }
}
