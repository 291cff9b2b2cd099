import Testing

@testable import Scheduling

@Suite struct CivilDateTests {
    @Test func everyDayNumberIsOneDateInOrder() throws {
        var previous: CivilDate?
        for number in CivilDate.dayNumbers {
            let date = try #require(CivilDate(dayNumber: number))
            #expect(date.dayNumber == number)
            if let previous {
                #expect(previous < date)
                #expect(date.weekday.days(after: previous.weekday) == 1)
            }
            previous = date
        }
        #expect(previous?.description == "2200-12-31")
    }

    @Test func knownDaysHaveTheirWeekdays() throws {
        #expect(try CivilDate("1970-01-01").weekday == .thursday)
        #expect(try CivilDate("2026-11-21").weekday == .saturday)
        #expect(try CivilDate("1900-01-01").weekday == .monday)
        #expect(try CivilDate("20000229").weekday == .tuesday)
    }

    @Test func nothingLiesOutsideTheYears() {
        #expect(CivilDate(dayNumber: .max) == nil)
        #expect(CivilDate(dayNumber: .min) == nil)
        #expect(throws: SchedulingError.self) { try CivilDate("1899-12-31") }
        #expect(throws: SchedulingError.self) { try CivilDate("2201-01-01") }
        #expect(CivilDate(clamping: 0).adding(days: .max) == nil)
        #expect(UTCTime(clamping: .max).advanced(by: .max) == UTCTime(clamping: .max))
        #expect(UTCTime(clamping: 0).advanced(byMinutes: .min) == UTCTime(clamping: .min))
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-00-10", "2026-02-29", "2026-04-31", "2026-1-01", "2026-01-1", "2026-01-011",
        "2026-0101", "202601-01", "+026-01-01", "２０２６-01-01", "2026-01-01T", " 2026-01-01", "1900-02-29", "2026-01-32",
    ])
    func refusesWhatIsNoDate(_ text: String) {
        #expect(throws: SchedulingError.self) { try CivilDate(text) }
    }

    @Test(arguments: [
        ("2026-11-21T15:00:00", "2026-11-21T15:00:00"), ("2026-11-21T15:00", "2026-11-21T15:00:00"),
        ("20261121T150030", "2026-11-21T15:00:30"),
    ])
    func readsTimes(_ text: String, _ expected: String) throws {
        let time = try CivilDateTime(text)
        #expect(time.description == expected)
        #expect(try CivilDateTime(time.basicText) == time)
        #expect(CivilDateTime(clamping: time.wallSeconds) == time)
    }

    @Test(arguments: [
        "2026-11-21", "2026-11-21T24:00:00", "2026-11-21T23:60", "2026-11-21T23:59:60", "2026-11-21T2359",
        "20261121T1500",
        "2026-11-21T15:00:00Z", "2026-11-21t15:00:00", "2026-11-21T15:00:00.5", "2026-11-21TT15:00",
    ])
    func refusesWhatIsNoTime(_ text: String) {
        #expect(throws: SchedulingError.self) { try CivilDateTime(text) }
    }

    @Test func readsInstantsOfBothForms() throws {
        #expect(try UTCTime("20261121T070000Z") == UTCTime("2026-11-21T07:00:00Z"))
        #expect(try UTCTime("19700101T000001Z").secondsSince1970 == 1)
        #expect(throws: SchedulingError.self) { try UTCTime("20261121T070000") }
    }

    @Test func everyRefusalHasWordsInBothLanguagesThatSayWhatToDo() {
        var texts: Set<String> = []
        for code in SchedulingError.Code.allCases {
            let error = SchedulingError(code)
            #expect(texts.insert(error.text(in: .english)).inserted, "\(code)")
            #expect(texts.insert(error.text(in: .chinese)).inserted, "\(code)")
            #expect(error.text(in: .english) != "Check the input", "\(code)")
        }
        let shown = SchedulingError(.dateMalformed, "a\r\n\u{1b}[31m" + String(repeating: "b", count: 1_000)).subject
        #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 } && shown.count == SchedulingError.subjectLength)
    }
}
