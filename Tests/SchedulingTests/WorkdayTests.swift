import Testing

@testable import Scheduling

@Suite struct WorkdayTests {
    private func hours(_ table: WorkdayTable = .china) throws -> WorkingHours {
        try #require(WorkingHours(zone: try ZoneFolder().zone(named: "Asia/Shanghai"), workdays: table))
    }

    private func time(_ text: String) throws -> UTCTime { try UTCTime(text) }

    @Test func china2026HasTheRightNumberOfWorkdays() throws {
        let days = (0..<365).compactMap { try? CivilDate("2026-01-01").adding(days: $0) }
        // 261 weekdays, 19 of them off, 6 weekend days worked.
        #expect(days.filter(WorkdayTable.plain.isWorkday).count == 261)
        #expect(days.filter(WorkdayTable.china.isWorkday).count == 261 - 19 + 6)
        #expect(WorkdayTable.china.knows(2026))
    }

    @Test func anUnknownYearIsPlainAndSaysSo() throws {
        #expect(!WorkdayTable.china.knows(2027))
        #expect(WorkdayTable.china.isWorkday(try CivilDate("2027-01-01")))
        #expect(!WorkdayTable.china.isWorkday(try CivilDate("2027-01-02")))
    }

    @Test func readsWhatItPrints() throws {
        #expect(try WorkdayTable(json: [UInt8](WorkdayTable.china.json.utf8)) == .china)
        let next = try WorkdayTable(json: [UInt8](#"{"2027": {"off": ["01-01"], "work": ["01-02"]}}"#.utf8))
        let both = WorkdayTable.china.updated(with: next)
        #expect(both.knows(2026) && both.knows(2027))
        #expect(!both.isWorkday(try CivilDate("2027-01-01")))
        #expect(both.isWorkday(try CivilDate("2027-01-02")))
    }

    @Test(arguments: [
        "", "[]", "{", #"{"2027": {}}"#, #"{"2027": {"off": ["01-01"]}}"#, #"{"27": {"off": [], "work": []}}"#,
        #"{"2027": {"off": ["02-29"], "work": []}}"#, #"{"2027": {"off": ["01-01", "01-01"], "work": []}}"#,
        #"{"2027": {"off": ["01-01"], "work": ["01-01"]}}"#, #"{"2027": {"off": ["1-1"], "work": []}}"#,
        #"{"2027": {"off": [5], "work": []}}"#, #"{"9999": {"off": [], "work": []}}"#,
        #"{"+2027": {"off": [], "work": []}}"#,
        String(repeating: "[", count: 100_000), String(repeating: " ", count: 300_000),
    ])
    func refusesOtherFiles(_ json: String) {
        #expect(throws: SchedulingError.self) { try WorkdayTable(json: [UInt8](json.utf8)) }
    }

    @Test(arguments: [
        // Saturday afternoon; Monday 08:59 and 09:00; 17:59 and 18:00; a Sunday that is worked; a holiday.
        ("20261121T070000Z", true, "20261123T010000Z"), ("20261123T005959Z", true, "20261123T010000Z"),
        ("20261123T010000Z", false, "20261124T010000Z"), ("20261123T095959Z", false, "20261124T010000Z"),
        ("20261123T100000Z", true, "20261124T010000Z"), ("20260920T020000Z", false, "20260921T010000Z"),
        ("20260930T100000Z", true, "20261008T010000Z"), ("20261005T020000Z", true, "20261008T010000Z"),
    ])
    func knowsQuietHours(_ text: String, _ isQuiet: Bool, _ next: String) throws {
        #expect(try hours().isQuiet(at: try time(text)) == isQuiet)
        #expect(try hours().nextWorkStart(after: try time(text)) == time(next))
    }

    @Test func aYearWithoutWorkHasNoNextStart() throws {
        let days = try (0..<365).map { number in
            let date = try #require(try CivilDate("2027-01-01").adding(days: number))
            return "\"\(date.month.twoDigits)-\(date.day.twoDigits)\""
        }
        let table = try WorkdayTable(
            json: [UInt8]("{\"2027\": {\"off\": [\(days.joined(separator: ","))], \"work\": []}}".utf8))
        #expect(try hours(table).nextWorkStart(after: try time("20270110T000000Z")) == nil)
    }

    @Test func hoursMustBeHours() {
        for (start, end) in [(-1, 60), (60, 60), (120, 60), (0, 1_441), (.min, .max)] {
            #expect(WorkingHours(zone: .utc, workdays: .plain, start: start, end: end) == nil)
        }
    }
}
