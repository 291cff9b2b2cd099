// How a series recurs: the subset of RFC 5545, 3.3.10 that people book meetings by, and a flag of our own for workdays.
// Text is in RecurrenceRule+Text.swift, the days it gives in RuleExpansion.swift.

public struct RecurrenceRule: Hashable, Sendable {
    public enum Frequency: String, Sendable, CaseIterable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    public struct Day: Hashable, Sendable, Comparable {
        /// Which of the month (or, YEARLY without BYMONTH, of the year), from its end where negative; nil means each.
        public let ordinal: Int?
        public let weekday: Weekday

        public init(_ weekday: Weekday, ordinal: Int? = nil) {
            self.ordinal = ordinal
            self.weekday = weekday
        }

        public static func < (one: Day, other: Day) -> Bool {
            (one.ordinal ?? 0, one.weekday.rawValue) < (other.ordinal ?? 0, other.weekday.rawValue)
        }
    }

    public enum End: Hashable, Sendable {
        case never
        /// Occurrences, the first included.
        case count(Int)
        /// The last instant at which an occurrence may begin.
        case until(UTCTime)
    }

    /// What product and calendars in reach can show and people can mean; more would be work without a meeting.
    public enum Limit {
        public static let intervals = 1...99
        public static let counts = 1...200
        /// Entries of BYDAY: each weekday with each ordinal of a month.
        static let days = 77
    }

    public let frequency: Frequency
    public let interval: Int
    public let end: End
    /// All lists are sorted and without repetition; an empty one means "not given".
    public let days: [Day]
    /// 1…31, or -1 for the last.
    public let monthDays: [Int]
    /// 1…12.
    public let months: [Int]
    /// Which of a month's days, in order, are meant; from the end where negative.
    public let positions: [Int]
    public let weekStart: Weekday
    /// Only on days that the workday table calls workdays. Not part of the text.
    public let isOnWorkdays: Bool

    public init(
        _ frequency: Frequency, interval: Int = 1, end: End = .never, days: [Day] = [], monthDays: [Int] = [],
        months: [Int] = [], positions: [Int] = [], weekStart: Weekday = .monday, isOnWorkdays: Bool = false
    ) throws(SchedulingError) {
        self.frequency = frequency
        self.interval = interval
        self.end = end
        self.days = Set(days).sorted()
        self.monthDays = Set(monthDays).sorted()
        self.months = Set(months).sorted()
        self.positions = Set(positions).sorted()
        self.weekStart = weekStart
        self.isOnWorkdays = isOnWorkdays
        try validate()
    }

    private func validate() throws(SchedulingError) {
        guard Limit.intervals.contains(interval) else { throw SchedulingError(.ruleIntervalRange, String(interval)) }
        if case .count(let count) = end, !Limit.counts.contains(count) {
            throw SchedulingError(.ruleCountRange, String(count))
        }
        guard days.count <= Limit.days else { throw SchedulingError(.ruleListLength, "BYDAY") }
        let ordinals: ClosedRange<Int>? =
            switch frequency {
            case .daily, .weekly: nil
            case .monthly: 1...5
            case .yearly: months.isEmpty ? 1...53 : 1...5
            }
        for case let ordinal? in days.map(\.ordinal) {
            // `magnitude` also takes the least number, which has no positive twin.
            guard let ordinals, ordinal.magnitude <= ordinals.upperBound, ordinal != 0 else {
                throw SchedulingError(.ruleDayOrdinal, String(ordinal))
            }
        }
        for day in monthDays where day != -1 && !(1...31).contains(day) {
            throw SchedulingError(.ruleMonthDayRange, String(day))
        }
        guard monthDays.isEmpty || frequency != .weekly else { throw SchedulingError(.ruleMonthDayWeekly) }
        for month in months where !(1...12).contains(month) { throw SchedulingError(.ruleMonthRange, String(month)) }
        for position in positions where position == 0 || position.magnitude > 31 {
            throw SchedulingError(.rulePositionRange, String(position))
        }
        guard positions.isEmpty || (frequency == .monthly && !days.isEmpty) else {
            throw SchedulingError(.rulePositionContext)
        }
    }

    /// The same rule with another end.
    public func ending(_ end: End) throws(SchedulingError) -> RecurrenceRule {
        try RecurrenceRule(
            frequency, interval: interval, end: end, days: days, monthDays: monthDays, months: months,
            positions: positions, weekStart: weekStart, isOnWorkdays: isOnWorkdays)
    }

    /// What calendars that know no workday table come nearest with: every day becomes Monday to Friday, and what is
    /// still different is told by RDATE and EXDATE.
    func withoutWorkdays(ending end: End) throws(SchedulingError) -> RecurrenceRule {
        let isEveryDay = frequency == .daily && days.isEmpty
        let weekdays = Weekday.allCases.prefix(5).map { Day($0) }
        return try RecurrenceRule(
            isEveryDay && interval == 1 && monthDays.isEmpty ? .weekly : frequency, interval: interval, end: end,
            days: isEveryDay ? weekdays : days, monthDays: monthDays, months: months, positions: positions,
            weekStart: weekStart)
    }
}
