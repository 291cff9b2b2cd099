// The pages of WeChat and WeCom that a browser is sent to for signing in. They check the query with a strict pattern, so the
// order of its parameters is part of the address.

public enum SignInPage: Sendable, Hashable {
    /// Inside WeChat, without a question: tells the openid only.
    case weChatSilent(appID: String)
    /// Inside WeChat, with a consent dialog: nickname and avatar too. Only after a tap of the person: started at load it
    /// shows a snapshot page.
    case weChatConsent(appID: String)
    /// On a computer: a QR code to scan (website app of the Open Platform).
    case weChatQR(appID: String)
    /// Members of the company, inside WeCom or WeChat. `hasDetails` asks for consent to mobile, e-mail and the like.
    case weCom(corporationID: String, agentID: String, hasDetails: Bool)

    /// Throws `.redirectNotAuthorised` when the redirect's host is not the one that WeChat was told.
    public func address(
        redirect: WebAddress, domain: AuthorisedDomain, state: SignInState, base: WeChatBase = .open
    ) throws(WeChatError) -> String {
        guard domain.covers(redirect) else { throw .redirectNotAuthorised }
        let path: String
        let app: String
        let scope: String
        var agent = ""
        switch self {
        case .weChatSilent(let appID): (path, app, scope) = ("oauth2/authorize", appID, "snsapi_base")
        case .weChatConsent(let appID): (path, app, scope) = ("oauth2/authorize", appID, "snsapi_userinfo")
        case .weChatQR(let appID): (path, app, scope) = ("qrconnect", appID, "snsapi_login")
        case .weCom(let corporation, let agentID, let hasDetails):
            (path, app, scope) = ("oauth2/authorize", corporation, hasDetails ? "snsapi_privateinfo" : "snsapi_base")
            agent = "&" + QueryText(["agentid": agentID]).text
        }
        let query = QueryText([
            "appid": app, "redirect_uri": redirect.text, "response_type": "code", "scope": scope, "state": state.text,
        ])
        return "\(base.text)/connect/\(path)?\(query.text)\(agent)#wechat_redirect"
    }
}
