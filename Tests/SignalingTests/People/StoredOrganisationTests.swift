// The organisation in a real SQLite file: what is written comes back the same, all of a write or nothing of it.

import Directory
import Foundation
import GRDB
import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(2)))
struct StoredOrganisationTests {
    private func same(_ stored: OrganisationState?, _ state: OrganisationState) throws {
        let stored = try #require(stored)
        #expect(stored.directory.tree == state.directory.tree)
        #expect(stored.directory.members == state.directory.members)
        #expect(stored.directory.members.map(\.account.text) == state.directory.members.map(\.account.text))
        #expect(stored.administration.superAdmins == state.administration.superAdmins)
        #expect(stored.administration.groups == state.administration.groups)
        #expect(stored.administration.grants == state.administration.grants)
        #expect(stored.grants == state.grants && stored.rules == state.rules)
        #expect(stored.revision == state.revision && stored.revisions == state.revisions)
        #expect(stored.nextDepartment == state.nextDepartment && stored.formerEpochs == state.formerEpochs)
    }

    private static func full() throws -> Member {
        var draft = MemberDraft()
        draft.name = "王小明"
        draft.englishName = "Ming"
        draft.account = "Ming.Wang"
        draft.alias = "小明"
        draft.position = "经理"
        draft.gender = "male"
        draft.mobile = "13800000000"
        draft.officePhone = "010-12345678-12"
        draft.email = "ming@example.com"
        draft.address = "胡同 1 号"
        draft.departments = [DepartmentID(5), DepartmentID(3)]
        draft.identity = "superior"
        draft.directLeaders = ["chief"]
        draft.tags = ["新人", "a"]
        draft.internalFields = [CustomField(name: "工号", value: "7"), CustomField(name: "b", value: "")]
        draft.companyShortName = "胡同"
        draft.externalTitle = "顾问"
        draft.website = "https://example.com/"
        draft.externalFields = [CustomField(name: "x", value: "y")]
        draft.realNameVerified = true
        let departments = [
            Department(id: DepartmentID(1), parent: nil, names: BilingualName(zh: "r")),
            Department(id: DepartmentID(3), parent: DepartmentID(1), names: BilingualName(zh: "a")),
            Department(id: DepartmentID(5), parent: DepartmentID(1), names: BilingualName(zh: "b")),
        ]
        return try draft.validated(in: try DepartmentTree(departments))
    }

    private static let everyRule: [VisibilityRule] = {
        let people = PeopleSelection(
            departments: [DepartmentID(2)], members: AccountID("mia").map { [$0] } ?? [], tags: ["新人"])
        return [
            VisibilityRule(.everyone, except: people, .seesNobody),
            VisibilityRule(people, .seesOwnDepartments(andAlso: people)), VisibilityRule(people, .isHidden),
            VisibilityRule(people, .isSeenOnly(by: .everyone)),
            VisibilityRule(people, .hidesFields([.mobile, .officePhone], from: .outside)),
        ]
    }()

    @Test func allOfItComesBackAfterARestart() async throws {
        try await TemporaryStore.folder { folder in
            let chief = try PeopleWorld.account("chief")
            let mia = try PeopleWorld.account("mia")
            let changes: [(OrganisationState) throws -> OrganisationChange] =
                PeopleWorld.company + [
                    { try $0.creating(Self.full()) },
                    {
                        try $0.setting(
                            AdminGroup(
                                id: "desk", names: BilingualName(zh: "前台", en: "Desk"),
                                permissions: Permissions([.members: .readOnly, .audit: .readWrite])))
                    },
                    { try $0.granting(AdminGrant(mia, scope: .all, rights: .group("desk")), id: "g1") },
                    { try $0.setting(superAdmin: mia, true) }, { try $0.setting(Self.everyRule) },
                    {
                        var department = try #require($0.directory.tree[DepartmentID(2)])
                        department.leaders = [mia, chief]
                        department.tags = ["t"]
                        department.order = -3
                        return try $0.updating(department)
                    },
                    { try $0.deleting(try PeopleWorld.account("vic")) }, { try $0.disabling(chief) },
                ]
            let state: OrganisationState
            do {
                let store = try Store(folder: folder, logger: TemporaryStore.logger)
                #expect(try await store.organisation() == nil)
                state = try await PeopleWorld.found(in: store, changes)
                try same(try await store.organisation(), state)
            }
            let store = try Store(folder: folder, logger: TemporaryStore.logger)
            try same(try await store.organisation(), state)
            let again = try await store.found(
                try PeopleWorld.state(),
                invite: KeptInvite(token: [2], member: chief, epoch: 0, expiresAt: 1), audit: PeopleWorld.audit())
            #expect(!again, "an organisation is founded once")
            #expect(try await store.memberEpochs() == ["gone": 1, "vic": 1, "chief": 1])
            #expect(state.administration.superAdmins == [chief, mia], "a disabled super admin stays one")
        }
    }

