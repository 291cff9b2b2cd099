// The two codecs of libvpx, and the bounds of what we ask of them, each with its reason.

public enum VPXCodec: Sendable, CaseIterable {
    /// RFC 6386.
    case vp8
    /// VP9 bitstream specification 0.6, profile 0 only: 8 bits, half the colour resolution in each direction.
    case vp9

    /// Less work, worse pictures, as the number rises. libvpx' own name is cpu-used.
    ///
    /// VP8 is only used with fixed speeds, which libvpx counts from -1 down: from 0 up they mean "as fast as the clock on
    /// the wall demands", so that the same pictures would become other bytes on a busy machine.
    public var speeds: ClosedRange<Int> {
        switch self {
        case .vp8: 1...16
        case .vp9: 0...9
        }
    }

    /// What live video is encoded with when nothing else is said.
    public var usualSpeed: Int {
        switch self {
        case .vp8: 6
        case .vp9: 7
        }
    }

    /// VP9's layers are made by another interface of libvpx, together with spatial ones.
    public var temporalLayers: ClosedRange<Int> {
        switch self {
        case .vp8: 1...3
        case .vp9: 1...1
        }
    }
}

public enum VPXLimits {
    /// Pixels of width and of height. A picture of the largest size takes 25 MB, and a VP9 decoder keeps up to a dozen.
    public static let side = 1...4_096
    public static let framesPerSecond = 1...240
    /// Units of timestamps. libvpx counts in ten millionths of a second in 64 bits: with at least a thousand ticks in a
    /// second nothing that `longestStream` allows overflows.
    public static let ticksPerSecond = 1_000...1_000_000
    /// Ticks from the first picture to the last: 99 years at 90 kHz.
    public static let longestStream: Int64 = 1 << 48
    /// Bits per second. libvpx counts in thousands, so fewer are none; a hundred million are more than any client takes.
    public static let bitrate = 1_000...100_000_000
    /// 0 is almost without loss, 63 is the coarsest.
    public static let quantizer = 0...63
    /// libvpx makes them all at once, whether the picture has work for them or not.
    public static let threads = 1...16
    /// Bytes of one encoded frame that are looked at: more than the largest picture has uncoded is no frame.
    public static let encodedBytes = 4_096 * 4_096 * 3 / 2
}
