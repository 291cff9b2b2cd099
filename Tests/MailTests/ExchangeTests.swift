import Testing

@testable import Mail

/// The state machine with a server that is a list of lines.
@Suite struct ExchangeTests {
    private typealias Outcome = Result<SMTPReceipt, DeliveryError>

    private func exchange(
        to recipients: [String] = ["b@example.com"], security: SMTPServer.Security = .none,
        credentials: SMTPServer.Credentials? = nil, message: String = "Subject: x\r\n\r\n.dot\r\n"
    ) throws -> SMTPExchange {
        let envelope = SMTPEnvelope(
            from: try MailAddress("a@example.com"), recipients: try recipients.map { try MailAddress($0) },
            message: Array(message.utf8))
        return SMTPExchange(envelope, helloName: "me.example", security: security, credentials: credentials)
    }

    private let credentials = SMTPServer.Credentials(user: "user", password: "pass")

    /// Feeds the lines and returns what was sent, and the end if there was one. `TLS` in what was sent is the handshake.
    private func run(_ exchange: SMTPExchange, _ lines: [String]) -> (sent: [String], outcome: Outcome?) {
        var exchange = exchange
        var sent: [String] = []
        for line in lines {
            var action = exchange.receive(Array(line.utf8))
            if action == .startTLS {
                sent.append("TLS")
                action = exchange.secured()
            }
            switch action {
            case .send(let bytes): sent.append(String(decoding: bytes, as: UTF8.self))
            case .finish(let outcome): return (sent, outcome)
            case .wait, .startTLS: break
            }
        }
        return (sent, nil)
    }

