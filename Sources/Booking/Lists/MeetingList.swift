// The list of a person's meetings: to come, running, past, page by page. An endless series is followed only as far as
// the page needs it.

public import Directory
public import Scheduling

public enum MeetingTab: String, Sendable, CaseIterable { case upcoming, running, past }

public enum MeetingFilter: String, Sendable, CaseIterable {
    case all
    /// Organised by the person.
    case mine
    /// Host or co-host.
    case hosting
    /// Invited by somebody else.
    case invited
    /// Not today any more.
    case later
}

public struct ListedMeeting: Hashable, Sendable {
    public let meeting: BookedMeeting
    /// Nil: a personal room.
    public let occurrence: Series.Occurrence?
    /// Of the person whose list it is.
    public let answer: Answer?

    fileprivate var place: MeetingCursor {
        MeetingCursor(
            start: occurrence?.interval.start ?? UTCTime(clamping: 0), id: meeting.id, original: occurrence?.original)
    }
}

/// The last entry of a page; the next page begins after it, whatever was booked or cancelled meanwhile.
public struct MeetingCursor: Hashable, Sendable, Comparable {
    let start: UTCTime
    let id: BookingID
    let original: OccurrenceName?

    init(start: UTCTime, id: BookingID, original: OccurrenceName?) {
        self.start = start
        self.id = id
        self.original = original
    }

    /// For a link.
    public var text: String { "\(start.basicText).\(original?.basicText ?? "").\(id)" }

    /// Nil for anything that is no cursor.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 128 else { return nil }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let start = try? UTCTime(parts[0]), let id = BookingID(String(parts[2])) else {
            return nil
        }
        var original: OccurrenceName?
        if !parts[1].isEmpty {
            guard let time = try? CivilDateTime(parts[1]) else { return nil }
            original = time
        }
        self.init(start: start, id: id, original: original)
    }

    public static func < (one: MeetingCursor, other: MeetingCursor) -> Bool {
        (one.start, one.id) == (other.start, other.id)
            ? one.original.map { mine in other.original.map { mine < $0 } ?? false } ?? (other.original != nil)
            : (one.start, one.id) < (other.start, other.id)
    }
}

public struct MeetingPage: Hashable, Sendable {
    public let meetings: [ListedMeeting]
    /// Nil: this is the last page.
    public let next: MeetingCursor?
}

public struct MeetingQuery: Sendable {
    /// Entries of a page.
    public static let pageSizes = 1...100

    public var tab: MeetingTab
    public var filter: MeetingFilter
    public var after: MeetingCursor?
    public var count: Int
    /// The viewer's, for what is today.
    public var zone: Zone

    public init(
        _ tab: MeetingTab, filter: MeetingFilter = .all, after: MeetingCursor? = nil, count: Int = 20, zone: Zone
    ) {
        self.tab = tab
        self.filter = filter
        self.after = after
        self.count = count
        self.zone = zone
    }

    /// Days to either side that are looked at, one stretch after the other until the page is full; the last is as far as
    /// bookings are shown.
    private static let stretches = [14, 92, 366, BookedMeeting.horizonDays]

    /// Those to come and running in order of their starts, past ones the newest first. Cancelled ones are in no list.
    public func page(
        of bookings: some Sequence<BookedMeeting>, for account: AccountID, running: [BookingID: RunningMeeting] = [:],
        in context: BookingContext, at now: UTCTime
    ) -> MeetingPage {
        let count = min(max(count, Self.pageSizes.lowerBound), Self.pageSizes.upperBound)
        let own = bookings.filter { $0.isBooked && isShown($0, to: account, in: context.directory) }
        var found: [ListedMeeting] = []
        if tab == .running {
            found = own.flatMap { runningEntries(of: $0, running[$0.id], for: account, in: context, at: now) }
        } else {
            for days in Self.stretches {
                let window = window(days: days, at: now)
                found = own.flatMap { entries(of: $0, in: window, running[$0.id], for: account, in: context, at: now) }
                if found.count > count { break }
            }
        }
        let isOldestFirst = tab != .past
        found.sort { isOldestFirst ? $0.place < $1.place : $1.place < $0.place }
        let shown = Array(found.prefix(count))
        return MeetingPage(meetings: shown, next: found.count > count ? shown.last?.place : nil)
    }

    /// A page that is not the first needs nothing before its cursor; no page goes beyond what is shown from now.
    private func window(days: Int, at now: UTCTime) -> Interval? {
        let (from, seconds) = (after?.start ?? now, days * 86_400)
        let all = BookedMeeting.horizonDays * 86_400
        if tab == .upcoming {
            let start = max(now, from)
            return Interval(start, min(start.advanced(by: seconds), now.advanced(by: all)))
        }
        // One that began as the last of the page before may last a day.
        let end = min(now, from.advanced(byMinutes: BookingLimits.minutes.upperBound))
        return Interval(max(end.advanced(by: -seconds), now.advanced(by: -all)), end)
    }

    private func isShown(_ meeting: BookedMeeting, to account: AccountID, in directory: DirectorySnapshot) -> Bool {
        switch filter {
        case .all, .later: meeting.isInvited(account, in: directory)
        case .mine: meeting.organiser == account
        case .hosting: meeting.details.host == account || meeting.details.coHosts.contains(account)
        case .invited: meeting.organiser != account && meeting.isInvited(account, in: directory)
        }
    }

    private func entries(
        of meeting: BookedMeeting, in window: Interval?, _ running: RunningMeeting?, for account: AccountID,
        in context: BookingContext, at now: UTCTime
    ) -> [ListedMeeting] {
        guard let window, let series = meeting.series else { return [] }
        return series.occurrences(overlapping: window, workdays: context.workdays).filter { occurrence in
            guard running?.occurrence != occurrence.original else { return false }
            switch tab {
            case .upcoming:
                guard occurrence.interval.start > now else { return false }
                return filter != .later || zone.local(occurrence.interval.start).date > zone.local(now).date
            // What began before the window may stand beside others that the window does not hold.
            case .past: return occurrence.interval.end <= now && occurrence.interval.start >= window.start
            case .running: return false
            }
        }.map { listed(meeting, $0, account) }.filter(isAfterCursor)
    }

    /// Somebody is there, or it is time.
    private func runningEntries(
        of meeting: BookedMeeting, _ running: RunningMeeting?, for account: AccountID, in context: BookingContext,
        at now: UTCTime
    ) -> [ListedMeeting] {
        guard filter != .later else { return [] }
        var names: Set<OccurrenceName> = []
        var found: [ListedMeeting] = []
        if let running {
            let occurrence = running.occurrence.flatMap { meeting.series?.occurrence(of: $0) }
            if let occurrence { names.insert(occurrence.original) }
            if occurrence != nil || meeting.series == nil { found.append(listed(meeting, occurrence, account)) }
        }
        if let moment = Interval(now, now.advanced(by: 1)) {
            for occurrence in meeting.series?.occurrences(overlapping: moment, workdays: context.workdays) ?? []
            where names.insert(occurrence.original).inserted { found.append(listed(meeting, occurrence, account)) }
        }
        return found.filter(isAfterCursor)
    }

    private func listed(
        _ meeting: BookedMeeting, _ occurrence: Series.Occurrence?, _ account: AccountID
    ) -> ListedMeeting {
        ListedMeeting(
            meeting: meeting, occurrence: occurrence,
            answer: meeting.answers.answer(of: .member(account), for: occurrence?.original))
    }

    private func isAfterCursor(_ entry: ListedMeeting) -> Bool {
        guard let after else { return true }
        return tab == .past ? entry.place < after : after < entry.place
    }
}
