// A room that is booked with a meeting, as a resource calendar (product.md, 3.1 and B19).

public import Directory

public struct RoomID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Bytes.
    public static let longest = 64

    public let text: String

    /// Nil unless it is 1 to 64 ASCII letters, digits, `-` and `_`.
    public init?(_ text: String) {
        guard let id = BookingID(text) else { return nil }
        self.text = id.text
    }

    public var description: String { text }
    public static func < (one: RoomID, other: RoomID) -> Bool { one.text < other.text }
}

public enum RoomEquipment: String, Sendable, CaseIterable {
    case screen, projector, whiteboard, camera, microphone, speaker, telephone
}

public struct MeetingRoom: Hashable, Sendable {
    public let id: RoomID
    public var names: BilingualName
    /// People.
    public var capacity: Int
    public var city: String
    public var building: String
    public var floor: String
    public var equipment: Set<RoomEquipment>
    /// Whose members may book it, those of departments below included; empty: everybody.
    public var departments: Set<DepartmentID>
    public var isEnabled: Bool

    public init(
        id: RoomID, names: BilingualName, capacity: Int, city: String = "", building: String = "", floor: String = "",
        equipment: Set<RoomEquipment> = [], departments: Set<DepartmentID> = [], isEnabled: Bool = true
    ) {
        self.id = id
        self.names = names
        self.capacity = capacity
        self.city = city
        self.building = building
        self.floor = floor
        self.equipment = equipment
        self.departments = departments
        self.isEnabled = isEnabled
    }

    public func isOpen(to member: Member, in directory: DirectorySnapshot) -> Bool {
        isEnabled && member.enabled
            && (departments.isEmpty
                || PeopleSelection(departments: departments).contains(member, in: directory.tree))
    }
}