    @Test func `a plain delivery says each command once, in order`() throws {
        let (sent, outcome) = run(
            try exchange(),
            [
                "220-hello", "220 there", "250-me", "250-SIZE 1000", "250 8BITMIME", "250 ok", "250 ok", "354 go",
                "250 2.0.0 queued",
            ])
        #expect(
            sent == [
                "EHLO me.example\r\n", "MAIL FROM:<a@example.com> SIZE=20\r\n", "RCPT TO:<b@example.com>\r\n",
                "DATA\r\n",
                "Subject: x\r\n\r\n..dot\r\n.\r\n",
            ])
        guard case .success(let receipt) = outcome else { throw ExpectationFailed() }
        #expect(receipt.reply.text == "2.0.0 queued" && receipt.refusals.isEmpty)
    }

    @Test func `STARTTLS comes first, and what was offered before it is forgotten`() throws {
        let machine = try exchange(security: .startTLS, credentials: credentials)
        let (sent, outcome) = run(
            machine,
            [
                "220 x", "250-x", "250-AUTH PLAIN", "250-SMTPUTF8", "250 STARTTLS", "220 go", "250-x", "250 AUTH LOGIN",
                "334 VXNlcg==",
            ])
        #expect(outcome == nil)
        #expect(
            sent == [
                "EHLO me.example\r\n", "STARTTLS\r\n", "TLS", "EHLO me.example\r\n", "AUTH LOGIN\r\n", "dXNlcg==\r\n",
            ])
    }

    @Test func `nothing but EHLO is said to a server that should encrypt and does not`() throws {
        let (sent, outcome) = run(
            try exchange(security: .startTLS, credentials: credentials), ["220 x", "250 AUTH PLAIN"])
        #expect(sent == ["EHLO me.example\r\n"])
        #expect(outcome == .failure(.tlsNotOffered))
    }

    @Test func `both ways of signing in are known, and none is used unasked`() throws {
        let machine = try exchange(security: .implicitTLS, credentials: credentials)
        #expect(
            run(machine, ["220 x", "250-x", "250 AUTH LOGIN PLAIN"]).sent.last == "AUTH PLAIN AHVzZXIAcGFzcw==\r\n")
        #expect(
            run(machine, ["220 x", "250-x", "250 AUTH=LOGIN", "334 VXNlcg==", "334 UGFzcw==", "235 ok"]).sent.suffix(4)
                == [
                    "AUTH LOGIN\r\n", "dXNlcg==\r\n", "cGFzcw==\r\n", "MAIL FROM:<a@example.com>\r\n",
                ])
        #expect(run(machine, ["220 x", "250-x", "250 AUTH CRAM-MD5"]).outcome == .failure(.authenticationNotOffered))
        #expect(
            run(machine, ["220 x", "250-x", "250 AUTH LOGIN", "235 ok"]).outcome
                == .failure(.malformedReply(.authentication)))
    }

    @Test(arguments: [
        (["554 no"], SMTPStage.greeting, false), (["421 busy"], .greeting, true),
        (["220 x", "502 no"], .hello, false),
        (["220 x", "250 x", "451 later"], .sender, true), (["220 x", "250 x", "550 no"], .sender, false),
        (["220 x", "250 x", "250 x", "450 greylisted"], .recipient, true),
        (["220 x", "250 x", "250 x", "550 who"], .recipient, false),
        (["220 x", "250 x", "250 x", "421 bye"], .recipient, true),
        (["220 x", "250 x", "250 x", "250 x", "554 no"], .data, false),
        (["220 x", "250 x", "250 x", "250 x", "354 x", "452 full"], .message, true),
        (["220 x", "250 x", "250 x", "250 x", "354 x", "554 spam"], .message, false),
    ])
    func `a refusal says where, and whether it is for now`(lines: [String], stage: SMTPStage, isTemporary: Bool) throws
    {
        guard case .failure(let error) = run(try exchange(), lines).outcome, case .refused(let at, let reply) = error
        else {
            throw ExpectationFailed()
        }
        #expect(at == stage)
        #expect(error.isTemporary == isTemporary)
        #expect(lines.last == "\(reply.code) \(reply.text)")
    }

    @Test func `who is refused is named, and the others get the message`() throws {
        let machine = try exchange(to: ["a@x", "b@x", "c@x"])
        let (sent, outcome) = run(
            machine, ["220 x", "250 x", "250 x", "550 no", "250 x", "450 later", "354 x", "250 done"])
        #expect(sent.suffix(2).first == "DATA\r\n")
        guard case .success(let receipt) = outcome else { throw ExpectationFailed() }
        #expect(receipt.refusals.map(\.recipient.mailbox) == ["a@x", "c@x"])
        #expect(receipt.refusals.map(\.error.isTemporary) == [false, true])
        let none = run(machine, ["220 x", "250 x", "250 x", "550 no", "450 later", "550 no"])
        guard case .failure(let error) = none.outcome else { throw ExpectationFailed() }
        #expect(error.isTemporary && none.sent.last == "RCPT TO:<c@x>\r\n")
    }

    @Test func `what the server cannot take is not sent`() throws {
        let large = run(try exchange(), ["220 x", "250-x", "250 SIZE 19"])
        #expect(large.outcome == .failure(.tooLarge(limit: 19)))
        #expect(run(try exchange(), ["220 x", "250-x", "250 SIZE 0"]).outcome == nil)
        let chinese = try exchange(to: ["张三@例子.公司"])
        #expect(run(chinese, ["220 x", "250 8BITMIME"]).outcome == .failure(.internationalAddressNotSupported))
        #expect(
            run(chinese, ["220 x", "250-x", "250-8BITMIME", "250 SMTPUTF8"]).sent.last
                == "MAIL FROM:<a@example.com> SMTPUTF8 BODY=8BITMIME\r\n")
    }

    @Test(arguments: [
        "", "22", "abc", "2x0 hi", "220_hi", "120 x", "600 x", "220-" + String(repeating: "x", count: 4093), "354 go",
        "HTTP/1.1 400 Bad",
    ])
    func `an answer that is no greeting ends it`(line: String) throws {
        #expect(run(try exchange(), [line]).outcome == .failure(.malformedReply(.greeting)))
    }

    @Test func `replies are limited and their text is safe for a log`() throws {
        #expect(
            run(try exchange(), [String](repeating: "220-x", count: 101)).outcome
                == .failure(.malformedReply(.greeting)))
        #expect(run(try exchange(), ["220-x", "250 x"]).outcome == .failure(.malformedReply(.greeting)))
        var parser = SMTPReplyParser()
        #expect(try parser.take(Array("220-".utf8) + [0x1B, 0x5B, 0xE4, 0x0D]) == nil)
        #expect(try parser.take(Array("220".utf8)) == SMTPReply(code: 220, lines: ["?[??", ""]))
        for _ in 0..<50 { _ = try parser.take(Array("220-\(String(repeating: "y", count: 100))".utf8)) }
        let long = try parser.take(Array("220 z".utf8))
        #expect(long?.lines.reduce(0) { $0 + $1.utf8.count } == 512)
    }

    @Test(arguments: [
        ("", ".\r\n"), (".\r\n", "..\r\n.\r\n"), ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"), ("a", "a\r\n.\r\n"),
    ])
    func `lines of dots end no message`(message: String, stuffed: String) {
        #expect(String(decoding: SMTPExchange.dotStuffed(Array(message.utf8)), as: UTF8.self) == stuffed)
    }

    @Test func `any lines in any order end or go on, and never trap`() throws {
        let words = [
            "220 x", "250 x", "250-STARTTLS", "250 AUTH PLAIN LOGIN", "334 x", "235 x", "354 x", "421 x", "550 x", "x",
            "250 SIZE 99999999999999999999", "250 SIZE -1", "",
        ]
        for security in [SMTPServer.Security.none, .startTLS, .implicitTLS] {
            for seed in 0..<3000 {
                var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
                let lines = (0..<10).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return words[Int(state >> 33) % words.count]
                }
                let (sent, _) = run(
                    try exchange(security: security, credentials: security == .none ? nil : credentials), lines)
                // Secrets and contents go out after the handshake only.
                if security == .startTLS,
                    let first = sent.firstIndex(where: { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
                {
                    #expect(sent[..<first].contains("TLS"))
                }
            }
        }
    }

    // MARK: The description of a server

    @Test func `a server is described in full or not at all`() throws {
        func problem(
            host: String = "mail.example.com", port: Int = 587, security: SMTPServer.Security = .startTLS,
            user: String? = nil, password: String = "p", hello: String = "me.example", trusted: String? = nil
        ) -> SMTPServer.Problem? {
            do {
                _ = try SMTPServer(
                    host: host, port: port, security: security,
                    credentials: user.map { .init(user: $0, password: password) }, helloName: hello,
                    trustedCertificates: trusted.map { Array($0.utf8) })
                return nil
            } catch {
                return error
            }
        }
        #expect(problem() == nil && problem(user: "u") == nil)
        #expect(problem(host: "") == .host && problem(host: "a b") == .host)
        #expect(problem(port: 0) == .port && problem(port: 65_536) == .port)
        #expect(problem(hello: "me\r\nMAIL") == .helloName && problem(hello: "") == .helloName)
        #expect(problem(user: "") == .credentials && problem(user: "u", password: "a\0b") == .credentials)
        #expect(problem(security: .none, user: "u") == .credentialsWithoutTLS)
        #expect(problem(trusted: "nonsense") == .trustedCertificates)
    }

    @Test func `a password shows nowhere`() {
        let secret = SMTPServer.Credentials(user: "someone", password: "hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in [String(describing: secret), String(reflecting: secret), "\(secret)", dumped, "\([secret])"] {
            #expect(!text.contains("hunter2") && !text.contains("someone"))
        }
    }

    @Test func `each error has a code and both languages`() {
        let reply = SMTPReply(code: 550, lines: ["no"])
        let errors: [DeliveryError] =
            [
                .unreachable, .timedOut(.hello), .disconnected(.hello), .tlsFailed, .tlsNotOffered,
                .authenticationNotOffered, .refused(.authentication, reply), .refused(.recipient, reply),
                .refused(.message, reply), .malformedReply(.data), .tooLarge(limit: 1),
                .internationalAddressNotSupported,
                .cancelled,
            ] + MailMessageError.allCases.map(DeliveryError.invalidMessage)
        #expect(Set(errors.map(\.code)).count == errors.count)
        #expect(Set(errors.map(\.chinese)).count == errors.count)
        #expect(Set(errors.map(\.english)).count == errors.count)
    }
}

struct ExpectationFailed: Error {}
