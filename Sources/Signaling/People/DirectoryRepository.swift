// What the organisation asks of whoever keeps it, narrow enough that another database can take SQLite's place. Every
// call is one transaction: all of it or nothing.

import Directory

/// What a change writes, worked out before by the pure rules.
struct OrganisationWrite: Sendable {
    var revision: Int64 = 0
    var nextDepartment: Int64 = 0
    /// New or changed ones.
    var departments: [Department] = []
    var removedDepartments: [DepartmentID] = []
    /// New or changed ones.
    var members: [Member] = []
    /// With the epoch below which all that they held is dead.
    var removedMembers: [AccountID: Int64] = [:]
    /// Their sessions and links end, and tokens of lower epochs are dead.
    var lockedOut: [AccountID: Int64] = [:]
    /// Nil: as they are, as all below.
    var superAdmins: Set<AccountID>?
    var groups: [AdminGroup]?
    var grants: [KeptGrant]?
    var rules: [VisibilityRule]?
}

/// One line of the audit log. It holds no secret and no value of a field.
struct AuditEntry: Sendable, Equatable {
    /// Seconds since 1970.
    var at: Int64
    /// Account of who did it, `setup` for the first start.
    var actor: String
    /// `member.create` and the like.
    var action: String
    /// On what: an account, a department's number, empty for the organisation.
    var target: String
    var source: AddressClass
    /// Which fields, how many: never their contents.
    var detail = ""
}

struct NumberedAuditEntry: Sendable, Equatable {
    var number: Int64
    var entry: AuditEntry
}

/// A create that may be asked for twice and is done once.
struct IdempotencyKey: Sendable, Equatable {
    var actor: AccountID
    var key: String
    /// SHA-256 of method, path and body: the same key for something else is a mistake.
    var request: [UInt8]
}

/// What the first of them was answered.
struct KeptAnswer: Sendable, Equatable {
    /// Of the key; empty without one.
    var request: [UInt8]
    var status: Int
    var entityTag: String
    var body: [UInt8]
    /// Seconds since 1970.
    var at: Int64
}

protocol DirectoryRepository: Sendable {
    /// Nil before the first start of an organisation.
    func organisation() async throws(StoreFailure) -> OrganisationState?
    /// - Returns: false when there is an organisation already.
    func found(
        _ state: OrganisationState, invite: KeptInvite, audit: AuditEntry
    ) async throws(StoreFailure) -> Bool
    /// Answers that are older than `Limits.keptAnswerSeconds` go when another is kept.
    func write(
        _ write: OrganisationWrite, audit: AuditEntry, answer: (key: IdempotencyKey, kept: KeptAnswer)?
    ) async throws(StoreFailure)
    func answer(to key: IdempotencyKey) async throws(StoreFailure) -> KeptAnswer?
    /// The newest first, those before `number` only.
    func audit(before number: Int64, limit: Int) async throws(StoreFailure) -> [NumberedAuditEntry]
    /// Deletes audit entries made before this moment, in seconds since 1970.
    func forget(auditBefore: Int64) async throws(StoreFailure)
}

/// A session as it is kept: of its token only the SHA-256.
struct KeptSession: Sendable, Equatable {
    var token: [UInt8]
    var member: AccountID
    /// Of the member when it began; it is over when his is higher.
    var epoch: Int64
    /// Seconds since 1970, as below.
    var createdAt: Int64
    var expiresAt: Int64
}

/// A link that lets in once.
struct KeptInvite: Sendable, Equatable {
    var token: [UInt8]
    var member: AccountID
    var epoch: Int64
    var expiresAt: Int64
}

protocol SignInRepository: Sendable {
    /// The stored text of a member's password hash; nil without one.
    func password(of member: AccountID) async throws(StoreFailure) -> String?
    func session(_ token: [UInt8]) async throws(StoreFailure) -> KeptSession?
    /// Begins a session; the member's oldest ones end beyond `most`. What is over by `session.createdAt` is deleted.
    func open(_ session: KeptSession, most: Int, audit: AuditEntry) async throws(StoreFailure)
    func close(_ token: [UInt8], audit: AuditEntry) async throws(StoreFailure)
    func closeAll(of member: AccountID, audit: AuditEntry) async throws(StoreFailure)
    /// Replaces the member's earlier links.
    func keep(_ invite: KeptInvite, audit: AuditEntry) async throws(StoreFailure)
    func invite(_ token: [UInt8]) async throws(StoreFailure) -> KeptInvite?
    /// Uses a link up: the member's password becomes this, all of his sessions end and this one begins.
    /// - Returns: false when somebody else was faster.
    func redeem(
        _ token: [UInt8], password: String, session: KeptSession, audit: AuditEntry
    ) async throws(StoreFailure) -> Bool
    /// All other sessions end.
    func setPassword(
        _ password: String, of member: AccountID, keeping token: [UInt8]?, audit: AuditEntry
    ) async throws(StoreFailure)
}
