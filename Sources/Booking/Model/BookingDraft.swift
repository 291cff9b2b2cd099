// A booking as somebody fills it in: texts and numbers, nothing checked. Checking collects all that is wrong and answers
// once; what comes out are values that need no second look.
//
// A meeting of WeCom's API (product.md, 2.8) fits into it:
//
//     title, description, location           topic, notes, location
//     meeting_start, meeting_duration        start in the zone, minutes (seconds rounded up)
//     invitees.userid, guests                members, outside
//     settings.hosts                         host, coHosts
//     password, host_key                     password, hostKey
//     enable_waiting_room                    waitingRoom: all
//     allow_enter_before_host                hostless: all or after_host
//     enable_enter_mute 0, 1, 2; mute_all    muteOnEntry: off, on, crowd; on
//     allow_unmute_self                      allowSelfUnmute
//     allow_external_user                    restriction: everyone or organisation
//     enable_screen_watermark, _type         watermark
//     auto_record_type                       recording (what a client records itself is none)
//     remind_scope, ring_users               reminderScope, ringing
//     reminders.remind_before                reminders, seconds to minutes
//     reminders.repeat_*                     rule; type 7 is DAILY with onWorkdays

public import Directory
public import Scheduling

public struct BookingDraft: Sendable, Equatable {
    public struct OutsidePerson: Sendable, Equatable {
        public var name: String
        public var mail: String
        public var phone: String

        public init(name: String, mail: String = "", phone: String = "") {
            self.name = name
            self.mail = mail
            self.phone = phone
        }
    }

    /// Raw values of the enumerations; empty texts mean what `MeetingSettings` begins with.
    public var kind = MeetingKind.scheduled.rawValue
    public var topic = ""
    public var notes = ""
    public var location = ""
    /// `2026-11-21T15:00` on the wall of the zone. An instant meeting has none: it begins now.
    public var start = ""
    public var zone = Self.usualZone
    public var minutes: Int?
    /// RRULE of the subset (product.md, 3.2).
    public var rule = ""
    /// The rule counts workdays only.
    public var onWorkdays = false
    /// Empty: the organiser.
    public var host = ""
    public var coHosts: [String] = []
    public var members: [String] = []
    public var departments: [Int64] = []
    public var outside: [OutsidePerson] = []
    public var rooms: [String] = []
    public var password = ""
    public var hostKey = ""
    public var waitingRoom = ""
    public var muteOnEntry = ""
    public var allowSelfUnmute = true
    public var sharing = ""
    public var chat = ""
    public var selfRename = true
    public var succession = ""
    public var restriction = ""
    /// Minutes as text, or `any`.
    public var early = ""
    public var hostless = ""
    public var recording = ""
    public var live = ""
    public var watermark = ""
    public var reminders: [Int] = [15]
    public var reminderScope = ""
    public var ringing: [String] = []
    public var isSilent = false
    public var isUrgent = false
    public var preset = ""
    public var maxParticipants: Int?

    public static let usualZone = "Asia/Shanghai"

    public init(topic: String = "") { self.topic = topic }
}

/// A draft that was checked.
public struct CheckedBooking: Sendable, Equatable {
    public let details: BookingDetails
    /// Nil for a personal room.
    public let times: BookingTimes?
}

extension BookingDraft {
    /// - Parameter isNew: a new booking cannot begin in the past; one that is changed may have begun.
    public func checked(
        for organiser: Member, isNew: Bool, in context: BookingContext, at now: UTCTime
    ) throws(InvalidBooking) -> CheckedBooking {
        var check = BookingCheck(organiser: organiser, context: context)
        let kind: MeetingKind = check.choice(kind, .kind) ?? .scheduled
        let topic = check.line(topic, .topic, atMost: BookingLimits.topicCharacters, required: true)
        if topic.utf8.count > BookingLimits.topicBytes {
            check.fail(.topic, .tooLong, limit: String(BookingLimits.topicCharacters))
        }
        let times = check.times(of: self, kind: kind, isNew: isNew, at: now)
        let host = host.isEmpty ? organiser.account : check.people([host], .host).first ?? organiser.account
        var coHosts: [AccountID] = []
        if self.coHosts.count > BookingLimits.coHosts {
            check.fail(.coHosts, .tooMany, limit: String(BookingLimits.coHosts))
        } else {
            coHosts = check.people(self.coHosts, .coHosts)
            if coHosts.contains(host) { check.fail(.coHosts, .repeated) }
        }
        let details = BookingDetails(
            kind: kind, topic: topic, notes: check.text(notes, .notes, atMost: BookingLimits.notesCharacters),
            location: check.line(location, .location, atMost: BookingLimits.locationCharacters), host: host,
            coHosts: coHosts, invitees: check.invitees(of: self), settings: check.settings(of: self))
        guard check.errors.isEmpty else { throw InvalidBooking(errors: check.sortedErrors) }
        return CheckedBooking(details: details, times: times)
    }
}
