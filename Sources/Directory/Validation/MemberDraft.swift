// A member as a form, the API or a file gives him: texts. Validation turns a draft into a member or says everything that
// is wrong with it at once. What needs other members (is the account taken, does the leader exist) is left to who has them.

public struct MemberDraft: Sendable, Equatable {
    public var name = ""
    public var englishName = ""
    public var account = ""
    public var alias = ""
    public var position = ""
    /// `male`, `female`, `undisclosed`, or what sheets say: 男, 女, 保密, M, F.
    public var gender = ""
    public var mobile = ""
    public var officePhone = ""
    public var email = ""
    public var address = ""
    /// The main one first.
    public var departments: [DepartmentID] = []
    /// `normal` (when empty), `superior`, 普通, 上级.
    public var identity = ""
    public var directLeaders: [String] = []
    public var tags: [String] = []
    public var internalFields: [CustomField] = []
    public var companyShortName = ""
    /// Empty: people outside see the position.
    public var externalTitle = ""
    public var website = ""
    public var externalFields: [CustomField] = []
    public var realNameVerified = false

    public init() {}

    /// The member, or all errors in the order of the fields. He is enabled and new (epoch 0).
    public func validated(in tree: DepartmentTree) throws(InvalidFields) -> Member {
        var check = FieldCheck()
        check.departments(departments, in: tree)
        let main = departments.first ?? tree.root.id
        let member = fields(&check, mainDepartment: main, otherDepartments: Array(departments.dropFirst()))
        guard let member, check.errors.isEmpty else { throw InvalidFields(errors: check.sortedErrors) }
        return member
    }

    /// Everything but the departments, which a file names by paths and an interface by ids. Nil only with errors.
    func fields(
        _ check: inout FieldCheck, mainDepartment: DepartmentID, otherDepartments: [DepartmentID] = []
    ) -> Member? {
        let account = check.account(self.account)
        let names = BilingualName(
            zh: check.text(name, .name, required: true), en: check.text(englishName, .englishName))
        let gender = check.gender(self.gender)
        let mobile = check.mobile(self.mobile)
        let email = check.email(self.email)
        if self.mobile.trimmed.isEmpty && self.email.trimmed.isEmpty { check.fail(.mobile, .contactRequired) }
        let position = check.text(self.position, .position, atMost: DirectoryLimits.titleCharacters)
        let title = check.text(externalTitle, .externalTitle, atMost: DirectoryLimits.titleCharacters)
        let external = ExternalProfile(
            companyShortName: check.text(
                companyShortName, .companyShortName, atMost: DirectoryLimits.titleCharacters),
            title: title.isEmpty ? nil : title, website: check.website(website),
            fields: check.custom(externalFields, .externalFields, atMost: DirectoryLimits.externalFields))
        let alias = check.text(self.alias, .alias)
        let officePhone = check.officePhone(self.officePhone)
        let address = check.text(self.address, .address, atMost: DirectoryLimits.longTextCharacters)
        let identity = check.identity(self.identity)
        let leaders = check.leaders(directLeaders)
        let tags = check.tags(self.tags)
        let internals = check.custom(internalFields, .internalFields, atMost: DirectoryLimits.internalFields)
        guard let account else { return nil }
        return Member(
            account: account, names: names, gender: gender, mainDepartment: mainDepartment,
            otherDepartments: otherDepartments, alias: alias, position: position, mobile: mobile,
            officePhone: officePhone, email: email, address: address, identity: identity, directLeaders: leaders,
            tags: tags, internalFields: internals, external: external, realNameVerified: realNameVerified)
    }
}
