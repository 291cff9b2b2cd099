// What a feed to subscribe to holds: a person's meetings or a room's, a month back and a year ahead (3.5). Tokens of
// feeds, ETags and the writing are others' business.

public import Directory
public import Scheduling

public struct SubscriptionFeed: Sendable {
    /// Days around now.
    public static let daysBack = 30
    public static let daysAhead = 365

    public let window: Interval?
    public let meetings: [CalendarMeeting]

    private init(_ meetings: [CalendarMeeting], at now: UTCTime) {
        window = Interval(now.advanced(by: -Self.daysBack * 86_400), now.advanced(by: Self.daysAhead * 86_400))
        self.meetings = meetings
    }

    /// A member's meetings, those he declined left out; single occurrences that he declined are taken out of their series.
    /// - Parameters:
    ///   - organizer: by account; a meeting whose organiser has no address is left out.
    ///   - showsPasswords: only where the feed's owner wants it.
    public init(
        for account: AccountID, of bookings: some Sequence<BookedMeeting>, showsPasswords: Bool = false,
        in context: BookingContext, at now: UTCTime, joinLink: (BookedMeeting) -> String,
        organizer: (AccountID) -> CalendarPerson?
    ) {
        let me = Invitee.member(account)
        let own = bookings.filter { booking in
            booking.isBooked && booking.isInvited(account, in: context.directory)
                && booking.answers.answer(of: me, for: nil) != .declined
        }
        let meetings = own.compactMap { booking -> CalendarMeeting? in
            var booking = booking
            booking.series = booking.series.map { series in
                booking.answers.single.reduce(series) { series, entry in
                    guard entry.value[me] == .declined else { return series }
                    return (try? series.changing(entry.key, to: .cancelled, workdays: context.workdays)) ?? series
                }
            }
            return organizer(booking.organiser).flatMap {
                booking.calendarMeeting(joinLink: joinLink(booking), organizer: $0, showsPassword: showsPasswords)
            }
        }
        self.init(meetings, at: now)
    }

    /// A room's bookings, without topics and notes: a feed of a room is read by many.
    public init(
        for room: MeetingRoom, of bookings: some Sequence<BookedMeeting>, in language: Language, at now: UTCTime,
        pageLink: String, organizer: (AccountID) -> CalendarPerson?
    ) {
        let meetings = bookings.compactMap { booking -> CalendarMeeting? in
            guard booking.isBooked, booking.details.invitees.rooms.contains(room.id), let series = booking.series,
                let organizer = organizer(booking.organiser)
            else { return nil }
            return CalendarMeeting(
                series: series, title: language == .zh ? "已预订" : "Booked", notes: "", joinLink: pageLink,
                organizer: organizer)
        }
        self.init(meetings, at: now)
    }

    public func text(named name: String, by writer: CalendarWriter, at now: UTCTime) throws(SchedulingError) -> String?
    {
        guard let window else { return nil }
        return try writer.feed(named: name, of: meetings, in: window, at: now)
    }
}
