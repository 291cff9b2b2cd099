import ScenarioSupport
import Testing

@testable import MediaRelay

/// What a sender would learn from feedback: sequence number to arrival, in ticks modulo the reference time's wrap.
private func arrivals(in feedback: [TransportFeedback]) -> [UInt16: Int64] {
    var arrivals: [UInt16: Int64] = [:]
    for packet in feedback {
        var tick = Int64(packet.referenceTime) * Int64(TransportFeedback.referenceTicks)
        for (index, status) in packet.packets.enumerated() {
            guard case .received(let delta) = status else { continue }
            tick += Int64(delta)
            arrivals[packet.baseSequence &+ UInt16(truncatingIfNeeded: index)] = tick
        }
    }
    return arrivals
}

/// Through the wire and back.
private func transmitted(_ feedback: [TransportFeedback]) throws -> [TransportFeedback] {
    try feedback.map { packet in
        #expect(packet.encoded.count <= Limits.RTCP.compoundBytes)
        guard case .transportFeedback(let read) = try #require(RTCPCompound(parsing: packet.encoded).packets.first)
        else {
            throw CancellationError()
        }
        #expect(read == packet)
        return read
    }
}

@Suite struct TransportFeedbackTests {
    private func feedback(_ packets: [TransportFeedback.Status]) -> [UInt8] {
        TransportFeedback(
            senderSSRC: 1, mediaSSRC: 2, baseSequence: 5, referenceTime: 3, feedbackCount: 4, packets: packets
        ).encoded
    }

    /// Chunks written down by hand from the draft's drawings, 3.1.2 to 3.1.5.
    @Test func writesRunsAndVectors() {
        let header = "00000001 00000002"
        let small = TransportFeedback.Status.received(delta: 1)
        #expect(feedback([small]) == [UInt8](hex: "8fcd0005 \(header) 00050001 00000304 2001 01 00"))
        #expect(
            feedback(Array(repeating: .notReceived, count: 20) + [small])
                == [UInt8](hex: "8fcd0006 \(header) 00050015 00000304 0014 2001 01 000000"))
        #expect(
            feedback([small, .notReceived, .notReceived, small, .notReceived])
                == [UInt8](
                    hex: "8fcd0006 \(header) 00050005 00000304 a400 0101 00000000".replacing("00000000", with: "")
                ).withLength(5))
        #expect(
            feedback([small, .received(delta: -1), .notReceived, small])
                == [UInt8](hex: "8fcd0006 \(header) 00050004 00000304 d840 01 ffff 01 0000"))
    }

    @Test func signsTheReferenceTime() {
        for time in [Int32(0), -1, 0x7f_ffff, -0x80_0000] {
            let packet = TransportFeedback(
                senderSSRC: 1, mediaSSRC: 2, baseSequence: 0, referenceTime: time, feedbackCount: 0,
                packets: [.received(delta: 0)])
            #expect(RTCPCompound(parsing: packet.encoded).packets == [.transportFeedback(packet)])
        }
    }

    @Test func readsBackAnyStatuses() {
        for seed in UInt64(0)..<500 {
            var generator = SeededRandom(seed: seed)
            var packets: [TransportFeedback.Status] = []
            // Runs of random kinds, so that every chunk comes to pass.
            while packets.count < 200 {
                let kind = Int.random(in: 0..<3, using: &generator)
                for _ in 0..<Int.random(in: 1...(seed % 2 == 0 ? 3 : 40), using: &generator) {
                    switch kind {
                    case 0: packets.append(.notReceived)
                    case 1: packets.append(.received(delta: Int16.random(in: 0...255, using: &generator)))
                    default: packets.append(.received(delta: Int16.random(in: .min ... -1, using: &generator)))
                    }
                }
            }
            let packet = TransportFeedback(
                senderSSRC: 1, mediaSSRC: 2, baseSequence: 65_500, referenceTime: 9, feedbackCount: 1, packets: packets)
            #expect(RTCPCompound(parsing: packet.encoded).packets == [.transportFeedback(packet)], "seed \(seed)")
        }
    }
}

extension [UInt8] {
    /// The block with this many words after its first in its length field.
    fileprivate func withLength(_ words: UInt8) -> [UInt8] {
        var changed = self
        changed[3] = words
        return changed
    }
}

@Suite struct TransportFeedbackBuilderTests {
    private var builder = TransportFeedbackBuilder(senderSSRC: 1, mediaSSRC: 2)

