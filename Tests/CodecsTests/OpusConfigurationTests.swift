import Testing

@testable import Codecs

/// Every setting and length out of range has an error of its own.
@Suite struct OpusConfigurationTests {
    private func configuration(
        _ change: (inout OpusEncoder.Configuration) -> Void
    ) -> OpusEncoder.Configuration {
        var configuration = OpusEncoder.Configuration()
        change(&configuration)
        return configuration
    }

    @Test func refusesSettingsOutOfRange() {
        for bitrate in [-1, 0, 5_999, 300_001, Int.max] {
            #expect(throws: OpusError.bitrate(bitrate)) {
                _ = try OpusEncoder(configuration { $0.bitrate = bitrate })
            }
        }
        for complexity in [-1, 11] {
            #expect(throws: OpusError.complexity(complexity)) {
                _ = try OpusEncoder(configuration { $0.complexity = complexity })
            }
        }
        for loss in [-1, 101] {
            #expect(throws: OpusError.expectedLoss(loss)) {
                _ = try OpusEncoder(configuration { $0.expectedLoss = loss })
            }
        }
    }

    @Test func takesTheEndsOfTheRanges() throws {
        for bitrate in [6_000, 510_000] {
            _ = try OpusEncoder(
                configuration {
                    $0.channels = .stereo
                    $0.bitrate = bitrate
                })
        }
        for complexity in [0, 10] { _ = try OpusEncoder(configuration { $0.complexity = complexity }) }
    }

    @Test func refusesChangesOutOfRange() throws {
        var encoder = try OpusEncoder()
        #expect(throws: OpusError.bitrate(300_001)) { try encoder.setBitrate(300_001) }
        #expect(throws: OpusError.expectedLoss(101)) { try encoder.setExpectedLoss(101) }
        try encoder.setBitrate(300_000)
        try encoder.setExpectedLoss(100)
    }

    @Test func refusesWhatIsNoFrame() throws {
        var encoder = try OpusEncoder(configuration { $0.channels = .stereo })
        for count in [0, 1, 120, 241, 960 + 1, 5_760 + 2, 2 * 3_840] {
            #expect(throws: OpusError.sampleCount(count)) { try encoder.packet([Int16](repeating: 0, count: count)) }
            #expect(throws: OpusError.sampleCount(count)) { try encoder.packet([Float](repeating: 0, count: count)) }
        }
    }

    @Test func needsRoom() throws {
        var encoder = try OpusEncoder()
        #expect(throws: OpusError.bufferTooSmall) { try encoder.packet([Int16](repeating: 0, count: 960), room: 0) }
        let packet = try encoder.packet([Int16](repeating: 0, count: 960))
        var decoder = try OpusDecoder()
        for room in [0, 1, 959] {
            var samples = [Int16](repeating: 0, count: room)
            #expect(throws: OpusError.bufferTooSmall) {
                var span = samples.mutableSpan
                _ = try decoder.decode(packet.span, into: &span)
            }
        }
    }

    @Test(arguments: OpusFrameDuration.allCases)
    func fitsTheLongestPacket(_ duration: OpusFrameDuration) throws {
        var encoder = try OpusEncoder(
            configuration {
                $0.channels = .stereo
                $0.application = .audio
                $0.bitrate = 510_000
            })
        let samples = (0..<2 * duration.samplesPerChannel(at: .hz48000)).map { Int16(truncatingIfNeeded: $0 * 7_919) }
        let packet = try encoder.packet(samples)
        #expect(packet.count <= OpusEncoder.longestPacket)
        #expect(try OpusPacket(packet).duration == duration.microseconds)
    }

    @Test func saysWhatIsWrong() {
        #expect(String(describing: OpusError.bitrate(5)) == "Opus has no bitrate of 5 bit/s")
        #expect(String(describing: OpusError.library(-5)) == "libopus: error -5")
    }
}
