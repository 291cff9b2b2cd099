import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct AgendaTests {
    private let context: BookingContext

    init() throws { context = try Office.context() }

    /// What a shell would do that asks, sleeps and asks again.
    private func run(
        _ bookings: [BookedMeeting], running: [BookingID: RunningMeeting] = [:], from start: UTCTime = Office.now,
        until end: UTCTime
    ) -> [AgendaMoment] {
        var found: [AgendaMoment] = []
        var now = start
        while let next = Agenda.nextMoment(of: bookings, running: running, after: now, in: context), next.time <= end,
            found.count < 5_000
        {
            #expect(next.time > now && !next.items.isEmpty)
            found.append(next)
            now = next.time
        }
        return found
    }

    private func texts(_ moments: [AgendaMoment]) -> [String] {
        moments.flatMap { moment in
            moment.items.map { item in
                let what =
                    switch item {
                    case .reminder(_, _, let minutes, let people):
                        "remind \(minutes) "
                            + people.map { invitee in
                                if case .member(let account) = invitee { account.text } else { "outside" }
                            }.joined(separator: " ")
                    case .ring(_, _, let people): "ring " + people.map(\.text).joined(separator: " ")
                    case .warning(_, let minutes): "warn \(minutes)"
                    case .end: "end"
                    case .numberFree: "free"
                    }
                return "\(moment.time.basicText) \(what)"
            }
        }
    }

    private func draft(_ start: String, _ reminders: [Int], rule: String? = nil) -> BookingDraft {
        var draft = Office.draft(rule: rule)
        draft.start = start
        draft.reminders = reminders
        draft.departments = []
        return draft
    }

    @Test func aMeetingByDayGoesByTheBook() throws {
        var draft = draft("2026-11-24T10:00", [0, 5, 15, 60, 1440])
        draft.ringing = ["bob"]
        let meeting = try Office.meeting(draft)
        #expect(
            texts(run([meeting], until: time("20261231T000000Z"))) == [
                "20261123T020000Z remind 1440 ann bob", "20261124T010000Z remind 60 ann bob",
                "20261124T014500Z remind 15 ann bob", "20261124T015500Z remind 5 ann bob",
                "20261124T020000Z ring bob", "20261124T020000Z remind 0 ann bob", "20261124T033000Z end",
                "20261224T033000Z free",
            ])
    }

    @Test func quietHoursHoldRemindersBackUnlessAcceptedOrUrgent() throws {
        // Monday 09:30: a day before is Sunday, an hour before is 08:30.
        var draft = draft("2026-11-30T09:30", [15, 60, 1440])
        draft.members = ["bob", "dora"]
        var meeting = try Office.meeting(draft)
        meeting = try meeting.answering(.accepted, by: .member(id("dora")), in: context, at: Office.now).meeting
        let day = time("20261201T000000Z")
        #expect(
            texts(run([meeting], until: day)).filter { !$0.hasSuffix("end") } == [
                "20261129T013000Z remind 1440 ann dora", "20261130T003000Z remind 60 ann dora",
                "20261130T010000Z remind 60 bob", "20261130T011500Z remind 15 ann bob dora",
            ])
        draft.isUrgent = true
        let urgent = try Office.meeting(draft)
        #expect(texts(run([urgent], until: day)).first == "20261129T013000Z remind 1440 ann bob dora")
        var strict = context
        strict.allowsUrgent = false
        #expect(
            Agenda.nextMoment(of: urgent, after: Office.now, in: strict)?.items
                == [.reminder(urgent.id, local("2026-11-30T09:30"), minutes: 1440, to: [.member(id("ann"))])])
    }

    @Test func whatCannotBeSaidBeforeTheMeetingIsNotSaid() throws {
        // Saturday evening: work begins on Monday.
        let meeting = try Office.meeting(draft("2026-11-28T20:00", [0, 15]))
        #expect(
            texts(run([meeting], until: time("20261201T000000Z")))
                == ["20261128T114500Z remind 15 ann", "20261128T120000Z remind 0 ann", "20261128T133000Z end"])
    }

    @Test func whoDeclinedIsLeftInPeaceAndTheScopeCounts() throws {
        var draft = draft("2026-11-24T10:00", [15])
        var meeting = try Office.meeting(draft)
        meeting = try meeting.answering(.declined, by: .member(id("bob")), in: context, at: Office.now).meeting
        #expect(texts(run([meeting], until: time("20261124T020000Z"))) == ["20261124T014500Z remind 15 ann"])
        draft.reminderScope = "host"
        draft.host = "bob"
        #expect(
            texts(run([try Office.meeting(draft)], until: time("20261124T020000Z")))
                == ["20261124T014500Z remind 15 bob"])
        draft.reminderScope = "none"
        #expect(texts(run([try Office.meeting(draft)], until: time("20261124T020000Z"))) == [])
    }

    /// A year of weekly meetings in a zone with daylight saving time: the clock on the wall says the same all year, and
    /// nothing is missed or said twice.
    @Test(arguments: ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Shanghai"])
    func aYearInVirtualTime(name: String) throws {
        var draft = draft("2026-11-23T15:30", [5, 1440], rule: "FREQ=WEEKLY;COUNT=52")
        draft.zone = name
        draft.isUrgent = true
        var meeting = try Office.meeting(draft)
        meeting = try meeting.moving(
            local("2027-03-15T15:30"), to: local("2027-03-17T09:00"), minutes: 30, by: id("ann"), in: context,
            at: Office.now
        ).meeting
        meeting = try meeting.cancelling(
            .this(local("2027-04-05T15:30")), by: id("ann"), in: context, at: Office.now
        ).meeting
        let zone = try context.zone(name)
        let moments = run([meeting], until: time("20280101T000000Z"))
        var expected: [UTCTime: Int] = [:]
        for week in 0..<52 where week != 19 {
            let date = try #require(local("2026-11-23T15:30").date.adding(days: week * 7 + (week == 16 ? 2 : 0)))
            let start = zone.utc(
                try CivilDateTime(date, hour: week == 16 ? 9 : 15, minute: week == 16 ? 0 : 30))
            expected[start.advanced(byMinutes: -5), default: 0] += 1
            expected[start.advanced(byMinutes: -1440), default: 0] += 1
            expected[start.advanced(byMinutes: (week == 16 ? 30 : 60) + 30), default: 0] += 1
        }
        let last = try #require(expected.keys.max())
        expected[last.advanced(by: 30 * 86_400), default: 0] += 1
        #expect(Dictionary(moments.map { ($0.time, $0.items.count) }, uniquingKeysWith: +) == expected)
        for moment in moments {
            for case .reminder(_, let original, 5, _) in moment.items {
                let wall = zone.local(moment.time)
                #expect(original == local("2027-03-15T15:30") ? wall.hour == 8 : wall.hour == 15 && wall.minute == 25)
            }
        }
    }

    @Test func manyBookingsComeOutInOrderAndTogether() throws {
        let bookings = try (0..<20).map { index in
            try Office.meeting(
                draft("2026-11-24T1\(index % 2):00", [15]), id: "m\(index)", number: 200_000_000 + index)
        }
        let moments = run(bookings, until: time("20261124T040000Z"))
        #expect(
            moments.map(\.time.basicText) == [
                "20261124T014500Z", "20261124T024500Z", "20261124T033000Z",
            ])
        #expect(moments.map(\.items.count) == [10, 10, 10])
    }

    @Test func aRunningMeetingIsWarnedAndEnded() throws {
        var draft = draft("2026-11-24T10:00", [])
        draft.preset = "lark"
        let meeting = try Office.meeting(draft)
        let start = time("20261124T020000Z")
        var presence = Presence()
        presence.startedAt = start
        presence.inside = [.member(id("ann"))]
        let running = [meeting.id: RunningMeeting(local("2026-11-24T10:00"), presence)]
        let moments = run([meeting], running: running, from: start, until: start.advanced(byMinutes: 50))
        #expect(texts(moments) == ["20261124T024500Z warn 5", "20261124T024900Z warn 1", "20261124T025000Z end"])

        // Overdue is due at once, also when it was cancelled meanwhile.
        let late = start.advanced(byMinutes: 55)
        #expect(
            Agenda.nextMoment(of: [meeting], running: running, after: late, in: context)?.time == late.advanced(by: 1))
        let cancelled = try meeting.cancelling(.all, by: id("ann"), in: context, at: start).meeting
        let next = Agenda.nextMoment(of: [cancelled], running: running, after: start, in: context)
        #expect(next?.items == [.end(meeting.id, local("2026-11-24T10:00"))])
        #expect(next?.time == start.advanced(by: 1))
    }

    @Test func theHardStopWarnsToo() throws {
        let meeting = try Office.meeting(draft("2026-11-24T10:00", []))
        let start = time("20261124T020000Z")
        var presence = Presence()
        presence.startedAt = start
        presence.inside = [.member(id("ann"))]
        let running = [meeting.id: RunningMeeting(local("2026-11-24T10:00"), presence)]
        #expect(
            texts(run([meeting], running: running, from: start, until: start.advanced(by: 86_400)))
                == ["20261125T015500Z warn 5", "20261125T015900Z warn 1", "20261125T020000Z end"])
    }

    @Test func aPersonalRoomHasNothingDueUntilSomebodyIsThere() throws {
        var draft = BookingDraft(topic: "我的会议室")
        draft.kind = "personal_room"
        let room = try Office.meeting(draft)
        #expect(Agenda.nextMoment(of: room, after: Office.now, in: context) == nil)
        var presence = Presence()
        presence.startedAt = Office.now
        presence.emptySince = Office.now.advanced(by: 10)
        let moment = Agenda.nextMoment(of: room, running: RunningMeeting(nil, presence), after: Office.now, in: context)
        #expect(moment?.time == Office.now.advanced(by: 1_810) && moment?.items == [.end(room.id, nil)])
    }

    /// The first stretch looked at ends between the two: what the second has due first must not be passed over.
    @Test func aReminderOfWhatLiesFurtherAheadMayComeFirst() throws {
        var draft = draft("2026-11-27T16:00", [1440], rule: "FREQ=DAILY;COUNT=2")
        draft.reminderScope = "host"
        var meeting = try Office.meeting(draft)
        meeting = try meeting.moving(
            local("2026-11-28T16:00"), to: local("2026-11-28T15:00"), minutes: 60, by: id("ann"), in: context,
            at: Office.now
        ).meeting
        meeting = try meeting.answering(
            .declined, by: .member(id("ann")), occurrence: local("2026-11-27T16:00"), in: context, at: Office.now
        ).meeting
        #expect(
            texts(run([meeting], until: time("20261128T000000Z")))
                == ["20261127T070000Z remind 1440 ann", "20261127T093000Z end"])
    }

    @Test func aSeriesThatBeginsInAYearIsNotMissed() throws {
        let meeting = try Office.meeting(draft("2027-11-24T10:00", [15], rule: "FREQ=YEARLY"))
        #expect(Agenda.nextMoment(of: meeting, after: Office.now, in: context)?.time == time("20271124T014500Z"))
    }
}
