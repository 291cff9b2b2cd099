import Testing

@testable import Mail

@Suite struct MessageTests {
    private func message(subject: String = "Hello", plainText: String = "text", html: String? = nil) throws
        -> MailMessage
    {
        MailMessage(
            from: try MailAddress("hutong@example.com", name: "会议助手"), to: [try MailAddress("a@example.com")],
            subject: subject, messageID: "1@example.com", date: 784_111_777, plainText: plainText, html: html)
    }

    private func text(_ message: MailMessage) throws -> String {
        String(decoding: try message.encoded(), as: UTF8.self)
    }

    @Test func `a plain message is what RFC 5322 shows`() throws {
        #expect(
            try text(message()) == """
                Date: Sun, 06 Nov 1994 08:49:37 +0000\r
                From: =?UTF-8?B?5Lya6K6u5Yqp5omL?= <hutong@example.com>\r
                To: <a@example.com>\r
                Subject: Hello\r
                Message-ID: <1@example.com>\r
                Auto-Submitted: auto-generated\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=UTF-8\r
                Content-Transfer-Encoding: quoted-printable\r
                \r
                text\r

                """)
    }

    @Test func `an invitation is mixed of alternatives and a file`() throws {
        var invitation = try message(html: "<p>你好</p>")
        invitation.invitation = .init(method: .cancel, text: "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
        let lines = try text(invitation).components
        #expect(
            lines.filter { $0.hasPrefix("Content-Type") || $0.hasPrefix("--") } == [
                "Content-Type: multipart/mixed; boundary=\"=_mixed_=\"",
                "--=_mixed_=",
                "Content-Type: multipart/alternative; boundary=\"=_alternative_=\"",
                "--=_alternative_=",
                "Content-Type: text/plain; charset=UTF-8",
                "--=_alternative_=",
                "Content-Type: text/html; charset=UTF-8",
                "--=_alternative_=",
                "Content-Type: text/calendar; method=CANCEL; charset=UTF-8",
                "--=_alternative_=--",
                "--=_mixed_=",
                "Content-Type: application/ics; name=\"invite.ics\"",
                "--=_mixed_=--",
            ])
        #expect(lines.contains("Content-Disposition: attachment; filename=\"invite.ics\""))
    }

    @Test func `bodies that look like boundaries or headers stay bodies`() throws {
        let hostile = "--=_alternative_=\r\n--=_mixed_=--\n.\n\r\nBcc: x@example.com\rFrom nobody"
        var invitation = try message(plainText: hostile, html: hostile)
        invitation.invitation = .init(method: .request, text: hostile)
        let lines = try text(invitation).components
        #expect(lines.count { $0 == "--=_alternative_=" } == 3)
        #expect(lines.count { $0 == "--=_mixed_=--" } == 1)
    }

    @Test(arguments: [
        "", "short",
        "Weekly meeting with a subject that is so long that it has to be folded at one of its spaces somewhere",
        "周会", String(repeating: "每周例会与产品评审😀", count: 12), String(repeating: "x", count: 500), "two  spaces", " edge ",
        "=?UTF-8?B?SGk=?=", "café", "a\u{0301}b",
    ])
    func `a subject comes back whole, in lines of at most 76`(subject: String) throws {
        let header = try text(message(subject: subject)).header("Subject")
        #expect(header.components.allSatisfy { $0.utf8.count <= 76 })
        #expect(header.components.dropFirst().allSatisfy { $0.hasPrefix(" ") && $0.count > 1 })
        #expect(decodedWords(header) == subject)
    }

    @Test(arguments: ["a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\0b", "a\u{7F}", "a\u{85}b", "a\u{2028}b"])
    func `no line end enters a header`(text: String) throws {
        #expect(throws: MailMessageError.invalidSubject) { try message(subject: text).encoded() }
        #expect(throws: MailMessageError.invalidName) { try MailAddress("a@example.com", name: text) }
        #expect(throws: MailMessageError.invalidAddress) { try MailAddress("\(text)@example.com") }
        #expect(throws: MailMessageError.invalidAddress) { try MailAddress("a@example.com\(text)") }
        var wrong = try message()
        wrong.messageID = "1@\(text)"
        #expect(throws: MailMessageError.invalidMessageID) { try wrong.encoded() }
    }

    @Test(arguments: [
        "a@b", "zhang.san+x@mail.example.com", "o'neil@example.co.uk", "张三@例子.公司", "!#$%&'*+-/=?^_`{|}~@x-1.example",
        "\(String(repeating: "a", count: 64))@example.com",
    ])
    func `good addresses are taken`(mailbox: String) throws {
        #expect(try MailAddress(mailbox).mailbox == mailbox)
    }

    @Test(arguments: [
        "", "a", "@", "a@", "@b", "a@b@c", "a b@c", ".a@b", "a.@b", "a..b@c", "\"a\"@b", "a@-b", "a@b-", "a@b..c",
        "a@.b",
        "a@b.", "a@[127.0.0.1]", "<a@b>", "a@b>", "a,b@c", "a@b,c", "a@b c", "a;b@c", "a(b)@c", "a@\u{200B}b",
        "a@b\u{3000}c", "\(String(repeating: "a", count: 65))@example.com",
        "a@\(String(repeating: "b", count: 64)).com",
        "a@\(String(repeating: "b.", count: 126))com",
    ])
    func `bad addresses are refused`(mailbox: String) {
        #expect(throws: MailMessageError.invalidAddress) { try MailAddress(mailbox) }
    }

    @Test func `names are quoted or encoded, and lists folded`() throws {
        var many = try message()
        many.to = try [
            MailAddress("a@example.com", name: "Doe, \"J\" \\ <x@y>"), MailAddress("b@example.com", name: "张三，李四"),
            MailAddress("c@example.com", name: String(repeating: "long name ", count: 20) + "end"),
            MailAddress("d@example.com"),
        ]
        let header = try text(many).header("To")
        #expect(header.components.allSatisfy { $0.utf8.count <= 76 })
        #expect(header.hasPrefix("To: \"Doe, \\\"J\\\" \\\\ <x@y>\" <a@example.com>, =?UTF-8?B?"))
        #expect(
            header.hasSuffix("<c@example.com>,\r\n <d@example.com>")
                || header.hasSuffix("<c@example.com>, <d@example.com>"))
        many.replyTo = try MailAddress("r@example.com", name: "R")
        #expect(try text(many).header("Reply-To") == "Reply-To: \"R\" <r@example.com>")
    }

    @Test func `numbers, sizes and dates have limits`() throws {
        var wrong = try message()
        wrong.to = []
        #expect(throws: MailMessageError.noRecipient) { try wrong.encoded() }
        wrong.to = [MailAddress](repeating: try MailAddress("a@b"), count: 101)
        #expect(throws: MailMessageError.tooManyRecipients) { try wrong.encoded() }
        wrong = try message(plainText: String(repeating: "x", count: MailLimits.messageBytes + 1))
        #expect(throws: MailMessageError.tooLarge) { try wrong.encoded() }
        wrong = try message(plainText: String(repeating: "中", count: MailLimits.messageBytes / 3 - 9))
        #expect(throws: MailMessageError.tooLarge) { try wrong.encoded() }
        for date in [-1, Int64.max, .min, 253_402_300_800] {
            wrong = try message()
            wrong.date = date
            #expect(throws: MailMessageError.invalidDate) { try wrong.encoded() }
        }
        #expect(MailDate.text(0) == "Thu, 01 Jan 1970 00:00:00 +0000")
        #expect(MailDate.text(253_402_300_799) == "Fri, 31 Dec 9999 23:59:59 +0000")
    }

    // MARK: Transfer encodings

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
        (String(repeating: "a", count: 58), String(repeating: "YWFh", count: 19) + "\r\nYQ=="),
        ("\u{FF}\u{3FF}", "w7/Pvw=="),
    ])
    func `base64 is RFC 4648's`(text: String, encoded: String) {
        #expect(String(decoding: Base64.body(Array(text.utf8)), as: UTF8.self) == encoded)
    }

    @Test(arguments: [
        ("a=b\r\n", "a=3Db\r\n"),
        ("end \r\nnext\t", "end=20\r\nnext=09"),
        ("\r\n\r\na", "\r\n\r\na"),
        ("a\rb\nc\0é", "a=0Db=0Ac=00=C3=A9"),
        (String(repeating: "x", count: 76), String(repeating: "x", count: 75) + "=\r\nx"),
        (String(repeating: "x", count: 74) + "é", String(repeating: "x", count: 74) + "=\r\n=C3=A9"),
    ])
    func `quoted-printable keeps to 76 columns and loses no space`(text: String, encoded: String) {
        #expect(String(decoding: QuotedPrintable.body(Array(text.utf8)), as: UTF8.self) == encoded)
    }

    @Test func `every line of a message fits, whatever the texts`() throws {
        let long = String(repeating: "长行 long line = ", count: 300)
        var invitation = try message(plainText: long, html: String(repeating: "<b>x</b>", count: 900))
        invitation.invitation = .init(method: .request, text: "X:\(long)\r\nY:\r\n")
        let bytes = try invitation.encoded()
        #expect(bytes.allSatisfy { $0 < 0x80 && $0 != 0 })
        let encoded = String(decoding: bytes, as: UTF8.self)
        #expect(encoded.components.allSatisfy { $0.utf8.count <= 78 })
        #expect(!encoded.replacing("\r\n", with: "").utf8.contains { $0 == 0x0D || $0 == 0x0A })
    }
}

