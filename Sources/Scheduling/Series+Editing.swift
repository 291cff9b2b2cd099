// Changing a series, as functions from one to the next: this occurrence, this and later ones, or all. Each gives the
// series a higher SEQUENCE, so that the invitations sent for it win over older ones.

extension Series {
    /// The start, length and rule of the later part of a series, or of all of it.
    public struct Plan: Hashable, Sendable {
        public var start: CivilDateTime
        public var minutes: Int
        public var rule: RecurrenceRule?

        public init(start: CivilDateTime, minutes: Int, rule: RecurrenceRule?) {
            self.start = start
            self.minutes = minutes
            self.rule = rule
        }
    }

    public struct Split: Hashable, Sendable {
        /// The series up to the split; nil when nothing of it is left, so that it is to be cancelled as a whole.
        public let earlier: Series?
        public let later: Series
    }

    /// This one: cancelled or moved.
    /// - Throws: `series_unknown_occurrence`, `series_duration`, `series_exceptions`.
    public func changing(
        _ original: CivilDateTime, to exception: Exception, workdays: WorkdayTable
    ) throws(SchedulingError) -> Series {
        guard gives(original, workdays: workdays) else {
            throw SchedulingError(.seriesUnknownOccurrence, original.description)
        }
        var exceptions = exceptions
        exceptions[original] = exception
        return try Series(
            identifier: identifier, zone: zone, start: start, minutes: minutes, rule: rule, additions: additions,
            exceptions: exceptions, sequence: sequence + 1)
    }

    /// This one and later ones, as a series of its own: most calendars mishandle RANGE=THISANDFUTURE. The old one ends a
    /// second before; a count is shared out, so that both together have as many as before.
    /// - Parameters:
    ///   - original: the first of the later ones.
    ///   - identifier: the UID of the new series.
    ///   - plan: how it goes on; nil means as before.
    /// - Throws: `series_unknown_occurrence`, `series_empty` when the plan gives none, or what `Series` and the rule throw.
    public func splitting(
        at original: CivilDateTime, identifier newIdentifier: String, plan: Plan? = nil, workdays: WorkdayTable
    ) throws(SchedulingError) -> Split {
        guard gives(original, workdays: workdays) else {
            throw SchedulingError(.seriesUnknownOccurrence, original.description)
        }
        // Only the rule's own starts use up its count.
        var before = 0
        var next: CivilDateTime?
        if let rule {
            for given in RuleExpansion(rule, start: start, zone: zone, workdays: workdays, limits: .search) {
                guard given < original else {
                    next = given
                    break
                }
                before += 1
            }
        }
        // What is left of the rule; nothing at an addition behind its last start.
        var rest = next == nil ? nil : rule
        if let rule, case .count(let count) = rule.end, rest != nil { rest = try rule.ending(.count(count - before)) }

        let exceptions = exceptions.filter { $0.key >= original }
        let later: Series
        if var plan {
            if plan.rule == rule { plan.rule = rest }
            later = try Series(
                identifier: newIdentifier, zone: zone,
                start: CivilDateTime(original.date, secondOfDay: start.secondOfDay), minutes: minutes, rule: rule,
                additions: additions.filter { $0 > original }, exceptions: exceptions
            ).following(plan, workdays: workdays, sequence: 0)
        } else {
            let first = next ?? original
            later = try Series(
                identifier: newIdentifier, zone: zone, start: first, minutes: minutes, rule: rest,
                additions: additions.filter { $0 >= original && $0 != first }, exceptions: exceptions)
        }
        // Where the rule was over already, its own end stays.
        var closedRule = before > 0 ? rule : nil
        if next != nil { closedRule = try closedRule?.ending(.until(zone.utc(original).advanced(by: -1))) }
        return Split(earlier: try earlier(than: original, rule: closedRule), later: later)
    }

    /// The part before an occurrence; nil when there is none.
    private func earlier(than original: CivilDateTime, rule closedRule: RecurrenceRule?) throws(SchedulingError)
        -> Series?
    {
        let additions = additions.filter { $0 < original }
        let first = closedRule != nil || (rule == nil && start < original) ? start : additions.min()
        guard let first else { return nil }
        return try Series(
            identifier: identifier, zone: zone, start: first, minutes: minutes, rule: closedRule,
            additions: additions.subtracting(closedRule == nil ? [first] : []),
            exceptions: exceptions.filter { $0.key < original }, sequence: sequence + 1)
    }

    /// All of them. Exceptions stay with their days while the plan still gives those days.
    /// - Throws: `series_empty` when the plan gives none, or what `Series` throws.
    public func changingAll(to plan: Plan, workdays: WorkdayTable) throws(SchedulingError) -> Series {
        try following(plan, workdays: workdays, sequence: sequence + 1)
    }

    private func following(_ plan: Plan, workdays: WorkdayTable, sequence: Int) throws(SchedulingError) -> Series {
        // Additions keep their hours unless they had the series' own; a name of an exception goes with its start.
        func moved(_ original: CivilDateTime) -> CivilDateTime {
            original.secondOfDay == start.secondOfDay
                ? CivilDateTime(original.date, secondOfDay: plan.start.secondOfDay) : original
        }
        let additions = Set(additions.map(moved))
        let bare = try Series(
            identifier: identifier, zone: zone, start: plan.start, minutes: plan.minutes, rule: plan.rule,
            additions: additions, sequence: sequence)
        guard bare.originals(workdays: workdays, limits: .search).contains(where: { _ in true }) else {
            throw SchedulingError(.seriesEmpty)
        }
        let keys = Set(exceptions.keys.map(moved))
        var given: Set<CivilDateTime> = []
        if let last = keys.max() {
            given = Set(bare.originals(workdays: workdays, limits: .search).lazy.prefix { $0 <= last })
        }
        let kept = exceptions.map { (moved($0.key), $0.value) }.filter { given.contains($0.0) }
        return try Series(
            identifier: identifier, zone: zone, start: plan.start, minutes: plan.minutes, rule: plan.rule,
            additions: additions, exceptions: Dictionary(kept) { first, _ in first }, sequence: sequence)
    }
}
