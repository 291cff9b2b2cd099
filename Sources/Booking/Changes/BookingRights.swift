// Who may do what with a booking.

public import Directory
public import Scheduling

public enum BookingAction: String, Sendable, CaseIterable {
    case view
    case change
    /// Who is host and co-host.
    case changeHosts = "change_hosts"
    case cancel
    case delete
}

public enum BookingRole: String, Sendable, CaseIterable {
    case organiser, host
    case coHost = "cohost"
    case admin
    /// An administrator who may look at meetings and not change them.
    case auditor
    case invitee

    public func may(_ action: BookingAction) -> Bool {
        switch self {
        case .organiser, .host, .admin: true
        case .coHost: action == .view || action == .change
        case .auditor, .invitee: action == .view
        }
    }
}

extension BookedMeeting {
    /// All that somebody is to this booking; empty for a stranger and for who is disabled.
    public func roles(of account: AccountID, in context: BookingContext, at now: UTCTime) -> Set<BookingRole> {
        guard context.directory[account]?.enabled == true else { return [] }
        var roles: Set<BookingRole> = []
        if account == organiser { roles.insert(.organiser) }
        if account == details.host { roles.insert(.host) }
        if details.coHosts.contains(account) { roles.insert(.coHost) }
        if isInvited(account, in: context.directory) { roles.insert(.invitee) }
        func administers(_ action: AdminAction) -> Bool {
            context.administration.may(
                .member(account), action, on: .belonging(to: organiser), in: context.directory,
                at: now.secondsSince1970)
        }
        if administers(.write(.meetings)) {
            roles.insert(.admin)
        } else if administers(.read(.meetings)) {
            roles.insert(.auditor)
        }
        return roles
    }

    public func may(_ account: AccountID, _ action: BookingAction, in context: BookingContext, at now: UTCTime) -> Bool
    {
        roles(of: account, in: context, at: now).contains { $0.may(action) }
    }

    /// - Throws: `unknownMeeting` for who may not even look, so that nobody learns from an answer what there is.
    func check(
        _ action: BookingAction, by account: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) {
        guard may(account, .view, in: context, at: now) else { throw .unknownMeeting }
        guard may(account, action, in: context, at: now) else { throw .notAllowed }
    }
}
