// Big-endian writing of the formats that ByteReader reads.

struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    var count: Int { bytes.count }

    mutating func write(_ value: UInt8) { bytes.append(value) }

    mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// The low 24 bits.
    mutating func write24(_ value: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value >> 16))
        write(UInt16(truncatingIfNeeded: value))
    }

    mutating func write(_ value: UInt64) {
        write(UInt32(truncatingIfNeeded: value >> 32))
        write(UInt32(truncatingIfNeeded: value))
    }

    mutating func write(_ values: [UInt8]) { bytes.append(contentsOf: values) }

    /// Zero bytes up to the next multiple of four, as STUN and RTCP count their lengths.
    mutating func padToWord() {
        while bytes.count & 3 != 0 { bytes.append(0) }
    }

    /// Replaces two bytes already written: a length known only at the end. Nothing happens outside of what was written.
    mutating func replace(at offset: Int, with value: UInt16) {
        guard offset >= 0, offset &+ 2 <= bytes.count else { return }
        bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        bytes[offset &+ 1] = UInt8(truncatingIfNeeded: value)
    }
}
