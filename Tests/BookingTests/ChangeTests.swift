import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct ChangeTests {
    private let now = Office.now
    private let context: BookingContext

    init() throws { context = try Office.context() }

    private func change(
        _ meeting: BookedMeeting, by actor: String = "ann", at now: UTCTime = Office.now,
        from draft: BookingDraft = Office.draft(), _ edit: (inout BookingDraft) -> Void
    ) throws -> BookingOutcome {
        var draft = draft
        edit(&draft)
        var random = SeededSource(seed: 3)
        return try meeting.changingAll(
            to: try Office.check(draft, isNew: false, in: context, at: now), by: id(actor), in: context, at: now,
            using: &random)
    }

    private var weekly: BookingDraft { Office.draft(rule: "FREQ=WEEKLY;COUNT=4") }

    @Test func bookingTellsEverybodyOnceAndHandsOutLinks() throws {
        var draft = Office.draft()
        draft.outside = [.init(name: "Eve", mail: "eve@example.org")]
        draft.coHosts = ["carl"]
        let outcome = try Office.booking(draft)
        #expect(
            outcome.told == [
                "link", "link eve@example.org", "invitation: bob carl dora emil hidden eve@example.org",
            ])
        let meeting = outcome.meeting
        #expect(meeting.series?.identifier == "m1@meet.example.com" && meeting.series?.sequence == 0)
        for case .hand(let token, _, let invite) in outcome.effects { #expect(meeting.invite(of: token) == invite) }
        var random = SeededSource(seed: 77)
        #expect(meeting.invite(of: InviteToken(using: &random)) == nil)
    }

    @Test func aChangeToWhatIsTellsNobody() throws {
        let meeting = try Office.meeting()
        let outcome = try change(meeting) { _ in }
        #expect(outcome.meeting == meeting && outcome.effects.isEmpty)
    }

    /// What is changed, by how much SEQUENCE grows, and who is told.
    @Test(arguments: [
        ("topic", 0, ["update: bob dora emil hidden"]), ("password", 0, ["update: bob dora emil hidden"]),
        ("mute", 0, []), ("location", 1, ["update: bob dora emil hidden"]),
        ("start", 1, ["update: bob dora emil hidden"]), ("zone", 1, ["update: bob dora emil hidden"]),
        ("add", 0, ["invitation: boss"]), ("remove", 1, ["cancellation: bob"]),
        ("host", 1, ["update: bob dora emil hidden", "host ann bob"]), ("rooms", 1, ["update: bob dora emil hidden"]),
    ])
    func sequenceGrowsWithWhatPeopleMustHearOf(what: String, growth: Int, told: [String]) throws {
        let outcome = try change(try Office.meeting()) {
            switch what {
            case "topic": $0.topic = "另"
            case "password": $0.password = "4711"
            case "mute": $0.muteOnEntry = "on"
            case "location": $0.location = "三楼"
            case "start": $0.start = "2026-11-24T11:00"
            case "zone": $0.zone = "Europe/Berlin"
            case "add": $0.members.append("boss")
            case "remove": $0.members = []
            case "host": $0.host = "bob"
            default: $0.rooms = ["r1"]
            }
        }
        #expect(outcome.meeting.series?.sequence == growth)
        #expect(outcome.told == told)
        #expect(outcome.meeting.version == 2)
    }

    @Test func newTimesAskAnswersAgain() throws {
        let meeting = try Office.meeting().answering(.accepted, by: .member(id("bob")), in: context, at: now).meeting
        #expect(meeting.answers.answer(of: .member(id("bob")), for: nil) == .accepted)
        let topic = try change(meeting) { $0.topic = "另" }.meeting
        #expect(topic.answers.answer(of: .member(id("bob")), for: nil) == .accepted)
        let moved = try change(meeting) { $0.minutes = 30 }.meeting
        #expect(moved.answers.answer(of: .member(id("bob")), for: nil) == nil)
        #expect(throws: BookingRefusal.staleAnswer) {
            try moved.answering(.accepted, by: .member(id("bob")), sequence: 0, in: context, at: now)
        }
        #expect(throws: Never.self) {
            try moved.answering(.accepted, by: .member(id("bob")), sequence: 1, in: context, at: now)
        }
    }

    @Test func oneOccurrenceMovesAndIsAskedAboutAlone() throws {
        let bob = Invitee.member(id("bob"))
        let meeting = try Office.meeting(weekly).answering(.accepted, by: bob, in: context, at: now).meeting
        let second = local("2026-12-01T10:00")
        let outcome = try meeting.moving(
            second, to: local("2026-12-02T15:00"), minutes: 30, by: id("ann"), in: context, at: now)
        #expect(outcome.told == ["update 2026-12-01T10:00:00: bob dora emil hidden"])
        #expect(outcome.meeting.series?.sequence == 1)
        #expect(outcome.meeting.answers.answer(of: bob, for: second) == nil)
        #expect(outcome.meeting.answers.answer(of: bob, for: local("2026-12-08T10:00")) == .accepted)
        let again = try outcome.meeting.moving(
            second, to: local("2026-12-02T15:00"), minutes: 30, by: id("ann"), in: context, at: now)
        #expect(again.effects.isEmpty && again.meeting == outcome.meeting)
        let answered = try outcome.meeting.answering(.declined, by: bob, occurrence: second, in: context, at: now)
            .meeting
        #expect(answered.answers.answer(of: bob, for: second) == .declined)
        #expect(
            try answered.answering(.tentative, by: bob, in: context, at: now).meeting.answers.answer(
                of: bob, for: second)
                == .tentative)
        for (name, refusal) in [
            ("2026-12-02T10:00", BookingRefusal.unknownOccurrence), ("2026-12-22T10:00", .unknownOccurrence),
        ] {
            #expect(throws: refusal) {
                try meeting.moving(
                    local(name), to: local("2026-12-02T15:00"), minutes: 30, by: id("ann"), in: context, at: now)
            }
        }
        #expect(throws: BookingRefusal.inThePast) {
            try meeting.moving(
                second, to: local("2026-11-20T09:00"), minutes: 30, by: id("ann"), in: context, at: now)
        }
    }

    @Test func thisAndLaterBecomesABookingOfItsOwn() throws {
        let meeting = try Office.meeting(weekly)
        var draft = weekly
        draft.start = "2026-12-08T14:00"
        draft.members = ["bob", "boss"]
        var random = SeededSource(seed: 4)
        let later = try #require(BookingID("m2"))
        let number = try #require(MeetingNumber(222_222_222))
        let outcome = try meeting.changingLater(
            from: local("2026-12-08T10:00"), to: try Office.check(draft, in: context), id: later, number: number,
            by: id("ann"), in: context, at: now, using: &random)
        let second = try #require(outcome.later)
        #expect(outcome.told == ["update: bob dora emil hidden", "link", "invitation: bob boss dora emil hidden"])
        #expect(second.id == later && second.number == number && second.series?.identifier == "m2@meet.example.com")
        func starts(_ meeting: BookedMeeting) -> [String] {
            meeting.series?.occurrences(workdays: .china).map(\.start.description) ?? []
        }
        #expect(starts(outcome.meeting) == ["2026-11-24T10:00:00", "2026-12-01T10:00:00"])
        #expect(starts(second) == ["2026-12-08T14:00:00", "2026-12-15T14:00:00"])
        #expect(outcome.meeting.series?.sequence == 1 && second.series?.sequence == 0)

        // From the first one on it is the same meeting.
        draft.start = "2026-11-24T14:00"
        let all = try meeting.changingLater(
            from: local("2026-11-24T10:00"), to: try Office.check(draft, in: context), id: later, number: number,
            by: id("ann"), in: context, at: now, using: &random)
        #expect(all.later == nil && all.meeting.id == meeting.id && starts(all.meeting).count == 4)
    }

    @Test func cancellingIsForThisThisAndLaterOrAllAndMayBeRepeated() throws {
        let meeting = try Office.meeting(weekly)
        let second = local("2026-12-01T10:00")
        let one = try meeting.cancelling(.this(second), by: id("ann"), in: context, at: now)
        #expect(one.told == ["cancellation 2026-12-01T10:00:00: bob dora emil hidden"])
        #expect(one.meeting.series?.sequence == 1 && one.meeting.isBooked)
        #expect(try one.meeting.cancelling(.this(second), by: id("ann"), in: context, at: now).effects.isEmpty)

        let later = try meeting.cancelling(.thisAndLater(second), by: id("ann"), in: context, at: now)
        #expect(later.told == ["update: bob dora emil hidden"])
        #expect(later.meeting.series?.occurrences(workdays: .china).count == 1)

        for outcome in [
            try meeting.cancelling(.all, by: id("ann"), in: context, at: now),
            try meeting.cancelling(.thisAndLater(local("2026-11-24T10:00")), by: id("ann"), in: context, at: now),
            try later.meeting.cancelling(.this(local("2026-11-24T10:00")), by: id("ann"), in: context, at: now),
        ] {
            #expect(outcome.told == ["cancellation: bob dora emil hidden", "close", "release"])
            #expect(outcome.meeting.state == .cancelled(at: now))
            let again = try outcome.meeting.cancelling(.all, by: id("ann"), in: context, at: now)
            #expect(again.effects.isEmpty && again.meeting == outcome.meeting)
            #expect(throws: BookingRefusal.cancelled) {
                try outcome.meeting.answering(.accepted, by: .member(id("bob")), in: context, at: now)
            }
        }
    }

    @Test func whatIsOverIsNotChanged() throws {
        let meeting = try Office.meeting()
        let end = time("20261124T030000Z")
        #expect(throws: Never.self) { try change(meeting, at: end.advanced(by: -1)) { $0.topic = "x" } }
        #expect(throws: BookingRefusal.ended) { try change(meeting, at: end) { $0.topic = "x" } }
        #expect(throws: BookingRefusal.ended) { try meeting.cancelling(.all, by: id("ann"), in: context, at: end) }
        let deleted = try meeting.deleting(by: id("ann"), in: context, at: end.advanced(by: 60))
        #expect(deleted.effects.isEmpty && deleted.meeting.state == .deleted(at: end))
    }

    @Test func deletingWhatIsToComeCancelsItOnce() throws {
        let outcome = try Office.meeting().deleting(by: id("ann"), in: context, at: now)
        #expect(outcome.told == ["cancellation: bob dora emil hidden", "close", "release"])
        #expect(outcome.meeting.state == .deleted(at: now))
        #expect(try outcome.meeting.deleting(by: id("ann"), in: context, at: now).effects.isEmpty)
    }

    @Test func aHostHandsOverAndStaysAsACoHost() throws {
        let outcome = try Office.meeting().transferring(to: id("boss"), by: id("ann"), in: context, at: now)
        #expect(outcome.told == ["host ann boss", "invitation: boss"])
        #expect(outcome.meeting.details.host == id("boss") && outcome.meeting.details.coHosts == [id("ann")])
        #expect(
            try outcome.meeting.transferring(to: id("boss"), by: id("ann"), in: context, at: now).effects.isEmpty)
        let back = try outcome.meeting.transferring(to: id("ann"), by: id("boss"), in: context, at: now).meeting
        #expect(back.details.host == id("ann") && back.details.coHosts == [id("boss")])
        for unknown in ["gone", "nobody"] {
            #expect(throws: BookingRefusal.unknownPerson) {
                try back.transferring(to: id(unknown), by: id("ann"), in: context, at: now)
            }
        }
    }

    /// Ann's meeting, hosted by Bob with Carl as co-host, Dora invited.
    @Test(arguments: [
        ("ann", "view change change_hosts cancel delete"), ("bob", "view change change_hosts cancel delete"),
        ("carl", "view change"), ("dora", "view"), ("boss", ""), ("gone", ""), ("nobody", ""),
        ("admin", "view change change_hosts cancel delete"), ("subadmin", "view change change_hosts cancel delete"),
    ])
    func whoMayDoWhat(who: String, actions: String) throws {
        var draft = Office.draft()
        draft.host = "bob"
        draft.coHosts = ["carl"]
        let meeting = try Office.meeting(draft)
        let allowed = BookingAction.allCases.filter { meeting.may(id(who), $0, in: context, at: now) }
        #expect(allowed.map(\.rawValue).joined(separator: " ") == actions)
        func refusal(_ body: () throws -> BookingOutcome) -> BookingRefusal? {
            do {
                _ = try body()
                return nil
            } catch { return error as? BookingRefusal }
        }
        let refused: BookingRefusal = allowed.isEmpty ? .unknownMeeting : .notAllowed
        #expect(
            refusal { try meeting.cancelling(.all, by: id(who), in: context, at: now) }
                == (allowed.contains(.cancel) ? nil : refused))
        #expect(
            refusal { try change(meeting, by: who, from: draft) { $0.topic = "x" } }
                == (allowed.contains(.change) ? nil : refused))
        #expect(
            refusal { try change(meeting, by: who, from: draft) { $0.coHosts = [] } }
                == (allowed.contains(.changeHosts) ? nil : refused))
        #expect(
            refusal { try meeting.transferring(to: id("emil"), by: id(who), in: context, at: now) }
                == (allowed.contains(.changeHosts) ? nil : refused))
        #expect(
            refusal { try meeting.deleting(by: id(who), in: context, at: now) }
                == (allowed.contains(.delete) ? nil : refused))
    }

    @Test func aSubAdminReachesMeetingsOfHisDepartmentOnly() throws {
        let meeting = try Office.meeting(by: "dora")
        #expect(!meeting.may(id("subadmin"), .view, in: context, at: now))
        #expect(meeting.may(id("admin"), .cancel, in: context, at: now))
    }

    @Test func onlyTheInvitedAnswerAndTheSecondTimeChangesNothing() throws {
        var draft = weekly
        draft.outside = [.init(name: "Eve", mail: "Eve@example.org")]
        let meeting = try Office.meeting(draft)
        let eve = Invitee.outside(.mail(try #require(EmailAddress("Eve@example.org"))))
        let first = try meeting.answering(.tentative, by: eve, in: context, at: now)
        #expect(first.told == ["answered tentative"])
        #expect(try first.meeting.answering(.tentative, by: eve, in: context, at: now).effects.isEmpty)
        #expect(throws: BookingRefusal.unknownMeeting) {
            try meeting.answering(.accepted, by: .member(id("boss")), in: context, at: now)
        }
        #expect(throws: BookingRefusal.unknownOccurrence) {
            try meeting.answering(.accepted, by: eve, occurrence: local("2026-11-25T10:00"), in: context, at: now)
        }
        func reply(_ lines: String...) throws -> InvitationReply {
            let text =
                ["BEGIN:VCALENDAR", "METHOD:REPLY", "BEGIN:VEVENT", "UID:m1@meet.example.com"] + lines
                + ["END:VEVENT", "END:VCALENDAR", ""]
            return try #require(try InvitationReply.read(Array(text.joined(separator: "\r\n").utf8)).first)
        }
        let declined = try meeting.answering(
            try reply("ATTENDEE;PARTSTAT=DECLINED:mailto:eve@EXAMPLE.org", "RECURRENCE-ID:20261201T020000Z"),
            in: context, at: now)
        #expect(declined.meeting.answers.answer(of: eve, for: local("2026-12-01T10:00")) == .declined)
        #expect(declined.meeting.answers.answer(of: eve, for: local("2026-12-08T10:00")) == nil)
        let abroad = try meeting.answering(
            try reply(
                "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com", "RECURRENCE-ID;TZID=Europe/Berlin:20261201T030000"),
            in: context, at: now)
        #expect(abroad.meeting.answers.answer(of: .member(id("bob")), for: local("2026-12-01T10:00")) == .accepted)
        #expect(throws: BookingRefusal.unknownMeeting) {
            try meeting.answering(
                try reply("ATTENDEE;PARTSTAT=ACCEPTED:mailto:mallory@example.org"), in: context, at: now)
        }
    }

    @Test func noticesBecomeInvitationsAsCalendarsReadThem() throws {
        let meeting = try Office.meeting(weekly)
        let second = local("2026-12-01T10:00")
        let writer = CalendarWriter(product: "-//Hutong//Hutong//EN", workdays: .china)
        let bob = try CalendarPerson(name: "Bob", address: "bob@example.com")
        let ann = try CalendarPerson(name: "Ann", address: "ann@example.com", role: .chair)
        func text(_ outcome: BookingOutcome) throws -> [String] {
            for case .tell(let notice) in outcome.effects {
                let text = try outcome.meeting.calendarText(
                    of: notice, to: bob, joinLink: "https://meet.example.com/j/123456789", organizer: ann, by: writer,
                    at: now)
                return text?.components ?? []
            }
            return []
        }
        let moved = try meeting.moving(
            second, to: local("2026-12-02T15:00"), minutes: 30, by: id("ann"), in: context, at: now)
        let update = try text(moved)
        #expect(update.contains("METHOD:REQUEST") && update.contains("SEQUENCE:1"))
        #expect(update.contains("RECURRENCE-ID;TZID=Asia/Shanghai:20261201T100000"))
        let cancelled = try text(try moved.meeting.cancelling(.this(second), by: id("ann"), in: context, at: now))
        #expect(cancelled.contains("METHOD:CANCEL") && cancelled.contains("SEQUENCE:2"))
        #expect(cancelled.contains("RECURRENCE-ID;TZID=Asia/Shanghai:20261201T100000"))
        let all = try text(try meeting.cancelling(.all, by: id("ann"), in: context, at: now))
        #expect(all.contains("METHOD:CANCEL") && all.contains("SEQUENCE:1"))
        #expect(!all.contains { $0.hasPrefix("RECURRENCE-ID") } && all.contains("UID:m1@meet.example.com"))
    }

    @Test func aLinkEndsWithTheInvitationItCameWith() throws {
        let booked = try Office.booking(withEve())
        let eve = OutsideContact.mail(try #require(EmailAddress("eve@example.org")))
        let tokens = booked.effects.compactMap { effect -> InviteToken? in
            if case .hand(let token, _, .personal) = effect { token } else { nil }
        }
        let token = try #require(tokens.first)
        #expect(booked.meeting.invite(of: token) == .personal(eve))
        let without = try change(booked.meeting) { _ in }
        #expect(without.told == ["cancellation: eve@example.org"])
        #expect(without.meeting.invite(of: token) == nil)
        let again = try change(without.meeting, from: withEve()) { _ in }
        #expect(again.told == ["link eve@example.org", "invitation: eve@example.org"])
        #expect(again.meeting.invite(of: token) == nil)
        var random = SeededSource(seed: 12)
        let renewed = try booked.meeting.renewingLink(by: id("ann"), in: context, at: now, using: &random)
        #expect(renewed.told == ["link"] && renewed.meeting.invite(of: token) == .personal(eve))
    }

    private func withEve() -> BookingDraft {
        var draft = Office.draft()
        draft.outside = [.init(name: "Eve", mail: "eve@example.org")]
        return draft
    }

    @Test func anAnswerToTheSeriesTakesThePlaceOfSingleOnes() throws {
        let (bob, second) = (Invitee.member(id("bob")), local("2026-12-01T10:00"))
        let meeting = try Office.meeting(weekly)
            .answering(.declined, by: bob, occurrence: second, in: context, at: now).meeting
            .answering(.declined, by: .member(id("dora")), occurrence: second, in: context, at: now).meeting
            .answering(.accepted, by: bob, in: context, at: now).meeting
        #expect(meeting.answers.answer(of: bob, for: second) == .accepted)
        #expect(meeting.answers.answer(of: .member(id("dora")), for: second) == .declined)
    }

    @Test func anInstantMeetingRingsUnlessItIsQuiet() throws {
        var draft = BookingDraft(topic: "现在")
        draft.kind = "instant"
        draft.members = ["bob"]
        draft.ringing = ["bob", "dora"]
        #expect(try Office.booking(draft).told.last == "ring bob dora")
        let night = time("20261120T130000Z")
        #expect(try !Office.booking(draft, at: night).told.contains { $0.hasPrefix("ring") })
        draft.isUrgent = true
        #expect(try Office.booking(draft, at: night).told.last == "ring bob dora")
        draft.isSilent = true
        #expect(try !Office.booking(draft).told.contains { $0.hasPrefix("ring") })
    }
}

extension String {
    /// Lines of a calendar.
    fileprivate var components: [String] { split(separator: "\r\n").map(String.init) }
}
