// SR (RFC 3550, 6.4.1): ties a stream's RTP timestamps to the wall clock, so that sound and picture can be aligned.

struct SenderReport: Sendable, Equatable {
    var ssrc: UInt32
    var ntp: NTPTime
    var rtpTimestamp: UInt32
    var packetCount: UInt32
    var octetCount: UInt32
    /// At most `ReportBlock.maximumPerReport` are written.
    var reports: [ReportBlock] = []

    init(
        ssrc: UInt32, ntp: NTPTime, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32,
        reports: [ReportBlock] = []
    ) {
        self.ssrc = ssrc
        self.ntp = ntp
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
        self.reports = reports
    }

    init?(reading reader: inout ByteReader, count: UInt8) {
        ssrc = reader.readUInt32()
        ntp = NTPTime(rawValue: reader.readUInt64())
        rtpTimestamp = reader.readUInt32()
        packetCount = reader.readUInt32()
        octetCount = reader.readUInt32()
        guard !reader.hasFailed, let blocks = ReportBlock.read(count, from: &reader) else { return nil }
        reports = blocks
    }

    var encoded: [UInt8] {
        let blocks = reports.prefix(ReportBlock.maximumPerReport)
        return ByteWriter.rtcpBlock(type: RTCPType.senderReport, count: UInt8(truncatingIfNeeded: blocks.count)) {
            $0.write(ssrc)
            $0.write(ntp.rawValue)
            $0.write(rtpTimestamp)
            $0.write(packetCount)
            $0.write(octetCount)
            for block in blocks { block.write(to: &$0) }
        }
    }
}
