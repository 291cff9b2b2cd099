// What is due when: reminders, rings, warnings before a meeting is closed, its end, the day its number is free again. A
// shell asks for the next moment, sleeps until then, does what is due, and asks again. Nothing is remembered here, so
// that a change of a booking needs no clearing up.

public import Directory
public import Scheduling

public enum AgendaItem: Hashable, Sendable {
    /// A work reminder (工作提醒). The minutes are those that were asked for; one that was held back comes later.
    case reminder(BookingID, OccurrenceName, minutes: Int, to: [Invitee])
    case ring(BookingID, OccurrenceName, [AccountID])
    /// The running meeting is closed in so many minutes, however many are there.
    case warning(BookingID, minutesLeft: Int)
    /// Whoever is there leaves; of the last occurrence the number is released. Nil: a personal room.
    case end(BookingID, OccurrenceName?)
    case numberFree(MeetingNumber)
}

public struct AgendaMoment: Hashable, Sendable {
    public let time: UTCTime
    public let items: [AgendaItem]
}

/// A meeting that somebody has entered and that has not ended.
public struct RunningMeeting: Sendable, Equatable {
    /// Nil: a personal room.
    public var occurrence: OccurrenceName?
    public var presence: Presence

    public init(_ occurrence: OccurrenceName?, _ presence: Presence) {
        self.occurrence = occurrence
        self.presence = presence
    }
}

public enum Agenda {
    /// The first moment after `time` at which something is due; nil when nothing is within two years. The end of a running
    /// meeting that should be over already is due at once, a second later.
    public static func nextMoment(
        of bookings: some Sequence<BookedMeeting>, running: [BookingID: RunningMeeting] = [:], after time: UTCTime,
        in context: BookingContext
    ) -> AgendaMoment? {
        var first: UTCTime?
        var items: [AgendaItem] = []
        for booking in bookings {
            guard let moment = nextMoment(of: booking, running: running[booking.id], after: time, in: context),
                moment.time <= first ?? moment.time
            else { continue }
            if moment.time != first { items = [] }
            first = moment.time
            items += moment.items
        }
        return first.map { AgendaMoment(time: $0, items: items) }
    }

    /// Of one booking. It changes only with the booking, its presence and the directory, so it may be kept until then.
    public static func nextMoment(
        of booking: BookedMeeting, running: RunningMeeting? = nil, after time: UTCTime, in context: BookingContext
    ) -> AgendaMoment? {
        // Most have something due within days; the whole horizon is looked at for the others only.
        for days in [8, 64, BookedMeeting.horizonDays] {
            let seen = time.advanced(by: days * 86_400)
            let plan = BookingAgenda(booking, running, after: time, until: seen, in: context)
            // Of occurrences beyond `seen` the earliest reminder is a day before their start.
            let isAll = days == BookedMeeting.horizonDays
            if let moment = plan.first(noLaterThan: isAll ? nil : seen.advanced(by: -86_400)) { return moment }
        }
        return nil
    }
}

/// All that may be due for one booking in a stretch of time.
private struct BookingAgenda {
    enum Cause {
        case reminder(Series.Occurrence, minutes: Int)
        /// What was held back until now.
        case held(Series.Occurrence)
        case ring(Series.Occurrence)
        case warning(minutes: Int)
        case end(OccurrenceName?)
        case numberFree
    }

    let booking: BookedMeeting
    let context: BookingContext
    /// In order.
    let causes: [(time: UTCTime, cause: Cause)]

    init(
        _ booking: BookedMeeting, _ running: RunningMeeting?, after time: UTCTime, until seen: UTCTime,
        in context: BookingContext
    ) {
        self.booking = booking
        self.context = context
        var found: [(time: UTCTime, cause: Cause)] = []
        if let free = booking.numberFreeTime(workdays: context.workdays) { found.append((free, .numberFree)) }
        if booking.isBooked {
            let past = BookingLimits.emptyEnd + 1
            let window = Interval(time.advanced(by: -past), seen)
            let occurrences = window.flatMap {
                booking.series?.occurrences(overlapping: $0, workdays: context.workdays)
            }
            for occurrence in occurrences ?? [] {
                found += Self.reminders(of: occurrence, in: booking, context)
                if running?.occurrence != occurrence.original,
                    let end = booking.endTime(of: occurrence, with: Presence())
                {
                    found.append((end, .end(occurrence.original)))
                }
            }
        }
        if let running { found += Self.end(of: booking, running, after: time) }
        causes = found.filter { $0.time > time }.sorted { $0.time < $1.time }
    }

