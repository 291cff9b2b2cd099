// The common header (RFC 9260, 3.1) and the chunks behind it: reading with every length checked, writing by appending.

struct SCTPPacket: Equatable, Sendable {
    static let headerBytes = 12

    var sourcePort: UInt16
    var destinationPort: UInt16
    var tag: UInt32
    var chunks: [SCTPChunk]
    /// A chunk had an impossible length or was shorter than its kind; those behind it were not read.
    var isMalformed = false

    /// Nil: not SCTP at all, or damaged.
    init?(parsing bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes else { return nil }
        let sent = UInt32(bytes[8]) | UInt32(bytes[9]) << 8 | UInt32(bytes[10]) << 16 | UInt32(bytes[11]) << 24
        guard sent == CRC32c.checksum(ofPacket: bytes) else { return nil }
        var reader = ByteReader(bytes)
        sourcePort = reader.readUInt16()
        destinationPort = reader.readUInt16()
        tag = reader.readUInt32()
        reader.skip(4)
        chunks = []
        while reader.remaining >= SCTPChunk.headerBytes, chunks.count < Limits.SCTP.chunksPerPacket {
            let type = reader.readUInt8()
            let flags = reader.readUInt8()
            let length = Int(reader.readUInt16())
            guard length >= SCTPChunk.headerBytes, length &- SCTPChunk.headerBytes <= reader.remaining else {
                isMalformed = true
                return
            }
            var value = reader.readSection(length &- SCTPChunk.headerBytes)
            // The padding of the last chunk may have been left out.
            reader.skip(min(length.paddedToWord &- length, reader.remaining))
            guard let chunk = SCTPChunk(type: type, flags: flags, value: &value) else {
                isMalformed = true
                return
            }
            chunks.append(chunk)
        }
    }
}

/// A packet being filled up to `Limits.SCTP.packetBytes`.
struct SCTPPacketWriter {
    private var bytes: [UInt8] = []

    init(sourcePort: UInt16, destinationPort: UInt16, tag: UInt32) {
        bytes.reserveCapacity(Limits.SCTP.packetBytes)
        append(sourcePort)
        append(destinationPort)
        append(tag)
        append(0 as UInt32)
    }

    var isEmpty: Bool { bytes.count == SCTPPacket.headerBytes }
    var room: Int { Limits.SCTP.packetBytes &- bytes.count }

    /// A whole chunk, padded.
    mutating func append(_ chunk: [UInt8]) { bytes.append(contentsOf: chunk) }

    mutating func append(_ fragment: OutstandingFragment) {
        bytes.append(SCTPChunk.Kind.data)
        bytes.append(fragment.flags.rawValue)
        append(UInt16(truncatingIfNeeded: SCTPData.headerBytes &+ fragment.length))
        append(fragment.tsn.value)
        append(fragment.stream)
        append(fragment.ssn.value)
        append(fragment.ppid)
        bytes.append(contentsOf: fragment.payload.dropFirst(fragment.offset).prefix(fragment.length))
        while bytes.count & 3 != 0 { bytes.append(0) }
    }

    consuming func finish() -> [UInt8] {
        // The checksum is the one field sent little end first.
        let checksum = CRC32c.checksum(ofPacket: bytes)
        for index in 0..<4 { bytes[8 &+ index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 &* index)) }
        return bytes
    }

    private mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    private mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value >> 16))
        append(UInt16(truncatingIfNeeded: value))
    }
}

extension ByteWriter {
    /// A chunk with its length, padded. The length counts the padding between parameters, not behind the last (RFC
    /// 9260, 3.2).
    mutating func writeChunk(_ kind: UInt8, flags: UInt8 = 0, _ body: (inout ByteWriter) -> Void = { _ in }) {
        let start = count
        write(kind)
        write(flags)
        write(0 as UInt16)
        body(&self)
        replace(at: start &+ 2, with: UInt16(truncatingIfNeeded: count &- start))
        padToWord()
    }

    mutating func writeParameter(_ type: UInt16, _ value: [UInt8]) {
        padToWord()
        write(type)
        write(UInt16(truncatingIfNeeded: 4 &+ value.count))
        write(value)
    }
}
