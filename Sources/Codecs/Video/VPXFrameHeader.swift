// What an encoded frame says of itself before anything is decoded: whether it is a keyframe, whether it is shown, how
// large a picture it wants. The decoder asks here first, so that a stranger's frame cannot make libvpx allocate more
// than was agreed.

/// The header of what one call of an encoder gave out: one VP8 frame; one VP9 frame or superframe.
public struct VPXFrameHeader: Sendable, Equatable {
    /// Decodable without any frame before it.
    public let isKeyframe: Bool
    /// A picture comes out. Frames that are not shown are only referred to.
    public let isShown: Bool
    /// Pixels of the largest picture for which the frame makes room; nil when it keeps the size of what it refers to.
    public let size: Size?

    public struct Size: Sendable, Equatable {
        public var width: Int
        public var height: Int

        public init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }
    }

    /// - Throws: `invalidFrame`, `unsupportedProfile`. Without an error the header is sound; the body may still not be.
    public init(_ frame: Span<UInt8>, codec: VPXCodec) throws(VPXError) {
        guard !frame.isEmpty, frame.count <= VPXLimits.encodedBytes else { throw .invalidFrame }
        switch codec {
        case .vp8: try self.init(vp8: frame)
        case .vp9: try self.init(vp9: frame, index: VP9SuperframeIndex(frame))
        }
    }

    init(isKeyframe: Bool, isShown: Bool, size: Size?) {
        self.isKeyframe = isKeyframe
        self.isShown = isShown
        self.size = size
    }

    /// RFC 6386, 9.1: a tag of three bytes, least significant first; in keyframes a start code and the size behind it.
    private init(vp8 frame: Span<UInt8>) throws(VPXError) {
        guard frame.count >= 3 else { throw .invalidFrame }
        let isKeyframe = frame[0] & 1 == 0
        let isShown = frame[0] & 0x10 != 0
        let firstPartition = Int(frame[0]) >> 5 | Int(frame[1]) << 3 | Int(frame[2]) << 11
        let headerBytes = isKeyframe ? 10 : 3
        guard firstPartition > 0, frame.count >= headerBytes + firstPartition else { throw .invalidFrame }
        guard isKeyframe else {
            self.init(isKeyframe: false, isShown: isShown, size: nil)
            return
        }
        guard frame[3] == 0x9d, frame[4] == 0x01, frame[5] == 0x2a else { throw .invalidFrame }
        // Fourteen bits each; the two above them tell a player how to scale.
        let width = Int(frame[6]) | Int(frame[7] & 0x3f) << 8
        let height = Int(frame[8]) | Int(frame[9] & 0x3f) << 8
        guard width > 0, height > 0 else { throw .invalidFrame }
        self.init(isKeyframe: true, isShown: isShown, size: Size(width: width, height: height))
    }

    private init(vp9 bytes: Span<UInt8>, index: VP9SuperframeIndex?) throws(VPXError) {
        guard let index else {
            self = try Self.vp9Frame(bytes)
            return
        }
        var isKeyframe = false
        var isShown = false
        var size: Size?
        var offset = 0
        for number in 0..<index.count {
            let length = index.length(of: number, in: bytes)
            let header = try Self.vp9Frame(bytes.extracting(offset..<offset + length))
            offset += length
            if number == 0 { isKeyframe = header.isKeyframe }
            isShown = isShown || header.isShown
            if let next = header.size {
                size = Size(width: max(size?.width ?? 0, next.width), height: max(size?.height ?? 0, next.height))
            }
        }
        self.init(isKeyframe: isKeyframe, isShown: isShown, size: size)
    }

    /// The uncompressed header (VP9 specification, 6.2) as far as the size.
    private static func vp9Frame(_ frame: Span<UInt8>) throws(VPXError) -> VPXFrameHeader {
        var bits = BitReader()
        guard try bits.read(2, of: frame) == 2 else { throw .invalidFrame }
        let profile = try bits.read(1, of: frame) | bits.read(1, of: frame) << 1
        guard profile == 0 else { throw .unsupportedProfile(profile) }
        if try bits.flag(of: frame) {  // show_existing_frame
            _ = try bits.read(3, of: frame)
            return VPXFrameHeader(isKeyframe: false, isShown: true, size: nil)
        }
        let isKeyframe = try !bits.flag(of: frame)
        let isShown = try bits.flag(of: frame)
        let isErrorResilient = try bits.flag(of: frame)
        if isKeyframe {
            try bits.readSyncCode(of: frame)
            // color_space, which must not be RGB in profile 0, and color_range.
            guard try bits.read(3, of: frame) != 7 else { throw .invalidFrame }
            _ = try bits.read(1, of: frame)
            return VPXFrameHeader(isKeyframe: true, isShown: isShown, size: try bits.readSize(of: frame))
        }
        let isIntraOnly = try isShown ? false : bits.flag(of: frame)
        if !isErrorResilient { _ = try bits.read(2, of: frame) }  // reset_frame_context
        if isIntraOnly {
            try bits.readSyncCode(of: frame)
            _ = try bits.read(8, of: frame)  // refresh_frame_flags
            return VPXFrameHeader(isKeyframe: false, isShown: isShown, size: try bits.readSize(of: frame))
        }
        // refresh_frame_flags; three times ref_frame_idx and its sign bias.
        _ = try bits.read(8 + 3 * 4, of: frame)
        // frame_size_with_refs: the size of one of the three, or one of its own.
        for _ in 0..<3 where try bits.flag(of: frame) {
            return VPXFrameHeader(isKeyframe: false, isShown: isShown, size: nil)
        }
        return VPXFrameHeader(isKeyframe: false, isShown: isShown, size: try bits.readSize(of: frame))
    }

    /// Most significant bit first. Reading past the end makes the frame invalid.
    private struct BitReader {
        private var position = 0

        mutating func read(_ count: Int, of frame: Span<UInt8>) throws(VPXError) -> Int {
            guard position + count <= frame.count * 8 else { throw .invalidFrame }
            var value = 0
            for _ in 0..<count {
                value = value << 1 | Int(frame[position / 8] >> (7 - position % 8) & 1)
                position += 1
            }
            return value
        }

        mutating func flag(of frame: Span<UInt8>) throws(VPXError) -> Bool { try read(1, of: frame) == 1 }

        mutating func readSyncCode(of frame: Span<UInt8>) throws(VPXError) {
            guard try read(24, of: frame) == 0x49_83_42 else { throw .invalidFrame }
        }

        mutating func readSize(of frame: Span<UInt8>) throws(VPXError) -> Size {
            Size(width: try read(16, of: frame) + 1, height: try read(16, of: frame) + 1)
        }
    }
}
