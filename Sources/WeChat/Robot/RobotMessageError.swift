// Why a robot's message is not one, and what our own `webhook/send` answers: an errcode at status 200, as WeCom does, since
// that is what programs written for it look at.

public enum RobotMessageError: Error, Sendable, Equatable {
    /// No robot has this key.
    case unknownKey
    /// `msgtype` is none that is taken here.
    case unknownType
    /// The field, by its path in the JSON.
    case malformed(String)
    /// More bytes than the limit.
    case tooLong(String, limit: Int)
    /// More than `WeChatLimits.robotMessages` in `WeChatLimits.robotPeriod` seconds.
    case tooOften

    public var errcode: Int {
        switch self {
        case .unknownKey: 93000
        case .unknownType: 40008
        case .malformed: 40058
        case .tooLong: 45002
        case .tooOften: 45009
        }
    }

    /// In English, as WeCom's are: programs log it.
    public var errmsg: String {
        switch self {
        case .unknownKey: "invalid webhook url"
        case .unknownType: "invalid message type: text, markdown, image, news and template_card (text_notice) are taken"
        case .malformed(let field): "invalid parameter: \(field)"
        case .tooLong(let field, let limit): "content too long: \(field) has more than \(limit) bytes"
        case .tooOften: "api freq out of limit: at most \(WeChatLimits.robotMessages) messages a minute"
        }
    }

    /// The JSON to answer with.
    public var reply: [UInt8] {
        JSON.object(["errcode": .number(Double(errcode)), "errmsg": .text(errmsg)]).bytes
    }

    /// The JSON to answer a message with that was taken.
    public static var success: [UInt8] { JSON.object(["errcode": .number(0), "errmsg": .text("ok")]).bytes }
}
