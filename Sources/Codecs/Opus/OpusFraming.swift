// How the frames of one Opus packet lie behind its first byte (RFC 6716, 3.2), with every requirement of 3.4 on
// lengths. What the frames mean is OpusPacket's.

struct OpusFraming {
    /// At least 1.
    let count: Int
    let firstOffset: Int
    /// May be 0: nothing was sent for this frame.
    let firstLength: Int

    /// `packet` holds at least its first byte (R1).
    init(_ packet: Span<UInt8>) throws(OpusError) {
        var reader = Reader(offset: 1, end: packet.count)
        switch packet[0] & 3 {
        case 0:
            count = 1
            firstLength = reader.left
        case 1:
            count = 2
            guard reader.left.isMultiple(of: 2) else { throw .invalidPacket }
            firstLength = reader.left / 2
        case 2:
            count = 2
            firstLength = try reader.length(packet)
            guard firstLength <= reader.left, reader.left - firstLength <= OpusPacket.longestFrame else {
                throw .invalidPacket
            }
        default:
            (count, firstLength) = try Self.manyFrames(packet, &reader)
        }
        guard firstLength <= OpusPacket.longestFrame else { throw .invalidPacket }
        firstOffset = reader.offset
    }

    /// Code 3: a byte with the number of frames, the length of the padding, and lengths of frames if they differ.
    private static func manyFrames(_ packet: Span<UInt8>, _ reader: inout Reader) throws(OpusError) -> (Int, Int) {
        let header = try reader.byte(packet)
        let count = Int(header & 0x3f)
        guard count > 0 else { throw .invalidPacket }
        if header & 0x40 != 0 { try reader.dropPadding(packet) }
        guard header & 0x80 != 0 else {
            guard reader.left.isMultiple(of: count) else { throw .invalidPacket }
            return (count, reader.left / count)
        }
        var firstLength: Int?
        var told = 0
        for _ in 1..<count {
            let length = try reader.length(packet)
            firstLength = firstLength ?? length
            told += length
        }
        let lastLength = reader.left - told
        guard 0...OpusPacket.longestFrame ~= lastLength else { throw .invalidPacket }
        return (count, firstLength ?? lastLength)
    }

    /// A place in the packet. Reading past the end, which padding moves to the front, makes the packet invalid.
    private struct Reader {
        var offset: Int
        var end: Int

        var left: Int { end - offset }

        mutating func byte(_ packet: Span<UInt8>) throws(OpusError) -> UInt8 {
            guard left > 0 else { throw .invalidPacket }
            defer { offset += 1 }
            return packet[offset]
        }

        /// One byte up to 251, else two (RFC 6716, 3.2.1): at most 1,275.
        mutating func length(_ packet: Span<UInt8>) throws(OpusError) -> Int {
            let first = Int(try byte(packet))
            return first < 252 ? first : first + 4 * Int(try byte(packet))
        }

        /// Bytes of 255 stand for 254 bytes of padding and another byte (RFC 6716, 3.2.5).
        mutating func dropPadding(_ packet: Span<UInt8>) throws(OpusError) {
            var padding = 0
            var next: UInt8
            repeat {
                next = try byte(packet)
                padding += next == 255 ? 254 : Int(next)
            } while next == 255
            guard padding <= left else { throw .invalidPacket }
            end -= padding
        }
    }
}
