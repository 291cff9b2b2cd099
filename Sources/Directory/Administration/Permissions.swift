// What an administrator may touch, by domain, and how such sets are named and given (B5).

public enum AdminDomain: String, Sendable, CaseIterable {
    case members
    case meetings
    case live
    case devices
    case bots
    case audit
}

public enum AdminMode: String, Sendable, CaseIterable {
    case readOnly = "ro"
    case readWrite = "rw"
}

/// A mode for each domain that is granted at all.
public struct Permissions: Sendable, Equatable {
    public var modes: [AdminDomain: AdminMode]

    public init(_ modes: [AdminDomain: AdminMode]) { self.modes = modes }

    public init(_ domains: Set<AdminDomain>, _ mode: AdminMode) {
        self.modes = Dictionary(uniqueKeysWithValues: domains.map { ($0, mode) })
    }
}

/// A saved set of permissions; a change of it changes all who hold it.
public struct AdminGroup: Sendable, Equatable {
    public let id: String
    public var names: BilingualName
    public var permissions: Permissions

    public init(id: String, names: BilingualName, permissions: Permissions) {
        self.id = id
        self.names = names
        self.permissions = permissions
    }
}

/// Makes a member a sub-admin. A member may hold several, each with its own scope.
public struct AdminGrant: Sendable, Equatable {
    public enum Scope: Sendable, Hashable {
        case all
        /// With all below it.
        case department(DepartmentID)
    }

    public enum Rights: Sendable, Equatable {
        case own(Permissions)
        /// Of an `AdminGroup`; a group that is gone gives nothing.
        case group(String)
    }

    public var member: AccountID
    public var scope: Scope
    public var rights: Rights

    public init(_ member: AccountID, scope: Scope, rights: Rights) {
        self.member = member
        self.scope = scope
        self.rights = rights
    }
}
