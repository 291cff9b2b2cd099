// Every role on every route: allowed, or the exact refusal. Each role has an organisation of its own, each call a session.

import Testing

@testable import Signaling

@Suite(.timeLimit(.minutes(3)))
struct RightsMatrixTests {
    private struct Row {
        var operation: String
        var method: String
        var path: String
        var body = ""
        var headers: [String] = []
        /// Of mia, rita, will, ada and chief: a status, or the code of a refusal.
        var outcomes: [String]

        init(
            _ operation: String, _ method: String, _ path: String, body: String = "", headers: [String] = [],
            _ outcomes: String...
        ) {
            self.operation = operation
            self.method = method
            self.path = path
            self.body = body
            self.headers = headers
            self.outcomes = outcomes.count == 1 ? Array(repeating: outcomes[0], count: 5) : outcomes
        }
    }

    private static let roles = ["mia", "rita", "will", "ada", "chief"]
    private static let none = "not_an_administrator"
    private static let other = "domain_not_granted"
    private static let supers = "super_admins_only"

    private static func newcomer(_ account: String, _ department: Int) -> String {
        #"{"account":"\#(account)","name":"新人","gender":"female","mobile":"13900000000","departments":[\#(department)]}"#
    }
    private static let file = "姓名,帐号,性别,手机,部门\n李四,li4,男,13800000001,销售部\n"
    private static let strangers = "姓名,帐号,性别,手机,部门\n李四,li5,男,13800000001,人事部\n"

