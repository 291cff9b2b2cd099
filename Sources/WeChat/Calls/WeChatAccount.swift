// An account of WeChat's with its own id and secret (service account, website app of the Open Platform, mini-program) and
// the calls that are made for it.

/// Who signed in. Of a service account's silent sign-in nothing but the openid is known.
public struct WeChatIdentity: Sendable, Equatable {
    /// Of this person at this account; another account sees another one.
    public let openID: String
    /// Of this person at all accounts that hang under one Open Platform account.
    public let unionID: String?
    /// For one call of `profile`, then to be forgotten.
    public let token: Secret
    public let scope: String
}

public struct WeChatProfile: Sendable, Equatable {
    public let openID: String
    public let unionID: String?
    public let nickname: String?
    public let avatar: WebAddress?
}

public struct MiniProgramSession: Sendable, Equatable {
    public let openID: String
    public let unionID: String?
    /// Never leaves the server.
    public let sessionKey: Secret
}

public struct WeChatAccount: Sendable, Equatable {
    public let appID: String
    private let secret: Secret
    private let base: WeChatBase

    public init(appID: String, secret: Secret, base: WeChatBase = .weChat) {
        self.appID = appID
        self.secret = secret
        self.base = base
    }

    /// Step 2 of signing in. A snapshot user is refused here, so that nobody can keep the identity by mistake.
    public func identity(code: SignInCode) -> WeChatCall<WeChatIdentity> {
        WeChatCall(
            get: base, "/sns/oauth2/access_token",
            ["appid": appID, "secret": secret.text, "code": code.secret.text, "grant_type": "authorization_code"],
            credential: .secret
        ) { json throws(WeChatError) in
            guard (json["is_snapshotuser"].integer ?? 0) == 0 else { throw .snapshotUser }
            guard let openID = json["openid"].identifier, let token = json["access_token"].secret else { return nil }
            return WeChatIdentity(
                openID: openID, unionID: json["unionid"].identifier, token: token, scope: json["scope"].name ?? "")
        }
    }

    /// Step 3, after `snsapi_userinfo` or `snsapi_login`.
    public func profile(of identity: WeChatIdentity) -> WeChatCall<WeChatProfile> {
        WeChatCall(
            get: base, "/sns/userinfo",
            ["access_token": identity.token.text, "openid": identity.openID, "lang": "zh_CN"], credential: .token
        ) { json throws(WeChatError) in
            guard (json["is_snapshotuser"].integer ?? 0) == 0 else { throw .snapshotUser }
            // Of another person it would be a mix-up that nobody notices.
            guard json["openid"].identifier == identity.openID else { return nil }
            return WeChatProfile(
                openID: identity.openID, unionID: json["unionid"].identifier, nickname: json["nickname"].name,
                avatar: json["headimgurl"].avatar)
        }
    }

    /// A mini-program's sign-in.
    public func session(code: SignInCode) -> WeChatCall<MiniProgramSession> {
        WeChatCall(
            get: base, "/sns/jscode2session",
            ["appid": appID, "secret": secret.text, "js_code": code.secret.text, "grant_type": "authorization_code"],
            credential: .secret
        ) { json throws(WeChatError) in
            guard let openID = json["openid"].identifier, let key = json["session_key"].secret else { return nil }
            return MiniProgramSession(openID: openID, unionID: json["unionid"].identifier, sessionKey: key)
        }
    }

    /// The account's own token. Fetching a new one ends the one before.
    public var token: TokenCall {
        WeChatCall(
            get: base, "/cgi-bin/token",
            ["grant_type": "client_credential", "appid": appID, "secret": secret.text], credential: .secret
        ) { json throws(WeChatError) in TokenReply(json, field: "access_token") }
    }

    /// What pages are signed with.
    public func ticket(token: Secret) -> TokenCall {
        WeChatCall(
            get: base, "/cgi-bin/ticket/getticket", ["access_token": token.text, "type": "jsapi"], credential: .token
        ) { json throws(WeChatError) in TokenReply(json, field: "ticket") }
    }
}
