// What somebody should know before he books, and may do anyway: quiet hours, a year whose holidays nobody knows yet,
// people who are busy.

public import Directory
public import Scheduling

public enum BookingWarning: Hashable, Sendable {
    /// It lies, whole or in part, outside working hours; the next working time that is long enough and at which nobody
    /// asked about is busy, if there is one.
    case quietHours(next: Interval?)
    /// The holidays of the year are not published; it is taken for plain Monday to Friday.
    case unknownYear(Int)
    case busy(AccountID, [Interval])

    /// Stable, for machines.
    public var code: String {
        switch self {
        case .quietHours: "quiet_hours"
        case .unknownYear: "unknown_year"
        case .busy: "busy"
        }
    }

    public func text(in language: Language) -> String {
        switch (self, language) {
        case (.quietHours, .zh): "所选时间不在工作时间内，建议另选时间"
        case (.quietHours, .en): "This is outside working hours; consider another time."
        case (.unknownYear(let year), .zh): "\(year) 年的放假安排尚未公布，暂按周一至周五计算"
        case (.unknownYear(let year), .en): "The holidays of \(year) are not yet known; Monday to Friday is assumed."
        case (.busy, .zh): "有参会人在此时间已有安排"
        case (.busy, .en): "Somebody has another meeting at this time."
        }
    }
}

extension CheckedBooking {
    /// About the first occurrence that is still to come: quiet hours and the year; busy people are in `PeopleCalendar`.
    /// - Parameter busy: lists of those who are to come, for the suggestion.
    public func hourWarnings(
        busy: [IntervalList] = [], in context: BookingContext, at now: UTCTime
    ) -> [BookingWarning] {
        guard let times, details.kind != .instant,
            let series = try? Series(
                identifier: "draft", zone: times.zone, start: times.plan.start, minutes: times.plan.minutes,
                rule: times.plan.rule),
            let next = series.occurrences(workdays: context.workdays).first(where: { $0.interval.end > now })
        else { return [] }
        var warnings: [BookingWarning] = []
        let year = context.hours.zone.local(next.interval.start).date.year
        if !context.workdays.knows(year) { warnings.append(.unknownYear(year)) }
        // The last second counts, not the end: what ends as work ends is within working hours. Two ends within one day's
        // hours have nothing else between them.
        let last = next.interval.end.advanced(by: -1)
        let (hours, zone) = (context.hours, context.hours.zone)
        let isWithin =
            !hours.isQuiet(at: next.interval.start) && !hours.isQuiet(at: last)
            && zone.local(next.interval.start).date == zone.local(last).date
        guard !isWithin else { return warnings }
        let from = max(now, next.interval.start)
        let window = Interval(from, from.advanced(by: SlotSearch.longestWindow * 86_400))
        let slot = window.flatMap {
            SlotSearch.firstCommonSlot(minutes: times.plan.minutes, busy: busy, in: $0, hours: hours)
        }
        return warnings + [.quietHours(next: slot)]
    }
}
