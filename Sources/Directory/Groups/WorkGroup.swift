// One group of people (工作群): who is in it, who owns it, and the rules of coming, going and handing over. Messages and
// meetings of a group are others' business; they ask here who may.

public struct WorkGroup: Sendable, Equatable {
    public let id: String
    public let kind: GroupKind
    public var name: String
    /// Nil for an all-member group: it belongs to the organisation.
    public private(set) var owner: AccountID?
    public private(set) var admins: Set<AccountID> = []
    /// In the order of their coming.
    public private(set) var people: [PersonID]
    /// People at most, by kind and by what its creator may create.
    public let sizeLimit: Int
    /// For its messages.
    public var mutePolicy = MutePolicy()
    public var welcomeMessage = ""
    public var pins = PinBoard()
    /// Only owner, admins and superiors post and go live: for announcements.
    public var isForAnnouncements = false

    /// A group that `creator` makes and owns. He is its first member, named in `people` or not.
    public init(
        id: String, kind: GroupKind, name: String, creator: Member, people: [PersonID] = [],
        policy: OrganisationPolicy, in directory: DirectorySnapshot
    ) throws(GroupError) {
        guard !kind.followsDirectory else { throw .followsDirectory }
        let isFree = policy.largeGroupCreators.contains(creator, in: directory.tree)
        let own = min(max(policy.largestGroup, GroupKind.ownerLimits.lowerBound), GroupKind.ownerLimits.upperBound)
        self.id = id
        self.kind = kind
        self.name = name
        self.owner = creator.account
        self.people = [.member(creator.account)]
        self.sizeLimit = isFree ? kind.cap : min(kind.cap, own)
        try add(people)
    }

    /// A group that the directory made (`DirectoryGroup`).
    public init(id: String, following group: DirectoryGroup, in language: Language) {
        self.id = id
        self.kind = group.kind
        self.name = group.names.text(in: language)
        self.owner = group.owner
        self.people = group.members.sorted().map { .member($0) }
        self.sizeLimit = group.kind.cap
    }

    public func contains(_ person: PersonID) -> Bool { people.contains(person) }

    /// Whether this person may open what the group opens: a meeting, a live stream, its messages. Asked when he enters,
    /// not when it began (B10).
    public func mayEnter(_ person: PersonID, in directory: DirectorySnapshot, at now: Int64) -> Bool {
        if case .project(let end) = kind, now >= end { return false }
        guard people.contains(person) else { return false }
        return person.account.map { directory[$0]?.enabled == true } ?? true
    }

    /// Owner and admins; in a department's group its leaders and superiors as well (B4).
    public func isModerated(by account: AccountID, in directory: DirectorySnapshot) -> Bool {
        guard directory[account]?.enabled == true, people.contains(.member(account)) else { return false }
        if account == owner || admins.contains(account) { return true }
        if case .department(let department) = kind { return directory.moderators(of: department).contains(account) }
        return false
    }

    /// Whether somebody may post in the group and, in one for announcements, go live from it.
    public func mayPost(_ person: PersonID, in directory: DirectorySnapshot) -> Bool {
        guard people.contains(person) else { return false }
        let member = person.account.flatMap { directory[$0] }
        guard member?.enabled ?? person.isGuest else { return false }
        let leads = member.map { isModerated(by: $0.account, in: directory) } ?? false
        if isForAnnouncements { return leads || member?.identity == .superior }
        return mutePolicy.isHeard(person, leads: leads)
    }

    /// Those who are new come in, all or nobody.
    public mutating func add(_ newcomers: [PersonID]) throws(GroupError) {
        guard !kind.followsDirectory || newcomers.isEmpty else { throw .followsDirectory }
        var known = Set(people)
        let new = newcomers.filter { known.insert($0).inserted }
        guard kind == .mixed || !new.contains(where: \.isGuest) else { throw .guestsNotAllowed }
        guard new.count <= kind.cap - people.count else { throw .full }
        guard new.count <= sizeLimit - people.count else { throw .overOwnLimit }
        people += new
    }

    /// Somebody goes, by himself or by a moderator. The owner hands over first.
    public mutating func remove(
        _ person: PersonID, by account: AccountID, in directory: DirectorySnapshot
    ) throws(GroupError) {
        guard !kind.followsDirectory else { throw .followsDirectory }
        guard people.contains(person) else { throw .notInGroup }
        guard person == .member(account) || isModerated(by: account, in: directory) else { throw .notAllowed }
        guard person.account == nil || person.account != owner else { throw .ownerMustTransfer }
        drop(person)
    }

    /// The owner gives the group to a colleague in it.
    public mutating func transfer(
        to next: AccountID, by account: AccountID, in directory: DirectorySnapshot
    ) throws(GroupError) {
        guard !kind.followsDirectory else { throw .followsDirectory }
        guard account == owner else { throw .notAllowed }
        guard people.contains(.member(next)), directory[next]?.enabled == true else { throw .notInGroup }
        owner = next
        admins.remove(next)
    }

    public mutating func setAdmin(
        _ account: AccountID, _ isAdmin: Bool, by actor: AccountID
    ) throws(GroupError) {
        guard actor == owner else { throw .notAllowed }
        guard people.contains(.member(account)) else { throw .notInGroup }
        if isAdmin { admins.insert(account) } else { admins.remove(account) }
    }

    /// A member who left the organisation leaves. What he owned goes to the first admin in it, else to the first superior,
    /// else to who is longest in it; to nobody when no colleague is left.
    public mutating func lose(_ account: AccountID, in directory: DirectorySnapshot) {
        drop(.member(account))
        guard owner == account else { return }
        let left = people.compactMap(\.account).filter { directory[$0]?.enabled == true }
        owner =
            left.first { admins.contains($0) } ?? left.first { directory[$0]?.identity == .superior } ?? left.first
        if let owner { admins.remove(owner) }
    }

    /// Brings a group of the directory to what the directory says.
    public mutating func follow(_ change: DirectoryGroupChange, in language: Language) {
        guard kind.followsDirectory, change.kind == kind else { return }
        switch change {
        case .created, .dissolved: break
        case .joined(_, let accounts):
            let known = Set(people)
            let new = accounts.sorted().map { PersonID.member($0) }.filter { !known.contains($0) }
            people += new.prefix(max(0, sizeLimit - people.count))
        case .left(_, let accounts): for account in accounts { drop(.member(account)) }
        case .renamed(_, let names): name = names.text(in: language)
        case .ownerChanged(_, let account): owner = account
        }
    }

    private mutating func drop(_ person: PersonID) {
        people.removeAll { $0 == person }
        mutePolicy.allow.remove(person)
        mutePolicy.deny.remove(person)
        if let account = person.account { admins.remove(account) }
    }
}
