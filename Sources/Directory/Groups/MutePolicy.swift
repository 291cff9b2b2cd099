// Who may be heard (B11): one model for messages of a group, microphones and cameras of a meeting, comments of a live
// stream.

public struct MutePolicy: Sendable, Hashable {
    /// Everybody is muted but `allow`.
    public var all: Bool
    /// Exceptions when all are muted.
    public var allow: Set<PersonID>
    /// Muted whatever else holds.
    public var deny: Set<PersonID>
    /// Whoever is muted with all others may open himself; who is denied may not.
    public var allowSelfUnmute: Bool

    public init(
        all: Bool = false, allow: Set<PersonID> = [], deny: Set<PersonID> = [], allowSelfUnmute: Bool = true
    ) {
        self.all = all
        self.allow = allow
        self.deny = deny
        self.allowSelfUnmute = allowSelfUnmute
    }

    /// Whether somebody may be heard as things stand. Who leads (host, owner, admin) always may: else nobody could end
    /// the silence.
    public func isHeard(_ person: PersonID, leads: Bool = false) -> Bool {
        if leads { return true }
        if deny.contains(person) { return false }
        return !all || allow.contains(person)
    }

    /// Whether somebody may open himself without asking.
    public func mayUnmuteSelf(_ person: PersonID, leads: Bool = false) -> Bool {
        isHeard(person, leads: leads) || (allowSelfUnmute && !deny.contains(person))
    }
}
