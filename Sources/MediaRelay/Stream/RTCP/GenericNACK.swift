// Generic NACK (RFC 4585, 6.2.1): RTP packets of one stream to be sent again. On the wire pairs of a sequence number and
// a bit for each of the sixteen that follow it.

struct GenericNACK: Sendable, Equatable {
    var senderSSRC: UInt32
    var mediaSSRC: UInt32
    /// In the order asked for; reading stops at `Limits.sequencesPerNack`.
    var sequences: [UInt16]

    /// Pairs that fit one compound packet.
    static let maximumPairs = (Limits.RTCP.compoundBytes - 12) / 4

    init(senderSSRC: UInt32, mediaSSRC: UInt32, sequences: [UInt16]) {
        self.senderSSRC = senderSSRC
        self.mediaSSRC = mediaSSRC
        self.sequences = sequences
    }

    init?(reading reader: inout ByteReader) {
        senderSSRC = reader.readUInt32()
        mediaSSRC = reader.readUInt32()
        sequences = []
        guard !reader.hasFailed, !reader.isAtEnd else { return nil }
        while !reader.isAtEnd {
            let first = reader.readUInt16()
            let following = reader.readUInt16()
            guard !reader.hasFailed else { return nil }
            append(first)
            for bit in UInt16(0)..<16 where following >> bit & 1 == 1 { append(first &+ bit &+ 1) }
        }
    }

    private mutating func append(_ sequence: UInt16) {
        if sequences.count < Limits.sequencesPerNack { sequences.append(sequence) }
    }

    /// A following number is packed when it lies at most sixteen ahead of the pair's first, so ascending order (modulo
    /// 2^16) packs best. Pairs beyond `maximumPairs` are left out; the next NACK asks again.
    var encoded: [UInt8] {
        var pairs: [(first: UInt16, following: UInt16)] = []
        for sequence in sequences {
            if let last = pairs.last {
                let ahead = sequence &- last.first
                if ahead == 0 { continue }
                if ahead <= 16 {
                    pairs[pairs.count &- 1].following |= 1 << (ahead &- 1)
                    continue
                }
            }
            pairs.append((sequence, 0))
        }
        return ByteWriter.rtcpBlock(type: RTCPType.transportFeedback, count: RTCPFormat.nack) {
            $0.write(senderSSRC)
            $0.write(mediaSSRC)
            for pair in pairs.prefix(Self.maximumPairs) {
                $0.write(pair.first)
                $0.write(pair.following)
            }
        }
    }
}
