// A meeting described by a test, written as an invitation, a cancellation or a feed.

import Scheduling

struct CalendarQuestion: Decodable {
    /// `invitation`, `occurrence`, `cancellation` or `feed`.
    var form: String
    var start: String
    var minutes: Int
    var rule: String?
    var workdays: Bool?
    var additions: [String]?
    var cancelled: [String]?
    /// Original start to new start.
    var moved: [String: String]?
    var title: String?
    var notes: String?
    var name: String?
    var reminder: Int?
    /// Which occurrence, for `occurrence` and `cancellation`.
    var original: String?

    func text(_ zone: Zone) throws(SchedulingError) -> String {
        var exceptions: [CivilDateTime: Series.Exception] = [:]
        for text in cancelled ?? [] { exceptions[try CivilDateTime(text)] = .cancelled }
        for (text, start) in moved ?? [:] {
            exceptions[try CivilDateTime(text)] = .moved(start: try CivilDateTime(start), minutes: minutes)
        }
        var added: Set<CivilDateTime> = []
        for text in additions ?? [] { added.insert(try CivilDateTime(text)) }
        var recurrence: RecurrenceRule?
        if let rule { recurrence = try RecurrenceRule(rule, isOnWorkdays: workdays ?? false) }
        let start = try CivilDateTime(start)
        let series = try Series(
            identifier: "m1@hutong.example", zone: zone, start: start, minutes: minutes, rule: recurrence,
            additions: added, exceptions: exceptions, sequence: 3)
        let host = try CalendarPerson(name: name ?? "林知夏", address: "host@hutong.example", role: .chair)
        let guest = try CalendarPerson(name: name ?? "Ada", address: "ada@hutong.example")
        let meeting = CalendarMeeting(
            series: series, title: title ?? "Weekly", notes: notes ?? "", joinLink: "https://hutong.example/m/1",
            organizer: host, reminderMinutes: reminder)
        let writer = CalendarWriter(product: "-//Hutong//Hutong//EN", workdays: .china)
        let now = try UTCTime("20261121T000000Z")
        var occurrence: CivilDateTime?
        if let original { occurrence = try CivilDateTime(original) }
        switch (form, occurrence) {
        case ("occurrence", let occurrence?):
            return try writer.invitation(to: meeting, occurrence: occurrence, for: guest, at: now)
        case ("cancellation", _):
            return try writer.cancellation(of: meeting, occurrence: occurrence, for: guest, at: now)
        case ("feed", _):
            let first = zone.utc(start)
            guard let window = Interval(first, first.advanced(by: 365 * 86_400)) else { return "" }
            return try writer.feed(named: "日程", of: [meeting], in: window, at: now)
        default: return try writer.invitation(to: meeting, for: guest, at: now)
        }
    }
}
