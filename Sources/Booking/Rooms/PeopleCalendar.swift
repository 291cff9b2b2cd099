// When people are busy. To be invited twice is possible, so this warns and refuses nothing; and it is shown as blocks
// without titles to who may see the person, and not at all to others (B18).

public import Directory
public import Scheduling

public enum PeopleCalendar {
    /// When a member has meetings that he did not decline.
    /// - Parameter booking: passed over, since a meeting is not in its own way.
    public static func busy(
        _ account: AccountID, in bookings: some Sequence<BookedMeeting>, except booking: BookingID? = nil,
        overlapping window: Interval, in context: BookingContext
    ) -> IntervalList {
        let me = Invitee.member(account)
        var taken: [Interval] = []
        for other in bookings where other.isBooked && other.id != booking {
            guard other.isInvited(account, in: context.directory) else { continue }
            for occurrence in other.series?.occurrences(overlapping: window, workdays: context.workdays) ?? []
            where other.answers.answer(of: me, for: occurrence.original) != .declined {
                taken.append(occurrence.interval)
            }
        }
        return IntervalList(taken)
    }

    /// Free and busy of members as a viewer may know it: those whom he does not see are left out, as are those who are
    /// not there.
    public static func freeBusy(
        of accounts: some Sequence<AccountID>, for viewer: Member, in bookings: [BookedMeeting],
        overlapping window: Interval, _ context: BookingContext
    ) -> [AccountID: IntervalList] {
        let sight = Sight(of: viewer, under: context.visibility, in: context.directory)
        var found: [AccountID: IntervalList] = [:]
        for account in accounts {
            guard let member = context.directory[account], member.enabled, sight.sees(member) else { continue }
            let whole = busy(account, in: bookings, overlapping: window, in: context)
            // Cut to what was asked about.
            found[account] = whole.intersection(IntervalList([window]))
        }
        return found
    }

    /// Who of the invited has something else during the next occurrence, as far as the viewer may know it.
    public static func warnings(
        about booking: BookedMeeting, for viewer: Member, in bookings: [BookedMeeting], _ context: BookingContext,
        at now: UTCTime
    ) -> [BookingWarning] {
        guard let next = booking.currentOccurrence(at: now, workdays: context.workdays) else { return [] }
        let accounts = booking.invited(in: context.directory).compactMap { invitee in
            if case .member(let account) = invitee { account } else { nil }
        }
        let others = bookings.filter { $0.id != booking.id }
        let lists = freeBusy(of: accounts, for: viewer, in: others, overlapping: next.interval, context)
        return lists.filter { !$0.value.intervals.isEmpty }.sorted { $0.key < $1.key }
            .map { .busy($0.key, $0.value.intervals) }
    }
}