    private static let rows = [
        Row("signIn", "POST", "sessions", body: #"{"account":"mia","password":"wrong"}"#, "wrong_credentials"),
        Row("redeemInvite", "POST", "invites/redeem", body: #"{"token":"x","password":"y"}"#, "bad_invite"),
        Row("getMe", "GET", "me", "200"),
        Row("changePassword", "PUT", "me/password", body: #"{"current":"x","new":"y"}"#, "wrong_credentials"),
        Row("signOut", "DELETE", "sessions/current", "204"),
        Row("signOutEverywhere", "DELETE", "sessions", "204"),
        Row("listMembers", "GET", "members", "200"),
        Row("getMember", "GET", "members/vic", "200"),
        Row(
            "getMember", "GET", "members/gone", "no_such_member", "no_such_member", "no_such_member", "no_such_member",
            "200"),
        Row("createMember", "POST", "members", body: newcomer("new1", 2), none, "read_only", "201", other, "201"),
        Row("createMember", "POST", "members", body: newcomer("new2", 5), none, "read_only", "201", other, "201"),
        Row(
            "createMember", "POST", "members", body: newcomer("new3", 3), none, "read_only", "outside_scope", other,
            "201"),
        Row(
            "updateMember", "PATCH", "members/vic", body: #"{"position":"x"}"#, headers: ["If-Match: *"], none,
            "read_only",
            "200", other, "200"),
        Row(
            "updateMember", "PATCH", "members/hana", body: #"{"position":"x"}"#, headers: ["If-Match: *"], none,
            "read_only",
            "outside_scope", other, "200"),
        // Taking somebody over from elsewhere, or handing him there, asks for rights on both sides.
        Row(
            "updateMember", "PATCH", "members/vic", body: #"{"departments":[3]}"#, headers: ["If-Match: *"], none,
            "read_only", "outside_scope", other, "200"),
        Row(
            "updateMember", "PATCH", "members/vic", body: #"{"departments":[2]}"#, headers: ["If-Match: *"], none,
            "read_only", "200", other, "200"),
        Row("inviteMember", "POST", "members/vic/invites", none, "read_only", "201", other, "201"),
        Row("inviteMember", "POST", "members/chief/invites", none, "read_only", "outside_scope", other, "201"),
        Row("disableMember", "POST", "members/vic/disable", none, "read_only", "200", other, "200"),
        Row(
            "disableMember", "POST", "members/chief/disable", none, "read_only", "outside_scope", other,
            "last_super_admin"),
        Row("enableMember", "POST", "members/vic/enable", none, "read_only", "200", other, "200"),
        Row("listDepartments", "GET", "departments", "200"),
        Row(
            "createDepartment", "POST", "departments", body: #"{"name":"二组","parent":2}"#, none, "read_only", "201",
            other,
            "201"),
        Row(
            "createDepartment", "POST", "departments", body: #"{"name":"新部门","parent":1}"#, none, "read_only",
            "outside_scope", other, "201"),
        Row(
            "createDepartment", "POST", "departments", body: #"{"name":"没有上级"}"#, none, "read_only", "outside_scope",
            other, "201"),
        Row(
            "updateDepartment", "PATCH", "departments/5", body: #"{"name":"甲组"}"#, none, "read_only", "200", other,
            "200"),
        Row(
            "updateDepartment", "PATCH", "departments/5", body: #"{"parent":3}"#, none, "read_only", "outside_scope",
            other,
            "200"),
        Row(
            "deleteDepartment", "DELETE", "departments/3", none, "read_only", "outside_scope", other,
            "department_in_use"),
        Row("importMembers", "POST", "imports?dryRun=true", body: file, none, "read_only", "200", other, "200"),
        Row("importMembers", "POST", "imports", body: file, none, "read_only", "200", other, "200"),
        Row("importMembers", "POST", "imports", body: strangers, none, "read_only", "outside_scope", other, "200"),
        Row("getAdministration", "GET", "administration", none, supers, supers, supers, "200"),
        Row("addSuperAdmin", "PUT", "administration/super-admins/mia", none, supers, supers, supers, "204"),
        Row("removeSuperAdmin", "DELETE", "administration/super-admins/mia", none, supers, supers, supers, "204"),
        Row(
            "setAdminGroup", "PUT", "administration/groups/desk",
            body: #"{"name":"前台","permissions":{"members":"ro"}}"#, none,
            supers, supers, supers, "200"),
        Row(
            "createGrant", "POST", "administration/grants", body: #"{"member":"hana","group":"desk","department":3}"#,
            none,
            supers, supers, supers, "201"),
        Row("deleteGrant", "DELETE", "administration/grants/ada", none, supers, supers, supers, "204"),
        Row("deleteAdminGroup", "DELETE", "administration/groups/desk", none, supers, supers, supers, "group_in_use"),
        Row("getVisibilityRules", "GET", "visibility-rules", none, supers, supers, supers, "200"),
        Row(
            "setVisibilityRules", "PUT", "visibility-rules", body: #"{"rules":[]}"#, none, supers, supers, supers, "200"
        ),
        Row("listAudit", "GET", "audit", none, other, other, "200", "200"),
        Row("deleteMember", "DELETE", "members/hana", none, "read_only", "outside_scope", other, "204"),
        Row("deleteMember", "DELETE", "members/vic", none, "read_only", "204", other, "204"),
    ]

    private static func seen(_ answer: PeopleClient.Answer) -> String {
        answer.code.isEmpty ? String(answer.status) : answer.code
    }

    @Test(arguments: roles.indices)
    func eachRoleMayDoWhatItMay(_ role: Int) async throws {
        try await PeopleWorld.serve { _, client in
            for row in Self.rows {
                let answer = try await client.send(
                    row.method, row.path, as: Self.roles[role], body: row.body, headers: row.headers)
                #expect(
                    Self.seen(answer) == row.outcomes[role],
                    "\(Self.roles[role]) \(row.method) \(row.path) \(row.body): \(answer.body)")
            }
        }
    }

    @Test func whoIsNotInMayNothing() async throws {
        try await PeopleWorld.serve { world, client in
            let open: Set = ["signIn", "redeemInvite"]
            let disabled = try await world.session("gone")
            for row in Self.rows where !open.contains(row.operation) {
                for session in [nil, "", "x", SecretToken.random().text, disabled] {
                    let answer = try await client.send(
                        row.method, row.path, session: session, body: row.body, headers: row.headers)
                    #expect(Self.seen(answer) == "not_signed_in" && answer.status == 401, "\(row.operation)")
                }
            }
        }
    }

    @Test func theTableNamesEveryRoute() async throws {
        try await PeopleWorld.with { world in
            #expect(Set(Self.rows.map(\.operation)) == Set(world.routes.routes.map(\.operation)))
        }
    }
}
