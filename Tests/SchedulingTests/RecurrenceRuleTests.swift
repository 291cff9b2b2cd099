import Testing

@testable import Scheduling

/// The text and the refusals; what rules give is judged by Tests/Scheduling against other engines.
@Suite struct RecurrenceRuleTests {
    @Test(arguments: [
        ("freq=daily", "FREQ=DAILY"),
        ("FREQ=WEEKLY;BYDAY=FR,MO,MO;INTERVAL=2;WKST=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU"),
        (
            "BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR;FREQ=MONTHLY;COUNT=200",
            "FREQ=MONTHLY;COUNT=200;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
        ),
        ("FREQ=YEARLY;BYDAY=+20MO;UNTIL=20301231T155959Z", "FREQ=YEARLY;UNTIL=20301231T155959Z;BYDAY=20MO"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31,-1,1;BYMONTH=12,2;INTERVAL=99",
            "FREQ=MONTHLY;INTERVAL=99;BYMONTH=2,12;BYMONTHDAY=-1,1,31"
        ),
        ("FREQ=DAILY;INTERVAL=1;WKST=MO", "FREQ=DAILY"),
    ])
    func printsInOneForm(_ text: String, _ expected: String) throws {
        let rule = try RecurrenceRule(text)
        #expect(rule.text == expected)
        #expect(try RecurrenceRule(rule.text) == rule)
    }

    @Test(
        arguments: [
            ("", .ruleMalformed), ("FREQ", .ruleMalformed), ("FREQ=DAILY;", .ruleMalformed),
            ("FREQ=DAILY;;COUNT=1", .ruleMalformed),
            ("FREQ==DAILY", .ruleMalformed), ("=DAILY", .ruleMalformed), ("FREQ=", .ruleMalformed),
            ("COUNT=3", .ruleFrequencyMissing), ("FREQ=SECONDLY", .ruleFrequencyUnsupported),
            ("FREQ=FORTNIGHTLY", .ruleFrequencyUnsupported), ("FREQ=DAILY;FREQ=DAILY", .rulePartRepeated),
            ("FREQ=DAILY;X-MINE=1", .rulePartUnknown), ("RRULE:FREQ=DAILY", .rulePartUnknown),
            ("FREQ=DAILY;BYHOUR=9", .rulePartUnsupported), ("FREQ=YEARLY;BYYEARDAY=1", .rulePartUnsupported),
            ("FREQ=YEARLY;BYWEEKNO=1", .rulePartUnsupported), ("FREQ=YEARLY;RSCALE=CHINESE", .rulePartUnsupported),
            ("FREQ=DAILY;INTERVAL=0", .ruleIntervalRange), ("FREQ=DAILY;INTERVAL=100", .ruleIntervalRange),
            ("FREQ=DAILY;INTERVAL=-1", .ruleIntervalRange),
            ("FREQ=DAILY;INTERVAL=99999999999999999999", .ruleIntervalRange),
            ("FREQ=DAILY;INTERVAL=+1", .ruleIntervalRange), ("FREQ=DAILY;COUNT=0", .ruleCountRange),
            ("FREQ=DAILY;COUNT=201", .ruleCountRange), ("FREQ=DAILY;COUNT=٣", .ruleCountRange),
            ("FREQ=DAILY;COUNT=2;UNTIL=20261121T000000Z", .ruleCountAndUntil),
            ("FREQ=DAILY;UNTIL=20261121", .ruleUntilForm),
            ("FREQ=DAILY;UNTIL=20261121T000000", .ruleUntilForm), ("FREQ=DAILY;UNTIL=20261321T000000Z", .ruleUntilForm),
            ("FREQ=WEEKLY;BYDAY=XX", .ruleDayValue), ("FREQ=WEEKLY;BYDAY=MO,,TU", .ruleDayValue),
            ("FREQ=WEEKLY;BYDAY=1.5MO", .ruleDayValue), ("FREQ=WEEKLY;BYDAY=1MO", .ruleDayOrdinal),
            ("FREQ=MONTHLY;BYDAY=6MO", .ruleDayOrdinal), ("FREQ=MONTHLY;BYDAY=0MO", .ruleDayOrdinal),
            ("FREQ=YEARLY;BYDAY=54MO", .ruleDayOrdinal), ("FREQ=YEARLY;BYMONTH=1;BYDAY=6MO", .ruleDayOrdinal),
            ("FREQ=MONTHLY;BYMONTHDAY=32", .ruleMonthDayRange), ("FREQ=MONTHLY;BYMONTHDAY=0", .ruleMonthDayRange),
            ("FREQ=MONTHLY;BYMONTHDAY=-2", .ruleMonthDayRange), ("FREQ=WEEKLY;BYMONTHDAY=1", .ruleMonthDayWeekly),
            ("FREQ=YEARLY;BYMONTH=13", .ruleMonthRange), ("FREQ=YEARLY;BYMONTH=-1", .ruleMonthRange),
            ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", .rulePositionRange),
            ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=32", .rulePositionRange),
            ("FREQ=MONTHLY;BYSETPOS=1", .rulePositionContext),
            ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=1", .rulePositionContext),
            ("FREQ=WEEKLY;WKST=XX", .ruleWeekStart), ("FREQ=DAILY;" + String(repeating: "A", count: 600), .ruleTooLong),
        ] as [(String, SchedulingError.Code)])
    func refusesWithACode(_ text: String, _ code: SchedulingError.Code) {
        let error = #expect(throws: SchedulingError.self) { try RecurrenceRule(text) }
        #expect(error?.code == code)
    }

