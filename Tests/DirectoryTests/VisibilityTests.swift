// Who sees whom. The fixture is the documented example (B7): staff of boutiques X, Y and Z see their own boutique, HR, the
// IT Help Desk and the Trainer; Management is excepted; temporary staff see nobody.

import Testing

@testable import Directory

@Suite struct VisibilityTests {
    private static let example = [
        VisibilityRule(
            PeopleSelection(departments: [Company.boutiqueX, Company.boutiqueY, Company.boutiqueZ]),
            except: PeopleSelection(departments: [Company.management]),
            .seesOwnDepartments(
                andAlso: PeopleSelection(
                    departments: [Company.humanResources, Company.helpDesk], members: [id("trainer")]))),
        VisibilityRule(PeopleSelection(departments: [Company.temporary]), .seesNobody),
    ]

    private func seen(by viewer: String, under rules: [VisibilityRule]) throws -> [String] {
        let directory = try Company.snapshot()
        let member = try #require(directory[id(viewer)])
        let sight = Sight(of: member, under: rules, in: directory)
        return directory.members.filter(sight.sees).map(\.account.text)
    }

    private static let everybody = Company.members.map(\.account.text).sorted()

    @Test(arguments: [
        ("x1", ["hr1", "it1", "trainer", "x1", "x2", "xlead"]), ("x2", ["hr1", "it1", "trainer", "x1", "x2", "xlead"]),
        ("y1", ["hr1", "it1", "trainer", "y1", "y2"]), ("z1", ["hr1", "it1", "trainer", "z1"]),
        ("temp1", ["temp1"]), ("temp2", ["temp2"]), ("xlead", everybody), ("boss", everybody), ("hr1", everybody),
        ("it1", everybody), ("trainer", everybody),
    ])
    func theDocumentedExampleHolds(viewer: String, expected: [String]) throws {
        #expect(try seen(by: viewer, under: Self.example) == expected)
    }

    @Test func withoutRulesEverybodySeesEverybody() throws {
        for member in Company.members { #expect(try seen(by: member.account.text, under: []) == Self.everybody) }
    }

    @Test func hiddenPeopleAreSeenByNobodyButThemselvesAndExceptionsStay() throws {
        let rule = VisibilityRule(
            PeopleSelection(departments: [Company.management]), except: PeopleSelection(members: [id("xlead")]),
            .isHidden)
        #expect(try seen(by: "hr1", under: [rule]) == Self.everybody.filter { $0 != "boss" })
        #expect(try seen(by: "boss", under: [rule]) == Self.everybody)
    }

    @Test func sensitivePeopleAreSeenByTheirListOnly() throws {
        let rule = VisibilityRule(
            PeopleSelection(members: [id("boss")]),
            .isSeenOnly(by: PeopleSelection(departments: [Company.humanResources], members: [id("xlead")])))
        #expect(try seen(by: "hr1", under: [rule]).contains("boss"))
        #expect(try seen(by: "xlead", under: [rule]).contains("boss"))
        #expect(try !seen(by: "x1", under: [rule]).contains("boss"))
        #expect(try seen(by: "boss", under: [rule]).contains("boss"))
    }

    @Test func takingAwayWinsOverGivingAndGivingAddsUp() throws {
        let extraBoss = VisibilityRule(
            PeopleSelection(members: [id("x1")]),
            .seesOwnDepartments(andAlso: PeopleSelection(members: [id("boss")])))
        #expect(
            try seen(by: "x1", under: Self.example + [extraBoss])
                == ["boss", "hr1", "it1", "trainer", "x1", "x2", "xlead"])
        let hidden = VisibilityRule(PeopleSelection(members: [id("hr1")]), .isHidden)
        #expect(try !seen(by: "x1", under: [hidden] + Self.example).contains("hr1"))
        let nobody = VisibilityRule(PeopleSelection(members: [id("x1")]), .seesNobody)
        #expect(try seen(by: "x1", under: [extraBoss, nobody]) == ["x1"])
    }

