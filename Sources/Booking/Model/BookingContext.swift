// What the rules of bookings ask about the world around them, read once and handed in.

public import Directory
public import Scheduling

public struct BookingContext: Sendable {
    public var directory: DirectorySnapshot
    public var administration: Administration
    public var policy: OrganisationPolicy
    public var visibility: [VisibilityRule]
    public var rooms: [RoomID: MeetingRoom]
    /// The organisation's, for quiet hours and suggestions; also its table of workdays.
    public var hours: WorkingHours
    /// Whether a meeting marked urgent may disturb in quiet hours.
    public var allowsUrgent: Bool
    /// Zones by name, as `ZoneFolder` gives them.
    public var zone: @Sendable (String) throws(SchedulingError) -> Zone
    /// Right side of a UID: the server's domain.
    public var domain: String

    public init(
        directory: DirectorySnapshot, administration: Administration, policy: OrganisationPolicy = OrganisationPolicy(),
        visibility: [VisibilityRule] = [], rooms: [MeetingRoom] = [], hours: WorkingHours, allowsUrgent: Bool = true,
        domain: String, zone: @escaping @Sendable (String) throws(SchedulingError) -> Zone
    ) {
        self.directory = directory
        self.administration = administration
        self.policy = policy
        self.visibility = visibility
        self.rooms = Dictionary(rooms.map { ($0.id, $0) }) { first, _ in first }
        self.hours = hours
        self.allowsUrgent = allowsUrgent
        self.domain = domain
        self.zone = zone
    }

    public var workdays: WorkdayTable { hours.workdays }
}
