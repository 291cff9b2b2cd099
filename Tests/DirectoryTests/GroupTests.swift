// Groups: caps, kinds, owners, what the directory makes by itself, who is heard, and the small courtesies.

import Testing

@testable import Directory

@Suite struct WorkGroupTests {
    private let directory: DirectorySnapshot

    init() throws { directory = try Company.snapshot() }

    private func group(
        _ kind: GroupKind = .internal, by creator: String = "x1", people: [PersonID] = [],
        policy: OrganisationPolicy = OrganisationPolicy()
    ) throws -> WorkGroup {
        try WorkGroup(
            id: "g", kind: kind, name: "项目", creator: try #require(directory[id(creator)]), people: people,
            policy: policy, in: directory)
    }

    private func crowd(_ count: Int) -> [PersonID] { (0..<count).map { .member(id("m\($0)")) } }

    @Test func internalGroupsHold2000AndMixedOnes200() throws {
        var one = try group(people: crowd(1_999))
        #expect(one.people.count == 2_000)
        #expect(throws: GroupError.full) { try one.add([.member(id("more"))]) }
        try one.add([.member(id("m7")), .member(id("x1"))])
        #expect(one.people.count == 2_000, "who is in it takes no second place")
        var mixed = try group(.mixed, people: crowd(198) + [.guest("g1")])
        #expect(throws: GroupError.full) { try mixed.add([.guest("g2")]) }
        #expect(mixed.people.count == 200)
    }

    @Test func guestsEnterMixedGroupsOnly() throws {
        for kind in [GroupKind.internal, .social, .project(endsAt: 10)] {
            #expect(throws: GroupError.guestsNotAllowed) { try group(kind, people: [.guest("g")]) }
        }
        #expect(try group(.mixed, people: [.guest("g")]).people == [.member(id("x1")), .guest("g")])
    }

    @Test func theOrganisationsLimitHoldsForAllButItsWhitelist() throws {
        var policy = OrganisationPolicy()
        policy.largestGroup = 6
        policy.largeGroupCreators = PeopleSelection(departments: [Company.management])
        #expect(throws: GroupError.overOwnLimit) { try group(people: crowd(6), policy: policy) }
        #expect(try group(people: crowd(5), policy: policy).people.count == 6)
        #expect(try group(by: "boss", people: crowd(1_999), policy: policy).people.count == 2_000)
        policy.largestGroup = 0
        #expect(try group(people: crowd(4), policy: policy).people.count == 5, "never below five")
    }

    @Test func addingIsAllOrNobody() throws {
        var one = try group(people: crowd(1_990))
        #expect(throws: GroupError.full) { try one.add((0..<20).map { .member(id("n\($0)")) }) }
        #expect(one.people.count == 1_991)
    }

    @Test func aGroupGoesToACollegueInItAndOnlyByItsOwner() throws {
        var one = try group(.mixed, people: [.member(id("x2")), .guest("g"), .member(id("gone"))])
        #expect(throws: GroupError.notAllowed) { try one.transfer(to: id("x2"), by: id("x2"), in: directory) }
        #expect(throws: GroupError.notInGroup) { try one.transfer(to: id("y1"), by: id("x1"), in: directory) }
        #expect(throws: GroupError.notInGroup) { try one.transfer(to: id("gone"), by: id("x1"), in: directory) }
        #expect(throws: GroupError.ownerMustTransfer) { try one.remove(.member(id("x1")), by: id("x1"), in: directory) }
        try one.transfer(to: id("x2"), by: id("x1"), in: directory)
        #expect(one.owner == id("x2"))
        try one.remove(.member(id("x1")), by: id("x1"), in: directory)
        #expect(!one.contains(.member(id("x1"))))
    }

    @Test func onlyModeratorsRemoveOthers() throws {
        var one = try group(people: [.member(id("x2")), .member(id("y1")), .member(id("y2"))])
        #expect(throws: GroupError.notAllowed) { try one.remove(.member(id("y1")), by: id("x2"), in: directory) }
        try one.setAdmin(id("x2"), true, by: id("x1"))
        try one.remove(.member(id("y1")), by: id("x2"), in: directory)
        #expect(throws: GroupError.notInGroup) { try one.remove(.member(id("y1")), by: id("x2"), in: directory) }
        #expect(throws: GroupError.notAllowed) { try one.setAdmin(id("y2"), true, by: id("x2")) }
        #expect(one.people.count == 3)
    }

    @Test func whoLeavesTheOrganisationLeavesHisGroupToTheNext() throws {
        var one = try group(people: [.member(id("y1")), .member(id("boss")), .member(id("x2"))])
        try one.setAdmin(id("x2"), true, by: id("x1"))
        one.mutePolicy.deny = [.member(id("x1"))]
        one.lose(id("x1"), in: directory)
        #expect(one.owner == id("x2") && one.admins.isEmpty && one.mutePolicy.deny.isEmpty)
        one.lose(id("x2"), in: directory)
        #expect(one.owner == id("boss"))
        one.lose(id("boss"), in: directory)
        #expect(one.owner == id("y1"))
        one.lose(id("y1"), in: directory)
        #expect(one.owner == nil && one.people.isEmpty)
    }

