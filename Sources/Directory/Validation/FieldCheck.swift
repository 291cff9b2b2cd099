// The rule of each field. A check collects what is wrong and goes on, so that a form is answered once.

struct FieldCheck {
    private(set) var errors: [FieldError] = []

    /// In the order of the fields, each field's own in the order found.
    var sortedErrors: [FieldError] {
        let order = Dictionary(uniqueKeysWithValues: MemberField.allCases.enumerated().map { ($1, $0) })
        return errors.enumerated().sorted {
            (order[$0.element.field] ?? 0, $0.offset) < (order[$1.element.field] ?? 0, $1.offset)
        }.map(\.element)
    }

    mutating func fail(_ field: MemberField, _ code: FieldErrorCode, limit: Int? = nil) {
        errors.append(FieldError(field, code, limit: limit))
    }

    mutating func text(
        _ text: String, _ field: MemberField, atMost characters: Int = DirectoryLimits.nameCharacters,
        required: Bool = false
    ) -> String {
        switch TextRules.checked(text, as: field, atMost: characters) {
        case .success(let text):
            if required && text.isEmpty { fail(field, .required) }
            return text
        case .failure(let error):
            errors.append(error)
            return ""
        }
    }

    mutating func account(_ text: String) -> AccountID? {
        let text = text.halfWidth.trimmed
        if text.isEmpty {
            fail(.account, .required)
            return nil
        }
        let account = AccountID(text)
        if account == nil { fail(.account, .badAccount) }
        return account
    }

    mutating func gender(_ text: String) -> Gender {
        switch text.halfWidth.trimmed.lowercased() {
        case "": fail(.gender, .required)
        case "男", "male", "m": return .male
        case "女", "female", "f": return .female
        case "保密", "undisclosed": return .undisclosed
        default: fail(.gender, .unknownValue)
        }
        return .undisclosed
    }

    mutating func identity(_ text: String) -> Identity {
        switch text.halfWidth.trimmed.lowercased() {
        case "", "normal", "普通", "普通成员": return .normal
        case "superior", "上级": return .superior
        default: fail(.identity, .unknownValue)
        }
        return .normal
    }

    mutating func mobile(_ text: String) -> PhoneNumber? {
        if text.trimmed.isEmpty { return nil }
        let phone = PhoneNumber(text)
        if phone == nil { fail(.mobile, .badPhone) }
        return phone
    }

    mutating func email(_ text: String) -> EmailAddress? {
        if text.trimmed.isEmpty { return nil }
        let email = EmailAddress(text)
        if email == nil { fail(.email, .badEmail) }
        return email
    }

    /// Digits with `+` in front and `-` between groups, the last of which may be an extension.
    mutating func officePhone(_ text: String) -> String {
        guard text.utf8.count <= 4 * DirectoryLimits.officePhoneCharacters else {
            fail(.officePhone, .tooLong, limit: DirectoryLimits.officePhoneCharacters)
            return ""
        }
        let plain = text.halfWidth.trimmed
        if plain.isEmpty { return "" }
        var bytes = Array((SpreadsheetNumber.digits(of: plain) ?? plain).utf8)
        bytes = bytes.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "(") }
            .map { $0 == UInt8(ascii: ")") ? UInt8(ascii: "-") : $0 }
        let international = bytes.first == UInt8(ascii: "+")
        let digits = bytes.filter(\.isASCIIDigit).count
        let marks = bytes.dropFirst(international ? 1 : 0).allSatisfy { $0.isASCIIDigit || $0 == UInt8(ascii: "-") }
        guard marks, digits >= 3, bytes.count <= DirectoryLimits.officePhoneCharacters,
            bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-")
        else {
            fail(.officePhone, .badPhone)
            return ""
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    mutating func website(_ text: String) -> String {
        let plain = text.trimmed
        if plain.isEmpty { return "" }
        let scheme = ["https://", "http://"].first { plain.utf8.starts(with: $0.utf8) }
        let bytes = plain.utf8
        // What ends an attribute or a line has no place in an address; it is written in percent there.
        guard let scheme, bytes.count <= DirectoryLimits.websiteBytes,
            bytes.allSatisfy({ (0x21...0x7E).contains($0) && !#""'<>\`{}|^"#.utf8.contains($0) }),
            let first = bytes.dropFirst(scheme.utf8.count).first, first.isASCIILetterOrDigit
        else {
            fail(.website, .badWebsite)
            return ""
        }
        return plain
    }

    mutating func leaders(_ accounts: [String]) -> [AccountID] {
        guard accounts.count <= DirectoryLimits.directLeaders else {
            fail(.directLeaders, .tooMany, limit: DirectoryLimits.directLeaders)
            return []
        }
        let found = accounts.compactMap { AccountID($0.trimmed) }
        if found.count < accounts.count { fail(.directLeaders, .badAccount) }
        if Set(found).count < found.count { fail(.directLeaders, .repeated) }
        return found
    }

    mutating func tags(_ given: [String]) -> [String] {
        guard given.count <= DirectoryLimits.tags else {
            fail(.tags, .tooMany, limit: DirectoryLimits.tags)
            return []
        }
        let found = given.map { text($0, .tags, required: true) }
        if Set(found).count < found.count { fail(.tags, .repeated) }
        return found
    }

    mutating func custom(_ given: [CustomField], _ field: MemberField, atMost limit: Int) -> [CustomField] {
        guard given.count <= limit else {
            fail(field, .tooMany, limit: limit)
            return []
        }
        let found = given.map {
            CustomField(
                name: text($0.name, field, required: true),
                value: text($0.value, field, atMost: DirectoryLimits.longTextCharacters))
        }
        if Set(found.map(\.name)).count < found.count { fail(field, .repeated) }
        return found
    }

    mutating func departments(_ ids: [DepartmentID], in tree: DepartmentTree) {
        if ids.isEmpty { fail(.departments, .required) }
        guard ids.count <= DirectoryLimits.departmentsPerMember else {
            return fail(.departments, .tooMany, limit: DirectoryLimits.departmentsPerMember)
        }
        if !ids.allSatisfy(tree.contains) { fail(.departments, .unknownDepartment) }
        if Set(ids).count < ids.count { fail(.departments, .repeated) }
    }
}
