// What a token says that the protocol has no word for: `hutong` in the JWT. Only tokens with it know roles, waiting rooms
// and epochs; a meeting that saw none of them is LiveKit's and nothing else.

/// What somebody is in a meeting.
public enum MeetingRole: String, Sendable, Codable, CaseIterable {
    case host, cohost, member, guest

    /// Whether it steers the meeting.
    var isHost: Bool { self == .host || self == .cohost }
}

public struct HutongClaim: Sendable, Equatable, Codable {
    /// Nil: a member.
    public var role: MeetingRole?
    /// Who this is in the directory, if the identity is another (several devices, for example).
    public var member: String?
    /// Of the member when the token was made. It grows when the member is locked out; nil counts as 0.
    public var epoch: Int64?
    /// Identity "superior" of the directory: a host who is none may ask such a person, and not force.
    public var isSuperior: Bool?
    /// May take the host's place without a key when no host came for a while.
    public var mayClaimHost: Bool?
    /// For the meeting, if this token is its first with a `hutong` claim.
    public var meeting: MeetingTerms?

    public init(role: MeetingRole? = nil, member: String? = nil, epoch: Int64? = nil) {
        self.role = role
        self.member = member
        self.epoch = epoch
    }
}

/// Whom a meeting keeps waiting until a host admits them.
public enum WaitingRoom: String, Sendable, Codable, CaseIterable { case off, guests, all }
/// Whose microphone is closed when it is first opened. `crowd`: when more than six are there.
public enum EntryMuting: String, Sendable, Codable, CaseIterable { case off, on, crowd }
/// Who may share a screen; `one`: everybody, but one at a time.
public enum SharingRule: String, Sendable, Codable, CaseIterable { case hosts, one, all }
/// Who may write to everybody. To the hosts everybody may always write.
public enum ChatRule: String, Sendable, Codable, CaseIterable { case all, hosts, off }
/// Who takes the place of a host who leaves, when there is no co-host.
public enum SuccessionRule: String, Sendable, Codable, CaseIterable { case nobody, superior, member }

/// The limits that other products have, as policies (product.md, A9).
public enum LimitPreset: String, Sendable, Codable, CaseIterable {
    case wecom, dingtalk, lark, welink

    var maximumParticipants: Int {
        switch self {
        case .wecom: 300
        case .dingtalk: 302
        case .lark, .welink: 10
        }
    }

    /// Nil: none.
    var maximumMinutes: Int? {
        switch self {
        case .wecom, .dingtalk: nil
        case .lark: 50
        case .welink: 40
        }
    }
}

/// How a meeting is to be from its start. What is nil has the value that MeetingRules gives it.
public struct MeetingTerms: Sendable, Equatable, Codable {
    public var waitingRoom: WaitingRoom?
    public var muteOnEntry: EntryMuting?
    public var allowSelfUnmute: Bool?
    public var sharing: SharingRule?
    public var chat: ChatRule?
    public var selfRename: Bool?
    public var allowGuests: Bool?
    public var enterBeforeHost: Bool?
    /// Planned start, seconds since 1970; nil: now.
    public var startsAt: Int64?
    /// How long before the start people may enter.
    public var earlyMinutes: Int?
    /// Planned length, from the start; a host may extend it.
    public var minutes: Int?
    /// The longest there may be, also when extended.
    public var maxMinutes: Int?
    /// Gives `maxMinutes` and the room's size where they are not given.
    public var preset: LimitPreset?
    /// Whether a host who is no superior may force one.
    public var forcesSuperiors: Bool?
    /// Whether everybody is shown that a superior is there.
    public var showsSeniors: Bool?
    public var succession: SuccessionRule?

    public init() {}
}