    @Test func enteringAsksTheMembershipOfThatMoment() throws {
        let one = try group(.project(endsAt: 100), people: [.member(id("gone"))])
        #expect(one.mayEnter(.member(id("x1")), in: directory, at: 99))
        #expect(!one.mayEnter(.member(id("x1")), in: directory, at: 100))
        #expect(!one.mayEnter(.member(id("y1")), in: directory, at: 99))
        #expect(!one.mayEnter(.member(id("gone")), in: directory, at: 99))
        #expect(try group(.mixed, people: [.guest("g")]).mayEnter(.guest("g"), in: directory, at: 0))
    }

    @Test func whoPostsIsDecidedByTheMutePolicyAndInAnnouncementsByStanding() throws {
        let off = person("off", in: 1, enabled: false)
        let directory = try DirectorySnapshot(departments: Company.departments, members: Company.members + [off])
        var one = try group(
            .mixed, people: [.member(id("x2")), .member(id("boss")), .guest("g"), .member(id("off"))])
        func posting() -> [PersonID] { one.people.filter { one.mayPost($0, in: directory) } }
        #expect(posting() == [.member(id("x1")), .member(id("x2")), .member(id("boss")), .guest("g")])
        one.mutePolicy = MutePolicy(all: true, allow: [.guest("g")])
        #expect(posting() == [.member(id("x1")), .guest("g")], "the owner leads")
        one.isForAnnouncements = true
        #expect(posting() == [.member(id("x1")), .member(id("boss"))])
        #expect(!one.mayPost(.member(id("y1")), in: directory))
    }

    @Test func allAreCalledBySeniorsOnlyAndOnceInTenMinutes() throws {
        let one = try group(people: [.member(id("x2")), .member(id("boss"))])
        #expect(throws: GroupError.notAllowed) {
            try one.checkMentionOfAll(by: id("x2"), after: [], at: 0, in: directory)
        }
        #expect(throws: GroupError.notInGroup) {
            try one.checkMentionOfAll(by: id("y1"), after: [], at: 0, in: directory)
        }
        try one.checkMentionOfAll(by: id("boss"), after: [], at: 0, in: directory)
        #expect(throws: GroupError.tooSoon) {
            try one.checkMentionOfAll(by: id("x1"), after: [1_000], at: 1_599, in: directory)
        }
        try one.checkMentionOfAll(by: id("x1"), after: [1_000], at: 1_600, in: directory)
    }

    @Test func threeCallsOfOnePersonInTenMinutesAndThenAWait() {
        let limit = MentionLimit.person
        #expect(limit.wait(after: [10, 20], at: 30) == 0)
        #expect(limit.wait(after: [30, 10, 20], at: 40) == 570)
        #expect(limit.wait(after: [10, 20, 30, 35], at: 40) == 580, "the third last one decides")
        #expect(limit.wait(after: [10, 20, 30], at: 610) == 0)
        #expect(limit.wait(after: [.max, .max, .max], at: 5) == 600, "a clock that went back")
        #expect(limit.wait(after: [.min, .min, .min], at: 5) == 0)
    }

    @Test func threeNoticesArePinned() throws {
        var pins = PinBoard()
        for notice in ["a", "b", "c", "a"] { try pins.pin(notice) }
        #expect(pins.notices == ["a", "c", "b"])
        #expect(throws: GroupError.tooManyPins) { try pins.pin("d") }
        pins.unpin("c")
        try pins.pin("d")
        #expect(pins.notices == ["d", "a", "b"])
    }

    @Test func everyRefusalSpeaksBothLanguages() {
        #expect(
            Set(GroupError.allCases.flatMap { [$0.text(in: .zh), $0.text(in: .en)] }).count
                == 2 * GroupError.allCases.count)
    }
}

@Suite struct MutePolicyTests {
    /// all, in allow, in deny, self-unmute, leads → heard, may open himself.
    @Test(arguments: [
        (false, false, false, false, false, true, true), (false, false, false, true, false, true, true),
        (false, false, true, true, false, false, false), (false, true, true, true, false, false, false),
        (true, false, false, false, false, false, false), (true, false, false, true, false, false, true),
        (true, true, false, false, false, true, true), (true, true, true, true, false, false, false),
        (true, false, true, false, true, true, true), (true, false, false, false, true, true, true),
    ])
    func everyCaseIsDecided(
        all: Bool, allowed: Bool, denied: Bool, selfUnmute: Bool, leads: Bool, heard: Bool, opens: Bool
    ) {
        let person = PersonID.guest("g")
        let policy = MutePolicy(
            all: all, allow: allowed ? [person] : [], deny: denied ? [person] : [], allowSelfUnmute: selfUnmute)
        #expect(policy.isHeard(person, leads: leads) == heard)
        #expect(policy.mayUnmuteSelf(person, leads: leads) == opens)
    }
}

@Suite struct DirectoryGroupTests {
    private let shop = DepartmentID(2)

