// Who administers, who sees whom, and what was done: for super admins, the log also for those who were granted it.

import Directory
import Foundation
import HTTPTypes

extension PeopleRoutes {
    var administrationRoutes: [APIRoute] {
        let superAdmin = "super admin"
        return [
            route(
                .get, "administration", "getAdministration", "Super admins, grants and admin groups.",
                rights: superAdmin
            ) { call in
                try call.check(.manageAdministration, on: .organisation)
                return try call.kept(AdministrationForm(call.state))
            },
            route(
                .put, "administration/super-admins/{account}", "addSuperAdmin", "Makes a member a super admin.",
                rights: superAdmin, status: .noContent
            ) { try await setSuperAdmin($0, true) },
            route(
                .delete, "administration/super-admins/{account}", "removeSuperAdmin",
                "Takes the right away; never from the last one.", rights: superAdmin, status: .noContent
            ) { try await setSuperAdmin($0, false) },
            route(
                .post, "administration/grants", "createGrant", "Makes a member a sub-admin.", rights: superAdmin,
                body: .json([
                    .init("member", required: true), .init("department", .integer), .init("group"),
                    .init("permissions", .object),
                ]), status: .created, isRepeatable: true
            ) { try await grant($0) },
            route(
                .delete, "administration/grants/{id}", "deleteGrant", "Takes a grant back.", rights: superAdmin,
                status: .noContent
            ) { call in
                let id = call.parameter("id") ?? ""
                return try await manage(call, "grant.delete", id) { state in
                    (try state.revoking(grant: id), call.nothing)
                }
            },
            route(
                .put, "administration/groups/{id}", "setAdminGroup", "Saves a set of permissions under an id.",
                rights: superAdmin,
                body: .json([
                    .init("name", required: true), .init("englishName"), .init("permissions", .object, required: true),
                ])
            ) { try await setGroup($0) },
            route(
                .delete, "administration/groups/{id}", "deleteAdminGroup", "Deletes a set that no grant uses.",
                rights: superAdmin, status: .noContent
            ) { call in
                let id = call.parameter("id") ?? ""
                return try await manage(call, "admin_group.delete", id) { state in
                    (try state.removing(group: id), call.nothing)
                }
            },
            route(.get, "visibility-rules", "getVisibilityRules", "Who sees whom.", rights: superAdmin) { call in
                try call.check(.manageAdministration, on: .organisation)
                return try call.kept(RulesForm(rules: call.state.rules.map(VisibilityRuleForm.init)))
            },
            route(
                .put, "visibility-rules", "setVisibilityRules", "Replaces all rules.", rights: superAdmin,
                body: .json([.init("rules", .objects, required: true)])
            ) { try await setRules($0) },
            route(
                .get, "audit", "listAudit", "What was done, the newest first.", rights: "audit, read, of everything",
                query: [.init("before", .integer), .init("limit", .integer)]
            ) { call in
                try call.check(.read(.audit), on: .organisation)
                let entries = try await repository.audit(
                    before: call.number("before", 1...Int64.max, .max),
                    limit: Int(call.number("limit", 1...Int64(Limits.pageEntries), 50)))
                return try call.kept(["entries": entries.map(AuditForm.init)])
            },
        ]
    }

    /// A change that only a super admin may ask for.
    private func manage(
        _ call: PeopleCall, key: IdempotencyKey? = nil, _ action: String, _ target: String = "",
        _ step: @escaping Organisation.Step
    ) async throws -> KeptAnswer {
        try call.check(.manageAdministration, on: .organisation)
        return try await change(call, key: key, call.audit(action, target)) { state in
            try state.check(call.account, .manageAdministration, on: .organisation, at: call.now)
            return try step(state)
        }
    }

    private func setSuperAdmin(_ call: PeopleCall, _ isOne: Bool) async throws -> KeptAnswer {
        try call.check(.manageAdministration, on: .organisation)
        let account = try call.member()
        return try await manage(call, isOne ? "super_admin.add" : "super_admin.remove", account.text) { state in
            (try state.setting(superAdmin: account, isOne), call.nothing)
        }
    }

    private func grant(_ call: PeopleCall) async throws -> KeptAnswer {
        try call.check(.manageAdministration, on: .organisation)
        let body = try await call.body()
        let grant = try PeopleCall.fields(body) { fields -> AdminGrant? in
            let account = AccountID(fields.text("member", Limits.nameBytes))
            if account == nil { fields.wrong("member", "bad_account", "帐号无效", "Is no account") }
            let department = fields.number("department", in: 0...Int64.max)
            let group = fields.optionalText("group", Limits.nameBytes)
            let permissions = fields.permissions("permissions")
            guard (group == nil) != (permissions == nil) else {
                fields.wrong(
                    "permissions", "not_one_of", "请填写 group 或 permissions 之一", "Give either group or permissions")
                return nil
            }
            let scope = department.map { AdminGrant.Scope.department(DepartmentID($0)) } ?? .all
            let rights = group.map { AdminGrant.Rights.group($0) } ?? .own(permissions ?? Permissions([:]))
            return account.map { AdminGrant($0, scope: scope, rights: rights) }
        }
        guard let grant else { throw Problem(ControlRequestError.notAnObject) }
        let kept = KeptGrant(id: String(UInt64.random(in: .min ... .max), radix: 36), grant: grant)
        return try await manage(
            call, key: try call.idempotencyKey(body), "grant.create", grant.member.text
        ) { state in
            (try state.granting(kept.grant, id: kept.id), try call.kept(GrantForm(kept), status: 201))
        }
    }

