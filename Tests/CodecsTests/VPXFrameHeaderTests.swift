import Testing

@testable import Codecs

/// Headers by hand, bit for bit from RFC 6386, 9.1 and the VP9 specification, 6.2 and annex B.
@Suite struct VPXFrameHeaderTests {
    @Test func readsAVP8Keyframe() throws {
        // Tag: keyframe, version 0, shown, first partition of 2 bytes. 640 × 360, each scaled by the two bits above it.
        let frame: [UInt8] = [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0xc1, 7, 7]
        let header = try VPXFrameHeader(frame, codec: .vp8)
        #expect(header == VPXFrameHeader(isKeyframe: true, isShown: true, size: .init(width: 640, height: 360)))
    }

    @Test func readsAVP8InterFrame() throws {
        // Not shown; a first partition of 1 byte.
        let header = try VPXFrameHeader([0x21, 0, 0, 7], codec: .vp8)
        #expect(header == VPXFrameHeader(isKeyframe: false, isShown: false, size: nil))
    }

    @Test(
        arguments: [
            [], [0x50], [0x50, 0],
            // No start code; no width; no height; the first partition is empty, or longer than the frame.
            [0x50, 0, 0, 0x9d, 0x01, 0x2b, 0x80, 0x02, 0x68, 0x01, 7, 7],
            [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x40, 0x68, 0x01, 7, 7],
            [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x00, 0xc0, 7, 7],
            [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 7, 7],
            [0x70, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 7, 7],
            [0x50, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68],
            [0x21, 0, 0],
        ] as [[UInt8]])
    func refusesWhatIsNoVP8(_ frame: [UInt8]) {
        #expect(throws: VPXError.invalidFrame) { try VPXFrameHeader(frame, codec: .vp8) }
    }

    /// Writes bit fields, the most significant bit first.
    private func bits(_ fields: [(value: Int, count: Int)]) -> [UInt8] {
        var bytes: [UInt8] = []
        var position = 0
        for (value, count) in fields {
            for bit in stride(from: count - 1, through: 0, by: -1) {
                if position.isMultiple(of: 8) { bytes.append(0) }
                bytes[position / 8] |= UInt8(value >> bit & 1) << (7 - position % 8)
                position += 1
            }
        }
        return bytes
    }

    /// Frame marker 2, profile 0, not an existing frame.
    private static let start = [(value: 2, count: 2), (0, 1), (0, 1), (0, 1)]
    private static let sync = (value: 0x49_83_42, count: 24)

    private func vp9Keyframe(_ width: Int, _ height: Int) -> [UInt8] {
        bits(Self.start + [(0, 1), (1, 1), (0, 1), Self.sync, (1, 3), (0, 1), (width - 1, 16), (height - 1, 16)])
    }

    @Test func readsAVP9Keyframe() throws {
        let header = try VPXFrameHeader(vp9Keyframe(1_280, 720), codec: .vp9)
        #expect(header == VPXFrameHeader(isKeyframe: true, isShown: true, size: .init(width: 1_280, height: 720)))
        #expect(try VPXFrameHeader(vp9Keyframe(65_536, 1), codec: .vp9).size?.width == 65_536)
    }

    @Test func readsVP9FramesThatReferToOthers() throws {
        // Inter, shown, reset_frame_context 0, refresh, three references.
        let inter = Self.start + [(1, 1), (1, 1), (0, 1), (0, 2), (0x0f, 8), (0, 12)]
        let keeps = VPXFrameHeader(isKeyframe: false, isShown: true, size: nil)
        for found in [[(1, 1)], [(0, 1), (1, 1)], [(0, 1), (0, 1), (1, 1)]] as [[(value: Int, count: Int)]] {
            #expect(try VPXFrameHeader(bits(inter + found), codec: .vp9) == keeps)
        }
        let own = bits(inter + [(0, 1), (0, 1), (0, 1), (99, 16), (49, 16)])
        #expect(try VPXFrameHeader(own, codec: .vp9).size == .init(width: 100, height: 50))
        // Not shown and intra only; error resilient, so without reset_frame_context.
        let intra = bits(Self.start + [(1, 1), (0, 1), (1, 1), (1, 1), Self.sync, (1, 8), (319, 16), (179, 16)])
        #expect(
            try VPXFrameHeader(intra, codec: .vp9)
                == VPXFrameHeader(isKeyframe: false, isShown: false, size: .init(width: 320, height: 180)))
        // An existing frame, shown again.
        #expect(try VPXFrameHeader(bits([(2, 2), (0, 2), (1, 1), (3, 3)]), codec: .vp9) == keeps)
    }

    @Test func refusesWhatIsNoVP9() {
        var frames: [[UInt8]] = [
            [], bits([(1, 2), (0, 6)]), bits(Self.start),
            bits(Self.start + [(0, 1), (1, 1), (0, 1), (0x49_83_43, 24), (1, 3), (0, 1), (9, 16), (9, 16)]),
            // RGB needs profile 1.
            bits(Self.start + [(0, 1), (1, 1), (0, 1), Self.sync, (7, 3), (0, 1), (9, 16), (9, 16)]),
        ]
        let keyframe = vp9Keyframe(320, 180)
        frames += (0..<keyframe.count).map { Array(keyframe[..<$0]) }
        for frame in frames {
            #expect(throws: VPXError.invalidFrame) { try VPXFrameHeader(frame, codec: .vp9) }
        }
        for (profile, fields) in [(1, [(1, 1), (0, 1)]), (2, [(0, 1), (1, 1)]), (3, [(1, 1), (1, 1)])] {
            let frame = bits([(2, 2)] + fields.map { (value: $0.0, count: $0.1) } + [(0, 28)])
            #expect(throws: VPXError.unsupportedProfile(profile)) { try VPXFrameHeader(frame, codec: .vp9) }
        }
    }

    @Test func readsEveryFrameOfASuperframe() throws {
        let (small, large) = (vp9Keyframe(16, 4_000), vp9Keyframe(5_000, 16))
        // Two frames, lengths of one byte: 110 00 001.
        let index = [0xc1, UInt8(small.count), UInt8(large.count), 0xc1]
        let header = try VPXFrameHeader((small + large + index), codec: .vp9)
        #expect(header == VPXFrameHeader(isKeyframe: true, isShown: true, size: .init(width: 5_000, height: 4_000)))
        // One frame, a length of four bytes: 110 11 000.
        let one = small + [0xd8, UInt8(small.count), 0, 0, 0, 0xd8]
        #expect(try VPXFrameHeader(one, codec: .vp9).size == .init(width: 16, height: 4_000))
    }

    @Test func refusesASuperframeIndexThatDoesNotFit() {
        let frame = vp9Keyframe(16, 16)
        let length = UInt8(frame.count)
        for index in [
            // No first marker; longer than the data; an empty frame; a second frame that is not there.
            [0xc1], [0xc0, length + 1, 0xc0], [0xc0, 0, 0xc0], [0xc1, length, 1, 0xc1], [0xdf],
        ] as [[UInt8]] {
            #expect(throws: VPXError.invalidFrame) { try VPXFrameHeader((frame + index), codec: .vp9) }
        }
    }
}
