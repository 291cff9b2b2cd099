// Members: found and read by colleagues within the visibility rules, kept by administrators within their scope.

import Directory
import Foundation
import HTTPTypes
import HummingbirdCore

extension PeopleRoutes {
    var memberRoutes: [APIRoute] {
        [
            route(
                .get, "members", "listMembers", "Members that one may see, by account; those found first with `q`.",
                query: [
                    .init("q"), .init("department", .integer), .init("limit", .integer), .init("cursor"),
                ]
            ) { try list($0) },
            route(.get, "members/{account}", "getMember", "A member as one may see him.") { try read($0) },
            route(
                .post, "members", "createMember", "A new member.", rights: "members, write, of each department",
                body: .member(isNew: true), status: .created, isRepeatable: true
            ) { try await create($0) },
            route(
                .patch, "members/{account}", "updateMember", "Changes the fields that the body names.",
                rights: "members, write", body: .member(isNew: false), isConditional: true
            ) { try await update($0) },
            route(
                .post, "members/{account}/disable", "disableMember",
                "Locks a member out: sessions, links and join tokens are dead within a second.",
                rights: "members, write"
            ) { try await change($0, "member.disable") { state, account in try state.disabling(account) } },
            route(
                .post, "members/{account}/enable", "enableMember", "Lets a member in again.", rights: "members, write"
            ) { try await change($0, "member.enable") { state, account in try state.enabling(account) } },
            route(
                .delete, "members/{account}", "deleteMember", "Deletes a member and locks him out.",
                rights: "members, write", status: .noContent
            ) { try await change($0, "member.delete") { state, account in try state.deleting(account) } },
            route(
                .post, "members/{account}/invites", "inviteMember",
                "A link that lets the member in once and sets his password; earlier ones are void.",
                rights: "members, write", status: .created
            ) { try await invite($0) },
        ]
    }

    private struct MemberList: Encodable {
        var members: [MemberForm]
        /// Of the next page.
        var cursor: String?
    }

    /// What the caller may see of a member: all when he administers him, else what the rules leave.
    private func form(_ member: Member, _ call: PeopleCall, _ sight: Sight) -> MemberForm? {
        if call.may(.read(.members), on: .member(member.account)) || member.account == call.account {
            return MemberForm(member)
        }
        return member.enabled ? sight.view(of: member).map(MemberForm.init) : nil
    }

    private func list(_ call: PeopleCall) throws -> KeptAnswer {
        let directory = call.state.directory
        let sight = Sight(of: call.person.member, under: call.state.rules, in: directory)
        let limit = Int(call.number("limit", 1...Int64(Limits.pageEntries), 50))
        let within = call.query("department").map { DepartmentID(Int64($0) ?? -1) }
        func isWanted(_ member: Member) -> Bool {
            within.map { directory.isMember(member, within: $0) } ?? true
        }
        if let query = call.query("q"), !query.isEmpty {
            let found = directory.search(query, limit: limit) { isWanted($0) && form($0, call, sight) != nil }
            return try call.kept(MemberList(members: found.compactMap { form($0, call, sight) }))
        }
        // By account, from the one after the cursor on.
        var rest = directory.members[...]
        if let cursor = call.query("cursor") {
            guard let bytes = Base64URL.decode(cursor), let last = AccountID(String(decoding: bytes, as: UTF8.self))
            else {
                throw Problem(
                    .badRequest, code: "bad_cursor", zh: "分页参数无效，请从第一页开始", en: "This cursor is none; begin anew.")
            }
            rest = rest.drop { $0.account <= last }
        }
        var page: [MemberForm] = []
        var last: AccountID?
        for member in rest where isWanted(member) {
            guard let form = form(member, call, sight) else { continue }
            if page.count == limit {
                return try call.kept(MemberList(members: page, cursor: last.map { Base64URL.encode($0.key.utf8) }))
            }
            page.append(form)
            last = member.account
        }
        return try call.kept(MemberList(members: page))
    }

    private func read(_ call: PeopleCall) throws -> KeptAnswer {
        let account = try call.member()
        let sight = Sight(of: call.person.member, under: call.state.rules, in: call.state.directory)
        guard let member = call.state.directory[account], let form = form(member, call, sight) else {
            throw OrganisationRefusal.noSuchMember
        }
        return try call.kept(form, entityTag: call.state.entityTag(of: account))
    }

