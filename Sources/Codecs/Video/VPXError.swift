// Why VP8 or VP9 refused: a setting, a picture, or a frame that came from outside.

public enum VPXError: Error, Sendable, Equatable {
    // ------------------------------------------------------------------------------------------ settings

    /// Pixels outside `VPXLimits.side`.
    case dimensions(width: Int, height: Int)
    /// Outside `VPXLimits.framesPerSecond`.
    case framesPerSecond(Int)
    /// Outside `VPXLimits.ticksPerSecond`.
    case ticksPerSecond(Int)
    /// Bits per second outside `VPXLimits.bitrate`.
    case bitrate(Int)
    /// Outside `VPXLimits.quantizer`.
    case quantizer(ClosedRange<Int>)
    /// Outside `VPXCodec.speeds`.
    case speed(Int)
    /// Outside `VPXLimits.threads`.
    case threads(Int)
    /// Outside `VPXCodec.temporalLayers`.
    case temporalLayers(Int)
    /// Frames from one keyframe to the next, not positive.
    case keyframeInterval(Int)

    // ------------------------------------------------------------------------------------------ pictures in

    /// A plane is shorter than its rows, or a row than the picture is wide.
    case planes
    /// The encoder was made for another size.
    case pictureSize(width: Int, height: Int)
    /// Not after the picture before, or further than `VPXLimits.longestStream` from the first.
    case timestamp(Int64)

    // ------------------------------------------------------------------------------------------ frames in

    /// The header or the body breaks the format. Whatever the decoder refers to may be damaged: ask for a keyframe.
    case invalidFrame
    /// Well-formed, but of a profile with more than 8 bits or with other than half the colour resolution.
    case unsupportedProfile(Int)
    /// The frame wants a larger picture than the decoder allows.
    case pictureTooLarge(width: Int, height: Int)
    /// Nothing was decoded yet to which this frame could refer.
    case keyframeNeeded

    // ------------------------------------------------------------------------------------------ the library

    case outOfMemory
    /// libvpx gave a result that it should not have: a vpx_codec_err_t.
    case library(Int32)
}

extension VPXError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .dimensions(let width, let height): "\(width)×\(height) pixels are not supported"
        case .framesPerSecond(let value): "\(value) frames per second are not supported"
        case .ticksPerSecond(let value): "\(value) ticks per second are not supported"
        case .bitrate(let value): "\(value) bit/s are not supported"
        case .quantizer(let range): "quantizers \(range) are not in \(VPXLimits.quantizer)"
        case .speed(let value): "the codec has no speed \(value)"
        case .threads(let value): "\(value) threads are not in \(VPXLimits.threads)"
        case .temporalLayers(let value): "the codec has no \(value) temporal layers here"
        case .keyframeInterval(let value): "no keyframe every \(value) frames"
        case .planes: "the planes do not hold the picture"
        case .pictureSize(let width, let height): "the encoder is not for \(width)×\(height) pixels"
        case .timestamp(let value): "timestamp \(value) is not after the last one, or too far from the first"
        case .invalidFrame: "not a frame of this codec"
        case .unsupportedProfile(let value): "profile \(value) is not supported"
        case .pictureTooLarge(let width, let height): "\(width)×\(height) pixels are more than is decoded"
        case .keyframeNeeded: "no keyframe yet"
        case .outOfMemory: "no memory for the codec"
        case .library(let code): "libvpx: error \(code)"
        }
    }
}
