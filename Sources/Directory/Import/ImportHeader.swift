// Finds the header of a member file by what it says, since templates put notes and examples above it, and knows the
// columns by their Chinese and English names.

struct ImportHeader {
    /// Of the header, from 0.
    let row: Int
    /// By column from 0: the field, and the column as the file names it.
    let fields: [Int: MemberField]
    let titles: [MemberField: String]
    /// Columns with a name, known or not.
    let named: Set<Int>

    /// The header, or what is wrong with it. Columns that nobody knows are errors: they would be dropped silently.
    static func found(in rows: [[String]]) -> Result<ImportHeader, ImportRejection> {
        let candidates = rows.prefix(DirectoryLimits.rowsBeforeHeader + 1).enumerated().map { index, row in
            (index: index, known: Set(row.prefix(DirectoryLimits.importColumns).compactMap(field)))
        }
        let best =
            candidates.first { $0.known.isSuperset(of: required) }
            // Someone removed or renamed a column: the row is still meant as the header.
            ?? candidates.first { $0.known.count >= leastKnown }
        guard let best else { return .failure(rejection([ImportError(row: 0, .headerNotFound)])) }
        return read(rows[best.index], at: best.index)
    }

    private static func read(_ row: [String], at index: Int) -> Result<ImportHeader, ImportRejection> {
        var errors: [ImportError] = []
        var fields: [Int: MemberField] = [:]
        var titles: [MemberField: String] = [:]
        var named: Set<Int> = []
        for (column, cell) in row.enumerated() where !cell.trimmed.isEmpty {
            let title = shortened(cell)
            named.insert(column)
            guard column < DirectoryLimits.importColumns, let field = field(of: cell) else {
                errors.append(ImportError(row: index + 1, column: title, .unknownColumn))
                // A row of a million columns is answered by its first few.
                if errors.count > DirectoryLimits.importColumns { break }
                continue
            }
            if titles.updateValue(title, forKey: field) != nil {
                errors.append(ImportError(row: index + 1, column: title, .repeatedColumn))
            }
            fields[column] = field
        }
        for field in required.sorted(by: { $0.rawValue < $1.rawValue }) where titles[field] == nil {
            errors.append(ImportError(row: index + 1, column: field.text(in: .zh), .missingColumn))
        }
        if titles[.mobile] == nil && titles[.email] == nil {
            errors.append(ImportError(row: index + 1, column: MemberField.mobile.text(in: .zh), .missingColumn))
        }
        guard errors.isEmpty else { return .failure(rejection(errors)) }
        return .success(ImportHeader(row: index, fields: fields, titles: titles, named: named))
    }

    private static func rejection(_ errors: [ImportError]) -> ImportRejection {
        ImportRejection(errors: errors, total: errors.count)
    }

    /// What a header has in any case.
    private static let required: Set<MemberField> = [.name, .account, .gender]
    /// So many known names in a row are no accident.
    private static let leastKnown = 3

    /// `手机（必填）`, `* 手机`, `Mobile *` are all the mobile.
    private static func field(of cell: String) -> MemberField? {
        guard cell.utf8.count <= longestTitle else { return nil }
        let plain = cell.halfWidth.lowercased()
        let name = plain.prefix { $0 != "(" }.filter { !$0.isWhitespace && $0 != "*" && $0 != "_" && $0 != "-" }
        return names[String(name)]
    }

    /// Bytes of a title: a name and a remark in brackets.
    private static let longestTitle = 256
    /// Characters of a title that an answer repeats.
    private static let repeatedTitle = 32

    private static func shortened(_ cell: String) -> String {
        String(cell.prefix(repeatedTitle)).trimmed
    }

    private static let names: [String: MemberField] = [
        "姓名": .name, "name": .name, "fullname": .name, "chinesename": .name,
        "帐号": .account, "账号": .account, "account": .account, "accountid": .account, "userid": .account,
        "别名": .alias, "alias": .alias,
        "职务": .position, "position": .position, "title": .position, "jobtitle": .position,
        "部门": .departments, "department": .departments, "departments": .departments,
        "性别": .gender, "gender": .gender, "sex": .gender,
        "手机": .mobile, "手机号": .mobile, "mobile": .mobile, "mobilephone": .mobile, "mobilenumber": .mobile,
        "座机": .officePhone, "officephone": .officePhone, "landline": .officePhone, "telephone": .officePhone,
        "个人邮箱": .email, "邮箱": .email, "email": .email, "personalemail": .email,
        "地址": .address, "address": .address,
        "企业简称": .companyShortName, "companyshortname": .companyShortName,
        "companyabbreviation": .companyShortName,
        "英文名": .englishName, "englishname": .englishName,
    ]
}
