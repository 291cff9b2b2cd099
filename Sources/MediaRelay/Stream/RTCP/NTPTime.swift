// The wall-clock timestamps of sender reports (RFC 3550, 4): seconds since 1900 in 32.32 fixed point, wrapping in 2036.

struct NTPTime: Hashable, Sendable {
    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Seconds from 1900 to 1970, 17 leap years among them.
    static let unixEpochSeconds: UInt64 = 2_208_988_800

    /// Wall-clock time since 1970. The era (RFC 5905, 6) is lost, as on the wire.
    init(unixMicroseconds: UInt64) {
        let seconds = unixMicroseconds / 1_000_000 &+ Self.unixEpochSeconds
        // Rounded up, so that the way back, which rounds down, gives the same microsecond.
        let fraction = ((unixMicroseconds % 1_000_000) << 32 &+ 999_999) / 1_000_000
        rawValue = seconds << 32 &+ fraction
    }

    /// Wall-clock time since 1970, for a moment between 1970 and 2106.
    var unixMicroseconds: UInt64 {
        // Before the epoch means the era that begins in 2036.
        let seconds = rawValue >> 32
        let era: UInt64 = seconds < Self.unixEpochSeconds ? 1 << 32 : 0
        let fraction = ((rawValue & 0xffff_ffff) &* 1_000_000) >> 32
        return (seconds &+ era &- Self.unixEpochSeconds) &* 1_000_000 &+ fraction
    }

    /// The middle 32 bits, in units of 1/65536 s: what a report block's LSR repeats.
    var middle: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 16) }

    /// RFC 3550, 6.4.1: arrival of the report − DLSR − LSR. Nil when no sender report was seen by the other side, or
    /// when its arithmetic gives a negative time (clocks that drift do).
    static func roundTrip(now: NTPTime, lastSenderReport: UInt32, delay: UInt32) -> MediaSpan? {
        guard lastSenderReport != 0 else { return nil }
        let units = now.middle &- lastSenderReport &- delay
        // The upper half of the number circle is the negative one.
        guard units < 1 << 31 else { return nil }
        return .microseconds((UInt64(units) &* 1_000_000) >> 16)
    }

    /// A span as a report block's DLSR: units of 1/65536 s, at most 18 hours.
    static func delay(_ span: MediaSpan) -> UInt32 {
        UInt32(clamping: (min(span.microseconds, 1 << 40) << 16) / 1_000_000)
    }
}
