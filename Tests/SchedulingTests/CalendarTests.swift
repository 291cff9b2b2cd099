import Testing

@testable import Scheduling

/// The spelling; what calendars make of it is judged by Tests/Scheduling with another parser.
@Suite struct CalendarTests {
    @Test func foldsAtSeventyFiveOctetsBetweenCharacters() {
        for pad in 0..<8 {
            var text = CalendarText()
            let value = String(repeating: "x", count: pad) + String(repeating: "汉😀é", count: 60)
            text.add("SUMMARY", [], value)
            let lines = text.text.split(separator: "\r\n").map(String.init)
            #expect(lines.allSatisfy { $0.utf8.count <= 75 } && lines.count > 6)
            #expect(lines.dropLast().allSatisfy { $0.utf8.count > 70 })
            #expect(
                lines.enumerated().map { $0.offset == 0 ? $0.element : String($0.element.dropFirst()) }.joined()
                    == "SUMMARY:" + value)
        }
    }

    @Test(arguments: [
        (#"a\b;c,d"#, #"a\\b\;c\,d"#), ("a\r\nb\nc\rd", #"a\nb\nc\nd"#), ("\u{0}\u{7}\u{1b}[x\u{7f}", "[x"),
        ("a\tb", "a b"),
        ("\u{2028}\u{2029}\u{85}\u{0b}", #"\n\n\n\n"#), ("\n\r", #"\n\n"#),
    ])
    func escapesText(_ text: String, _ expected: String) {
        #expect(CalendarText.escaped(text, most: 100) == expected)
    }

    @Test func quotedParametersHoldNoQuotesAndNoLines() {
        #expect(CalendarText.quoted("a\"b;c:d,e\r\nf\u{2028}", most: 100) == "\"a'b;c:d,e  f \"")
        #expect(CalendarText.quoted(String(repeating: "\"", count: 500), most: 200).count == 202)
    }

    @Test(arguments: [
        "", "javascript:alert(1)", "https://a b", "https://a\r\nX:y", "https://a\"b", "ftp://a", "https://ä",
        "https://a\u{0}",
    ])
    func refusesOtherLinks(_ link: String) {
        #expect(throws: SchedulingError(.calendarLink, link)) { try CalendarText.link(link) }
    }

    @Test(arguments: [
        "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBCC:x@y", "a@b\nX", "<a@b>", "a\"@b", "a;b@c", "a:b@c",
        "a,b@c", "a@b?cc=x",
        "a%0d@b", "é@b", "a@\u{0}b",
    ])
    func refusesOtherAddresses(_ address: String) {
        #expect(throws: SchedulingError(.calendarAddress, address)) { try CalendarPerson(name: "", address: address) }
    }

    @Test func oneNameIsOneZone() throws {
        let shanghai = try ZoneFolder().zone(named: "Asia/Shanghai")
        let other = Zone(name: "Asia/Shanghai", periods: Zone.utc.periods, footer: nil, footerStart: .min)
        let host = try CalendarPerson(name: "", address: "a@b")
        let meetings = try [shanghai, other].map { zone in
            CalendarMeeting(
                series: try Series(
                    identifier: "a", zone: zone, start: try CivilDateTime("2026-11-23T10:00"), minutes: 60),
                title: "", notes: "", joinLink: "https://a", organizer: host)
        }
        let now = try UTCTime("20261121T000000Z")
        let window = try #require(Interval(now, now.advanced(by: 30 * 86_400)))
        #expect(throws: SchedulingError(.calendarZone, "Asia/Shanghai")) {
            try CalendarWriter(product: "x", workdays: .plain).feed(named: "x", of: meetings, in: window, at: now)
        }
    }
}
