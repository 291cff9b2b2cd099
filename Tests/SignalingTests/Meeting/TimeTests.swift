// What ends because time passes: dead sockets, dead connections, and those who never came up.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct TimeTests {
    /// How long after `moment` a participant is gone from the watcher's list.
    private func timeUntilGone(_ world: MeetingWorld, _ watcher: TestClient) -> Duration {
        let start = world.now.uptime
        while !watcher.names.isEmpty, world.now.uptime - start < .seconds(120) { world.advance(.milliseconds(100)) }
        return world.now.uptime - start
    }

    private func couple(_ version: Version) -> (MeetingWorld, TestClient, TestClient) {
        let world = MeetingWorld(version: version)
        let watcher = world.join("watcher")
        let client = world.join("client")
        client.publish("cam", .video)
        world.advance(.seconds(2))
        return (world, watcher, client)
    }

    @Test(arguments: Version.allCases) func aVanishedHostIsGoneWithin30Seconds(_ version: Version) {
        let (world, watcher, client) = couple(version)
        client.isAlive = false
        let time = timeUntilGone(world, watcher)
        #expect(time >= .seconds(15) && time < .seconds(30))
        #expect(world.relay.transports.count == 1 && world.relay.subscriptions.isEmpty)
        #expect(client.closed?.code != 1000)
    }

    /// A killed process: its socket closes at once, its media stops and the relay sees no more checks later.
    @Test(arguments: Version.allCases) func aKilledClientIsGoneWithin30Seconds(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        world.closeSocket(client)
        #expect(timeUntilGone(world, watcher) < .seconds(30))
        #expect(world.relay.transports.count == 1 && world.relay.publications.isEmpty)
    }

    @Test(arguments: Version.allCases) func aClosedSocketAndALostConnectionAreTheEnd(_ version: Version) throws {
        let (world, watcher, client) = couple(version)
        let transport = try #require(world.primaryTransport(of: client))
        world.report(.transport(transport, .disconnected))
        #expect(world.state.participants.count == 2)
        world.closeSocket(client)
        #expect(world.state.participants.count == 1)
        world.advance(.seconds(1))
        #expect(watcher.names.isEmpty)
    }

    /// The connection is closed some milliseconds before the Leave arrives.
    @Test(arguments: Version.allCases) func closedByPeerAloneEndsNothing(_ version: Version) throws {
        let (world, _, client) = couple(version)
        world.report(.transport(try #require(world.primaryTransport(of: client)), .closedByPeer))
        #expect(client.isOpen)
        world.advance(.milliseconds(10))
        client.leave()
        #expect(world.notes.last?.reason == "client-initiated")
    }

    @Test(arguments: Version.allCases) func reconnectingUnderTheSameIdentityIsNoDeparture(_ version: Version) {
        let (world, watcher, client) = couple(version)
        world.closeSocket(client)
        world.advance(.milliseconds(300))
        let again = world.join("client")
        world.advance(.seconds(30))
        #expect(watcher.names == ["client"] && watcher.roster[again.sid] != nil)
        #expect(!watcher.updates.flatMap(\.participants).contains { $0.state == .disconnected })
    }

    @Test(arguments: Version.allCases) func mediaLostIsToldToStartAnew(_ version: Version) throws {
        let (world, _, client) = couple(version)
        let transport = try #require(world.primaryTransport(of: client))
        world.report(.transport(transport, .disconnected))
        world.advance(.seconds(10))
        world.report(.transport(transport, .connected(.aeadAES128GCM)))
        world.advance(.seconds(20))
        #expect(client.isOpen)
        world.report(.transport(transport, .disconnected))
        world.advance(.seconds(17))
        #expect(client.leaves.last?.action == .reconnect)
    }

    @Test(arguments: TransportFailure.allCases, Version.allCases)
    func failedConnections(_ failure: TransportFailure, _ version: Version) throws {
        let (world, _, client) = couple(version)
        let transport = try #require(world.state.publisherTransports.first { $0.value.rawValue == 2 }?.key)
        world.report(.transport(transport, .failed(failure)))
        #expect(client.leaves.last?.action == (failure == .capacity ? .disconnect : .reconnect))
        #expect(world.notes.last?.reason == failure.rawValue)
    }

    @Test func whoNeverConnectsIsSentAway() {
        let world = MeetingWorld()
        let alice = world.join("alice") { $0.canSubscribe = false }
        world.advance(.seconds(58))
        #expect(alice.isOpen)
        world.advance(.seconds(4))
        #expect(!alice.isOpen && alice.leaves.last?.reason == .joinFailure)
    }

    @Test(arguments: Version.allCases) func lateEventsAndMessagesTouchNobody(_ version: Version) throws {
        let (world, _, client) = couple(version)
        let transport = try #require(world.state.publisherTransports.first { $0.value.rawValue == 2 }?.key)
        let publication = try #require(world.relay.publications.keys.first)
        client.leave()
        let count = world.state.participants.count
        world.report(
            .transport(transport, .connected(.aes128CMSHA1)), .transportClosed(transport),
            .publicationClosed(publication), .audioActivity([.init(publication: publication, level: 1, isActive: true)])
        )
        world.send(.leave(.init()), from: client)
        world.closeSocket(client)
        #expect(world.state.participants.count == count)
    }
}
