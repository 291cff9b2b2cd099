import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct ListTests {
    private let context: BookingContext
    private let beijing: Zone

    init() throws {
        context = try Office.context()
        beijing = try context.zone("Asia/Shanghai")
    }

    private func meeting(
        _ name: String, _ start: String, rule: String? = nil, by organiser: String = "ann", members: [String] = ["bob"],
        host: String = "", _ edit: (inout BookingDraft) -> Void = { _ in }
    ) throws -> BookedMeeting {
        var draft = Office.draft(rule: rule)
        draft.start = start
        draft.members = members
        draft.departments = []
        draft.host = host
        edit(&draft)
        return try Office.meeting(draft, id: name, by: organiser, in: context)
    }

    private func page(
        _ tab: MeetingTab, _ filter: MeetingFilter = .all, of bookings: [BookedMeeting], for account: String = "ann",
        after: MeetingCursor? = nil, count: Int = 20, running: [BookingID: RunningMeeting] = [:],
        at now: UTCTime = Office.now
    ) -> MeetingPage {
        MeetingQuery(tab, filter: filter, after: after, count: count, zone: beijing)
            .page(of: bookings, for: id(account), running: running, in: context, at: now)
    }

    private func names(_ page: MeetingPage) -> [String] {
        page.meetings.map { "\($0.meeting.id) \($0.occurrence?.start.description ?? "")" }
    }

    @Test func tabsShareOutWhatThereIs() throws {
        let bookings = [
            try meeting("a", "2026-11-20T15:00"), try meeting("b", "2026-11-24T10:00", rule: "FREQ=WEEKLY;COUNT=2"),
        ]
        let noon = time("20261120T073000Z")
        #expect(
            names(page(.upcoming, of: bookings)) == [
                "a 2026-11-20T15:00:00", "b 2026-11-24T10:00:00", "b 2026-12-01T10:00:00",
            ])
        #expect(names(page(.running, of: bookings, at: noon)) == ["a 2026-11-20T15:00:00"])
        #expect(names(page(.upcoming, of: bookings, at: noon)).count == 2)
        let later = time("20261130T000000Z")
        #expect(names(page(.past, of: bookings, at: later)) == ["b 2026-11-24T10:00:00", "a 2026-11-20T15:00:00"])
        #expect(names(page(.upcoming, of: bookings, at: later)) == ["b 2026-12-01T10:00:00"])
    }

    @Test func filtersAskWhoOnesIs() throws {
        var bookings = [
            try meeting("mine", "2026-11-24T10:00"), try meeting("hosted", "2026-11-24T11:00", by: "bob", host: "ann"),
            try meeting("invited", "2026-11-24T12:00", by: "bob", members: ["ann"]),
            try meeting("foreign", "2026-11-24T13:00", by: "bob", members: ["carl"]),
            try meeting("today", "2026-11-20T15:00"),
        ]
        bookings.append(
            try meeting("off", "2026-11-24T14:00").cancelling(.all, by: id("ann"), in: context, at: Office.now).meeting)
        func ids(_ filter: MeetingFilter) -> [String] {
            page(.upcoming, filter, of: bookings).meetings.map(\.meeting.id.text)
        }
        #expect(ids(.all) == ["today", "mine", "hosted", "invited"])
        #expect(ids(.mine) == ["today", "mine"])
        #expect(ids(.hosting) == ["today", "mine", "hosted"])
        #expect(ids(.invited) == ["hosted", "invited"])
        #expect(ids(.later) == ["mine", "hosted", "invited"])
        #expect(page(.upcoming, of: bookings, for: "gone").meetings.isEmpty)
        #expect(page(.upcoming, of: bookings, for: "boss").meetings.isEmpty)
    }

    @Test(arguments: [MeetingTab.upcoming, .past])
    func pagesFollowEachOtherWithoutGapOrRepetition(tab: MeetingTab) throws {
        let bookings = [
            try meeting("a", "2026-11-24T10:00", rule: "FREQ=DAILY;COUNT=40"),
            try meeting("b", "2026-11-24T10:00", rule: "FREQ=WEEKLY"), try meeting("c", "2027-10-24T10:00"),
        ]
        let now = tab == .upcoming ? Office.now : time("20280101T000000Z")
        var found: [String] = []
        var cursor: MeetingCursor?
        var pages = 0
        repeat {
            let page = page(tab, of: bookings, after: cursor, count: 7, at: now)
            found += names(page)
            cursor = page.next.flatMap { MeetingCursor($0.text) }
            #expect(cursor == page.next)
            pages += 1
        } while cursor != nil && pages < 100
        #expect(Set(found).count == found.count)
        // 40 days, one, and the weeks up to the new year or for two years to come.
        #expect(found.filter { $0.hasPrefix("a") }.count == 40)
        #expect(found.filter { $0.hasPrefix("c") }.count == 1)
        #expect(found.filter { $0.hasPrefix("b") }.count == (tab == .upcoming ? 104 : 58))
        let starts = found.compactMap { $0.split(separator: " ").last }
        #expect(tab == .upcoming ? starts == starts.sorted() : starts == starts.sorted().reversed())
    }

    @Test func aPageHasOneToAHundredEntries() throws {
        let bookings = [try meeting("a", "2026-11-24T10:00", rule: "FREQ=DAILY")]
        #expect(page(.upcoming, of: bookings, count: .max).meetings.count == 100)
        #expect(page(.upcoming, of: bookings, count: .min).meetings.count == 1)
    }

    @Test(arguments: [
        "", ".", "..", "20261124T020000Z.x.a", "20261124T020000Z..", "a.b.c", "20261124T020000Z.20261124T100000",
    ])
    func whatIsNoCursorIsRefused(text: String) { #expect(MeetingCursor(text) == nil) }

    @Test func aMeetingWithPeopleInItIsRunningBeforeItsTime() throws {
        var draft = BookingDraft(topic: "我的会议室")
        draft.kind = "personal_room"
        let room = try Office.meeting(draft, id: "room", in: context)
        let early = try meeting("early", "2026-11-24T10:00")
        let running = [
            room.id: RunningMeeting(nil, Presence()), early.id: RunningMeeting(local("2026-11-24T10:00"), Presence()),
        ]
        #expect(names(page(.running, of: [room, early], running: running)) == ["room ", "early 2026-11-24T10:00:00"])
        #expect(page(.upcoming, of: [room, early], running: running).meetings.isEmpty)
        #expect(page(.running, of: [room, early]).meetings.isEmpty)
    }

    @Test func theCopyBlockSaysWhatAGuestNeeds() throws {
        let plain = try meeting("a", "2026-11-21T15:00") { $0.password = "4711" }
        let link = "https://meet.example.com/j/abc"
        let occurrence = plain.currentOccurrence(at: Office.now, workdays: .china)
        #expect(
            plain.invitationText(in: .zh, occurrence: occurrence, host: "李伟\n", joinLink: link, beijing: beijing) == """
                李伟  邀请您参加会议
                会议主题：周会
                会议时间：2026年11月21日 周六 15:00-16:00（北京时间）
                点击链接入会：https://meet.example.com/j/abc
                会议号 123 456 789
                密码：4711
                """)
        let abroad = try meeting("b", "2026-11-23T15:30", rule: "FREQ=WEEKLY") {
            $0.zone = "America/New_York"
            $0.location = "Room 5"
        }
        #expect(
            abroad.invitationText(
                in: .en, occurrence: abroad.currentOccurrence(at: Office.now, workdays: .china), host: "Wei Li",
                joinLink: link, beijing: beijing) == """
                    Wei Li invites you to a meeting
                    Topic: 周会
                    Time: Tue 24 Nov 2026, 04:30-05:30 (Beijing time)
                    Local time: Mon 23 Nov 2026, 15:30-16:30 (America/New_York)
                    Recurring, with the same number each time
                    Place: Room 5
                    Join: https://meet.example.com/j/abc
                    Meeting number 123 456 789
                    """)
        let night = try meeting("c", "2026-11-21T23:30")
        let text = night.invitationText(
            in: .zh, occurrence: night.currentOccurrence(at: Office.now, workdays: .china), host: "李", joinLink: link,
            beijing: beijing)
        #expect(text.contains("2026年11月21日 周六 23:30 - 2026年11月22日 周日 00:30（北京时间）"))
    }

    @Test func aFeedHoldsWhatOneGoesToAndNoPassword() throws {
        let writer = CalendarWriter(product: "-//Hutong//Hutong//EN", workdays: .china)
        let bob = Invitee.member(id("bob"))
        var weekly = try meeting("w", "2026-11-24T10:00", rule: "FREQ=WEEKLY;COUNT=3") { $0.password = "4711" }
        weekly = try weekly.answering(
            .declined, by: bob, occurrence: local("2026-12-01T10:00"), in: context, at: Office.now
        ).meeting
        let declined = try meeting("d", "2026-11-24T12:00")
            .answering(.declined, by: bob, in: context, at: Office.now).meeting
        let bookings = [
            weekly, declined, try meeting("old", "2026-11-24T14:00"), try meeting("far", "2027-12-24T10:00"),
            try meeting("foreign", "2026-11-24T10:00", members: ["carl"]),
        ]
        let ann = try CalendarPerson(name: "Ann", address: "ann@example.com")
        func text(_ showsPasswords: Bool, at now: UTCTime = Office.now) throws -> String {
            let feed = SubscriptionFeed(
                for: id("bob"), of: bookings, showsPasswords: showsPasswords, in: context, at: now,
                joinLink: { "https://meet.example.com/j/\($0.number.text)" }, organizer: { $0 == id("ann") ? ann : nil }
            )
            return try #require(try feed.text(named: "Bob", by: writer, at: now)).replacing("\r\n ", with: "")
        }
        let feed = try text(false)
        #expect(feed.contains("UID:w@") && feed.contains("UID:old@"))
        for absent in ["UID:d@", "UID:far@", "UID:foreign@", "4711"] { #expect(!feed.contains(absent)) }
        #expect(feed.contains("EXDATE;TZID=Asia/Shanghai:20261201T100000"))
        #expect(try text(true).contains("4711"))
        #expect(try text(false, at: time("20261224T065900Z")).contains("UID:old@"))
        #expect(try !text(false, at: time("20261224T070000Z")).contains("UID:old@"))
    }

    @Test func aRoomsFeedSaysThatItIsTaken() throws {
        let writer = CalendarWriter(product: "-//Hutong//Hutong//EN", workdays: .china)
        let ann = try CalendarPerson(name: "Ann", address: "ann@example.com")
        let taken = try meeting("a", "2026-11-24T10:00") { $0.rooms = ["r1"] }
        let feed = SubscriptionFeed(
            for: Office.rooms[0], of: [taken, try meeting("b", "2026-11-24T10:00")], in: .zh, at: Office.now,
            pageLink: "https://meet.example.com/rooms/r1", organizer: { _ in ann })
        let text = try #require(try feed.text(named: "长城", by: writer, at: Office.now))
        #expect(text.contains("SUMMARY:已预订") && text.contains("UID:a@") && !text.contains("UID:b@"))
        #expect(!text.contains("周会"))
    }

    @Test func whoHasNotJoinedIsRemindedOnceInFiveMinutes() throws {
        var meeting = try meeting("a", "2026-11-24T10:00", members: ["bob", "dora", "emil"]) {
            $0.outside = [.init(name: "Eve", mail: "eve@example.org")]
        }
        meeting = try meeting.answering(.declined, by: .member(id("emil")), in: context, at: Office.now).meeting
        let mail = OutsideContact.mail(try #require(EmailAddress("eve@example.org")))
        var presence = Presence()
        presence.inside = [.member(id("ann")), .guest("g1")]
        func missing(_ contacts: [PersonID: OutsideContact]) -> [Invitee] {
            meeting.notJoined(presence, contacts: contacts, occurrence: nil, in: context.directory)
        }
        #expect(missing([:]) == [.member(id("bob")), .member(id("dora")), .outside(mail)])
        let absent = missing([.guest("g1"): mail])
        #expect(absent == [.member(id("bob")), .member(id("dora"))])
        var book = ReminderBook()
        let now = Office.now
        #expect(book.remind([.member(id("bob"))], at: now) == [.member(id("bob"))])
        #expect(book.remind(absent, at: now.advanced(by: 299)) == [.member(id("dora"))])
        #expect(book.wait(for: .member(id("bob")), at: now.advanced(by: 299)) == 1)
        #expect(book.remind(absent, at: now.advanced(by: 300)) == [.member(id("bob"))])
    }
}
