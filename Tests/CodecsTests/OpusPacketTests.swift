import ScenarioSupport
import Testing

@testable import Codecs

/// The form of packets, by vectors from RFC 6716 and against libopus' own reading of them.
@Suite struct OpusPacketTests {
    @Test(arguments: [
        // Table 2 of RFC 6716, one of each mode and of each end.
        (0, OpusPacket.Mode.silk, OpusPacket.Bandwidth.narrow, 10_000),
        (3, .silk, .narrow, 60_000),
        (4, .silk, .medium, 10_000),
        (9, .silk, .wide, 20_000),
        (11, .silk, .wide, 60_000),
        (12, .hybrid, .superWide, 10_000),
        (13, .hybrid, .superWide, 20_000),
        (14, .hybrid, .full, 10_000),
        (15, .hybrid, .full, 20_000),
        (16, .celt, .narrow, 2_500),
        (21, .celt, .wide, 5_000),
        (26, .celt, .superWide, 10_000),
        (31, .celt, .full, 20_000),
    ])
    func readsTheConfiguration(
        _ number: UInt8, _ mode: OpusPacket.Mode, _ bandwidth: OpusPacket.Bandwidth, _ microseconds: Int
    ) throws {
        for stereo: UInt8 in [0, 4] {
            let packet = try OpusPacket([number << 3 | stereo, 0])
            #expect(packet.mode == mode)
            #expect(packet.bandwidth == bandwidth)
            #expect(packet.frameDuration == microseconds)
            #expect(packet.isStereo == (stereo != 0))
            #expect(packet.frameCount == 1)
            #expect(packet.samplesPerChannel(at: .hz48000) == microseconds * 48 / 1_000)
        }
    }

    @Test(
        arguments: [
            // Code 0: one frame, also an empty one.
            ([0x78], 1), ([0x78, 1, 2], 1),
            // Code 1: two alike.
            ([0x79, 1, 2], 2), ([0x79], 2),
            // Code 2: two with a length; 252 and more take two bytes.
            ([0x7a, 1, 9, 9], 2), ([0x7a, 0], 2), ([0x7a, 252, 0] + [UInt8](repeating: 0, count: 252), 2),
            // Code 3: all alike; with padding; with lengths.
            ([0x7b, 3, 1, 2, 3], 3), ([0x7b, 0x43, 2, 1, 2, 3, 0, 0], 3), ([0x7b, 0x83, 1, 0, 7, 8, 8], 3),
            ([0x7b, 0xc2, 1, 1, 7, 8, 0], 2), ([0x7b, 6], 6),
        ] as [([UInt8], Int)])
    func countsFrames(_ bytes: [UInt8], _ count: Int) throws {
        let packet = try OpusPacket(bytes)
        #expect(packet.frameCount == count)
        #expect(packet.duration == count * 20_000)
    }

    @Test(
        arguments: [
            // R1; R2: a frame of 1,276 bytes; R3: an odd rest; R4: a length that is cut off or too large.
            [], [0x78] + [UInt8](repeating: 0, count: 1_276), [0x79, 1], [0x7a], [0x7a, 252], [0x7a, 2, 1],
            // R5: no frames, or more than 120 ms; R6: does not divide, padding too long; R7: lengths too long.
            [0x7b], [0x7b, 0], [0x7b, 7], [0x7b, 2, 1], [0x7b, 0x41], [0x7b, 0x41, 3, 1], [0x7b, 0x41, 255],
            [0x7b, 0x82], [0x7b, 0x82, 2, 1], [0x7b, 0x83, 1, 1],
        ] as [[UInt8]])
    func refusesWhatBreaksARequirement(_ bytes: [UInt8]) throws {
        #expect(throws: OpusError.invalidPacket) { try OpusPacket(bytes) }
        var decoder = try OpusDecoder()
        #expect(throws: OpusError.invalidPacket) { try decoder.samples(of: bytes) }
    }

    /// Where we read a packet libopus decodes just so many samples of it, and where we do not it refuses.
    @Test func agreesWithTheDecoderOnRandomPackets() throws {
        var random = SeededRandom(seed: 20)
        var decoder = try OpusDecoder(sampleRate: .hz8000)
        var (good, bad) = (0, 0)
        for _ in 0..<4_000 {
            var bytes = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            // Codes and counts that random bytes seldom hit.
            if bytes.count > 2, random.next() % 2 == 0 {
                bytes[0] |= 3
                bytes[1] &= 0xc7
            }
            let form = Result { try OpusPacket(bytes) }
            let sound = Result { try decoder.samples(of: bytes) }
            switch (form, sound) {
            case (.success(let packet), .success(let samples)):
                #expect(packet.samplesPerChannel(at: .hz8000) == samples.count)
                good += 1
            case (.failure, .failure(let error)):
                #expect(error as? OpusError == .invalidPacket)
                bad += 1
            default:
                Issue.record("we and libopus disagree on \(bytes)")
            }
        }
        #expect(good > 500 && bad > 500)
    }
}
