import Testing

@testable import Scheduling

@Suite struct InvitationReplyTests {
    private func object(_ lines: [String], method: String = "REPLY") -> [UInt8] {
        Array(
            (["BEGIN:VCALENDAR", "METHOD:\(method)", "BEGIN:VEVENT"] + lines + ["END:VEVENT", "END:VCALENDAR", ""])
                .joined(separator: "\r\n").utf8)
    }

    private let attendee = "ATTENDEE;PARTSTAT=ACCEPTED;CN=\"A; B: C\":mailto:Ada@Hutong.example"

    private func code(_ bytes: [UInt8]) -> SchedulingError.Code? {
        do throws(SchedulingError) { _ = try InvitationReply.read(bytes) } catch { return error.code }
        return nil
    }

    @Test func readsWhoAnswersWhat() throws {
        let reply = try #require(
            try InvitationReply.read(object(["UID:m1@h", "SEQUENCE:3", "dtstamp:20261121T000000Z", attendee])).first)
        #expect(reply.identifier == "m1@h" && reply.sequence == 3 && reply.attendee == "ada@hutong.example")
        #expect(reply.status == .accepted && reply.recurrence == nil)
    }

    @Test func readsTheOccurrenceInEachForm() throws {
        func recurrence(_ line: String) throws -> InvitationReply.Recurrence? {
            try InvitationReply.read(object(["UID:m1", attendee, line])).first?.recurrence
        }
        let local = try CivilDateTime("2026-11-30T10:00")
        #expect(
            try recurrence("RECURRENCE-ID;TZID=Asia/Shanghai:20261130T100000") == .local(local, zone: "Asia/Shanghai"))
        #expect(try recurrence("RECURRENCE-ID:20261130T100000") == .local(local, zone: nil))
        #expect(try recurrence("RECURRENCE-ID:20261130T020000Z") == .utc(UTCTime("20261130T020000Z")))
    }

    @Test func foldedLinesAndBareLineFeedsAreRead() throws {
        let text =
            "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VTIMEZONE\nBEGIN:STANDARD\nUID:no\nEND:STANDARD\nEND:VTIMEZONE\n"
            + "BEGIN:VEVENT\nUID:m\n 1@\n\th\nATTENDEE;PARTSTAT=TENT\n ATIVE:MAILTO:a@b\nBEGIN:VALARM\nUID:x\nEND:VALARM\n"
            + "END:VEVENT\nEND:VCALENDAR"
        let reply = try #require(try InvitationReply.read(Array(text.utf8)).first)
        #expect(reply.identifier == "m1@h" && reply.status == .tentative && reply.sequence == 0)
    }

    @Test func refusesWithACode() {
        let uid = "UID:m1"
        #expect(code(object([uid, attendee], method: "COUNTER")) == .replyMethod)
        #expect(code(object([uid, attendee], method: "REQUEST")) == .replyMethod)
        #expect(code(object([attendee])) == .replyMalformed)
        #expect(code(object([uid, uid, attendee])) == .replyMalformed)
        #expect(code(object(["UID:a b", attendee])) == .replyMalformed)
        #expect(code(object([uid])) == .replyAttendee)
        #expect(code(object([uid, attendee, attendee])) == .replyAttendee)
        #expect(code(object([uid, "ATTENDEE:mailto:a@b"])) == .replyAttendee)
        #expect(code(object([uid, "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@b"])) == .replyAttendee)
        #expect(code(object([uid, "ATTENDEE;PARTSTAT=ACCEPTED:http://a"])) == .replyAttendee)
        #expect(code(object([uid, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b c"])) == .replyAttendee)
        for sequence in ["-1", "x", "99999999999999999999", ""] {
            #expect(code(object([uid, attendee, "SEQUENCE:\(sequence)"])) == .replyMalformed)
        }
        #expect(code(object([uid, attendee, "RECURRENCE-ID:20261130"])) == .replyMalformed)
        for text in [
            "", "x", "BEGIN:VEVENT", "BEGIN:VCALENDAR", "END:VCALENDAR", " x", "BEGIN:VCALENDAR\nEND:VEVENT", "A;B:c",
            ":x",
        ] {
            #expect(code(Array(text.utf8)) == .replyMalformed, "\(text)")
        }
    }

    @Test func limitsWhatItReads() {
        #expect(code([UInt8](repeating: 0x41, count: InvitationReply.Limit.size + 1)) == .replyTooLong)
        #expect(code(Array(String(repeating: "A:\n", count: 3_000).utf8)) == .replyTooLong)
        #expect(
            code(Array("BEGIN:VCALENDAR\n".utf8) + Array(String(repeating: "BEGIN:A\n", count: 1_000).utf8))
                == .replyMalformed)
        #expect(code(object([String(repeating: ";A=b", count: 100) + ":x"])) == .replyTooLong)
        let events = String(repeating: "BEGIN:VEVENT\nEND:VEVENT\n", count: 60)
        #expect(code(Array("BEGIN:VCALENDAR\n\(events)END:VCALENDAR".utf8)) == .replyTooLong)
    }

    @Test func componentsNestFourDeepAndNoDeeper() {
        func nested(_ depth: Int) -> [UInt8] {
            let parts = (0..<depth).map { "PART\($0)" }
            return object(["UID:m1", attendee] + parts.map { "BEGIN:\($0)" } + parts.reversed().map { "END:\($0)" })
        }
        #expect(code(nested(2)) == nil)
        #expect(code(nested(3)) == .replyMalformed)
    }

    @Test func survivesEveryChangedByte() {
        let good = object(["UID:m1", "SEQUENCE:3", attendee, "RECURRENCE-ID;TZID=Asia/Shanghai:20261130T100000"])
        #expect(code(good) == nil)
        for index in good.indices {
            for value: UInt8 in [0, 0x0a, 0x0d, 0x20, 0x22, 0x3a, 0x3b, 0x80, 0xff] {
                var bad = good
                bad[index] = value
                _ = code(bad)
                _ = code(Array(good.prefix(index)))
            }
        }
    }
}
