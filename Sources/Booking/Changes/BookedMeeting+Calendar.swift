// A booking in the words of other people's calendars. The writing itself is Scheduling's.

public import Scheduling

extension BookedMeeting {
    /// Nil for a personal room, which is in no calendar.
    /// - Parameters:
    ///   - showsPassword: not in a feed, whose link may go astray, unless its owner wants it (3.5).
    ///   - organizer: who answers go to.
    public func calendarMeeting(
        joinLink: String, organizer: CalendarPerson, showsPassword: Bool = false
    ) -> CalendarMeeting? {
        guard let series else { return nil }
        var notes = "会议号 / Meeting number: \(number)"
        if showsPassword, let password = settings.password { notes += "\n密码 / Password: \(password.text)" }
        if !details.location.isEmpty { notes += "\n地点 / Location: \(details.location)" }
        if !details.notes.isEmpty { notes += "\n\n\(details.notes)" }
        return CalendarMeeting(
            series: series, title: details.topic, notes: notes, joinLink: joinLink, organizer: organizer,
            reminderMinutes: settings.reminderScope == .all ? settings.reminders.max() : nil)
    }

    /// The invite.ics of a notice for one of its recipients; nil for a personal room.
    /// - Parameter joinLink: with the recipient's own token, which spares him the password.
    public func calendarText(
        of notice: Notice, to recipient: CalendarPerson, joinLink: String, organizer: CalendarPerson,
        by writer: CalendarWriter, at now: UTCTime
    ) throws(SchedulingError) -> String? {
        guard let meeting = calendarMeeting(joinLink: joinLink, organizer: organizer, showsPassword: true) else {
            return nil
        }
        switch (notice.kind, notice.occurrence) {
        case (.cancellation, let occurrence):
            return try writer.cancellation(of: meeting, occurrence: occurrence, for: recipient, at: now)
        case (_, let occurrence?):
            return try writer.invitation(to: meeting, occurrence: occurrence, for: recipient, at: now)
        case (_, nil): return try writer.invitation(to: meeting, for: recipient, at: now)
        }
    }
}
