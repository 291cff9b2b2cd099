// How a booked meeting is to be when it runs. The words are those that a running meeting knows, so that one function can
// hand them over when it begins.

public import Directory

/// Whom a meeting keeps waiting until a host admits them.
public enum WaitingRoom: String, Sendable, CaseIterable { case off, guests, all }
/// Whose microphone is closed when it is first opened. `crowd`: when more than six are there.
public enum EntryMuting: String, Sendable, CaseIterable { case off, on, crowd }
/// Who may share a screen; `one`: everybody, but one at a time.
public enum SharingRule: String, Sendable, CaseIterable { case hosts, one, all }
/// Who may write to everybody.
public enum ChatRule: String, Sendable, CaseIterable { case all, hosts, off }
/// Who takes the place of a host who leaves, when there is no co-host.
public enum SuccessionRule: String, Sendable, CaseIterable { case nobody, superior, member }

/// Who may enter at all.
public enum EntryRestriction: String, Sendable, CaseIterable {
    case everyone
    /// Members of the organisation, and guests who are invited.
    case organisationAndInvited = "organisation_and_invited"
    case organisation
    case invited
}

/// How long before the start people may enter.
public enum EarlyEntry: String, Sendable, CaseIterable {
    case atStart = "0"
    case five = "5"
    case ten = "10"
    case fifteen = "15"
    case any

    /// Nil: at any time.
    public var minutes: Int? { Int(rawValue) }
}

/// Who may enter while no host is there.
public enum HostlessEntry: String, Sendable, CaseIterable {
    case all
    case afterHost = "after_host"
    case invited
}

public enum RecordingRule: String, Sendable, CaseIterable { case none, server }
/// Who may watch the meeting's live stream, when it has one.
public enum LiveAudience: String, Sendable, CaseIterable { case group, organisation, link }
public enum Watermark: String, Sendable, CaseIterable { case off, single, tiled }
/// Who is reminded.
public enum ReminderScope: String, Sendable, CaseIterable {
    case nobody = "none"
    case host, all
}

/// The limits that other products have, as policies (product.md, A9).
public enum LimitPreset: String, Sendable, CaseIterable {
    case wecom, dingtalk, lark, welink

    public var maximumParticipants: Int {
        switch self {
        case .wecom: 300
        case .dingtalk: 302
        case .lark, .welink: 10
        }
    }

    /// Nil: none.
    public var maximumMinutes: Int? {
        switch self {
        case .wecom, .dingtalk: nil
        case .lark: 50
        case .welink: 40
        }
    }
}

public struct MeetingSettings: Hashable, Sendable {
    public var password: MeetingPassword?
    public var hostKey: HostKey?
    public var waitingRoom = WaitingRoom.off
    public var muteOnEntry = EntryMuting.off
    public var allowSelfUnmute = true
    public var sharing = SharingRule.one
    public var chat = ChatRule.all
    public var selfRename = true
    public var succession = SuccessionRule.superior
    public var restriction = EntryRestriction.everyone
    public var early = EarlyEntry.ten
    public var hostless = HostlessEntry.all
    public var recording = RecordingRule.none
    /// Nil: no live stream.
    public var live: LiveAudience?
    public var watermark = Watermark.off
    /// Minutes before the start.
    public var reminders: Set<Int> = [15]
    public var reminderScope = ReminderScope.all
    /// Who is rung when it begins; nobody in silent mode.
    public var ringing: Set<AccountID> = []
    /// Silent mode (静默模式): no chime, no ring, no pop-up.
    public var isSilent = false
    /// Reminders and rings go out in quiet hours too, where the organisation allows it.
    public var isUrgent = false
    public var preset: LimitPreset?
    /// People inside at once; the preset's where it is less.
    public var maxParticipants = BookingLimits.participants

    public init() {}

    /// People inside at once.
    public var capacity: Int { min(maxParticipants, preset?.maximumParticipants ?? maxParticipants) }

    /// Whether people outside the organisation may come at all. One who is invited may under every other rule.
    public var allowGuests: Bool { restriction != .organisation }

    public var enterBeforeHost: Bool { hostless != .afterHost }

    /// Who is rung as it begins.
    public var rung: Set<AccountID> { isSilent ? [] : ringing }
}