    @Test func valuesAreCheckedWithoutText() {
        #expect(throws: SchedulingError(.ruleDayOrdinal, String(Int.min))) {
            try RecurrenceRule(.yearly, days: [.init(.monday, ordinal: .min)])
        }
        #expect(throws: SchedulingError(.rulePositionRange, String(Int.min))) {
            try RecurrenceRule(.monthly, days: [.init(.monday)], positions: [.min])
        }
    }

    private func starts(_ text: String, _ start: String, limits: ExpansionLimits = .booking, from: String? = nil) throws
        -> [String]
    {
        RuleExpansion(
            try RecurrenceRule(text), start: try CivilDateTime(start), zone: .utc, workdays: .china,
            from: try from.map { try CivilDate($0) }, limits: limits
        ).map(\.description)
    }

    @Test func bookingsAreShownTwoYearsAheadOrTwoHundred() throws {
        let weekly = try starts("FREQ=WEEKLY", "2026-01-05T09:00")
        #expect(weekly.count == 105)
        #expect(weekly.last == "2028-01-03T09:00:00")
        #expect(try starts("FREQ=DAILY", "2026-01-05T09:00").count == 200)
        let later = try starts("FREQ=WEEKLY", "2020-01-06T09:00", from: "2026-01-05")
        #expect(later.first == "2026-01-05T09:00:00")
        #expect(later.last == "2028-01-03T09:00:00")
    }

    @Test func countsFromTheStartWhereverOneLooks() throws {
        #expect(
            try starts("FREQ=WEEKLY;COUNT=4", "2026-01-05T09:00", from: "2026-01-13")
                == ["2026-01-19T09:00:00", "2026-01-26T09:00:00"])
    }

    @Test func anImpossibleRuleEnds() throws {
        for rule in [
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
            "FREQ=MONTHLY;BYMONTH=6;BYMONTHDAY=31",
        ] {
            #expect(try starts(rule, "2026-01-05T09:00", limits: .search).isEmpty)
        }
    }

    @Test func theLastYearsAreNoTrap() throws {
        for frequency in RecurrenceRule.Frequency.allCases {
            let found = try starts("FREQ=\(frequency.rawValue);INTERVAL=99", "2200-12-31T23:59", limits: .search)
            #expect(found == ["2200-12-31T23:59:00"])
            _ = try starts("FREQ=\(frequency.rawValue);WKST=SU", "1900-01-01T00:00")
        }
    }

    @Test func plainAndNumberedDaysAreAUnion() throws {
        #expect(
            try starts("FREQ=MONTHLY;BYDAY=1MO,FR;COUNT=6", "2026-06-01T09:00").map { $0.prefix(10) }
                == ["2026-06-01", "2026-06-05", "2026-06-12", "2026-06-19", "2026-06-26", "2026-07-03"])
    }
}
