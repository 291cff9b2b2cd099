// Who may enter a meeting, and who may take its absent host's place. One question, one answer: what the answer depends on
// is all in the arguments.

public import Directory
public import Scheduling

/// Somebody at the door. That he is who he says is settled before; whether numbers and passwords may be tried at all is
/// the `GuessGuard`'s.
public struct Arrival: Hashable, Sendable {
    public var person: PersonID
    /// What his link opened, if he came by one of this meeting.
    public var invite: Invite?
    /// As typed.
    public var password: String?

    public init(_ person: PersonID, invite: Invite? = nil, password: String? = nil) {
        self.person = person
        self.invite = invite
        self.password = password
    }
}

extension BookedMeeting {
    /// - Parameter occurrence: that of `currentOccurrence`; nil for a personal room, and when there is none any more.
    public func mayEnter(
        _ arrival: Arrival, occurrence: Series.Occurrence?, presence: Presence, in context: BookingContext,
        at now: UTCTime
    ) -> Entry {
        guard isBooked, !presence.isEnded, (occurrence == nil) == (details.kind == .personalRoom) else {
            return .refuse(.ended)
        }
        if let end = endTime(of: occurrence, with: presence), now >= end { return .refuse(.ended) }
        let person = arrival.person
        let role = role(of: person, in: context.directory)
        // Who has been locked out of the organisation is a stranger everywhere.
        if let account = person.account, context.directory[account]?.enabled != true { return .refuse(.notInvited) }
        let isInvited = isInvited(arrival, in: context.directory)
        if !role.isHost {
            if !passes(person, isInvited: isInvited) { return .refuse(.notInvited) }
            if presence.removed.contains(person) { return .refuse(.removed) }
            if let password = settings.password, arrival.invite == nil, !isInvited,
                !password.matches(arrival.password ?? "")
            {
                return .refuse(.password)
            }
            if let occurrence, presence.hosts.isEmpty, !isOpen(occurrence, at: now) { return .refuse(.tooEarly) }
            let isKnown = presence.admitted.contains(person) || presence.inside.contains(person)
            if presence.isLocked, !isKnown { return .refuse(.locked) }
        }
        // Who is inside and comes again takes his own place.
        if presence.inside.count >= settings.capacity, !presence.inside.contains(person) {
            return .refuse(.meetingFull)
        }
        if !role.isHost, let reason = waitReason(of: person, isInvited: isInvited, presence: presence) {
            return .wait(reason)
        }
        return .enter(role)
    }

    /// What somebody is by the booking. The organiser steers along with the host.
    public func role(of person: PersonID, in directory: DirectorySnapshot) -> EntryRole {
        guard let account = person.account else { return .guest }
        guard directory[account]?.enabled == true else { return .member }
        if account == details.host { return .host }
        return leaders.contains(account) ? .cohost : .member
    }

    private func isInvited(_ arrival: Arrival, in directory: DirectorySnapshot) -> Bool {
        if let account = arrival.person.account { return isInvited(account, in: directory) }
        guard case .personal(let contact) = arrival.invite else { return false }
        return details.invitees.outside[contact] != nil
    }

    private func passes(_ person: PersonID, isInvited: Bool) -> Bool {
        switch settings.restriction {
        case .everyone: true
        case .organisationAndInvited: !person.isGuest || isInvited
        case .organisation: !person.isGuest
        case .invited: isInvited
        }
    }

    private func waitReason(of person: PersonID, isInvited: Bool, presence: Presence) -> EntryWait? {
        if presence.admitted.contains(person) { return nil }
        switch settings.waitingRoom {
        case .all: return .approval
        case .guests: if person.isGuest { return .approval }
        case .off: break
        }
        guard presence.hosts.isEmpty else { return nil }
        switch settings.hostless {
        case .all: return nil
        case .afterHost: return .host
        case .invited: return isInvited ? nil : .host
        }
    }
}

// MARK: The host's place

public enum ClaimRefusal: String, Error, Sendable, CaseIterable {
    case hostPresent = "host_present"
    case wrongKey = "wrong_key"
    /// Without a key: not yet, or not this person.
    case notAllowed = "not_allowed"

    public func text(in language: Language) -> String {
        switch (self, language) {
        case (.hostPresent, .zh): "主持人已在会议中"
        case (.hostPresent, .en): "The host is in the meeting."
        case (.wrongKey, .zh): "主持人密钥不正确"
        case (.wrongKey, .en): "The host key is not right."
        case (.notAllowed, .zh): "此操作由主持人进行"
        case (.notAllowed, .en): "This is for the hosts of the meeting."
        }
    }
}

extension BookedMeeting {
    /// Whether somebody in the meeting may take the host's place: with the key as long as no host is there, without one
    /// when none has been for ten minutes and he is an invited member. Nil: he may. Tries of keys are counted by the
    /// running meeting.
    public func refusalOfHost(
        to person: PersonID, key: String?, presence: Presence, in context: BookingContext, at now: UTCTime
    ) -> ClaimRefusal? {
        guard presence.inside.contains(person) else { return .notAllowed }
        guard presence.hosts.isEmpty else { return .hostPresent }
        if let key { return settings.hostKey?.matches(key) == true ? nil : .wrongKey }
        guard let since = presence.hostAbsentSince,
            now.seconds(since: since) >= Int64(BookingLimits.hostAbsence), mayClaimHost(person, in: context.directory)
        else { return .notAllowed }
        return nil
    }

    /// Whether he may without a key, once no host came for a while: the token of a running meeting says so.
    public func mayClaimHost(_ person: PersonID, in directory: DirectorySnapshot) -> Bool {
        person.account.map { isInvited($0, in: directory) } ?? false
    }
}
