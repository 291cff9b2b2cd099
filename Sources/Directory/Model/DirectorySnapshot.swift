// The organisation at one moment: its tree and its people, checked against each other and ready for questions. It never
// changes; the store makes a new one after a write and swaps it in. Who may ask what is decided elsewhere
// (Administration, Visibility).

public struct DirectorySnapshot: Sendable {
    public let tree: DepartmentTree
    /// By account id.
    public let members: [Member]
    private let places: [AccountID: Int]
    /// By the department's rank in the tree: places of the members who are in it, not of those below.
    private let inDepartment: [[Int]]
    private let search: MemberSearch

    public init(departments: [Department], members: [Member]) throws(DirectoryError) {
        guard members.count <= DirectoryLimits.members else { throw .tooManyMembers }
        let tree = try DepartmentTree(departments)
        let members = members.sorted { $0.account < $1.account }
        var places: [AccountID: Int] = [:]
        places.reserveCapacity(members.count)
        var inDepartment = [[Int]](repeating: [], count: tree.departments.count)
        for (place, member) in members.enumerated() {
            guard places.updateValue(place, forKey: member.account) == nil else {
                throw .duplicateAccount(member.account)
            }
            let own = member.departments
            guard own.count <= DirectoryLimits.departmentsPerMember, Set(own).count == own.count else {
                throw .badDepartments(of: member.account)
            }
            for department in own {
                guard let rank = tree.rank(of: department) else { throw .unknownDepartment(of: member.account) }
                inDepartment[rank].append(place)
            }
        }
        self.tree = tree
        self.members = members
        self.places = places
        self.inDepartment = inDepartment
        self.search = MemberSearch(members)
    }

    public subscript(account: AccountID) -> Member? { places[account].map { members[$0] } }

    /// Members of the department itself, by account id.
    public func members(in department: DepartmentID) -> [Member] {
        tree.rank(of: department).map { inDepartment[$0].map { members[$0] } } ?? []
    }

    /// Members of the department and of all below it, each once, by account id.
    public func members(within department: DepartmentID) -> [Member] {
        guard let rank = tree.rank(of: department) else { return [] }
        let ranks = rank..<(rank + tree.subtree(of: department).count)
        return Set(ranks.flatMap { inDepartment[$0] }).sorted().map { members[$0] }
    }

    /// Whether one of the member's departments is `department` or below it.
    public func isMember(_ member: Member, within department: DepartmentID) -> Bool {
        tree.isDepartment(member.mainDepartment, within: department)
            || member.otherDepartments.contains { tree.isDepartment($0, within: department) }
    }

    /// Members found by name, alias, account id or pinyin initials, the best match first. `isShown` says whom the asker
    /// may see and is asked only until `limit` (at most `DirectoryLimits.searchResults`) are found.
    public func search(
        _ query: String, limit: Int = DirectoryLimits.searchResults, where isShown: (Member) -> Bool = { $0.enabled }
    ) -> [Member] {
        let limit = min(max(limit, 0), DirectoryLimits.searchResults)
        var found: [Member] = []
        for place in search.matches(query) where isShown(members[place]) {
            if found.count == limit { break }
            found.append(members[place])
        }
        return found
    }

    /// Departments with the query in their Chinese or English name or its initials, from the top of the tree down.
    public func departments(matching query: String, limit: Int = DirectoryLimits.searchResults) -> [Department] {
        let wanted = String(query.prefix(DirectoryLimits.queryCharacters)).searchKey
        guard !wanted.isEmpty else { return [] }
        let text = String(decoding: wanted, as: UTF8.self)
        let found = tree.departments.lazy.filter { department in
            [department.names.zh, department.names.en].contains { name in
                String(decoding: name.searchKey, as: UTF8.self).contains(text)
            } || PinyinInitials.readings(of: department.names.zh).contains { $0.starts(with: wanted) }
        }
        return Array(found.prefix(min(max(limit, 0), DirectoryLimits.searchResults)))
    }

    /// Those above a member: his direct leaders, the leaders of his main department and of those above it, and in turn
    /// the direct leaders of all these. Without himself.
    public func superiors(of account: AccountID) -> Set<AccountID> {
        guard let member = self[account] else { return [] }
        var found: Set<AccountID> = []
        var next = member.directLeaders
        let above = (tree[member.mainDepartment].map { [$0] } ?? []) + tree.ancestors(of: member.mainDepartment)
        // A leader of a department has nobody of that department above him, only those of the ones higher up.
        let led = above.lastIndex { $0.leaders.contains(account) }.map { $0 + 1 } ?? 0
        next += above.dropFirst(led).flatMap(\.leaders)
        while let leader = next.popLast() {
            guard leader != account, found.insert(leader).inserted else { continue }
            next += self[leader]?.directLeaders ?? []
        }
        return found
    }
}
