// Numbers that wrap around (RFC 1982; RFC 9260, 1.6): they have a successor and an order among neighbours, and neither
// `<` nor `+`, which would be wrong at the wrap or end the process.

/// Transmission sequence number: counts the DATA chunks of one direction.
struct TSN: Hashable, Sendable {
    let value: UInt32

    init(_ value: UInt32) { self.value = value }

    static func &+ (number: TSN, count: UInt32) -> TSN { TSN(number.value &+ count) }
    static func &- (number: TSN, count: UInt32) -> TSN { TSN(number.value &- count) }

    /// How far `self` is ahead of `other`; negative when behind.
    func distance(from other: TSN) -> Int { Int(Int32(bitPattern: value &- other.value)) }
    func precedes(_ other: TSN) -> Bool { distance(from: other) < 0 }
}

/// Stream sequence number: counts the ordered messages of one stream.
struct SSN: Hashable, Sendable {
    let value: UInt16

    init(_ value: UInt16) { self.value = value }

    var next: SSN { SSN(value &+ 1) }

    func distance(from other: SSN) -> Int { Int(Int16(bitPattern: value &- other.value)) }
    func precedes(_ other: SSN) -> Bool { distance(from: other) < 0 }
}
