import ScenarioSupport
import Testing

@testable import Codecs

/// What strangers send: an error or a wrong picture comes of it, never a crash, and never more memory than was allowed.
@Suite struct VPXHostileTests {
    /// Good frames with a few bits changed, cut off, or made longer; also frames of chance behind a good header.
    @Test(arguments: VPXCodec.allCases, [1, 2])
    func survivesDamagedFrames(_ codec: VPXCodec, _ threads: Int) throws {
        var random = SeededRandom(seed: UInt64(threads))
        let scene = MovingPicture(width: 64, height: 48)
        var encoder = try VPXEncoder(.init(codec, width: 64, height: 48, bitrate: 150_000))
        let frames = try encoder.frames(of: scene, count: 8).map(\.bytes)
        var decoder = try VPXDecoder(codec, largestPicture: .init(width: 128, height: 128), threads: threads)
        var (shown, refused) = (0, 0)
        for round in 0..<1_000 {
            var bytes = frames[Int(random.next() % UInt64(frames.count))]
            switch random.next() % 4 {
            case 0: bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            case 1: bytes += (0..<Int(random.next() % 30)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            case 2:
                let kept = min(bytes.count, 12)
                for index in kept..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            default:
                for _ in 0..<1 + random.next() % 4 {
                    let bit = Int(random.next() % UInt64(bytes.count * 8))
                    bytes[bit / 8] ^= 1 << (bit % 8)
                }
            }
            // A good keyframe in between, so that there is something to refer to.
            if round.isMultiple(of: 6) { bytes = frames[0] }
            do throws(VPXError) {
                if let picture = try decoder.picture(of: bytes) {
                    #expect(picture.width <= 128 && picture.height <= 128)
                    shown += 1
                }
            } catch {
                #expect(error == .invalidFrame || error.isAboutTheHeader)
                refused += 1
            }
        }
        #expect(shown > 50 && refused > 50)
        // It still works.
        #expect(try decoder.picture(of: frames[0]) != nil)
    }

    @Test(arguments: VPXCodec.allCases)
    func refusesGarbage(_ codec: VPXCodec) throws {
        var random = SeededRandom(seed: 3)
        var decoder = try VPXDecoder(codec)
        for _ in 0..<5_000 {
            let bytes = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(throws: VPXError.self) { try decoder.picture(of: bytes) }
        }
    }

    @Test(arguments: VPXCodec.allCases)
    func refusesALargerPictureBeforeDecoding(_ codec: VPXCodec) throws {
        var encoder = try VPXEncoder(.init(codec, width: 130, height: 64, bitrate: 150_000))
        let frames = try encoder.frames(of: MovingPicture(width: 130, height: 64), count: 2).map(\.bytes)
        var decoder = try VPXDecoder(codec, largestPicture: .init(width: 129, height: 64))
        #expect(throws: VPXError.pictureTooLarge(width: 130, height: 64)) { try decoder.picture(of: frames[0]) }
        #expect(throws: VPXError.keyframeNeeded) { try decoder.picture(of: frames[1]) }
    }

    /// The largest that the formats have: refused by the header, whatever follows it.
    @Test func refusesGiants() throws {
        var vp8 = try VPXDecoder(.vp8)
        let keyframe: [UInt8] = [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 7, 7]
        #expect(throws: VPXError.pictureTooLarge(width: 16_383, height: 16_383)) { try vp8.picture(of: keyframe) }
        var vp9 = try VPXDecoder(.vp9)
        let giant: [UInt8] = [0x82, 0x49, 0x83, 0x42, 0x2f, 0xff, 0xff, 0xff, 0xf0, 0]
        #expect(throws: VPXError.pictureTooLarge(width: 65_536, height: 65_536)) { try vp9.picture(of: giant) }
    }

    /// libvpx would go on to decode what follows a VP9 frame, a picture of any size; here it is no part of the frame.
    @Test func decodesNothingBehindAVP9Frame() throws {
        var encoder = try VPXEncoder(.init(.vp9, width: 64, height: 64, bitrate: 150_000))
        let small = try encoder.frames(of: MovingPicture(width: 64, height: 64), count: 1)[0].bytes
        var other = try VPXEncoder(.init(.vp9, width: 320, height: 320, bitrate: 150_000))
        let large = try other.frames(of: MovingPicture(width: 320, height: 320), count: 1)[0].bytes
        var decoder = try VPXDecoder(.vp9, largestPicture: .init(width: 64, height: 64))
        let shown = try? decoder.picture(of: small + large)
        #expect(shown == nil || shown?.width == 64)
        // Two frames that say they are two are both looked at.
        let lengths = [small.count, large.count].flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let index: [UInt8] = [0xc9] + lengths + [0xc9]
        #expect(throws: VPXError.pictureTooLarge(width: 320, height: 320)) {
            try decoder.picture(of: small + large + index)
        }
        var permissive = try VPXDecoder(.vp9)
        #expect(try permissive.picture(of: small + large + index)?.width == 320)
    }

    /// A frame may be there only to be referred to.
    @Test func showsNothingOfAHiddenFrame() throws {
        var encoder = try VPXEncoder(.init(.vp8, width: 64, height: 64, bitrate: 150_000))
        var frames = try encoder.frames(of: MovingPicture(width: 64, height: 64), count: 3).map(\.bytes)
        frames[1][0] &= ~0x10  // show_frame
        var decoder = try VPXDecoder(.vp8)
        let shown = try frames.map { frame throws(VPXError) in try decoder.picture(of: frame) != nil }
        #expect(shown == [true, false, true])
    }

    @Test(arguments: VPXCodec.allCases)
    func needsAKeyframeFirst(_ codec: VPXCodec) throws {
        var encoder = try VPXEncoder(.init(codec, width: 64, height: 64, bitrate: 150_000))
        let frames = try encoder.frames(of: MovingPicture(width: 64, height: 64), count: 2).map(\.bytes)
        var decoder = try VPXDecoder(codec)
        #expect(throws: VPXError.keyframeNeeded) { try decoder.picture(of: frames[1]) }
        #expect(throws: VPXError.invalidFrame) { try decoder.picture(of: []) }
        #expect(try decoder.picture(of: frames[0]) != nil)
        #expect(try decoder.picture(of: frames[1]) != nil)
    }
}

extension VPXError {
    /// What changed bits can make of a header that was good.
    fileprivate var isAboutTheHeader: Bool {
        switch self {
        case .unsupportedProfile, .pictureTooLarge: true
        default: false
        }
    }
}
