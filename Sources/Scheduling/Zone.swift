// A time zone as the list of its periods of one offset each, and the two conversions. Its file is read by
// ZoneFile.swift, found by ZoneFolder.swift; rules past the file's end are in ZoneFooter.swift.

public struct Zone: Hashable, Sendable {
    /// A stretch of time with one offset from UTC.
    struct Period: Sendable, Equatable {
        /// Seconds since 1970; the first period's is the least number.
        let start: Int64
        /// Seconds east of Greenwich.
        let offset: Int
        let isDaylight: Bool
        /// As the zone's users abbreviate it: `CST`, or `+06`.
        let name: String
    }

    /// As in the tz database: `Asia/Shanghai`.
    public let name: String
    /// In order of time, never empty, reaching to the end of the calendar.
    let periods: [Period]
    /// The rule that every change after `footerStart` follows.
    let footer: ZoneFooter?
    /// Seconds since 1970.
    let footerStart: Int64

    public static let utc = Zone(
        name: "Etc/UTC", periods: [Period(start: .min, offset: 0, isDaylight: false, name: "UTC")], footer: nil,
        footerStart: .min)

    public static func == (one: Zone, other: Zone) -> Bool { one.name == other.name && one.periods == other.periods }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// The index of the period in force.
    func index(at time: Int64) -> Int {
        var (low, high) = (0, periods.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if periods[middle].start <= time { low = middle } else { high = middle }
        }
        return low
    }

    /// Seconds east of Greenwich.
    public func offset(at time: UTCTime) -> Int { periods[index(at: time.secondsSince1970)].offset }

    public func local(_ time: UTCTime) -> CivilDateTime {
        CivilDateTime(clamping: time.secondsSince1970 + Int64(offset(at: time)))
    }

    /// A time that the clocks skip is read with the offset before the gap (02:30 becomes 03:30); of a time that they
    /// show twice the first is meant (RFC 5545, 3.3.5).
    public func utc(_ local: CivilDateTime) -> UTCTime {
        let wall = local.wallSeconds
        // No offset is as large as 26 hours, so the answer's period is this one or a later one.
        var current = index(at: wall - Self.offsetBound)
        while current + 1 < periods.count {
            let (time, end) = (wall - Int64(periods[current].offset), periods[current + 1].start)
            // Either it lies in this period, or the next one begins later on the wall than it.
            if time < end || wall - Int64(periods[current + 1].offset) < end { return UTCTime(clamping: time) }
            current += 1
        }
        return UTCTime(clamping: wall - Int64(periods[current].offset))
    }

    /// Seconds; RFC 8536, 3.2 allows offsets from -25 to +26 hours.
    static let offsetBound: Int64 = 26 * 3_600
}
