@testable import MediaRelay

/// DTLS 1.2 records made and taken apart by hand (RFC 6347, 4.1 and 4.2.2).
enum DTLSRecords {
    static func record(type: UInt8, epoch: UInt16, sequence: UInt64, _ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(type)
        writer.write(UInt16(0xfefd))
        writer.write(UInt64(epoch) << 48 | sequence & 0xffff_ffff_ffff)
        writer.write(UInt16(content.count))
        writer.write(content)
        return writer.bytes
    }

    static func handshakeFragment(
        type: UInt8 = 1, sequence: UInt16, length: Int, offset: Int, _ piece: [UInt8], recordSequence: UInt64 = 0
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(type)
        writer.write24(UInt32(length))
        writer.write(sequence)
        writer.write24(UInt32(offset))
        writer.write24(UInt32(piece.count))
        writer.write(piece)
        return record(type: 22, epoch: 0, sequence: recordSequence, writer.bytes)
    }

    private struct Fragment {
        let type: UInt8
        let length: Int
        let sequence: UInt16
        let offset: Int
        let piece: [UInt8]
    }

    /// The plain handshake fragments of a datagram, and its other records as they are.
    private static func take(_ datagram: [UInt8]) -> (fragments: [Fragment], others: [[UInt8]]) {
        var fragments: [Fragment] = []
        var others: [[UInt8]] = []
        var reader = ByteReader(datagram)
        while !reader.isAtEnd, !reader.hasFailed {
            let start = reader.offset
            let type = reader.readUInt8()
            reader.skip(2)
            let epoch = reader.readUInt16()
            reader.skip(6)
            var content = reader.readSection(Int(reader.readUInt16()))
            guard type == 22, epoch == 0 else {
                others.append(Array(datagram[start..<reader.offset]))
                continue
            }
            while !content.isAtEnd, !content.hasFailed {
                let messageType = content.readUInt8()
                let length = Int(content.readUInt24())
                let sequence = content.readUInt16()
                let offset = Int(content.readUInt24())
                let piece = content.readBytes(Int(content.readUInt24()))
                fragments.append(
                    Fragment(type: messageType, length: length, sequence: sequence, offset: offset, piece: piece))
            }
        }
        return (fragments, others)
    }

    /// The same messages in pieces of `size` bytes, a datagram each, what is not a plain handshake message last. Plain
    /// records are numbered anew in the order they leave, so that no replay window takes offence.
    static func fragmented(
        _ datagram: [UInt8], size: Int, reversed: Bool = false, recordSequence: inout UInt64
    ) -> [[UInt8]] {
        let (fragments, others) = take(datagram)
        var pieces = fragments.flatMap { fragment in
            stride(from: 0, to: max(1, fragment.piece.count), by: size).map { start in
                Fragment(
                    type: fragment.type, length: fragment.length, sequence: fragment.sequence,
                    offset: fragment.offset + start, piece: Array(fragment.piece.dropFirst(start).prefix(size)))
            }
        }
        if reversed { pieces.reverse() }
        var datagrams = pieces.map { fragment in
            recordSequence += 1
            return handshakeFragment(
                type: fragment.type, sequence: fragment.sequence, length: fragment.length, offset: fragment.offset,
                fragment.piece, recordSequence: recordSequence)
        }
        for other in others {
            let isPlain = other[3] == 0 && other[4] == 0
            recordSequence += isPlain ? 1 : 0
            datagrams.append(
                isPlain ? record(type: other[0], epoch: 0, sequence: recordSequence, Array(other[13...])) : other)
        }
        return datagrams
    }
}
