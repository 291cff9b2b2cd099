// What follows from the hierarchy: seniors, rosters, moderators, muting, and what is left behind by who is disabled.

import Testing

@testable import Directory

@Suite struct HierarchyTests {
    private let directory: DirectorySnapshot

    init() throws { directory = try Company.snapshot() }

    @Test(arguments: [
        ("x1", ["xlead"], true), ("x1", ["boss"], true), ("y1", ["xlead"], true), ("x1", ["x2", "y1"], false),
        ("boss", ["xlead", "x1"], false), ("xlead", ["boss"], true), ("xlead", ["xlead"], false),
        ("stranger", ["boss"], false), ("x1", ["stranger"], false),
    ])
    func aSeniorIsASuperiorOrSomebodyAbove(viewer: String, present: [String], expected: Bool) {
        var policy = OrganisationPolicy()
        #expect(directory.isSeniorPresent(for: id(viewer), among: present.map(id), under: policy) == expected)
        policy.showsSeniors = false
        #expect(!directory.isSeniorPresent(for: id(viewer), among: present.map(id), under: policy))
    }

    @Test func aRosterStandsInItsOrder() {
        func entry(_ account: String, _ standing: MeetingStanding = .participant) -> (
            person: PersonID, standing: MeetingStanding
        ) { (.member(id(account)), standing) }
        let order = directory.rosterOrder(of: [
            (.guest("g1"), .participant), entry("hr1"), entry("y1"), entry("xlead"), entry("boss"), entry("x1"),
            entry("y2", .coHost), entry("temp1", .host), (.guest("g0"), .participant),
        ])
        #expect(
            order == ["temp1", "y2", "boss", "xlead", "x1", "y1", "hr1"].map { .member(id($0)) }
                + [.guest("g1"), .guest("g0")])
    }

    @Test func leadersAndSuperiorsModerateTheirDepartment() throws {
        #expect(directory.moderators(of: Company.boutiqueX) == [id("xlead")])
        #expect(directory.moderators(of: Company.root) == [id("boss")])
        #expect(directory.moderators(of: Company.management) == [id("boss")], "xlead's main department is another")
        #expect(directory.moderators(of: DepartmentID(99)).isEmpty)
    }

    @Test func aNormalHostMutesASuperiorOnlyWherePolicySaysSo() throws {
        let boss = try #require(directory[id("boss")])
        let x1 = try #require(directory[id("x1")])
        var policy = OrganisationPolicy()
        #expect(!policy.mayMute(boss, asHost: x1))
        #expect(
            policy.mayMute(x1, asHost: boss) && policy.mayMute(x1, asHost: x1) && policy.mayMute(boss, asHost: boss))
        policy.normalHostsMuteSuperiors = true
        #expect(policy.mayMute(boss, asHost: x1))
    }

    @Test func onlyVerifiedMembersMeetOutsideWherePolicySaysSo() throws {
        var member = try #require(directory[id("x1")])
        var policy = OrganisationPolicy()
        #expect(policy.mayMeetOutside(member))
        policy.onlyVerifiedMeetOutside = true
        #expect(!policy.mayMeetOutside(member))
        member.realNameVerified = true
        #expect(policy.mayMeetOutside(member))
        member.enabled = false
        #expect(!policy.mayMeetOutside(member))
    }

    @Test func anInvitedDepartmentMeansWhoIsInItToday() throws {
        let invited = PeopleSelection(departments: [Company.boutiqueX], members: [id("hr1")])
        #expect(directory.members(selectedBy: invited).map(\.account.text) == ["hr1", "x1", "x2", "xlead"])
        let later = try DirectorySnapshot(
            departments: Company.departments,
            members: Company.members + [person("new", in: 111), person("off", in: 111, enabled: false)])
        #expect(later.members(selectedBy: invited).map(\.account.text) == ["hr1", "new", "x1", "x2", "xlead"])
    }

    @Test func whoIsDisabledLeavesEverythingInOrder() throws {
        let x1 = try #require(directory[id("x1")])
        func meeting(_ name: String, host: String, coHosts: [String] = [], present: [String]) -> AttendedMeeting {
            AttendedMeeting(id: name, host: id(host), coHosts: coHosts.map(id), present: Set(present.map(id)))
        }
        let group = try WorkGroup(
            id: "g", kind: .internal, name: "组", creator: x1, people: [.member(id("y1"))],
            policy: OrganisationPolicy(), in: directory)
        let lockout = Lockout(
            of: x1, in: directory,
            meetings: [
                meeting("guest in it", host: "y1", present: ["y1", "x1"]),
                meeting("co-host", host: "x1", coHosts: ["x1", "z1", "y1"], present: ["x1", "y1", "xlead"]),
                meeting("superior", host: "x1", coHosts: ["z1"], present: ["x1", "xlead", "y2"]),
                meeting("nobody", host: "x1", coHosts: ["x1"], present: ["x1", "y2", "boss"]),
            ], groups: [group], organised: ["next week"], at: 1_000)
        #expect(!lockout.member.enabled && lockout.member.epoch == x1.epoch + 1)
        #expect(
            lockout.meetings == [
                "guest in it": .stays, "co-host": .passes(to: id("y1")), "superior": .passes(to: id("xlead")),
                "nobody": .endsMeeting(at: 1_300),
            ])
        #expect(lockout.groups.map(\.owner) == [id("y1")])
        #expect(lockout.groups[0].people == [.member(id("y1"))])
        #expect(lockout.flaggedMeetings == ["next week"])
    }
}
