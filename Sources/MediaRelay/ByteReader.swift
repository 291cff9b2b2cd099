// Big-endian reading of bytes that a stranger wrote. A read past the end fails the reader and answers zero; every later
// read answers zero too, so a parser reads all its fields and checks once at the end.

struct ByteReader {
    private let bytes: [UInt8]
    private(set) var offset: Int
    private let end: Int
    /// A read went past the end.
    private(set) var hasFailed = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    private init(_ bytes: [UInt8], from offset: Int, to end: Int) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    var remaining: Int { end &- offset }
    var isAtEnd: Bool { offset == end }

    private mutating func take(_ count: Int) -> Int? {
        guard !hasFailed, count >= 0, count <= remaining else {
            hasFailed = true
            return nil
        }
        let start = offset
        offset = offset &+ count
        return start
    }

    mutating func readUInt8() -> UInt8 {
        guard let at = take(1) else { return 0 }
        return bytes[at]
    }

    mutating func readUInt16() -> UInt16 {
        guard let at = take(2) else { return 0 }
        return UInt16(bytes[at]) << 8 | UInt16(bytes[at &+ 1])
    }

    mutating func readUInt24() -> UInt32 {
        guard let at = take(3) else { return 0 }
        return UInt32(bytes[at]) << 16 | UInt32(bytes[at &+ 1]) << 8 | UInt32(bytes[at &+ 2])
    }

    mutating func readUInt32() -> UInt32 {
        UInt32(readUInt16()) << 16 | UInt32(readUInt16())
    }

    mutating func readUInt64() -> UInt64 {
        UInt64(readUInt32()) << 32 | UInt64(readUInt32())
    }

    /// Empty when there are fewer.
    mutating func readBytes(_ count: Int) -> [UInt8] {
        guard let at = take(count) else { return [] }
        return Array(bytes[at..<(at &+ count)])
    }

    mutating func skip(_ count: Int) { _ = take(count) }

    /// A reader of the next `count` bytes alone, which are skipped here; a failed, empty one when there are fewer.
    mutating func readSection(_ count: Int) -> ByteReader {
        guard let at = take(count) else {
            var failed = ByteReader(bytes, from: end, to: end)
            failed.hasFailed = true
            return failed
        }
        return ByteReader(bytes, from: at, to: at &+ count)
    }
}
