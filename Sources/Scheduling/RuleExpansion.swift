// The local starts that a rule gives, found one at a time: period by period (day, week, month, year), the days of one
// period in order. Exceptions are applied by Series.swift.

/// How far a rule is followed. A series without end is shown this far ahead; a rule that gives nothing ends this soon.
public struct ExpansionLimits: Sendable {
    /// Years after the first day asked for; nil follows the rule as far as the search goes.
    public var horizonYears: Int?
    /// Occurrences that are given.
    public var occurrences: Int
    /// Years after the series' start: 28 years hold every pair of date and weekday, leap days too (but 1900, 2100, 2200).
    public var searchYears = 28
    /// Periods looked at.
    public var steps = 10_000

    public static let booking = ExpansionLimits(horizonYears: 2, occurrences: 200)
    /// For what was booked long ago: only the search ends it.
    public static let search = ExpansionLimits(horizonYears: nil, occurrences: .max)

    public init(horizonYears: Int?, occurrences: Int) {
        self.horizonYears = horizonYears
        self.occurrences = occurrences
    }
}

public struct RuleExpansion: Sequence, Sendable {
    let rule: RecurrenceRule
    let start: CivilDateTime
    let zone: Zone
    let workdays: WorkdayTable
    let firstDate: CivilDate
    let limits: ExpansionLimits

    /// - Parameters:
    ///   - start: DTSTART. It is an occurrence only if the rule says so.
    ///   - zone: what UNTIL is compared in.
    ///   - firstDate: occurrences before it are counted but not given; nil means from the start.
    public init(
        _ rule: RecurrenceRule, start: CivilDateTime, zone: Zone, workdays: WorkdayTable,
        from firstDate: CivilDate? = nil,
        limits: ExpansionLimits = .booking
    ) {
        self.rule = rule
        self.start = start
        self.zone = zone
        self.workdays = workdays
        self.firstDate = Swift.max(firstDate ?? start.date, start.date)
        self.limits = limits
    }

    public func makeIterator() -> Iterator { Iterator(self) }

    public struct Iterator: IteratorProtocol {
        private let expansion: RuleExpansion
        private let period: RulePeriods
        private let horizon: CivilDate
        private let lastSearched: Int
        private var step = 0
        /// Days of the current period, the next one last.
        private var pending: [CivilDate] = []
        private var counted = 0
        private var given = 0
        private var isOver = false

        fileprivate init(_ expansion: RuleExpansion) {
            self.expansion = expansion
            period = RulePeriods(expansion.rule, start: expansion.start.date)
            func years(_ years: Int, after date: CivilDate) -> Int {
                CivilDate.dayNumber(year: date.year + Swift.min(Swift.max(years, 0), 300), month: date.month, day: 1)
                    + date.day - 1
            }
            horizon = CivilDate(clamping: years(expansion.limits.horizonYears ?? 300, after: expansion.firstDate))
            lastSearched = years(expansion.limits.searchYears, after: expansion.start.date)
        }

        public mutating func next() -> CivilDateTime? {
            while !isOver, let date = nextDate() {
                guard date >= expansion.start.date else { continue }
                if expansion.rule.isOnWorkdays, !expansion.workdays.isWorkday(date) { continue }
                let local = CivilDateTime(date, secondOfDay: expansion.start.secondOfDay)
                counted += 1
                if date > horizon || isBeyondEnd(local) { break }
                guard date >= expansion.firstDate else { continue }
                given += 1
                if given > expansion.limits.occurrences { break }
                return local
            }
            isOver = true
            return nil
        }

        private func isBeyondEnd(_ local: CivilDateTime) -> Bool {
            switch expansion.rule.end {
            case .never: false
            case .count(let count): counted > count
            case .until(let time): expansion.zone.utc(local) > time
            }
        }

        private mutating func nextDate() -> CivilDate? {
            while pending.isEmpty {
                guard step < expansion.limits.steps, period.firstDay(of: step) <= lastSearched else { return nil }
                pending = period.dates(of: step).reversed()
                step += 1
            }
            return pending.removeLast()
        }
    }
}