    @Test func tagsAndEveryoneSelectToo() throws {
        let directory = try DirectorySnapshot(
            departments: Company.departments,
            members: [person("a", in: 1, tags: ["vip"]), person("b", in: 1), person("c", in: 1)])
        let rules = [
            VisibilityRule(PeopleSelection(tags: ["vip"]), .isSeenOnly(by: .nobody)),
            VisibilityRule(.everyone, except: PeopleSelection(members: [id("b")]), .seesNobody),
        ]
        let sight = Sight(of: try #require(directory[id("b")]), under: rules, in: directory)
        #expect(directory.members.filter(sight.sees).map(\.account.text) == ["b", "c"])
        let other = Sight(of: try #require(directory[id("c")]), under: rules, in: directory)
        #expect(directory.members.filter(other.sees).map(\.account.text) == ["c"])
    }

    @Test func hiddenFieldsAreNotInTheViewAndTheNameAlwaysIs() throws {
        let directory = try Company.snapshot()
        var boss = try #require(directory[id("boss")])
        boss.mobile = PhoneNumber("13800000000")
        boss.position = "总经理"
        let rules = [
            VisibilityRule(
                PeopleSelection(departments: [Company.management]),
                .hidesFields([.mobile, .account, .name], from: .colleagues)),
            VisibilityRule(.everyone, .hidesFields([.position], from: .outside)),
        ]
        let x1 = try #require(directory[id("x1")])
        let view = try #require(Sight(of: x1, under: rules, in: directory).view(of: boss))
        #expect(view.names.zh == "王建国")
        #expect(view.mobile == nil && view.account == nil)
        #expect(view.position == "总经理", "what is hidden outside is not hidden from colleagues")
        #expect(view.departments?.map(\.id) == [Company.management])
        #expect(Sight(of: boss, under: rules, in: directory).view(of: boss)?.mobile != nil)
    }

    @Test func aMeetingShowsTheNameAndNothingElseOfWhoMayNotBeSeen() throws {
        let directory = try Company.snapshot()
        let temp = try #require(directory[id("temp1")])
        let x1 = try #require(directory[id("x1")])
        let sight = Sight(of: temp, under: Self.example, in: directory)
        #expect(sight.view(of: x1) == nil)
        let view = sight.viewInMeeting(of: x1)
        #expect(view.names == x1.names)
        #expect(view.account == nil && view.departments == nil && view.position == nil && view.gender == nil)
        #expect(view.alias == nil && view.identity == nil && view.tags == nil && view.directLeaders == nil)
    }

    @Test func guestsGetTheExternalViewLessWhatIsHiddenFromOutside() throws {
        let directory = try Company.snapshot()
        var member = try #require(directory[id("x1")])
        member.position = "店长"
        member.realNameVerified = true
        member.external = ExternalProfile(
            website: "https://example.com", fields: [CustomField(name: "微信", value: "lw")])
        let open = ExternalView(of: member, under: [], in: directory, company: "胡同")
        #expect(open.companyShortName == "胡同" && open.title == "店长" && open.isRealNameVerified)
        #expect(open.website == "https://example.com" && open.fields.count == 1)
        member.external.title = "顾问"
        let rules = [
            VisibilityRule(.everyone, .hidesFields([.position, .website, .externalFields], from: .outside)),
            VisibilityRule(.everyone, .hidesFields([.companyShortName], from: .colleagues)),
        ]
        let closed = ExternalView(of: member, under: rules, in: directory, company: "胡同")
        #expect(closed.title == "顾问" && closed.website.isEmpty && closed.fields.isEmpty)
        #expect(closed.companyShortName == "胡同")
    }

    @Test func theExternalViewHasNoPlaceForInternalFields() throws {
        let directory = try Company.snapshot()
        let view = ExternalView(of: try #require(directory[id("x1")]), under: [], in: directory)
        #expect(
            Set(Mirror(reflecting: view).children.compactMap(\.label))
                == ["companyShortName", "name", "title", "website", "fields", "isRealNameVerified"])
    }

    @Test func guestsGiveANameAndNothingElse() throws {
        #expect(try GuestName(" 小王 ").text == "小王")
        #expect(throws: FieldError(.name, .required)) { try GuestName("　") }
        #expect(throws: FieldError(.name, .badCharacter)) { try GuestName("a\u{202E}b") }
        #expect(throws: FieldError(.name, .tooLong, limit: 32)) { try GuestName(String(repeating: "a", count: 33)) }
    }
}
