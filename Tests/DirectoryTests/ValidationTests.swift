// Raw input into members: each field's rule, all errors at once, and what a name may not hold.

import Testing

@testable import Directory

@Suite struct ValidationTests {
    private static func draft(_ change: (inout MemberDraft) -> Void = { _ in }) -> MemberDraft {
        var draft = MemberDraft()
        draft.name = "张三"
        draft.account = "zhang.san"
        draft.gender = "男"
        draft.mobile = "13800000000"
        draft.departments = [Company.boutiqueX]
        change(&draft)
        return draft
    }

    private func errors(_ change: (inout MemberDraft) -> Void) throws -> [String] {
        let tree = try DepartmentTree(Company.departments)
        do throws(InvalidFields) {
            _ = try Self.draft(change).validated(in: tree)
            return []
        } catch { return error.errors.map { "\($0.field.rawValue) \($0.code.rawValue)" } }
    }

    @Test func aGoodDraftBecomesAMember() throws {
        let tree = try DepartmentTree(Company.departments)
        let member = try Self.draft {
            $0.name = "　张三 "
            $0.account = "ｚ１"
            $0.email = "San.Zhang@Example.COM"
            $0.departments = [Company.boutiqueX, Company.humanResources]
            $0.officePhone = "(010) 8888-6666-801"
            $0.identity = "上级"
            $0.externalTitle = "顾问"
            $0.website = "https://example.com/a?b=1"
            $0.internalFields = [CustomField(name: "工号", value: "007")]
        }.validated(in: tree)
        #expect(member.names.zh == "张三")
        #expect(member.account.text == "z1")
        #expect(member.mobile?.text == "+8613800000000")
        #expect(member.email?.text == "San.Zhang@example.com")
        #expect(member.departments == [Company.boutiqueX, Company.humanResources])
        #expect(member.officePhone == "010-8888-6666-801")
        #expect(member.identity == .superior)
        #expect(member.external.title == "顾问")
        #expect(member.enabled && member.epoch == 0)
    }

