import Testing

@testable import Codecs

/// A scene goes through the encoder and the decoder and still looks like itself.
@Suite struct VPXRoundTripTests {
    private static let scene = MovingPicture(width: 320, height: 180)

    /// 300 kbit/s for 320 × 180 at 30 pictures a second: at least 33 dB, and not more than the bitrate.
    @Test(arguments: VPXCodec.allCases)
    func keepsThePicture(_ codec: VPXCodec) throws {
        var encoder = try VPXEncoder(.init(codec, width: 320, height: 180, bitrate: 300_000))
        var decoder = try VPXDecoder(codec)
        let frames = try encoder.frames(of: Self.scene, count: 45)
        #expect(frames.count == 45)
        var worst = Double.infinity
        for (number, frame) in frames.enumerated() {
            let shown = try #require(try decoder.picture(of: frame.bytes))
            let truth = try Self.scene.frame(number)
            #expect(shown.width == 320 && shown.height == 180)
            for plane in I420Picture.Plane.allCases {
                worst = min(worst, peakSignalToNoise(shown[plane], truth[plane]))
            }
        }
        #expect(worst > 33)
        // The first frame may borrow from the rate buffer.
        let bits = frames.dropFirst().reduce(0) { $0 + $1.bytes.count } * 8 * 30 / 44
        #expect(bits < 360_000)
        #expect(frames.map(\.about.isKeyframe) == [true] + [Bool](repeating: false, count: 44))
        #expect(frames.map(\.about.timestamp) == (0..<45).map { Int64($0) * 3_000 })
    }

    /// Where nothing depends on the clock on the wall, the same pictures become the same bytes.
    @Test(arguments: VPXCodec.allCases)
    func doesTheSameTwice(_ codec: VPXCodec) throws {
        var first = try VPXEncoder(.init(codec, width: 320, height: 180, bitrate: 300_000))
        var second = try VPXEncoder(.init(codec, width: 320, height: 180, bitrate: 300_000))
        let frames = try first.frames(of: Self.scene, count: 5)
        #expect(try second.frames(of: Self.scene, count: 5).map(\.bytes) == frames.map(\.bytes))
    }

    /// More work for the encoder or more threads make no other stream than one that decodes.
    @Test(arguments: [VPXCodec.vp8, .vp9], [1, 3])
    func worksInEveryMode(_ codec: VPXCodec, _ threads: Int) throws {
        for speed in [codec.speeds.lowerBound + 4, codec.speeds.upperBound] {
            var configuration = VPXEncoder.Configuration(codec, width: 320, height: 180, bitrate: 400_000)
            configuration.speed = speed
            configuration.threads = threads
            configuration.isErrorResilient = threads == 1
            configuration.isScreenContent = speed == codec.speeds.upperBound
            var encoder = try VPXEncoder(configuration)
            var decoder = try VPXDecoder(codec, threads: threads)
            for (number, frame) in try encoder.frames(of: Self.scene, count: 5).enumerated() {
                let shown = try #require(try decoder.picture(of: frame.bytes))
                #expect(try peakSignalToNoise(shown[.y], Self.scene.frame(number)[.y]) > 28)
            }
        }
    }

    /// Odd sizes have half a chroma sample more, and the smallest ones are hardly a block.
    @Test(
        arguments: VPXCodec.allCases, [(1, 1), (2, 1), (1, 9), (17, 15), (33, 63), (65, 31)] as [(Int, Int)])
    func takesEverySize(_ codec: VPXCodec, _ size: (Int, Int)) throws {
        let scene = MovingPicture(width: size.0, height: size.1)
        var encoder = try VPXEncoder(.init(codec, width: size.0, height: size.1, bitrate: 200_000))
        var decoder = try VPXDecoder(codec)
        for (number, frame) in try encoder.frames(of: scene, count: 4).enumerated() {
            let shown = try #require(try decoder.picture(of: frame.bytes))
            let truth = try scene.frame(number)
            #expect(shown.width == size.0 && shown.height == size.1)
            #expect(shown[.u].count == truth[.u].count)
            #expect(peakSignalToNoise(shown[.y], truth[.y]) > 24)
        }
    }

