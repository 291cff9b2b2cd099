import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct RoomTests {
    private let context: BookingContext

    init() throws { context = try Office.context() }

    private func meeting(
        _ name: String, _ start: String, _ rooms: [String] = ["r1"], minutes: Int = 60, rule: String? = nil,
        by organiser: String = "ann", members: [String] = []
    ) throws -> BookedMeeting {
        var draft = Office.draft(rule: rule)
        draft.start = start
        draft.minutes = minutes
        draft.rooms = rooms
        draft.members = members
        draft.departments = []
        return try Office.meeting(draft, id: name, by: organiser, in: context)
    }

    private func conflicts(_ booking: BookedMeeting, _ others: BookedMeeting...) -> [String] {
        RoomCalendar.conflicts(of: booking, among: others, workdays: .china, at: Office.now)
            .map { "\($0.room) \($0.interval.start.basicText) \($0.holder)" }
    }

    @Test func aRoomHoldsOneMeetingAtATime() throws {
        let first = try meeting("a", "2026-11-24T10:00")
        #expect(conflicts(try meeting("b", "2026-11-24T10:30"), first) == ["r1 20261124T020000Z a"])
        #expect(conflicts(try meeting("b", "2026-11-24T10:59"), first).count == 1)
        // Meetings that only touch do not meet, nor do those in other rooms or without any.
        #expect(conflicts(try meeting("b", "2026-11-24T11:00"), first) == [])
        #expect(conflicts(try meeting("b", "2026-11-24T09:00"), first) == [])
        #expect(conflicts(try meeting("b", "2026-11-24T10:30", ["r2"]), first) == [])
        #expect(conflicts(try meeting("b", "2026-11-24T10:30", []), first) == [])
        // Not with itself, and not with what is cancelled.
        #expect(conflicts(try meeting("a", "2026-11-24T10:30"), first) == [])
        let cancelled = try first.cancelling(.all, by: id("ann"), in: context, at: Office.now).meeting
        #expect(conflicts(try meeting("b", "2026-11-24T10:30"), cancelled) == [])
    }

    @Test func seriesMeetWhereTheirOccurrencesDo() throws {
        let weekly = try meeting("w", "2026-11-24T10:00", rule: "FREQ=WEEKLY")
        let daily = try meeting("d", "2026-11-25T10:30", rule: "FREQ=DAILY;COUNT=14")
        #expect(conflicts(daily, weekly) == ["r1 20261201T020000Z w", "r1 20261208T020000Z w"])
        #expect(conflicts(weekly, daily).map { $0.suffix(1) } == ["d", "d"])
        let without = try weekly.cancelling(
            .this(local("2026-12-01T10:00")), by: id("ann"), in: context, at: Office.now
        ).meeting
        #expect(conflicts(daily, without) == ["r1 20261208T020000Z w"])
        let moved = try without.moving(
            local("2026-12-08T10:00"), to: local("2026-12-03T11:15"), minutes: 30, by: id("ann"), in: context,
            at: Office.now
        ).meeting
        #expect(conflicts(daily, moved) == ["r1 20261203T031500Z w"])
    }

    @Test func aLongMeetingIsFoundHoweverManyShortOnesFollow() throws {
        let long = try meeting("long", "2026-11-24T00:00", minutes: 1_440)
        let short = try meeting("short", "2026-11-24T09:00", minutes: 5)
        #expect(
            conflicts(try meeting("b", "2026-11-24T23:55", minutes: 5), long, short) == ["r1 20261123T160000Z long"])
    }

    @Test func theHorizonAndTheListAreBounded() throws {
        let one = try meeting("one", "2026-11-24T10:00", rule: "FREQ=DAILY")
        let other = try meeting("other", "2026-11-24T10:00", rule: "FREQ=DAILY")
        #expect(conflicts(one, other).count == RoomCalendar.mostConflicts)
        let far = try meeting("far", "2036-11-24T10:00")
        #expect(conflicts(one, far) == [])
    }

    /// Against a check of each minute.
    @Test func conflictsAgreeWithMinutes() throws {
        var random = SeededSource(seed: 11)
        for _ in 0..<100 {
            func some(_ name: String) throws -> BookedMeeting {
                let (hour, minute) = (Int.random(in: 0...23, using: &random), Int.random(in: 0...59, using: &random))
                let start = try CivilDateTime(local("2026-11-24T00:00").date, hour: hour, minute: minute)
                return try meeting(
                    name, "\(start)", minutes: Int.random(in: 5...300, using: &random),
                    rule: Bool.random(using: &random) ? "FREQ=DAILY;COUNT=3" : nil)
            }
            let (one, two, three) = (try some("a"), try some("b"), try some("c"))
            func minutes(_ meeting: BookedMeeting) -> Set<Int64> {
                Set(
                    (meeting.series?.occurrences(workdays: .china) ?? []).flatMap { occurrence in
                        stride(
                            from: occurrence.interval.start.secondsSince1970,
                            to: occurrence.interval.end.secondsSince1970,
                            by: 60)
                    })
            }
            let expected = [two, three].filter { !minutes($0).isDisjoint(with: minutes(one)) }.map(\.id.text)
            #expect(Set(conflicts(one, two, three).map { String($0.suffix(1)) }) == Set(expected))
        }
    }

    @Test func roomsAreSuggestedByWishTheSmallestFirst() throws {
        let ann = try #require(context.directory[id("ann")])
        let dora = try #require(context.directory[id("dora")])
        func rooms(_ wish: RoomWish, _ member: Member) -> [String] {
            wish.rooms(for: member, in: context).map(\.id.text)
        }
        #expect(rooms(RoomWish(people: 2), ann) == ["r1", "r2"])
        #expect(rooms(RoomWish(people: 2), dora) == ["r1", "lab", "r2"])
        #expect(rooms(RoomWish(people: 9, equipment: [.screen]), dora) == ["r2"])
        #expect(rooms(RoomWish(people: 2, city: "上海"), dora) == ["lab"])
        #expect(rooms(RoomWish(people: 31), dora) == [])
        let taken = try meeting("a", "2026-11-24T10:00")
        let wanted = try meeting("b", "2026-11-24T10:00", [])
        #expect(
            RoomCalendar.freeRooms(
                for: wanted, wish: RoomWish(people: 2), by: ann, among: [taken], in: context, at: Office.now)
                == [room("r2")])
    }

    @Test func aSuggestionHasARoomAndEverybody() throws {
        let ann = try #require(context.directory[id("ann")])
        // r1 is taken until 11:00, r2 all day; Ann is in r1's meeting until 11:00 and Bob has another until 11:30.
        let bookings = [
            try meeting("a", "2026-11-24T09:00", minutes: 120),
            try meeting("b", "2026-11-24T09:00", ["r2"], minutes: 540),
            try meeting("c", "2026-11-24T11:00", [], minutes: 30, by: "dora", members: ["bob"]),
        ]
        let window = try #require(Interval(time("20261124T000000Z"), time("20261130T000000Z")))
        func suggestion(_ people: [String], _ wish: RoomWish) -> String? {
            RoomCalendar.suggestion(
                minutes: 60, wish: wish, by: ann,
                busy: people.map { PeopleCalendar.busy(id($0), in: bookings, overlapping: window, in: context) },
                among: bookings, in: window, context
            ).map { "\($0.room) \($0.interval.start.basicText)" }
        }
        #expect(suggestion([], RoomWish(people: 2)) == "r1 20261124T030000Z")
        #expect(suggestion(["bob"], RoomWish(people: 2)) == "r1 20261124T033000Z")
        #expect(suggestion(["bob"], RoomWish(people: 12)) == "r2 20261125T010000Z")
    }

    @Test func freeAndBusyIsForThoseWhoMaySeeThePerson() throws {
        let bookings = [
            try meeting("a", "2026-11-24T10:00", members: ["bob"]),
            try meeting("b", "2026-11-24T10:30", [], members: ["bob"]),
            try meeting("c", "2026-11-24T15:00", [], by: "hidden", members: ["bob"]),
        ]
        let ann = try #require(context.directory[id("ann")])
        let window = try #require(Interval(time("20261124T021500Z"), time("20261124T160000Z")))
        func view(_ bookings: [BookedMeeting]) -> [AccountID: IntervalList] {
            PeopleCalendar.freeBusy(
                of: ["bob", "hidden", "gone", "nobody", "emil"].map(id), for: ann, in: bookings, overlapping: window,
                context)
        }
        let found = view(bookings)
        #expect(Set(found.keys) == [id("bob"), id("emil")])
        #expect(
            found[id("bob")]?.intervals.map { "\($0.start.basicText)/\($0.end.basicText)" }
                == ["20261124T021500Z/20261124T033000Z", "20261124T070000Z/20261124T080000Z"])
        #expect(found[id("emil")] == .empty)
        let declined = try bookings.map {
            try $0.answering(.declined, by: .member(id("bob")), in: context, at: Office.now).meeting
        }
        #expect(view(declined)[id("bob")] == .empty)
    }

    @Test func busyPeopleAreAWarning() throws {
        let other = try meeting("a", "2026-11-24T10:30", by: "dora", members: ["bob", "emil"])
        let wanted = try meeting("b", "2026-11-24T10:00", [], members: ["bob", "boss"])
        let ann = try #require(context.directory[id("ann")])
        let warnings = PeopleCalendar.warnings(about: wanted, for: ann, in: [other, wanted], context, at: Office.now)
        let block = try #require(Interval(time("20261124T023000Z"), time("20261124T030000Z")))
        #expect(warnings == [.busy(id("bob"), [block])])
    }
}