    private func setGroup(_ call: PeopleCall) async throws -> KeptAnswer {
        try call.check(.manageAdministration, on: .organisation)
        // The alphabet of accounts: it stands in paths.
        guard let id = AccountID(call.parameter("id") ?? "")?.key else {
            throw OrganisationRefusal.noSuchGroup
        }
        let (name, englishName, permissions) = try PeopleCall.fields(try await call.body()) { fields in
            let permissions = fields.permissions("permissions")
            if permissions == nil { fields.wrong("permissions", "missing", "不能为空", "Must not be empty") }
            return (
                fields.text("name", Limits.nameBytes), fields.optionalText("englishName", Limits.nameBytes) ?? "",
                permissions ?? Permissions([:])
            )
        }
        let names: BilingualName
        do throws(InvalidFields) {
            names = try BilingualName(name: name, englishName: englishName)
        } catch {
            throw OrganisationRefusal.fields(error.errors)
        }
        let group = AdminGroup(id: id, names: names, permissions: permissions)
        return try await manage(call, "admin_group.set", id) { state in
            (try state.setting(group), try call.kept(AdminGroupForm(group)))
        }
    }

    private func setRules(_ call: PeopleCall) async throws -> KeptAnswer {
        try call.check(.manageAdministration, on: .organisation)
        let body = try await call.body()
        guard let rules = try? JSONDecoder().decode(RulesForm.self, from: Data(body)).rules.map({ try $0.rule() })
        else {
            let field = Problem.FieldError(
                field: "rules", code: "type",
                texts: ["zh-CN": "规则无法识别，请参照接口说明", "en": "The rules cannot be read; see the description of the API."])
            throw Problem(ControlRequestError.fields([field]))
        }
        return try await manage(call, "visibility.set") { state in
            (try state.setting(rules), try call.kept(RulesForm(rules: rules.map(VisibilityRuleForm.init))))
        }
    }
}

private struct RulesForm: Codable {
    var rules: [VisibilityRuleForm]
}

struct GrantForm: Encodable {
    var id: String
    var member: String
    /// Nil: everything.
    var department: Int64?
    var group: String?
    var permissions: [String: String]?

    init(_ kept: KeptGrant) {
        id = kept.id
        member = kept.grant.member.text
        if case .department(let scope) = kept.grant.scope { department = scope.number }
        switch kept.grant.rights {
        case .own(let own): permissions = own.form
        case .group(let name): group = name
        }
    }
}

private struct AdminGroupForm: Encodable {
    var id: String
    var name: String
    var englishName: String
    var permissions: [String: String]

    init(_ group: AdminGroup) {
        id = group.id
        name = group.names.zh
        englishName = group.names.en
        permissions = group.permissions.form
    }
}

private struct AdministrationForm: Encodable {
    var superAdmins: [String]
    var grants: [GrantForm]
    var groups: [AdminGroupForm]

    init(_ state: OrganisationState) {
        superAdmins = state.administration.superAdmins.sorted().map(\.text)
        grants = state.grants.map(GrantForm.init)
        groups = state.administration.groups.map(AdminGroupForm.init)
    }
}

private struct AuditForm: Encodable {
    var number: Int64
    var at: Int64
    var actor: String
    var action: String
    var target: String
    var source: String
    var detail: String

    init(_ numbered: NumberedAuditEntry) {
        number = numbered.number
        at = numbered.entry.at
        actor = numbered.entry.actor
        action = numbered.entry.action
        target = numbered.entry.target
        source = numbered.entry.source.rawValue
        detail = numbered.entry.detail
    }
}

extension RequestFields {
    /// `{"members":"rw","audit":"ro"}`; nil when it is not given.
    fileprivate mutating func permissions(_ field: String) -> Permissions? {
        guard let value = value(field) else { return nil }
        var modes: [AdminDomain: AdminMode] = [:]
        for (domain, mode) in value as? [String: Any] ?? [:] {
            guard let domain = AdminDomain(rawValue: domain), let mode = (mode as? String).flatMap(AdminMode.init)
            else {
                modes = [:]
                break
            }
            modes[domain] = mode
        }
        if modes.isEmpty {
            let domains = AdminDomain.allCases.map(\.rawValue).joined(separator: ", ")
            wrong(
                field, "not_one_of", "应为 {\"\(domains)\" 之一: \"ro\" 或 \"rw\"}",
                "Must be an object from \(domains) to ro or rw")
        }
        return Permissions(modes)
    }
}