    @Test func allErrorsComeAtOnceInTheOrderOfTheFields() throws {
        let found = try errors {
            $0 = MemberDraft()
            $0.email = "no"
            $0.website = "javascript:alert(1)"
            $0.identity = "king"
        }
        #expect(
            found == [
                "name required", "account required", "departments required", "gender required", "email bad_email",
                "identity unknown_value", "website bad_website",
            ])
    }

    @Test func aMobileOrAnEmailIsNeeded() throws {
        #expect(try errors { $0.mobile = " " } == ["mobile contact_required"])
        #expect(
            try errors {
                $0.mobile = ""
                $0.email = "a@b.cn"
            } == [])
        #expect(try errors { $0.mobile = "12345" } == ["mobile bad_phone"], "a wrong one is not also a missing one")
    }

    @Test(arguments: [
        "a\u{202E}b", "a\u{2066}b", "\u{200F}ab", "a\u{0}b", "a\nb", "a\u{85}b", "a\u{2028}b", "a\u{200B}b",
        "a\u{FEFF}b",
        "a\u{E000}b", "ab\u{200D}", "\u{3164}", "a\u{7F}", "a\u{061C}b", "\u{E0041}", "张\u{200D}三",
        "a\u{FE0F}", "张\u{E0100}", "a\u{34F}b", "👨\u{200D}a", "\u{2800}", "\u{AD}a",
    ])
    func namesThatTurnHideOrControlAreRefused(name: String) throws {
        #expect(try errors { $0.name = name } == ["name bad_character"])
        #expect(try errors { $0.tags = [name] } == ["tags bad_character"])
    }

    @Test(arguments: ["O’Neil", "买买提·阿不都", "👨‍👩‍👧 home", "José", "王小明（外包）", "𠮷野", "❤️小雨", "👍🏽", "🏳️‍🌈"])
    func namesOfPeopleAreTaken(name: String) throws {
        #expect(try errors { $0.name = name } == [])
    }

    @Test func textsEndWhereTheirLimitIs() throws {
        #expect(try errors { $0.name = String(repeating: "张", count: 64) } == [])
        #expect(try errors { $0.name = String(repeating: "张", count: 65) } == ["name too_long"])
        #expect(try errors { $0.name = "a" + String(repeating: "\u{301}", count: 200) } == ["name too_long"])
        #expect(try errors { $0.address = String(repeating: "x", count: 100_000) } == ["address too_long"])
        let fields = (0..<21).map { CustomField(name: "f\($0)", value: "") }
        #expect(try errors { $0.internalFields = Array(fields.prefix(20)) } == [])
        #expect(try errors { $0.internalFields = fields } == ["internal_fields too_many"])
        #expect(try errors { $0.externalFields = Array(fields.prefix(7)) } == ["external_fields too_many"])
        #expect(try errors { $0.externalFields = [fields[0], fields[0]] } == ["external_fields repeated"])
    }

    @Test func departmentsMustExistAndDiffer() throws {
        #expect(try errors { $0.departments = [DepartmentID(99)] } == ["departments unknown_department"])
        #expect(try errors { $0.departments = [Company.root, Company.root] } == ["departments repeated"])
    }

    @Test(arguments: [
        ("a", true), ("A1.b-c_d", true), (String(repeating: "a", count: 32), true), ("", false), (".", false),
        ("..", false), ("-a", false), ("_a", false), (String(repeating: "a", count: 33), false), ("a b", false),
        ("a/b", false), ("张三", false), ("a\u{301}", false), ("a\0", false), ("é", false),
    ])
    func accountsHaveASmallAlphabet(text: String, isAccount: Bool) {
        #expect((AccountID(text) != nil) == isAccount)
    }

    @Test(arguments: [
        ("13800000000", "+8613800000000"), ("+8613800000000", "+8613800000000"), ("8613800000000", "+8613800000000"),
        ("008613800000000", "+8613800000000"), ("+86 138-0000-0000", "+8613800000000"),
        ("１３８００００００００", "+8613800000000"), ("＋86 138 0000 0000", "+8613800000000"), ("1.38E10", "+8613800000000"),
        ("1.38e+10", "+8613800000000"), ("1.3812345678E10", "+8613812345678"), ("13812345678.0", "+8613812345678"),
        ("+1 (650) 253-0000", "+16502530000"), ("+85291234567", "+85291234567"), ("0044 20 7946 0958", "+442079460958"),
        ("138.1234.5678", "+8613812345678"),
    ])
    func phonesComeInManyFormsAndLeaveInOne(written: String, normal: String) {
        #expect(PhoneNumber(written)?.text == normal)
    }

    @Test(arguments: [
        "", "12345", "12000000000", "138000000000", "+86 12345678901", "+0123456789", "+123", "+1234567890123456",
        "1.381234567891E10", "1.38E99", "1E400", "-13800000000", "13800000000x", "65025300000", "٠١٢٣٤٥٦٧٨٩٠", "NaN",
        "1.E", ".5E3", "E", "1.38E-10", "++8613800000000", "00",
    ])
    func whatIsNoPhoneIsRefused(written: String) {
        #expect(PhoneNumber(written) == nil)
    }

    @Test func aVeryLongPhoneCostsNothing() {
        #expect(PhoneNumber(String(repeating: "1", count: 1_000_000)) == nil)
    }

    @Test(arguments: [
        ("a@b.cn", true), ("first.last+tag@sub.example.com", true), ("a@b", false), ("@b.cn", false), ("a@", false),
        ("a..b@c.cn", false), (".a@c.cn", false), ("a@-b.cn", false), ("a@b..cn", false), ("a@1.2.3.4", false),
        ("a@b.cn\r\nBcc: x@y.cn", false), ("\"a b\"@c.cn", false), ("a@b@c.cn", false), ("张@b.cn", false),
        (String(repeating: "a", count: 65) + "@b.cn", false), ("a,b@c.cn", false), ("<a@b.cn>", false),
    ])
    func emailsAreOfThePlainKind(written: String, isAddress: Bool) {
        #expect((EmailAddress(written) != nil) == isAddress)
    }

    @Test func everyCodeSpeaksBothLanguages() {
        for code in FieldErrorCode.allCases {
            for field in MemberField.allCases {
                let error = FieldError(field, code, limit: 3)
                #expect(error.zh.unicodeScalars.contains { $0.properties.isIdeographic })
                #expect(error.en.utf8.count == error.en.count && error.en.hasSuffix("."))
            }
        }
        #expect(Set(MemberField.allCases.map { $0.text(in: .zh) }).count == MemberField.allCases.count)
    }
}

@Suite struct DisplayLabelTests {
    @Test func namesStandInTheReadersOrder() {
        let both = BilingualName(zh: "张三", en: "San Zhang")
        #expect(both.label(in: .zh) == "张三 (San Zhang)")
        #expect(both.label(in: .en) == "San Zhang 张三")
        #expect(BilingualName(zh: "张三").label(in: .en) == "张三")
        #expect(BilingualName(zh: "", en: "San").label(in: .zh) == "San")
        var member = person("a", "张三", in: 1)
        #expect(member.label(in: .zh, policy: .alias) == "张三")
        member.alias = "三哥"
        #expect(member.label(in: .zh, policy: .alias) == "三哥")
        #expect(member.label(in: .zh) == "张三")
    }

    @Test func whoSharesHisNameGetsHisDepartmentAndThenHisAccount() throws {
        let directory = try DirectorySnapshot(
            departments: Company.departments, members: Company.members + [person("y3", "李伟", in: 12, en: "Alex Li")])
        let two = directory.labels(of: [id("x1"), id("y2"), id("boss"), id("gone")], in: .zh)
        #expect(
            two == [
                id("x1"): "李伟 (Alex Li) · X精品店", id("y2"): "李伟 (Alex Li) · Y精品店", id("boss"): "王建国 (Jianguo Wang)",
            ])
        let three = directory.labels(of: [id("x1"), id("y2"), id("y3")], in: .en)
        #expect(
            three == [
                id("x1"): "Alex Li 李伟 · Boutique X", id("y2"): "Alex Li 李伟 · Boutique Y · y2",
                id("y3"): "Alex Li 李伟 · Boutique Y · y3",
            ])
    }
}
