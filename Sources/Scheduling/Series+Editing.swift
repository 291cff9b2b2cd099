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
        if let rule {
            let expansion = RuleExpansion(rule, start: start, zone: zone, workdays: workdays, limits: .search)
            before = expansion.prefix { $0 < original }.count
        }
        var plan = plan ?? Plan(start: original, minutes: minutes, rule: rule)
        if let next = plan.rule, next == rule, case .count(let count) = next.end, before > 0 {
            // At an addition behind the rule's last start nothing of the count is left.
            plan.rule = count > before ? try next.ending(.count(count - before)) : nil
        }
        let later = try Series(
            identifier: newIdentifier, zone: zone, start: original, minutes: minutes, rule: rule,
            additions: additions.filter { $0 > original }, exceptions: exceptions.filter { $0.key >= original }
        ).following(plan, workdays: workdays, sequence: 0)

        let earlierAdditions = additions.filter { $0 < original }
        guard before > 0 || !earlierAdditions.isEmpty || (rule == nil && start < original) else {
            return Split(earlier: nil, later: later)
        }
        var closedRule = rule
        if let rule { closedRule = try rule.ending(.until(zone.utc(original).advanced(by: -1))) }
        let earlier = try Series(
            identifier: identifier, zone: zone, start: start, minutes: minutes, rule: closedRule,
            additions: earlierAdditions, exceptions: exceptions.filter { $0.key < original }, sequence: sequence + 1)
        return Split(earlier: earlier, later: later)
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
