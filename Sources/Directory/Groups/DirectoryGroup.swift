// The groups that the directory makes by itself (B10): one for each bottom-level department of three people or more, and
// one of everybody. A pure comparison of what there is with what should be says what changes.

/// A group as the directory wants it or as the store has it.
public struct DirectoryGroup: Sendable, Equatable {
    /// `department` or `allMembers`.
    public var kind: GroupKind
    public var names: BilingualName
    /// The department's first moderator, else its first member by account id; nil for the group of everybody.
    public var owner: AccountID?
    /// Enabled ones, at most as many as the kind holds.
    public var members: Set<AccountID>

    public init(kind: GroupKind, names: BilingualName, owner: AccountID?, members: Set<AccountID>) {
        self.kind = kind
        self.names = names
        self.owner = owner
        self.members = members
    }

    /// From so many people on a department gets a group.
    public static let fewestMembers = 3
}

public enum DirectoryGroupChange: Sendable, Equatable {
    case created(DirectoryGroup)
    case dissolved(GroupKind)
    case joined(GroupKind, Set<AccountID>)
    case left(GroupKind, Set<AccountID>)
    case renamed(GroupKind, BilingualName)
    case ownerChanged(GroupKind, AccountID?)

    public var kind: GroupKind {
        switch self {
        case .created(let group): group.kind
        case .dissolved(let kind), .joined(let kind, _), .left(let kind, _), .renamed(let kind, _),
            .ownerChanged(let kind, _):
            kind
        }
    }
}

extension DirectorySnapshot {
    /// What must change so that the groups there are agree with the directory: made groups first, dissolved ones last.
    /// Asked again after the changes it answers nothing. A department's group lives on when fewer than three are left, so
    /// that one departure does not end a conversation; it ends with the department, when sub-departments take its place,
    /// and when nobody is left.
    ///
    /// A group that is full takes no more, whoever joins: the second value counts those who found no room.
    public func groupChanges(
        from existing: [DirectoryGroup]
    ) -> (changes: [DirectoryGroupChange], withoutRoom: [GroupKind: Int]) {
        let known = Dictionary(existing.map { ($0.kind, $0) }) { first, _ in first }
        var created: [DirectoryGroupChange] = []
        var changed: [DirectoryGroupChange] = []
        var wanted: Set<GroupKind> = []
        var withoutRoom: [GroupKind: Int] = [:]
        for kind in [GroupKind.allMembers] + tree.departments.map({ .department($0.id) }) {
            let people = accounts(of: kind)
            let fewest = known[kind] != nil || kind == .allMembers ? 1 : DirectoryGroup.fewestMembers
            guard people.count >= fewest else { continue }
            wanted.insert(kind)
            let (group, left) = group(of: kind, people: people, keeping: known[kind]?.members ?? [])
            if left > 0 { withoutRoom[kind] = left }
            if let old = known[kind] {
                changed += Self.changes(from: old, to: group)
            } else {
                created.append(.created(group))
            }
        }
        let dissolved = existing.filter { !wanted.contains($0.kind) }.map { DirectoryGroupChange.dissolved($0.kind) }
        return (created + changed + dissolved, withoutRoom)
    }

    /// Enabled people that a group of this kind is for, by account id; nobody for departments with others below them.
    private func accounts(of kind: GroupKind) -> [AccountID] {
        switch kind {
        case .allMembers: members.filter(\.enabled).map(\.account)
        case .department(let id) where tree.isBottomLevel(id): members(in: id).filter(\.enabled).map(\.account)
        default: []
        }
    }

    private func group(
        of kind: GroupKind, people: [AccountID], keeping old: Set<AccountID>
    ) -> (group: DirectoryGroup, withoutRoom: Int) {
        // Who is in it stays in it: nobody loses his place to a newcomer.
        let inOrder = people.filter(old.contains) + people.filter { !old.contains($0) }
        let members = Set(inOrder.prefix(kind.cap))
        var owner: AccountID?
        var names = tree.root.names
        if case .department(let id) = kind {
            names = tree[id]?.names ?? names
            owner = moderators(of: id).first(where: members.contains) ?? people.first(where: members.contains)
        }
        let group = DirectoryGroup(kind: kind, names: names, owner: owner, members: members)
        return (group, people.count - members.count)
    }

    private static func changes(from old: DirectoryGroup, to new: DirectoryGroup) -> [DirectoryGroupChange] {
        var changes: [DirectoryGroupChange] = []
        let left = old.members.subtracting(new.members)
        let joined = new.members.subtracting(old.members)
        if !left.isEmpty { changes.append(.left(new.kind, left)) }
        if !joined.isEmpty { changes.append(.joined(new.kind, joined)) }
        if old.names != new.names { changes.append(.renamed(new.kind, new.names)) }
        if old.owner != new.owner { changes.append(.ownerChanged(new.kind, new.owner)) }
        return changes
    }
}
