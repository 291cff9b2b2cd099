// A booked meeting as a value. How one comes to be is in BookingDraft, how it changes in Changes/, who may enter it in
// Entrance/.

public import Directory
public import Scheduling

/// Chosen once by who stores bookings.
public struct BookingID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Bytes. It is the first half of a UID, and in links.
    public static let longest = 64

    public let text: String

    /// Nil unless it is 1 to 64 ASCII letters, digits, `-` and `_`.
    public init?(_ text: String) {
        guard (1...Self.longest).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            })
        else { return nil }
        self.text = text
    }

    public var description: String { text }
    public static func < (one: BookingID, other: BookingID) -> Bool { one.text < other.text }
}

public enum MeetingKind: String, Sendable, CaseIterable {
    case instant
    case scheduled
    case recurring
    /// Always there, for whom its owner lets in.
    case personalRoom = "personal_room"
}

/// Which one of a series is meant: its original start; a meeting that takes place once has one too.
public typealias OccurrenceName = CivilDateTime

/// What a booking says besides its times.
public struct BookingDetails: Hashable, Sendable {
    public var kind: MeetingKind
    public var topic: String
    /// Plain text with lines, empty when there is none.
    public var notes: String
    /// Where people meet besides; empty when there is none.
    public var location: String
    public var host: AccountID
    public var coHosts: [AccountID]
    public var invitees: Invitees
    public var settings: MeetingSettings
}

/// Times of a booking: on the wall of its zone.
public struct BookingTimes: Hashable, Sendable {
    public var zone: Zone
    public var plan: Series.Plan
}

public enum Answer: String, Sendable, CaseIterable { case accepted, declined, tentative }

/// What people answered. One for an occurrence wins over one for the series.
public struct Answers: Hashable, Sendable {
    public internal(set) var series: [Invitee: Answer] = [:]
    public internal(set) var single: [OccurrenceName: [Invitee: Answer]] = [:]
    /// Occurrences that were moved by themselves: what was said of the series before is not about them.
    public internal(set) var asked: Set<OccurrenceName> = []

    public init() {}

    /// As stored.
    public init(
        series: [Invitee: Answer], single: [OccurrenceName: [Invitee: Answer]], asked: Set<OccurrenceName>
    ) {
        self.series = series
        self.single = single
        self.asked = asked
    }

    /// Nil: nothing yet, which is no refusal.
    public func answer(of invitee: Invitee, for occurrence: OccurrenceName?) -> Answer? {
        guard let occurrence else { return series[invitee] }
        return single[occurrence]?[invitee] ?? (asked.contains(occurrence) ? nil : series[invitee])
    }

    mutating func set(_ answer: Answer, of invitee: Invitee, for occurrence: OccurrenceName?) {
        if let occurrence {
            single[occurrence, default: [:]][invitee] = answer
            return
        }
        series[invitee] = answer
        for name in single.keys { single[name]?[invitee] = nil }
        for name in asked { single[name, default: [:]][invitee] = answer }
        single = single.filter { !$0.value.isEmpty }
    }

    /// An occurrence has other times: everybody is asked again about it.
    mutating func ask(about occurrence: OccurrenceName) {
        single[occurrence] = nil
        asked.insert(occurrence)
    }
}

public struct BookedMeeting: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case booked
        case cancelled(at: UTCTime)
        /// Shown to nobody any more; kept so that its number rests.
        case deleted(at: UTCTime)
    }

    public let id: BookingID
    public let number: MeetingNumber
    /// Who booked it; stays when the host changes.
    public let organiser: AccountID
    public internal(set) var details: BookingDetails
    /// Nil for a personal room.
    public internal(set) var series: Series?
    public internal(set) var answers = Answers()
    public internal(set) var state = State.booked
    /// SEQUENCE when the times last changed: answers to an older one are about other times.
    public internal(set) var timesSequence = 0
    /// Of the link that is the same for all; spares its holder the password, and says nothing about who he is.
    public internal(set) var link: InviteToken.Digest
    /// Of the links of people outside, one each: their holders are invited.
    public internal(set) var personalLinks: [OutsideContact: InviteToken.Digest]
    /// Grows with every change: an ETag.
    public internal(set) var version = 1

    /// As stored.
    public init(
        id: BookingID, number: MeetingNumber, organiser: AccountID, details: BookingDetails, series: Series?,
        link: InviteToken.Digest, personalLinks: [OutsideContact: InviteToken.Digest] = [:],
        answers: Answers = Answers(), state: State = .booked, timesSequence: Int = 0, version: Int = 1
    ) {
        self.id = id
        self.number = number
        self.organiser = organiser
        self.details = details
        self.series = series
        self.link = link
        self.personalLinks = personalLinks
        self.answers = answers
        self.state = state
        self.timesSequence = timesSequence
        self.version = version
    }

    public var settings: MeetingSettings { details.settings }
    public var isBooked: Bool { state == .booked }

    /// Whose meeting it is: organiser, host and co-hosts are there without being invited.
    public var leaders: Set<AccountID> { Set([organiser, details.host] + details.coHosts) }

    /// Everybody who is told of it, as the directory is now: leaders, invited members, people outside.
    public func invited(in directory: DirectorySnapshot) -> Set<Invitee> {
        let accounts = leaders.filter { directory[$0]?.enabled == true }.union(details.invitees.accounts(in: directory))
        return Set(accounts.map { .member($0) }).union(details.invitees.outside.keys.map { .outside($0) })
    }

    public func isInvited(_ account: AccountID, in directory: DirectorySnapshot) -> Bool {
        guard let member = directory[account], member.enabled else { return false }
        return leaders.contains(account) || details.invitees.contains(member, in: directory)
    }

    /// Whether a token opens this meeting, and as whom.
    public func invite(of token: InviteToken) -> Invite? {
        // Every digest is compared, so that the time says nothing about which one it is.
        let personal = personalLinks.filter { $0.value.matches(token) }.map(\.key)
        if let contact = personal.min() { return .personal(contact) }
        return link.matches(token) ? .link : nil
    }

    /// The times as they are to be changed, nil for a personal room.
    public var times: BookingTimes? {
        series.map {
            BookingTimes(zone: $0.zone, plan: Series.Plan(start: $0.start, minutes: $0.minutes, rule: $0.rule))
        }
    }
}

/// What somebody holds who came by a link.
public enum Invite: Hashable, Sendable {
    case link
    case personal(OutsideContact)
}
