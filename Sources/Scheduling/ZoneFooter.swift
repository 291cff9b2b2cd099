// The rule at the end of a time zone file for all time after its table, in the form of POSIX with the extension of
// RFC 8536, 3.3.1: `EST5EDT,M3.2.0,M11.1.0`, `<+1030>-10:30<+11>-11,M10.1.0,M4.1.0`.

struct ZoneFooter: Sendable, Equatable {
    enum Day: Sendable, Equatable {
        /// The week'th weekday of a month; week 5 is the last.
        case weekday(month: Int, week: Int, Weekday)
        /// 1…365, February 29 is never counted.
        case day(Int)
        /// 0…365, February 29 is counted.
        case dayFromZero(Int)

        func dayNumber(in year: Int) -> Int {
            switch self {
            case .weekday(let month, let week, let weekday):
                let first = CivilDate.dayNumber(year: year, month: month, day: 1)
                let day = weekday.days(after: CivilDate.weekday(first)) + 7 * (week - 1)
                return first + (day < CivilDate.daysInMonth(month, of: year) ? day : day - 7)
            case .day(let day):
                let leap = CivilDate.isLeap(year) && day >= 60 ? 1 : 0
                return CivilDate.dayNumber(year: year, month: 1, day: 1) + day - 1 + leap
            case .dayFromZero(let day):
                return CivilDate.dayNumber(year: year, month: 1, day: 1) + day
            }
        }
    }

    /// When clocks change each year, on the wall before the change.
    struct Change: Sendable, Equatable {
        let day: Day
        /// Seconds after that day's midnight, -167…167 hours.
        let time: Int

        func wallSeconds(in year: Int) -> Int64 { Int64(day.dayNumber(in: year)) * 86_400 + Int64(time) }
    }

    struct Side: Sendable, Equatable {
        let name: String
        /// Seconds east of Greenwich.
        let offset: Int
        /// When it begins; nil where clocks never change.
        let change: Change?
    }

    let standard: Side
    let daylight: Side?

    /// All changes of the years, in order of time.
    func periods(in years: ClosedRange<Int>) -> [Zone.Period] {
        guard let daylight, let begin = daylight.change, let end = standard.change else {
            return [Zone.Period(start: .min, offset: standard.offset, isDaylight: false, name: standard.name)]
        }
        return years.flatMap { year in
            [
                // The end first: where a zone ends and begins daylight time at once, it goes on.
                Zone.Period(
                    start: end.wallSeconds(in: year) - Int64(daylight.offset), offset: standard.offset,
                    isDaylight: false, name: standard.name),
                Zone.Period(
                    start: begin.wallSeconds(in: year) - Int64(standard.offset), offset: daylight.offset,
                    isDaylight: true, name: daylight.name),
            ]
        }.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
    }
}

extension ZoneFooter {
    /// nil when it is not of this form.
    init?(_ text: [UInt8]) {
        var reader = FooterReader(rest: text[...])
        guard let name = reader.name(), let offset = reader.time(hours: 24) else { return nil }
        guard !reader.rest.isEmpty else {
            (standard, daylight) = (Side(name: name, offset: -offset, change: nil), nil)
            return
        }
        guard let otherName = reader.name() else { return nil }
        var otherOffset = -offset + 3_600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let given = reader.time(hours: 24) else { return nil }
            otherOffset = -given
        }
        guard let begin = reader.change(), let end = reader.change(), reader.rest.isEmpty else { return nil }
        standard = Side(name: name, offset: -offset, change: end)
        daylight = Side(name: otherName, offset: otherOffset, change: begin)
    }
}

private struct FooterReader {
    var rest: ArraySlice<UInt8>

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == mark.value else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Letters, or letters, digits and signs between angle brackets; 3…10 of them.
    mutating func name() -> String? {
        let isQuoted = skip("<")
        let letters = rest.prefix { byte in
            switch byte {
            case 0x41...0x5a, 0x61...0x7a: true
            case 0x30...0x39, 0x2b, 0x2d: isQuoted
            default: false
            }
        }
        rest = rest.dropFirst(letters.count)
        guard (3...10).contains(letters.count), !isQuoted || skip(">") else { return nil }
        return String(decoding: letters, as: UTF8.self)
    }

    /// At most three digits.
    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix(while: { (0x30...0x39).contains($0) }).prefix(4)
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    mutating func time(hours: Int) -> Int? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard var seconds = number(0...hours) else { return nil }
        seconds *= 3_600
        for unit in [60, 1] where skip(":") {
            guard let part = number(0...59) else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    /// `,date[/time]`.
    mutating func change() -> ZoneFooter.Change? {
        guard skip(",") else { return nil }
        let day: ZoneFooter.Day
        if skip("M") {
            guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
                let fromSunday = number(0...6),
                let weekday = Weekday(rawValue: (fromSunday + 6) % 7)
            else { return nil }
            day = .weekday(month: month, week: week, weekday)
        } else if skip("J") {
            guard let number = number(1...365) else { return nil }
            day = .day(number)
        } else {
            guard let number = number(0...365) else { return nil }
            day = .dayFromZero(number)
        }
        guard skip("/") else { return ZoneFooter.Change(day: day, time: 2 * 3_600) }
        return time(hours: 167).map { ZoneFooter.Change(day: day, time: $0) }
    }
}
