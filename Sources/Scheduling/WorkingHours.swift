// When people are at work and when they want quiet: hours of a day, on the workdays of a table, in one zone.

public struct WorkingHours: Sendable {
    public let zone: Zone
    public let workdays: WorkdayTable
    /// Minutes after midnight.
    public let start: Int
    public let end: Int

    /// How far ahead the next workday is looked for; no table of a real country has so long a holiday.
    static let searchDays = 60

    /// - Parameters:
    ///   - start: minutes after midnight, before `end`.
    ///   - end: at most 24 hours.
    public init?(zone: Zone, workdays: WorkdayTable, start: Int = 9 * 60, end: Int = 18 * 60) {
        guard start >= 0, start < end, end <= 24 * 60 else { return nil }
        self.zone = zone
        self.workdays = workdays
        self.start = start
        self.end = end
    }

    /// Outside working hours: nights (18:00 to 09:00 unless told otherwise) and days without work.
    public func isQuiet(at time: UTCTime) -> Bool {
        hours(of: zone.local(time).date).map { time < $0.start || time >= $0.end } ?? true
    }

    /// The first beginning of work after `time`; nil when the table has none within 60 days.
    public func nextWorkStart(after time: UTCTime) -> UTCTime? {
        let today = zone.local(time).date
        for days in 0...Self.searchDays {
            if let hours = today.adding(days: days).flatMap(hours(of:)), hours.start > time { return hours.start }
        }
        return nil
    }

    /// The working hours of each day that touches the interval, cut to it.
    func intervals(in window: Interval) -> IntervalList {
        var found: [Interval] = []
        var date: CivilDate? = zone.local(window.start).date
        let last = zone.local(window.end).date
        while let day = date, day <= last {
            if let hours = hours(of: day) { found.append(hours) }
            date = day.adding(days: 1)
        }
        return IntervalList(found).intersection(IntervalList([window]))
    }

    /// nil on days without work.
    private func hours(of date: CivilDate) -> Interval? {
        guard workdays.isWorkday(date) else { return nil }
        let midnight = CivilDateTime(date, secondOfDay: 0).wallSeconds
        func time(_ minutes: Int) -> UTCTime { zone.utc(CivilDateTime(clamping: midnight + Int64(minutes) * 60)) }
        return Interval(time(start), time(end))
    }
}
