// The organisation as one value: checks across people and departments, members below, search, superiors.

import Testing

@testable import Directory

@Suite struct DirectorySnapshotTests {
    @Test func membersOfADepartmentAndOfAllBelowItAreEachNamedOnce() throws {
        let directory = try Company.snapshot()
        #expect(directory.members(in: Company.boutiqueX).map(\.account.text) == ["x1", "xlead"])
        #expect(directory.members(within: Company.boutiqueX).map(\.account.text) == ["x1", "x2", "xlead"])
        #expect(directory.members(within: Company.root).count == Company.members.count)
        #expect(directory.members(within: DepartmentID(99)).isEmpty)
        #expect(directory[id("XLEAD")]?.names.zh == "陈美", "case makes no other account")
    }

    @Test func peopleAndDepartmentsThatDoNotFitAreRefused() {
        func error(_ members: [Member]) -> DirectoryError? {
            do throws(DirectoryError) {
                _ = try DirectorySnapshot(departments: Company.departments, members: members)
                return nil
            } catch { return error }
        }
        #expect(error([person("a", in: 99)]) == .unknownDepartment(of: id("a")))
        #expect(error([person("a", in: 1), person("A", in: 10)]) == .duplicateAccount(id("a")))
        #expect(error([person("a", in: 1, 1)]) == .badDepartments(of: id("a")))
        #expect(error([person("a", in: 1, 10)]) == nil)
    }

    @Test(arguments: [
        ("李伟", ["x1", "y2"]), ("李", ["x1", "y2"]), ("伟", ["x1", "y2"]), ("alex shan", ["x2"]), ("SHAN", ["x2"]),
        ("lw", ["x1", "y2"]), ("ＬＷ", ["x1", "y2"]), ("sxx", ["x2"]), ("dxx", ["x2"]), ("w j g", ["boss"]),
        ("xl", ["xlead"]), ("qd", ["temp1"]), ("  ", []), ("nobody", []), ("", []),
    ])
    func peopleAreFoundByNameAliasAccountAndInitials(query: String, accounts: [String]) throws {
        #expect(try Company.snapshot().search(query).map(\.account.text) == accounts)
    }

    @Test func theBetterMatchComesFirstAndPeopleWhoMayNotBeSeenDoNotCome() throws {
        let directory = try DirectorySnapshot(
            departments: Company.departments,
            members: [
                person("a", "大安娜", in: 1, en: "Joanna"), person("b", "安娜", in: 1, en: "Anna"),
                person("c", "安", in: 1, en: "Lu Anna"), person("d", "安娜", in: 1, en: "Anna Bo", enabled: false),
                person("anna", "", in: 1, en: "Susanna"),
            ])
        #expect(directory.search("anna").map(\.account.text) == ["anna", "b", "c", "a"])
        #expect(directory.search("anna", limit: 1).map(\.account.text) == ["anna"])
        #expect(directory.search("anna", limit: -1).isEmpty)
        #expect(directory.search("anna") { $0.account != id("b") }.map(\.account.text) == ["anna", "d", "c", "a"])
    }

    @Test func departmentsAreFoundByBothNamesAndByInitials() throws {
        let directory = try Company.snapshot()
        #expect(directory.departments(matching: "boutique").map(\.id.number) == [10, 11, 12, 13])
        #expect(directory.departments(matching: "rsb").map(\.id.number) == [20])
        #expect(directory.departments(matching: "精品", limit: 2).map(\.id.number) == [10, 11])
    }

    @Test func thoseAboveAMemberAreHisLeadersAndTheirsNeverHimself() throws {
        let directory = try Company.snapshot()
        #expect(directory.superiors(of: id("x1")) == [id("xlead"), id("boss")])
        #expect(directory.superiors(of: id("x2")) == [id("xlead"), id("boss")])
        #expect(directory.superiors(of: id("xlead")) == [id("boss")])
        #expect(directory.superiors(of: id("boss")).isEmpty)
        let ring = try DirectorySnapshot(
            departments: [Department(id: DepartmentID(1), parent: nil, names: BilingualName(zh: "司"))],
            members: [person("a", in: 1, leaders: ["b"]), person("b", in: 1, leaders: ["a", "gone"])])
        #expect(ring.superiors(of: id("a")) == [id("b"), id("gone")])
        let pair = try DirectorySnapshot(
            departments: [
                Department(id: DepartmentID(1), parent: nil, names: BilingualName(zh: "司"), leaders: [id("top")]),
                Department(
                    id: DepartmentID(2), parent: DepartmentID(1), names: BilingualName(zh: "店"),
                    leaders: [id("a"), id("b")]),
            ], members: [person("a", in: 2), person("b", in: 2), person("c", in: 2), person("top", in: 1)])
        #expect(pair.superiors(of: id("b")) == [id("top")], "two leaders of a department are equals")
        #expect(pair.superiors(of: id("c")) == [id("a"), id("b"), id("top")])
    }
}

@Suite struct PinyinInitialsTests {
    private func readings(_ name: String) -> [String] {
        PinyinInitials.readings(of: name).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        ("张三", ["zs"]), ("王小明", ["wxm"]), ("欧阳娜娜", ["oynn"]), ("曾国藩", ["zgf"]), ("仇英", ["qy", "cy"]),
        ("万俟卨", ["mq?"]), ("尉迟恭", ["ycg"]), ("区A1", ["oa1", "qa1"]), ("Zhang San", ["zhangsan"]), ("", []),
        ("！？", []), ("123", []), ("覃晟睿", ["qsr"]),
    ])
    func aNameHasTheInitialsItIsReadWith(name: String, expected: [String]) {
        #expect(readings(name) == expected)
    }

    @Test func level1Has3755DifferentCharactersIn23Runs() {
        let characters = GB2312Level1.runs.flatMap { Array($0.characters.unicodeScalars) }
        #expect(characters.count == 3_755)
        #expect(Set(characters).count == 3_755)
        #expect(GB2312Level1.runs.map(\.initial) == Array("abcdefghjklmnopqrstwxyz".utf8))
    }

    @Test func anUnknownCharacterMatchesAnyLetterButNoDigit() throws {
        let directory = try DirectorySnapshot(
            departments: Company.departments, members: [person("k", "王龘", in: 1)])
        #expect(directory.search("wt").count == 1)
        #expect(directory.search("w1").isEmpty)
    }
}
