import Testing

@testable import Codecs

/// A tone goes through the encoder and the decoder and is still that tone.
@Suite struct OpusRoundTripTests {
    @Test(arguments: OpusFrameDuration.allCases)
    func keepsFrequencyAndLevelAtEachFrameDuration(_ duration: OpusFrameDuration) throws {
        var configuration = OpusEncoder.Configuration()
        configuration.application = .audio
        configuration.bitrate = 96_000
        try expectTone(configuration, duration: duration)
    }

    @Test(arguments: OpusSampleRate.allCases, OpusChannels.allCases)
    func keepsFrequencyAndLevelAtEachRate(_ rate: OpusSampleRate, _ channels: OpusChannels) throws {
        var configuration = OpusEncoder.Configuration()
        configuration.sampleRate = rate
        configuration.channels = channels
        configuration.bitrate = 48_000
        try expectTone(configuration, duration: .ms20)
    }

    @Test(arguments: OpusEncoder.Application.allCases)
    func keepsFrequencyAndLevelInEachApplication(_ application: OpusEncoder.Application) throws {
        var configuration = OpusEncoder.Configuration()
        configuration.application = application
        configuration.bitrate = 64_000
        try expectTone(configuration, duration: .ms20)
    }

    /// Half a second of 440 Hz: the level within 1 dB, and hardly anything else.
    private func expectTone(_ configuration: OpusEncoder.Configuration, duration: OpusFrameDuration) throws {
        let tone = Tone(hertz: 440, amplitude: 0.5, rate: configuration.sampleRate)
        let frame = duration.samplesPerChannel(at: configuration.sampleRate)
        let frames = 500_000 / duration.microseconds
        var encoder = try OpusEncoder(configuration)
        var decoder = try OpusDecoder(sampleRate: configuration.sampleRate, channels: configuration.channels)
        var heard: [Int16] = []
        for index in 0..<frames {
            let samples = tone.int16(from: index * frame, count: frame, channels: configuration.channels)
            let packet = try encoder.packet(samples)
            #expect(try OpusPacket(packet).samplesPerChannel(at: configuration.sampleRate) == frame)
            heard += try decoder.samples(of: packet)
        }
        #expect(heard.count == frames * frame * configuration.channels.rawValue)
        for number in 0..<configuration.channels.rawValue {
            // The codec needs a moment to learn what it hears.
            let settled = Array(heard.channel(number, of: configuration.channels).dropFirst(frames * frame / 2))
            let found = tone.amplitude(in: settled)
            #expect(abs(decibels(found / tone.amplitude)) < 1)
            #expect(abs(level(of: settled) - found / 2.0.squareRoot()) < 0.05)
        }
    }

    @Test func takesAndGivesFloats() throws {
        let tone = Tone(hertz: 1_000, amplitude: 0.25, rate: .hz48000)
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder()
        var heard: [Float] = []
        for index in 0..<25 {
            heard += try decoder.floats(of: encoder.packet(tone.float(from: index * 960, count: 960, channels: .mono)))
        }
        let found = tone.amplitude(in: Array(heard.channel(0, of: .mono).dropFirst(12_000)))
        #expect(abs(decibels(found / tone.amplitude)) < 1)
    }

    @Test func hearsNothingInNotANumber() throws {
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder()
        for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            let samples = [Float](repeating: value, count: 960)
            let heard = try decoder.floats(of: encoder.packet(samples))
            #expect(heard.allSatisfy { $0.isFinite && abs($0) < 1.5 })
        }
    }

    /// What comes out lags by `lookahead` behind what went in: at no other shift are they as close.
    @Test func lagsByTheLookahead() throws {
        var configuration = OpusEncoder.Configuration()
        configuration.application = .audio
        configuration.bitrate = 128_000
        var encoder = try OpusEncoder(configuration)
        var decoder = try OpusDecoder()
        let tone = Tone(hertz: 200, amplitude: 0.5, rate: .hz48000)
        var heard: [Int16] = []
        for index in 0..<25 {
            heard += try decoder.samples(of: encoder.packet(tone.int16(from: index * 960, count: 960, channels: .mono)))
        }
        let told = tone.int16(from: 0, count: heard.count, channels: .mono)
        func error(at lag: Int) -> Int {
            (12_000..<20_000).reduce(0) { $0 + abs(Int(heard[$1]) - Int(told[$1 - lag])) }
        }
        #expect(encoder.lookahead == 312)
        let best = stride(from: 240, through: 384, by: 4).min { error(at: $0) < error(at: $1) }
        #expect(abs((best ?? 0) - encoder.lookahead) <= 4)
    }

    /// Any packet decodes at any rate and to any number of channels.
    @Test func decodesAtAnotherRateAndToBothChannels() throws {
        let tone = Tone(hertz: 300, amplitude: 0.5, rate: .hz48000)
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder(sampleRate: .hz16000, channels: .stereo)
        var heard: [Int16] = []
        for index in 0..<25 {
            heard += try decoder.samples(of: encoder.packet(tone.int16(from: index * 960, count: 960, channels: .mono)))
        }
        #expect(heard.count == 25 * 320 * 2)
        let slow = Tone(hertz: 300, amplitude: 0.5, rate: .hz16000)
        for number in 0...1 {
            let found = slow.amplitude(in: Array(heard.channel(number, of: .stereo).dropFirst(4_000)))
            #expect(abs(decibels(found / 0.5)) < 1)
        }
    }

    @Test func staysWithinTheRoomAndNearTheBitrate() throws {
        let tone = Tone(hertz: 700, amplitude: 0.7, rate: .hz48000)
        var encoder = try OpusEncoder()
        for room in [1, 2, 10, 40] {
            let packet = try encoder.packet(tone.int16(from: 0, count: 960, channels: .mono), room: room)
            #expect(1...room ~= packet.count)
        }
        try encoder.setBitrate(12_000)
        var bytes = 0
        for index in 0..<50 {
            bytes += try encoder.packet(tone.int16(from: index * 960, count: 960, channels: .mono)).count
        }
        #expect(8_000...16_000 ~= bytes * 8)
    }

    @Test func beginsAnew() throws {
        let tone = Tone(hertz: 700, amplitude: 0.7, rate: .hz48000)
        var encoder = try OpusEncoder()
        var decoder = try OpusDecoder()
        let first = try encoder.packet(tone.int16(from: 0, count: 960, channels: .mono))
        let firstHeard = try decoder.samples(of: first)
        for index in 1..<5 {
            let packet = try encoder.packet(tone.int16(from: index * 960, count: 960, channels: .mono))
            _ = try decoder.samples(of: packet)
        }
        try encoder.reset()
        try decoder.reset()
        #expect(try encoder.packet(tone.int16(from: 0, count: 960, channels: .mono)) == first)
        #expect(try decoder.samples(of: first) == firstHeard)
    }
}
