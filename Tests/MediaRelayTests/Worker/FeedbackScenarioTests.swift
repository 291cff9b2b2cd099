// What the relay tells both sides of a meeting by RTCP and by events, seen through whole connections.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct FeedbackScenarioTests {
    @Test func speakersAreReportedWhenTheyBeginAndEnd() {
        let scenario = Scenario(seed: 1)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let loud = scenario.publish(.audio, from: alice)
        let quiet = scenario.publish(.audio, from: bob)
        alice.setSilent(true, loud.encodings[0])
        bob.setSilent(true, quiet.encodings[0])
        scenario.run(for: .seconds(2))
        func activities() -> [AudioActivity] {
            scenario.server.events.flatMap { event in
                if case .audioActivity(let activities) = event { activities } else { [AudioActivity]() }
            }
        }
        #expect(activities().isEmpty, "silence is no news")
        alice.setSilent(false, loud.encodings[0])
        scenario.run(for: .seconds(4))
        let speaking = activities()
        #expect(speaking.first?.isActive == true && speaking.allSatisfy { $0.publication == loud.publication })
        #expect(speaking.count <= 3, "ten windows of the same voice are not ten messages")
        alice.setSilent(true, loud.encodings[0])
        scenario.run(for: .seconds(2))
        #expect(activities().last == AudioActivity(publication: loud.publication, level: 0, isActive: false))
    }

    @Test func bothSidesMeasureTheirRoundTrip() throws {
        let scenario = Scenario(seed: 2)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob") {
            $0.uplink.delay = .milliseconds(30)
            $0.downlink.delay = .milliseconds(30)
        }
        #expect(scenario.connect())
        _ = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        // Smoothing starts at 100 ms and forgets an eighth per report.
        scenario.run(for: .seconds(40))
        let transport = try #require(bob.serverTransport)
        let measured = try #require(scenario.server.core.transports[transport]?.roundTrip)
        // 30 + 30 ms of bob's and 5 + 5 of the server's own link.
        #expect((.milliseconds(65)...(.milliseconds(75))).contains(measured), "\(measured)")
    }

    /// The publisher's reports, translated: what bob is told of sound and picture belongs to one moment.
    @Test func senderReportsKeepSoundAndPictureInStep() throws {
        let scenario = Scenario(seed: 3)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let voice = scenario.publish(.audio, from: alice)
        let camera = scenario.publish(.video, from: alice)
        let receivers = [scenario.subscribe(bob, to: voice), scenario.subscribe(bob, to: camera)]
        scenario.run(for: .seconds(6))
        let core = bob.core
        var skew: [Int64] = []
        for (receiver, rate) in zip(receivers, [48_000, 90_000] as [Int64]) {
            let publication = try #require(bob.receivers.first { $0.value === receiver }?.key)
            let stream = try #require(core.publications[publication]?.streams.first)
            let report = try #require(core.streams[stream]?.senderReport)
            // When, by the report, was the last decoded frame captured? Synthetic frames are captured when they are
            // sent, so this is the age of the last frame at the report's time plus the path.
            let last = try #require(receiver.lastTimestamp)
            let ticks = Int64(Int32(bitPattern: last &- report.rtpTimestamp))
            let captured = Int64(report.ntp.unixMicroseconds) + ticks * 1_000_000 / rate
            let arrived = try #require(receiver.lastDecoded)
            skew.append(Int64(core.wallClock(arrived)) - captured)
        }
        // Both frames were under way for 20 ms, of which the report's translation leaves the subscriber's 10.
        #expect(abs(skew[0] - skew[1]) < 3_000, "\(skew)")
        #expect(skew.allSatisfy { abs($0) < 40_000 }, "\(skew)")
    }

    @Test func publishersWithoutTransportFeedbackAreToldAGenerousBitrate() {
        let scenario = Scenario(seed: 4)
        scenario.serverExtensions = [.mid: 1, .audioLevel: 2]
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(3))
        #expect(picture.decoded > 80)
        #expect(scenario.server.statistics().feedback.transportFeedbackOut == 0)
        #expect(alice.statistics().feedback.malformedIn == 0 && alice.statistics().feedback.unknownIn == 0)
    }

    @Test func statisticsTellWhatHappened() {
        let scenario = Scenario(seed: 5)
        let alice = scenario.join("alice")
        let bob = scenario.join("bob")
        #expect(scenario.connect())
        _ = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(3))
        let statistics = scenario.server.statistics()
        #expect(statistics.transports == [.connected: 2])
        #expect(statistics.publications == 1 && statistics.streams == 1 && statistics.subscriptions == 1)
        #expect(statistics.forwards > 150 && statistics.packetsIn > statistics.forwards)
        #expect(statistics.feedback.reportsIn >= 4 && statistics.feedback.reportsOut >= 4)
        #expect(statistics.feedback.transportFeedbackOut > 20)
        #expect(Set(statistics.drops.map(\.reason)).count == statistics.drops.count)
        #expect(!statistics.drops.contains { $0.reason.isEmpty })
        #expect(alice.statistics().feedback.transportFeedbackIn == statistics.feedback.transportFeedbackOut)
    }
}
