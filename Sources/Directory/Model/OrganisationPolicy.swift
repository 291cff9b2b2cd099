// What an organisation decided for all its members, as far as the directory's rules ask for it.

public struct OrganisationPolicy: Sendable, Equatable {
    public var names: NamePolicy = .names
    /// People in a group that members outside `largeGroupCreators` may create. Kept within `GroupKind.ownerLimits`.
    public var largestGroup = GroupKind.ownerLimits.upperBound
    /// They may create groups up to what the kind allows.
    public var largeGroupCreators: PeopleSelection = .nobody
    /// Only members with the verified mark may invite guests and start live streams (B27).
    public var onlyVerifiedMeetOutside = false
    /// "A senior is in the meeting" in roster and pre-join page (1.3).
    public var showsSeniors = true
    /// A normal member who is host may mute a superior, instead of asking him (B4).
    public var normalHostsMuteSuperiors = false

    public init() {}

    /// Whether a member may invite guests and start a live stream.
    public func mayMeetOutside(_ member: Member) -> Bool {
        member.enabled && (member.realNameVerified || !onlyVerifiedMeetOutside)
    }

    /// Whether `host` may mute `target` without asking.
    public func mayMute(_ target: Member, asHost host: Member) -> Bool {
        host.identity == .superior || target.identity == .normal || normalHostsMuteSuperiors
            || host.account == target.account
    }
}
