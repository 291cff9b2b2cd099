// Reads what a calendar answers to an invitation (METHOD:REPLY, RFC 5546, 3.2.3): who, to which meeting or occurrence,
// yes, no or perhaps. Everything else in the object is passed over. Whether the sender is who the answer names is for
// others to judge.

public struct InvitationReply: Hashable, Sendable {
    public enum Status: String, Sendable {
        case accepted = "ACCEPTED"
        case declined = "DECLINED"
        case tentative = "TENTATIVE"
    }

    /// Which occurrence is meant, in the form the answer has.
    public enum Recurrence: Hashable, Sendable {
        case local(CivilDateTime, zone: String?)
        case utc(UTCTime)
    }

    public let identifier: String
    /// nil: the whole series.
    public let recurrence: Recurrence?
    /// Of the invitation that is answered.
    public let sequence: Int
    /// The mail address, lower case.
    public let attendee: String
    public let status: Status

    /// An answer has one recipient; replies of real calendars, their VTIMEZONE included, stay below 10 kB.
    public enum Limit {
        /// Bytes.
        public static let size = 65_536
        /// Lines after unfolding.
        static let lines = 2_000
        /// Components in each other.
        static let depth = 4
        /// Answers in one object: single occurrences of a series come together.
        static let events = 50
        /// Parameters of a line.
        static let parameters = 20
    }

    /// - Throws: `reply_too_long`, `reply_malformed`, `reply_method` (the method as its subject), `reply_attendee`.
    public static func read(_ bytes: [UInt8]) throws(SchedulingError) -> [InvitationReply] {
        guard bytes.count <= Limit.size else { throw SchedulingError(.replyTooLong) }
        var path: [String] = []
        var method: String?
        var events: [[ReplyLine]] = []
        for line in try unfolded(bytes) {
            let line = try ReplyLine(line)
            switch line.name {
            case "BEGIN":
                path.append(line.value.uppercased())
                guard path.count <= Limit.depth, path.first == "VCALENDAR" else {
                    throw SchedulingError(.replyMalformed, "BEGIN")
                }
                if path == ["VCALENDAR", "VEVENT"] { events.append([]) }
                guard events.count <= Limit.events else { throw SchedulingError(.replyTooLong) }
            case "END":
                guard path.popLast() == line.value.uppercased() else { throw SchedulingError(.replyMalformed, "END") }
            case "METHOD" where path == ["VCALENDAR"]: method = line.value.uppercased()
            default:
                guard !path.isEmpty else { throw SchedulingError(.replyMalformed, line.name) }
                if path == ["VCALENDAR", "VEVENT"] { events[events.count - 1].append(line) }
            }
        }
        guard path.isEmpty, !events.isEmpty else { throw SchedulingError(.replyMalformed, "VEVENT") }
        guard method == "REPLY" else { throw SchedulingError(.replyMethod, method ?? "") }
        var replies: [InvitationReply] = []
        for event in events { replies.append(try InvitationReply(event)) }
        return replies
    }

    private init(_ lines: [ReplyLine]) throws(SchedulingError) {
        func only(_ name: String) throws(SchedulingError) -> ReplyLine? {
            let found = lines.filter { $0.name == name }
            guard found.count <= 1 else { throw SchedulingError(.replyMalformed, name) }
            return found.first
        }
        guard let uid = try only("UID")?.value, Series.isWellFormed(identifier: uid) else {
            throw SchedulingError(.replyMalformed, "UID")
        }
        identifier = uid
        let sequenceText = try only("SEQUENCE")?.value ?? "0"
        guard sequenceText.utf8.count <= 9, let number = Int(sequenceText), number >= 0 else {
            throw SchedulingError(.replyMalformed, "SEQUENCE")
        }
        sequence = number
        guard let line = lines.first(where: { $0.name == "ATTENDEE" }),
            lines.filter({ $0.name == "ATTENDEE" }).count == 1,
            let status = line.parameters["PARTSTAT"].flatMap({ Status(rawValue: $0.uppercased()) }),
            line.value.lowercased().hasPrefix("mailto:")
        else { throw SchedulingError(.replyAttendee) }
        self.status = status
        attendee = line.value.dropFirst("mailto:".count).lowercased()
        guard CalendarPerson.isWellFormed(address: attendee) else { throw SchedulingError(.replyAttendee) }
        if let line = try only("RECURRENCE-ID") {
            if let time = try? UTCTime(line.value) {
                recurrence = .utc(time)
            } else if let local = try? CivilDateTime(line.value) {
                recurrence = .local(local, zone: line.parameters["TZID"])
            } else {
                throw SchedulingError(.replyMalformed, "RECURRENCE-ID")
            }
        } else {
            recurrence = nil
        }
    }

    /// Lines put together again (RFC 5545, 3.1); bare line feeds are taken too, as mail brings them.
    private static func unfolded(_ bytes: [UInt8]) throws(SchedulingError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for line in bytes.split(separator: 0x0a) {
            let line = line.last == 0x0d ? line.dropLast() : line
            if let first = line.first, first == 0x20 || first == 0x09 {
                guard !lines.isEmpty else { throw SchedulingError(.replyMalformed, "folding") }
                lines[lines.count - 1] += line.dropFirst()
            } else if !line.isEmpty {
                lines.append(Array(line))
            }
            guard lines.count <= Limit.lines else { throw SchedulingError(.replyTooLong) }
        }
        return lines
    }
}

/// A content line taken apart: `NAME;PARAMETER="value":value`.
private struct ReplyLine {
    let name: String
    /// The first of each name counts.
    let parameters: [String: String]
    let value: String

    init(_ line: [UInt8]) throws(SchedulingError) {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        var end: Int?
        for (index, byte) in line.enumerated() {
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ":"), !isQuoted {
                end = index
                break
            } else if byte == UInt8(ascii: ";"), !isQuoted {
                guard parts.count <= InvitationReply.Limit.parameters else { throw SchedulingError(.replyTooLong) }
                parts.append([])
            } else {
                parts[parts.count - 1].append(byte)
            }
        }
        let texts = parts.map { String(decoding: $0, as: UTF8.self) }
        guard let end, let name = texts.first, !name.isEmpty else { throw SchedulingError(.replyMalformed, "line") }
        var parameters: [String: String] = [:]
        for text in texts.dropFirst() {
            let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw SchedulingError(.replyMalformed, name) }
            let key = sides[0].uppercased()
            if parameters[key] == nil { parameters[key] = String(sides[1]) }
        }
        self.name = name.uppercased()
        self.parameters = parameters
        value = String(decoding: line[(end + 1)...], as: UTF8.self)
    }
}
