import Testing

@testable import Codecs

/// VP8's temporal layers: the base decodes alone, and so does each layer on top of those below.
@Suite struct VPXLayerTests {
    @Test(arguments: [2, 3])
    func decodesEveryPrefixOfTheLayersBitForBit(_ layers: Int) throws {
        let scene = MovingPicture(width: 160, height: 96)
        var encoder = try encoder(layers)
        let frames = try encoder.frames(of: scene, count: 25)
        var whole = try VPXDecoder(.vp8)
        let truth = try frames.map { frame throws(VPXError) in try whole.picture(of: frame.bytes) }
        for highest in 0..<layers {
            var decoder = try VPXDecoder(.vp8)
            for (frame, expected) in zip(frames, truth) where frame.about.temporalLayer <= highest {
                #expect(try decoder.picture(of: frame.bytes) == expected)
            }
        }
    }

    /// Without one discardable frame all others are the same; without another some are not.
    @Test(arguments: [1, 2, 3])
    func discardsOnlyWhatNothingRefersTo(_ layers: Int) throws {
        var encoder = try encoder(layers)
        let frames = try encoder.frames(of: MovingPicture(width: 160, height: 96), count: 9)
        var whole = try VPXDecoder(.vp8)
        let truth = try frames.map { frame throws(VPXError) in try whole.picture(of: frame.bytes) }
        for left in 1..<8 {
            var decoder = try VPXDecoder(.vp8)
            var isSame = true
            for index in frames.indices where index != left {
                if try decoder.picture(of: frames[index].bytes) != truth[index] { isSame = false }
            }
            #expect(isSame == frames[left].about.isDiscardable)
        }
    }

    /// A receiver of the base may begin with a higher layer at any frame that says so.
    @Test func stepsUpAtEveryLayerSync() throws {
        let scene = MovingPicture(width: 160, height: 96)
        var encoder = try encoder(3)
        let frames = try encoder.frames(of: scene, count: 17)
        var whole = try VPXDecoder(.vp8)
        let truth = try frames.map { frame throws(VPXError) in try whole.picture(of: frame.bytes) }
        for start in frames.indices where frames[start].about.isLayerSync {
            let target = frames[start].about.temporalLayer
            var decoder = try VPXDecoder(.vp8)
            for (index, frame) in frames.enumerated()
            where frame.about.temporalLayer == 0 || index >= start && frame.about.temporalLayer <= target {
                #expect(try decoder.picture(of: frame.bytes) == truth[index])
            }
        }
    }

    @Test func followsTheUsualPatterns() throws {
        let scene = MovingPicture(width: 64, height: 64)
        for (layers, pattern) in [(1, [0, 0, 0, 0]), (2, [0, 1, 0, 1]), (3, [0, 2, 1, 2])] {
            var encoder = try encoder(layers, width: 64, height: 64)
            let frames = try encoder.frames(of: scene, count: 8)
            #expect(frames.map(\.about.temporalLayer) == pattern + pattern)
        }
    }

    /// A keyframe is in the base, whatever the pattern would have had, and the pattern begins again after it.
    @Test func beginsThePatternAgainAtAKeyframe() throws {
        let scene = MovingPicture(width: 64, height: 64)
        var encoder = try encoder(3, width: 64, height: 64)
        var layers: [Int] = []
        for number in 0..<9 {
            if number == 3 { encoder.requestKeyframe() }
            let frame = try #require(try encoder.frame(of: scene.frame(number), at: Int64(number) * 3_000))
            #expect(frame.about.isKeyframe == (number == 0 || number == 3))
            layers.append(frame.about.temporalLayer)
        }
        #expect(layers == [0, 2, 1, 0, 2, 1, 2, 0, 2])
    }

    /// What is dropped is made up for: the frames that come out have the same pattern.
    @Test func keepsThePatternWherePicturesAreDropped() throws {
        var configuration = VPXEncoder.Configuration(.vp8, width: 160, height: 96, bitrate: 20_000)
        configuration.temporalLayers = 3
        configuration.dropsFrames = true
        configuration.quantizer = 2...20
        var encoder = try VPXEncoder(configuration)
        let frames = try encoder.frames(of: MovingPicture(width: 160, height: 96), count: 40)
        #expect(4..<40 ~= frames.count)
        #expect(frames.map(\.about.temporalLayer) == frames.indices.map { [0, 2, 1, 2][$0 % 4] })
    }

    /// 60 per cent of the bits in the base of two layers, 40 of three (libwebrtc's shares), roughly.
    @Test(arguments: [(2, 0.6), (3, 0.4)])
    func sharesTheBitrate(_ layers: Int, _ share: Double) throws {
        var encoder = try encoder(layers)
        let frames = try encoder.frames(of: MovingPicture(width: 160, height: 96), count: 61).dropFirst()
        let all = frames.reduce(0) { $0 + $1.bytes.count }
        let base = frames.filter { $0.about.temporalLayer == 0 }.reduce(0) { $0 + $1.bytes.count }
        #expect(abs(Double(base) / Double(all) - share) < 0.25)
    }

    private func encoder(_ layers: Int, width: Int = 160, height: Int = 96) throws -> VPXEncoder {
        var configuration = VPXEncoder.Configuration(.vp8, width: width, height: height, bitrate: 150_000)
        configuration.temporalLayers = layers
        return try VPXEncoder(configuration)
    }
}
