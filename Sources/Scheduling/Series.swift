// A booked meeting in the calendar: one start, or a rule with its exceptions, and the occurrences it comes to. What the
// meeting is about is kept by others. Changing a series is in Series+Editing.swift.

public struct Series: Hashable, Sendable {
    /// What became of one occurrence that the rule or an addition gives.
    public enum Exception: Hashable, Sendable {
        /// It does not take place (EXDATE).
        case cancelled
        case moved(start: CivilDateTime, minutes: Int)
    }

    public struct Occurrence: Hashable, Sendable {
        /// Where the rule had put it: its name for as long as the series lives (RECURRENCE-ID).
        public let original: CivilDateTime
        public let start: CivilDateTime
        public let minutes: Int
        public let interval: Interval
        public let isMoved: Bool
    }

    public enum Limit {
        public static let minutes = 5...24 * 60
        /// Additions and exceptions together: twice the longest rule. Who changes more means another meeting.
        public static let exceptions = 400
        /// RFC 5545 has integers of 31 bits; nobody changes a meeting so often.
        static let sequence = 1_000_000_000
        /// Characters of a UID.
        static let identifier = 200
    }

    /// UID of RFC 5545, 3.8.4.7.
    public let identifier: String
    public let zone: Zone
    public let start: CivilDateTime
    public let minutes: Int
    /// nil: once.
    public let rule: RecurrenceRule?
    /// Starts beside the rule's (RDATE).
    public let additions: Set<CivilDateTime>
    /// By original start.
    public let exceptions: [CivilDateTime: Exception]
    /// SEQUENCE of RFC 5546, 2.1.4: higher with each change that people must hear of.
    public let sequence: Int

    /// - Throws: `series_identifier`, `series_duration`, `series_exceptions`.
    public init(
        identifier: String, zone: Zone, start: CivilDateTime, minutes: Int, rule: RecurrenceRule? = nil,
        additions: Set<CivilDateTime> = [], exceptions: [CivilDateTime: Exception] = [:], sequence: Int = 0
    ) throws(SchedulingError) {
        guard Self.isWellFormed(identifier: identifier) else { throw SchedulingError(.seriesIdentifier, identifier) }
        for case .moved(_, let minutes) in exceptions.values where !Limit.minutes.contains(minutes) {
            throw SchedulingError(.seriesDuration, String(minutes))
        }
        guard Limit.minutes.contains(minutes) else { throw SchedulingError(.seriesDuration, String(minutes)) }
        guard additions.count + exceptions.count <= Limit.exceptions else { throw SchedulingError(.seriesExceptions) }
        self.identifier = identifier
        self.zone = zone
        self.start = start
        self.minutes = minutes
        self.rule = rule
        self.additions = additions
        self.exceptions = exceptions
        self.sequence = min(max(0, sequence), Limit.sequence)
    }

    static func isWellFormed(identifier: String) -> Bool {
        (1...Limit.identifier).contains(identifier.utf8.count)
            && identifier.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x40...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }

    /// The starts that rule and additions give, in order, whatever became of them.
    public func originals(
        workdays: WorkdayTable, from firstDate: CivilDate? = nil, limits: ExpansionLimits = .booking
    ) -> Originals {
        guard let rule else {
            let all = additions.union([start]).sorted()
            return Originals(rule: nil, additions: all.filter { $0.date >= firstDate ?? $0.date })
        }
        let expansion = RuleExpansion(
            rule, start: start, zone: zone, workdays: workdays, from: firstDate, limits: limits)
        return Originals(rule: expansion, additions: additions.filter { $0.date >= firstDate ?? $0.date }.sorted())
    }

    public struct Originals: Sequence, Sendable {
        let rule: RuleExpansion?
        let additions: [CivilDateTime]

        public func makeIterator() -> Iterator {
            Iterator(rule: rule?.makeIterator(), additions: additions[...])
        }

        /// Merges two rows in order; what is in both comes once.
        public struct Iterator: IteratorProtocol {
            private var rule: RuleExpansion.Iterator?
            private var nextOfRule: CivilDateTime?
            private var additions: ArraySlice<CivilDateTime>

            init(rule: RuleExpansion.Iterator?, additions: ArraySlice<CivilDateTime>) {
                self.rule = rule
                self.additions = additions
                nextOfRule = self.rule?.next()
            }

            public mutating func next() -> CivilDateTime? {
                guard let date = [nextOfRule, additions.first].compactMap({ $0 }).min() else { return nil }
                if date == nextOfRule { nextOfRule = rule?.next() }
                if date == additions.first { additions = additions.dropFirst() }
                return date
            }
        }
    }

    /// What becomes of an original; nil when it is cancelled.
    public func occurrence(of original: CivilDateTime) -> Occurrence? {
        var (start, minutes, isMoved) = (original, minutes, false)
        switch exceptions[original] {
        case .cancelled: return nil
        case .moved(let otherStart, let otherMinutes): (start, minutes, isMoved) = (otherStart, otherMinutes, true)
        case nil: break
        }
        let begin = zone.utc(start)
        return Interval(begin, begin.advanced(byMinutes: minutes)).map {
            Occurrence(original: original, start: start, minutes: minutes, interval: $0, isMoved: isMoved)
        }
    }

    /// Whether rule or additions give this start.
    public func gives(_ original: CivilDateTime, workdays: WorkdayTable) -> Bool {
        originals(workdays: workdays, from: original.date, limits: .search).first { $0 >= original } == original
    }

    /// What takes place, as far as bookings are shown ahead, by original start.
    public func occurrences(workdays: WorkdayTable, limits: ExpansionLimits = .booking) -> [Occurrence] {
        originals(workdays: workdays, limits: limits).compactMap(occurrence(of:))
    }

    /// Occurrences that were moved, by original start. A move of a start that the rule no longer gives counts for nothing.
    func movedOccurrences(workdays: WorkdayTable) -> [Occurrence] {
        let keys = exceptions.filter { $0.value != .cancelled }.keys
        guard let first = keys.min(), let last = keys.max() else { return [] }
        return originals(workdays: workdays, from: first.date, limits: .search).lazy.prefix { $0 <= last }
            .filter { exceptions[$0] != nil }.compactMap(occurrence(of:))
    }

    /// What takes place in a window of time, by actual start.
    public func occurrences(overlapping window: Interval, workdays: WorkdayTable) -> [Occurrence] {
        // One that began the day before may still go on, and no zone is two days off.
        let first = zone.local(window.start).date.adding(days: -2)
        let last = zone.local(window.end)
        let inPlace = originals(workdays: workdays, from: first, limits: .search).lazy.prefix { $0 <= last }
            .filter { exceptions[$0] == nil }.compactMap(occurrence(of:))
        // Moved ones may have come from anywhere.
        return (Array(inPlace) + movedOccurrences(workdays: workdays)).filter { $0.interval.overlaps(window) }
            .sorted { ($0.interval.start, $0.original) < ($1.interval.start, $1.original) }
    }
}
