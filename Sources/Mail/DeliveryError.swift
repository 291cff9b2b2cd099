// Why a message was not taken by the mail server, and whether trying again later makes sense.

/// Where a conversation with a server stands.
public enum SMTPStage: String, Sendable, Equatable {
    case connection, greeting, hello, startTLS, authentication, sender, recipient, data, message
}

public enum DeliveryError: Error, Sendable, Equatable {
    /// The name is not known, or nobody answers there.
    case unreachable
    case timedOut(SMTPStage)
    case disconnected(SMTPStage)
    /// No handshake, or a certificate that is not trusted for the server's name.
    case tlsFailed
    /// STARTTLS is asked for and the server does not offer it: nothing was sent.
    case tlsNotOffered
    /// Neither PLAIN nor LOGIN.
    case authenticationNotOffered
    case refused(SMTPStage, SMTPReply)
    /// An answer against the protocol.
    case malformedReply(SMTPStage)
    /// The server takes messages of so many bytes only.
    case tooLarge(limit: Int)
    /// An address in another script, and a server without SMTPUTF8.
    case internationalAddressNotSupported
    case invalidMessage(MailMessageError)
    case cancelled

    /// True: try later. False: the same again would fail the same way; tell whoever can change it.
    public var isTemporary: Bool {
        switch self {
        case .unreachable, .timedOut, .disconnected, .malformedReply, .cancelled: true
        // A certificate is renewed sooner than people are invited twice.
        case .tlsFailed: true
        case .refused(_, let reply): reply.isTemporary
        case .tlsNotOffered, .authenticationNotOffered, .tooLarge, .internationalAddressNotSupported, .invalidMessage:
            false
        }
    }

    /// For programs; never changes.
    public var code: String {
        switch self {
        case .unreachable: "mail_server_unreachable"
        case .timedOut: "mail_server_timed_out"
        case .disconnected: "mail_server_disconnected"
        case .tlsFailed: "mail_tls_failed"
        case .tlsNotOffered: "mail_tls_not_offered"
        case .authenticationNotOffered: "mail_authentication_not_offered"
        case .refused(.authentication, _): "mail_authentication_refused"
        case .refused(.recipient, _): "mail_recipient_refused"
        case .refused: "mail_refused"
        case .malformedReply: "mail_server_malformed_reply"
        case .tooLarge: "mail_too_large_for_server"
        case .internationalAddressNotSupported: "mail_international_address"
        case .invalidMessage(let error): error.code
        case .cancelled: "mail_cancelled"
        }
    }

    public var chinese: String {
        switch self {
        case .unreachable: "无法连接邮件服务器。请检查服务器地址和网络，稍后会重试。"
        case .timedOut: "邮件服务器没有及时应答，稍后会重试。"
        case .disconnected: "邮件服务器中断了连接，稍后会重试。"
        case .tlsFailed: "与邮件服务器的加密连接失败。请检查其证书。"
        case .tlsNotOffered: "邮件服务器不支持 STARTTLS。请检查端口和加密设置。"
        case .authenticationNotOffered: "邮件服务器不支持 PLAIN 或 LOGIN 登录。请检查设置。"
        case .refused(.authentication, let reply): "邮件服务器拒绝登录（\(reply.code)）。请检查用户名和密码。"
        case .refused(.recipient, let reply): "邮件服务器拒绝了收件人（\(reply.code)）。请检查邮箱地址。"
        case .refused(_, let reply):
            reply.isTemporary ? "邮件服务器暂时拒绝（\(reply.code)），稍后会重试。" : "邮件服务器拒绝（\(reply.code)）。请联系邮件管理员。"
        case .malformedReply: "邮件服务器的应答不符合协议。请检查地址和端口。"
        case .tooLarge(let limit): "邮件超过服务器的上限 \(limit) 字节。请缩短内容。"
        case .internationalAddressNotSupported: "邮件服务器不支持含非英文字符的邮箱地址。请换一个地址。"
        case .invalidMessage(let error): error.chinese
        case .cancelled: "发送已取消。"
        }
    }

    public var english: String {
        switch self {
        case .unreachable:
            "The mail server cannot be reached. Check its address and the network; it is tried again later."
        case .timedOut: "The mail server did not answer in time; it is tried again later."
        case .disconnected: "The mail server ended the connection; it is tried again later."
        case .tlsFailed: "The encrypted connection to the mail server failed. Check its certificate."
        case .tlsNotOffered: "The mail server does not offer STARTTLS. Check the port and the security setting."
        case .authenticationNotOffered: "The mail server offers neither PLAIN nor LOGIN. Check the settings."
        case .refused(.authentication, let reply):
            "The mail server refused to sign in (\(reply.code)). Check the user name and the password."
        case .refused(.recipient, let reply):
            "The mail server refused the recipient (\(reply.code)). Check the address."
        case .refused(_, let reply):
            reply.isTemporary
                ? "The mail server refused for now (\(reply.code)); it is tried again later."
                : "The mail server refused (\(reply.code)). Ask its administrator."
        case .malformedReply: "The mail server's answer breaks the protocol. Check the address and the port."
        case .tooLarge(let limit): "The message is larger than the server's \(limit) bytes. Shorten it."
        case .internationalAddressNotSupported:
            "The mail server takes no addresses with letters other than English. Use another address."
        case .invalidMessage(let error): error.english
        case .cancelled: "Sending was cancelled."
        }
    }
}
