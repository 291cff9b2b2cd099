// A token or ticket that is good for a while.

public struct TokenReply: Sendable, Equatable {
    public let secret: Secret
    /// Seconds from when it was asked for; 1 to `WeChatLimits.longestTokenLife`.
    public let lifetime: Int64

    init?(_ json: JSON, field: String) {
        guard let secret = json[field].secret, let seconds = json["expires_in"].integer, seconds > 0 else { return nil }
        self.secret = secret
        lifetime = min(Int64(seconds), WeChatLimits.longestTokenLife)
    }
}

/// A call whose answer is such a token: what `TokenKeeper` keeps.
public typealias TokenCall = WeChatCall<TokenReply>
