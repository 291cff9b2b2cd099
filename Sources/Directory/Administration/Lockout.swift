// All that follows from disabling a member (B12), worked out in one go so that nothing is forgotten and all of it can be
// carried out within the second. Carrying it out, media first, is for who holds sessions, meetings and the store.

/// A running meeting in which the member is.
public struct AttendedMeeting: Sendable, Equatable {
    public let id: String
    public let host: AccountID?
    /// The one named first takes over first.
    public let coHosts: [AccountID]
    public let present: Set<AccountID>

    public init(id: String, host: AccountID?, coHosts: [AccountID], present: Set<AccountID>) {
        self.id = id
        self.host = host
        self.coHosts = coHosts
        self.present = present
    }
}

public struct Lockout: Sendable, Equatable {
    public enum Host: Sendable, Equatable {
        /// He was not the host.
        case stays
        case passes(to: AccountID)
        /// Nobody there can lead; the meeting ends then. Seconds since 1970.
        case endsMeeting(at: Int64)
    }

    /// Seconds that a meeting without a host goes on: people say good-bye.
    public static let secondsWithoutHost: Int64 = 300

    /// The member as he is from now on: disabled, with the next epoch. All tokens, links and feeds of an older one are
    /// refused from this moment.
    public let member: Member
    /// By meeting: he is removed from each, and the host's role goes as said.
    public let meetings: [String: Host]
    /// His groups as they are without him, with new owners.
    public let groups: [WorkGroup]
    /// Meetings in the future that he organises and an administrator must look at.
    public let flaggedMeetings: [String]

    /// `directory` is the one in which he still is enabled. Meetings are those he is in, groups those he is in or owns.
    public init(
        of member: Member, in directory: DirectorySnapshot, meetings: [AttendedMeeting], groups: [WorkGroup],
        organised: [String], at now: Int64
    ) {
        var disabled = member
        disabled.enabled = false
        // An epoch that cannot go up any more (nobody is disabled that often) must not come back to an old one.
        disabled.epoch = member.epoch == .max ? .max : member.epoch + 1
        self.member = disabled
        let moderators = directory.moderators(of: member.mainDepartment)
        self.meetings = meetings.reduce(into: [:]) { outcome, meeting in
            guard meeting.host == member.account else {
                outcome[meeting.id] = .stays
                return
            }
            let next = (meeting.coHosts + moderators).first {
                $0 != member.account && meeting.present.contains($0) && directory[$0]?.enabled == true
            }
            outcome[meeting.id] = next.map { .passes(to: $0) } ?? .endsMeeting(at: now + Self.secondsWithoutHost)
        }
        self.groups = groups.map { group in
            var group = group
            group.lose(member.account, in: directory)
            return group
        }
        self.flaggedMeetings = organised
    }
}
