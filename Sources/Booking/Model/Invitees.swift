// Who is invited to a meeting. Departments stay departments: whoever joins one before the start is invited too, so this
// is asked together with a directory each time.

public import Directory

/// Somebody outside the organisation, by the one way in which he can be reached.
public enum OutsideContact: Hashable, Sendable, Comparable {
    case mail(EmailAddress)
    case phone(PhoneNumber)

    public var text: String {
        switch self {
        case .mail(let address): address.text
        case .phone(let number): number.text
        }
    }

    public static func < (one: OutsideContact, other: OutsideContact) -> Bool { one.text < other.text }
}

/// One of those who are told and who answer.
public enum Invitee: Hashable, Sendable, Comparable {
    case member(AccountID)
    case outside(OutsideContact)

    private var key: (Int, String) {
        switch self {
        case .member(let account): (0, account.key)
        case .outside(let contact): (1, contact.text)
        }
    }

    public static func < (one: Invitee, other: Invitee) -> Bool { one.key < other.key }
}

public struct Invitees: Hashable, Sendable {
    public var members: Set<AccountID>
    /// With all departments below them.
    public var departments: Set<DepartmentID>
    /// By contact; the name as the organiser wrote it.
    public var outside: [OutsideContact: String]
    public var rooms: Set<RoomID>

    public init(
        members: Set<AccountID> = [], departments: Set<DepartmentID> = [], outside: [OutsideContact: String] = [:],
        rooms: Set<RoomID> = []
    ) {
        self.members = members
        self.departments = departments
        self.outside = outside
        self.rooms = rooms
    }

    private var selection: PeopleSelection { PeopleSelection(departments: departments, members: members) }

    /// Enabled members who are invited as the directory is now.
    public func accounts(in directory: DirectorySnapshot) -> Set<AccountID> {
        if departments.isEmpty { return members.filter { directory[$0]?.enabled == true } }
        return Set(directory.members(selectedBy: selection).map(\.account))
    }

    public func contains(_ member: Member, in directory: DirectorySnapshot) -> Bool {
        member.enabled && selection.contains(member, in: directory.tree)
    }
}
