// The rules of a meeting that has hosts: what its terms ask for, or what is usual. Hosts change them while it runs.

/// Who may not be heard (or seen) at the moment.
struct MutePolicy: Sendable, Equatable, Codable {
    /// Everybody but the hosts and `allow`.
    var all = false
    /// Identities that `all` does not mean.
    var allow: Set<String> = []
    /// Identities that are muted in any case and do not unmute themselves.
    var deny: Set<String> = []
    /// Whether those whom `all` mutes may unmute themselves.
    var allowSelfUnmute = true
    /// Whether superiors are meant too.
    var meansSuperiors = false

    /// Whether it closes this person's track when it begins to hold.
    func mutes(_ person: Standing, _ identity: String) -> Bool {
        if person.isSuperior, !meansSuperiors { return false }
        if deny.contains(identity) { return true }
        return all && !person.role.isHost && !allow.contains(identity)
    }

    /// Whether it keeps it closed.
    func locks(_ person: Standing, _ identity: String) -> Bool {
        mutes(person, identity) && (deny.contains(identity) || !allowSelfUnmute)
    }
}

struct MeetingRules: Sendable, Equatable {
    var waitingRoom = WaitingRoom.off
    var muteOnEntry = EntryMuting.off
    var sharing = SharingRule.one
    var chat = ChatRule.all
    var selfRename = true
    var allowGuests = true
    var enterBeforeHost = true
    var isLocked = false
    var forcesSuperiors = false
    var showsSeniors = false
    var succession = SuccessionRule.superior
    var microphones = MutePolicy()
    var cameras = MutePolicy()
    /// Never shown, and never in a token, which its bearer can read.
    var hostKey: String?
    /// Seconds since 1970.
    var startsAt: Int64?
    var earlyMinutes = 10
    /// Of an unlimited length when nil.
    var minutes: Int?
    var maxMinutes: Int?

    /// How many are there when `muteOnEntry` begins to mean newcomers.
    static let crowd = 6

    init(_ terms: MeetingTerms = MeetingTerms()) {
        func bounded(_ minutes: Int?) -> Int? { minutes.map { min(max($0, 1), Limits.meetingMinutes) } }
        waitingRoom = terms.waitingRoom ?? waitingRoom
        muteOnEntry = terms.muteOnEntry ?? muteOnEntry
        microphones.allowSelfUnmute = terms.allowSelfUnmute ?? true
        sharing = terms.sharing ?? sharing
        chat = terms.chat ?? chat
        selfRename = terms.selfRename ?? selfRename
        allowGuests = terms.allowGuests ?? allowGuests
        enterBeforeHost = terms.enterBeforeHost ?? enterBeforeHost
        startsAt = terms.startsAt.map { min(max($0, 0), Self.latestStart) }
        earlyMinutes = min(max(terms.earlyMinutes ?? earlyMinutes, 0), Limits.meetingMinutes)
        minutes = bounded(terms.minutes)
        maxMinutes = bounded(terms.maxMinutes ?? terms.preset?.maximumMinutes)
        forcesSuperiors = terms.forcesSuperiors ?? forcesSuperiors
        showsSeniors = terms.showsSeniors ?? showsSeniors
        succession = terms.succession ?? succession
    }

    /// The year 9999: later numbers are not times.
    static let latestStart: Int64 = 253_402_300_799
}

/// Changes of some of them; nil leaves a rule as it is.
struct RulesChange: Sendable, Equatable {
    var waitingRoom: WaitingRoom?
    var muteOnEntry: EntryMuting?
    var allowSelfUnmute: Bool?
    var sharing: SharingRule?
    var chat: ChatRule?
    var selfRename: Bool?
    var allowGuests: Bool?
    var enterBeforeHost: Bool?
    var isLocked: Bool?
    var showsSeniors: Bool?
    var succession: SuccessionRule?
    /// Empty: no key.
    var hostKey: String?

    func applied(to rules: MeetingRules) -> MeetingRules {
        var new = rules
        new.waitingRoom = waitingRoom ?? rules.waitingRoom
        new.muteOnEntry = muteOnEntry ?? rules.muteOnEntry
        new.microphones.allowSelfUnmute = allowSelfUnmute ?? rules.microphones.allowSelfUnmute
        new.sharing = sharing ?? rules.sharing
        new.chat = chat ?? rules.chat
        new.selfRename = selfRename ?? rules.selfRename
        new.allowGuests = allowGuests ?? rules.allowGuests
        new.enterBeforeHost = enterBeforeHost ?? rules.enterBeforeHost
        new.isLocked = isLocked ?? rules.isLocked
        new.showsSeniors = showsSeniors ?? rules.showsSeniors
        new.succession = succession ?? rules.succession
        if let hostKey { new.hostKey = hostKey.isEmpty ? nil : hostKey }
        return new
    }
}
