// Member files: finding the header, reading rows, departments by path, all or nothing, and each error where it stands.

import Testing

@testable import Directory

@Suite struct ImportTests {
    private static let template = [
        "姓名", "帐号", "别名", "职务", "部门", "性别", "手机", "座机", "个人邮箱", "地址", "企业简称", "英文名",
    ]

    private let directory: DirectorySnapshot

    init() throws { directory = try Company.snapshot() }

    private func row(
        _ name: String, _ account: String, department: String = "", gender: String = "男",
        mobile: String = "13800000000", email: String = "", english: String = ""
    ) -> [String] {
        [name, account, "", "", department, gender, mobile, "", email, "", "", english]
    }

    private func plan(
        _ rows: [[String]], header: [String] = template, mode: ImportMode = .create
    ) throws(ImportRejection) -> ImportPlan {
        try directory.importPlan(of: [header] + rows, mode: mode)
    }

    /// `row column code` of each error.
    private func errors(
        _ rows: [[String]], header: [String] = template, mode: ImportMode = .create
    ) -> [String] {
        do throws(ImportRejection) {
            _ = try plan(rows, header: header, mode: mode)
            return []
        } catch { return error.errors.map { "\($0.row) \($0.column) \($0.code)" } }
    }

    @Test func theTemplateIsReadWhereverItsHeaderStands() throws {
        let notes = [["填写须知"], ["1. 红色为必填", "姓名"], [], [""], ["示例", "张三"], ["  "], [], [], []]
        let person = [
            " 张三 ", "zhang.san", "三哥", "工程师", "研发部/后端组", "男", "13800000000", "010-88886666", "a@b.cn", "北京", "胡同",
            "San",
        ]
        let plan = try directory.importPlan(of: notes + [Self.template, person, [], ["", " "]], mode: .create)
        let member = try #require(plan.creates.first)
        #expect(plan.creates.count == 1 && plan.updates.isEmpty && plan.unchanged == 0)
        #expect(member.names == BilingualName(zh: "张三", en: "San"))
        #expect(member.account.text == "zhang.san" && member.alias == "三哥" && member.position == "工程师")
        #expect(member.gender == .male && member.mobile?.text == "+8613800000000")
        #expect(member.officePhone == "010-88886666" && member.email?.text == "a@b.cn" && member.address == "北京")
        #expect(member.external.companyShortName == "胡同")
        #expect(plan.newDepartments.map(\.names.zh) == ["研发部", "后端组"])
        #expect(plan.newDepartments.map(\.parent) == [Company.root, plan.newDepartments[0].id])
        #expect(member.departments == [plan.newDepartments[1].id])
        let after = try plan.applied(to: directory)
        #expect(after.tree.path(of: member.mainDepartment, in: .zh) == "研发部/后端组")
        #expect(after.members.count == directory.members.count + 1)
    }