    @Test(arguments: VPXCodec.allCases)
    func makesKeyframesWhenAskedAndInTime(_ codec: VPXCodec) throws {
        var configuration = VPXEncoder.Configuration(codec, width: 64, height: 64, bitrate: 200_000)
        configuration.keyframeInterval = 8
        var encoder = try VPXEncoder(configuration)
        let scene = MovingPicture(width: 64, height: 64)
        var keyframes: [Int] = []
        for number in 0..<24 {
            if number == 11 { encoder.requestKeyframe() }
            let frame = try #require(try encoder.frame(of: scene.frame(number), at: Int64(number) * 3_000))
            #expect(try VPXFrameHeader(frame.bytes, codec: codec).isKeyframe == frame.about.isKeyframe)
            if frame.about.isKeyframe { keyframes.append(number) }
        }
        #expect(keyframes == [0, 8, 11, 19])
    }

    /// Another size is another encoder; the same decoder follows at its keyframe, up and down.
    @Test(arguments: VPXCodec.allCases)
    func followsAChangeOfSize(_ codec: VPXCodec) throws {
        var decoder = try VPXDecoder(codec)
        for (width, height) in [(160, 90), (320, 180), (80, 46)] {
            let scene = MovingPicture(width: width, height: height)
            var encoder = try VPXEncoder(.init(codec, width: width, height: height, bitrate: 300_000))
            for (number, frame) in try encoder.frames(of: scene, count: 3).enumerated() {
                let shown = try #require(try decoder.picture(of: frame.bytes))
                #expect(shown.width == width && shown.height == height)
                #expect(try peakSignalToNoise(shown[.y], scene.frame(number)[.y]) > 28)
            }
        }
    }

    @Test(arguments: VPXCodec.allCases)
    func followsTheBitrate(_ codec: VPXCodec) throws {
        var encoder = try VPXEncoder(.init(codec, width: 320, height: 180, bitrate: 600_000))
        func bytes(_ range: Range<Int>) throws -> Int {
            var sum = 0
            for number in range {
                let frame = try encoder.frame(of: Self.scene.frame(number), at: Int64(number) * 3_000)
                sum += frame?.bytes.count ?? 0
            }
            return sum
        }
        _ = try bytes(0..<10)
        let fast = try bytes(10..<30)
        try encoder.setBitrate(60_000)
        _ = try bytes(30..<45)
        let slow = try bytes(45..<65)
        #expect(slow * 2 < fast)
        #expect(throws: VPXError.bitrate(999)) { try encoder.setBitrate(999) }
    }

    /// What cannot be encoded at the bitrate is left out, if that is allowed; the next pictures come.
    @Test func dropsPicturesIfItMay() throws {
        var configuration = VPXEncoder.Configuration(.vp8, width: 320, height: 180, bitrate: 30_000)
        configuration.dropsFrames = true
        configuration.quantizer = 2...30
        var encoder = try VPXEncoder(configuration)
        var decoder = try VPXDecoder(.vp8)
        var shown = 0
        for number in 0..<30 {
            guard let frame = try encoder.frame(of: noise(number), at: Int64(number) * 3_000) else { continue }
            if try decoder.picture(of: frame.bytes) != nil { shown += 1 }
        }
        #expect(1...20 ~= shown)
    }

    /// A decoder's picture goes into an encoder as it is, strides and all.
    @Test func encodesWhatADecoderShows() throws {
        var source = try VPXEncoder(.init(.vp9, width: 161, height: 91, bitrate: 400_000))
        var decoder = try VPXDecoder(.vp9)
        var encoder = try VPXEncoder(.init(.vp8, width: 161, height: 91, bitrate: 400_000))
        var last = try VPXDecoder(.vp8)
        let scene = MovingPicture(width: 161, height: 91)
        for (number, frame) in try source.frames(of: scene, count: 3).enumerated() {
            let bytes = try decoder.decode(frame.bytes.span) { picture in
                Result { try encoder.encode(picture, at: frame.about.timestamp) { _, bytes in bytes.bytes } }
            }
            let encoded = try #require(try bytes?.get())
            let shown = try #require(try last.picture(of: encoded))
            #expect(try peakSignalToNoise(shown[.y], scene.frame(number)[.y]) > 28)
        }
    }

    /// Hard to encode: blocks of chance that change with every picture.
    private func noise(_ number: Int) throws(VPXError) -> I420Buffer {
        var buffer = try I420Buffer(width: 320, height: 180)
        buffer.draw(.y) { samples in
            samples.withUnsafeMutableBufferPointer { samples in
                var state = UInt32(number) &* 2_654_435_761 | 1
                for index in samples.indices {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    samples[index] = UInt8(16 + state >> 25)
                }
            }
        }
        return buffer
    }
}

extension Span<UInt8> {
    fileprivate var bytes: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}