    /// A foreign key is broken in the middle of a write: nothing of it is there, neither is its line in the log.
    @Test func aWriteIsAllOrNothing() async throws {
        try await TemporaryStore.with { store in
            let state = try await PeopleWorld.found(in: store, PeopleWorld.company)
            let before = try await store.audit(before: .max, limit: 100).count
            var write = OrganisationWrite()
            write.revision = 99
            write.members = [try PeopleWorld.member("new", in: 2), try PeopleWorld.member("lost", in: 77)]
            await #expect(throws: StoreFailure.self) {
                try await store.write(write, audit: PeopleWorld.audit(), answer: nil)
            }
            try same(try await store.organisation(), state)
            #expect(try await store.audit(before: .max, limit: 100).count == before)
        }
    }

    /// What a failed write would have changed is not in force either.
    @Test func whatCannotBeWrittenIsNotInForce() async throws {
        try await PeopleWorld.with { world in
            try await world.store.perform { try $0.execute(sql: "DROP TABLE audit") }
            let vic = try PeopleWorld.account("vic")
            await #expect(throws: StoreFailure.self) {
                _ = try await world.organisation.change(audit: PeopleWorld.audit()) { state in
                    (try state.disabling(vic), KeptAnswer(request: [], status: 200, entityTag: "", body: [], at: 0))
                }
            }
            #expect(await world.organisation.state.directory[vic]?.enabled == true)
            #expect(world.lockOuts.list.isEmpty)
        }
    }

    @Test func auditIsNewestFirstInPagesAndForgottenByAge() async throws {
        try await TemporaryStore.with { store in
            _ = try await PeopleWorld.found(in: store, PeopleWorld.company)
            let all = try await store.audit(before: .max, limit: 100)
            #expect(all.map(\.number) == all.map(\.number).sorted(by: >))
            #expect(all.last?.entry.action == "organisation.create")
            let page = try await store.audit(before: all[2].number, limit: 3)
            #expect(page == Array(all[3..<6]))
            try await store.forget(auditBefore: PeopleWorld.now + 1)
            #expect(try await store.audit(before: .max, limit: 100).isEmpty)
        }
    }

    @Test func aDeletedAccountComesBackWithALaterEpoch() async throws {
        var state = try PeopleWorld.state()
        state = try state.creating(PeopleWorld.member("mia", in: 1)).state
        let mia = try PeopleWorld.account("MIA")
        let tag = state.entityTag(of: mia)
        state = try state.deleting(mia).state
        state = try state.creating(PeopleWorld.member("mia", in: 1)).state
        #expect(state.directory[mia]?.epoch == 1 && state.entityTag(of: mia) != tag)
    }

    @Test func theLastSuperAdminStays() throws {
        let chief = try PeopleWorld.account("chief")
        let mia = try PeopleWorld.account("mia")
        var state = try PeopleWorld.state().creating(PeopleWorld.member("mia", in: 1)).state
        for step: (OrganisationState) throws -> OrganisationChange in [
            { try $0.disabling(chief) }, { try $0.deleting(chief) }, { try $0.setting(superAdmin: chief, false) },
        ] {
            #expect(throws: OrganisationRefusal.lastSuperAdmin) { _ = try step(state) }
        }
        state = try state.setting(superAdmin: mia, true).state
        state = try state.disabling(mia).state
        #expect(throws: OrganisationRefusal.lastSuperAdmin) { _ = try state.deleting(chief) }
        state = try state.enabling(mia).state
        state = try state.deleting(chief).state
        #expect(state.administration.superAdmins == [mia] && state.directory[chief] == nil)
    }

    @Test func whoIsGoneLeadsNobody() throws {
        let mia = try PeopleWorld.account("mia")
        var state = try PeopleWorld.state().creating(PeopleWorld.member("mia", in: 1)).state
        var led = try PeopleWorld.member("led", in: 1)
        led.directLeaders = [mia]
        state = try state.creating(led).state
        var root = state.directory.tree.root
        root.leaders = [mia]
        state = try state.updating(root).state
        let change = try state.deleting(mia)
        #expect(change.state.directory[led.account]?.directLeaders == [])
        #expect(change.state.directory.tree.root.leaders.isEmpty)
        #expect(change.write.members.map(\.account) == [led.account])
    }
}
