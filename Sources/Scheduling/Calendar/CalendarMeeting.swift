// What a calendar shows of a meeting besides its times, and of the people in it.

public struct CalendarPerson: Hashable, Sendable {
    public enum Role: String, Sendable {
        case chair = "CHAIR"
        case required = "REQ-PARTICIPANT"
        case optional = "OPT-PARTICIPANT"
    }

    public enum Kind: String, Sendable {
        case individual = "INDIVIDUAL"
        case group = "GROUP"
        case room = "ROOM"
    }

    public let name: String
    public let address: String
    public let role: Role
    public let kind: Kind

    /// - Throws: `calendar_address` unless the address is of the plain form that a mailto link takes unescaped.
    public init(
        name: String, address: String, role: Role = .required, kind: Kind = .individual
    ) throws(SchedulingError) {
        guard Self.isWellFormed(address: address) else { throw SchedulingError(.calendarAddress, address) }
        self.name = name
        self.address = address
        self.role = role
        self.kind = kind
    }

    /// One `@`, letters, digits and `.!$'*+-=_~`, at most 254 octets (RFC 5321, 4.5.3.1.3).
    public static func isWellFormed(address: String) -> Bool {
        let sides = address.split(separator: "@", omittingEmptySubsequences: false)
        guard sides.count == 2, address.utf8.count <= 254 else { return false }
        func isPlain(_ side: Substring, also marks: String) -> Bool {
            !side.isEmpty
                && side.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
                    default: marks.utf8.contains(byte)
                    }
                }
        }
        return isPlain(sides[0], also: ".!$'*+-=_~") && isPlain(sides[1], also: ".-")
    }
}

public struct CalendarMeeting: Sendable {
    public var series: Series
    public var title: String
    /// Plain text, lines and all.
    public var notes: String
    public var joinLink: String
    public var organizer: CalendarPerson
    /// Minutes before the start; nil: no alarm.
    public var reminderMinutes: Int?

    /// Characters; the product's own limits are lower, these keep a calendar small whatever comes.
    enum Limit {
        static let title = 512
        static let notes = 8_000
        static let name = 200
        static let reminder = 0...7 * 24 * 60
    }

    public init(
        series: Series, title: String, notes: String, joinLink: String, organizer: CalendarPerson,
        reminderMinutes: Int? = nil
    ) {
        self.series = series
        self.title = title
        self.notes = notes
        self.joinLink = joinLink
        self.organizer = organizer
        self.reminderMinutes = reminderMinutes
    }
}