extension String {
    /// Lines, which end in CRLF.
    var components: [String] {
        var lines = split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// A header with its further lines, without the last line end.
    func header(_ name: String) -> String {
        let lines = components
        guard let first = lines.firstIndex(where: { $0.hasPrefix("\(name):") }) else { return "" }
        let rest = lines[(first + 1)...].prefix { $0.hasPrefix(" ") }
        return ([lines[first]] + rest).joined(separator: "\r\n")
    }
}

/// The value of an unstructured header: a small RFC 2047 decoder of its own.
private func decodedWords(_ header: String) -> String {
    let tokens = header.replacing("\r\n", with: "").drop { $0 != ":" }.dropFirst(2).split(
        separator: " ", omittingEmptySubsequences: false)
    guard !tokens.isEmpty, tokens.allSatisfy({ $0.hasPrefix("=?UTF-8?B?") && $0.hasSuffix("?=") && $0.count <= 75 })
    else {
        return tokens.joined(separator: " ")
    }
    return tokens.map { String(decoding: decodedBase64($0.dropFirst(10).dropLast(2)), as: UTF8.self) }.joined()
}

func decodedBase64(_ text: some StringProtocol) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var (bits, count, bytes) = (0, 0, [UInt8]())
    for digit in text.utf8 {
        guard let value = alphabet.firstIndex(of: digit) else { continue }
        bits = bits << 6 | value
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
    }
    return bytes
}
