// Lets somebody from outside, who set up a device or a bot, into the administration for a while (B6).

/// Seconds since 1970 throughout. Its bearer shows a secret that the store keeps (as a hash); here is what it opens.
public struct ServiceGrant: Sendable, Equatable {
    public let id: String
    /// Who uses it, for the audit log.
    public let provider: String
    public let permissions: Permissions
    public let issuedAt: Int64
    public let expiresAt: Int64
    public var isRevoked: Bool

    /// Members are never his to change: who sets a member's address could sign in as him. `days` is cut to 1 up to
    /// `DirectoryLimits.longestServiceGrantDays`.
    public init(
        id: String, provider: String, permissions: Permissions, issuedAt: Int64,
        days: Int64 = DirectoryLimits.serviceGrantDays, isRevoked: Bool = false
    ) {
        var permissions = permissions
        if permissions.modes[.members] != nil { permissions.modes[.members] = .readOnly }
        self.id = id
        self.provider = provider
        self.permissions = permissions
        self.issuedAt = issuedAt
        let days = min(max(days, 1), DirectoryLimits.longestServiceGrantDays)
        let (end, overflow) = issuedAt.addingReportingOverflow(days * 86_400)
        self.expiresAt = overflow ? issuedAt : end
        self.isRevoked = isRevoked
    }

    public func isValid(at now: Int64) -> Bool { !isRevoked && issuedAt <= now && now < expiresAt }
}
