// What people answer to an invitation, on the page or by their calendar.

import Directory
public import Scheduling

extension BookedMeeting {
    /// - Parameters:
    ///   - occurrence: nil for the series.
    ///   - sequence: of the invitation that is answered; nil when it is the one shown now.
    public func answering(
        _ answer: Answer, by invitee: Invitee, occurrence: OccurrenceName? = nil, sequence: Int? = nil,
        in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        let isInvited: Bool =
            switch invitee {
            case .member(let account): self.isInvited(account, in: context.directory)
            case .outside(let contact): details.invitees.outside[contact] != nil
            }
        guard isInvited else { throw .unknownMeeting }
        try checkGoesOn(in: context, at: now)
        if let occurrence { _ = try this(occurrence, in: context, at: now) }
        guard sequence ?? timesSequence >= timesSequence else { throw .staleAnswer }
        var next = self
        next.answers.set(answer, of: invitee, for: occurrence)
        guard next.answers != answers else { return BookingOutcome(self, []) }
        next.version += 1
        return BookingOutcome(next, [.answered(id, invitee, answer, occurrence: occurrence)])
    }

    /// The reply of somebody's calendar. That the mail is his is for who received it to judge.
    /// - Throws: `unknownMeeting` when it is about another one, or of nobody who is invited.
    public func answering(
        _ reply: InvitationReply, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        guard let series, reply.identifier == series.identifier,
            let invitee = invitee(ofMail: reply.attendee, in: context.directory)
        else { throw .unknownMeeting }
        let occurrence: OccurrenceName? =
            switch reply.recurrence {
            case nil: nil
            case .utc(let time): series.zone.local(time)
            case .local(let time, let zone):
                // A calendar may have written it in its own zone; one nobody knows is taken for the series'.
                if let zone, zone != series.zone.name, let other = try? context.zone(zone) {
                    series.zone.local(other.utc(time))
                } else {
                    time
                }
            }
        let answer: Answer =
            switch reply.status {
            case .accepted: .accepted
            case .declined: .declined
            case .tentative: .tentative
            }
        return try answering(
            answer, by: invitee, occurrence: occurrence, sequence: reply.sequence, in: context, at: now)
    }

    private func invitee(ofMail address: String, in directory: DirectorySnapshot) -> Invitee? {
        invited(in: directory).sorted().first { invitee in
            switch invitee {
            case .member(let account): directory[account]?.email?.text.lowercased() == address
            case .outside(.mail(let mail)): mail.text.lowercased() == address
            case .outside(.phone): false
            }
        }
    }
}
