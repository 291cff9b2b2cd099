// Why a message cannot be built: what was given would break it, or carry headers of a stranger's making.

public enum MailMessageError: Error, Sendable, Equatable, CaseIterable {
    case invalidAddress
    /// A display name that is too long or holds control characters.
    case invalidName
    /// A subject that is too long or holds control characters.
    case invalidSubject
    case invalidMessageID
    case invalidDate
    case noRecipient
    case tooManyRecipients
    case tooLarge

    /// For programs; never changes.
    public var code: String {
        switch self {
        case .invalidAddress: "mail_invalid_address"
        case .invalidName: "mail_invalid_name"
        case .invalidSubject: "mail_invalid_subject"
        case .invalidMessageID: "mail_invalid_message_id"
        case .invalidDate: "mail_invalid_date"
        case .noRecipient: "mail_no_recipient"
        case .tooManyRecipients: "mail_too_many_recipients"
        case .tooLarge: "mail_too_large"
        }
    }

    public var chinese: String {
        switch self {
        case .invalidAddress: "邮箱地址无效。请检查。"
        case .invalidName: "姓名过长或含有控制字符。请修改。"
        case .invalidSubject: "邮件主题过长或含有控制字符。请修改。"
        case .invalidMessageID: "邮件标识无效。请检查服务器域名。"
        case .invalidDate: "邮件日期无效。请检查服务器时间。"
        case .noRecipient: "没有收件人。请添加。"
        case .tooManyRecipients: "收件人过多。请分批发送。"
        case .tooLarge: "邮件过大。请缩短内容。"
        }
    }

    public var english: String {
        switch self {
        case .invalidAddress: "The e-mail address is not valid. Check it."
        case .invalidName: "The name is too long or holds control characters. Change it."
        case .invalidSubject: "The subject is too long or holds control characters. Change it."
        case .invalidMessageID: "The message identifier is not valid. Check the server's host name."
        case .invalidDate: "The date of the message is not valid. Check the server's clock."
        case .noRecipient: "There is no recipient. Add one."
        case .tooManyRecipients: "There are too many recipients. Send in several messages."
        case .tooLarge: "The message is too large. Shorten it."
        }
    }
}