    @Test func columnsStandInAnyOrderWithRemarksAndInEnglish() throws {
        let header = ["Mobile *", "Email", "User ID", "Full name", "Gender (required)", "Department", "Title"]
        let plan = try plan([["+16502530000", "", "sam", "Sam", "F", "HR", "Lead"]], header: header)
        #expect(plan.creates[0].account == id("sam") && plan.creates[0].position == "Lead")
        #expect(plan.creates[0].departments == [Company.humanResources], "found by its English name")
        #expect(
            try self.plan([["张三", "a", "女", "13800000000"]], header: ["＊姓名", "账号（必填）", "性别", "手机号"]).creates.count == 1)
    }

    @Test func headersThatCannotBeUsedSayWhy() throws {
        #expect(errors([], header: ["a", "b"]) == ["0  header_not_found"])
        #expect(errors([row("张三", "a")]) == [])
        #expect(errors([], header: Self.template + ["工号", "姓名"]) == ["1 工号 unknown_column", "1 姓名 repeated_column"])
        #expect(errors([], header: ["姓名", "账户", "性别", "手机"]) == ["1 账户 unknown_column", "1 帐号 missing_column"])
        #expect(errors([], header: ["姓名", "帐号", "性别"]) == ["1 手机 missing_column"])
        #expect(errors([]) == ["0  no_rows"])
        #expect(throws: ImportRejection.self) { try directory.importPlan(of: [], mode: .create) }
        let late = Array(repeating: [""], count: 51) + [Self.template, row("张三", "a")]
        #expect(throws: ImportRejection.self) { try directory.importPlan(of: late, mode: .create) }
        #expect(try directory.importPlan(of: Array(late.dropFirst()), mode: .create).creates.count == 1)
    }

    @Test func everyErrorOfEveryRowIsNamedAndNothingIsPlanned() throws {
        let found = errors([
            row("张三", "a"), row("", "b/c", gender: "?", mobile: "123", email: "x"), row("李四", "A"),
            row("王五", "boss", mobile: ""), row("赵六", "c", department: "甲//乙"),
            row("孙七", "d", department: "[EN:x]"), row("周\u{202E}八", "e") + ["stray"],
        ])
        #expect(
            found == [
                "3 姓名 required", "3 帐号 bad_account", "3 性别 unknown_value", "3 手机 bad_phone", "3 个人邮箱 bad_email",
                "4 帐号 duplicate_in_file", "5 帐号 duplicate_in_directory", "5 手机 contact_required",
                "6 部门 bad_department_path", "7 部门 bad_department_path", "8 M unknown_column", "8 姓名 bad_character",
            ])
    }

    @Test func phonesOfSpreadsheetsAreNormal() throws {
        let plan = try plan([
            row("甲", "a", mobile: "1.38E10"), row("乙", "b", mobile: "13812345678.0"),
            row("丙", "c", mobile: "１３８００００００００"), row("丁", "1.3800000001E10", mobile: "+85291234567"),
            row("戊", "1E5"),
        ])
        #expect(
            plan.creates.map { $0.mobile?.text } == [
                "+8613800000000", "+8613812345678", "+8613800000000", "+85291234567", "+8613800000000",
            ])
        #expect(plan.creates.map(\.account.text) == ["a", "b", "c", "13800000001", "1E5"])
    }

    @Test func existingMembersAreUpdatedAndEmptyCellsLeaveWhatIsThere() throws {
        var boss = try #require(directory[id("boss")])
        boss.mobile = PhoneNumber("13900000000")
        boss.gender = .male
        boss.realNameVerified = true
        boss.epoch = 7
        boss.enabled = false
        boss.tags = ["vip"]
        var members = Company.members.filter { $0.account != id("boss") }
        members.append(boss)
        let directory = try DirectorySnapshot(departments: Company.departments, members: members)
        let same = ["王建国", "BOSS", "", "", "", "", "", "", "", "", "", ""]
        let other = ["王建军", "boss", "", "董事长", "胡同公司/人事部；管理层", "", "", "", "", "", "", ""]
        let unchanged = try directory.importPlan(of: [Self.template, same], mode: .createOrUpdate)
        #expect(unchanged == ImportPlan(newDepartments: [], creates: [], updates: [], unchanged: 1))
        let plan = try directory.importPlan(of: [Self.template, other], mode: .createOrUpdate)
        var expected = boss
        expected.names.zh = "王建军"
        expected.position = "董事长"
        expected.mainDepartment = Company.humanResources
        expected.otherDepartments = [Company.management]
        #expect(plan.updates == [expected] && plan.creates.isEmpty && plan.newDepartments.isEmpty)
        #expect(try plan.applied(to: directory)[id("boss")] == expected)
    }

    @Test func aPlanNamesAllThatItsImporterMustBeAllowedToWrite() throws {
        var x1 = try #require(directory[id("x1")])
        x1.mobile = PhoneNumber("13900000000")
        let directory = try DirectorySnapshot(
            departments: Company.departments, members: Company.members.filter { $0.account != id("x1") } + [x1])
        func targets(_ rows: [[String]]) throws -> Set<AdminTarget> {
            try directory.importPlan(of: [Self.template] + rows, mode: .createOrUpdate).targets(in: directory)
        }
        #expect(
            try targets([row("甲", "a", department: "精品店/X精品店/新组/小组;人事部")])
                == [.department(Company.boutiqueX), .department(Company.humanResources)])
        #expect(try targets([row("甲", "a")]) == [.department(Company.root)])
        #expect(try targets([row("李小伟", "x1")]) == [.member(id("x1"))])
        #expect(
            try targets([row("李伟", "x1", department: "精品店/X精品店;人事部")])
                == [.member(id("x1")), .department(Company.humanResources)])
    }

    @Test func departmentsAreMadeOnceAndFoundByEitherName() throws {
        let plan = try plan([
            row("甲", "a", department: "研发部[EN:R&D]/后端组[EN:Backend]；人事部;"), row("乙", "b", department: "研发部／前端组"),
            row("丙", "c", department: "R&D/Backend"), row("丁", "d", department: "胡同公司／研发部"),
            row("戊", "e", department: "胡同公司"), row("己", "f"), row("庚", "g", department: "研发部/前端组［en：Front/End］"),
            row("辛", "h", department: "研发部;研发部"),
        ])
        let names = plan.newDepartments.map(\.names)
        #expect(
            names == [
                BilingualName(zh: "研发部", en: "R&D"), BilingualName(zh: "后端组", en: "Backend"),
                BilingualName(zh: "前端组", en: "Front/End"),
            ])
        let ids = plan.newDepartments.map(\.id)
        #expect(ids == [DepartmentID(112), DepartmentID(113), DepartmentID(114)])
        #expect(
            plan.creates.map(\.departments) == [
                [ids[1], Company.humanResources], [ids[2]], [ids[1]], [ids[0]], [Company.root], [Company.root],
                [ids[2]],
                [ids[0]],
            ])
        #expect(try plan.applied(to: directory).members(within: ids[0]).count == 6)
    }

    @Test(arguments: [
        ("a/", "bad_department_path"), ("/a", "bad_department_path"), ("a[EN:b", "bad_department_path"),
        ("a[EN:]", "bad_department_path"), ("a[XX:b]", "bad_department_path"), ("a[EN:b]c", "bad_department_path"),
        ("a[EN:b][EN:c]", "bad_department_path"), ("a\u{202E}b", "bad_character"),
        (String(repeating: "长", count: 65), "too_long"), ("人事部[EN:Personnel]", "department_name_conflict"),
        ("新部[EN:HR]", "department_name_conflict"),
        ((1...15).map { "d\($0)" }.joined(separator: "/"), "department_too_deep"),
        (Array(repeating: "a", count: 40).joined(separator: "/"), "bad_department_path"),
        ((1...102).map { "d\($0)" }.joined(separator: ";"), "too_many"),
    ])
    func departmentCellsThatCannotBeReadSayWhy(cell: String, code: String) {
        #expect(errors([row("甲", "a", department: cell)]) == ["2 部门 \(code)"])
    }

    @Test func fourteenLevelsBelowTheRootArePossible() throws {
        let path = (1...14).map { "d\($0)" }.joined(separator: "/")
        let plan = try plan([row("甲", "a", department: path)])
        #expect(plan.newDepartments.count == 14)
        #expect(try plan.applied(to: directory).tree.depth(of: plan.creates[0].mainDepartment) == 14)
    }

    @Test func rowsErrorsAndCellsHaveLimits() throws {
        let many = (0..<20_001).map { row("甲", "m\($0)") }
        #expect(try plan(Array(many.dropLast())).creates.count == 20_000)
        #expect(errors(many) == ["20002  too_many_rows"])
        let bad = (0..<2_000).map { row("", "m\($0)") }
        do throws(ImportRejection) {
            _ = try plan(bad)
            Issue.record("rows without names are taken")
        } catch {
            #expect(error.errors.count == 1_000 && error.total == 2_000)
        }
        let long = String(repeating: "x", count: 40_000)
        #expect(errors([row("甲", "a", department: long)]) == ["2 部门 too_long"])
        #expect(errors([], header: Array(repeating: "x", count: 100_000)) == ["0  header_not_found"])
    }

    @Test func everyImportErrorSpeaksBothLanguages() {
        for code in ImportErrorCode.allCases {
            let error = ImportError(row: 2, column: "c", code, firstRow: 1)
            #expect(error.zh.unicodeScalars.contains { $0.properties.isIdeographic })
            #expect(error.en.hasSuffix(".") && !error.en.unicodeScalars.contains { $0.properties.isIdeographic })
        }
    }

    @Test func hostileCellsNeverTrap() throws {
        // A fixed generator, so that a failure can be had again.
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let pieces = [
            "[", "]", "EN:", "/", "；", ";", "１", "1", ".", "E", "+", "-", "@", "a", "张", "\u{202E}", "\n", " ",
            "\u{301}",
        ]
        for _ in 0..<3_000 {
            let cells = (0..<12).map { _ in (0..<next(8)).map { _ in pieces[next(pieces.count)] }.joined() }
            do throws(ImportRejection) {
                let plan = try plan([cells], mode: .createOrUpdate)
                #expect(throws: Never.self) { try plan.applied(to: directory) }
            } catch { #expect(!error.errors.isEmpty) }
        }
    }
}
