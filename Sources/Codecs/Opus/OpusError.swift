// Why Opus refused: a setting, a length, or a packet.

public enum OpusError: Error, Sendable, Equatable {
    /// Bits per second outside `OpusEncoder.Configuration.bitrates(for:)`.
    case bitrate(Int)
    /// Outside 0...10.
    case complexity(Int)
    /// Per cent outside 0...100.
    case expectedLoss(Int)
    /// So many samples (of all channels together) are not one Opus frame of a duration that is allowed here.
    case sampleCount(Int)
    /// The packet or the samples do not fit what the caller gave for them.
    case bufferTooSmall
    /// Not an Opus packet (RFC 6716, 3.4). An empty one is not either: a packet that is missing is concealed.
    case invalidPacket
    case outOfMemory
    /// libopus gave a result that it should not have: its number in opus_defines.h.
    case library(Int32)
}

extension OpusError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bitrate(let value): "Opus has no bitrate of \(value) bit/s"
        case .complexity(let value): "complexity \(value) is not in 0...10"
        case .expectedLoss(let value): "expected loss \(value) is not in 0...100 per cent"
        case .sampleCount(let value): "\(value) samples are not an Opus frame"
        case .bufferTooSmall: "the buffer is too small"
        case .invalidPacket: "not an Opus packet"
        case .outOfMemory: "no memory for Opus"
        case .library(let code): "libopus: error \(code)"
        }
    }
}
