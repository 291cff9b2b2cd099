// RR (RFC 3550, 6.4.2): what one end received of the other's streams.

struct ReceiverReport: Sendable, Equatable {
    var ssrc: UInt32
    /// At most `ReportBlock.maximumPerReport` are written.
    var reports: [ReportBlock] = []

    init(ssrc: UInt32, reports: [ReportBlock] = []) {
        self.ssrc = ssrc
        self.reports = reports
    }

    init?(reading reader: inout ByteReader, count: UInt8) {
        ssrc = reader.readUInt32()
        guard !reader.hasFailed, let blocks = ReportBlock.read(count, from: &reader) else { return nil }
        reports = blocks
    }

    var encoded: [UInt8] {
        let blocks = reports.prefix(ReportBlock.maximumPerReport)
        return ByteWriter.rtcpBlock(type: RTCPType.receiverReport, count: UInt8(truncatingIfNeeded: blocks.count)) {
            $0.write(ssrc)
            for block in blocks { block.write(to: &$0) }
        }
    }
}
