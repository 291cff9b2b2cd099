// VP8 and VP9 frames to pictures with libvpx. Frames come whole and in order: reassembly, and asking for a keyframe after
// a loss, are left to the caller.

internal import CCodecs

/// One stream's decoder. Owns libvpx' state: some 4 pictures for VP8, up to a dozen for VP9.
///
/// `@unchecked Sendable`: a value that cannot be copied is the only owner of its pointer, each use is a `mutating` call
/// that Swift keeps exclusive, and libvpx keeps no state of a decoder elsewhere. So it may move between threads.
public struct VPXDecoder: ~Copyable, @unchecked Sendable {
    public let codec: VPXCodec
    /// Frames that want more are refused before memory is taken for them.
    public let largestPicture: VPXFrameHeader.Size
    private let pointer: OpaquePointer
    private var hasKeyframe = false

    /// - Parameters:
    ///   - largestPicture: pixels, in `VPXLimits.side` both.
    ///   - threads: in `VPXLimits.threads`. More than one pays for pictures above 720p.
    /// - Throws: `dimensions`, `threads`, `outOfMemory`.
    public init(
        _ codec: VPXCodec,
        largestPicture: VPXFrameHeader.Size = .init(
            width: VPXLimits.side.upperBound, height: VPXLimits.side.upperBound),
        threads: Int = 1
    ) throws(VPXError) {
        pointer = try Self.open(codec, largestPicture, threads)
        self.codec = codec
        self.largestPicture = largestPicture
    }

    deinit { co_vpx_decoder_destroy(pointer) }

    /// Decodes what one call of an encoder gave out, and lends the picture without a copy.
    ///
    /// VP8 reads the bytes where they are. VP9's are copied once, as they come (see `co_vpx_decode`).
    ///
    /// - Parameter body: called at once, and not at all when the frame is not shown.
    /// - Returns: what `body` returned, nil when it was not called.
    /// - Throws: `invalidFrame`, `unsupportedProfile`, `pictureTooLarge`, `keyframeNeeded`. The decoder can be used further;
    ///   after `invalidFrame` pictures may be damaged or refused until the next keyframe.
    public mutating func decode<Result>(
        _ frame: Span<UInt8>, _ body: (borrowing I420Picture) -> Result
    ) throws(VPXError) -> Result? {
        let header = try VPXFrameHeader(frame, codec: codec)
        if let size = header.size, size.width > largestPicture.width || size.height > largestPicture.height {
            throw .pictureTooLarge(width: size.width, height: size.height)
        }
        guard header.isKeyframe || hasKeyframe else { throw .keyframeNeeded }
        let isSingle = codec == .vp8 ? false : try VP9SuperframeIndex(frame) == nil
        var planes = co_picture()
        let status = frame.withUnsafeBufferPointer { frame in
            co_vpx_decode(pointer, frame.baseAddress, frame.count, isSingle, &planes)
        }
        // Any result: libvpx calls a wrong marker bit of VP9 "out of memory" too.
        guard status == 0 else { throw .invalidFrame }
        hasKeyframe = true
        guard planes.width > 0 else { return nil }
        return body(I420Picture(planes))
    }

    private static func open(
        _ codec: VPXCodec, _ largestPicture: VPXFrameHeader.Size, _ threads: Int
    ) throws(VPXError) -> OpaquePointer {
        guard VPXLimits.side.contains(largestPicture.width), VPXLimits.side.contains(largestPicture.height) else {
            throw .dimensions(width: largestPicture.width, height: largestPicture.height)
        }
        guard VPXLimits.threads.contains(threads) else { throw .threads(threads) }
        var status: Int32 = 0
        guard let created = co_vpx_decoder_create(codec.inC, UInt32(threads), &status) else { throw VPXError(status) }
        return created
    }
}

extension VPXCodec {
    var inC: co_vpx_codec {
        switch self {
        case .vp8: CO_VP8
        case .vp9: CO_VP9
        }
    }
}

extension VPXError {
    /// What a result of libvpx means where no bytes from outside are at play.
    init(_ status: Int32) {
        self = status == co_vpx_no_memory ? .outOfMemory : .library(status)
    }
}
