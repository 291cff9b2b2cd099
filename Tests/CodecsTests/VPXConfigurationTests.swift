import Testing

@testable import Codecs

/// Every setting and picture out of range has an error of its own.
@Suite struct VPXConfigurationTests {
    private func expect(
        _ error: VPXError, _ codec: VPXCodec = .vp8, _ change: (inout VPXEncoder.Configuration) -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var configuration = VPXEncoder.Configuration(codec, width: 64, height: 64, bitrate: 100_000)
        change(&configuration)
        #expect(throws: error, sourceLocation: sourceLocation) { _ = try VPXEncoder(configuration) }
    }

    @Test func refusesSettingsOutOfRange() {
        for side in [Int.min, -1, 0, 4_097, Int.max] {
            expect(.dimensions(width: side, height: 64)) { $0.width = side }
            expect(.dimensions(width: 64, height: side)) { $0.height = side }
        }
        for bitrate in [-1, 0, 999, 100_000_001] { expect(.bitrate(bitrate)) { $0.bitrate = bitrate } }
        for rate in [0, 241] { expect(.framesPerSecond(rate)) { $0.framesPerSecond = rate } }
        for ticks in [999, 1_000_001] { expect(.ticksPerSecond(ticks)) { $0.ticksPerSecond = ticks } }
        for range in [-1...10, 10...64] { expect(.quantizer(range)) { $0.quantizer = range } }
        expect(.keyframeInterval(0)) { $0.keyframeInterval = 0 }
        for threads in [0, 17] { expect(.threads(threads)) { $0.threads = threads } }
        for layers in [0, 4] { expect(.temporalLayers(layers)) { $0.temporalLayers = layers } }
        expect(.temporalLayers(2), .vp9) { $0.temporalLayers = 2 }
        for speed in [0, 17] { expect(.speed(speed)) { $0.speed = speed } }
        expect(.speed(10), .vp9) { $0.speed = 10 }
    }

    @Test func refusesADecoderOutOfRange() {
        #expect(throws: VPXError.threads(0)) { _ = try VPXDecoder(.vp8, threads: 0) }
        #expect(throws: VPXError.dimensions(width: 0, height: 5)) {
            _ = try VPXDecoder(.vp9, largestPicture: .init(width: 0, height: 5))
        }
        #expect(throws: VPXError.dimensions(width: 5, height: 4_097)) {
            _ = try VPXDecoder(.vp9, largestPicture: .init(width: 5, height: 4_097))
        }
    }

    @Test(arguments: VPXCodec.allCases)
    func refusesPicturesThatDoNotFit(_ codec: VPXCodec) throws {
        var encoder = try VPXEncoder(.init(codec, width: 64, height: 64, bitrate: 100_000))
        let other = try I420Buffer(width: 64, height: 65)
        #expect(throws: VPXError.pictureSize(width: 64, height: 65)) { try encoder.frame(of: other, at: 0) }
        let picture = try I420Buffer(width: 64, height: 64)
        #expect(try encoder.frame(of: picture, at: -5)?.about.timestamp == -5)
        for timestamp in [-5, -6, Int64.min, Int64.max, VPXLimits.longestStream - 4] {
            #expect(throws: VPXError.timestamp(timestamp)) { try encoder.frame(of: picture, at: timestamp) }
        }
        #expect(try encoder.frame(of: picture, at: -4) != nil)
        #expect(try encoder.frame(of: picture, at: VPXLimits.longestStream - 5) != nil)
    }

    /// The shortest and the longest ticks, and timestamps from the ends of their range.
    @Test(arguments: VPXCodec.allCases)
    func countsInAnyTicks(_ codec: VPXCodec) throws {
        for ticks in [1_000, 1_000_000] {
            var configuration = VPXEncoder.Configuration(codec, width: 64, height: 64, bitrate: 100_000)
            configuration.ticksPerSecond = ticks
            configuration.framesPerSecond = 240
            var encoder = try VPXEncoder(configuration)
            let picture = try I420Buffer(width: 64, height: 64)
            for timestamp in [Int64.min, Int64.min + 1, Int64.min + VPXLimits.longestStream] {
                #expect(try encoder.frame(of: picture, at: timestamp) != nil)
            }
        }
    }

    @Test func refusesPlanesThatDoNotHoldThePicture() throws {
        func lend(_ width: Int, _ height: Int, y: Int, yStride: Int, chroma: Int, chromaStride: Int) throws(VPXError) {
            let (luma, colour) = ([UInt8](repeating: 9, count: y), [UInt8](repeating: 9, count: chroma))
            try I420Picture.lend(
                width: width, height: height, y: luma.span, yStride: yStride, u: colour.span, v: colour.span,
                chromaStride: chromaStride
            ) { picture throws(VPXError) in
                #expect(picture.width == width && picture.chromaHeight == (height + 1) / 2)
                #expect(picture.withRow(height - 1, of: .y) { $0.count } == width)
                #expect(picture.withRow(picture.chromaHeight - 1, of: .v) { $0[0] } == 9)
            }
        }
        // The last row needs no gap behind it.
        try lend(5, 3, y: 8 * 2 + 5, yStride: 8, chroma: 4 + 3, chromaStride: 4)
        for (y, yStride, chroma, chromaStride) in [
            (20, 8, 7, 4), (21, 8, 6, 4), (21, 4, 7, 4), (21, 8, 7, 2), (21, -8, 7, 4), (21, Int.max, 7, 4),
        ] {
            #expect(throws: VPXError.planes) {
                try lend(5, 3, y: y, yStride: yStride, chroma: chroma, chromaStride: chromaStride)
            }
        }
        #expect(throws: VPXError.dimensions(width: 0, height: 3)) {
            try lend(0, 3, y: 9, yStride: 3, chroma: 9, chromaStride: 3)
        }
    }

    @Test func drawsAndKeepsPictures() throws {
        var buffer = try I420Buffer(width: 5, height: 3)
        #expect(buffer[.y] == [UInt8](repeating: 16, count: 15) && buffer[.u] == [UInt8](repeating: 128, count: 6))
        buffer.draw(.u) { $0[4] = 7 }
        buffer.draw(.v) { $0[5] = 8 }
        buffer.draw(.y) { $0[14] = 9 }
        let copy = try buffer.withPicture { picture throws(VPXError) in I420Buffer(copying: picture) }
        #expect(copy == buffer && copy[.u][4] == 7 && copy[.v][5] == 8 && copy[.y][14] == 9)
        #expect(throws: VPXError.dimensions(width: 5_000, height: 1)) { try I420Buffer(width: 5_000, height: 1) }
    }

    @Test func saysWhatIsWrong() {
        #expect(String(describing: VPXError.keyframeNeeded) == "no keyframe yet")
        #expect(String(describing: VPXError.quantizer(0...64)) == "quantizers 0...64 are not in 0...63")
    }
}
