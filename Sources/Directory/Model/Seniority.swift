// What follows from the hierarchy where people meet (B4 and 1.3): who is a senior to whom, in which order a roster
// stands, who helps to lead a department's meetings.

/// What somebody is in one meeting.
public enum MeetingStanding: Int, Sendable, Comparable {
    case host
    case coHost
    case participant

    public static func < (one: MeetingStanding, other: MeetingStanding) -> Bool { one.rawValue < other.rawValue }
}

extension DirectorySnapshot {
    /// Whether `viewer` should know that a senior is there: a superior, or somebody above him (老板在群里). A guest has
    /// no seniors, and nobody is his own.
    public func isSeniorPresent(
        for viewer: AccountID, among present: some Sequence<AccountID>, under policy: OrganisationPolicy
    ) -> Bool {
        guard policy.showsSeniors, let member = self[viewer] else { return false }
        let above = superiors(of: viewer)
        return present.contains { other in
            guard other != viewer, let somebody = self[other] else { return false }
            return above.contains(other) || (somebody.identity == .superior && member.identity == .normal)
        }
    }

    /// People of a meeting as its roster shows them: host, co-hosts, superiors from the top of the tree down, members in
    /// the order of the departments, guests. Equals in the order given, which is that of coming.
    public func rosterOrder(of people: [(person: PersonID, standing: MeetingStanding)]) -> [PersonID] {
        struct Place: Comparable {
            var standing: MeetingStanding
            /// 0 superiors, 1 members, 2 guests and who is not in the directory.
            var group: Int
            var level: Int
            var department: Int
            var arrival: Int

            static func < (one: Place, other: Place) -> Bool {
                (one.standing, one.group, one.level, one.department, one.arrival)
                    < (other.standing, other.group, other.level, other.department, other.arrival)
            }
        }
        let places = people.enumerated().map { arrival, entry -> (place: Place, person: PersonID) in
            var place = Place(standing: entry.standing, group: 2, level: 0, department: 0, arrival: arrival)
            if let member = entry.person.account.flatMap({ self[$0] }) {
                place.group = member.identity == .superior ? 0 : 1
                place.level = place.group == 0 ? tree.depth(of: member.mainDepartment) ?? 0 : 0
                place.department = tree.rank(of: member.mainDepartment) ?? 0
            }
            return (place, entry.person)
        }
        return places.sorted { $0.place < $1.place }.map(\.person)
    }

    /// Those who are co-hosts of a department's meetings and moderators of its group without being asked: its leaders,
    /// and its superiors whose main department it is. Enabled ones only, leaders first.
    public func moderators(of department: DepartmentID) -> [AccountID] {
        let leaders = (tree[department]?.leaders ?? []).filter { self[$0]?.enabled == true }
        let superiors = members(in: department).filter {
            $0.enabled && $0.identity == .superior && $0.mainDepartment == department
        }
        var known: Set<AccountID> = []
        return (leaders + superiors.map(\.account)).filter { known.insert($0).inserted }
    }

    /// All enabled members of a selection, by account id: what an invitation to a department means today (B1). The
    /// invitation keeps the selection and asks again, so that who joins the department later is invited too.
    public func members(selectedBy selection: PeopleSelection) -> [Member] {
        members.filter { $0.enabled && selection.contains($0, in: tree) }
    }
}
