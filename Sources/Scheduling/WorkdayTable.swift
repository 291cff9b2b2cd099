// Which days people work: Monday to Friday, but for what a table of each year says. China's State Council publishes one
// each autumn for the next year, with days off and weekends worked instead. The table is data: it is read from JSON and
// shown in the same form.

import Foundation

public struct WorkdayTable: Hashable, Sendable {
    public struct Year: Hashable, Sendable {
        /// Days of rest, also those that would be workdays.
        public let off: Set<CivilDate>
        /// Workdays, also on weekends. No day is in both.
        public let work: Set<CivilDate>
    }

    public private(set) var years: [Int: Year]

    /// Bytes of a file; a century of tables has 20 kB.
    static let longestFile = 262_144
    /// Years of one table.
    static let mostYears = 100

    /// Monday to Friday, nothing known.
    public static let plain = WorkdayTable(years: [:])

    /// What is published for mainland China as of 2026-11: 2026 alone.
    public static let china = WorkdayTable(years: [
        2026: Year(
            off: dates(
                2026,
                [
                    (1, 1), (1, 2), (2, 16), (2, 17), (2, 18), (2, 19), (2, 20), (2, 23), (4, 6), (5, 1), (5, 4),
                    (5, 5),
                    (6, 19), (9, 25), (10, 1), (10, 2), (10, 5), (10, 6), (10, 7),
                ]),
            work: dates(2026, [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]))
    ])

    private static func dates(_ year: Int, _ days: [(month: Int, day: Int)]) -> Set<CivilDate> {
        Set(days.map { CivilDate(clamping: CivilDate.dayNumber(year: year, month: $0.month, day: $0.day)) })
    }

    private init(years: [Int: Year]) { self.years = years }

    /// Whether the year's table is published; if not, it is taken for plain Monday to Friday, and people should be told.
    public func knows(_ year: Int) -> Bool { years[year] != nil }

    public func isWorkday(_ date: CivilDate) -> Bool {
        if let year = years[date.year] {
            if year.off.contains(date) { return false }
            if year.work.contains(date) { return true }
        }
        return date.weekday.rawValue < Weekday.saturday.rawValue
    }

    /// This table with the years of another in place of its own.
    public func updated(with other: WorkdayTable) -> WorkdayTable {
        WorkdayTable(years: years.merging(other.years) { _, new in new })
    }

    // MARK: JSON: {"2026": {"off": ["01-01", …], "work": ["01-04", …]}, …}

    private struct YearFile: Codable {
        let off: [String]
        let work: [String]
    }

    public init(json: [UInt8]) throws(SchedulingError) {
        guard json.count <= Self.longestFile,
            let file = try? JSONDecoder().decode([String: YearFile].self, from: Data(json)),
            file.count <= Self.mostYears
        else { throw SchedulingError(.workdayTable) }
        var years: [Int: Year] = [:]
        for (name, lists) in file {
            let off = try Self.dates(lists.off, in: name)
            let work = try Self.dates(lists.work, in: name)
            guard let year = Int(name), name == String(year), CivilDate.years.contains(year), off.isDisjoint(with: work)
            else {
                throw SchedulingError(.workdayTable, name)
            }
            years[year] = Year(off: off, work: work)
        }
        self.years = years
    }

    private static func dates(_ texts: [String], in year: String) throws(SchedulingError) -> Set<CivilDate> {
        var dates: Set<CivilDate> = []
        for text in texts {
            guard let date = try? CivilDate("\(year)-\(text)"), text.utf8.count == 5, dates.insert(date).inserted else {
                throw SchedulingError(.workdayTable, "\(year)-\(text)")
            }
        }
        return dates
    }

    /// Years and dates in order.
    public var json: String {
        func list(_ dates: Set<CivilDate>) -> String {
            dates.sorted().map { "\"\($0.month.twoDigits)-\($0.day.twoDigits)\"" }.joined(separator: ", ")
        }
        let lines = years.sorted { $0.key < $1.key }.map { name, year in
            "  \"\(name)\": {\"off\": [\(list(year.off))], \"work\": [\(list(year.work))]}"
        }
        return "{\n\(lines.joined(separator: ",\n"))\n}\n"
    }
}
