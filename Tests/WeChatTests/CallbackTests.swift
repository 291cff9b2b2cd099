import Testing

@testable import WeChat

@Suite struct CallbackTests {
    // The documents' sample, checked with openssl.
    private let sampleTime: Int64 = 1_409_659_589
    private let sampleEcho = """
        P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==
        """

    private func key(
        token: String = "QDG6eK", aes: String = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        receiver: String = "wx5823bf96d3bd56c7"
    ) throws -> CallbackKey {
        try #require(CallbackKey(token: Secret(token), encodingAESKey: Secret(aes), receiverID: receiver))
    }

    private func query(
        signature: String = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", timestamp: String = "1409659589",
        nonce: String = "263014780"
    ) -> CallbackQuery {
        CallbackQuery(signature: signature, timestamp: timestamp, nonce: nonce)
    }

    @Test func `the published echo is answered with its plaintext`() throws {
        #expect(try key().echo(query(), echo: sampleEcho, now: sampleTime) == Array("1616140317555161061".utf8))
    }

    @Test func `the second published vector comes out when sealing and goes back when opened`() throws {
        let key = try key(
            aes: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", receiver: "wxb11529c136998cb6")
        let message = Array("我是中文abcd123".utf8)
        let sealed = try #require(
            key.seal(message, random: Array("aaaabbbbccccdddd".utf8), timestamp: 5, nonce: "n"))
        #expect(
            sealed.encrypted
                == "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==")
        #expect(try key.open(sealed.query, encrypted: sealed.encrypted, now: 5) == message)
        #expect(try CallbackFields(Array(sealed.answer.utf8))["Encrypt"] == sealed.encrypted)
    }

    @Test func `messages of every length modulo a block go there and back`() throws {
        let key = try key()
        let random = [UInt8](repeating: 7, count: CallbackKey.randomBytes)
        for length in 0...70 {
            let message = [UInt8](repeating: 0x20, count: length)
            let sealed = try #require(key.seal(message, random: random, timestamp: 0, nonce: ""))
            #expect(try key.open(sealed.query, encrypted: sealed.encrypted, now: 0) == message)
        }
        #expect(key.seal([], random: [], timestamp: 0, nonce: "") == nil)
    }

    @Test func `a changed part breaks the signature`() throws {
        let key = try key()
        let changed = String(sampleEcho.dropLast(4)) + "AQ=="
        let cases = [
            (query(signature: ""), sampleEcho), (query(signature: query().signature.uppercased()), sampleEcho),
            (query(timestamp: "1409659590"), sampleEcho), (query(nonce: "263014781"), sampleEcho), (query(), changed),
        ]
        for (query, echo) in cases {
            #expect(throws: CallbackError.signatureWrong) { try key.echo(query, echo: echo, now: sampleTime) }
        }
        #expect(throws: CallbackError.signatureWrong) {
            try self.key(token: "other").echo(query(), echo: sampleEcho, now: sampleTime)
        }
    }

    @Test func `five minutes are the limit, both ways`() throws {
        let key = try key()
        for now in [sampleTime - 300, sampleTime + 300] { _ = try key.echo(query(), echo: sampleEcho, now: now) }
        for now in [sampleTime - 301, sampleTime + 301, .min, .max] {
            #expect(throws: CallbackError.outsideWindow) { try key.echo(query(), echo: sampleEcho, now: now) }
        }
        for timestamp in ["", "-1", "1e9", "1409659589 ", String(repeating: "9", count: 16), "１"] {
            #expect(throws: CallbackError.malformed) {
                try key.echo(query(timestamp: timestamp), echo: sampleEcho, now: sampleTime)
            }
        }
    }

    @Test func `another company's push and another key's are told apart`() throws {
        #expect(throws: CallbackError.receiverWrong) {
            try key(receiver: "wx0000000000000000").echo(query(), echo: sampleEcho, now: sampleTime)
        }
        #expect(throws: CallbackError.undecryptable) {
            try key(aes: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").echo(query(), echo: sampleEcho, now: sampleTime)
        }
        for aes in ["", "short", String(repeating: "*", count: 43), String(repeating: "a", count: 44)] {
            #expect(CallbackKey(token: Secret("t"), encodingAESKey: Secret(aes), receiverID: "r") == nil)
        }
    }

    /// Signs anything, as somebody with the token but without sense would.
    private func signed(_ encrypted: String, by key: CallbackKey) throws -> CallbackQuery {
        let token = "QDG6eK"
        let parts = [token, "5", "n", encrypted].map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        return CallbackQuery(signature: SHA1Text.of(parts.flatMap { $0 }), timestamp: "5", nonce: "n")
    }

    @Test(arguments: ["", "=", "AAAA", "****", "AAAAAAAAAAAAAAAAAAAAAA==", String(repeating: "A", count: 128)])
    func `a rightly signed text that is no ciphertext is refused`(encrypted: String) throws {
        let key = try key()
        let query = try signed(encrypted, by: key)
        #expect(throws: CallbackError.undecryptable) { try key.open(query, encrypted: encrypted, now: 5) }
    }

    @Test func `a length beyond the text and a padding that is none are refused`() throws {
        let key = try key()
        let random = [UInt8](repeating: 7, count: CallbackKey.randomBytes)
        // The plaintext that `seal` would frame is built by hand, and encrypted without a second frame.
        func sealRaw(_ plain: [UInt8]) throws -> (CallbackQuery, String) {
            let encrypted = try RawCipher.encrypt(plain, encodingAESKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")
            return (try signed(encrypted, by: key), encrypted)
        }
        let receiver = Array("wx5823bf96d3bd56c7".utf8)
        let good = random + [0, 0, 0, 2] + Array("hi".utf8) + receiver
        let padding = 64 - good.count
        let cases: [[UInt8]] = [
            random + [0xFF, 0xFF, 0xFF, 0xFF] + Array("hi".utf8) + receiver + pad(padding),
            random + [0, 0, 0, 200] + Array("hi".utf8) + receiver + pad(padding),
            good + Array(repeating: UInt8(0), count: padding),
            good + Array(repeating: UInt8(33), count: padding),
            good + Array(repeating: UInt8(1), count: padding - 1) + [UInt8(padding)],
            pad(32), random + pad(16),
        ]
        for plain in cases {
            let (query, encrypted) = try sealRaw(plain)
            #expect(throws: CallbackError.undecryptable) { try key.open(query, encrypted: encrypted, now: 5) }
        }
        let (query, encrypted) = try sealRaw(good + pad(padding))
        #expect(try key.open(query, encrypted: encrypted, now: 5) == Array("hi".utf8))
    }

    private func pad(_ count: Int) -> [UInt8] { Array(repeating: UInt8(count), count: count) }

    private func message(_ xml: String) throws -> CallbackMessage {
        let key = try key()
        let sealed = try #require(
            key.seal(Array(xml.utf8), random: Array(repeating: 1, count: 16), timestamp: 5, nonce: "n"))
        let body = """
            <xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\
            <AgentID><![CDATA[]]></AgentID><Encrypt><![CDATA[\(sealed.encrypted)]]></Encrypt></xml>
            """
        return try key.message(sealed.query, body: Array(body.utf8), now: 5)
    }

    private func change(_ type: String, _ fields: String, time: Int = 5) throws -> CallbackMessage {
        try message(
            """
            <xml>
              <ToUserName><![CDATA[ww1]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>
              <CreateTime>\(time)</CreateTime><MsgType><![CDATA[event]]></MsgType>
              <Event><![CDATA[change_contact]]></Event><ChangeType>\(type)</ChangeType>\(fields)
            </xml>
            """)
    }

    @Test func `changes of members and departments are told`() throws {
        let extra =
            "<ExtAttr><Item><Name>a</Name><Text><Value>v</Value></Text></Item><Item><Name>b</Name></Item></ExtAttr>"
        #expect(try change("create_user", "<UserID>li</UserID>\(extra)").event == .memberCreated(userID: "li"))
        #expect(
            try change("update_user", "<UserID>li</UserID><NewUserID>li2</NewUserID><Status>2</Status>").event
                == .memberUpdated(userID: "li", newUserID: "li2", status: .disabled))
        #expect(try change("delete_user", "<UserID><![CDATA[li]]></UserID>").event == .memberDeleted(userID: "li"))
        #expect(try change("update_party", "<Id>2</Id>").event == .departmentUpdated(id: 2))
        #expect(try change("delete_party", "<Id>2</Id>").event == .departmentDeleted(id: 2))
        #expect(try change("create_party", "<Id>x</Id>").event == .other("change_contact"))
        #expect(try change("delete_user", "<UserID>a b</UserID>").event == .other("change_contact"))
        #expect(try change("delete_user", "").created == 5)
        #expect(try message("<xml><Event>meeting_start</Event></xml>").event == .other("meeting_start"))
    }

    @Test func `a repetition is told from two changes in one second`() throws {
        var memory = CallbackMemory()
        let first = try change("delete_user", "<UserID>li</UserID>")
        let second = try change("delete_user", "<UserID>wu</UserID>")
        let repeated = try change("delete_user", "<UserID>li</UserID>")
        let later = try change("delete_user", "<UserID>li</UserID>", time: 6)
        #expect([first, second, repeated, second, later].map { memory.isNew($0) } == [true, true, false, false, true])
        let text = try message("<xml><MsgId>7</MsgId><CreateTime>1</CreateTime></xml>")
        let again = try message("<xml><MsgId>7</MsgId><CreateTime>2</CreateTime></xml>")
        #expect([text, again].map { memory.isNew($0) } == [true, false])
    }

    @Test func `the memory forgets the oldest and stays bounded`() throws {
        var memory = CallbackMemory()
        func numbered(_ number: Int) throws -> CallbackMessage {
            CallbackMessage(try CallbackFields(Array("<xml><MsgId>\(number)</MsgId></xml>".utf8)))
        }
        let all = try (0...WeChatLimits.rememberedCallbacks).map { try numbered($0) }
        #expect(all.map { memory.isNew($0) } == all.map { _ in true })
        // 0 was forgotten for the last one; remembered again, it costs 1 its place.
        #expect([all[1], all[0], all[1]].map { memory.isNew($0) } == [false, true, true])
    }

    @Test(arguments: [
        "", "<xml>", "<xml></xml", "<xml></xml>x", "x<xml></xml>", "<xml><a></xml>", "<xml><a></b></xml>",
        "<xml></a></xml>",
        "<XML></XML>", "<xml>text</xml>", "<xml><a>1</a><a>2</a></xml>", "<xml><a>&lt;</a></xml>",
        "<xml><a>&x;</a></xml>",
        "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><a>&x;</a></xml>", "<xml><!-- --></xml>",
        "<xml><?php ?></xml>", "<xml a=\"1\"></xml>", "<xml><a b=\"1\">1</a></xml>", "<xml><a><![CDATA[x</a></xml>",
        "<xml><![CDATA[x]]></xml>", "<xml>< a></ a></xml>", "<xml><></></xml>", "<?xml version=\"1.0\"",
        "<xml>" + String(repeating: "<a>", count: 9), "<xml>" + String(repeating: "<a>", count: 20_000),
        "<xml>" + String(repeating: "<a/>", count: 2),
        "<xml><a>" + String(repeating: "x", count: 65_536) + "</a></xml>",
        "<xml>" + (0...64).map { "<f\($0)/>" }.joined() + "</xml>",
    ])
    func `anything but the small form is refused`(xml: String) {
        #expect(throws: CallbackError.malformed) { try CallbackFields(Array(xml.utf8)) }
    }

    @Test func `every beginning of a good text ends in an error, and every byte changed in a result or an error`()
        throws
    {
        let good = Array("<?xml version=\"1.0\"?>\n<xml><a><![CDATA[x]]></a> <b>y</b><c/><d><e>1</e></d></xml>\n".utf8)
        let fields = try CallbackFields(good)
        #expect(
            fields["a"] == "x" && fields["b"] == "y" && fields["c"] == "" && fields["d"] == nil && fields["e"] == nil)
        for length in 0..<(good.count - 1) {
            #expect(throws: CallbackError.malformed) { try CallbackFields(Array(good.prefix(length))) }
        }
        for index in good.indices {
            for byte: UInt8 in [0, 0x20, 0x26, 0x2F, 0x3C, 0x3E, 0x5D, 0xFF] {
                var changed = good
                changed[index] = byte
                _ = try? CallbackFields(changed)
            }
        }
    }

    @Test func `a body without Encrypt, or with bytes that are no text, is malformed`() throws {
        for body in ["<xml><ToUserName>a</ToUserName></xml>", "", "{}"] {
            #expect(throws: CallbackError.malformed) {
                try key().message(query(), body: Array(body.utf8), now: sampleTime)
            }
        }
        #expect(throws: CallbackError.malformed) {
            try CallbackFields(Array("<xml><a>".utf8) + [0xC3, 0x28] + Array("</a></xml>".utf8))
        }
    }

    @Test func `a key is never printed`() throws {
        let key = try key()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(!text.contains("QDG6eK") && !text.contains("jWmYm7"))
        }
    }
}
