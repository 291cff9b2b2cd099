// Members and departments as JSON: as administrators have them, as colleagues may see them, and back into drafts.

import Directory

struct MemberForm: Encodable {
    var account: String?
    var name: String
    var englishName: String
    var alias: String?
    var position: String?
    /// The main one first.
    var departments: [Int64]?
    var gender: String?
    var mobile: String?
    var officePhone: String?
    var email: String?
    var address: String?
    var identity: String?
    var directLeaders: [String]?
    var tags: [String]?
    var internalFields: [CustomFieldForm]?
    // For administrators and oneself only, as all below.
    var companyShortName: String?
    var externalTitle: String?
    var website: String?
    var externalFields: [CustomFieldForm]?
    var realNameVerified: Bool?
    var enabled: Bool?

    /// Everything.
    init(_ member: Member) {
        account = member.account.text
        name = member.names.zh
        englishName = member.names.en
        alias = member.alias
        position = member.position
        departments = member.departments.map(\.number)
        gender = member.gender.rawValue
        mobile = member.mobile?.text
        officePhone = member.officePhone
        email = member.email?.text
        address = member.address
        identity = member.identity.rawValue
        directLeaders = member.directLeaders.map(\.text)
        tags = member.tags
        internalFields = member.internalFields.map(CustomFieldForm.init)
        companyShortName = member.external.companyShortName
        externalTitle = member.external.title
        website = member.external.website
        externalFields = member.external.fields.map(CustomFieldForm.init)
        realNameVerified = member.realNameVerified
        enabled = member.enabled
    }

    init(_ view: ColleagueView) {
        account = view.account?.text
        name = view.names.zh
        englishName = view.names.en
        alias = view.alias
        position = view.position
        departments = view.departments?.map(\.id.number)
        gender = view.gender?.rawValue
        mobile = view.mobile?.text
        officePhone = view.officePhone
        email = view.email?.text
        address = view.address
        identity = view.identity?.rawValue
        directLeaders = view.directLeaders?.map(\.text)
        tags = view.tags
        internalFields = view.internalFields?.map(CustomFieldForm.init)
    }
}

struct DepartmentForm: Encodable {
    var id: Int64
    var parent: Int64?
    var name: String
    var englishName: String
    var order: Int64
    var leaders: [String]
    var tags: [String]

    /// - Parameter shows: which leaders the reader may see.
    init(_ department: Department, where shows: (AccountID) -> Bool = { _ in true }) {
        id = department.id.number
        parent = department.parent?.number
        name = department.names.zh
        englishName = department.names.en
        order = department.order
        leaders = department.leaders.filter(shows).map(\.text)
        tags = department.tags
    }
}

extension RequestFields {
    /// Bytes of a text of which the directory knows the limit in characters.
    private static let textBytes = 8 * 1024

    private mutating func update(_ text: inout String, _ field: String) {
        if let given = optionalText(field, Self.textBytes) { text = given }
    }

    private mutating func update(_ fields: inout [CustomField], _ name: String) {
        guard let value = value(name) else { return }
        let given = (value as? [[String: Any]])?.map { object -> CustomField? in
            guard object.count == 2, let name = object["name"] as? String, let value = object["value"] as? String,
                !name.utf8.contains(0), !value.utf8.contains(0)
            else { return nil }
            return CustomField(name: name, value: value)
        }
        guard let given, !given.contains(nil) else {
            return wrong(
                name, "type", #"应为 {"name":"…","value":"…"} 的列表"#, #"Must be a list of {"name":"…","value":"…"}"#)
        }
        fields = given.compactMap(\.self)
    }

    mutating func departments(_ field: String) -> [DepartmentID]? {
        guard let value = value(field) else { return nil }
        guard let numbers = value as? [Any],
            case let ids = numbers.compactMap({ ($0 as? Int64).map { DepartmentID($0) } }), ids.count == numbers.count,
            ids.count <= DirectoryLimits.departmentsPerMember
        else {
            wrong(field, "type", "应为部门编号的列表", "Must be a list of departments' numbers")
            return nil
        }
        return ids
    }

    /// Takes what the body gives; what it does not name stays.
    /// - Parameter isNew: an account is taken from the body only then.
    mutating func update(_ draft: inout MemberDraft, isNew: Bool) {
        if isNew { update(&draft.account, "account") }
        update(&draft.name, "name")
        update(&draft.englishName, "englishName")
        update(&draft.alias, "alias")
        update(&draft.position, "position")
        update(&draft.gender, "gender")
        update(&draft.mobile, "mobile")
        update(&draft.officePhone, "officePhone")
        update(&draft.email, "email")
        update(&draft.address, "address")
        if let departments = departments("departments") { draft.departments = departments }
        update(&draft.identity, "identity")
        if let leaders = list("directLeaders") { draft.directLeaders = leaders }
        if let tags = list("tags") { draft.tags = tags }
        update(&draft.internalFields, "internalFields")
        update(&draft.companyShortName, "companyShortName")
        update(&draft.externalTitle, "externalTitle")
        update(&draft.website, "website")
        update(&draft.externalFields, "externalFields")
        if let isVerified = bool("realNameVerified") { draft.realNameVerified = isVerified }
    }

    mutating func update(_ draft: inout DepartmentDraft) {
        update(&draft.name, "name")
        update(&draft.englishName, "englishName")
        if let parent = number("parent", in: 0...Int64.max) { draft.parent = DepartmentID(parent) }
        if let order = number("order", in: Int64.min...Int64.max) { draft.order = order }
        if let leaders = list("leaders") { draft.leaders = leaders }
        if let tags = list("tags") { draft.tags = tags }
    }
}

extension APIRoute.Body {
    static func member(isNew: Bool) -> APIRoute.Body {
        let texts = [
            "englishName", "alias", "position", "mobile", "officePhone", "email", "address", "identity",
            "companyShortName", "externalTitle", "website",
        ]
        return .json(
            (isNew ? [.init("account", required: true)] : []) + [
                .init("name", required: isNew), .init("gender", required: isNew),
                .init("departments", .integers, required: isNew), .init("directLeaders", .strings),
                .init("tags", .strings), .init("internalFields", .objects), .init("externalFields", .objects),
                .init("realNameVerified", .boolean),
            ] + texts.map { .init($0) })
    }

    static func department(isNew: Bool) -> APIRoute.Body {
        .json([
            .init("name", required: isNew), .init("englishName"), .init("parent", .integer, required: isNew),
            .init("order", .integer), .init("leaders", .strings), .init("tags", .strings),
        ])
    }
}
