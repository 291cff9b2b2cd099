// A small company with rooms that the tests share, and bookings in it.

import Directory
import Scheduling
import Testing

@testable import Booking

func id(_ text: String) -> AccountID {
    guard let account = AccountID(text) else { fatalError("\(text) is no account id") }
    return account
}

func time(_ text: String) -> UTCTime {
    guard let time = try? UTCTime(text) else { fatalError("\(text) is no time") }
    return time
}

func local(_ text: String) -> CivilDateTime {
    guard let time = try? CivilDateTime(text) else { fatalError("\(text) is no time") }
    return time
}

func room(_ text: String) -> RoomID {
    guard let room = RoomID(text) else { fatalError("\(text) is no room") }
    return room
}

enum Office {
    static let root = DepartmentID(1)
    static let sales = DepartmentID(10)
    static let salesNorth = DepartmentID(11)
    static let research = DepartmentID(20)

    /// Friday 2026-11-20, 10:00 in Beijing.
    static let now = time("20261120T020000Z")

    static func member(
        _ account: String, in department: DepartmentID, identity: Identity = .normal, enabled: Bool = true
    ) -> Member {
        Member(
            account: id(account), names: BilingualName(zh: account, en: account), mainDepartment: department,
            email: EmailAddress("\(account)@example.com"), identity: identity, enabled: enabled)
    }

    static let members = [
        member("ann", in: sales), member("bob", in: sales), member("carl", in: salesNorth),
        member("dora", in: research),
        member("emil", in: research), member("boss", in: root, identity: .superior), member("hidden", in: research),
        member("gone", in: sales, enabled: false), member("admin", in: root), member("subadmin", in: root),
    ]

    static let rooms = [
        MeetingRoom(
            id: room("r1"), names: BilingualName(zh: "长城", en: "Great Wall"), capacity: 8, city: "北京", building: "A",
            floor: "3", equipment: [.screen, .whiteboard]),
        MeetingRoom(
            id: room("r2"), names: BilingualName(zh: "故宫", en: "Palace"), capacity: 20, city: "北京", building: "A",
            floor: "5", equipment: [.screen, .camera]),
        MeetingRoom(
            id: room("lab"), names: BilingualName(zh: "实验室", en: "Lab"), capacity: 12, city: "上海",
            departments: [research]),
        MeetingRoom(id: room("closed"), names: BilingualName(zh: "装修", en: "Closed"), capacity: 30, isEnabled: false),
    ]

    static func directory(and more: [Member] = []) throws -> DirectorySnapshot {
        try DirectorySnapshot(
            departments: [
                Department(id: root, parent: nil, names: BilingualName(zh: "公司")),
                Department(id: sales, parent: root, names: BilingualName(zh: "销售部")),
                Department(id: salesNorth, parent: sales, names: BilingualName(zh: "北区")),
                Department(id: research, parent: root, names: BilingualName(zh: "研发部")),
            ], members: members + more)
    }

    static func context(and more: [Member] = []) throws -> BookingContext {
        let folder = ZoneFolder()
        let hours = try #require(
            WorkingHours(zone: try folder.zone(named: "Asia/Shanghai"), workdays: .china))
        var administration = Administration(superAdmin: id("admin"))
        administration.grants = [
            AdminGrant(id("subadmin"), scope: .department(sales), rights: .own(Permissions([.meetings], .readWrite)))
        ]
        return BookingContext(
            directory: try directory(and: more), administration: administration,
            visibility: [VisibilityRule(PeopleSelection(members: [id("hidden")]), .isHidden)], rooms: rooms,
            hours: hours,
            domain: "meet.example.com", zone: { name throws(SchedulingError) in try folder.zone(named: name) })
    }

    /// Ann meets Bob and the research department on Tuesday at 10:00 in Beijing.
    static func draft(rule: String? = nil) -> BookingDraft {
        var draft = BookingDraft(topic: "周会")
        draft.kind = rule == nil ? "scheduled" : "recurring"
        draft.rule = rule ?? ""
        draft.start = "2026-11-24T10:00"
        draft.minutes = 60
        draft.members = ["bob"]
        draft.departments = [20]
        return draft
    }

    static func check(
        _ draft: BookingDraft, by organiser: String = "ann", isNew: Bool = true, in context: BookingContext? = nil,
        at now: UTCTime = now
    ) throws -> CheckedBooking {
        let context = try context ?? Self.context()
        let member = try #require(context.directory[id(organiser)])
        return try draft.checked(for: member, isNew: isNew, in: context, at: now)
    }
}

extension Office {
    /// As booked; without its effects.
    static func meeting(
        _ draft: BookingDraft = draft(), id name: String = "m1", number: Int = 123_456_789,
        by organiser: String = "ann",
        in context: BookingContext? = nil, at now: UTCTime = now
    ) throws -> BookedMeeting {
        try booking(draft, id: name, number: number, by: organiser, in: context, at: now).meeting
    }

    static func booking(
        _ draft: BookingDraft = draft(), id name: String = "m1", number: Int = 123_456_789,
        by organiser: String = "ann",
        in context: BookingContext? = nil, at now: UTCTime = now
    ) throws -> BookingOutcome {
        let context = try context ?? Self.context()
        var random = SeededSource(seed: 9)
        return try BookedMeeting.booking(
            try check(draft, by: organiser, in: context, at: now), id: try #require(BookingID(name)),
            number: try #require(MeetingNumber(number)), organiser: account(organiser), in: context, at: now,
            using: &random)
    }
}

private func account(_ text: String) -> AccountID { id(text) }

extension BookingOutcome {
    /// `kind occurrence: recipients` of each notice, and the other effects by name.
    var told: [String] {
        effects.map { effect in
            switch effect {
            case .tell(let notice):
                let names = notice.recipients.map { recipient in
                    switch recipient {
                    case .member(let account): account.text
                    case .outside(let contact): contact.text
                    }
                }
                let occurrence = notice.occurrence.map { " \($0)" } ?? ""
                return "\(notice.kind)\(occurrence): \(names.joined(separator: " "))"
            case .hand(_, _, .link): return "link"
            case .hand(_, _, .personal(let contact)): return "link \(contact.text)"
            case .answered(_, _, let answer, _): return "answered \(answer)"
            case .hostChanged(_, let old, let new): return "host \(old) \(new)"
            case .ring(_, let accounts): return "ring " + accounts.map(\.text).joined(separator: " ")
            case .close: return "close"
            case .release: return "release"
            }
        }
    }
}
