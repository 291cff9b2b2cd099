// Why a push is not taken. The sender is told nothing but the HTTP status: whoever sends forged ones learns nothing.

public enum CallbackError: Error, Sendable, Equatable {
    /// Too long, no XML of the expected form, or a parameter is missing.
    case malformed
    case signatureWrong
    /// More than `WeChatLimits.callbackWindow` seconds from our clock.
    case outsideWindow
    /// The signature is right and the text cannot be decrypted: the AES key is another one.
    case undecryptable
    /// For another company or app.
    case receiverWrong

    /// For programs; never changes.
    public var code: String {
        switch self {
        case .malformed: "wecom_callback_malformed"
        case .signatureWrong: "wecom_callback_signature_wrong"
        case .outsideWindow: "wecom_callback_outside_window"
        case .undecryptable: "wecom_callback_undecryptable"
        case .receiverWrong: "wecom_callback_receiver_wrong"
        }
    }

    public var chinese: String {
        switch self {
        case .malformed: "企业微信回调的格式无法识别。"
        case .signatureWrong: "企业微信回调的签名不符。请检查 Token。"
        case .outsideWindow: "企业微信回调的时间与服务器相差超过五分钟。请检查服务器时钟。"
        case .undecryptable: "企业微信回调无法解密。请检查 EncodingAESKey。"
        case .receiverWrong: "企业微信回调属于其他企业。请检查 CorpID。"
        }
    }

    public var english: String {
        switch self {
        case .malformed: "The callback of WeCom has an unknown form."
        case .signatureWrong: "The callback's signature does not fit. Check the token."
        case .outsideWindow:
            "The callback's time is more than five minutes from the server's. Check the server's clock."
        case .undecryptable: "The callback cannot be decrypted. Check the EncodingAESKey."
        case .receiverWrong: "The callback is for another company. Check the corpid."
        }
    }
}
