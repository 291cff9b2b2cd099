// SDES (RFC 3550, 6.5), of which only the canonical name is of use: streams of one CNAME play in step.

struct SourceDescription: Sendable, Equatable {
    struct Chunk: Sendable, Equatable {
        var ssrc: UInt32
        /// Empty when the chunk has none. At most 255 bytes of UTF-8 are written.
        var canonicalName: String
    }

    private static let endItem: UInt8 = 0
    private static let canonicalNameItem: UInt8 = 1

    /// At most 31 are written.
    var chunks: [Chunk]

    init(chunks: [Chunk]) { self.chunks = chunks }

    init?(reading reader: inout ByteReader, count: UInt8) {
        chunks = []
        for _ in 0..<count {
            let start = reader.offset
            var chunk = Chunk(ssrc: reader.readUInt32(), canonicalName: "")
            while true {
                let item = reader.readUInt8()
                guard !reader.hasFailed else { return nil }  // no terminator before the end
                if item == Self.endItem { break }
                let text = reader.readBytes(Int(reader.readUInt8()))
                if item == Self.canonicalNameItem, chunk.canonicalName.isEmpty {
                    chunk.canonicalName = String(decoding: text, as: UTF8.self)
                }
            }
            // Each chunk fills whole words, counted from its own beginning.
            reader.skip((4 &- (reader.offset &- start) & 3) & 3)
            guard !reader.hasFailed else { return nil }
            chunks.append(chunk)
        }
    }

    var encoded: [UInt8] {
        let chunks = chunks.prefix(31)
        return ByteWriter.rtcpBlock(type: RTCPType.sourceDescription, count: UInt8(truncatingIfNeeded: chunks.count)) {
            for chunk in chunks {
                let name = Array(chunk.canonicalName.utf8.prefix(Limits.canonicalNameBytes))
                $0.write(chunk.ssrc)
                $0.write(Self.canonicalNameItem)
                $0.write(UInt8(truncatingIfNeeded: name.count))
                $0.write(name)
                $0.write(Self.endItem)
                $0.padToWord()
            }
        }
    }
}
