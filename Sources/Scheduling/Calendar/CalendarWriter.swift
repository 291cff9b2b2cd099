// Writes meetings for other calendars: invitations and cancellations (iTIP, RFC 5546), one recipient each so that guests
// do not see each other, and feeds to subscribe to (RFC 5545, 7986). Sending them is for others.

public struct CalendarWriter: Sendable {
    /// How often calendars should ask for a feed again.
    static let refresh = "PT15M"
    /// Years of a zone's single changes that are told for a series without an end.
    static let zoneYears = 5

    private let product: String
    private let workdays: WorkdayTable

    /// - Parameter product: PRODID, for example `-//Hutong//Hutong//EN`.
    public init(product: String, workdays: WorkdayTable) {
        self.product = product
        self.workdays = workdays
    }

    /// The whole series, with what has become of single occurrences.
    public func invitation(
        to meeting: CalendarMeeting, for recipient: CalendarPerson, at now: UTCTime
    ) throws(SchedulingError) -> String {
        try calendar("REQUEST", [meeting]) { text throws(SchedulingError) in
            try events(of: meeting, to: &text, for: recipient, at: now)
        }
    }

    /// One occurrence as it is now.
    /// - Throws: `series_unknown_occurrence` when it does not take place.
    public func invitation(
        to meeting: CalendarMeeting, occurrence original: CivilDateTime, for recipient: CalendarPerson, at now: UTCTime
    ) throws(SchedulingError) -> String {
        guard meeting.series.gives(original, workdays: workdays),
            let occurrence = meeting.series.occurrence(of: original)
        else { throw SchedulingError(.seriesUnknownOccurrence, original.description) }
        return try calendar("REQUEST", [meeting]) { text throws(SchedulingError) in
            try event(occurrence, of: meeting, to: &text, for: recipient, at: now)
        }
    }

    /// - Parameter original: the occurrence that does not take place; nil means none of the series does.
    public func cancellation(
        of meeting: CalendarMeeting, occurrence original: CivilDateTime? = nil, for recipient: CalendarPerson,
        at now: UTCTime
    ) throws(SchedulingError) -> String {
        let series = meeting.series
        return try calendar("CANCEL", [meeting]) { text throws(SchedulingError) in
            try text.component("VEVENT") { text throws(SchedulingError) in
                add(series, to: &text, at: now)
                if let original { text.add("RECURRENCE-ID", time(series.zone), original.basicText) }
                let first = try CalendarRecurrence(series, workdays: workdays).start
                text.add("DTSTART", time(series.zone), (original ?? first).basicText)
                text.add("DURATION", [], "PT\(series.minutes)M")
                text.add("SUMMARY", [], CalendarText.escaped(meeting.title, most: CalendarMeeting.Limit.title))
                add(organizer: meeting.organizer, and: recipient, isAsked: false, to: &text)
                text.add("STATUS", [], "CANCELLED")
            }
        }
    }

    /// All meetings with an occurrence in the window. Who may see what is settled before.
    public func feed(
        named name: String, of meetings: [CalendarMeeting], in window: Interval, at now: UTCTime
    ) throws(SchedulingError) -> String {
        let shown = meetings.filter { !$0.series.occurrences(overlapping: window, workdays: workdays).isEmpty }
        return try calendar("PUBLISH", shown, named: name) { text throws(SchedulingError) in
            for meeting in shown { try events(of: meeting, to: &text, for: nil, at: now) }
        }
    }

    // MARK: Parts

    private func calendar(
        _ method: String, _ meetings: [CalendarMeeting], named name: String? = nil,
        _ body: (inout CalendarText) throws(SchedulingError) -> Void
    ) throws(SchedulingError) -> String {
        var text = CalendarText()
        try text.component("VCALENDAR") { text throws(SchedulingError) in
            text.add("VERSION", [], "2.0")
            text.add("PRODID", [], CalendarText.escaped(product, most: 200))
            text.add("METHOD", [], method)
            if let name {
                let name = CalendarText.escaped(name, most: CalendarMeeting.Limit.name)
                text.add("NAME", [], name)
                text.add("X-WR-CALNAME", [], name)
                text.add("REFRESH-INTERVAL", [("VALUE", "DURATION")], Self.refresh)
                text.add("X-PUBLISHED-TTL", [], Self.refresh)
            }
            try addZones(of: meetings, to: &text)
            try body(&text)
        }
        return text.text
    }

