// Cancelling and deleting. Both may be asked twice: the second time changes nothing and tells nobody.

public import Directory
public import Scheduling

public enum ChangeScope: Hashable, Sendable {
    case this(OccurrenceName)
    case thisAndLater(OccurrenceName)
    case all
}

extension BookedMeeting {
    public func cancelling(
        _ scope: ChangeScope, by actor: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.cancel, by: actor, in: context, at: now)
        guard isBooked else { return BookingOutcome(self, []) }
        switch scope {
        case .all: return try cancellingAll(by: actor, in: context, at: now)
        case .this(let name):
            if series?.exceptions[name] == .cancelled { return BookingOutcome(self, []) }
            let (series, _) = try this(name, in: context, at: now)
            let rest = try scheduling { () throws(SchedulingError) in
                try series.changing(name, to: .cancelled, workdays: context.workdays)
            }
            guard
                rest.occurrences(workdays: context.workdays, limits: .search).contains(where: { $0.interval.end > now })
            else { return try cancellingAll(by: actor, in: context, at: now) }
            var next = self
            next.series = rest
            next.version += 1
            return BookingOutcome(
                next, next.telling(.cancellation, invited(in: context.directory), occurrence: name, by: actor))
        case .thisAndLater(let name):
            let (series, _) = try this(name, in: context, at: now)
            let split = try scheduling { () throws(SchedulingError) in
                try series.splitting(at: name, identifier: series.identifier, workdays: context.workdays)
            }
            guard let earlier = split.earlier else { return try cancellingAll(by: actor, in: context, at: now) }
            var next = self
            next.series = earlier
            next.version += 1
            return BookingOutcome(next, next.telling(.update, invited(in: context.directory), by: actor))
        }
    }

    private func cancellingAll(
        by actor: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        try checkGoesOn(in: context, at: now)
        var next = self
        try next.raiseSequence()
        next.state = .cancelled(at: now)
        next.version += 1
        return BookingOutcome(
            next,
            next.telling(.cancellation, invited(in: context.directory), by: actor)
                + [.close(id), .release(number, at: now)])
    }

    /// Takes it from all lists. One that is still to come is cancelled with it.
    public func deleting(
        by actor: AccountID, in context: BookingContext, at now: UTCTime
    ) throws(BookingRefusal) -> BookingOutcome {
        try check(.delete, by: actor, in: context, at: now)
        if case .deleted = state { return BookingOutcome(self, []) }
        let end = end(workdays: context.workdays)
        let isOver = end.map { $0 <= now } ?? false
        let ended = isBooked && !isOver ? try cancellingAll(by: actor, in: context, at: now) : BookingOutcome(self, [])
        var next = ended.meeting
        // The number of one that ran out rests from its end; of one that was cancelled, from then.
        let lastUse: UTCTime
        if case .cancelled(let time) = next.state { lastUse = time } else { lastUse = min(end ?? now, now) }
        next.state = .deleted(at: lastUse)
        next.version += 1
        return BookingOutcome(next, ended.effects)
    }
}
