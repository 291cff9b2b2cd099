import Testing

@testable import WeChat

@Suite struct RobotTests {
    private let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]

    private func text(_ text: String) throws -> RobotMessage { try RobotMessage(.text(text)) }

    private func refusal(_ make: () throws(RobotMessageError) -> RobotMessage) -> RobotMessageError? {
        do throws(RobotMessageError) {
            _ = try make()
            return nil
        } catch {
            return error
        }
    }

    @Test func `each kind is written as WeCom reads it`() throws {
        #expect(
            try String(
                decoding: RobotMessage(.text("a\"\n", mentioned: ["@all"], mentionedMobiles: ["138"])).body,
                as: UTF8.self)
                == #"{"msgtype":"text","text":{"content":"a\"\u000a","mentioned_list":["@all"],"mentioned_mobile_list":["138"]}}"#
        )
        #expect(
            try String(decoding: RobotMessage(.markdown("**x**")).body, as: UTF8.self)
                == #"{"markdown":{"content":"**x**"},"msgtype":"markdown"}"#)
        #expect(
            try String(decoding: RobotMessage(.image(png)).body, as: UTF8.self)
                == #"{"image":{"base64":"iVBORw0KGgoBAgM=","md5":"8ca92d7f177036b4a00594a4aa98468e"},"msgtype":"image"}"#
        )
        let card = RobotMessage.Card(
            title: "周会", description: "d", rows: [.init(name: "时间", value: "10:00")], url: "https://m.example/1")
        #expect(
            try String(decoding: RobotMessage(.card(card)).body, as: UTF8.self)
                == #"{"msgtype":"template_card","template_card":{"card_action":{"type":1,"url":"https://m.example/1"},"#
                + #""card_type":"text_notice","horizontal_content_list":[{"keyname":"时间","value":"10:00"}],"#
                + #""main_title":{"desc":"d","title":"周会"}}}"#)
    }

    @Test func `what is written is read back the same`() throws {
        let contents: [RobotMessage.Content] = [
            .text("你好 \u{1F600}\\", mentioned: ["li", "@all"]), .markdown("# x"), .image(png),
            .news([
                .init(title: "t", description: "d", url: "https://a/?b=c", pictureURL: "https://a/p.png"),
                .init(title: "u", url: "http://a/"),
            ]),
            .card(.init(title: "t", rows: [.init(name: "n", value: "")], url: "https://a/")),
        ]
        for content in contents {
            let message = try RobotMessage(content)
            #expect(try RobotMessage(body: message.body) == message)
        }
    }

    @Test func `limits are counted in bytes of UTF-8 and are exact`() throws {
        _ = try text(String(repeating: "x", count: 2048))
        #expect(
            refusal { () throws(RobotMessageError) in try RobotMessage(.text(String(repeating: "长", count: 683))) }
                == .tooLong("text.content", limit: 2048))
        _ = try RobotMessage(.markdown(String(repeating: "x", count: 4096)))
        #expect(
            refusal { () throws(RobotMessageError) in try RobotMessage(.markdown(String(repeating: "x", count: 4097)))
            }?.errcode == 45002)
        let article = RobotMessage.Article(title: String(repeating: "x", count: 128), url: "https://a/")
        _ = try RobotMessage(.news(Array(repeating: article, count: 8)))
        #expect(
            refusal { () throws(RobotMessageError) in try RobotMessage(.news(Array(repeating: article, count: 9))) }
                == .malformed("news.articles"))
        #expect(refusal { () throws(RobotMessageError) in try RobotMessage(.news([])) } == .malformed("news.articles"))
        var long = article
        long.description = String(repeating: "x", count: 513)
        #expect(
            refusal { () throws(RobotMessageError) in try RobotMessage(.news([long])) }
                == .tooLong("news.articles.description", limit: 512))
        let image = png + [UInt8](repeating: 0, count: WeChatLimits.robotImageBytes - png.count)
        _ = try RobotMessage(body: RobotMessage(.image(image)).body)
        #expect(refusal { () throws(RobotMessageError) in try RobotMessage(.image(image + [0])) }?.errcode == 45002)
    }

    @Test(arguments: [
        ("", RobotMessageError.malformed("body")), ("[]", .malformed("body")), ("{}", .unknownType),
        (#"{"msgtype":"file","file":{"media_id":"x"}}"#, .unknownType), (#"{"msgtype":{}}"#, .unknownType),
        (#"{"msgtype":"text"}"#, .malformed("text.content")),
        (#"{"msgtype":"text","text":{"content":""}}"#, .malformed("text.content")),
        (#"{"msgtype":"text","text":{"content":[1]}}"#, .malformed("text.content")),
        (#"{"msgtype":"text","text":{"content":"a\u0000b"}}"#, .malformed("text.content")),
        (#"{"msgtype":"text","text":{"content":"a","mentioned_list":"li"}}"#, .malformed("text.mentioned_list")),
        (#"{"msgtype":"text","text":{"content":"a","mentioned_list":[{}]}}"#, .malformed("text.mentioned_list")),
        (#"{"msgtype":"image","image":{"base64":"*","md5":""}}"#, .malformed("image.base64")),
        (
            #"{"msgtype":"image","image":{"base64":"iVBORw0KGgoBAgM=","md5":"8ca92d7f177036b4a00594a4aa984680"}}"#,
            .malformed("image.md5")
        ),
        (
            #"{"msgtype":"image","image":{"base64":"AAAA","md5":"693e9af84d3dfcc71e640e005bdc5e2e"}}"#,
            .malformed("image.base64")
        ),
        (
            #"{"msgtype":"news","news":{"articles":[{"title":"t","url":"javascript:alert(1)"}]}}"#,
            .malformed("news.articles.url")
        ),
        (#"{"msgtype":"news","news":{"articles":[{"url":"https://a/"}]}}"#, .malformed("news.articles.title")),
        (#"{"msgtype":"template_card","template_card":{"card_type":"button"}}"#, .malformed("template_card.card_type")),
    ])
    func `a body that is no message is refused with its field`(body: String, error: RobotMessageError) {
        #expect(refusal { () throws(RobotMessageError) in try RobotMessage(body: Array(body.utf8)) } == error)
    }

    @Test func `a refusal is JSON with WeCom's number`() {
        #expect(
            String(decoding: RobotMessageError.unknownKey.reply, as: UTF8.self)
                == #"{"errcode":93000,"errmsg":"invalid webhook url"}"#)
        #expect(String(decoding: RobotMessageError.success, as: UTF8.self) == #"{"errcode":0,"errmsg":"ok"}"#)
        let errors: [RobotMessageError] = [.unknownType, .malformed("x"), .tooLong("x", limit: 1), .tooOften]
        #expect(errors.map(\.errcode) == [40008, 40058, 45002, 45009])
    }

    @Test func `a robot's key is in its address and nowhere else`() throws {
        let robot = try #require(
            Robot(address: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4"))
        let call = robot.send(try text("x"))
        #expect(call.request.address.hasSuffix("/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4"))
        var dumped = ""
        dump(call, to: &dumped)
        dump(robot, to: &dumped)
        for printed in ["\(robot)", String(reflecting: robot), "\(call)", "\(call.request)", dumped] {
            #expect(!printed.contains("693a91f6"))
        }
        for address in [
            "https://evil.example/cgi-bin/webhook/send?key=k", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a&b=c",
            "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k",
        ] {
            #expect(Robot(address: address) == nil)
        }
    }

    @Test func `no minute ever has more than 20 messages`() {
        var budget = RobotBudget()
        var sent: [Int64] = []
        // As fast as it goes, with a quiet half minute in between.
        for now in Int64(0)..<400 where !(100..<130).contains(now) {
            while budget.take(now: now) { sent.append(now) }
        }
        for start in Int64(0)..<400 { #expect(sent.count { $0 >= start && $0 < start + 60 } <= 20) }
        #expect(sent.count == 20 * 7)
        #expect(budget.nextPlace(now: 399) == sent[sent.count - 20] + 60)
    }

    @Test func `a clock that was set back opens the robot again`() {
        var budget = RobotBudget()
        while budget.take(now: 1_000_000) {}
        budget.close(now: 1_000_000)
        #expect(budget.nextPlace(now: 500) == 500)
    }

    @Test func `a queue sends in order, one at a time, nothing twice`() throws {
        var queue = RobotQueue()
        let (a, b) = (try text("a"), try text("b"))
        queue.add(a)
        queue.add(b)
        queue.add(a)
        #expect(queue.next(now: 0) == .send(a))
        #expect(queue.next(now: 0) == .idle)
        queue.sent()
        #expect(queue.next(now: 0) == .send(b))
        queue.sent()
        #expect(queue.next(now: 0) == .idle)
    }

    @Test func `of a subject only the last message goes, at the place of the first`() throws {
        var queue = RobotQueue()
        queue.add(try text("meeting at 10"), subject: "m1")
        queue.add(try text("b"))
        queue.add(try text("meeting at 11"), subject: "m1")
        #expect(queue.next(now: 0) == .send(try text("meeting at 11")))
        queue.sent()
        #expect(queue.next(now: 0) == .send(try text("b")))
    }

    @Test func `the 21st message waits for its place`() throws {
        var queue = RobotQueue()
        for number in 0..<21 { queue.add(try text("\(number)")) }
        for number in 0..<20 {
            #expect(queue.next(now: 100) == .send(try text("\(number)")))
            queue.sent()
        }
        #expect(queue.next(now: 100) == .wait(until: 160))
        #expect(queue.next(now: 160) == .send(try text("20")))
    }

    @Test func `what failed for now is tried three times, what is wrong never again`() throws {
        var queue = RobotQueue()
        queue.add(try text("a"))
        for attempt in Int64(0)..<3 {
            #expect(queue.next(now: attempt * 60) == .send(try text("a")))
            queue.failed(attempt == 0 ? .rateLimited(45009) : .unreachable, now: attempt * 60)
            if attempt < 2 { #expect(queue.next(now: attempt * 60 + 59) == .wait(until: attempt * 60 + 60)) }
        }
        #expect(queue.next(now: 1000) == .idle && queue.dropped == 1)
        queue.add(try text("b"))
        queue.add(try text("c"))
        #expect(queue.next(now: 1000) == .send(try text("b")))
        queue.failed(.messageInvalid(40058), now: 1000)
        #expect(queue.next(now: 1000) == .send(try text("c")))
        #expect(queue.dropped == 2)
    }

    @Test func `a failed message gives way to a newer one of its subject, and a full queue to the newest`() throws {
        var queue = RobotQueue()
        queue.add(try text("old"), subject: "m")
        _ = queue.next(now: 0)
        queue.add(try text("new"), subject: "m")
        queue.failed(.busy, now: 0)
        #expect(queue.next(now: 60) == .send(try text("new")))
        queue.sent()
        for number in 0...WeChatLimits.robotQueue { queue.add(try text("\(number)")) }
        #expect(queue.dropped == 1)
        #expect(queue.next(now: 200) == .send(try text("1")))
    }
}
