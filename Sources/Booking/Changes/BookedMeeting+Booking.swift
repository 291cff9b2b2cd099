// How a booking comes to be: from a checked draft, with a number and an id that others chose, and new invite tokens.

public import Directory
public import Scheduling

extension BookedMeeting {
    /// - Parameters:
    ///   - number: one that the `NumberPool` gave.
    ///   - random: for the tokens.
    public static func booking(
        _ checked: CheckedBooking, id: BookingID, number: MeetingNumber, organiser: AccountID,
        in context: BookingContext, at now: UTCTime, using random: inout some RandomNumberGenerator
    ) throws(BookingRefusal) -> BookingOutcome {
        let series = try scheduling { () throws(SchedulingError) in
            try checked.times.map { times throws(SchedulingError) in
                try Series(
                    identifier: "\(id)@\(context.domain)", zone: times.zone, start: times.plan.start,
                    minutes: times.plan.minutes, rule: times.plan.rule)
            }
        }
        return booking(
            checked.details, series: series, id: id, number: number, organiser: organiser, in: context, at: now,
            using: &random)
    }

    static func booking(
        _ details: BookingDetails, series: Series?, id: BookingID, number: MeetingNumber, organiser: AccountID,
        by actor: AccountID? = nil, in context: BookingContext, at now: UTCTime,
        using random: inout some RandomNumberGenerator
    ) -> BookingOutcome {
        let link = InviteToken(using: &random)
        var meeting = BookedMeeting(
            id: id, number: number, organiser: organiser, details: details, series: series, link: link.digest)
        var effects: [BookingEffect] = [.hand(link, of: id, .link)]
        effects += meeting.handOutPersonalLinks(using: &random)
        let actor = actor ?? organiser
        effects += meeting.telling(.invitation, meeting.invited(in: context.directory), by: actor)
        if details.kind == .instant {
            let rung = details.settings.rung.filter { account in
                context.directory[account]?.enabled == true && account != actor
                    && !meeting.isHeldBack(.member(account), occurrence: nil, at: now, in: context)
            }
            if !rung.isEmpty { effects.append(.ring(id, rung.sorted())) }
        }
        return BookingOutcome(meeting, effects)
    }

    /// Gives everybody outside who has none a link of his own, and takes back those of people who are no more invited.
    mutating func handOutPersonalLinks(using random: inout some RandomNumberGenerator) -> [BookingEffect] {
        personalLinks = personalLinks.filter { details.invitees.outside[$0.key] != nil }
        var effects: [BookingEffect] = []
        for contact in details.invitees.outside.keys.sorted() where personalLinks[contact] == nil {
            let token = InviteToken(using: &random)
            personalLinks[contact] = token.digest
            effects.append(.hand(token, of: id, .personal(contact)))
        }
        return effects
    }

    /// Nothing when nobody is left to tell. Who did it knows it; a personal room is no appointment.
    func telling(
        _ kind: Notice.Kind, _ people: Set<Invitee>, occurrence: OccurrenceName? = nil, by actor: AccountID
    ) -> [BookingEffect] {
        let recipients = people.subtracting([.member(actor)]).sorted()
        guard !recipients.isEmpty, series != nil else { return [] }
        return [.tell(Notice(kind: kind, meeting: id, occurrence: occurrence, by: actor, recipients: recipients))]
    }

    /// Whether a reminder or a ring must wait for working hours: unless the person accepted, or the meeting is urgent and
    /// the organisation lets it be (1.3).
    func isHeldBack(
        _ invitee: Invitee, occurrence: OccurrenceName?, at time: UTCTime, in context: BookingContext
    ) -> Bool {
        guard context.hours.isQuiet(at: time) else { return false }
        if settings.isUrgent && context.allowsUrgent { return false }
        if case .member(let account) = invitee, leaders.contains(account) { return false }
        return answers.answer(of: invitee, for: occurrence) != .accepted
    }
}

/// Errors of the calendar as refusals of a booking.
func scheduling<Value>(
    _ body: () throws(SchedulingError) -> Value
) throws(BookingRefusal) -> Value {
    do throws(SchedulingError) {
        return try body()
    } catch {
        throw error.code == .seriesUnknownOccurrence ? .unknownOccurrence : .schedule(error)
    }
}
