// BYE (RFC 3550, 6.6): these sources will send no more.

struct Goodbye: Sendable, Equatable {
    /// At most 31 are written.
    var sources: [UInt32]
    /// At most 255 bytes of UTF-8 are written.
    var reason: String?

    init(sources: [UInt32], reason: String? = nil) {
        self.sources = sources
        self.reason = reason
    }

    init?(reading reader: inout ByteReader, count: UInt8) {
        guard reader.remaining >= Int(count) &* 4 else { return nil }
        sources = (0..<count).map { _ in reader.readUInt32() }
        guard !reader.isAtEnd else { return }
        let text = reader.readBytes(Int(reader.readUInt8()))
        guard !reader.hasFailed else { return nil }
        reason = String(decoding: text, as: UTF8.self)
    }

    var encoded: [UInt8] {
        let sources = sources.prefix(31)
        return ByteWriter.rtcpBlock(type: RTCPType.goodbye, count: UInt8(truncatingIfNeeded: sources.count)) {
            for source in sources { $0.write(source) }
            guard let reason else { return }
            let text = Array(reason.utf8.prefix(255))
            $0.write(UInt8(truncatingIfNeeded: text.count))
            $0.write(text)
        }
    }
}
