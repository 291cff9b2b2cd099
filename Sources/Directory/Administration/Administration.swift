// Who administers the organisation. Every administrative call asks `may` once, with what it is about to do and to whom.

/// Who asks.
public enum AdminActor: Sendable, Equatable {
    case member(AccountID)
    case service(ServiceGrant)
}

public enum AdminAction: Sendable, Hashable {
    case read(AdminDomain)
    case write(AdminDomain)
    /// Members' mobile and office numbers, on top of reading members.
    case readPhones
    /// Super admins, grants, admin groups, service grants, the organisation's policies.
    case manageAdministration
}

/// What the action is about. A meeting, a live stream, a bot or a device is its organiser's or owner's.
public enum AdminTarget: Sendable, Hashable {
    /// Settings and lists of the whole organisation.
    case organisation
    case department(DepartmentID)
    case member(AccountID)
    case belonging(to: AccountID)
}

/// Why an administrative action is refused.
public enum AdminRefusal: String, Error, Sendable, CaseIterable {
    /// Also who is disabled or gone.
    case notAnAdministrator = "not_an_administrator"
    case grantExpired = "grant_expired"
    case domainNotGranted = "domain_not_granted"
    case readOnly = "read_only"
    case outsideScope = "outside_scope"
    case superAdminsOnly = "super_admins_only"
    case phonesNotGranted = "phones_not_granted"

    public func text(in language: Language) -> String {
        switch (self, language) {
        case (.notAnAdministrator, .zh): "您没有管理权限，请联系超级管理员"
        case (.notAnAdministrator, .en): "You are no administrator; ask a super admin."
        case (.grantExpired, .zh): "服务授权已过期或被撤销，请重新扫码授权"
        case (.grantExpired, .en): "This service grant is over; ask for a new one."
        case (.domainNotGranted, .zh): "您没有此项管理权限，请联系超级管理员"
        case (.domainNotGranted, .en): "Your rights do not cover this part; ask a super admin."
        case (.readOnly, .zh): "您只有查看权限，不能修改"
        case (.readOnly, .en): "Your rights are read-only."
        case (.outsideScope, .zh): "超出您的管理范围"
        case (.outsideScope, .en): "This is outside of the departments that you administer."
        case (.superAdminsOnly, .zh): "只有超级管理员可以执行此操作"
        case (.superAdminsOnly, .en): "Only a super admin may do this."
        case (.phonesNotGranted, .zh): "服务商不能查看成员的电话号码"
        case (.phonesNotGranted, .en): "Service providers never see members' phone numbers."
        }
    }
}

/// Why the administration cannot be changed so.
public enum AdministrationError: String, Error, Sendable {
    case lastSuperAdmin = "last_super_admin"
    case noSuchMember = "no_such_member"
}

public struct Administration: Sendable, Equatable {
    /// Never empty, and one of them at least is enabled as long as changes go through `canLose`.
    public private(set) var superAdmins: Set<AccountID>
    public var grants: [AdminGrant]
    public var groups: [AdminGroup]

    public init(superAdmin: AccountID, grants: [AdminGrant] = [], groups: [AdminGroup] = []) {
        self.superAdmins = [superAdmin]
        self.grants = grants
        self.groups = groups
    }

    /// As the store has it, disabled super admins included; nil when there is none.
    public init?(superAdmins: Set<AccountID>, grants: [AdminGrant], groups: [AdminGroup]) {
        guard !superAdmins.isEmpty else { return nil }
        self.superAdmins = superAdmins
        self.grants = grants
        self.groups = groups
    }

    public mutating func addSuperAdmin(
        _ account: AccountID, in directory: DirectorySnapshot
    ) throws(AdministrationError) {
        guard directory[account]?.enabled == true else { throw .noSuchMember }
        superAdmins.insert(account)
    }

    public mutating func removeSuperAdmin(
        _ account: AccountID, in directory: DirectorySnapshot
    ) throws(AdministrationError) {
        guard canLose(account, in: directory) else { throw .lastSuperAdmin }
        superAdmins.remove(account)
    }

