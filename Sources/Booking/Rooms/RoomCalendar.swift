// Rooms hold one meeting at a time: a conflict refuses a booking. Whoever stores one asks within its transaction, with
// all bookings of these rooms in hand.

public import Directory
public import Scheduling

public struct RoomConflict: Hashable, Sendable {
    public let room: RoomID
    /// Of the booking that is asked about.
    public let occurrence: OccurrenceName
    public let interval: Interval
    /// Which booking has the room then. Its title is not for everybody.
    public let holder: BookingID

    /// Stable, for machines.
    public static let code = "room_taken"

    public static func text(in language: Language) -> String {
        switch language {
        case .zh: "会议室在此时间已被预订，请另选会议室或时间"
        case .en: "The room is taken at this time; choose another room or time."
        }
    }
}

public enum RoomCalendar {
    /// Days ahead that are checked: as far as bookings are shown. What a series has beyond that is checked when it is
    /// changed next.
    public static let horizonDays = BookedMeeting.horizonDays
    /// Conflicts of one answer: nobody reads more.
    static let mostConflicts = 50

    /// What stands in the way of a booking in its rooms, in order of time.
    /// - Parameters:
    ///   - others: all bookings that may have one of the rooms; the booking itself, as it was, is passed over.
    public static func conflicts(
        of booking: BookedMeeting, among others: some Sequence<BookedMeeting>, workdays: WorkdayTable, at now: UTCTime
    ) -> [RoomConflict] {
        let rooms = booking.details.invitees.rooms
        guard booking.isBooked, let series = booking.series, !rooms.isEmpty, let window = horizon(at: now) else {
            return []
        }
        let wanted = series.occurrences(overlapping: window, workdays: workdays)
        let others = others.filter { $0.id != booking.id && !$0.details.invitees.rooms.isDisjoint(with: rooms) }
        var found: [RoomConflict] = []
        for room in rooms.sorted() {
            let taken = holdings(of: room, in: others, overlapping: window, workdays: workdays)
            for occurrence in wanted {
                let interval = occurrence.interval
                // No occurrence is longer than a day, so nothing that began earlier reaches it.
                let from = taken.firstIndex(
                    startingAfter: interval.start.advanced(byMinutes: -BookingLimits.minutes.upperBound))
                for (held, holder) in taken[from...].prefix(while: { $0.interval.start < interval.end })
                where held.overlaps(interval) {
                    found.append(
                        RoomConflict(room: room, occurrence: occurrence.original, interval: held, holder: holder))
                }
            }
        }
        return Array(
            found.sorted { ($0.interval.start, $0.room, $0.holder) < ($1.interval.start, $1.room, $1.holder) }
                .prefix(mostConflicts))
    }

    /// When a room is taken.
    public static func busy(
        _ room: RoomID, in bookings: some Sequence<BookedMeeting>, overlapping window: Interval, workdays: WorkdayTable
    ) -> IntervalList {
        IntervalList(holdings(of: room, in: bookings, overlapping: window, workdays: workdays).map(\.interval))
    }

    private static func holdings(
        of room: RoomID, in bookings: some Sequence<BookedMeeting>, overlapping window: Interval, workdays: WorkdayTable
    ) -> [(interval: Interval, holder: BookingID)] {
        bookings.filter { $0.isBooked && $0.details.invitees.rooms.contains(room) }.flatMap { booking in
            (booking.series?.occurrences(overlapping: window, workdays: workdays) ?? []).map {
                (interval: $0.interval, holder: booking.id)
            }
        }.sorted { ($0.interval.start, $0.holder) < ($1.interval.start, $1.holder) }
    }

    private static func horizon(at now: UTCTime) -> Interval? {
        Interval(now, now.advanced(by: horizonDays * 86_400))
    }
}

extension [(interval: Interval, holder: BookingID)] {
    /// The elements are in order of their starts.
    fileprivate func firstIndex(startingAfter time: UTCTime) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].interval.start < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
