// What reports say about a transport: the window alone, and in a meeting of two.

import ScenarioSupport
import Testing

@testable import MediaRelay

struct TransportHealthTests {
    private static let start = MediaTime(microseconds: 1_000_000)

    @Test func aWindowTellsTheMeanOfTheWorseDirection() {
        var window = TransportHealthWindow()
        let early = window.take(Self.start)
        for lost in [0, 64, 128] as [UInt8] { window.observe(fractionLost: lost, .audio, .fromClient) }
        window.observe(fractionLost: 128, .audio, .toClient)
        window.observe(fractionLost: 255, ofWhich: 255, .video, .toClient)
        let unfinished = window.take(Self.start + .seconds(4))
        #expect(early == nil && unfinished == nil)
        let first = window.take(Self.start + .seconds(5))
        #expect(first?.audioLoss == 0.5 && first?.videoLoss == 0)
        let second = window.take(Self.start + .seconds(10))
        #expect(second != nil && second?.audioLoss == nil && second?.videoLoss == nil)
    }

    @Test func whatWasLostBeforeIsNotLostHere() {
        var window = TransportHealthWindow()
        _ = window.take(Self.start)
        // Measured over different seconds: only the means agree.
        for (lost, before) in [(0, 100), (100, 0), (50, 50)] as [(UInt8, UInt8)] {
            window.observe(fractionLost: lost, ofWhich: before, .video, .toClient)
        }
        let health = window.take(Self.start + .seconds(5))
        #expect(health?.videoLoss == 0)
    }

    @Test func everyConnectedTransportReportsLossAndLife() throws {
        let scenario = Scenario(seed: 71)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        let voice = scenario.publish(.audio, from: alice)
        _ = scenario.subscribe(bob, to: voice)
        alice.uplink.loss = 0.2
        scenario.run(for: .seconds(20))
        let sender = try #require(alice.serverTransport.flatMap { scenario.server.health[$0] }, "\(scenario)")
        let receiver = try #require(bob.serverTransport.flatMap { scenario.server.health[$0] }, "\(scenario)")
        #expect(try #require(sender.audioLoss) > 0.1 && sender.videoLoss == nil, "\(scenario)")
        #expect(try #require(receiver.audioLoss) < 0.05, "\(scenario)")
        #expect(sender.silence < .seconds(6) && receiver.silence < .seconds(6), "\(scenario)")
        alice.uplink.isCut = true
        scenario.run(for: .seconds(15))
        let silent = try #require(alice.serverTransport.flatMap { scenario.server.health[$0] }, "\(scenario)")
        #expect(silent.silence > .seconds(9), "\(scenario)")
    }
}
