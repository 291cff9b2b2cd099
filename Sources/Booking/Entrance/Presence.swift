// What a booking must know of its running meeting to say who may enter and when it ends.

public import Directory
public import Scheduling

public struct Presence: Sendable, Equatable {
    /// When somebody first came in; nil: nobody has yet.
    public var startedAt: UTCTime?
    /// A host ended it for all.
    public var isEnded = false
    public var isLocked = false
    /// In the meeting; who waits is not.
    public var inside: Set<PersonID> = []
    /// Hosts and co-hosts among them, whatever the booking says.
    public var hosts: Set<PersonID> = []
    /// Nil while a host is there, or nobody has come yet.
    public var hostAbsentSince: UTCTime?
    /// Nil while somebody is there, or nobody has come yet.
    public var emptySince: UTCTime?
    /// By a host; may come back without waiting.
    public var admitted: Set<PersonID> = []
    /// By a host; may not come back.
    public var removed: Set<PersonID> = []
    /// A host gave it more time.
    public var extendedTo: UTCTime?

    public init() {}
}

extension BookedMeeting {
    /// The occurrence that somebody means who comes now: the one that goes on, or the next one. Nil for a personal room,
    /// and when all are over.
    public func currentOccurrence(at now: UTCTime, workdays: WorkdayTable) -> Series.Occurrence? {
        guard let series,
            let window = Interval(
                now.advanced(by: -BookingLimits.hardStop - BookingLimits.emptyEnd),
                now.advanced(by: Self.horizonDays * BookingLimits.hardStop))
        else { return nil }
        let open = series.occurrences(overlapping: window, workdays: workdays).filter {
            $0.interval.end.advanced(by: BookingLimits.emptyEnd) > now
        }
        // When one is over and only its half hour runs, the next one wins as soon as it is open.
        let first = open.firstIndex { occurrence in
            occurrence.interval.end > now
                || !open.contains { $0.interval.start > occurrence.interval.start && isOpen($0, at: now) }
        }
        return first.map { open[$0] }
    }

    /// Days ahead that a next occurrence is looked for: as far as bookings are shown.
    static let horizonDays = 2 * 366

    /// Whether people may enter as far as time goes.
    func isOpen(_ occurrence: Series.Occurrence, at now: UTCTime) -> Bool {
        guard let minutes = settings.early.minutes else { return true }
        return now >= occurrence.interval.start.advanced(byMinutes: -minutes)
    }

    /// When it ends for everybody, if nothing happens before. Nil for a personal room in which nobody has been yet.
    /// - Parameter occurrence: nil for a personal room.
    public func endTime(of occurrence: Series.Occurrence?, with presence: Presence) -> UTCTime? {
        let planned = occurrence.map { max($0.interval.end, presence.extendedTo ?? $0.interval.end) }
        var ends: [UTCTime] = []
        if let began = presence.startedAt ?? occurrence?.interval.start {
            ends.append(began.advanced(by: BookingLimits.hardStop))
            if let minutes = settings.preset?.maximumMinutes {
                ends.append(max(began, occurrence?.interval.start ?? began).advanced(byMinutes: minutes))
            }
        }
        if let emptyEnd = (planned ?? presence.emptySince)?.advanced(by: BookingLimits.emptyEnd) {
            if presence.startedAt == nil { ends.append(emptyEnd) }
            if let empty = presence.emptySince { ends.append(max(emptyEnd, empty)) }
        }
        return ends.min()
    }
}