    private func directory(
        _ accounts: [String], disabled: Set<String> = [], names: String = "店", below: Bool = false,
        leaders: [String] = []
    ) throws -> DirectorySnapshot {
        var departments = [
            Department(id: DepartmentID(1), parent: nil, names: BilingualName(zh: "司")),
            Department(
                id: shop, parent: DepartmentID(1), names: BilingualName(zh: names), leaders: leaders.map(id)),
        ]
        if below { departments.append(Department(id: DepartmentID(3), parent: shop, names: BilingualName(zh: "组"))) }
        return try DirectorySnapshot(
            departments: departments,
            members: accounts.map { person($0, $0, in: 2, enabled: !disabled.contains($0)) })
    }

    /// The groups after the changes, as a store would keep them.
    private func applied(_ changes: [DirectoryGroupChange], to groups: [DirectoryGroup]) -> [DirectoryGroup] {
        var groups = groups
        for change in changes {
            if case .created(let group) = change { groups.append(group) }
            if case .dissolved(let kind) = change { groups.removeAll { $0.kind == kind } }
            guard let place = groups.firstIndex(where: { $0.kind == change.kind }) else { continue }
            switch change {
            case .created, .dissolved: break
            case .joined(_, let accounts): groups[place].members.formUnion(accounts)
            case .left(_, let accounts): groups[place].members.subtract(accounts)
            case .renamed(_, let names): groups[place].names = names
            case .ownerChanged(_, let owner): groups[place].owner = owner
            }
        }
        return groups
    }

    @Test func threePeopleMakeAGroupAndTwoDoNot() throws {
        let two = try directory(["a", "b", "c"], disabled: ["c"]).groupChanges(from: [])
        #expect(two.changes.map(\.kind) == [.allMembers])
        let three = try directory(["a", "b", "c"], leaders: ["b"]).groupChanges(from: [])
        #expect(
            three.changes.contains(
                .created(
                    DirectoryGroup(
                        kind: .department(shop), names: BilingualName(zh: "店"), owner: id("b"),
                        members: [id("a"), id("b"), id("c")]))))
        #expect(three.withoutRoom.isEmpty)
    }

    @Test func onlyBottomLevelDepartmentsHaveGroups() throws {
        let groups = applied(try directory(["a", "b", "c"]).groupChanges(from: []).changes, to: [])
        let after = try directory(["a", "b", "c"], below: true)
        #expect(after.groupChanges(from: groups).changes == [.dissolved(.department(shop))])
        #expect(after.groupChanges(from: []).changes.map(\.kind) == [.allMembers])
    }

    @Test func aGroupFollowsItsDepartment() throws {
        let groups = applied(try directory(["a", "b", "c"]).groupChanges(from: []).changes, to: [])
        let after = try directory(["b", "c", "d"], disabled: ["b"], names: "新店", leaders: ["d"])
        let kind = GroupKind.department(shop)
        let changes = after.groupChanges(from: groups).changes.filter { $0.kind == kind }
        #expect(
            changes == [
                .left(kind, [id("a"), id("b")]), .joined(kind, [id("d")]), .renamed(kind, BilingualName(zh: "新店")),
                .ownerChanged(kind, id("d")),
            ])
        #expect(after.groupChanges(from: applied(after.groupChanges(from: groups).changes, to: groups)).changes.isEmpty)
        var group = WorkGroup(id: "g", following: try #require(groups.first { $0.kind == kind }), in: .zh)
        for change in changes { group.follow(change, in: .zh) }
        #expect(group.people == [.member(id("c")), .member(id("d"))])
        #expect(group.name == "新店" && group.owner == id("d"))
        #expect(throws: GroupError.followsDirectory) { try group.add([.member(id("x"))]) }
        #expect(throws: GroupError.followsDirectory) { try group.remove(.member(id("c")), by: id("d"), in: after) }
        #expect(throws: GroupError.followsDirectory) { try group.transfer(to: id("c"), by: id("d"), in: after) }
    }

    @Test func aGroupOutlivesDeparturesUntilNobodyIsLeft() throws {
        let groups = applied(try directory(["a", "b", "c"]).groupChanges(from: []).changes, to: [])
        let one = try directory(["a"]).groupChanges(from: groups).changes
        #expect(!one.contains(.dissolved(.department(shop))))
        #expect(try directory([]).groupChanges(from: groups).changes.contains(.dissolved(.department(shop))))
    }

    @Test func aFullGroupKeepsItsPeopleAndCountsTheRest() throws {
        let names = (0..<2_001).map { "m\($0 + 10_000)" }
        let groups = applied(try directory(Array(names.dropFirst())).groupChanges(from: []).changes, to: [])
        let (changes, withoutRoom) = try directory(names).groupChanges(from: groups)
        #expect(withoutRoom == [.department(shop): 1, .allMembers: 1])
        #expect(!changes.contains { if case .left = $0 { true } else { false } }, "an early account pushes nobody out")
    }

    @Test func theGroupOfEverybodyHoldsAllEnabledMembers() throws {
        let changes = try Company.snapshot().groupChanges(from: []).changes
        guard case .created(let group) = changes[0] else {
            Issue.record("no group is created")
            return
        }
        #expect(group.kind == .allMembers && group.owner == nil && group.members.count == Company.members.count)
    }
}
