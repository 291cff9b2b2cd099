import Testing

@testable import Scheduling

@Suite struct SeriesTests {
    private let table = WorkdayTable.china

    private func series(
        _ rule: String? = "FREQ=WEEKLY;COUNT=10", start: String = "2026-11-23T10:00", additions: [String] = [],
        cancelled: [String] = [], moved: [String: String] = [:], zone: String = "Asia/Shanghai"
    ) throws -> Series {
        var exceptions: [CivilDateTime: Series.Exception] = [:]
        for text in cancelled { exceptions[try CivilDateTime(text)] = .cancelled }
        for (text, start) in moved {
            exceptions[try CivilDateTime(text)] = .moved(start: try CivilDateTime(start), minutes: 30)
        }
        return try Series(
            identifier: "old@h", zone: try ZoneFolder().zone(named: zone), start: try CivilDateTime(start), minutes: 60,
            rule: try rule.map { try RecurrenceRule($0) }, additions: Set(try additions.map { try CivilDateTime($0) }),
            exceptions: exceptions)
    }

    private func starts(_ series: Series?) -> [String] {
        (series?.occurrences(workdays: table, limits: .search) ?? []).map(\.start.description)
    }

    @Test func exceptionsAreKeyedByTheOriginalStart() throws {
        let series = try series(
            "FREQ=WEEKLY;COUNT=4", additions: ["2026-11-25T09:00"], cancelled: ["2026-11-30T10:00"],
            moved: ["2026-12-07T10:00": "2026-12-08T16:00"])
        let found = series.occurrences(workdays: table)
        #expect(
            found.map(\.start.description)
                == ["2026-11-23T10:00:00", "2026-11-25T09:00:00", "2026-12-08T16:00:00", "2026-12-14T10:00:00"])
        #expect(found[2].original.description == "2026-12-07T10:00:00")
        #expect(found[2].isMoved && found[2].minutes == 30)
        #expect(found[0].interval.start.description == "2026-11-23T02:00:00Z")
    }

    @Test func aMeetingWithoutARuleTakesPlaceOnce() throws {
        #expect(starts(try series(nil)) == ["2026-11-23T10:00:00"])
    }

    @Test func aWindowHoldsWhatTouchesItHoweverFarItWasMoved() throws {
        let series = try series("FREQ=DAILY", moved: ["2027-03-01T10:00": "2026-11-24T15:00"])
        let window = try #require(Interval(try UTCTime("20261124T023000Z"), try UTCTime("20261125T020000Z")))
        // 10:00 to 11:00 goes on at 10:30; the next day's begins as the window ends.
        #expect(
            series.occurrences(overlapping: window, workdays: table).map(\.start.description)
                == ["2026-11-24T10:00:00", "2026-11-24T15:00:00"])
        let early = try #require(Interval(try UTCTime("20270301T020000Z"), try UTCTime("20270301T030000Z")))
        #expect(series.occurrences(overlapping: early, workdays: table).isEmpty)
    }

    @Test func aMoveOfWhatTheSeriesDoesNotGiveCountsForNothing() throws {
        let series = try series("FREQ=WEEKLY;COUNT=4", moved: ["2026-11-24T10:00": "2026-11-25T15:00"])
        let window = try #require(Interval(try UTCTime("20261124T000000Z"), try UTCTime("20261128T000000Z")))
        #expect(series.occurrences(overlapping: window, workdays: table).isEmpty)
        #expect(starts(series).count == 4)
        let host = try CalendarPerson(name: "", address: "a@b")
        let meeting = CalendarMeeting(series: series, title: "", notes: "", joinLink: "https://a", organizer: host)
        let text = try CalendarWriter(product: "x", workdays: table).invitation(
            to: meeting, for: host, at: window.start)
        #expect(!text.contains("RECURRENCE-ID"))
    }

    @Test func numbersFromElsewhereAreNoTrap() throws {
        let start = try CivilDateTime("2026-11-23T10:00")
        let series = try Series(identifier: "a", zone: .utc, start: start, minutes: 60, sequence: .max)
        #expect(try series.changing(start, to: .cancelled, workdays: table).sequence <= Int(Int32.max))
        var limits = ExpansionLimits(horizonYears: .min, occurrences: .min)
        limits.searchYears = .max
        limits.steps = .max
        let impossible = try RecurrenceRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
        for rule in [impossible, try RecurrenceRule("FREQ=DAILY")] {
            #expect(Array(RuleExpansion(rule, start: start, zone: .utc, workdays: table, limits: limits)).isEmpty)
        }
    }

    @Test func anEndlessSeriesIsStillThereAfterYears() throws {
        let series = try series("FREQ=WEEKLY", start: "2020-01-06T10:00")
        let window = try #require(Interval(try UTCTime("20261101T000000Z"), try UTCTime("20261201T000000Z")))
        #expect(series.occurrences(overlapping: window, workdays: table).count == 5)
    }

    @Test func changesThisOneOnly() throws {
        let before = try series()
        let third = try CivilDateTime("2026-12-07T10:00")
        let after = try before.changing(third, to: .cancelled, workdays: table)
        #expect(starts(after).count == 9 && !starts(after).contains(third.description))
        #expect(after.sequence == before.sequence + 1)
        #expect(throws: SchedulingError.self) {
            try before.changing(try CivilDateTime("2026-12-08T10:00"), to: .cancelled, workdays: table)
        }
        // A cancelled one can be moved after all: it keeps its name.
        let again = try after.changing(
            third, to: .moved(start: try CivilDateTime("2026-12-09T10:00"), minutes: 30), workdays: table)
        #expect(starts(again).count == 10)
    }

    @Test(arguments: [
        "FREQ=WEEKLY;COUNT=10", "FREQ=WEEKLY;UNTIL=20270201T000000Z", "FREQ=MONTHLY;BYDAY=-1MO;COUNT=5",
        "FREQ=DAILY;COUNT=30",
    ])
    func aSplitLosesAndDoublesNothing(_ rule: String) throws {
        let before = try series(
            rule, additions: ["2026-11-24T08:00", "2027-01-13T08:00"], cancelled: ["2026-11-30T10:00"],
            moved: ["2026-12-28T10:00": "2026-12-29T12:00"])
        let originals = Array(before.originals(workdays: table, limits: .search))
        for original in originals {
            let split = try before.splitting(at: original, identifier: "new@h", workdays: table)
            #expect((starts(split.earlier) + starts(split.later)).sorted() == starts(before).sorted(), "\(original)")
            #expect(split.later.identifier == "new@h" && split.later.sequence == 0)
            if let earlier = split.earlier {
                #expect(earlier.identifier == "old@h" && earlier.sequence == before.sequence + 1)
                #expect(earlier.occurrences(workdays: table, limits: .search).allSatisfy { $0.original < original })
                if case .until(let time)? = earlier.rule?.end {
                    #expect(time == before.zone.utc(original).advanced(by: -1))
                }
            } else {
                #expect(original == originals.first)
            }
        }
    }

    @Test func aSplitMayGoOnAtAnotherTime() throws {
        let before = try series(cancelled: ["2026-12-14T10:00"], zone: "America/New_York")
        let plan = Series.Plan(start: try CivilDateTime("2026-12-07T15:30"), minutes: 45, rule: before.rule)
        let split = try before.splitting(
            at: try CivilDateTime("2026-12-07T10:00"), identifier: "new@h", plan: plan, workdays: table)
        #expect(starts(split.earlier).count == 2)
        // Eight are left of ten, less the cancelled one, which goes with its day.
        #expect(starts(split.later).count == 7)
        #expect(starts(split.later).first == "2026-12-07T15:30:00")
        #expect(split.later.exceptions == [try CivilDateTime("2026-12-14T15:30"): .cancelled])
        #expect(split.earlier?.rule?.text == "FREQ=WEEKLY;UNTIL=20261207T145959Z")
    }

    @Test func changesAll() throws {
        let before = try series(cancelled: ["2026-12-14T10:00"])
        let later = Series.Plan(start: try CivilDateTime("2026-11-23T14:00"), minutes: 90, rule: before.rule)
        let after = try before.changingAll(to: later, workdays: table)
        #expect(after.identifier == "old@h" && after.sequence == 1 && after.minutes == 90)
        #expect(after.exceptions == [try CivilDateTime("2026-12-14T14:00"): .cancelled])
        // Another weekday: the exception's day is none of the series any more.
        let other = Series.Plan(start: try CivilDateTime("2026-11-24T10:00"), minutes: 60, rule: before.rule)
        #expect(try before.changingAll(to: other, workdays: table).exceptions.isEmpty)
        let none = Series.Plan(
            start: before.start, minutes: 60, rule: try RecurrenceRule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
        #expect(throws: SchedulingError(.seriesEmpty)) { try before.changingAll(to: none, workdays: table) }
    }

    @Test func refusesWhatIsNoSeries() throws {
        func make(_ identifier: String = "a", minutes: Int = 60, additions: Int = 0) throws -> Series {
            let start = try CivilDateTime("2026-11-23T10:00")
            return try Series(
                identifier: identifier, zone: .utc, start: start, minutes: minutes,
                additions: Set((0..<additions).map { CivilDateTime(clamping: start.wallSeconds + Int64($0)) }))
        }
        for identifier in ["", "a\r\nATTENDEE:x", "a b", "a;b", "ä", String(repeating: "a", count: 201)] {
            #expect(throws: SchedulingError(.seriesIdentifier, identifier)) { try make(identifier) }
        }
        for minutes in [4, 1_441, .min, .max] {
            #expect(throws: SchedulingError(.seriesDuration, String(minutes))) { try make(minutes: minutes) }
        }
        #expect(throws: SchedulingError(.seriesExceptions)) { try make(additions: 401) }
        _ = try make(minutes: 1_440, additions: 400)
    }

    @Test func workdaysFollowTheTable() throws {
        let rule = try RecurrenceRule("FREQ=DAILY;COUNT=5", isOnWorkdays: true)
        let found = RuleExpansion(rule, start: try CivilDateTime("2026-02-13T09:00"), zone: .utc, workdays: table)
        // Friday, then a Saturday that is worked, the Spring Festival, and on Tuesday again.
        #expect(
            found.map(\.date.description) == ["2026-02-13", "2026-02-14", "2026-02-24", "2026-02-25", "2026-02-26"])
    }
}
