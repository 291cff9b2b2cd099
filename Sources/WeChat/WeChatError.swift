// Why WeChat or WeCom did not do what was asked: one class for each thing that a person or an operator can do about it.

public enum WeChatError: Error, Sendable, Equatable {
    // What WeChat says; the number is its `errcode`.
    /// Busy (-1): again in a moment.
    case busy
    case codeInvalid
    /// Somebody reloaded the page after signing in, or another did.
    case codeUsed
    case codeExpired
    /// An access token or ticket is over, replaced, or its person changed their password.
    case tokenExpired(Int)
    /// App id, secret or the like are wrong.
    case credentialWrong(Int)
    case rateLimited(Int)
    /// The account may not do this, or not from this address.
    case notAuthorised(Int)
    /// WeChat restricts this person's account.
    case personRestricted(Int)
    /// Nobody in the company has this person as a contact.
    case noRelation
    case contactUnknown
    case robotUnknown
    case messageInvalid(Int)
    case messageTooLong
    /// Any other number.
    case unknown(Int)

    // What we find.
    /// WeChat showed a snapshot of the page to somebody who has not agreed yet: the identity is not a real one.
    case snapshotUser
    case stateMismatch
    case redirectNotAuthorised
    case pageNotOurs
    case malformedReply
    /// An HTTP status that is no answer of the interface.
    case httpStatus(Int)
    case unreachable
    case timedOut

    /// Which credential a call carries: 40001 is a wrong secret for one, and an ended token for the other.
    enum Credential: Sendable { case secret, token }

    /// The errcode of a reply; nil when it is good.
    init?(number: Int, credential: Credential) {
        switch number {
        case 0: return nil
        case -1: self = .busy
        case 40029: self = .codeInvalid
        case 40163: self = .codeUsed
        case 41008: self = .codeInvalid
        case 42003: self = .codeExpired
        case 40001: self = credential == .token ? .tokenExpired(number) : .credentialWrong(number)
        case 40014, 42001, 42002, 42007, 40093: self = .tokenExpired(number)
        case 40013, 40091, 40125, 41004: self = .credentialWrong(number)
        case 45009, 45011, 45033: self = .rateLimited(number)
        case 48001, 50001, 60020: self = .notAuthorised(number)
        case 50002, 40226: self = .personRestricted(number)
        case 84061: self = .noRelation
        case 40096: self = .contactUnknown
        case 93000: self = .robotUnknown
        case 40008, 40058: self = .messageInvalid(number)
        case 45002: self = .messageTooLong
        default: self = .unknown(number)
        }
    }

    /// True: the same may work a little later, without anybody changing anything.
    public var isTemporary: Bool {
        switch self {
        case .busy, .rateLimited, .httpStatus, .unreachable, .timedOut, .malformedReply: true
        default: false
        }
    }

    /// For programs; never changes.
    public var code: String {
        switch self {
        case .busy: "wechat_busy"
        case .codeInvalid: "wechat_code_invalid"
        case .codeUsed: "wechat_code_used"
        case .codeExpired: "wechat_code_expired"
        case .tokenExpired: "wechat_token_expired"
        case .credentialWrong: "wechat_credential_wrong"
        case .rateLimited: "wechat_rate_limited"
        case .notAuthorised: "wechat_not_authorised"
        case .personRestricted: "wechat_person_restricted"
        case .noRelation: "wechat_no_relation"
        case .contactUnknown: "wechat_contact_unknown"
        case .robotUnknown: "wechat_robot_unknown"
        case .messageInvalid: "wechat_message_invalid"
        case .messageTooLong: "wechat_message_too_long"
        case .unknown: "wechat_unknown_error"
        case .snapshotUser: "wechat_snapshot_user"
        case .stateMismatch: "wechat_state_mismatch"
        case .redirectNotAuthorised: "wechat_redirect_not_authorised"
        case .pageNotOurs: "wechat_page_not_ours"
        case .malformedReply: "wechat_malformed_reply"
        case .httpStatus: "wechat_http_status"
        case .unreachable: "wechat_unreachable"
        case .timedOut: "wechat_timed_out"
        }
    }

