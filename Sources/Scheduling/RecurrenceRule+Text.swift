// The text of a recurrence rule (the value of RRULE, RFC 5545, 3.3.10), read strictly and printed in one form.

extension RecurrenceRule {
    /// Bytes; the longest rule of the subset that says everything has about 450.
    static let longestText = 600

    /// - Parameter text: without `RRULE:`. Case does not matter.
    public init(_ text: String, isOnWorkdays: Bool = false) throws(SchedulingError) {
        guard text.utf8.count <= Self.longestText else { throw SchedulingError(.ruleTooLong) }
        let parts = try Parts(text.uppercased())
        guard let frequencyText = parts["FREQ"] else { throw SchedulingError(.ruleFrequencyMissing) }
        guard let frequency = Frequency(rawValue: frequencyText) else {
            throw SchedulingError(.ruleFrequencyUnsupported, frequencyText)
        }
        var interval = 1
        if let text = parts["INTERVAL"] {
            guard let number = Self.number(text, isSigned: false) else {
                throw SchedulingError(.ruleIntervalRange, text)
            }
            interval = number
        }
        var weekStart = Weekday.monday
        if let text = parts["WKST"] {
            guard let weekday = Weekday(code: text) else { throw SchedulingError(.ruleWeekStart, text) }
            weekStart = weekday
        }
        try self.init(
            frequency, interval: interval, end: Self.end(parts), days: Self.days(parts),
            monthDays: parts.numbers("BYMONTHDAY", else: .ruleMonthDayRange),
            months: parts.numbers("BYMONTH", else: .ruleMonthRange),
            positions: parts.numbers("BYSETPOS", else: .rulePositionRange), weekStart: weekStart,
            isOnWorkdays: isOnWorkdays)
    }

    private static func end(_ parts: Parts) throws(SchedulingError) -> End {
        switch (parts["COUNT"], parts["UNTIL"]) {
        case (nil, nil): return .never
        case (let text?, nil):
            guard let count = number(text, isSigned: false) else { throw SchedulingError(.ruleCountRange, text) }
            return .count(count)
        case (nil, let text?):
            // With a zone in DTSTART only the form in UTC is allowed, and ours always have one.
            guard text.utf8.count == 16, let time = try? UTCTime(text) else {
                throw SchedulingError(.ruleUntilForm, text)
            }
            return .until(time)
        case (_?, _?): throw SchedulingError(.ruleCountAndUntil)
        }
    }

    private static func days(_ parts: Parts) throws(SchedulingError) -> [Day] {
        guard let text = parts["BYDAY"] else { return [] }
        var days: [Day] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let weekday = Weekday(code: entry.suffix(2)) else { throw SchedulingError(.ruleDayValue, entry) }
            let ordinalText = entry.dropLast(2)
            let ordinal = number(ordinalText, isSigned: true)
            guard ordinalText.isEmpty || ordinal != nil else { throw SchedulingError(.ruleDayValue, entry) }
            days.append(Day(weekday, ordinal: ordinal))
        }
        return days
    }

    /// At most three ASCII digits.
    fileprivate static func number(_ text: some StringProtocol, isSigned: Bool) -> Int? {
        var digits = Substring(text).utf8
        let isNegative = isSigned && digits.first == UInt8(ascii: "-")
        if isNegative || isSigned && digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard (1...3).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return isNegative ? -value : value
    }

    /// `NAME=VALUE` parts, each name once and known.
    private struct Parts {
        private var values: [String: String] = [:]

        private static let known: Set = [
            "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST",
        ]
        /// RFC 5545 and RFC 7529 define them; no meeting needs them.
        private static let unsupported: Set = [
            "BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO", "RSCALE", "SKIP",
        ]

        init(_ text: String) throws(SchedulingError) {
            for part in text.split(separator: ";", omittingEmptySubsequences: false) {
                let sides = part.split(separator: "=", omittingEmptySubsequences: false)
                guard sides.count == 2, !sides[0].isEmpty, !sides[1].isEmpty else {
                    throw SchedulingError(.ruleMalformed, part)
                }
                let name = String(sides[0])
                if Self.unsupported.contains(name) { throw SchedulingError(.rulePartUnsupported, name) }
                guard Self.known.contains(name) else { throw SchedulingError(.rulePartUnknown, name) }
                guard values.updateValue(String(sides[1]), forKey: name) == nil else {
                    throw SchedulingError(.rulePartRepeated, name)
                }
            }
        }

        subscript(name: String) -> String? { values[name] }

        func numbers(_ name: String, else code: SchedulingError.Code) throws(SchedulingError) -> [Int] {
            guard let text = values[name] else { return [] }
            var numbers: [Int] = []
            for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let number = RecurrenceRule.number(entry, isSigned: true) else {
                    throw SchedulingError(code, entry)
                }
                numbers.append(number)
            }
            return numbers
        }
    }

    /// Parts in a fixed order, those left out that say what holds anyway. The workday flag is not part of it.
    public var text: String {
        var parts = ["FREQ=\(frequency.rawValue)"]
        if interval != 1 { parts.append("INTERVAL=\(interval)") }
        switch end {
        case .never: break
        case .count(let count): parts.append("COUNT=\(count)")
        case .until(let time): parts.append("UNTIL=\(time.basicText)")
        }
        let lists = [("BYMONTH", months), ("BYMONTHDAY", monthDays)]
        parts += lists.filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1.map(String.init).joined(separator: ","))" }
        if !days.isEmpty {
            parts.append(
                "BYDAY=" + days.map { "\($0.ordinal.map(String.init) ?? "")\($0.weekday.code)" }.joined(separator: ","))
        }
        if !positions.isEmpty { parts.append("BYSETPOS=" + positions.map(String.init).joined(separator: ",")) }
        if weekStart != .monday { parts.append("WKST=\(weekStart.code)") }
        return parts.joined(separator: ";")
    }
}
