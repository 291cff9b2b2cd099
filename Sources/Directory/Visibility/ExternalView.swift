// A member as people outside see him (B8). The type has no place for anything internal: account, department, phone,
// e-mail and internal fields cannot be sent to a guest by mistake.

public struct ExternalView: Sendable, Equatable {
    public let companyShortName: String
    public let name: BilingualName
    /// The one for people outside, else the position.
    public let title: String
    /// Empty or an http(s) address.
    public let website: String
    public let fields: [CustomField]
    /// Shown as a mark beside the name.
    public let isRealNameVerified: Bool

    /// Of a member, less what the rules hide from people outside. `company` is the organisation's own short name, for
    /// members who have none.
    public init(
        of member: Member, under rules: [VisibilityRule], in directory: DirectorySnapshot, company: String = ""
    ) {
        var hidden: Set<MemberField> = []
        for rule in rules {
            guard case .hidesFields(let fields, .outside) = rule.effect, rule.isAbout(member, in: directory.tree)
            else { continue }
            hidden.formUnion(fields)
        }
        func shown(_ field: MemberField, _ text: String) -> String { hidden.contains(field) ? "" : text }
        let short = member.external.companyShortName
        companyShortName = shown(.companyShortName, short.isEmpty ? company : short)
        name = BilingualName(
            zh: member.names.zh,
            en: hidden.contains(.englishName) && !member.names.zh.isEmpty ? "" : member.names.en)
        // Whoever hides the position outside has not said that the title made for people outside goes too.
        title = shown(.externalTitle, member.external.title ?? shown(.position, member.position))
        website = shown(.website, member.external.website)
        fields = hidden.contains(.externalFields) ? [] : member.external.fields
        isRealNameVerified = member.realNameVerified
    }
}
