// What follows from a change of a booking: who is to be told, which secrets are handed out, what ends. Carrying it out is
// for others; an outcome without effects changed nothing that anybody must hear of.

public import Directory
public import Scheduling

/// One message to each of its recipients, separately, so that guests do not see each other. The sequence is that of the
/// meeting's series.
public struct Notice: Hashable, Sendable {
    public enum Kind: String, Sendable { case invitation, update, cancellation }

    public let kind: Kind
    public let meeting: BookingID
    /// Nil: the whole series.
    public let occurrence: OccurrenceName?
    /// Who asked; work reminders say so.
    public let by: AccountID
    /// In order.
    public let recipients: [Invitee]
}

public enum BookingEffect: Hashable, Sendable {
    case tell(Notice)
    /// A new token, of which the booking keeps the digest only.
    case hand(InviteToken, of: BookingID, Invite)
    /// The organiser is to hear of an answer.
    case answered(BookingID, Invitee, Answer, occurrence: OccurrenceName?)
    case hostChanged(BookingID, from: AccountID, to: AccountID)
    case ring(BookingID, [AccountID])
    /// If it is running: everybody leaves.
    case close(BookingID)
    case release(MeetingNumber, at: UTCTime)
}

public struct BookingOutcome: Hashable, Sendable {
    public let meeting: BookedMeeting
    /// The booking of the later ones, when a series was split.
    public let later: BookedMeeting?
    public let effects: [BookingEffect]

    init(_ meeting: BookedMeeting, later: BookedMeeting? = nil, _ effects: [BookingEffect]) {
        self.meeting = meeting
        self.later = later
        self.effects = effects
    }
}

/// Why a booking is not changed.
public enum BookingRefusal: Error, Hashable, Sendable {
    /// Also for who may not know that there is one.
    case unknownMeeting
    case notAllowed
    case notInvited
    case unknownOccurrence
    /// One occurrence may have its own times, and nothing else.
    case onlyTimes
    /// A personal room has no times, and no other booking becomes one.
    case otherKind
    case inThePast
    case ended
    case cancelled
    /// The times have changed since; look at the new invitation.
    case staleAnswer
    case unknownPerson
    case schedule(SchedulingError)

    /// Stable, for machines.
    public var code: String {
        switch self {
        case .unknownMeeting: "unknown_meeting"
        case .notAllowed: "not_allowed"
        case .notInvited: "not_invited"
        case .unknownOccurrence: "unknown_occurrence"
        case .onlyTimes: "only_times"
        case .otherKind: "other_kind"
        case .inThePast: "in_the_past"
        case .ended: "ended"
        case .cancelled: "cancelled"
        case .staleAnswer: "stale_answer"
        case .unknownPerson: "unknown_person"
        case .schedule(let error): error.code.rawValue
        }
    }

    public func text(in language: Language) -> String {
        let words: (zh: String, en: String) =
            switch self {
            case .unknownMeeting: ("没有找到此会议，请检查链接", "There is no such meeting; check the link.")
            case .notAllowed: ("此操作由会议组织者或主持人进行", "This is for the meeting's organiser or host.")
            case .notInvited: ("本次会议仅限受邀成员", "This meeting is for invited people.")
            case .unknownOccurrence: ("系列中没有这一次会议，请刷新后再试", "The series has no such occurrence; reload and try again.")
            case .onlyTimes:
                (
                    "单次会议只能修改时间，其他内容请修改整个系列",
                    "One occurrence may have its own times only; change the series for the rest."
                )
            case .otherKind: ("会议类型不能这样修改，请新建会议", "The kind cannot be changed so; book a new meeting.")
            case .inThePast: ("所选时间已过，请选择将来的时间", "This time has passed; choose a time to come.")
            case .ended: ("会议已结束，请新建会议", "The meeting is over; book a new one.")
            case .cancelled: ("会议已取消", "The meeting is cancelled.")
            case .staleAnswer: ("会议时间已更改，请按新的邀请回复", "The times have changed; answer the new invitation.")
            case .unknownPerson: ("对方不在通讯录，请重新选择", "This person is not in the directory; choose again.")
            case .schedule(let error): (error.text(in: .chinese), error.text(in: .english))
            }
        return language == .zh ? words.zh : words.en
    }
}
