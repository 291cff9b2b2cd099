// A date of the Gregorian calendar without a zone, and its arithmetic by day numbers. Times of day are in
// CivilDateTime.swift; when a date begins somewhere on earth is known to Zone.swift.

/// Days of the week in the order of ISO 8601.
public enum Weekday: Int, Sendable, CaseIterable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// As in RFC 5545, 3.3.10.
    public var code: String { Self.codes[rawValue] }

    public init?(code: some StringProtocol) {
        guard let index = Self.codes.firstIndex(where: { $0 == code }) else { return nil }
        self.init(rawValue: index)
    }

    private static let codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

    /// How many days after `other` this day comes, 0…6.
    func days(after other: Weekday) -> Int { (rawValue - other.rawValue + 7) % 7 }
}

public struct CivilDate: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Within living memory and planning; all arithmetic stays far from any overflow.
    public static let years = 1900...2200
    static let dayNumbers =
        CivilDate.dayNumber(year: 1900, month: 1, day: 1)...CivilDate.dayNumber(year: 2200, month: 12, day: 31)

    public let year: Int
    /// 1…12.
    public let month: Int
    /// 1…31.
    public let day: Int

    public init(year: Int, month: Int, day: Int) throws(SchedulingError) {
        guard Self.years.contains(year) else { throw SchedulingError(.dateRange, String(year)) }
        guard (1...12).contains(month), day >= 1, day <= Self.daysInMonth(month, of: year) else {
            throw SchedulingError(.dateMalformed, "\(year)-\(month)-\(day)")
        }
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// - Parameter dayNumber: days since 1970-01-01; nil outside `years`.
    public init?(dayNumber: Int) {
        guard Self.dayNumbers.contains(dayNumber) else { return nil }
        self.init(inRange: dayNumber)
    }

    /// The nearest date that there is.
    init(clamping dayNumber: Int) {
        self.init(inRange: min(max(dayNumber, Self.dayNumbers.lowerBound), Self.dayNumbers.upperBound))
    }

    /// Years are counted from March on, so that the leap day is the last of its year; 400 years have 146,097 days.
    private init(inRange dayNumber: Int) {
        let shifted = dayNumber + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    public var dayNumber: Int { Self.dayNumber(year: year, month: month, day: day) }

    public var weekday: Weekday { Self.weekday(dayNumber) }

    /// nil where it would leave `years`.
    public func adding(days: Int) -> CivilDate? {
        let (sum, overflows) = dayNumber.addingReportingOverflow(days)
        return overflows ? nil : CivilDate(dayNumber: sum)
    }

    public static func < (one: CivilDate, other: CivilDate) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }

    // MARK: Arithmetic on plain numbers, for any year of four digits

    static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// 1970-01-01 was a Thursday.
    static func weekday(_ dayNumber: Int) -> Weekday {
        Weekday(rawValue: (dayNumber + 3) - (dayNumber + 3).flooredQuotient(by: 7) * 7) ?? .monday
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func daysInMonth(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    // MARK: Text

    /// `2026-11-21` (RFC 3339) or `20261121` (RFC 5545, 3.3.4).
    public init(_ text: some StringProtocol) throws(SchedulingError) {
        var digits = DigitReader(text)
        guard let year = digits.number(of: 4) else { throw SchedulingError(.dateMalformed, text) }
        let isExtended = digits.skip("-")
        guard let month = digits.number(of: 2), !isExtended || digits.skip("-"), let day = digits.number(of: 2),
            digits.isAtEnd
        else { throw SchedulingError(.dateMalformed, text) }
        try self.init(year: year, month: month, day: day)
    }

    public var description: String { "\(year)-\(month.twoDigits)-\(day.twoDigits)" }

    /// As in RFC 5545, 3.3.4: `20261121`.
    public var basicText: String { "\(year)\(month.twoDigits)\(day.twoDigits)" }
}

extension BinaryInteger {
    /// Division that rounds down, also below zero. The divisor is a positive constant.
    func flooredQuotient(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension Int {
    var twoDigits: String { self < 10 ? "0\(self)" : String(self) }
}

/// Reads fixed numbers of ASCII digits and marks; anything else is nil or false.
struct DigitReader {
    private var rest: Substring.UTF8View

    init(_ text: some StringProtocol) { rest = Substring(text).utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    /// A number of exactly so many digits, of at most nine.
    mutating func number(of count: Int) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == mark.value else { return false }
        rest = rest.dropFirst()
        return true
    }
}
