// Small limits that keep a group or a meeting civil (1.3): how often somebody is called, how many notices are pinned.

/// So many times in so many seconds. Whoever counts keeps the last times; a limit of 3 needs the last 3.
public struct MentionLimit: Sendable, Hashable {
    public let times: Int
    public let seconds: Int64

    /// @all, for each group, meeting or live stream.
    public static let everyone = MentionLimit(times: 1, seconds: 600)
    /// @ of one person by one person in a running meeting.
    public static let person = MentionLimit(times: 3, seconds: 600)

    /// Seconds to wait until the next one is allowed, 0 for now. `earlier` are times in seconds since 1970, in any order;
    /// times after `now`, from a clock that went back, count as now.
    public func wait(after earlier: [Int64], at now: Int64) -> Int64 {
        let start = now &- seconds
        let recent = earlier.map { min($0, now) }.filter { $0 > start }
        guard recent.count >= times else { return 0 }
        let decisive = recent.sorted()[recent.count - times]
        return decisive - now + seconds
    }
}

extension WorkGroup {
    /// Whether somebody may call everybody in the group: owner, admins and superiors, once in ten minutes.
    public func checkMentionOfAll(
        by account: AccountID, after earlier: [Int64], at now: Int64, in directory: DirectorySnapshot
    ) throws(GroupError) {
        guard people.contains(.member(account)), let member = directory[account], member.enabled else {
            throw .notInGroup
        }
        guard member.identity == .superior || isModerated(by: account, in: directory) else { throw .notAllowed }
        guard MentionLimit.everyone.wait(after: earlier, at: now) == 0 else { throw .tooSoon }
    }
}

/// Pinned notices (置顶) of a group, a meeting or a live stream, the newest first.
public struct PinBoard: Sendable, Hashable {
    public static let most = 3

    public private(set) var notices: [String] = []

    public init() {}

    /// Pins a notice by its id; one that is pinned moves to the front.
    public mutating func pin(_ notice: String) throws(GroupError) {
        let others = notices.filter { $0 != notice }
        guard others.count < Self.most else { throw .tooManyPins }
        notices = [notice] + others
    }

    public mutating func unpin(_ notice: String) { notices.removeAll { $0 == notice } }
}