    private static func reminders(
        of occurrence: Series.Occurrence, in booking: BookedMeeting, _ context: BookingContext
    ) -> [(time: UTCTime, cause: Cause)] {
        let start = occurrence.interval.start
        var found: [(time: UTCTime, cause: Cause)] = []
        if booking.details.kind != .instant, !booking.settings.rung.isEmpty { found.append((start, .ring(occurrence))) }
        guard booking.settings.reminderScope != .nobody else { return found }
        var held: Set<UTCTime> = []
        for minutes in booking.settings.reminders {
            let time = start.advanced(byMinutes: -minutes)
            found.append((time, .reminder(occurrence, minutes: minutes)))
            if let later = heldUntil(time, before: start, context), held.insert(later).inserted {
                found.append((later, .held(occurrence)))
            }
        }
        return found
    }

    /// Nil when it is not quiet, or when work begins too late for the meeting.
    private static func heldUntil(_ time: UTCTime, before start: UTCTime, _ context: BookingContext) -> UTCTime? {
        guard context.hours.isQuiet(at: time) else { return nil }
        return context.hours.nextWorkStart(after: time).flatMap { $0 <= start ? $0 : nil }
    }

    private static func end(
        of booking: BookedMeeting, _ running: RunningMeeting, after time: UTCTime
    ) -> [(time: UTCTime, cause: Cause)] {
        let occurrence = running.occurrence.flatMap { booking.series?.occurrence(of: $0) }
        var end = time
        if booking.isBooked, running.occurrence == nil || occurrence != nil, !running.presence.isEnded {
            guard let planned = booking.endTime(of: occurrence, with: running.presence) else { return [] }
            end = planned
        }
        // People who are not there need no warning.
        let warnings = running.presence.inside.isEmpty ? [] : BookingLimits.closingWarnings
        return [(max(end, time.advanced(by: 1)), .end(running.occurrence))]
            + warnings.map { (end.advanced(byMinutes: -$0), .warning(minutes: $0)) }
    }

    func first(noLaterThan last: UTCTime?) -> AgendaMoment? {
        var rest = causes[...]
        while let time = rest.first?.time, last.map({ time <= $0 }) ?? true {
            let due = rest.prefix { $0.time == time }
            rest = rest.dropFirst(due.count)
            let items = due.compactMap { item(of: $0.cause, at: time) }
            if !items.isEmpty { return AgendaMoment(time: time, items: items) }
        }
        return nil
    }

    /// Nil when it concerns nobody.
    private func item(of cause: Cause, at time: UTCTime) -> AgendaItem? {
        switch cause {
        case .warning(let minutes): return .warning(booking.id, minutesLeft: minutes)
        case .end(let occurrence): return .end(booking.id, occurrence)
        case .numberFree: return .numberFree(booking.number)
        case .ring(let occurrence):
            let people = booking.settings.rung.filter {
                booking.isInvited($0, in: context.directory) && isDisturbed(.member($0), by: occurrence, at: time)
            }
            return people.isEmpty ? nil : .ring(booking.id, occurrence.original, people.sorted())
        case .reminder(let occurrence, let minutes):
            let people = reminded(of: occurrence).filter { isDisturbed($0, by: occurrence, at: time) }
            return people.isEmpty ? nil : .reminder(booking.id, occurrence.original, minutes: minutes, to: people)
        case .held(let occurrence):
            // Several that were held until now come as one, the last of them.
            let start = occurrence.interval.start
            let held = booking.settings.reminders.filter {
                Self.heldUntil(start.advanced(byMinutes: -$0), before: start, context) == time
            }
            // One that is due now by itself says the same.
            guard let minutes = held.min(),
                !booking.settings.reminders.contains(where: { start.advanced(byMinutes: -$0) == time })
            else { return nil }
            let people = reminded(of: occurrence).filter { invitee in
                held.allSatisfy { !isDisturbed(invitee, by: occurrence, at: start.advanced(byMinutes: -$0)) }
            }
            return people.isEmpty ? nil : .reminder(booking.id, occurrence.original, minutes: minutes, to: people)
        }
    }

    private func reminded(of occurrence: Series.Occurrence) -> [Invitee] {
        let people: Set<Invitee> =
            switch booking.settings.reminderScope {
            case .nobody: []
            case .host: [.member(booking.details.host)]
            case .all: booking.invited(in: context.directory)
            }
        return people.filter { booking.answers.answer(of: $0, for: occurrence.original) != .declined }.sorted()
    }

    private func isDisturbed(_ invitee: Invitee, by occurrence: Series.Occurrence, at time: UTCTime) -> Bool {
        booking.answers.answer(of: invitee, for: occurrence.original) != .declined
            && !booking.isHeldBack(invitee, occurrence: occurrence.original, at: time, in: context)
    }
}

extension BookedMeeting {
    /// When its number may be given to another meeting; nil while it has no end.
    public func numberFreeTime(workdays: WorkdayTable) -> UTCTime? {
        let lastUse: UTCTime?
        switch state {
        case .cancelled(let time), .deleted(let time): lastUse = time
        case .booked: lastUse = end(workdays: workdays)?.advanced(by: BookingLimits.emptyEnd)
        }
        return lastUse?.advanced(by: NumberPool.quarantine)
    }
}
