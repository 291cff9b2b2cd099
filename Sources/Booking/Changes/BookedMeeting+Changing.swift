// Changes of a booking: all of it, one occurrence, one and all later ones. Each is a function from one value to the next
// and the list of who is told; a change to what already is gives neither.

public import Directory
public import Scheduling

extension BookedMeeting {
    /// All of it. The whole form comes again; what is different in it counts.
    public func changingAll(
        to new: CheckedBooking, by actor: AccountID, in context: BookingContext, at now: UTCTime,
        using random: inout some RandomNumberGenerator
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.change, by: actor, in: context, at: now)
        try checkGoesOn(in: context, at: now)
        try checkHosts(of: new.details, by: actor, in: context, at: now)
        guard (new.times == nil) == (series == nil) else { throw .otherKind }
        guard new.details != details || new.times != times else { return BookingOutcome(self, []) }

        var next = self
        next.details = new.details
        next.version += 1
        var areTimesNew = false
        if let series, let times = new.times, times != self.times {
            guard times.zone.utc(times.plan.start) > now || times.plan.start == series.start else { throw .inThePast }
            next.series = try scheduling { () throws(SchedulingError) in
                try series.changingAll(to: times.plan, workdays: context.workdays).inZone(times.zone)
            }
            areTimesNew = true
        }
        let (before, after) = (invited(in: context.directory), next.invited(in: context.directory))
        let removed = before.subtracting(after)
        // Higher with each change that people must hear of; times did it already.
        if !areTimesNew, !removed.isEmpty || new.details.obligations != details.obligations { try next.raiseSequence() }
        if areTimesNew {
            next.timesSequence = next.series?.sequence ?? 0
            next.answers = Answers()
        }
        var effects = next.handOutPersonalLinks(using: &random)
        if areTimesNew || new.details.whatPeopleRead != details.whatPeopleRead {
            effects += next.telling(.update, after.intersection(before), by: actor)
        }
        effects += next.telling(.invitation, after.subtracting(before), by: actor)
        effects += next.telling(.cancellation, removed, by: actor)
        if next.details.host != details.host {
            effects.append(.hostChanged(id, from: details.host, to: next.details.host))
        }
        return BookingOutcome(next, effects)
    }

    /// Other times for one occurrence.
    public func moving(
        _ occurrence: OccurrenceName, to start: CivilDateTime, minutes: Int, by actor: AccountID,
        in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.change, by: actor, in: context, at: now)
        let (series, current) = try this(occurrence, in: context, at: now)
        guard current.start != start || current.minutes != minutes else { return BookingOutcome(self, []) }
        guard series.zone.utc(start) > now || start == current.start else { throw .inThePast }
        var next = self
        next.series = try scheduling { () throws(SchedulingError) in
            try series.changing(occurrence, to: .moved(start: start, minutes: minutes), workdays: context.workdays)
        }
        next.version += 1
        next.answers.ask(about: occurrence)
        let people = invited(in: context.directory)
        return BookingOutcome(next, next.telling(.update, people, occurrence: occurrence, by: actor))
    }

    /// This occurrence and all later ones, as a booking of its own with its own number and links: calendars mishandle
    /// anything else. From the first one on it is a change of all.
    /// - Parameters:
    ///   - id: of the new booking.
    ///   - number: one that the `NumberPool` gave; it goes back there when the outcome has no `later`.
    public func changingLater(
        from occurrence: OccurrenceName, to new: CheckedBooking, id: BookingID, number: MeetingNumber,
        by actor: AccountID, in context: BookingContext, at now: UTCTime,
        using random: inout some RandomNumberGenerator
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.change, by: actor, in: context, at: now)
        let (series, _) = try this(occurrence, in: context, at: now)
        try checkHosts(of: new.details, by: actor, in: context, at: now)
        guard let times = new.times else { throw .otherKind }
        guard times.zone.utc(times.plan.start) > now || times.plan.start == occurrence else { throw .inThePast }
        let uid = "\(id)@\(context.domain)"
        let split = try scheduling { () throws(SchedulingError) in
            try series.splitting(at: occurrence, identifier: uid, plan: times.plan, workdays: context.workdays)
        }
        guard let earlier = split.earlier else {
            return try changingAll(to: new, by: actor, in: context, at: now, using: &random)
        }
        var first = self
        first.series = earlier
        first.version += 1
        let effects = first.telling(.update, first.invited(in: context.directory), by: actor)
        let later = try scheduling { () throws(SchedulingError) in try split.later.inZone(times.zone) }
        let second = Self.booking(
            new.details, series: later, id: id, number: number, organiser: organiser, by: actor, in: context, at: now,
            using: &random)
        return BookingOutcome(first, later: second.meeting, effects + second.effects)
    }

    /// Somebody else leads; who did so until now stays as a co-host.
    public func transferring(
        to account: AccountID, by actor: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.changeHosts, by: actor, in: context, at: now)
        try checkGoesOn(in: context, at: now)
        guard context.directory[account]?.enabled == true else { throw .unknownPerson }
        guard account != details.host else { return BookingOutcome(self, []) }
        let before = invited(in: context.directory)
        var next = self
        next.version += 1
        next.details.host = account
        next.details.coHosts.removeAll { $0 == account }
        if context.directory[details.host]?.enabled == true {
            if next.details.coHosts.count < BookingLimits.coHosts {
                next.details.coHosts.append(details.host)
            } else {
                next.details.invitees.members.insert(details.host)
            }
        }
        let newcomers = next.invited(in: context.directory).subtracting(before)
        return BookingOutcome(
            next,
            [.hostChanged(id, from: details.host, to: account)]
                + next.telling(.invitation, newcomers, by: actor))
    }

    /// A new link for all, when the old one went too far. Personal ones stay.
    public func renewingLink(
        by actor: AccountID, in context: BookingContext, at now: UTCTime,
        using random: inout some RandomNumberGenerator
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.change, by: actor, in: context, at: now)
        try checkGoesOn(in: context, at: now)
        let token = InviteToken(using: &random)
        var next = self
        next.link = token.digest
        next.version += 1
        return BookingOutcome(next, [.hand(token, of: id, .link)])
    }

    // MARK: What all changes ask

    private func checkHosts(
        of new: BookingDetails, by actor: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) {
        guard new.host != details.host || Set(new.coHosts) != Set(details.coHosts) else { return }
        try check(.changeHosts, by: actor, in: context, at: now)
    }

    func checkGoesOn(in context: BookingContext, at now: UTCTime) throws(BookingRefusal) {
        guard isBooked else { throw .cancelled }
        if let end = end(workdays: context.workdays), end <= now { throw .ended }
    }

    /// An occurrence that is still to come, or goes on.
    func this(
        _ name: OccurrenceName, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> (series: Series, occurrence: Series.Occurrence) {
        guard isBooked else { throw .cancelled }
        guard let series, series.gives(name, workdays: context.workdays), let found = series.occurrence(of: name) else {
            throw .unknownOccurrence
        }
        guard found.interval.end > now else { throw .ended }
        return (series, found)
    }

    mutating func raiseSequence() throws(BookingRefusal) {
        guard let series else { return }
        self.series = try scheduling { () throws(SchedulingError) in
            try series.with(zone: series.zone, sequence: series.sequence + 1)
        }
    }

    /// When the last occurrence ends; nil for a personal room and for a series without end.
    public func end(workdays: WorkdayTable) -> UTCTime? {
        guard let series else { return nil }
        if let rule = series.rule, rule.end == .never { return nil }
        return series.occurrences(workdays: workdays, limits: .search).map(\.interval.end).max()
            ?? series.zone.utc(series.start)
    }
}

extension BookingDetails {
    /// What changes what people have to do: the place, and who leads.
    fileprivate var obligations: [String] {
        [location, host.key] + coHosts.map(\.key).sorted() + invitees.rooms.map(\.text).sorted()
    }

    /// What an invitation says.
    fileprivate var whatPeopleRead: [String] { [topic, notes, settings.password?.text ?? ""] + obligations }
}

extension Series {
    func with(zone: Zone, sequence: Int) throws(SchedulingError) -> Series {
        try Series(
            identifier: identifier, zone: zone, start: start, minutes: minutes, rule: rule, additions: additions,
            exceptions: exceptions, sequence: sequence)
    }

    fileprivate func inZone(_ other: Zone) throws(SchedulingError) -> Series {
        other == zone ? self : try with(zone: other, sequence: sequence)
    }
}
