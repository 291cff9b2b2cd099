import Foundation
import Testing

@testable import WeChat

/// Replies as the documents show them, which the stand-in server answers too (Tests/EndToEnd/test_wechat_stub.py).
struct Samples {
    private let replies: [String: Any]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Samples/replies.json")
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
        replies = try #require(json as? [String: Any])
    }

    func response(_ name: String) throws -> WeChatResponse {
        WeChatResponse(status: 200, body: Array(try JSONSerialization.data(withJSONObject: #require(replies[name]))))
    }
}

@Suite struct ReplyTests {
    private let account = WeChatAccount(appID: "wx1", secret: Secret("s"))
    private let app = WeComApp(corporationID: "ww1", secret: Secret("s"))
    private let token = Secret("T")

    private func code() throws -> SignInCode { try #require(SignInCode("c")) }
    private func json(_ text: String) -> WeChatResponse { WeChatResponse(status: 200, body: Array(text.utf8)) }

    private func identity() throws -> WeChatIdentity {
        try account.identity(code: code()).reply(to: Samples().response("sns_access_token"))
    }

    @Test func `the service account's samples are read`() throws {
        let samples = try Samples()
        let identity = try identity()
        #expect(identity.openID == "oLiMing0000000000000000000001" && identity.token == Secret("SNS-TOKEN-1"))
        #expect(identity.unionID == "uLiMing0000000000000000000001" && identity.scope == "snsapi_userinfo")
        let silent = try account.identity(code: code()).reply(to: samples.response("sns_access_token_silent"))
        #expect(silent.unionID == nil && silent.scope == "snsapi_base")
        let profile = try account.profile(of: identity).reply(to: samples.response("sns_userinfo"))
        #expect(profile.nickname == "李明 🙂")
        #expect(profile.avatar?.text == "https://thirdwx.qlogo.cn/mmopen/vi_32/liming/132")
        let session = try account.session(code: code()).reply(to: samples.response("jscode2session"))
        #expect(session.sessionKey == Secret("c2Vzc2lvbi1rZXktMDAwMQ==") && session.openID == identity.openID)
        #expect(try account.token.reply(to: samples.response("token")).secret == Secret("TOKEN-1"))
        let ticket = try account.ticket(token: token).reply(to: samples.response("getticket"))
        #expect(ticket.secret == Secret("TICKET-1") && ticket.lifetime == 7200)
    }

    @Test func `WeCom's samples are read`() throws {
        let samples = try Samples()
        #expect(try app.token.reply(to: samples.response("gettoken")).secret == Secret("WECOM-TOKEN-1"))
        let ticket = try app.companyTicket(token: token).reply(to: samples.response("get_jsapi_ticket"))
        #expect(ticket.secret == Secret("COMPANY-TICKET-1"))
        #expect(
            try app.identity(code: code(), token: token).reply(to: samples.response("getuserinfo_member"))
                == .member(userID: "zhangsan", ticket: Secret("USER-TICKET-zhangsan")))
        #expect(
            try app.identity(code: code(), token: token).reply(to: samples.response("getuserinfo_outsider"))
                == .outsider(
                    openID: "oLiMing0000000000000000000001", externalUserID: "wmLiMing000000000000000000001"))
        let details = try app.details(ticket: Secret("U"), token: token).reply(to: samples.response("getuserdetail"))
        #expect(details.mobile == "13800000000" && details.businessEmail == "zhangsan@corp.example.com")
        let contact = try app.externalContact("wmLiMing000000000000000000001", token: token).reply(
            to: samples.response("externalcontact"))
        #expect(contact.name == "李明" && contact.corporationName == "示例有限公司" && contact.kind == .weChat)
        #expect(contact.followers == [.init(userID: "zhangsan", remark: "李总")])
        let departments = try app.departments(under: nil, token: token).reply(to: samples.response("department_list"))
        #expect(departments.map(\.id) == [1, 2] && departments[1].englishName == "R&D")
        #expect(departments[1].leaders == ["zhangsan"] && departments[1].parentID == 1)
        let members = try app.members(ofDepartment: 2, token: token).reply(to: samples.response("user_list"))
        #expect(members[0].departments == [1, 2] && members[0].leads == [2] && members[0].isEnabled)
        #expect(members[0].directLeaders == ["lisi"] && members[0].status == .active)
        #expect(members[1].mobile == nil && !members[1].isEnabled && members[1].status == .disabled)
        let robot = try #require(Robot(key: "k"))
        try robot.send(RobotMessage(.text("x"))).reply(to: samples.response("webhook_send"))
    }

    @Test func `numbers as texts, texts as numbers and old names are read`() throws {
        let ticket = try app.companyTicket(token: token).reply(
            to: json(#"{"errcode":"0","ticket":"T","expires_in":"7200"}"#))
        #expect(ticket.lifetime == 7200)
        #expect(
            try app.identity(code: code(), token: token).reply(to: json(#"{"UserId":"li"}"#))
                == .member(userID: "li", ticket: nil))
        #expect(
            try app.identity(code: code(), token: token).reply(to: json(#"{"OpenId":"o1"}"#))
                == .outsider(openID: "o1", externalUserID: nil))
        let members = try app.members(ofDepartment: 1, token: token).reply(
            to: json(
                #"{"userlist":[{"userid":10086,"department":["1",2],"is_leader_in_dept":["1","0"],"status":"1"}]}"#))
        #expect(members.map(\.userID) == ["10086"] && members[0].leads == [1] && members[0].isEnabled)
    }

    @Test func `a snapshot user is nobody`() throws {
        let response = try Samples().response("sns_access_token_snapshot")
        #expect(throws: WeChatError.snapshotUser) { try account.identity(code: code()).reply(to: response) }
        let odd = json(#"{"access_token":"T","openid":"o","is_snapshotuser":"1"}"#)
        #expect(throws: WeChatError.snapshotUser) { try account.identity(code: code()).reply(to: odd) }
    }

    @Test(arguments: [
        (-1, WeChatError.busy), (40029, .codeInvalid), (40163, .codeUsed), (42003, .codeExpired), (41008, .codeInvalid),
        (40001, .credentialWrong(40001)), (40013, .credentialWrong(40013)), (40125, .credentialWrong(40125)),
        (42001, .tokenExpired(42001)), (42007, .tokenExpired(42007)), (45011, .rateLimited(45011)),
        (45009, .rateLimited(45009)), (48001, .notAuthorised(48001)), (60020, .notAuthorised(60020)),
        (50002, .personRestricted(50002)), (40226, .personRestricted(40226)), (12345, .unknown(12345)),
    ])
    func `an errcode at status 200 is an error`(number: Int, error: WeChatError) throws {
        for text in ["\(number)", "\"\(number)\""] {
            #expect(throws: error) {
                try account.identity(code: code()).reply(to: json(#"{"errcode":\#(text),"errmsg":"x","openid":"o"}"#))
            }
        }
    }

    @Test func `40001 is an ended token where a token was sent`() {
        #expect(throws: WeChatError.tokenExpired(40001)) {
            try account.ticket(token: token).reply(to: json(#"{"errcode":40001}"#))
        }
    }

    @Test(arguments: [
        "", "null", "[]", "1", "{", #"{"access_token":"T","ope"#, "<html>", #"{"openid":"o"}"#,
        #"{"access_token":"T"}"#,
        #"{"errcode":[],"access_token":"T","openid":"o"}"#, #"{"errcode":1e99,"access_token":"T","openid":"o"}"#,
        #"{"errcode":0.5,"access_token":"T","openid":"o"}"#, #"{"access_token":"T","openid":"a\nb"}"#,
        #"{"access_token":{},"openid":"o"}"#, #"{"access_token":"T T","openid":"o"}"#,
        String(repeating: "[", count: 100_000), #"{"a":"# + String(repeating: "[", count: 600),
    ])
    func `anything else is a malformed reply`(text: String) throws {
        #expect(throws: WeChatError.malformedReply) { try account.identity(code: code()).reply(to: json(text)) }
    }

    @Test func `a reply over its limit, of another person, or with another status is none`() throws {
        let long =
            #"{"access_token":"T","openid":"o","x":"\#(String(repeating: "x", count: WeChatLimits.replyBytes))"}"#
        #expect(throws: WeChatError.malformedReply) { try account.identity(code: code()).reply(to: json(long)) }
        let other = json(#"{"openid":"oSomebodyElse"}"#)
        #expect(throws: WeChatError.malformedReply) { try account.profile(of: identity()).reply(to: other) }
        let bad = WeChatResponse(status: 502, body: Array(#"{"access_token":"T","openid":"o"}"#.utf8))
        #expect(throws: WeChatError.httpStatus(502)) { try account.identity(code: code()).reply(to: bad) }
        #expect(throws: WeChatError.malformedReply) {
            try account.token.reply(to: json(#"{"access_token":"T","expires_in":-5}"#))
        }
        #expect(try account.token.reply(to: json(#"{"access_token":"T","expires_in":9e15}"#)).lifetime == 86_400)
    }

    @Test func `a nickname is one visible line, and a picture comes from WeChat only`() throws {
        let identity = try identity()
        func profile(_ fields: String) throws -> WeChatProfile {
            try account.profile(of: identity).reply(to: json(#"{"openid":"\#(identity.openID)",\#(fields)}"#))
        }
        #expect(try profile("\"nickname\":\"a\u{1}\\n b\u{202E}c\u{200B}\"").nickname == "a bc")
        #expect(try profile(#""nickname":"👨‍👩‍👧 e\u0301""#).nickname == "👨‍👩‍👧 e\u{301}")
        #expect(try profile(#""nickname":"\#(String(repeating: "长", count: 100))""#).nickname?.count == 64)
        #expect(
            try profile(#""nickname":"\#("a" + String(repeating: "\u{301}", count: 9000))""#).nickname?.utf8.count ?? 0
                < 2000)
        #expect(try profile(#""nickname":"""#).nickname == nil)
        for host in [
            "http://127.0.0.1/", "https://qlogo.cn.evil.org/", "https://evilqlogo.cn/", "https://wx.qlogo.cn:1/",
        ] {
            #expect(try profile(#""headimgurl":"\#(host)""#).avatar == nil)
        }
        #expect(try profile(#""headimgurl":"http://wx.qlogo.cn/1""#).avatar != nil)
    }

    @Test func `a listing with one bad entry is none, since an import is all or nothing`() {
        for text in [#"{"userlist":[{"userid":"a"},{"name":"b"}]}"#, #"{"userlist":{}}"#, "{}"] {
            #expect(throws: WeChatError.malformedReply) {
                try app.members(ofDepartment: 1, token: token).reply(to: json(text))
            }
        }
        #expect(throws: WeChatError.malformedReply) {
            try app.departments(under: 1, token: token).reply(to: json(#"{"department":[{"id":-1}]}"#))
        }
    }

    @Test func `each error has a text in both languages and no number that is not WeChat's`() {
        let errors: [WeChatError] = [
            .busy, .codeInvalid, .codeUsed, .codeExpired, .tokenExpired(1), .credentialWrong(1), .rateLimited(1),
            .notAuthorised(1), .personRestricted(1), .noRelation, .contactUnknown, .robotUnknown, .messageInvalid(1),
            .messageTooLong, .unknown(1), .snapshotUser, .stateMismatch, .redirectNotAuthorised, .pageNotOurs,
            .malformedReply, .httpStatus(502), .unreachable, .timedOut,
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        for error in errors {
            #expect(error.chinese.hasSuffix("。") && error.english.hasSuffix("."))
            #expect(error.code.hasPrefix("wechat_"))
        }
        #expect(WeChatError.busy.isTemporary && !WeChatError.codeUsed.isTemporary)
    }
}
