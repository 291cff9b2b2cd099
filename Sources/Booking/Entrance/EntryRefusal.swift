// Why somebody does not enter: stable codes, and words that blame nobody (面子: product.md, 1.3).

public import Directory

public enum EntryRefusal: String, Error, Sendable, CaseIterable {
    case tooEarly = "too_early"
    case locked
    case notInvited = "not_invited"
    case meetingFull = "meeting_full"
    case ended
    /// Missing or wrong; which one is not said.
    case password
    /// Sent away by a host, who did not allow to come back.
    case removed

    public func text(in language: Language) -> String {
        switch (self, language) {
        case (.tooEarly, .zh): "会议还未到入会时间"
        case (.tooEarly, .en): "The meeting is not open yet."
        case (.locked, .zh): "会议暂不接受新成员"
        case (.locked, .en): "The meeting takes no newcomers at the moment."
        case (.notInvited, .zh): "本次会议仅限受邀成员"
        case (.notInvited, .en): "This meeting is for invited people."
        case (.meetingFull, .zh): "会议人数已满"
        case (.meetingFull, .en): "The meeting has no free place at the moment."
        case (.ended, .zh): "会议未在进行"
        case (.ended, .en): "The meeting is not running."
        case (.password, .zh): "请核对会议号和密码"
        case (.password, .en): "Please check the meeting number and the password."
        case (.removed, .zh): "会议暂时无法加入"
        case (.removed, .en): "The meeting cannot be entered at the moment."
        }
    }
}

public enum EntryWait: String, Sendable, CaseIterable {
    /// A host decides.
    case approval
    /// It begins with a host.
    case host

    /// The code that clients know.
    public static let code = "waiting"

    public func text(in language: Language) -> String {
        switch (self, language) {
        case (.approval, .zh): "主持人暂未准备好，请稍候"
        case (.approval, .en): "The host is not ready yet; please wait."
        case (.host, .zh): "会议将在主持人到达后开始，请稍候"
        case (.host, .en): "The meeting begins when the host is here; please wait."
        }
    }
}

/// What somebody is when he enters.
public enum EntryRole: String, Sendable, CaseIterable {
    case host, cohost, member, guest

    public var isHost: Bool { self == .host || self == .cohost }
}

public enum Entry: Hashable, Sendable {
    case enter(EntryRole)
    case wait(EntryWait)
    case refuse(EntryRefusal)
}
