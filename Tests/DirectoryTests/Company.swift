// A small company that the tests share: boutiques X, Y and Z, a head office, and temporary staff.

import Directory

func id(_ text: String) -> AccountID {
    guard let account = AccountID(text) else { fatalError("\(text) is no account id") }
    return account
}

func person(
    _ account: String, _ zh: String = "", in departments: Int64..., en: String = "", identity: Identity = .normal,
    leaders: [String] = [], tags: [String] = [], enabled: Bool = true
) -> Member {
    Member(
        account: id(account), names: BilingualName(zh: zh, en: en), mainDepartment: DepartmentID(departments[0]),
        otherDepartments: departments.dropFirst().map { DepartmentID($0) }, identity: identity,
        directLeaders: leaders.map(id), tags: tags, enabled: enabled)
}

enum Company {
    static let root = DepartmentID(1)
    static let boutiques = DepartmentID(10)
    static let boutiqueX = DepartmentID(11)
    static let salesOfX = DepartmentID(111)
    static let boutiqueY = DepartmentID(12)
    static let boutiqueZ = DepartmentID(13)
    static let humanResources = DepartmentID(20)
    static let helpDesk = DepartmentID(30)
    static let management = DepartmentID(40)
    static let temporary = DepartmentID(50)

    static let departments = [
        Department(id: boutiqueY, parent: boutiques, names: BilingualName(zh: "Y精品店", en: "Boutique Y"), order: 2),
        Department(id: root, parent: nil, names: BilingualName(zh: "胡同公司", en: "Hutong"), leaders: [id("boss")]),
        Department(
            id: boutiqueX, parent: boutiques, names: BilingualName(zh: "X精品店", en: "Boutique X"), order: 1,
            leaders: [id("xlead")]),
        Department(id: boutiques, parent: root, names: BilingualName(zh: "精品店", en: "Boutiques"), order: 1),
        Department(id: salesOfX, parent: boutiqueX, names: BilingualName(zh: "销售组", en: "Sales")),
        Department(id: boutiqueZ, parent: boutiques, names: BilingualName(zh: "Z精品店", en: "Boutique Z"), order: 3),
        Department(id: humanResources, parent: root, names: BilingualName(zh: "人事部", en: "HR"), order: 2),
        Department(id: helpDesk, parent: root, names: BilingualName(zh: "技术支持", en: "IT Help Desk"), order: 3),
        Department(id: management, parent: root, names: BilingualName(zh: "管理层", en: "Management"), order: 4),
        Department(id: temporary, parent: root, names: BilingualName(zh: "临时工", en: "Temp"), order: 5),
    ]

    static let members = [
        person("boss", "王建国", in: 40, en: "Jianguo Wang", identity: .superior),
        person("xlead", "陈美", in: 11, 40, en: "Mei Chen", identity: .superior, leaders: ["boss"]),
        person("x1", "李伟", in: 11, en: "Alex Li", leaders: ["xlead"]),
        person("x2", "单雄信", in: 111, en: "Alex Shan"),
        person("y1", "赵洁", in: 12, en: "Jie Zhao"),
        person("y2", "李伟", in: 12, en: "Alex Li"),
        person("z1", "孙悦", in: 13),
        person("hr1", "周芳", in: 20, en: "Fang Zhou"),
        person("it1", "吴用", in: 30),
        person("trainer", "郑老师", in: 1, en: "Trainer Zheng"),
        person("temp1", "钱多", in: 50),
        person("temp2", "冯远", in: 50),
    ]

    static func snapshot() throws -> DirectorySnapshot {
        try DirectorySnapshot(departments: departments, members: members)
    }
}
