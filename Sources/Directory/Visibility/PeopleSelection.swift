// A choice of people: whole departments, single members, tags. Rules speak of people in no other way, so a rule about a
// department holds for who joins it tomorrow.

public struct PeopleSelection: Sendable, Hashable {
    public var everyone: Bool
    /// With all departments below them.
    public var departments: Set<DepartmentID>
    public var members: Set<AccountID>
    public var tags: Set<String>

    public init(
        everyone: Bool = false, departments: Set<DepartmentID> = [], members: Set<AccountID> = [],
        tags: Set<String> = []
    ) {
        self.everyone = everyone
        self.departments = departments
        self.members = members
        self.tags = tags
    }

    public static let everyone = PeopleSelection(everyone: true)
    public static let nobody = PeopleSelection()

    public func contains(_ member: Member, in tree: DepartmentTree) -> Bool {
        if everyone || members.contains(member.account) { return true }
        if !tags.isEmpty, member.tags.contains(where: tags.contains) { return true }
        return departments.contains { selected in
            tree.isDepartment(member.mainDepartment, within: selected)
                || member.otherDepartments.contains { tree.isDepartment($0, within: selected) }
        }
    }
}