    private func create(_ call: PeopleCall) async throws -> KeptAnswer {
        let body = try await call.body()
        let draft = try PeopleCall.fields(body) { fields in
            var draft = MemberDraft()
            fields.update(&draft, isNew: true)
            return draft
        }
        // Before the fields are looked at: who may create nobody learns nothing.
        try Self.checkCreating(draft, call, in: call.state)
        let audit = call.audit("member.create", AccountID(draft.account)?.text ?? "")
        return try await change(call, key: try call.idempotencyKey(body), audit) { state in
            try Self.checkCreating(draft, call, in: state)
            let member = try state.validated(draft)
            let change = try state.creating(member)
            let answer = try call.kept(
                MemberForm(member), status: 201, entityTag: change.state.entityTag(of: member.account))
            return (change, answer)
        }
    }

    private static func checkCreating(
        _ draft: MemberDraft, _ call: PeopleCall, in state: OrganisationState
    ) throws(OrganisationRefusal) {
        // Departments that do not exist are the fields' error, once somebody may write somewhere.
        let known = draft.departments.filter { state.directory.tree.contains($0) }
        for department in known {
            try state.check(call.account, .write(.members), on: .department(department), at: call.now)
        }
        if known.isEmpty { try state.checkSomewhere(call.account, .write(.members), at: call.now) }
    }

    private func update(_ call: PeopleCall) async throws -> KeptAnswer {
        let account = try call.member()
        try call.check(.write(.members), on: .member(account))
        guard let tag = call.request.headers[.ifMatch] else {
            throw Problem(
                .preconditionRequired, code: "if_match_required", zh: "请在 If-Match 中附上读取时的 ETag",
                en: "Send the ETag that was read in If-Match.")
        }
        let body = try await call.body()
        let names = try PeopleCall.fields(body) { fields in
            var draft = MemberDraft()
            fields.update(&draft, isNew: false)
            return fields.given
        }
        let audit = call.audit("member.update", account.text, detail: names.joined(separator: " "))
        return try await change(call, audit) { state in
            try state.check(call.account, .write(.members), on: .member(account), at: call.now)
            guard let old = state.directory[account] else { throw OrganisationRefusal.noSuchMember }
            let draft = try PeopleCall.fields(body) { fields in
                var draft = MemberDraft(old)
                fields.update(&draft, isNew: false)
                return draft
            }
            for department in draft.departments
            where !old.isIn(department) && state.directory.tree.contains(department) {
                try state.check(call.account, .write(.members), on: .department(department), at: call.now)
            }
            let member = try state.validated(draft)
            let change = try state.updating(member, ifMatch: tag)
            let now = change.state.directory[account] ?? member
            return (change, try call.kept(MemberForm(now), entityTag: change.state.entityTag(of: account)))
        }
    }

    private func change(
        _ call: PeopleCall, _ action: String,
        _ step: @escaping @Sendable (OrganisationState, AccountID) throws -> OrganisationChange
    ) async throws -> KeptAnswer {
        let account = try call.member()
        try call.check(.write(.members), on: .member(account))
        return try await change(call, call.audit(action, account.text)) { state in
            try state.check(call.account, .write(.members), on: .member(account), at: call.now)
            let change = try step(state, account)
            guard let member = change.state.directory[account] else { return (change, call.nothing) }
            return (change, try call.kept(MemberForm(member), entityTag: change.state.entityTag(of: account)))
        }
    }

    private struct InviteForm: Encodable {
        /// For `invites/redeem`, once.
        var token: String
        /// Seconds since 1970.
        var expiresAt: Int64
    }

    private func invite(_ call: PeopleCall) async throws -> KeptAnswer {
        let account = try call.member()
        try call.check(.write(.members), on: .member(account))
        guard let member = call.state.directory[account] else { throw OrganisationRefusal.noSuchMember }
        guard member.enabled else {
            throw Problem(
                .conflict, code: "member_disabled", zh: "成员已停用，请先启用", en: "The member is disabled; enable him first.")
        }
        let (token, kept) = SignIn.invite(for: member, at: call.now)
        try await signIn.keep(kept, call.audit("invite.create", account.text))
        return try call.kept(InviteForm(token: token.text, expiresAt: kept.expiresAt), status: 201)
    }
}

extension OrganisationState {
    func validated(_ draft: MemberDraft) throws(OrganisationRefusal) -> Member {
        do throws(InvalidFields) {
            return try draft.validated(in: directory.tree)
        } catch {
            throw .fields(error.errors)
        }
    }

    /// Whether the action is allowed on anything at all: on the organisation, or on one department.
    func checkSomewhere(
        _ account: AccountID, _ action: AdminAction, at now: Int64
    ) throws(OrganisationRefusal) {
        let scopes = grants.filter { $0.grant.member == account }.compactMap { kept -> DepartmentID? in
            if case .department(let id) = kept.grant.scope { id } else { nil }
        }
        let isAllowed = scopes.contains { department in
            administration.may(
                .member(account), action, on: .department(department), in: directory, at: now)
        }
        if !isAllowed { try check(account, action, on: .organisation, at: now) }
    }
}
