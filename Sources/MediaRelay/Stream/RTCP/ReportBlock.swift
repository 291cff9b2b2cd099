// What a receiver says about one source (RFC 3550, 6.4.1), inside sender and receiver reports.

struct ReportBlock: Sendable, Equatable {
    /// A report's count has five bits.
    static let maximumPerReport = 31
    static let bytes = 24

    var ssrc: UInt32
    /// Lost since the last report, in 1/256.
    var fractionLost: UInt8
    /// Since the beginning; negative when duplicates came. 24 bits on the wire, clamped when written.
    var cumulativeLost: Int32
    var extendedHighestSequence: UInt32
    /// In units of the RTP timestamp.
    var jitter: UInt32
    /// `NTPTime.middle` of the last sender report, 0 for none.
    var lastSenderReport: UInt32
    /// 1/65536 s between that report's arrival and this one's departure.
    var delaySinceLastSenderReport: UInt32

    init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, extendedHighestSequence: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighestSequence = extendedHighestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }

    /// Check the reader afterwards.
    init(reading reader: inout ByteReader) {
        ssrc = reader.readUInt32()
        fractionLost = reader.readUInt8()
        // Shifted up and down again: the 24th bit is the sign.
        cumulativeLost = Int32(bitPattern: reader.readUInt24() << 8) >> 8
        extendedHighestSequence = reader.readUInt32()
        jitter = reader.readUInt32()
        lastSenderReport = reader.readUInt32()
        delaySinceLastSenderReport = reader.readUInt32()
    }

    /// `count` blocks; nil when they are not all there. What follows them is a profile's extension, of no interest.
    static func read(_ count: UInt8, from reader: inout ByteReader) -> [ReportBlock]? {
        guard reader.remaining >= Int(count) &* bytes else { return nil }
        return (0..<count).map { _ in ReportBlock(reading: &reader) }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(ssrc)
        writer.write(fractionLost)
        writer.write24(UInt32(bitPattern: min(max(cumulativeLost, -0x80_0000), 0x7f_ffff)))
        writer.write(extendedHighestSequence)
        writer.write(jitter)
        writer.write(lastSenderReport)
        writer.write(delaySinceLastSenderReport)
    }
}
