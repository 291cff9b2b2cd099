// New ICE credentials on a transport that lives: nothing stops, and one that had fallen silent comes back.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct ICERestartTests {
    private static let worker = WorkerIndex(rawValue: 0)
    private static let owner = OwnerTag(rawValue: 3)
    private static let now = MediaTime(microseconds: 1_000_000)

    @Test func mediaAndDataKeepFlowing() {
        let scenario = Scenario(seed: 1)
        let (alice, bob) = (scenario.join("alice"), scenario.join("bob"))
        #expect(scenario.connect())
        scenario.shareData()
        for client in [alice, bob] { scenario.openChannel("_reliable", of: client) }
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(2))
        picture.resetFigures(scenario.now)
        let before = Set(scenario.server.core.usernameFragments.keys)
        for client in [alice, bob] { scenario.restartICE(of: client) }
        #expect(scenario.server.core.usernameFragments.count == 4, "the old ones stay good for a while")
        scenario.run(for: .seconds(1))
        let after = Set(scenario.server.core.usernameFragments.keys)
        #expect(after.count == 2 && after.isDisjoint(with: before))
        // Longer than the consent given before would have lasted.
        for number in 0..<40 {
            scenario.send(.numbered(number), on: "_reliable", from: alice)
            scenario.run(for: .seconds(1))
        }
        #expect(picture.longestFreeze < .milliseconds(100) && picture.missing == 0)
        #expect(bob.messages.map(\.bytes.number) == Array(0..<40))
        #expect(scenario.server.statistics().transports == [.connected: 2])
        #expect(scenario.server.statistics().refusedCommands == 0)
    }

    @Test func aDisconnectedTransportComesBackFromAnotherAddress() throws {
        let scenario = Scenario(seed: 2)
        let (alice, bob) = (scenario.join("alice"), scenario.join("bob"))
        #expect(scenario.connect())
        scenario.shareData()
        for client in [alice, bob] { scenario.openChannel("_reliable", of: client) }
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(1))
        bob.uplink.isCut = true
        bob.downlink.isCut = true
        for number in 0..<10 { scenario.send(.numbered(number), on: "_reliable", from: alice) }
        scenario.run(for: .seconds(60))
        let transport = try #require(bob.serverTransport)
        #expect(scenario.server.events.last == .transport(transport, .disconnected))
        bob.address = Scenario.address("192.0.2.77", 7_777)
        bob.uplink.isCut = false
        bob.downlink.isCut = false
        scenario.restartICE(of: bob)
        let isBack = scenario.run(within: .seconds(1)) {
            scenario.server.events.last == .transport(transport, .connected(.aeadAES128GCM))
        }
        #expect(isBack, "\(scenario.server.events)")
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(5))
        #expect(picture.decoded > 100 && bob.messages.count == 10)
    }

    @Test func aTakenUsernameFragmentIsRefused() throws {
        let core = try makeCore()
        let pool = IdentifierPool(workers: 1)
        let transports = (0..<2).map { number in
            let transport = pool.transport(on: Self.worker)
            core.perform(
                .openTransport(transport, owner: Self.owner, role: .server, local: credentials(number)), Self.now)
            return transport
        }
        core.perform(.restartICE(transports[0], local: credentials(1)), Self.now)
        core.perform(.restartICE(transports[0], local: credentials(0)), Self.now)
        #expect(core.statistics().refusedCommands == 2)
        #expect(core.usernameFragments == ["user0": transports[0], "user1": transports[1]])
    }

    @Test func ofManyRestartsTheLastTwoNamesAreKept() throws {
        let core = try makeCore()
        let transport = IdentifierPool(workers: 1).transport(on: Self.worker)
        core.perform(.openTransport(transport, owner: Self.owner, role: .server, local: credentials(0)), Self.now)
        for number in 1..<6 { core.perform(.restartICE(transport, local: credentials(number)), Self.now) }
        #expect(core.usernameFragments == ["user4": transport, "user5": transport])
        core.perform(.closeTransport(transport), Self.now)
        #expect(core.usernameFragments.isEmpty && core.statistics().refusedCommands == 0)
    }

    private func makeCore() throws -> RelayCore {
        try #require(
            RelayCore(
                worker: Self.worker, capacity: WorkerCapacity(), wallClockOrigin: 0, random: SeededRandom(seed: 1)))
    }

    private func credentials(_ number: Int) -> ICECredentials {
        ICECredentials(usernameFragment: "user\(number)", password: "abcdefghijklmnopqrstuvwx")
    }
}
