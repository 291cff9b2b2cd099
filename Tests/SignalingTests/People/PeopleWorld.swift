// A small organisation in a real store behind a real edge, and requests to it in one's own name.

import Directory
import Foundation
import Synchronization
import Testing

@testable import Signaling

/// Departments: 1 the organisation, 2 销售部 with 5 一组 below it, 3 人事部. Members: chief (super admin), mia (a member),
/// rita (reads members of 2), will (writes members of 2), ada (reads the audit log), vic (in 2), hana (in 3), gone
/// (disabled).
struct PeopleWorld {
    let store: Store
    let organisation: Organisation
    let signIn: SignIn
    let routes: PeopleRoutes
    let lockOuts: LockOuts

    final class LockOuts: Sendable {
        private let all = Mutex<[String: Int64]>([:])
        var list: [String: Int64] { all.withLock(\.self) }
        func add(_ member: String, _ epoch: Int64) { all.withLock { $0[member] = epoch } }
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }
    static let source = Origin(network: [127, 0, 0, 1], source: .local)

    static func account(_ text: String) throws -> AccountID { try #require(AccountID(text)) }

    static func member(
        _ account: String, _ name: String = "", in departments: Int64..., epoch: Int64 = 0
    ) throws -> Member {
        Member(
            account: try self.account(account), names: BilingualName(zh: name.isEmpty ? account : name),
            mainDepartment: DepartmentID(departments[0]),
            otherDepartments: departments.dropFirst().map { DepartmentID($0) },
            mobile: PhoneNumber("13800000000"), epoch: epoch)
    }

    static func state() throws -> OrganisationState {
        try OrganisationState(named: BilingualName(zh: "胡同公司"), superAdmin: member("chief", "总管", in: 1))
    }

    static func audit(_ action: String = "test") -> AuditEntry {
        AuditEntry(at: now, actor: "test", action: action, target: "", source: .local)
    }

    /// Founds it in the store, and takes one change after the other.
    static func found(in store: Store, _ changes: [(OrganisationState) throws -> OrganisationChange] = []) async throws
        -> OrganisationState
    {
        var state = try state()
        let invite = KeptInvite(token: [1], member: try account("chief"), epoch: 0, expiresAt: .max)
        #expect(try await store.found(state, invite: invite, audit: audit("organisation.create")))
        for change in changes {
            let change = try change(state)
            try await store.write(change.write, audit: audit(), answer: nil)
            state = change.state
        }
        return state
    }

    static var company: [(OrganisationState) throws -> OrganisationChange] {
        func department(_ id: Int64, _ parent: Int64, _ name: String) -> Department {
            Department(id: DepartmentID(id), parent: DepartmentID(parent), names: BilingualName(zh: name))
        }
        var changes: [(OrganisationState) throws -> OrganisationChange] = [
            { try $0.creating(department(2, 1, "销售部")) }, { try $0.creating(department(3, 1, "人事部")) },
            { try $0.creating(department(5, 2, "一组")) },
        ]
        for (account, home) in [
            ("mia", 1), ("rita", 1), ("will", 1), ("ada", 1), ("vic", 2), ("hana", 3), ("gone", 1),
        ] as [(String, Int64)] {
            changes.append { try $0.creating(member(account, in: home)) }
        }
        let sales = AdminGrant.Scope.department(DepartmentID(2))
        for (account, scope, permissions) in [
            ("rita", sales, Permissions([.members: .readOnly])), ("will", sales, Permissions([.members: .readWrite])),
            ("ada", .all, Permissions([.audit: .readOnly])),
        ] {
            changes.append {
                try $0.granting(
                    AdminGrant(try Self.account(account), scope: scope, rights: .own(permissions)), id: account)
            }
        }
        changes.append { try $0.disabling(try Self.account("gone")) }
        return changes
    }

    static func with(_ body: (PeopleWorld) async throws -> Void) async throws {
        try await TemporaryStore.with { store in
            let lockOuts = LockOuts()
            let organisation = Organisation(try await found(in: store, company), repository: store) {
                lockOuts.add($0, $1)
            }
            let cost = try #require(PasswordHash.Cost(logRounds: 4, parallelism: 1))
            let signIn = SignIn(organisation, repository: store, work: PasswordWork(cost: cost))
            try await body(
                PeopleWorld(
                    store: store, organisation: organisation, signIn: signIn,
                    routes: PeopleRoutes(organisation, signIn, store), lockOuts: lockOuts))
        }
    }

    /// The same with an edge and a client of it.
    static func serve(_ body: @escaping (PeopleWorld, PeopleClient) async throws -> Void) async throws {
        try await with { world in
            try await EdgeFixture.run { _, content in
                content.people = world.routes
            } _: { edge in
                try await RawClient.connect(edge.port, deadline: .seconds(60)) { client in
                    try await body(world, PeopleClient(client: client, world: world))
                }
            }
        }
    }

    /// The token of a new session of a member, whatever he is.
    func session(_ account: String) async throws -> String {
        let account = try Self.account(account)
        let token = SecretToken.random()
        let session = KeptSession(
            token: token.digest, member: account, epoch: 0, createdAt: Self.now, expiresAt: Self.now + 60)
        try await store.open(session, most: 100, audit: Self.audit("session.open"))
        return token.text
    }
}

struct PeopleClient {
    let client: RawClient
    let world: PeopleWorld

    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
        }
        var code: String { json["code"] as? String ?? "" }
        /// The cookie's value.
        var cookie: String? {
            headers["set-cookie"]?.split(separator: ";").first?.split(separator: "=", maxSplits: 1).last.map(
                String.init)
        }
    }

    func send(
        _ method: String, _ path: String, session: String? = nil, body: String = "", headers: [String] = []
    ) async throws -> Answer {
        let cookie = session.map { ["Cookie: \(SessionCookie.name)=\($0)"] } ?? []
        let head = (headers + cookie).map { $0 + "\r\n" }.joined()
        try await client.send(
            "\(method) /api/v1/\(path) HTTP/1.1\r\nHost: x\r\n\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let response = try await client.response()
        return Answer(status: response.status, headers: response.headers, body: response.body)
    }

    /// In the name of a member, with a session of its own.
    func send(
        _ method: String, _ path: String, as account: String, body: String = "", headers: [String] = []
    ) async throws -> Answer {
        try await send(method, path, session: try await world.session(account), body: body, headers: headers)
    }
}
