// Pictures to VP8 and VP9 frames with libvpx, as live video wants it: constant bitrate, no delay, one frame out for each
// picture in. RTP payloads, simulcast and the choice of bitrate over time are left to the caller.

internal import CCodecs

/// What `VPXEncoder` says of a frame beside its bytes.
public struct VPXEncodedFrame: Sendable, Equatable {
    /// Ticks, as given with the picture.
    public let timestamp: Int64
    public let isKeyframe: Bool
    /// 0 is the base, which decodes alone.
    public let temporalLayer: Int
    /// A receiver that has taken only the base may begin to take this layer here (RFC 7741, 4.2: Y).
    public let isLayerSync: Bool
    /// No later frame refers to it (RFC 7741, 4.2: N).
    public let isDiscardable: Bool
}

/// One stream's encoder for pictures of one size. Owns libvpx' state: some 5 pictures and their analysis.
///
/// For pictures of another size put a new encoder in its place; decoders follow at its first frame, a keyframe.
///
/// `@unchecked Sendable`: a value that cannot be copied is the only owner of its pointer, each use is a `mutating` call
/// that Swift keeps exclusive, and libvpx keeps no state of an encoder elsewhere. So it may move between threads.
public struct VPXEncoder: ~Copyable, @unchecked Sendable {
    public struct Configuration: Sendable, Equatable {
        public var codec: VPXCodec
        /// Pixels, in `VPXLimits.side`, as is `height`.
        public var width: Int
        public var height: Int
        /// Bits per second, in `VPXLimits.bitrate`; a fraction of a thousand is cut off.
        public var bitrate: Int
        /// What the bitrate is shared out by, in `VPXLimits.framesPerSecond`. Timestamps may come less evenly.
        public var framesPerSecond = 30
        /// Units of timestamps, in `VPXLimits.ticksPerSecond`; RTP has 90,000 for video.
        public var ticksPerSecond = 90_000
        /// How coarse it may get, in `VPXLimits.quantizer`. A higher lower end saves bits in easy pictures, a lower upper
        /// end makes hard ones exceed the bitrate.
        public var quantizer = 2...56
        /// A keyframe at least every so many frames; nil: the first, and when asked for.
        public var keyframeInterval: Int?
        /// In `codec.speeds`.
        public var speed: Int
        /// In `codec.temporalLayers`; each doubles the frame rate of those below it.
        public var temporalLayers = 1
        /// In `VPXLimits.threads`. More than one pays above 640 × 360.
        public var threads = 1
        /// Every frame can be read without the probabilities of the one before: a lost frame damages less, at some 5 to
        /// 10 per cent more bits.
        public var isErrorResilient = false
        /// For text and windows: sharp edges first, unchanged blocks skipped.
        public var isScreenContent = false
        /// Leaves pictures out rather than exceed the bitrate for long.
        public var dropsFrames = false

        public init(_ codec: VPXCodec, width: Int, height: Int, bitrate: Int) {
            self.codec = codec
            self.width = width
            self.height = height
            self.bitrate = bitrate
            speed = codec.usualSpeed
        }
    }

    public let configuration: Configuration
    private let pointer: OpaquePointer
    private let ticksPerFrame: Int64
    private var pattern: TemporalPattern
    private var framesSinceKeyframe = 0
    private var wantsKeyframe = true
    private var firstTimestamp: Int64?
    private var lastTimestamp = Int64.min

    /// - Throws: the first of `VPXError`'s settings that is out of its range, `outOfMemory`.
    public init(_ configuration: Configuration) throws(VPXError) {
        pointer = try Self.open(configuration)
        self.configuration = configuration
        ticksPerFrame = Int64(configuration.ticksPerSecond / configuration.framesPerSecond)
        pattern = TemporalPattern(layers: configuration.temporalLayers)
    }

    deinit { co_vpx_encoder_destroy(pointer) }

    /// Encodes one picture, read where it is, and lends the frame's bytes without a copy.
    ///
    /// - Parameters:
    ///   - picture: of the configured size.
    ///   - timestamp: ticks, more than those of the picture before.
    ///   - body: called at once with the frame; not at all when the rate control dropped the picture.
    /// - Returns: what `body` returned, nil when it was not called.
    /// - Throws: `pictureSize`, `timestamp`; the encoder goes on as if the call had not been.
    public mutating func encode<Result>(
        _ picture: borrowing I420Picture, at timestamp: Int64, _ body: (VPXEncodedFrame, Span<UInt8>) -> Result
    ) throws(VPXError) -> Result? {
        guard picture.width == configuration.width, picture.height == configuration.height else {
            throw .pictureSize(width: picture.width, height: picture.height)
        }
        let sinceFirst = try ticksSinceFirst(timestamp)
        if let interval = configuration.keyframeInterval, framesSinceKeyframe >= interval { wantsKeyframe = true }
        var step = wantsKeyframe ? .keyframe : pattern.next
        var frame = co_vpx_frame()
        let status = picture.withPlanes { planes in
            co_vpx_encode(
                pointer, planes, sinceFirst, UInt64(ticksPerFrame), UInt32(step.layer), step.use, &frame)
        }
        guard status == 0 else { throw VPXError(status) }
        firstTimestamp = firstTimestamp ?? timestamp
        lastTimestamp = timestamp
        guard frame.length > 0 else { return nil }
        if frame.is_keyframe {
            step = .keyframe
            pattern.restart()
            wantsKeyframe = false
            framesSinceKeyframe = 0
        }
        framesSinceKeyframe += 1
        pattern.advance()
        let description = VPXEncodedFrame(
            timestamp: timestamp, isKeyframe: frame.is_keyframe, temporalLayer: step.layer,
            isLayerSync: step.isLayerSync, isDiscardable: step.isDiscardable)
        return body(description, UnsafeBufferPointer(start: frame.bytes, count: frame.length).span)
    }

