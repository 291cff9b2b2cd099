import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct DraftTests {
    private func errors(
        by organiser: String = "ann", _ change: (inout BookingDraft) -> Void
    ) throws -> [String] {
        var draft = Office.draft()
        change(&draft)
        do {
            _ = try Office.check(draft, by: organiser)
            return []
        } catch let invalid as InvalidBooking {
            for error in invalid.errors { #expect(!error.zh.isEmpty && !error.en.isEmpty) }
            return invalid.errors.map { "\($0.field.rawValue):\($0.code)" }
        }
    }

    @Test func aGoodDraftBecomesValues() throws {
        var draft = Office.draft(rule: "FREQ=WEEKLY;COUNT=3")
        draft.topic = "  周会 👨‍👩‍👧 "
        draft.notes = "一\r\n二\n"
        draft.password = "１２３４"
        draft.early = "any"
        draft.preset = "lark"
        draft.outside = [.init(name: "王先生", phone: "13800000000"), .init(name: "Eve", mail: "eve@example.org")]
        draft.rooms = ["r1"]
        let checked = try Office.check(draft)
        let details = checked.details
        #expect(details.topic == "周会 👨‍👩‍👧" && details.notes == "一\n二")
        #expect(details.host == id("ann") && details.kind == .recurring)
        #expect(details.settings.password?.text == "1234" && details.settings.early.minutes == nil)
        #expect(details.settings.capacity == 10 && details.settings.preset?.maximumMinutes == 50)
        #expect(details.invitees.outside.keys.sorted().map(\.text) == ["+8613800000000", "eve@example.org"])
        #expect(details.invitees.rooms == [room("r1")])
        #expect(checked.times?.zone.name == "Asia/Shanghai" && checked.times?.plan.minutes == 60)
    }

    @Test func allThatIsWrongIsSaidAtOnceInTheOrderOfTheFields() throws {
        let found = try errors {
            $0.topic = " "
            $0.start = "tomorrow"
            $0.minutes = 4
            $0.coHosts = ["ann", "nobody"]
            $0.members = ["bob", "bob"]
            $0.departments = [99]
            $0.password = "12"
            $0.waitingRoom = "vip"
            $0.reminders = [7]
            $0.maxParticipants = 303
            $0.rule = "FREQ=DAILY"
        }
        #expect(
            found == [
                "topic:required", "start:date_malformed", "minutes:out_of_range", "rule:not_allowed",
                "coHosts:unknown_person", "coHosts:repeated", "members:repeated", "departments:unknown_department",
                "password:bad_digits", "waitingRoom:unknown_value", "reminders:out_of_range",
                "maxParticipants:out_of_range",
            ])
    }

    @Test func aTopicHas128CharactersAnd512Bytes() throws {
        #expect(try errors { $0.topic = String(repeating: "会", count: 128) } == [])
        #expect(try errors { $0.topic = String(repeating: "会", count: 129) } == ["topic:too_long"])
        // 128 characters of 25 bytes.
        #expect(try errors { $0.topic = String(repeating: "👨‍👩‍👧‍👦", count: 128) }.first == "topic:too_long")
        #expect(try errors { $0.topic = String(repeating: "👨‍👩‍👧‍👦", count: 20) } == [])
        #expect(try errors { $0.topic = "a\nb" } == ["topic:bad_character"])
        #expect(try errors { $0.topic = "a\u{202E}b" } == ["topic:bad_character"])
        #expect(try errors { $0.topic = String(repeating: "x", count: 3_000_000) } == ["topic:too_long"])
    }

    @Test(arguments: [(5, true), (1_440, true), (4, false), (1_441, false), (.max, false), (.min, false)])
    func aMeetingLastsFiveMinutesToADay(minutes: Int, isGood: Bool) throws {
        #expect(try errors { $0.minutes = minutes }.isEmpty == isGood)
    }

    @Test func timesAreReadOnTheWallOfTheZone() throws {
        #expect(try errors { $0.start = "2026-11-20T10:00" } == ["start:in_the_past"])
        #expect(try errors { $0.start = "2026-11-20T10:01" } == [])
        #expect(
            try errors {
                $0.start = ""
                $0.minutes = nil
            } == ["start:required", "minutes:required"])
        #expect(try errors { $0.zone = "../etc/passwd" } == ["zone:zone_name"])
        #expect(try errors { $0.zone = "Mars/Olympus" } == ["zone:zone_unknown"])
        // A meeting that goes on may be changed.
        var draft = Office.draft()
        draft.start = "2026-11-20T09:30"
        #expect(throws: Never.self) { try Office.check(draft, isNew: false) }
    }

    @Test func aRuleIsForRecurringMeetingsAndMustGiveOne() throws {
        #expect(try errors { $0.kind = "recurring" } == ["rule:required"])
        #expect(
            try errors {
                $0.kind = "recurring"
                $0.rule = "FREQ=HOURLY"
            } == ["rule:rrule_freq_unsupported"])
        #expect(
            try errors {
                $0.kind = "recurring"
                $0.rule = "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31"
            }
                == ["rule:series_empty"])
        var draft = Office.draft(rule: "FREQ=DAILY")
        draft.onWorkdays = true
        #expect(try Office.check(draft).times?.plan.rule?.isOnWorkdays == true)
    }

    @Test func anInstantMeetingBeginsNowAndAPersonalRoomNever() throws {
        var draft = BookingDraft(topic: "现在")
        draft.kind = "instant"
        let times = try #require(try Office.check(draft).times)
        #expect(times.plan.start == local("2026-11-20T10:00") && times.plan.minutes == 60)
        draft.kind = "personal_room"
        #expect(try Office.check(draft).times == nil)
        draft.start = "2026-11-24T10:00"
        draft.minutes = 60
        #expect(throws: InvalidBooking.self) { try Office.check(draft) }
    }

    @Test func onlyPeopleWhomTheOrganiserSeesCanBeInvited() throws {
        for unknown in ["gone", "hidden", "nobody", "no such name"] {
            #expect(try errors { $0.members = [unknown] } == ["members:unknown_person"])
            #expect(try errors { $0.host = unknown } == ["host:unknown_person"])
        }
    }

    @Test func departmentsStayAliveInAnInvitation() throws {
        let checked = try Office.check(Office.draft())
        let invitees = checked.details.invitees
        #expect(invitees.accounts(in: try Office.directory()) == [id("bob"), id("dora"), id("emil"), id("hidden")])
        let later = try Office.directory(and: [Office.member("newcomer", in: Office.research)])
        #expect(invitees.accounts(in: later).contains(id("newcomer")))
        let newcomer = try #require(later[id("newcomer")])
        #expect(invitees.contains(newcomer, in: later))
    }

    @Test func elevenCoHostsAreTooMany() throws {
        let many = (0..<11).map { Office.member("c\($0)", in: Office.sales) }
        let context = try Office.context(and: many)
        var draft = Office.draft()
        draft.coHosts = (0..<10).map { "c\($0)" }
        #expect(try Office.check(draft, in: context).details.coHosts.count == 10)
        draft.coHosts.append("c10")
        #expect(throws: InvalidBooking.self) { try Office.check(draft, in: context) }
    }

    @Test func twoThousandPeopleCanBeInvitedDepartmentsCounted() throws {
        let context = try Office.context(and: (0..<1_995).map { Office.member("m\($0)", in: Office.research) })
        var draft = Office.draft()
        // 3 + 1,995 in the department, and Bob.
        #expect(throws: Never.self) { try Office.check(draft, in: context) }
        draft.outside = [.init(name: "Eve", mail: "eve@example.org")]
        #expect(throws: Never.self) { try Office.check(draft, in: context) }
        draft.members.append("boss")
        #expect(throws: InvalidBooking.self) { try Office.check(draft, in: context) }
    }

    @Test func peopleOutsideNeedANameAndAContact() throws {
        for bad in [
            BookingDraft.OutsidePerson(name: "", mail: "a@example.org"), .init(name: "A"),
            .init(name: "A", mail: "a@b"),
            .init(name: "A", phone: "12"), .init(name: "A", mail: "a\r\nBcc: b@example.org"),
        ] { #expect(try errors { $0.outside = [bad] } == ["outside:bad_contact"]) }
        #expect(
            try errors {
                $0.outside = [.init(name: "A", phone: "13800000000"), .init(name: "B", phone: "+86 138 0000 0000")]
            }
                == ["outside:repeated"])
        #expect(
            try errors {
                $0.restriction = "organisation"
                $0.outside = [.init(name: "A", phone: "13800000000")]
            }
                == ["outside:not_allowed"])
        var context = try Office.context()
        context.policy.onlyVerifiedMeetOutside = true
        var draft = Office.draft()
        draft.outside = [.init(name: "A", phone: "13800000000")]
        #expect(throws: InvalidBooking.self) { try Office.check(draft, in: context) }
    }

    @Test func aRoomMustBeOpenToTheOrganiser() throws {
        #expect(try errors { $0.rooms = ["r1", "r2"] } == [])
        #expect(try errors { $0.rooms = ["lab"] } == ["rooms:unknown_room"])
        #expect(try errors(by: "dora") { $0.rooms = ["lab"] } == [])
        #expect(try errors { $0.rooms = ["closed"] } == ["rooms:unknown_room"])
        #expect(try errors { $0.rooms = ["r1", "r1"] } == ["rooms:repeated"])
    }

    @Test func bookingOutsideWorkingHoursWarnsAndOffersTheNextSlot() throws {
        let context = try Office.context()
        func warnings(_ start: String, _ minutes: Int = 60) throws -> [BookingWarning] {
            var draft = Office.draft()
            draft.start = start
            draft.minutes = minutes
            return try Office.check(draft).hourWarnings(in: context, at: Office.now)
        }
        func slot(_ start: String) -> Interval? { Interval(time(start), time(start).advanced(byMinutes: 60)) }
        #expect(try warnings("2026-11-24T10:00") == [])
        #expect(try warnings("2026-11-24T17:00") == [])
        #expect(try warnings("2026-11-24T17:01") == [.quietHours(next: slot("20261125T010000Z"))])
        #expect(try warnings("2026-11-24T08:30") == [.quietHours(next: slot("20261124T010000Z"))])
        // A Saturday; a whole day cannot be offered.
        #expect(try warnings("2026-11-28T10:00") == [.quietHours(next: slot("20261130T010000Z"))])
        #expect(try warnings("2026-11-24T10:00", 1_440) == [.quietHours(next: nil)])
        #expect(try warnings("2027-01-04T10:00") == [.unknownYear(2027)])
    }

    @Test func presetsAreTheLimitsOfOthers() {
        #expect(LimitPreset.allCases.map(\.maximumParticipants) == [300, 302, 10, 10])
        #expect(LimitPreset.allCases.map(\.maximumMinutes) == [nil, nil, 50, 40])
    }
}
