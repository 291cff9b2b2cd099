import Testing

@testable import WeChat

@Suite struct SignInTests {
    private let state = SignInState(random: Array(0...15))
    private let redirect = WebAddress("https://meet.example.com/wechat/return?m=123&n=a b".replacing(" ", with: "+"))
    private let domain = AuthorisedDomain("meet.example.com")

    private func address(_ page: SignInPage) throws -> String {
        try page.address(
            redirect: #require(redirect), domain: #require(domain), state: #require(state))
    }

    @Test func `the authorize address has its parameters in the one order that WeChat takes`() throws {
        let middle = """
            &redirect_uri=https%3A%2F%2Fmeet.example.com%2Fwechat%2Freturn%3Fm%3D123%26n%3Da%2Bb&response_type=code
            """
        let tail = "&state=000102030405060708090a0b0c0d0e0f"
        let root = "https://open.weixin.qq.com/connect/"
        #expect(
            try address(.weChatSilent(appID: "wx1"))
                == "\(root)oauth2/authorize?appid=wx1\(middle)&scope=snsapi_base\(tail)#wechat_redirect")
        #expect(
            try address(.weChatConsent(appID: "wx1"))
                == "\(root)oauth2/authorize?appid=wx1\(middle)&scope=snsapi_userinfo\(tail)#wechat_redirect")
        #expect(
            try address(.weChatQR(appID: "wx2"))
                == "\(root)qrconnect?appid=wx2\(middle)&scope=snsapi_login\(tail)#wechat_redirect")
        #expect(
            try address(.weCom(corporationID: "ww1", agentID: "1000002", hasDetails: false))
                == "\(root)oauth2/authorize?appid=ww1\(middle)&scope=snsapi_base\(tail)&agentid=1000002#wechat_redirect"
        )
        #expect(
            try address(.weCom(corporationID: "ww1", agentID: "1000002", hasDetails: true)).contains(
                "&scope=snsapi_privateinfo&state="))
    }

    @Test(arguments: [
        "https://evil.example.com/", "https://meet.example.com.evil.org/", "https://meet.example.com:8443/",
        "https://sub.meet.example.com/", "http://meet.example.com:81/",
    ])
    func `a redirect to any other host is refused`(text: String) throws {
        let page = SignInPage.weChatSilent(appID: "wx1")
        let redirect = try #require(WebAddress(text))
        #expect(throws: WeChatError.redirectNotAuthorised) {
            try page.address(redirect: redirect, domain: #require(domain), state: #require(state))
        }
    }

    @Test func `a domain's port is part of it, and 443 is no port`() throws {
        let domain = try #require(AuthorisedDomain("Meet.Example.com:8443"))
        #expect(domain.covers(try #require(WebAddress("https://MEET.example.com:8443/x"))))
        #expect(!domain.covers(try #require(WebAddress("https://meet.example.com/x"))))
        #expect(AuthorisedDomain("meet.example.com:443") == AuthorisedDomain("meet.example.com"))
    }

    @Test(arguments: [
        "", "https://", "https:///x", "ftp://a/", "//a/", "HTTPS://a/", "https://user@a/", "https://a:b@c/",
        "https://a:/",
        "https://a:0/", "https://a:65536/", "https://a:1:2/", "https://[::1]/", "https://a\\@b/", "https://a /",
        "https://a/\u{0}", "https://例子.com/", "https://-a/", "https://.a/", "javascript:alert(1)", "https://a%2e/",
        "https://a/" + String(repeating: "x", count: 2048),
    ])
    func `what parsers disagree about is no address`(text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test(arguments: ["https://a/path", "https://a?x", "https://a#x", "a", "https://a//", "file:///"])
    func `a base is scheme, host and port`(text: String) {
        #expect(WeChatBase(text) == nil)
        #expect(WeChatBase("http://127.0.0.1:8080/") == WeChatBase("http://127.0.0.1:8080"))
    }

    @Test func `a state is 32 hex digits and fits its own sign-in only`() throws {
        let state = try #require(state)
        #expect(state.text == "000102030405060708090a0b0c0d0e0f")
        #expect(SignInState(random: []) == nil && SignInState(text: state.text.uppercased()) == nil)
        let back = try SignInReturn(code: "c1", state: state.text, expected: state)
        #expect(back == .allowed(code: try #require(SignInCode("c1"))))
        #expect(try SignInReturn(code: nil, state: state.text, expected: state) == .refused)
        #expect(try SignInReturn(code: "authdeny", state: state.text, expected: state) == .refused)
        let other = SignInState(random: Array(repeating: 1, count: 16))
        for (given, expected) in [(state.text, other), (state.text, nil), ("", state), (nil, state)] {
            #expect(throws: WeChatError.stateMismatch) {
                try SignInReturn(code: "c1", state: given, expected: expected)
            }
        }
        for code in ["a b", "例", String(repeating: "x", count: 513)] {
            #expect(throws: WeChatError.codeInvalid) {
                try SignInReturn(code: code, state: state.text, expected: state)
            }
        }
    }

    // The documents' ticket, nonce and time.
    private func published(_ page: String) throws -> String {
        PageSignature(
            address: try #require(WebAddress(page)),
            ticket: Secret("sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"),
            nonce: "Wm3WZYTPz0wzccnW", timestamp: 1_414_587_457
        ).text
    }

    @Test func `both published signatures come out`() throws {
        #expect(try published("http://mp.weixin.qq.com") == "f4d90daf4b3bca3078ab155816175ba34c443a7b")
        #expect(try published("http://mp.weixin.qq.com?params=value") == "0f9de62fce790f9a083d5c99e95740ceb90c27ed")
        #expect(try published("http://mp.weixin.qq.com?params=value#x#y") == "0f9de62fce790f9a083d5c99e95740ceb90c27ed")
    }

    @Test func `only pages of our own host are signed`() throws {
        let domain = try #require(AuthorisedDomain("meet.example.com"))
        let random = [UInt8](repeating: 0xAB, count: PageSignature.nonceBytes)
        let signature = try PageSignature(
            page: "https://meet.example.com/j/1?a=|b#here", ownDomain: domain, ticket: Secret("T"), random: random,
            now: 7)
        #expect(signature.nonce == String(repeating: "ab", count: 16) && signature.timestamp == 7)
        for page in [
            "https://evil.example/", "https://meet.example.com@evil.example/", "https://meet.example.com:1/", "x",
        ] {
            #expect(throws: WeChatError.pageNotOurs) {
                try PageSignature(page: page, ownDomain: domain, ticket: Secret("T"), random: random, now: 7)
            }
        }
    }

    @Test func `a secret is never printed`() throws {
        let secret = Secret("hush")
        let account = WeChatAccount(appID: "wx1", secret: secret)
        let call = account.identity(code: try #require(SignInCode("hushcode")))
        #expect(call.request.address.contains("secret=hush&code=hushcode&"))
        for text in [
            "\(secret)", "\(account)", String(reflecting: account), "\(call.request)", String(reflecting: call),
        ] {
            #expect(!text.contains("hush"))
        }
        var dumped = ""
        dump(call, to: &dumped)
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hush"))
    }
}
