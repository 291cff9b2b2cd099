// What is wrong with one field of an input, for machines (`code`) and for people in both languages.

/// Stable: clients and tests rely on these words.
public enum FieldErrorCode: String, Sendable, CaseIterable {
    case required
    case tooLong = "too_long"
    case tooMany = "too_many"
    /// A control character, or one that changes the direction or the look of the text around it.
    case badCharacter = "bad_character"
    case badAccount = "bad_account"
    case badPhone = "bad_phone"
    case badEmail = "bad_email"
    case badWebsite = "bad_website"
    /// Not one of the values there are.
    case unknownValue = "unknown_value"
    case unknownDepartment = "unknown_department"
    case badDepartmentPath = "bad_department_path"
    case repeated
    /// Neither a mobile number nor an e-mail address is given.
    case contactRequired = "contact_required"
}

public struct FieldError: Error, Sendable, Equatable {
    public let field: MemberField
    public let code: FieldErrorCode
    public let zh: String
    public let en: String

    public init(_ field: MemberField, _ code: FieldErrorCode, limit: Int? = nil) {
        self.field = field
        self.code = code
        let number = limit.map(String.init) ?? ""
        let name = BilingualName(zh: field.text(in: .zh), en: field.text(in: .en))
        switch code {
        case .required:
            self.zh = "请填写\(name.zh)"
            self.en = "\(name.en) is required."
        case .tooLong:
            self.zh = "\(name.zh)过长，最多 \(number) 个字符"
            self.en = "\(name.en) is too long; use at most \(number) characters."
        case .tooMany:
            self.zh = "\(name.zh)过多，最多 \(number) 个"
            self.en = "\(name.en): too many; give at most \(number)."
        case .badCharacter:
            self.zh = "\(name.zh)含有不可见或控制字符，请删除后重新输入"
            self.en = "\(name.en) holds an invisible or control character; type it again."
        case .badAccount:
            self.zh = "\(name.zh)须为 1–32 位字母、数字或 . - _，并以字母或数字开头"
            self.en = "\(name.en) must be 1 to 32 letters, digits or . - _ and begin with a letter or digit."
        case .badPhone:
            self.zh = "\(name.zh)不是有效号码；中国大陆号码直接填写，其他地区请以 + 和国家代码开头"
            self.en = "\(name.en) is no phone number; outside mainland China begin with + and the country code."
        case .badEmail:
            self.zh = "\(name.zh)格式不正确，例如 name@example.com"
            self.en = "\(name.en) is no e-mail address; write it like name@example.com."
        case .badWebsite:
            self.zh = "\(name.zh)须以 http:// 或 https:// 开头"
            self.en = "\(name.en) must begin with http:// or https://."
        case .unknownValue:
            self.zh = "\(name.zh)的值无法识别，请从可选值中选择"
            self.en = "\(name.en) is none of the known values; choose one of them."
        case .unknownDepartment:
            self.zh = "部门不存在，请重新选择"
            self.en = "The department does not exist; choose another."
        case .badDepartmentPath:
            self.zh = "部门路径格式不正确，请用 / 分隔上下级，用 ; 分隔多个部门"
            self.en = "The department path cannot be read; put / between levels and ; between departments."
        case .repeated:
            self.zh = "\(name.zh)有重复项，请删除"
            self.en = "\(name.en): something is named twice; remove one."
        case .contactRequired:
            self.zh = "手机和邮箱至少填写一项"
            self.en = "Give a mobile number or an e-mail address."
        }
    }
}

/// All that is wrong with an input, in the order of its fields.
public struct InvalidFields: Error, Sendable, Equatable {
    public let errors: [FieldError]
}