    @Test mutating func reportsArrivalsToTheTick() throws {
        #expect(builder.isEmpty && builder.takeFeedback().isEmpty)
        builder.append(sequence: 65_534, arrival: MediaTime(microseconds: 1_000_000))
        builder.append(sequence: 65_535, arrival: MediaTime(microseconds: 1_000_249))
        builder.append(sequence: 1, arrival: MediaTime(microseconds: 1_100_000))
        let feedback = try transmitted(builder.takeFeedback())
        #expect(feedback.count == 1)
        #expect(feedback.first?.baseSequence == 65_534)
        #expect(feedback.first?.referenceTime == 15)  // 960 ms
        #expect(
            feedback.first?.packets == [
                .received(delta: 160), .received(delta: 0), .notReceived, .received(delta: 400),
            ])
        #expect(builder.isEmpty && builder.takeFeedback().isEmpty)
    }

    @Test mutating func beginsWithWhatWasLostSinceTheLast() throws {
        builder.append(sequence: 10, arrival: .seconds(1))
        #expect(builder.takeFeedback().first?.feedbackCount == 0)
        builder.append(sequence: 13, arrival: .seconds(2))
        let feedback = try #require(builder.takeFeedback().first)
        #expect(feedback.baseSequence == 11)
        #expect(feedback.packets.prefix(2) == [.notReceived, .notReceived])
        #expect(feedback.feedbackCount == 1)
    }

    @Test mutating func reopensWhatALatePacketChanges() throws {
        for sequence in [UInt16(1), 2, 4, 5] {
            builder.append(sequence: sequence, arrival: .milliseconds(1_000 + UInt64(sequence)))
        }
        _ = builder.takeFeedback()
        builder.append(sequence: 3, arrival: .milliseconds(1_100))
        builder.append(sequence: 3, arrival: .milliseconds(1_200))
        let feedback = try transmitted(builder.takeFeedback())
        #expect(feedback.first?.baseSequence == 3)
        #expect(arrivals(in: feedback) == [3: 4_400, 4: 4_016, 5: 4_020])
        // Older than the history: forgotten, not reported.
        builder.append(sequence: 5_000, arrival: .milliseconds(1_300))
        _ = builder.takeFeedback()
        builder.append(sequence: 5, arrival: .milliseconds(1_400))
        #expect(builder.isEmpty)
    }

    @Test mutating func splitsWhatNoDeltaCanSpan() throws {
        builder.append(sequence: 1, arrival: .seconds(1))
        builder.append(sequence: 2, arrival: .seconds(10))
        builder.append(sequence: 3, arrival: .seconds(100))
        let feedback = try transmitted(builder.takeFeedback())
        #expect(feedback.map(\.baseSequence) == [1, 2, 3])
        #expect(feedback.map(\.feedbackCount) == [0, 1, 2])
    }

    @Test mutating func skipsJumps() throws {
        builder.append(sequence: 1, arrival: .seconds(1))
        builder.append(sequence: 30_000, arrival: .seconds(1))
        builder.append(sequence: 60_000, arrival: .seconds(1))
        let feedback = try transmitted(builder.takeFeedback())
        #expect(feedback.reduce(0) { $0 + $1.packets.count } == 3)
    }

    /// Loss, reordering, wraps of number and reference time, pauses: what is read is what arrived.
    @Test(arguments: UInt64(0)..<24) func reportsEverythingThatArrived(_ seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        var builder = TransportFeedbackBuilder(senderSSRC: 1, mediaSSRC: 2)
        var sequence = UInt16.random(in: 0...(.max), using: &generator)
        // Near the wrap of 24 bits of 64 ms.
        var now = (UInt64(1) << 24) * 64_000 - 3_000_000
        var expected: [UInt16: Int64] = [:]
        var reported: [UInt16: Int64] = [:]
        for _ in 0..<40 {
            var batch: [UInt16] = []
            for _ in 0..<Int.random(in: 0...(seed % 6 == 0 ? 600 : 40), using: &generator) {
                sequence &+= 1
                if Int.random(in: 0..<10, using: &generator) > 0 { batch.append(sequence) }
            }
            for index in batch.indices.dropLast() where Int.random(in: 0..<20, using: &generator) == 0 {
                batch.swapAt(index, index + 1)
            }
            // Only what a sender could still tell apart: not more than half a circle of numbers.
            expected = expected.filter { sequence &- $0.key < 20_000 }
            reported = reported.filter { sequence &- $0.key < 20_000 }
            for number in batch {
                now += UInt64.random(in: 0...2_000, using: &generator)
                expected[number] = Int64(now / TransportFeedback.tick) % (1 << 32)
                builder.append(sequence: number, arrival: MediaTime(microseconds: now))
            }
            now += UInt64.random(in: 0...200_000, using: &generator)
            for (number, tick) in arrivals(in: try transmitted(builder.takeFeedback())) {
                reported[number] = tick < 0 ? tick + 1 << 32 : tick % (1 << 32)
            }
            #expect(reported == expected, "seed \(seed)")
        }
    }

    @Test mutating func staysBounded() {
        var generator = SeededRandom(seed: 12)
        for _ in 0..<10_000 {
            builder.append(sequence: UInt16.random(in: 0...(.max), using: &generator), arrival: .seconds(1))
        }
        let feedback = builder.takeFeedback()
        #expect(feedback.allSatisfy { $0.encoded.count <= Limits.RTCP.compoundBytes })
    }
}