    public var chinese: String {
        switch self {
        case .busy: "微信服务繁忙，请稍后再试。"
        case .codeInvalid: "登录凭证无效，请重新登录。"
        case .codeUsed: "登录凭证已被使用，请重新登录。"
        case .codeExpired: "登录已超时，请重新登录。"
        case .tokenExpired(let number): "微信授权已失效（\(number)），请重新登录。"
        case .credentialWrong(let number): "微信应用的配置有误（\(number)）。请管理员检查 AppID 和密钥。"
        case .rateLimited(let number): "操作过于频繁（\(number)），请一分钟后再试。"
        case .notAuthorised(let number): "微信应用没有此权限（\(number)）。请管理员检查接口权限、可信域名和 IP 白名单。"
        case .personRestricted(let number): "该微信账号受到限制（\(number)）。请改用填写姓名的方式加入。"
        case .noRelation: "该联系人未被企业成员添加为客户。"
        case .contactUnknown: "没有这个外部联系人。"
        case .robotUnknown: "群机器人的地址无效。请检查机器人是否已被移除。"
        case .messageInvalid(let number): "群机器人拒绝了消息内容（\(number)）。请检查消息格式。"
        case .messageTooLong: "消息过长，请缩短内容。"
        case .unknown(let number): "微信返回错误 \(number)。请稍后再试，或填写姓名加入。"
        case .snapshotUser: "请点击右下角「使用完整服务」，再使用微信昵称。"
        case .stateMismatch: "登录请求不是从此浏览器发起的，请重新登录。"
        case .redirectNotAuthorised: "回调地址不在授权域名内。请管理员检查微信的域名配置。"
        case .pageNotOurs: "只能为本站的页面签名。"
        case .malformedReply: "微信的应答无法识别，请稍后再试。"
        case .httpStatus(let status): "微信服务返回 HTTP \(status)，请稍后再试。"
        case .unreachable: "无法连接微信服务，请稍后再试。"
        case .timedOut: "微信服务没有及时应答，请稍后再试。"
        }
    }

    public var english: String {
        switch self {
        case .busy: "WeChat is busy. Try again in a moment."
        case .codeInvalid: "The sign-in code is not valid. Sign in again."
        case .codeUsed: "The sign-in code has been used. Sign in again."
        case .codeExpired: "Signing in took too long. Sign in again."
        case .tokenExpired(let number): "WeChat's permission has ended (\(number)). Sign in again."
        case .credentialWrong(let number):
            "The WeChat app is set up wrongly (\(number)). Its administrator should check app id and secret."
        case .rateLimited(let number): "Too many requests (\(number)). Try again in a minute."
        case .notAuthorised(let number):
            "The WeChat app may not do this (\(number)). Its administrator should check its permissions, trusted domain and IP list."
        case .personRestricted(let number):
            "WeChat restricts this account (\(number)). Join by entering a name instead."
        case .noRelation: "No member of the company has added this contact."
        case .contactUnknown: "There is no such external contact."
        case .robotUnknown: "The robot's address is not valid. Check whether it was removed from its group."
        case .messageInvalid(let number): "The robot refused the message (\(number)). Check its form."
        case .messageTooLong: "The message is too long. Shorten it."
        case .unknown(let number): "WeChat answered with error \(number). Try again later, or join by entering a name."
        case .snapshotUser: "Tap “使用完整服务” (full service) at the bottom right first, then use your WeChat name."
        case .stateMismatch: "This browser did not start this sign-in. Sign in again."
        case .redirectNotAuthorised:
            "The return address is not on the authorised domain. The administrator should check the domain set in WeChat."
        case .pageNotOurs: "Only pages of this site are signed."
        case .malformedReply: "WeChat's answer makes no sense. Try again later."
        case .httpStatus(let status): "WeChat answered with HTTP status \(status). Try again later."
        case .unreachable: "WeChat cannot be reached. Try again later."
        case .timedOut: "WeChat did not answer in time. Try again later."
        }
    }
}
