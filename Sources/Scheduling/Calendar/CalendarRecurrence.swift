// A series in the words of other calendars: DTSTART, RRULE, RDATE and EXDATE (RFC 5545, 3.8.5). Calendars take DTSTART
// for an occurrence in any case and know no workday table; both is settled here.

struct CalendarRecurrence {
    let start: CivilDateTime
    let rule: RecurrenceRule?
    let additions: [CivilDateTime]
    let exclusions: [CivilDateTime]

    init(_ series: Series, workdays: WorkdayTable) throws(SchedulingError) {
        let cancelled = series.exceptions.filter { $0.value == .cancelled }.map(\.key)
        guard let rule = series.rule else {
            start = series.start
            self.rule = nil
            additions = series.additions.subtracting([series.start]).sorted()
            exclusions = cancelled.sorted()
            return
        }
        func expansion(
            _ rule: RecurrenceRule, from start: CivilDateTime, _ limits: ExpansionLimits
        ) -> RuleExpansion {
            RuleExpansion(rule, start: start, zone: series.zone, workdays: workdays, limits: limits)
        }
        let meant = expansion(rule, from: series.start, .search)
        guard let first = meant.first(where: { _ in true }) ?? series.additions.min() else {
            throw SchedulingError(.seriesEmpty)
        }
        start = first
        guard rule.isOnWorkdays else {
            self.rule = rule
            additions = series.additions.sorted()
            exclusions = cancelled.sorted()
            return
        }
        // A rule with an end is written out whole. One without is right as far as bookings are shown ahead, and then
        // goes on from Monday to Friday.
        var shown = Array(expansion(rule, from: series.start, .booking))
        var end = RecurrenceRule.End.never
        if rule.end != .never {
            shown = Array(meant.prefix(RecurrenceRule.Limit.counts.upperBound))
            end = .until(series.zone.utc(shown.last ?? first))
        }
        let known = try rule.withoutWorkdays(ending: end)
        let last = shown.last ?? first
        let given = Set(expansion(known, from: first, .search).lazy.prefix { $0 <= last })
        self.rule = known
        additions = series.additions.union(shown).subtracting(given).sorted()
        exclusions = given.subtracting(shown).subtracting(series.additions).union(cancelled).sorted()
    }
}