/// The days of a rule by period, counted from the one that the series begins in.
private struct RulePeriods {
    private let rule: RecurrenceRule
    private let start: CivilDate
    private let days: [RecurrenceRule.Day]
    private let monthDays: [Int]
    private let months: [Int]

    /// What the rule leaves open comes from the start (RFC 5545, 3.3.10).
    init(_ rule: RecurrenceRule, start: CivilDate) {
        self.rule = rule
        self.start = start
        let isOpen = rule.days.isEmpty && rule.monthDays.isEmpty
        days = isOpen && rule.frequency == .weekly ? [RecurrenceRule.Day(start.weekday)] : rule.days
        monthDays = isOpen && [.monthly, .yearly].contains(rule.frequency) ? [start.day] : rule.monthDays
        months = isOpen && rule.frequency == .yearly && rule.months.isEmpty ? [start.month] : rule.months
    }

    /// The number of the first day of a period; steps are few, so that no sum is large.
    func firstDay(of step: Int) -> Int {
        let distance = step * rule.interval
        switch rule.frequency {
        case .daily: return start.dayNumber + distance
        case .weekly: return start.dayNumber - start.weekday.days(after: rule.weekStart) + 7 * distance
        case .monthly:
            let month = start.year * 12 + start.month - 1 + distance
            return CivilDate.dayNumber(year: month / 12, month: month % 12 + 1, day: 1)
        case .yearly: return CivilDate.dayNumber(year: start.year + distance, month: 1, day: 1)
        }
    }

    func dates(of step: Int) -> [CivilDate] {
        // Outside the calendar's years are no days.
        let first = firstDay(of: step)
        switch rule.frequency {
        case .daily: return dates(first, count: 1)
        case .weekly: return dates(first, count: 7)
        case .monthly:
            guard let date = CivilDate(dayNumber: first), months.isEmpty || months.contains(date.month) else {
                return []
            }
            let found = dates(first, count: CivilDate.daysInMonth(date.month, of: date.year))
            return rule.positions.isEmpty ? found : positioned(found)
        case .yearly:
            guard let date = CivilDate(dayNumber: first) else { return [] }
            return (months.isEmpty ? Array(1...12) : months).flatMap { month in
                dates(
                    CivilDate.dayNumber(year: date.year, month: month, day: 1),
                    count: CivilDate.daysInMonth(month, of: date.year))
            }
        }
    }

    private func dates(_ first: Int, count: Int) -> [CivilDate] {
        (first..<first + count).compactMap { CivilDate(dayNumber: $0) }.filter(isMeant)
    }

    private func isMeant(_ date: CivilDate) -> Bool {
        guard months.isEmpty || months.contains(date.month) else { return false }
        let length = CivilDate.daysInMonth(date.month, of: date.year)
        guard monthDays.isEmpty || monthDays.contains(date.day) || (date.day == length && monthDays.contains(-1)) else {
            return false
        }
        return days.isEmpty || days.contains { $0.weekday == date.weekday && isOrdinal($0.ordinal, date, length) }
    }

    private func isOrdinal(_ ordinal: Int?, _ date: CivilDate, _ monthLength: Int) -> Bool {
        guard let ordinal else { return true }
        var (before, after) = (date.day - 1, monthLength - date.day)
        if rule.frequency == .yearly, rule.months.isEmpty {
            before = date.dayNumber - CivilDate.dayNumber(year: date.year, month: 1, day: 1)
            after = CivilDate.dayNumber(year: date.year, month: 12, day: 31) - date.dayNumber
        }
        return ordinal > 0 ? before / 7 + 1 == ordinal : after / 7 + 1 == -ordinal
    }

    private func positioned(_ dates: [CivilDate]) -> [CivilDate] {
        dates.enumerated().filter { index, _ in
            rule.positions.contains(index + 1) || rule.positions.contains(index - dates.count)
        }.map(\.element)
    }
}
