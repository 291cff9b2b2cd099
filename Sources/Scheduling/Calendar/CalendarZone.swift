// A zone as VTIMEZONE (RFC 5545, 3.6.5): only the changes that matter to the meetings of a calendar. Changes that follow
// the zone's rule are told by RRULE, others one by one.

extension Zone {
    /// One STANDARD or DAYLIGHT part.
    struct Observance: Equatable {
        let isDaylight: Bool
        /// Its first beginning, on the wall before the change.
        let start: CivilDateTime
        let offsetBefore: Int
        let offset: Int
        let name: String
        /// How it comes again each year.
        let rule: String?
    }

    /// - Parameters:
    ///   - first: no meeting begins before it.
    ///   - last: changes without a rule are told up to here.
    func observances(from first: UTCTime, to last: UTCTime) -> [Observance] {
        let base = index(at: first.secondsSince1970)
        guard base > 0 else {
            let period = periods[0]
            let early = CivilDateTime(clamping: min(0, first.secondsSince1970 - 2 * 86_400))
            return [
                Observance(
                    isDaylight: period.isDaylight, start: early, offsetBefore: period.offset, offset: period.offset,
                    name: period.name, rule: nil)
            ] + changes(after: base, to: last)
        }
        return changes(after: base - 1, to: last)
    }

    private func changes(after base: Int, to last: UTCTime) -> [Observance] {
        var found: [Observance] = []
        var ruled: Set<Bool> = []
        for index in periods.indices.dropFirst(base + 1) {
            let (before, period) = (periods[index - 1], periods[index])
            let isFirst = found.isEmpty
            guard isFirst || period.start <= last.secondsSince1970, ruled.count < 2 else { break }
            if ruled.contains(period.isDaylight) { continue }
            let rule = period.start > footerStart ? footer?.yearlyRule(isDaylight: period.isDaylight) : nil
            if rule != nil { ruled.insert(period.isDaylight) }
            found.append(
                Observance(
                    isDaylight: period.isDaylight, start: CivilDateTime(clamping: period.start + Int64(before.offset)),
                    offsetBefore: before.offset, offset: period.offset, name: period.name, rule: rule))
        }
        return found
    }

    func write(to text: inout CalendarText, from first: UTCTime, to last: UTCTime) throws(SchedulingError) {
        try text.component("VTIMEZONE") { text throws(SchedulingError) in
            text.add("TZID", [], name)
            for observance in observances(from: first, to: last) {
                try text.component(observance.isDaylight ? "DAYLIGHT" : "STANDARD") { text throws(SchedulingError) in
                    text.add("DTSTART", [], observance.start.basicText)
                    text.add("TZOFFSETFROM", [], Self.offsetText(observance.offsetBefore))
                    text.add("TZOFFSETTO", [], Self.offsetText(observance.offset))
                    if !observance.name.isEmpty {
                        text.add("TZNAME", [], CalendarText.escaped(observance.name, most: 16))
                    }
                    if let rule = observance.rule { text.add("RRULE", [], rule) }
                }
            }
        }
    }

    /// RFC 5545, 3.3.14: `+0800`, with seconds only where there are some.
    static func offsetText(_ offset: Int) -> String {
        let size = abs(offset)
        let seconds = size % 60 == 0 ? "" : (size % 60).twoDigits
        return "\(offset < 0 ? "-" : "+")\((size / 3_600).twoDigits)\((size / 60 % 60).twoDigits)\(seconds)"
    }
}

extension ZoneFooter {
    /// nil where RRULE has no words for it: changes counted in days of the year, or at hours of another day.
    fileprivate func yearlyRule(isDaylight: Bool) -> String? {
        guard let change = isDaylight ? daylight?.change : standard.change, (0..<86_400).contains(change.time),
            case .weekday(let month, let week, let weekday) = change.day
        else { return nil }
        return "FREQ=YEARLY;BYMONTH=\(month);BYDAY=\(week == 5 ? -1 : week)\(weekday.code)"
    }
}
