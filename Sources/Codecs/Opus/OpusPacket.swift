// What an Opus packet says of itself (RFC 6716, 3): duration, frames, mode, whether it carries a copy of the one before.
// Needs no decoder, and reads nothing of the sound but two flags.

/// The form of one packet. Holds none of its bytes.
public struct OpusPacket: Sendable, Equatable {
    public enum Mode: Sendable {
        /// Speech layer only.
        case silk
        /// Speech below 8 kHz, the other layer above.
        case hybrid
        /// Music, and everything of less than 10 ms.
        case celt
    }

    /// Up to which frequency there is sound.
    public enum Bandwidth: Int, Sendable, CaseIterable, Comparable {
        case narrow = 4_000
        case medium = 6_000
        case wide = 8_000
        case superWide = 12_000
        case full = 20_000

        public var hertz: Int { rawValue }

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// Bytes of one frame at the most (RFC 6716, 3.2.1).
    public static let longestFrame = 1_275
    /// Microseconds of one packet at the most (RFC 6716, 3.2.5).
    public static let longestDuration = 120_000

    public let mode: Mode
    public let bandwidth: Bandwidth
    public let isStereo: Bool
    /// Frames in the packet, 1...48.
    public let frameCount: Int
    /// Microseconds of each frame: 2,500, 5,000, 10,000, 20,000, 40,000 or 60,000.
    public let frameDuration: Int
    /// The speech layer holds a coarse copy of the last frames of the packet before (RFC 6716, 4.2.5).
    public let hasFEC: Bool

    /// Microseconds of the whole packet, at most `longestDuration`.
    public var duration: Int { frameDuration * frameCount }

    /// Samples of each channel that the packet decodes to. At 48,000 Hz: by how much RTP timestamps go on (RFC 7587, 4.1).
    public func samplesPerChannel(at rate: OpusSampleRate) -> Int { duration / 2_500 * (rate.rawValue / 400) }

    /// Reads the packet's form as a decoder does.
    ///
    /// - Throws: `invalidPacket` when it breaks one of the requirements R1 to R7 of RFC 6716, 3.4.
    public init(_ packet: Span<UInt8>) throws(OpusError) {
        guard !packet.isEmpty else { throw .invalidPacket }
        let toc = packet[0]
        (mode, bandwidth, frameDuration) = Self.configuration(toc >> 3)
        isStereo = toc & 0x04 != 0
        let frames = try OpusFraming(packet)
        frameCount = frames.count
        guard frameCount * frameDuration <= Self.longestDuration else { throw .invalidPacket }
        hasFEC =
            mode != .celt && frames.firstLength > 0
            && Self.hasFECFlag(packet[frames.firstOffset], frameDuration: frameDuration, isStereo: isStereo)
    }

    /// RFC 6716, table 2.
    private static func configuration(_ number: UInt8) -> (Mode, Bandwidth, Int) {
        let step = Int(number & 3)
        switch number {
        case 0..<12:
            return (.silk, [.narrow, .medium, .wide][Int(number / 4)], [10_000, 20_000, 40_000, 60_000][step])
        case 12..<16:
            return (.hybrid, number < 14 ? .superWide : .full, number.isMultiple(of: 2) ? 10_000 : 20_000)
        default:
            let bandwidths: [Bandwidth] = [.narrow, .wide, .superWide, .full]
            return (.celt, bandwidths[Int(number / 4 & 3)], 2_500 << step)
        }
    }

    /// The first bits of a speech frame are not compressed (RFC 6716, 4.2.3): for each channel one flag of activity for
    /// each 20 ms, then the flag asked for.
    private static func hasFECFlag(_ first: UInt8, frameDuration: Int, isStereo: Bool) -> Bool {
        let flags = max(1, frameDuration / 20_000)
        let middle = first >> (7 - flags) & 1 == 1
        let side = isStereo && first >> (6 - 2 * flags) & 1 == 1
        return middle || side
    }
}
