// Which rooms suit a meeting, and when there is one together with all its people.

public import Directory
public import Scheduling

public struct RoomWish: Hashable, Sendable {
    /// People who sit in it.
    public var people: Int
    public var equipment: Set<RoomEquipment>
    /// Nil: anywhere.
    public var city: String?
    public var building: String?

    public init(people: Int, equipment: Set<RoomEquipment> = [], city: String? = nil, building: String? = nil) {
        self.people = people
        self.equipment = equipment
        self.city = city
        self.building = building
    }

    /// Rooms open to a member that have what is wished for, the smallest first.
    public func rooms(for member: Member, in context: BookingContext) -> [MeetingRoom] {
        context.rooms.values.filter { room in
            room.isOpen(to: member, in: context.directory) && room.capacity >= people
                && equipment.isSubset(of: room.equipment) && city ?? room.city == room.city
                && building ?? room.building == room.building
        }.sorted { ($0.capacity, $0.id) < ($1.capacity, $1.id) }
    }
}

public struct RoomSuggestion: Hashable, Sendable {
    public let room: RoomID
    public let interval: Interval
}

extension RoomCalendar {
    /// Suitable rooms that are free for every occurrence of a booking, whatever rooms it has.
    public static func freeRooms(
        for booking: BookedMeeting, wish: RoomWish, by member: Member, among bookings: [BookedMeeting],
        in context: BookingContext, at now: UTCTime
    ) -> [RoomID] {
        wish.rooms(for: member, in: context).map(\.id).filter { room in
            var wanted = booking
            wanted.details.invitees.rooms = [room]
            return conflicts(of: wanted, among: bookings, workdays: context.workdays, at: now).isEmpty
        }
    }

    /// The first time within working hours at which a suitable room is free and nobody is busy; of several rooms the
    /// smallest.
    /// - Parameter busy: one list for each person.
    public static func suggestion(
        minutes: Int, wish: RoomWish, by member: Member, busy: [IntervalList], among bookings: [BookedMeeting],
        in window: Interval, _ context: BookingContext
    ) -> RoomSuggestion? {
        var best: RoomSuggestion?
        for room in wish.rooms(for: member, in: context) {
            let taken = Self.busy(room.id, in: bookings, overlapping: window, workdays: context.workdays)
            let slot = SlotSearch.firstCommonSlot(
                minutes: minutes, busy: busy + [taken], in: window, hours: context.hours)
            if let slot, best.map({ slot.start < $0.interval.start }) ?? true {
                best = RoomSuggestion(room: room.id, interval: slot)
            }
        }
        return best
    }
}
