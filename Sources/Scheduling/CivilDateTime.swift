// A date with a time of day as a clock on the wall shows it, and an instant in UTC. The way from one to the other leads
// through Zone.swift.

public struct CivilDateTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    static let secondsInDay = 86_400

    public let date: CivilDate
    /// 0…86,399. Leap seconds do not exist for people who meet.
    public let secondOfDay: Int

    public init(_ date: CivilDate, hour: Int, minute: Int, second: Int = 0) throws(SchedulingError) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else {
            throw SchedulingError(.dateMalformed, "\(hour):\(minute):\(second)")
        }
        self.init(date, secondOfDay: (hour * 60 + minute) * 60 + second)
    }

    /// The caller knows that the second lies within the day.
    init(_ date: CivilDate, secondOfDay: Int) {
        self.date = date
        self.secondOfDay = secondOfDay
    }

    /// The nearest that there is to so many seconds after 1970-01-01T00:00:00 on the same wall.
    init(clamping wallSeconds: Int64) {
        let day = wallSeconds.flooredQuotient(by: Int64(Self.secondsInDay))
        date = CivilDate(clamping: Int(clamping: day))
        secondOfDay = Int(wallSeconds - day * Int64(Self.secondsInDay))
    }

    public var hour: Int { secondOfDay / 3_600 }
    public var minute: Int { secondOfDay / 60 % 60 }
    public var second: Int { secondOfDay % 60 }

    /// Seconds since 1970-01-01T00:00:00 on the same wall.
    var wallSeconds: Int64 { Int64(date.dayNumber) * Int64(Self.secondsInDay) + Int64(secondOfDay) }

    public static func < (one: CivilDateTime, other: CivilDateTime) -> Bool {
        (one.date, one.secondOfDay) < (other.date, other.secondOfDay)
    }

    /// `2026-11-21T15:00:00`, seconds may be left out; or `20261121T150000` (RFC 5545, 3.3.5, form 1).
    public init(_ text: some StringProtocol) throws(SchedulingError) {
        let halves = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = halves.first, halves.count == 2, text.utf8.count <= 19 else {
            throw SchedulingError(.dateMalformed, text)
        }
        let date = try CivilDate(first)
        var digits = DigitReader(halves[1])
        let isExtended = first.utf8.count == 10
        guard let hour = digits.number(of: 2), !isExtended || digits.skip(":"), let minute = digits.number(of: 2) else {
            throw SchedulingError(.dateMalformed, text)
        }
        var second = 0
        if !digits.isAtEnd || !isExtended {
            guard !isExtended || digits.skip(":"), let number = digits.number(of: 2), digits.isAtEnd else {
                throw SchedulingError(.dateMalformed, text)
            }
            second = number
        }
        try self.init(date, hour: hour, minute: minute, second: second)
    }

    public var description: String { "\(date)T\(hour.twoDigits):\(minute.twoDigits):\(second.twoDigits)" }

    /// As in RFC 5545, 3.3.5, form 1: `20261121T150000`.
    public var basicText: String { "\(date.basicText)T\(hour.twoDigits)\(minute.twoDigits)\(second.twoDigits)" }
}

/// An instant, in whole seconds.
public struct UTCTime: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Two days are left at each end of the calendar, so that every instant has a date in every zone.
    static let range =
        Int64(CivilDate.dayNumbers.lowerBound + 2) * 86_400...Int64(CivilDate.dayNumbers.upperBound - 2) * 86_400

    public let secondsSince1970: Int64

    /// The nearest instant of the calendar's years.
    public init(clamping secondsSince1970: Int64) {
        self.secondsSince1970 = min(max(secondsSince1970, Self.range.lowerBound), Self.range.upperBound)
    }

    /// Stops at the calendar's ends.
    public func advanced(by seconds: Int) -> UTCTime {
        let (sum, overflows) = secondsSince1970.addingReportingOverflow(Int64(seconds))
        return UTCTime(clamping: overflows ? (seconds < 0 ? .min : .max) : sum)
    }

    public func advanced(byMinutes minutes: Int) -> UTCTime {
        let (seconds, overflows) = minutes.multipliedReportingOverflow(by: 60)
        return advanced(by: overflows ? (minutes < 0 ? .min : .max) : seconds)
    }

    public func seconds(since other: UTCTime) -> Int64 { secondsSince1970 - other.secondsSince1970 }

    public static func < (one: UTCTime, other: UTCTime) -> Bool { one.secondsSince1970 < other.secondsSince1970 }

    /// `20261121T070000Z` (RFC 5545, 3.3.5, form 2) or `2026-11-21T07:00:00Z` (RFC 3339).
    public init(_ text: some StringProtocol) throws(SchedulingError) {
        guard text.last == "Z" else { throw SchedulingError(.dateMalformed, text) }
        self.init(clamping: try CivilDateTime(text.dropLast()).wallSeconds)
    }

    private var civil: CivilDateTime { CivilDateTime(clamping: secondsSince1970) }
    public var description: String { "\(civil)Z" }
    public var basicText: String { "\(civil.basicText)Z" }
}
