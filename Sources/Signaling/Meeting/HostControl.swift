// What may be asked of a governed meeting, by whom, and why it is refused. What happens is MeetingState's.

enum HostControl: Sendable, Equatable {
    /// What is muted.
    enum Device: String, Sendable, Codable, CaseIterable { case microphone, camera }

    case mute([String], Device, allowSelfUnmute: Bool)
    case muteAll(Device, MutePolicy)
    case askToUnmute([String], Device)
    /// Asks, where a rank forbids to force.
    case askToMute([String], Device)
    case stopShare(String)
    case set(RulesChange)
    case rename(String, to: String)
    case raiseHand(String)
    case lowerHand(String)
    case lowerAllHands
    /// Nil: nobody.
    case spotlight(String?)
    case admit([String])
    case admitAll
    case refuse([String])
    case notifyWaiting(String)
    case remove([String], mayReturn: Bool)
    case extend(minutes: Int)
    case transfer(to: String)
    case setCohost(String, Bool)
    case claimHost(key: String?)
    /// Nil ends it.
    case rollCall(String?)
    case end

    /// Who may ask for it.
    var reach: Reach {
        switch self {
        case .transfer, .setCohost, .end: .host
        case .claimHost: .everybody
        case .raiseHand(let identity), .rename(let identity, _), .lowerHand(let identity): .oneself(identity)
        default: .hosts
        }
    }

    enum Reach: Sendable, Equatable {
        case host, hosts
        /// Hosts, and this person.
        case oneself(String)
        case everybody
    }
}

/// Who asks.
enum ControlActor: Sendable, Equatable {
    /// A back end with the API key's authority.
    case server
    case person(AccessClaims)
}

/// Why a control, or an entrance, is refused. Raw values are stable codes.
enum ControlRefusal: String, Error, Sendable, Equatable, CaseIterable {
    case notHost = "not_host"
    case protectedByRank = "protected_by_rank"
    case meetingFull = "meeting_full"
    case locked
    case waiting
    case tooEarly = "too_early"
    case notInvited = "not_invited"
    case ended
    case notPresent = "not_present"
    case hostPresent = "host_present"
    case wrongKey = "wrong_key"
    case tooManyTries = "too_many_tries"
    case notAllowed = "not_allowed"
    case overLimit = "over_limit"
    case nameTooLong = "name_too_long"

    /// Of HTTP.
    var status: Int {
        switch self {
        case .notHost, .protectedByRank, .locked, .waiting, .tooEarly, .notInvited, .wrongKey, .notAllowed: 403
        case .notPresent: 404
        case .meetingFull, .hostPresent, .overLimit: 409
        case .ended: 410
        case .nameTooLong: 422
        case .tooManyTries: 429
        }
    }

    /// For the person concerned: neutral, and nobody's fault.
    var texts: (zh: String, en: String) {
        switch self {
        case .notHost: ("此操作由主持人进行", "This is for the hosts of the meeting")
        case .protectedByRank: ("可以私下提示对方", "You can ask this person in private")
        case .meetingFull: ("会议人数已满", "The meeting has no free place at the moment")
        case .locked: ("会议暂不接受新成员", "The meeting takes no newcomers at the moment")
        case .waiting: ("主持人暂未准备好，请稍候", "The host is not ready yet; please wait")
        case .tooEarly: ("会议还未到入会时间", "The meeting is not open yet")
        case .notInvited: ("本次会议仅限受邀成员", "This meeting is for invited people")
        case .ended: ("会议未在进行", "The meeting is not running")
        case .notPresent: ("对方不在会议中", "This person is not in the meeting")
        case .hostPresent: ("主持人已在会议中", "The host is in the meeting")
        case .wrongKey: ("主持人密钥不正确", "The host key is not right")
        case .tooManyTries: ("请稍后再试", "Please try again later")
        case .notAllowed: ("本次会议未开放此功能", "This is not open in this meeting")
        case .overLimit: ("已达会议时长上限", "The meeting cannot be longer")
        case .nameTooLong: ("名称过长", "The name is too long")
        }
    }
}

extension SignalRefusal {
    /// The code first, so that programs find it; SDKs show the text as it is. 403 makes them give up at once.
    init(_ refusal: ControlRefusal) {
        let texts = refusal.texts
        self.init(status: 403, reason: "\(refusal.rawValue): \(texts.en) · \(texts.zh)")
    }
}
