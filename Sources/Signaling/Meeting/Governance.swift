// That a meeting has hosts, and what they decided about it and about people, whether these are there or not. A meeting
// without it is as LiveKit's own: nobody has a role, nobody waits.

struct Governance: Sendable {
    var rules: MeetingRules
    let since: Moment
    /// Given here, over the token's. Survives a departure, so that nobody wins a role back by coming again.
    var roles: [String: MeetingRole] = [:]
    /// Who may come back without waiting.
    var admitted: Set<String> = []
    var spotlight: String?
    /// The one person who speaks, in a roll-call.
    var rollCall: String?
    /// Since when no host is there.
    var hostlessSince: Duration?
    /// Uptime at which everybody is sent away.
    var closesAt: Duration?
    /// Minutes before that, of which nobody has been told yet; descending.
    var noticesLeft = MeetingTimes.closingNotices
    /// Wrong host keys by identity, and since when.
    var wrongKeys: [String: (count: Int, last: Duration)] = [:]

    /// A meeting whose host was locked out and for whom nobody stands in.
    var leaderlessUntil: Duration?

    init(_ terms: MeetingTerms?, at now: Moment) {
        rules = MeetingRules(terms ?? MeetingTerms())
        since = now
        hostlessSince = now.uptime
        closesAt = latest([rules.minutes, rules.maxMinutes].compactMap { $0 }.min())
        forgetPastNotices(now.uptime)
    }

    /// The end after so many minutes: of the start where one is planned and not reached, else from now on.
    private func latest(_ minutes: Int?) -> Duration? {
        guard let minutes else { return nil }
        let early = rules.startsAt.map { max(0, $0 - since.unixSeconds) } ?? 0
        return since.uptime + .seconds(min(early, 86_400)) + .seconds(minutes * 60)
    }

    private var hardStop: Duration { since.uptime + MeetingTimes.longestMeeting }

    /// Beyond which no host extends.
    var latestEnd: Duration { min(latest(rules.maxMinutes) ?? hardStop, hardStop) }

    /// When everybody is sent away.
    var end: Duration { [closesAt, leaderlessUntil].reduce(hardStop) { min($0, $1 ?? $0) } }

    /// When time has something to do.
    var deadline: Duration { noticesLeft.first.map { end - .seconds($0 * 60) } ?? end }

    /// After a change of the end. What lies behind already is told nobody.
    mutating func forgetPastNotices(_ now: Duration) {
        noticesLeft = MeetingTimes.closingNotices.filter { end - .seconds($0 * 60) > now }
    }

    /// What somebody with these claims is when it comes in.
    func role(of claims: AccessClaims) -> MeetingRole { roles[claims.identity] ?? claims.hutong?.role ?? .member }

    mutating func give(_ role: MeetingRole, to identity: String) {
        guard roles[identity] != nil || roles.count < Limits.decisionsPerMeeting else { return }
        roles[identity] = role
    }

    mutating func remember(admitted identity: String) {
        guard admitted.count < Limits.decisionsPerMeeting else { return }
        admitted.insert(identity)
    }
}

/// What somebody is in a governed meeting, and in others nothing in particular.
struct Standing: Sendable, Equatable {
    var role = MeetingRole.member
    /// What it was before it took an absent host's place; goes back to it when that one returns.
    var standsInAs: MeetingRole?
    var isSuperior = false
    var mayClaimHost = false
    var member = ""
    var epoch: Int64 = 0
    /// Nil: it is in the meeting.
    var waitsFor: WaitReason?
    var admittedAt: Duration = .zero
    /// Milliseconds since 1970.
    var handRaisedAt: Int64?
    /// A host's message, while it waits.
    var notice = ""
    /// Its first microphone shall be closed.
    var entersMuted = false
    /// Until when its client is told again that a new track is closed.
    var entryMuteEnds: Duration = .zero

    var isWaiting: Bool { waitsFor != nil }

    enum WaitReason: Sendable, Equatable {
        /// A host decides.
        case approval
        /// Nobody enters before a host.
        case host
    }
}
