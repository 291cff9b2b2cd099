// The checksum of SCTP (RFC 9260, 6.8 and appendix A): CRC-32c, polynomial 0x1EDC6F41, reflected, little end first.
// Eight bytes at a time from eight tables: it touches every byte sent and received.

enum CRC32c {
    /// Eight tables of 256: entry `256 * n + byte` is the remainder of the byte followed by n zero bytes.
    private static let tables: [UInt32] = {
        var tables = (0..<256).map { (index: UInt32) in
            (0..<8).reduce(index) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
        }
        for index in 256..<2_048 {
            let before = tables[index &- 256]
            tables.append(before >> 8 ^ tables[Int(before & 0xff)])
        }
        return tables
    }()

    /// Of the whole packet, its four checksum bytes (8 to 11) taken as zero.
    static func checksum(ofPacket packet: [UInt8]) -> UInt32 {
        let tables = self.tables
        return packet.withUnsafeBytes { bytes in
            tables.withUnsafeBufferPointer { table in
                var value = UInt32.max
                let header = Swift.min(8, bytes.count)
                for at in 0..<header { value = step(value, bytes[at], table) }
                guard bytes.count >= 12 else { return ~value }
                for _ in 0..<4 { value = step(value, 0, table) }
                var at = 12
                while at &+ 8 <= bytes.count {
                    let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)) ^ value
                    let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at &+ 4, as: UInt32.self))
                    let first = table[1_792 &+ Int(low & 0xff)] ^ table[1_536 &+ Int(low >> 8 & 0xff)]
                    let second = table[1_280 &+ Int(low >> 16 & 0xff)] ^ table[1_024 &+ Int(low >> 24)]
                    let third = table[768 &+ Int(high & 0xff)] ^ table[512 &+ Int(high >> 8 & 0xff)]
                    let fourth = table[256 &+ Int(high >> 16 & 0xff)] ^ table[Int(high >> 24)]
                    value = first ^ second ^ third ^ fourth
                    at &+= 8
                }
                while at < bytes.count {
                    value = step(value, bytes[at], table)
                    at &+= 1
                }
                return ~value
            }
        }
    }

    private static func step(_ value: UInt32, _ byte: UInt8, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
        value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
    }
}
