// FIR (RFC 5104, 4.3.1): a keyframe on command. A request is repeated with the same sequence number until it is met, so
// whoever acts on it compares that number.

struct FullIntraRequest: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var ssrc: UInt32
        var sequence: UInt8
    }

    var senderSSRC: UInt32
    /// Reading stops at `Limits.RTCP.firEntries`.
    var entries: [Entry]

    init(senderSSRC: UInt32, entries: [Entry]) {
        self.senderSSRC = senderSSRC
        self.entries = entries
    }

    init?(reading reader: inout ByteReader) {
        senderSSRC = reader.readUInt32()
        reader.skip(4)  // media source: unused, the entries name theirs
        entries = []
        while !reader.isAtEnd, entries.count < Limits.RTCP.firEntries {
            entries.append(Entry(ssrc: reader.readUInt32(), sequence: reader.readUInt8()))
            reader.skip(3)
            guard !reader.hasFailed else { return nil }
        }
        guard !reader.hasFailed, !entries.isEmpty else { return nil }
    }

    var encoded: [UInt8] {
        ByteWriter.rtcpBlock(type: RTCPType.payloadFeedback, count: RTCPFormat.fullIntra) {
            $0.write(senderSSRC)
            $0.write(UInt32(0))
            for entry in entries.prefix(Limits.RTCP.firEntries) {
                $0.write(entry.ssrc)
                $0.write(entry.sequence)
                $0.write24(0)
            }
        }
    }
}
