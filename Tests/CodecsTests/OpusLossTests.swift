import ScenarioSupport
import Testing

@testable import Codecs

/// What is heard when packets are missing, and what is not sent when nothing is said.
@Suite struct OpusLossTests {
    /// A lost frame of a steady tone is filled with that tone; a long gap fades out.
    @Test func concealsALostPacketAndFadesOut() throws {
        let tone = Tone(hertz: 440, amplitude: 0.5, rate: .hz48000)
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder()
        for index in 0..<25 {
            let packet = try encoder.packet(tone.int16(from: index * 960, count: 960, channels: .mono))
            _ = try decoder.samples(of: packet)
        }
        let first = try decoder.concealed(960).channel(0, of: .mono)
        #expect(abs(decibels(level(of: first) * 2.0.squareRoot() / 0.5)) < 3)
        #expect(tone.amplitude(in: first) > 0.35)
        for _ in 0..<20 { _ = try decoder.concealed(960) }
        #expect(try level(of: decoder.concealed(960).channel(0, of: .mono)) < 0.02)
    }

    @Test func concealsWholeMultiplesOfTheShortestFrameOnly() throws {
        var decoder = try OpusDecoder(channels: .stereo)
        for count in [240, 480, 1_920, 11_520] { #expect(try decoder.concealed(count).count == count) }
        for count in [0, 1, 120, 239, 961, 11_760] {
            #expect(throws: OpusError.sampleCount(count)) { try decoder.concealed(count) }
        }
    }

    /// Speech-like sound at 20 % expected loss: the packet after a gap says what was in it, so the frame comes back
    /// closer to the truth than anything made up.
    @Test func recoversTheLostPacketFromTheNextOne() throws {
        var configuration = OpusEncoder.Configuration()
        configuration.hasInbandFEC = true
        configuration.expectedLoss = 20
        configuration.bitrate = 40_000
        var encoder = try OpusEncoder(configuration)
        let frames = speech(frames: 100)
        let packets = try frames.map { frame throws(OpusError) in try encoder.packet(frame) }
        let withCopy = try packets.filter { packet throws(OpusError) in try OpusPacket(packet).hasFEC }
        #expect(withCopy.count > 50)

        var whole = try OpusDecoder()
        let truth = try packets.map { packet throws(OpusError) in try whole.samples(of: packet) }
        var (concealedError, recoveredError, gaps) = (0.0, 0.0, 0)
        for lost in stride(from: 20, to: 99, by: 7) where try OpusPacket(packets[lost + 1]).hasFEC {
            var one = try OpusDecoder()
            var other = try OpusDecoder()
            for packet in packets[..<lost] {
                _ = try one.samples(of: packet)
                _ = try other.samples(of: packet)
            }
            concealedError += difference(try one.concealed(960), truth[lost])
            recoveredError += difference(try other.recovered(960, from: packets[lost + 1]), truth[lost])
            _ = try other.samples(of: packets[lost + 1])
            gaps += 1
        }
        #expect(gaps >= 5)
        #expect(recoveredError < 0.3 * concealedError)
    }

    @Test func carriesNoCopyUnlessAsked() throws {
        var encoder = try OpusEncoder()
        for frame in speech(frames: 50) {
            let packet = try encoder.packet(frame)
            #expect(try !OpusPacket(packet).hasFEC)
        }
    }

    /// Recovery without a copy conceals instead of failing.
    @Test func concealsWhereThereIsNoCopy() throws {
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder()
        let packets = try speech(frames: 5).map { frame throws(OpusError) in try encoder.packet(frame) }
        _ = try decoder.samples(of: packets[0])
        #expect(try decoder.recovered(960, from: packets[2]).count == 960)
        #expect(throws: OpusError.invalidPacket) { try decoder.recovered(960, from: []) }
    }

    /// After speech has ended most packets need not be sent; when it is back, they do.
    @Test func staysSilentWhileNobodySpeaks() throws {
        var configuration = OpusEncoder.Configuration()
        configuration.isDiscontinuous = true
        configuration.bitrate = 24_000
        var encoder = try OpusEncoder(configuration)
        var decoder = try OpusDecoder()
        func silences(_ frames: [[Int16]]) throws -> Int {
            try frames.count { frame in
                let packet = try encoder.packet(frame)
                let isSilent = packet.count <= OpusEncoder.longestSilence
                if isSilent { _ = try decoder.concealed(960) } else { _ = try decoder.samples(of: packet) }
                return isSilent
            }
        }
        #expect(try silences(speech(frames: 50)) == 0)
        #expect(try silences([[Int16]](repeating: [Int16](repeating: 0, count: 960), count: 100)) > 70)
        #expect(try silences(Array(speech(frames: 50).dropFirst(2))) < 5)
    }

    /// Syllables of a buzzing voice at 120 Hz and its overtones, four in a second, never quite alike.
    private func speech(frames: Int) -> [[Int16]] {
        var random = SeededRandom(seed: 7)
        return (0..<frames).map { frame in
            let loudness = 0.15 + 0.1 * Double(frame / 6 % 3)
            let pitch = 110.0 + Double(frame / 12 * 13 % 40)
            let voice = (1...6).map { overtone in
                Tone(hertz: pitch * Double(overtone), amplitude: loudness / Double(overtone), rate: .hz48000)
            }
            return (0..<960).map { index in
                let noise = Double(random.next() % 1_000) / 1_000 - 0.5
                let sound = voice.reduce(0) { $0 + $1.sample(frame * 960 + index) } + 0.01 * noise
                return Int16(max(-1, min(1, sound)) * 32_767)
            }
        }
    }

    private func difference(_ one: [Int16], _ other: [Int16]) -> Double {
        zip(one, other).reduce(0) { $0 + Double((Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1))) }
    }
}
