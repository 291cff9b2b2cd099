// How good connections are: the judgement, and who is told of it when.

import LiveKitProtocol
import MediaRelay
import SwiftProtobuf
import Testing

@testable import Signaling

struct ConnectionScoreTests {
    private func quality(
        audio: Float? = nil, video: Float? = nil, roundTrip: UInt64 = 50
    ) -> LiveKitConnectionQuality {
        ConnectionScore(health(audio: audio, video: video, roundTrip: roundTrip)).quality
    }

    private func health(audio: Float?, video: Float?, roundTrip: UInt64) -> TransportHealth {
        TransportHealth(
            transport: IdentifierPool(workers: 1).transport(on: WorkerIndex(rawValue: 0)), audioLoss: audio,
            videoLoss: video, roundTrip: .milliseconds(roundTrip), silence: .zero)
    }

    @Test func words() {
        #expect(quality() == .excellent)
        #expect(quality(audio: 0, video: 0) == .excellent)
        #expect(quality(audio: 0.01) == .excellent)
        #expect(quality(audio: 0.05) == .good)
        #expect(quality(audio: 0.12) == .poor)
        #expect(quality(video: 0.015) == .excellent)
        #expect(quality(video: 0.05) == .good)
        #expect(quality(video: 0.15) == .poor)
        #expect(quality(audio: 0, video: 0.15) == .poor, "the worse counts")
        #expect(quality(audio: 0, roundTrip: 250) == .excellent)
        #expect(quality(audio: 0, roundTrip: 600) == .good)
        #expect(quality(audio: 0, roundTrip: 1200) == .poor)
    }

    @Test func moreLossIsNeverBetter() {
        var last: (audio: Float, video: Float) = (5, 5)
        for step in 0...100 {
            let loss = Float(step) / 100
            let audio = ConnectionScore(health(audio: loss, video: nil, roundTrip: 50)).value
            let video = ConnectionScore(health(audio: nil, video: loss, roundTrip: 50)).value
            #expect(audio <= last.audio && video <= last.video && audio >= 1 && video >= 1)
            last = (audio, video)
        }
    }

    @Test func strangeNumbersAreBad() {
        #expect(ConnectionScore(.nan).value == 1 && ConnectionScore(.infinity).value == 1)
        #expect(ConnectionScore(health(audio: .nan, video: .nan, roundTrip: 50)).value == 1)
        #expect(ConnectionScore(health(audio: 7, video: 9, roundTrip: .max / 1000)).value == 1)
    }
}

struct QualityTests {
    private func report(
        _ world: MeetingWorld, _ client: TestClient, loss: Float, silence: MediaSpan = .zero
    ) throws {
        let health = TransportHealth(
            transport: try #require(world.primaryTransport(of: client)), audioLoss: loss, videoLoss: nil,
            roundTrip: .milliseconds(40), silence: silence)
        world.report(.transportHealth([health]))
    }

    private func told(_ client: TestClient, of other: TestClient) -> [LiveKitConnectionQuality] {
        client.messages { if case .connectionQuality(let update) = $0 { update.updates } else { nil } }
            .flatMap { $0 }.filter { $0.participantSid == other.sid }.map(\.quality)
    }

    private func trio() -> (MeetingWorld, TestClient, TestClient, TestClient) {
        let world = MeetingWorld()
        let speaker = world.join("speaker")
        let listener = world.join("listener")
        let stranger = world.join("stranger", autoSubscribe: false)
        speaker.publish("mic", .audio)
        world.advance(.seconds(2))
        return (world, speaker, listener, stranger)
    }

    @Test func oneselfAndWhoReceivesItAreToldOfChanges() throws {
        let (world, speaker, listener, stranger) = trio()
        try report(world, speaker, loss: 0)
        world.advance(.seconds(6))
        #expect(told(speaker, of: speaker) == [.excellent] && told(listener, of: speaker) == [.excellent])
        try report(world, speaker, loss: 0)
        world.advance(.seconds(6))
        #expect(told(speaker, of: speaker).count == 1)
        try report(world, speaker, loss: 0.2)
        world.advance(.seconds(6))
        #expect(told(speaker, of: speaker) == [.excellent, .poor])
        #expect(told(listener, of: speaker) == [.excellent, .poor])
        #expect(told(stranger, of: speaker).isEmpty && told(listener, of: listener).isEmpty)
    }

    @Test func whoIsNotHeardIsLost() throws {
        let (world, speaker, listener, _) = trio()
        try report(world, speaker, loss: 0, silence: .seconds(13))
        world.advance(.seconds(6))
        #expect(told(listener, of: speaker) == [.lost])
        try report(world, speaker, loss: 0)
        world.advance(.seconds(6))
        #expect(told(listener, of: speaker) == [.lost, .excellent])
        world.report(.transport(try #require(world.primaryTransport(of: speaker)), .disconnected))
        world.advance(.seconds(6))
        #expect(told(listener, of: speaker).last == .lost)
    }

    @Test func whoComesBackIsToldAnew() throws {
        let (world, speaker, listener, _) = trio()
        try report(world, speaker, loss: 0)
        world.advance(.seconds(6))
        world.closeSocket(listener)
        world.resume(listener)
        world.advance(.seconds(6))
        #expect(told(listener, of: speaker) == [.excellent, .excellent])
    }

    // MARK: How long a place is kept

    /// How long the place stays after its socket is lost, while its media is heard until `heard`.
    private func stay(heardFor heard: Duration) throws -> Duration {
        let (world, speaker, listener, _) = trio()
        world.closeSocket(speaker)
        let start = world.now.uptime
        while !listener.names.isDisjoint(with: ["speaker"]), world.now.uptime - start < .seconds(60) {
            world.advance(.milliseconds(500))
            let since = world.now.uptime - start
            if listener.names.contains("speaker"), since <= heard { try report(world, speaker, loss: 0) }
        }
        return world.now.uptime - start
    }

    @Test func aKilledProcessIsNoGhostForMoreThanTenSeconds() throws {
        #expect(try stay(heardFor: .zero) <= .seconds(11))
    }

    @Test func whoIsHeardKeepsThePlaceForThirtySeconds() throws {
        let time = try stay(heardFor: .seconds(60))
        #expect(time >= .seconds(30) && time <= .seconds(32))
    }

    @Test func whoIsHeardNoMoreIsGone() throws {
        let time = try stay(heardFor: .seconds(5))
        #expect(time >= .seconds(15) && time <= .seconds(19))
    }
}
