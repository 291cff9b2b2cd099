// A member as a colleague may see him: what the rules hide is not in it, so that whoever writes it out cannot leak it.

public struct ColleagueView: Sendable, Equatable {
    public let names: BilingualName
    /// Nil when hidden, as all below.
    public let account: AccountID?
    public let alias: String?
    public let position: String?
    /// The main one first, with names and paths as they are now.
    public let departments: [Department]?
    public let gender: Gender?
    public let mobile: PhoneNumber?
    public let officePhone: String?
    public let email: EmailAddress?
    public let address: String?
    public let identity: Identity?
    public let directLeaders: [AccountID]?
    public let tags: [String]?
    public let internalFields: [CustomField]?

    init(of member: Member, showing fields: Set<MemberField>, in tree: DepartmentTree) {
        func shown<Value>(_ field: MemberField, _ value: Value) -> Value? { fields.contains(field) ? value : nil }
        names = BilingualName(
            zh: member.names.zh, en: fields.contains(.englishName) || member.names.zh.isEmpty ? member.names.en : "")
        account = shown(.account, member.account)
        alias = shown(.alias, member.alias)
        position = shown(.position, member.position)
        departments = shown(.departments, member.departments.compactMap { tree[$0] })
        gender = shown(.gender, member.gender)
        mobile = fields.contains(.mobile) ? member.mobile : nil
        officePhone = shown(.officePhone, member.officePhone)
        email = fields.contains(.email) ? member.email : nil
        address = shown(.address, member.address)
        identity = shown(.identity, member.identity)
        directLeaders = shown(.directLeaders, member.directLeaders)
        tags = shown(.tags, member.tags)
        internalFields = shown(.internalFields, member.internalFields)
    }
}
