import Directory
import Scheduling
import Testing

@testable import Booking

@Suite struct EntranceTests {
    private let context: BookingContext
    /// 10:00 to 11:00 in Beijing.
    private let start = time("20261124T020000Z")

    init() throws {
        context = try Office.context()
        eve = .personal(.mail(try #require(EmailAddress("eve@example.org"))))
    }

    private func meeting(_ edit: (inout BookingDraft) -> Void = { _ in }) throws -> BookedMeeting {
        var draft = Office.draft()
        draft.coHosts = ["carl"]
        draft.outside = [.init(name: "Eve", mail: "eve@example.org")]
        edit(&draft)
        return try Office.meeting(draft, in: context)
    }

    private let eve: Invite

    private func enter(
        _ meeting: BookedMeeting, _ arrival: Arrival, minutes: Int = 0, _ presence: Presence = Presence()
    ) -> Entry {
        let now = start.advanced(byMinutes: minutes)
        return meeting.mayEnter(
            arrival, occurrence: meeting.currentOccurrence(at: now, workdays: .china), presence: presence, in: context,
            at: now)
    }

    private func member(_ account: String) -> PersonID { .member(id(account)) }

    /// Every combination of who comes and every setting that has a say, against the rules written down once more, the
    /// other way round: as a list of what must hold for each answer.
    @Test func everyCombinationAgreesWithTheRules() throws {
        enum Who: CaseIterable { case host, coHost, invited, colleague, disabled, eve, linked, stranger }
        var count = 0
        for restriction in EntryRestriction.allCases {
            for waitingRoom in WaitingRoom.allCases {
                for hostless in HostlessEntry.allCases {
                    for early in [EarlyEntry.five, .any] {
                        var settings = MeetingSettings()
                        settings.restriction = restriction
                        settings.waitingRoom = waitingRoom
                        settings.hostless = hostless
                        settings.early = early
                        settings.password = MeetingPassword(typed: "4711")
                        var meeting = try meeting()
                        meeting.details.settings = settings
                        for who in Who.allCases {
                            for bits in 0..<32 {
                                let typed = bits & 1 != 0 ? "4711" : nil
                                let isLocked = bits & 2 != 0
                                let hostInside = bits & 4 != 0
                                let isEarly = bits & 8 != 0
                                let isAdmitted = bits & 16 != 0
                                let arrival: Arrival =
                                    switch who {
                                    case .host: Arrival(member("ann"), password: typed)
                                    case .coHost: Arrival(member("carl"), password: typed)
                                    case .invited: Arrival(member("bob"), password: typed)
                                    case .colleague: Arrival(member("boss"), password: typed)
                                    case .disabled: Arrival(member("gone"), password: typed)
                                    case .eve: Arrival(.guest("e"), invite: eve, password: typed)
                                    case .linked: Arrival(.guest("l"), invite: .link, password: typed)
                                    case .stranger: Arrival(.guest("s"), password: typed)
                                    }
                                var presence = Presence()
                                presence.isLocked = isLocked
                                if hostInside {
                                    presence.hosts = [member("ann")]
                                    presence.inside = [member("ann")]
                                }
                                if isAdmitted { presence.admitted = [arrival.person] }
                                let found = enter(meeting, arrival, minutes: isEarly ? -6 : -5, presence)

                                let leads = who == .host || who == .coHost
                                let isGuest = [.eve, .linked, .stranger].contains(who)
                                let isInvited = leads || who == .invited || who == .eve
                                let isLetIn =
                                    who != .disabled
                                    && (restriction == .everyone || (restriction == .invited && isInvited)
                                        || (restriction == .organisation && !isGuest)
                                        || (restriction == .organisationAndInvited && (!isGuest || isInvited)))
                                let expected: Entry
                                if leads {
                                    expected = .enter(who == .host ? .host : .cohost)
                                } else if !isLetIn {
                                    expected = .refuse(.notInvited)
                                } else if typed == nil, !isInvited, who != .linked {
                                    expected = .refuse(.password)
                                } else if isEarly, early == .five, !hostInside {
                                    expected = .refuse(.tooEarly)
                                } else if isLocked, !isAdmitted {
                                    expected = .refuse(.locked)
                                } else if isAdmitted {
                                    expected = .enter(isGuest ? .guest : .member)
                                } else if waitingRoom == .all || (waitingRoom == .guests && isGuest) {
                                    expected = .wait(.approval)
                                } else if !hostInside, hostless == .afterHost || (hostless == .invited && !isInvited) {
                                    expected = .wait(.host)
                                } else {
                                    expected = .enter(isGuest ? .guest : .member)
                                }
                                #expect(
                                    found == expected,
                                    "\(who) \(bits) \(restriction) \(waitingRoom) \(hostless) \(early)")
                                count += 1
                            }
                        }
                    }
                }
            }
        }
        #expect(count == 4 * 3 * 3 * 2 * 8 * 32)
    }

    @Test(arguments: [(EarlyEntry.atStart, 0), (.five, 5), (.ten, 10), (.fifteen, 15)])
    func peopleMayComeSoManyMinutesBeforeTheStart(early: EarlyEntry, minutes: Int) throws {
        let meeting = try meeting { $0.early = early.rawValue }
        #expect(enter(meeting, Arrival(member("bob")), minutes: -minutes) == .enter(.member))
        #expect(enter(meeting, Arrival(member("bob")), minutes: -minutes - 1) == .refuse(.tooEarly))
        #expect(enter(meeting, Arrival(member("ann")), minutes: -minutes - 1) == .enter(.host))
        var begun = Presence()
        begun.hosts = [member("ann")]
        #expect(enter(meeting, Arrival(member("bob")), minutes: -minutes - 1, begun) == .enter(.member))
    }

    @Test func aWrongPasswordIsAnsweredLikeNone() throws {
        let meeting = try meeting { $0.password = "4711" }
        #expect(enter(meeting, Arrival(.guest("g"), password: "4712")) == .refuse(.password))
        #expect(enter(meeting, Arrival(.guest("g"))) == .refuse(.password))
        #expect(enter(meeting, Arrival(.guest("g"), password: "４７１１")) == .enter(.guest))
        #expect(enter(meeting, Arrival(member("boss"), password: "")) == .refuse(.password))
    }

    @Test func the301stIsRefusedAndSeatsComeFreeAgain() throws {
        let meeting = try meeting()
        var presence = Presence()
        presence.inside = Set((0..<300).map { .guest("g\($0)") })
        #expect(enter(meeting, Arrival(member("bob")), presence) == .refuse(.meetingFull))
        #expect(enter(meeting, Arrival(member("ann")), presence) == .refuse(.meetingFull))
        #expect(enter(meeting, Arrival(.guest("g7")), presence) == .enter(.guest))
        presence.inside.remove(.guest("g1"))
        #expect(enter(meeting, Arrival(member("bob")), presence) == .enter(.member))
        let lark = try self.meeting { $0.preset = "lark" }
        presence.inside = Set((0..<10).map { .guest("g\($0)") })
        #expect(enter(lark, Arrival(member("bob")), presence) == .refuse(.meetingFull))
        let dingtalk = try self.meeting { $0.preset = "dingtalk" }
        presence.inside = Set((0..<301).map { .guest("g\($0)") })
        #expect(enter(dingtalk, Arrival(member("bob")), presence) == .enter(.member))
    }

    @Test func whoWasSentAwayStaysAwayUnlessHeLeads() throws {
        let meeting = try meeting()
        var presence = Presence()
        presence.removed = [member("bob"), member("carl"), .guest("g")]
        #expect(enter(meeting, Arrival(member("bob")), presence) == .refuse(.removed))
        #expect(enter(meeting, Arrival(.guest("g"), invite: .link), presence) == .refuse(.removed))
        #expect(enter(meeting, Arrival(member("carl")), presence) == .enter(.cohost))
    }

    @Test func aPersonalLinkEndsWithTheInvitation() throws {
        let meeting = try meeting { $0.restriction = "invited" }
        #expect(enter(meeting, Arrival(.guest("e"), invite: eve)) == .enter(.guest))
        var without = meeting
        without.details.invitees.outside = [:]
        #expect(enter(without, Arrival(.guest("e"), invite: eve)) == .refuse(.notInvited))
    }

    @Test func anEmptyMeetingEndsHalfAnHourAfterItsPlannedEnd() throws {
        let meeting = try meeting()
        #expect(enter(meeting, Arrival(member("bob")), minutes: 89) == .enter(.member))
        #expect(enter(meeting, Arrival(member("bob")), minutes: 90) == .refuse(.ended))
        var busy = Presence()
        busy.startedAt = start
        busy.inside = [member("ann")]
        busy.hosts = busy.inside
        let occurrence = meeting.currentOccurrence(at: start, workdays: .china)
        func end(_ presence: Presence) -> Int? {
            meeting.endTime(of: occurrence, with: presence).map { Int($0.seconds(since: start)) / 60 }
        }
        #expect(end(busy) == 24 * 60)
        busy.emptySince = start.advanced(byMinutes: 20)
        #expect(end(busy) == 90)
        busy.emptySince = start.advanced(byMinutes: 200)
        #expect(end(busy) == 200)
        busy.extendedTo = start.advanced(byMinutes: 300)
        #expect(end(busy) == 330)
        busy.emptySince = nil
        // It is 24 hours from when people came.
        busy.startedAt = start.advanced(byMinutes: -60)
        #expect(end(busy) == 23 * 60)
        busy.isEnded = true
        #expect(enter(meeting, Arrival(member("ann")), busy) == .refuse(.ended))
    }

    @Test func aPresetEndsTheMeetingHoweverManyAreThere() throws {
        let meeting = try meeting { $0.preset = "welink" }
        let occurrence = meeting.currentOccurrence(at: start, workdays: .china)
        var presence = Presence()
        presence.startedAt = start.advanced(byMinutes: -5)
        presence.inside = [member("ann")]
        #expect(meeting.endTime(of: occurrence, with: presence) == start.advanced(byMinutes: 40))
        presence.startedAt = start.advanced(byMinutes: 10)
        #expect(meeting.endTime(of: occurrence, with: presence) == start.advanced(byMinutes: 50))
        #expect(enter(meeting, Arrival(member("bob")), minutes: 49, presence) == .enter(.member))
        #expect(enter(meeting, Arrival(member("bob")), minutes: 50, presence) == .refuse(.ended))
    }

    @Test func aPersonalRoomIsOpenAtAnyTime() throws {
        var draft = BookingDraft(topic: "我的会议室")
        draft.kind = "personal_room"
        let room = try Office.meeting(draft, in: context)
        var presence = Presence()
        #expect(room.currentOccurrence(at: start, workdays: .china) == nil)
        #expect(enter(room, Arrival(member("ann"))) == .enter(.host))
        #expect(enter(room, Arrival(.guest("g"), invite: .link)) == .enter(.guest))
        #expect(room.endTime(of: nil, with: presence) == nil)
        presence.startedAt = start
        #expect(room.endTime(of: nil, with: presence) == start.advanced(by: 86_400))
        presence.emptySince = start.advanced(by: 60)
        #expect(room.endTime(of: nil, with: presence) == start.advanced(by: 60 + 1_800))
    }

    @Test func theOccurrenceMeantIsTheOneGoingOnOrTheNext() throws {
        var draft = Office.draft(rule: "FREQ=DAILY;COUNT=3")
        draft.minutes = 1_430
        let meeting = try Office.meeting(draft, in: context)
        func day(_ minutes: Int) -> String? {
            meeting.currentOccurrence(at: start.advanced(byMinutes: minutes), workdays: .china)?.original.date
                .description
        }
        #expect(day(-100_000) == "2026-11-24" && day(0) == "2026-11-24" && day(1_429) == "2026-11-24")
        // Ten minutes before the second one, the first is over.
        #expect(day(1_430) == "2026-11-25" && day(1_440) == "2026-11-25")
        #expect(day(3 * 1_440 + 19) == "2026-11-26" && day(3 * 1_440 + 20) == nil)
        #expect(enter(meeting, Arrival(member("bob")), minutes: 4 * 1_440) == .refuse(.ended))
    }

    @Test func aCancelledMeetingHasNoDoor() throws {
        let meeting = try meeting().cancelling(.all, by: id("ann"), in: context, at: Office.now).meeting
        #expect(enter(meeting, Arrival(member("ann"))) == .refuse(.ended))
    }

    @Test func theHostsPlaceIsTakenByTheKeyOrAfterTenMinutes() throws {
        let meeting = try meeting { $0.hostKey = "123456" }
        var presence = Presence()
        presence.inside = [member("bob"), member("boss"), .guest("g")]
        presence.hostAbsentSince = start
        func refusal(_ person: PersonID, _ key: String?, _ seconds: Int = 0) -> ClaimRefusal? {
            meeting.refusalOfHost(
                to: person, key: key, presence: presence, in: context, at: start.advanced(by: seconds))
        }
        #expect(refusal(.guest("g"), "１２３４５６") == nil && refusal(.guest("g"), "654321") == .wrongKey)
        #expect(refusal(member("bob"), nil, 599) == .notAllowed && refusal(member("bob"), nil, 600) == nil)
        #expect(refusal(member("boss"), nil, 600) == .notAllowed && refusal(.guest("g"), nil, 600) == .notAllowed)
        #expect(refusal(member("emil"), "123456") == .notAllowed)
        presence.hosts = [member("carl")]
        #expect(refusal(member("bob"), "123456", 600) == .hostPresent)
        let keyless = try self.meeting()
        presence.hosts = []
        #expect(
            keyless.refusalOfHost(to: member("bob"), key: "", presence: presence, in: context, at: start) == .wrongKey)
    }

    @Test func textsAreNeutralAndInBothLanguages() {
        for language in Language.allCases {
            for text in EntryRefusal.allCases.map({ $0.text(in: language) })
                + EntryWait.allCases.map({ $0.text(in: language) })
                + ClaimRefusal.allCases.map({ $0.text(in: language) })
            {
                #expect(!text.isEmpty && !text.contains("拒绝") && !text.lowercased().contains("reject"))
            }
        }
    }
}