    private func addZones(of meetings: [CalendarMeeting], to text: inout CalendarText) throws(SchedulingError) {
        var zones: [String: (zone: Zone, first: UTCTime, last: UTCTime)] = [:]
        for series in meetings.map(\.series) {
            // Moved and added occurrences may lie outside of the rule's time.
            var starts = [series.start] + series.additions
            for case .moved(let start, _) in series.exceptions.values { starts.append(start) }
            let times = starts.map { series.zone.utc($0) }
            let (first, last) = (
                times.min() ?? series.zone.utc(series.start), times.max() ?? series.zone.utc(series.start)
            )
            var end = last.advanced(by: Self.zoneYears * 366 * CivilDateTime.secondsInDay)
            if case .until(let time) = series.rule?.end { end = max(end, time) }
            let known = zones[series.zone.name]
            guard known.map({ $0.zone == series.zone }) ?? true else {
                throw SchedulingError(.calendarZone, series.zone.name)
            }
            zones[series.zone.name] = (series.zone, min(first, known?.first ?? first), max(end, known?.last ?? end))
        }
        for (_, use) in zones.sorted(by: { $0.key < $1.key }) {
            try use.zone.write(to: &text, from: use.first, to: use.last)
        }
    }

    private func events(
        of meeting: CalendarMeeting, to text: inout CalendarText, for recipient: CalendarPerson?, at now: UTCTime
    ) throws(SchedulingError) {
        let series = meeting.series
        let recurrence = try CalendarRecurrence(series, workdays: workdays)
        try text.component("VEVENT") { text throws(SchedulingError) in
            add(series, to: &text, at: now)
            text.add("DTSTART", time(series.zone), recurrence.start.basicText)
            text.add("DURATION", [], "PT\(series.minutes)M")
            if let rule = recurrence.rule { text.add("RRULE", [], rule.text) }
            for (name, starts) in [("RDATE", recurrence.additions), ("EXDATE", recurrence.exclusions)]
            where !starts.isEmpty {
                text.add(name, time(series.zone), starts.map(\.basicText).joined(separator: ","))
            }
            try addMatter(of: meeting, to: &text, for: recipient)
        }
        for occurrence in series.movedOccurrences(workdays: workdays) {
            try event(occurrence, of: meeting, to: &text, for: recipient, at: now)
        }
    }

    private func event(
        _ occurrence: Series.Occurrence, of meeting: CalendarMeeting, to text: inout CalendarText,
        for recipient: CalendarPerson?, at now: UTCTime
    ) throws(SchedulingError) {
        let zone = meeting.series.zone
        try text.component("VEVENT") { text throws(SchedulingError) in
            add(meeting.series, to: &text, at: now)
            text.add("RECURRENCE-ID", time(zone), occurrence.original.basicText)
            text.add("DTSTART", time(zone), occurrence.start.basicText)
            text.add("DURATION", [], "PT\(occurrence.minutes)M")
            try addMatter(of: meeting, to: &text, for: recipient)
        }
    }

    private func time(_ zone: Zone) -> [(name: String, value: String)] { [("TZID", zone.name)] }

    private func add(_ series: Series, to text: inout CalendarText, at now: UTCTime) {
        text.add("UID", [], series.identifier)
        text.add("DTSTAMP", [], now.basicText)
        text.add("SEQUENCE", [], String(series.sequence))
    }

    /// What does not depend on the occurrence.
    private func addMatter(
        of meeting: CalendarMeeting, to text: inout CalendarText, for recipient: CalendarPerson?
    ) throws(SchedulingError) {
        let link = try CalendarText.link(meeting.joinLink)
        let title = CalendarText.escaped(meeting.title, most: CalendarMeeting.Limit.title)
        text.add("SUMMARY", [], title)
        if !meeting.notes.isEmpty {
            text.add("DESCRIPTION", [], CalendarText.escaped(meeting.notes, most: CalendarMeeting.Limit.notes))
        }
        text.add("LOCATION", [], CalendarText.escaped(link, most: .max))
        // RFC 7986, 5.11.
        text.add("CONFERENCE", [("VALUE", "URI"), ("FEATURE", "AUDIO,VIDEO"), ("LABEL", "\"Hutong\"")], link)
        add(organizer: meeting.organizer, and: recipient, isAsked: true, to: &text)
        text.add("STATUS", [], "CONFIRMED")
        text.add("TRANSP", [], "OPAQUE")
        if let minutes = meeting.reminderMinutes, CalendarMeeting.Limit.reminder.contains(minutes) {
            try text.component("VALARM") { text throws(SchedulingError) in
                text.add("ACTION", [], "DISPLAY")
                text.add("DESCRIPTION", [], title)
                text.add("TRIGGER", [], "-PT\(minutes)M")
            }
        }
    }

    private func add(
        organizer: CalendarPerson, and recipient: CalendarPerson?, isAsked: Bool, to text: inout CalendarText
    ) {
        func name(_ person: CalendarPerson) -> (name: String, value: String) {
            ("CN", CalendarText.quoted(person.name, most: CalendarMeeting.Limit.name))
        }
        text.add("ORGANIZER", [name(organizer)], "mailto:\(organizer.address)")
        guard let recipient else { return }
        let asked = isAsked ? [("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE")] : []
        text.add(
            "ATTENDEE",
            [("CUTYPE", recipient.kind.rawValue), ("ROLE", recipient.role.rawValue)] + asked + [name(recipient)],
            "mailto:\(recipient.address)")
    }
}
