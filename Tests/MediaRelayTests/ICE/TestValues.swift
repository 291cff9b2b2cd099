// Values that the tests of the transport protocols share: bytes from hex, a seeded random source, times.

@testable import MediaRelay

extension [UInt8] {
    /// From hex digits; anything else is skipped.
    init(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        self = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static func random(_ count: Int, using generator: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

/// SplitMix64: a failing test prints its seed and can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

extension MediaTime {
    static func milliseconds(_ count: UInt64) -> MediaTime { MediaTime(microseconds: count * 1_000) }
    static func seconds(_ count: UInt64) -> MediaTime { .milliseconds(count * 1_000) }
}
