// REMB (draft-alvestrand-rmcat-remb-03, 2.2): the most that the receiver believes its path can carry, for all the listed
// streams together. A claim of the other side, to be capped by whoever uses it (S-16).

struct ReceiverEstimatedMaximumBitrate: Sendable, Equatable {
    static let identifier: [UInt8] = Array("REMB".utf8)
    private static let mantissaBits = 18

    var senderSSRC: UInt32
    /// bit/s. `UInt64.max` for anything that does not fit.
    var bitrate: UInt64
    /// At most `Limits.RTCP.sources` are read or written.
    var ssrcs: [UInt32]

    init(senderSSRC: UInt32, bitrate: UInt64, ssrcs: [UInt32]) {
        self.senderSSRC = senderSSRC
        self.bitrate = bitrate
        self.ssrcs = ssrcs
    }

    /// Whether application layer feedback with this content is a REMB.
    static func isNext(_ content: ByteReader) -> Bool {
        var reader = content
        reader.skip(8)
        return reader.readBytes(4) == identifier
    }

    init?(reading reader: inout ByteReader) {
        senderSSRC = reader.readUInt32()
        reader.skip(8)  // media source, always 0, and the identifier
        let count = Int(reader.readUInt8())
        let packed = reader.readUInt24()
        guard !reader.hasFailed, reader.remaining >= count &* 4 else { return nil }
        let exponent = packed >> Self.mantissaBits
        let mantissa = UInt64(packed & (1 << Self.mantissaBits &- 1))
        bitrate = mantissa.leadingZeroBitCount >= exponent ? mantissa << exponent : .max
        ssrcs = (0..<min(count, Limits.RTCP.sources)).map { _ in reader.readUInt32() }
    }

    var encoded: [UInt8] {
        let ssrcs = ssrcs.prefix(Limits.RTCP.sources)
        let exponent = max(0, 64 - bitrate.leadingZeroBitCount - Self.mantissaBits)
        return ByteWriter.rtcpBlock(type: RTCPType.payloadFeedback, count: RTCPFormat.application) {
            $0.write(senderSSRC)
            $0.write(UInt32(0))
            $0.write(Self.identifier)
            $0.write(UInt8(truncatingIfNeeded: ssrcs.count))
            $0.write24(UInt32(exponent) << Self.mantissaBits | UInt32(truncatingIfNeeded: bitrate >> exponent))
            for ssrc in ssrcs { $0.write(ssrc) }
        }
    }
}
