// Who is busy when: lists of intervals, what they have in common, and the first time that suits all.

/// From `start` up to, not including, `end`.
public struct Interval: Hashable, Sendable {
    public let start: UTCTime
    public let end: UTCTime

    /// nil when it would be empty or run backwards.
    public init?(_ start: UTCTime, _ end: UTCTime) {
        guard start < end else { return nil }
        (self.start, self.end) = (start, end)
    }

    /// Meetings that only touch do not.
    public func overlaps(_ other: Interval) -> Bool { start < other.end && other.start < end }
}

/// Intervals in order that neither overlap nor touch.
public struct IntervalList: Hashable, Sendable {
    public private(set) var intervals: [Interval] = []

    public static let empty = IntervalList([])

    /// Any intervals in any order.
    public init(_ intervals: some Sequence<Interval>) {
        for interval in intervals.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
            guard let last = self.intervals.last, interval.start <= last.end else {
                self.intervals.append(interval)
                continue
            }
            self.intervals.removeLast()
            Interval(last.start, max(last.end, interval.end)).map { self.intervals.append($0) }
        }
    }

    public func union(_ other: IntervalList) -> IntervalList { IntervalList(intervals + other.intervals) }

    public func intersection(_ other: IntervalList) -> IntervalList {
        var result = IntervalList.empty
        var (mine, theirs) = (intervals[...], other.intervals[...])
        while let one = mine.first, let two = theirs.first {
            Interval(max(one.start, two.start), min(one.end, two.end)).map { result.intervals.append($0) }
            if one.end < two.end { mine = mine.dropFirst() } else { theirs = theirs.dropFirst() }
        }
        return result
    }

    public func subtracting(_ other: IntervalList) -> IntervalList {
        var result = IntervalList.empty
        var theirs = other.intervals[...]
        for interval in intervals {
            var start = interval.start
            while let two = theirs.first, two.start < interval.end {
                Interval(start, min(two.start, interval.end)).map { result.intervals.append($0) }
                start = max(start, two.end)
                // One that goes on beyond this interval may touch the next as well.
                if two.end > interval.end { break }
                theirs = theirs.dropFirst()
            }
            Interval(start, interval.end).map { result.intervals.append($0) }
        }
        return result
    }

    /// The intervals that overlap the one given.
    public func conflicts(with interval: Interval) -> [Interval] {
        var (low, high) = (0, intervals.count)
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].end <= interval.start { low = middle + 1 } else { high = middle }
        }
        return Array(intervals[low...].prefix { $0.start < interval.end })
    }
}

public enum SlotSearch {
    /// Minutes; suggestions begin on the quarter of an hour.
    public static let grid = 15
    /// Days; who finds nothing in two months asks people instead.
    public static let longestWindow = 62

    /// The first time within working hours at which nobody is busy, on the grid of the clock on the wall.
    /// - Parameters:
    ///   - minutes: how long, 1 or more.
    ///   - busy: one list for each person and room.
    ///   - window: where to look; what lies beyond `longestWindow` days is not searched.
    public static func firstCommonSlot(
        minutes: Int, busy: some Sequence<IntervalList>, in window: Interval, hours: WorkingHours
    ) -> Interval? {
        guard (1...24 * 60).contains(minutes) else { return nil }
        let end = min(window.end, window.start.advanced(by: longestWindow * CivilDateTime.secondsInDay))
        guard let window = Interval(window.start, end) else { return nil }
        let taken = IntervalList(busy.flatMap { $0.conflicts(with: window) })
        for free in hours.intervals(in: window).subtracting(taken).intervals {
            let offset = Int64(hours.zone.offset(at: free.start))
            let step = Int64(grid * 60)
            let wall = free.start.secondsSince1970 + offset
            let start = UTCTime(clamping: (wall + step - 1).flooredQuotient(by: step) * step - offset)
            if let slot = Interval(start, start.advanced(byMinutes: minutes)), slot.end <= free.end { return slot }
        }
        return nil
    }
}