    /// The next frame that comes out is a keyframe: a receiver has joined, or has lost something.
    public mutating func requestKeyframe() { wantsKeyframe = true }

    /// From the next picture on; the same range as in the configuration.
    public mutating func setBitrate(_ bitsPerSecond: Int) throws(VPXError) {
        guard VPXLimits.bitrate.contains(bitsPerSecond) else { throw .bitrate(bitsPerSecond) }
        let status = co_vpx_encoder_set_bitrate(pointer, UInt32(bitsPerSecond / 1_000))
        guard status == 0 else { throw VPXError(status) }
    }

    /// libvpx is given ticks from 0, so that no timestamp of the caller's overflows its arithmetic.
    private func ticksSinceFirst(_ timestamp: Int64) throws(VPXError) -> Int64 {
        guard let firstTimestamp else { return 0 }
        let (ticks, overflow) = timestamp.subtractingReportingOverflow(firstTimestamp)
        guard timestamp > lastTimestamp, !overflow, ticks <= VPXLimits.longestStream else {
            throw .timestamp(timestamp)
        }
        return ticks
    }
}

extension VPXEncoder {
    /// Per cent of the rate buffer under which pictures are left out, if they may be (libwebrtc's).
    private static let dropThreshold: UInt32 = 30

    private static func open(_ configuration: Configuration) throws(VPXError) -> OpaquePointer {
        try check(configuration)
        var settings = co_vpx_encoder_config(
            codec: configuration.codec.inC,
            width: UInt32(configuration.width),
            height: UInt32(configuration.height),
            ticks_per_second: UInt32(configuration.ticksPerSecond),
            frames_per_second: UInt32(configuration.framesPerSecond),
            kilobits_per_second: UInt32(configuration.bitrate / 1_000),
            min_quantizer: UInt32(configuration.quantizer.lowerBound),
            max_quantizer: UInt32(configuration.quantizer.upperBound),
            cpu_used: Int32(configuration.codec == .vp8 ? -configuration.speed : configuration.speed),
            threads: UInt32(configuration.threads),
            temporal_layers: UInt32(configuration.temporalLayers),
            drop_threshold: configuration.dropsFrames ? dropThreshold : 0,
            error_resilient: configuration.isErrorResilient,
            screen_content: configuration.isScreenContent)
        var status: Int32 = 0
        guard let created = co_vpx_encoder_create(&settings, &status) else { throw VPXError(status) }
        return created
    }

    private static func check(_ configuration: Configuration) throws(VPXError) {
        let codec = configuration.codec
        guard VPXLimits.side.contains(configuration.width), VPXLimits.side.contains(configuration.height) else {
            throw .dimensions(width: configuration.width, height: configuration.height)
        }
        guard VPXLimits.bitrate.contains(configuration.bitrate) else { throw .bitrate(configuration.bitrate) }
        guard VPXLimits.framesPerSecond.contains(configuration.framesPerSecond) else {
            throw .framesPerSecond(configuration.framesPerSecond)
        }
        guard VPXLimits.ticksPerSecond.contains(configuration.ticksPerSecond) else {
            throw .ticksPerSecond(configuration.ticksPerSecond)
        }
        let (lower, upper) = (configuration.quantizer.lowerBound, configuration.quantizer.upperBound)
        guard VPXLimits.quantizer.contains(lower), VPXLimits.quantizer.contains(upper) else {
            throw .quantizer(configuration.quantizer)
        }
        if let interval = configuration.keyframeInterval, interval < 1 { throw .keyframeInterval(interval) }
        guard codec.speeds.contains(configuration.speed) else { throw .speed(configuration.speed) }
        guard codec.temporalLayers.contains(configuration.temporalLayers) else {
            throw .temporalLayers(configuration.temporalLayers)
        }
        guard VPXLimits.threads.contains(configuration.threads) else { throw .threads(configuration.threads) }
    }
}
