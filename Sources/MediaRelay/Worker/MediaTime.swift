// The only time the relay knows: microseconds since an arbitrary origin, handed in by whoever drives it. Nothing in the
// module reads a clock except the packet loop in C, so a test can run hours of meeting in milliseconds.

/// A moment. The worker's origin is the monotonic clock's; a test's origin is its own.
public struct MediaTime: Hashable, Comparable, Sendable {
    public let microseconds: UInt64

    public init(microseconds: UInt64) { self.microseconds = microseconds }

    /// A deadline that never comes.
    public static let never = MediaTime(microseconds: .max)

    public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

    /// Saturates at `never`, so that a deadline cannot wrap into the past.
    public static func + (time: Self, span: MediaSpan) -> Self {
        let (sum, overflow) = time.microseconds.addingReportingOverflow(span.microseconds)
        return overflow ? .never : MediaTime(microseconds: sum)
    }

    /// Saturates at the origin.
    public static func - (time: Self, span: MediaSpan) -> Self {
        MediaTime(microseconds: time.microseconds > span.microseconds ? time.microseconds - span.microseconds : 0)
    }

    /// How long ago `earlier` was; zero when it lies ahead, so that time going backwards does no harm.
    public func since(_ earlier: MediaTime) -> MediaSpan {
        MediaSpan(microseconds: microseconds > earlier.microseconds ? microseconds - earlier.microseconds : 0)
    }
}

/// A length of time, never negative.
public struct MediaSpan: Hashable, Comparable, Sendable {
    public let microseconds: UInt64

    public init(microseconds: UInt64) { self.microseconds = microseconds }

    public static let zero = MediaSpan(microseconds: 0)
    public static func microseconds(_ count: UInt64) -> Self { MediaSpan(microseconds: count) }
    public static func milliseconds(_ count: UInt64) -> Self { MediaSpan(microseconds: count &* 1_000) }
    public static func seconds(_ count: UInt64) -> Self { MediaSpan(microseconds: count &* 1_000_000) }

    public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

    /// Saturates.
    public static func * (span: Self, factor: UInt64) -> Self {
        let (product, overflow) = span.microseconds.multipliedReportingOverflow(by: factor)
        return MediaSpan(microseconds: overflow ? .max : product)
    }
}