    /// Whether somebody is left to administer when this one is disabled, deleted or no super admin any more. Asked
    /// before each of these.
    public func canLose(_ account: AccountID, in directory: DirectorySnapshot) -> Bool {
        !superAdmins.contains(account)
            || superAdmins.contains { $0 != account && directory[$0]?.enabled == true }
    }

    public func may(
        _ actor: AdminActor, _ action: AdminAction, on target: AdminTarget, in directory: DirectorySnapshot,
        at now: Int64
    ) -> Bool {
        refusal(of: action, by: actor, on: target, in: directory, at: now) == nil
    }

    /// Why `actor` may not do this; nil when he may. `now` in seconds since 1970.
    public func refusal(
        of action: AdminAction, by actor: AdminActor, on target: AdminTarget, in directory: DirectorySnapshot,
        at now: Int64
    ) -> AdminRefusal? {
        switch actor {
        case .service(let grant):
            guard grant.isValid(at: now) else { return .grantExpired }
            if action == .readPhones { return .phonesNotGranted }
            return refusal(of: action, with: [(.all, grant.permissions)], on: target, in: directory)
        case .member(let account):
            guard directory[account]?.enabled == true else { return .notAnAdministrator }
            if superAdmins.contains(account) { return nil }
            let held = grants.filter { $0.member == account }.map { ($0.scope, permissions(of: $0)) }
            guard !held.isEmpty else { return .notAnAdministrator }
            return refusal(of: action, with: held, on: target, in: directory)
        }
    }

    private func permissions(of grant: AdminGrant) -> Permissions {
        switch grant.rights {
        case .own(let permissions): permissions
        case .group(let id): groups.first { $0.id == id }?.permissions ?? Permissions([:])
        }
    }

    private func refusal(
        of action: AdminAction, with held: [(scope: AdminGrant.Scope, permissions: Permissions)],
        on target: AdminTarget, in directory: DirectorySnapshot
    ) -> AdminRefusal? {
        let domain: AdminDomain
        let writes: Bool
        switch action {
        case .read(let read): (domain, writes) = (read, false)
        case .write(let written): (domain, writes) = (written, true)
        case .readPhones: (domain, writes) = (.members, false)
        case .manageAdministration: return .superAdminsOnly
        }
        let inDomain = held.filter { $0.permissions.modes[domain] != nil }
        if inDomain.isEmpty { return .domainNotGranted }
        let inMode = inDomain.filter { !writes || $0.permissions.modes[domain] == .readWrite }
        if inMode.isEmpty { return .readOnly }
        guard inMode.contains(where: { Self.covers($0.scope, target, writing: writes, in: directory) }) else {
            // What he may look at there and not change is read-only; the rest he is not told apart.
            let mayRead = inDomain.contains { Self.covers($0.scope, target, writing: false, in: directory) }
            return writes && mayRead && inDomain.count > inMode.count ? .readOnly : .outsideScope
        }
        // Who may set an administrator's address or password is that administrator a minute later.
        if writes, domain == .members, case .member(let account) = target, isAdministrator(account) {
            return .superAdminsOnly
        }
        return nil
    }

    private func isAdministrator(_ account: AccountID) -> Bool {
        superAdmins.contains(account) || grants.contains { $0.member == account }
    }

    /// A member of several departments may be read from each and is changed from his main one only: one department
    /// answers for him. Who is gone is left to those whose scope is everything.
    private static func covers(
        _ scope: AdminGrant.Scope, _ target: AdminTarget, writing: Bool, in directory: DirectorySnapshot
    ) -> Bool {
        guard case .department(let upper) = scope else { return true }
        switch target {
        case .organisation: return false
        case .department(let department): return directory.tree.isDepartment(department, within: upper)
        case .member(let account), .belonging(to: let account):
            guard let member = directory[account] else { return false }
            return writing
                ? directory.tree.isDepartment(member.mainDepartment, within: upper)
                : directory.isMember(member, within: upper)
        }
    }
}
