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

extension MediaTime {
    static func milliseconds(_ count: UInt64) -> MediaTime { MediaTime(microseconds: count * 1_000) }
    static func seconds(_ count: UInt64) -> MediaTime { .milliseconds(count * 1_000) }
}
