// What strangers and broken clients send: the meeting beside them goes on, nothing traps, nothing is kept.

import MediaRelay
import ScenarioSupport
import Testing

@Suite struct HostileScenarioTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aStormOfMalformedDatagramsDisturbsNobody(seed: UInt64) {
        let scenario = Scenario(seed: seed)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(1))
        var random = SeededRandom(seed: seed)
        let stranger = Scenario.address("192.0.2.66", 6_666)
        for round in 0..<300 {
            for _ in 0..<20 {
                let length = Int.random(in: 0...1_500, using: &random)
                var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                // Half of them begin like something we know: STUN, DTLS, RTP, RTCP.
                if length >= 2, random.happens(0.5) {
                    bytes[0] = [0, 1, 20, 22, 23, 0x80, 0x90, 0xb0].randomElement(using: &random) ?? 0
                    bytes[1] = [0, 1, 200, 201, 205, 206, 96, 111].randomElement(using: &random) ?? 0
                }
                // And half of those come from where alice is: proved addresses, wrong keys.
                let source = random.happens(0.5) ? stranger : alice.address
                scenario.network.inject(bytes, from: source, to: scenario.server.address)
            }
            scenario.run(for: .milliseconds(10))
            _ = round
        }
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(2))
        #expect(picture.decoded >= 58, "\(scenario): \(picture.decoded)")
        #expect(picture.missing == 0, "\(scenario)")
        let statistics = scenario.server.statistics()
        #expect(statistics.transports == [.connected: 2], "\(scenario)")
        #expect(statistics.drops.map(\.count).reduce(0, +) > 3_000, "\(scenario)")
    }

    @Test func theWrongCertificateGetsNoKeys() throws {
        let scenario = Scenario(seed: 4)
        let alice = scenario.join("alice")
        let mallory = scenario.join("mallory") { $0.claimedFingerprint = alice.core.fingerprint }
        let bob = scenario.join("bob")
        let stolen = scenario.subscribe(mallory, to: scenario.publish(.video, from: alice))
        let seen = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(5))
        let transport = try #require(mallory.serverTransport)
        #expect(scenario.server.events.contains(.transport(transport, .failed(.fingerprintMismatch))))
        #expect(scenario.server.statistics().transportFailures == [.fingerprintMismatch: 1])
        #expect(stolen.packets == 0 && !mallory.isConnected)
        #expect(seen.decoded > 100)
    }

    @Test func aClientThatNeverComesTimesOut() throws {
        let scenario = Scenario(seed: 5)
        let alice = scenario.join("alice") { $0.uplink.isCut = true }
        let transport = try #require(alice.serverTransport)
        scenario.run(for: .seconds(29))
        #expect(scenario.server.events.isEmpty)
        scenario.run(for: .seconds(2))
        #expect(scenario.server.events == [.transport(transport, .failed(.iceTimeout))])
    }

    @Test func aHandshakeThatGetsNowhereTimesOut() throws {
        let scenario = Scenario(seed: 6)
        let alice = scenario.join("alice")
        let transport = try #require(alice.serverTransport)
        // Only checks get through: the handshake's flights are larger.
        let event = Event.transport(transport, .iceConnected)
        #expect(scenario.run(within: .seconds(5)) { scenario.server.events.contains(event) })
        alice.uplink.isCut = true
        scenario.run(for: .seconds(25))
        let failures = scenario.server.events.filter {
            if case .transport(transport, .failed(.dtlsTimeout)) = $0 { true } else { false }
        }
        #expect(failures.count == 1, "\(scenario.server.events)")
    }

    /// 5 % loss must not keep anybody out (R-10 is about crowds, this about bad radio).
    @Test(arguments: Array(70...89) as [UInt64])
    func theHandshakeSurvivesLoss(seed: UInt64) {
        let scenario = Scenario(seed: seed)
        _ = scenario.join("alice") {
            $0.uplink.loss = 0.2
            $0.downlink.loss = 0.2
        }
        #expect(scenario.connect(), "\(scenario): \(scenario.server.events)")
    }
}
