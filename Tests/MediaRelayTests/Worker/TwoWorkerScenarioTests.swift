// People on two workers of one server, in virtual time: media and its repair, lip sync, loudness and data across the
// threads' border.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct TwoWorkerScenarioTests {
    @Test func peopleOnTwoWorkersSeeAndHearEachOther() {
        let scenario = Scenario(seed: 1, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let bob = scenario.join("bob", on: 1)
        #expect(scenario.connect())
        let tracks = [alice, bob].map { (scenario.publish(.audio, from: $0), scenario.publish(.video, from: $0)) }
        let heard = [scenario.subscribe(bob, to: tracks[0].0), scenario.subscribe(alice, to: tracks[1].0)]
        let seen = [scenario.subscribe(bob, to: tracks[0].1), scenario.subscribe(alice, to: tracks[1].1)]
        scenario.run(for: .seconds(5))
        for receiver in heard { #expect(receiver.decoded >= 245 && receiver.missing == 0) }
        for receiver in seen {
            #expect(receiver.decoded >= 145 && receiver.missing == 0 && receiver.pictureJumps == 0)
            #expect(receiver.longestFreeze < .milliseconds(100))
        }
        for server in scenario.servers {
            let statistics = server.statistics()
            #expect(statistics.mirrors == 2 && statistics.packetsHandedOut > 500)
            #expect(statistics.packetsLost == 0 && statistics.forwards == statistics.packetsHandedIn)
        }
        for client in [alice, bob] { scenario.leave(client) }
        scenario.run(for: .seconds(1))
        for server in scenario.servers { #expect(server.statistics().isEmpty) }
    }

    /// One of three is elsewhere: everybody's packets cross once, whoever wants them.
    @Test func aStreamIsHandedOverOnceForAllSubscribersThere() {
        let scenario = Scenario(seed: 2, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let others = ["bob", "carol", "dave"].map { scenario.join($0, on: 1) }
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        let pictures = others.map { scenario.subscribe($0, to: camera) }
        scenario.run(for: .seconds(3))
        for picture in pictures { #expect(picture.decoded >= 85 && picture.missing == 0) }
        let (home, away) = (scenario.servers[0].statistics(), scenario.servers[1].statistics())
        #expect(home.packetsHandedOut == away.packetsHandedIn && home.forwards == 0)
        #expect(away.forwards > 2 * away.packetsHandedIn)
        // The three wanted their first picture at about the same time.
        #expect(alice.source(camera.encodings[0]).map { $0.keyframes <= 3 } == true)
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func lossIsRepairedOnBothSides(seed: UInt64) {
        let scenario = Scenario(seed: seed, workers: 2)
        let alice = scenario.join("alice", on: 0) {
            $0.uplink.loss = 0.03
            $0.uplink.delay = .milliseconds(20)
        }
        let bob = scenario.join("bob", on: 1) {
            $0.downlink.loss = 0.05
            $0.downlink.delay = .milliseconds(20)
        }
        #expect(scenario.connect(), "\(scenario)")
        let picture = scenario.subscribe(bob, to: scenario.publish(.video, from: alice))
        scenario.run(for: .seconds(2))
        picture.resetFigures(scenario.now)
        scenario.run(for: .seconds(20))
        #expect(picture.decoded >= 585, "\(scenario): \(picture.decoded) frames")
        #expect(picture.longestFreeze < .milliseconds(500), "\(scenario): \(picture.longestFreeze)")
        let (home, away) = (scenario.servers[0].statistics(), scenario.servers[1].statistics())
        #expect(home.packetsRecovered > 20 && home.retransmissions == 0, "\(scenario)")
        // The publisher's losses are counted once, where they were seen.
        #expect(away.retransmissions > 30 && away.packetsLost == 0, "\(scenario)")
    }

    @Test func mutedAndUnmutedAcrossWorkers() {
        let scenario = Scenario(seed: 21, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let bob = scenario.join("bob", on: 1)
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(2))
        scenario.server.perform(.setMuted(camera.publication, true), scenario.now)
        // Longer than the window of sequence numbers is wide: what passed meanwhile is no gap.
        scenario.run(for: .seconds(30))
        let before = picture.decoded
        #expect(before <= 61)
        scenario.server.perform(.setMuted(camera.publication, false), scenario.now)
        scenario.run(for: .seconds(2))
        #expect(picture.decoded >= before + 55 && picture.missing == 0)
        #expect(bob.statistics().feedback.nacksOut == 0)
    }

    @Test func aTrackThatIsSentAnewGoesOn() {
        let scenario = Scenario(seed: 31, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let bob = scenario.join("bob", on: 1)
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice)
        let picture = scenario.subscribe(bob, to: camera)
        scenario.run(for: .seconds(2))
        let before = picture.decoded
        _ = scenario.republish(camera)
        scenario.run(for: .seconds(3))
        #expect(picture.decoded >= before + 80 && picture.missing == 0 && picture.ssrcs.count == 1)
    }

    /// The better encoding is chosen there as it is here.
    @Test func encodingsAreChosenOnEveryWorker() {
        let scenario = Scenario(seed: 41, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let bob = scenario.join("bob", on: 1)
        let carol = scenario.join("carol", on: 0)
        #expect(scenario.connect())
        let camera = scenario.publish(.video, from: alice, encodings: 3)
        let pictures = [bob, carol].map { scenario.subscribe($0, to: camera) }
        scenario.run(for: .seconds(4))
        for picture in pictures { #expect(picture.sources.last == 2 && picture.missing == 0) }
        alice.stopSending(camera.encodings[2])
        scenario.run(for: .seconds(5))
        for picture in pictures { #expect(picture.sources.last == 1 && picture.decoded > 200) }
    }

    /// The subscriber's clock of a publisher is the same, wherever it is reported from.
    @Test func senderReportsSayTheSameOnBothWorkers() throws {
        let scenario = Scenario(seed: 51, workers: 2)
        let alice = scenario.join("alice", on: 0) { $0.uplink.delay = .milliseconds(30) }
        let near = scenario.join("near", on: 0)
        let far = scenario.join("far", on: 1)
        #expect(scenario.connect())
        let tracks = [scenario.publish(.audio, from: alice), scenario.publish(.video, from: alice)]
        for client in [near, far] { for track in tracks { _ = scenario.subscribe(client, to: track) } }
        scenario.run(for: .seconds(20))
        let (nearReports, farReports) = (Self.reports(of: near), Self.reports(of: far))
        #expect(nearReports.count == 2 && farReports.count == 2)
        // Microseconds of our wall clock at which the publisher's timestamps were made, less those of the timestamps.
        for kind in [MediaKind.audio, .video] {
            let a = try #require(nearReports[kind])
            let b = try #require(farReports[kind])
            #expect(abs(a - b) < 2_000, "\(kind): \(a - b) µs apart")
        }
    }

    /// For each kind the wall clock time, as the reports say it, of the newest frame, in microseconds after its frame
    /// number's.
    private static func reports(of client: VirtualClient) -> [MediaKind: Int64] {
        var result: [MediaKind: Int64] = [:]
        for (id, receiver) in client.receivers {
            guard let stream = client.core.publications[id]?.currentStream,
                let report = client.core.streams[stream]?.senderReport, let timestamp = receiver.lastTimestamp,
                let frame = receiver.lastFrame
            else { continue }
            let rate: Int64 = receiver.kind == .audio ? 48_000 : 90_000
            let interval: Int64 = receiver.kind == .audio ? 20_000 : 33_333
            let ticks = Int64(Int32(bitPattern: timestamp &- report.rtpTimestamp))
            let time = Int64(bitPattern: report.ntp.unixMicroseconds) + ticks * 1_000_000 / rate
            result[receiver.kind] = time - Int64(frame) * interval
        }
        return result
    }

    @Test func whoSpeaksIsToldByTheWorkerOfTheSpeakerAlone() {
        let scenario = Scenario(seed: 61, workers: 2)
        let alice = scenario.join("alice", on: 0)
        let bob = scenario.join("bob", on: 1)
        #expect(scenario.connect())
        let voice = scenario.publish(.audio, from: alice)
        _ = scenario.subscribe(bob, to: voice)
        scenario.run(for: .seconds(3))
        func activity(_ server: VirtualServer) -> [AudioActivity] {
            server.events.flatMap { event -> [AudioActivity] in
                if case .audioActivity(let levels) = event { levels } else { [] }
            }
        }
        #expect(activity(scenario.servers[0]).contains { $0.publication == voice.publication && $0.isActive })
        #expect(activity(scenario.servers[1]).isEmpty)
        #expect(!scenario.servers[1].events.contains(.publicationStarted(voice.publication)))
    }

    // MARK: Data

    private static let reliable = "_reliable"

    private func sharing(seed: UInt64, _ workers: Int...) -> (Scenario, [VirtualClient]) {
        let scenario = Scenario(seed: seed, workers: 2)
        let clients = workers.enumerated().map { scenario.join("person \($0)", on: $1) }
        #expect(scenario.connect(), "\(scenario)")
        for client in clients { scenario.openChannel(Self.reliable, of: client) }
        scenario.run(for: .seconds(1))
        scenario.shareData()
        return (scenario, clients)
    }

    private func bytes(_ number: Int, _ count: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } + [UInt8](repeating: 0, count: count)
    }

    @Test func dataReachesEverybodyInOrder() {
        let (scenario, clients) = sharing(seed: 71, 0, 1, 1, 0)
        let sent = (0..<500).map { bytes($0, $0 % 200) }
        for (number, bytes) in sent.enumerated() {
            scenario.send(bytes, on: Self.reliable, from: clients[number % 2])
            if number % 10 == 0 { scenario.run(for: .milliseconds(5)) }
        }
        scenario.run(for: .seconds(5))
        let fromFirst = sent.indices.filter { $0 % 2 == 0 }.map { sent[$0] }
        let fromSecond = sent.indices.filter { $0 % 2 == 1 }.map { sent[$0] }
        #expect(clients[0].messages.map(\.bytes) == fromSecond)
        #expect(clients[1].messages.map(\.bytes) == fromFirst)
        for client in clients[2...] { #expect(client.messages.count == sent.count) }
        for server in scenario.servers {
            #expect(server.statistics().data.heldBytes == 0 && server.core.questions.isEmpty)
        }
    }

    /// A sender whose recipients are all elsewhere goes as fast as the fastest of them, and memory stays bounded.
    @Test func aSenderIsSlowedDownToItsFastestReceiverElsewhere() {
        let (scenario, clients) = sharing(seed: 72, 0, 1, 1)
        clients[1].downlink.bitrate = 2_500_000
        clients[2].downlink.bitrate = 2_000_000
        let sent = (0..<450).map { bytes($0, 10_000) }
        var mostHeld = 0
        for message in sent {
            scenario.send(message, on: Self.reliable, from: clients[0])
            _ = scenario.run(within: .seconds(60)) { clients[0].statistics().data.heldBytes < 500_000 }
            mostHeld = max(mostHeld, scenario.servers.reduce(0) { $0 + $1.statistics().data.heldBytes })
        }
        for client in clients[1...] {
            #expect(scenario.run(within: .seconds(120)) { client.messages.count >= sent.count })
            #expect(client.messages.map(\.bytes) == sent)
        }
        let ofFastest = Limits.Data.roomBytes + 2 * Limits.Data.unhandledBytes
        #expect(mostHeld > Limits.Data.roomBytes / 2, "nothing was ever slowed down")
        #expect(mostHeld < 2 * ofFastest + 900_000, "\(mostHeld) bytes")
        #expect(scenario.servers.allSatisfy { $0.core.questions.isEmpty })
    }

    /// The one elsewhere reads next to nothing: a sender with a faster receiver here does not wait for it.
    @Test func aReceiverElsewhereThatStandsStillHoldsUpNobody() {
        let (scenario, clients) = sharing(seed: 73, 0, 0, 1)
        clients[2].downlink.bitrate = 100_000
        let sent = (0..<200).map { bytes($0, 10_000) }
        for message in sent {
            scenario.send(message, on: Self.reliable, from: clients[0])
            _ = scenario.run(within: .seconds(60)) { clients[0].statistics().data.heldBytes < 500_000 }
        }
        #expect(scenario.run(within: .seconds(5)) { clients[1].messages.count >= sent.count })
        scenario.leave(clients[0])
        scenario.leave(clients[2])
        scenario.run(for: .seconds(1))
        #expect(scenario.servers.allSatisfy { $0.core.questions.isEmpty })
        #expect(scenario.servers[1].statistics().data.heldBytes == 0)
    }

    /// A sender leaves while the other worker still looks for room for it.
    @Test func questionsEndWithWhoAsked() {
        let (scenario, clients) = sharing(seed: 74, 0, 1)
        clients[1].downlink.isCut = true
        for number in 0..<200 { scenario.send(bytes(number, 10_000), on: Self.reliable, from: clients[0]) }
        scenario.run(for: .seconds(3))
        #expect(scenario.servers[1].core.questions.count == 1)
        scenario.leave(clients[0])
        scenario.run(for: .milliseconds(100))
        #expect(scenario.servers[1].core.questions.isEmpty)
    }
}

extension WorkerStatistics {
    /// Nobody, and nothing kept of anybody.
    fileprivate var isEmpty: Bool {
        publications == 0 && subscriptions == 0 && streams == 0 && mirrors == 0 && allocatedBytes == 0
            && transports.values.allSatisfy { $0 == 0 }
    }
}
