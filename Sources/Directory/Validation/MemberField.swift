// The fields of a profile by name: what an error is about, and what a visibility rule hides.

public enum MemberField: String, Sendable, CaseIterable {
    case name
    case englishName = "english_name"
    case account
    case alias
    case position
    case departments
    case gender
    case mobile
    case officePhone = "office_phone"
    case email
    case address
    case identity
    case directLeaders = "direct_leaders"
    case tags
    case internalFields = "internal_fields"
    case companyShortName = "company_short_name"
    case externalTitle = "external_title"
    case website
    case externalFields = "external_fields"

    /// As pages and the import template name it.
    public func text(in language: Language) -> String {
        switch language {
        case .zh: titles.zh
        case .en: titles.en
        }
    }

    private var titles: BilingualName {
        switch self {
        case .name: BilingualName(zh: "姓名", en: "Name")
        case .englishName: BilingualName(zh: "英文名", en: "English name")
        case .account: BilingualName(zh: "帐号", en: "Account")
        case .alias: BilingualName(zh: "别名", en: "Alias")
        case .position: BilingualName(zh: "职务", en: "Position")
        case .departments: BilingualName(zh: "部门", en: "Department")
        case .gender: BilingualName(zh: "性别", en: "Gender")
        case .mobile: BilingualName(zh: "手机", en: "Mobile")
        case .officePhone: BilingualName(zh: "座机", en: "Office phone")
        case .email: BilingualName(zh: "个人邮箱", en: "Email")
        case .address: BilingualName(zh: "地址", en: "Address")
        case .identity: BilingualName(zh: "身份", en: "Identity")
        case .directLeaders: BilingualName(zh: "直属上级", en: "Direct leader")
        case .tags: BilingualName(zh: "标签", en: "Tags")
        case .internalFields: BilingualName(zh: "内部字段", en: "Internal fields")
        case .companyShortName: BilingualName(zh: "企业简称", en: "Company short name")
        case .externalTitle: BilingualName(zh: "对外职务", en: "External title")
        case .website: BilingualName(zh: "网站", en: "Website")
        case .externalFields: BilingualName(zh: "对外字段", en: "External fields")
        }
    }
}
