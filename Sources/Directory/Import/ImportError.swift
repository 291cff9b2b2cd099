// Why a file of members is refused: where, what, and in both languages what to do.

/// What is wrong with a file beyond its fields (`FieldErrorCode`). Stable.
public enum ImportErrorCode: String, Sendable, CaseIterable {
    case headerNotFound = "header_not_found"
    case missingColumn = "missing_column"
    case unknownColumn = "unknown_column"
    case repeatedColumn = "repeated_column"
    case noRows = "no_rows"
    case tooManyRows = "too_many_rows"
    case duplicateInFile = "duplicate_in_file"
    case duplicateInDirectory = "duplicate_in_directory"
    case departmentTooDeep = "department_too_deep"
    case departmentNameConflict = "department_name_conflict"
    case tooManyDepartments = "too_many_departments"
    case tooManyMembers = "too_many_members"
}

public struct ImportError: Error, Sendable, Equatable {
    /// As spreadsheets count: the first row of the file is 1. 0 is the whole file.
    public let row: Int
    /// The column as the file names it, its letter when it has no name, empty for the whole row.
    public let column: String
    /// Of `FieldErrorCode` or `ImportErrorCode`.
    public let code: String
    public let zh: String
    public let en: String

    init(row: Int, column: String, _ error: FieldError) {
        self.row = row
        self.column = column
        self.code = error.code.rawValue
        self.zh = error.zh
        self.en = error.en
    }

    /// `firstRow` for duplicates: where the account stands first.
    init(row: Int, column: String = "", _ code: ImportErrorCode, firstRow: Int = 0) {
        self.row = row
        self.column = column
        self.code = code.rawValue
        (self.zh, self.en) =
            switch code {
            case .headerNotFound:
                ("找不到表头，请使用模板并保留“姓名”“帐号”等列名", "There is no header row; use the template and keep its column names.")
            case .missingColumn: ("缺少“\(column)”列，请按模板补上", "Column “\(column)” is missing; add it as in the template.")
            case .unknownColumn:
                ("无法识别的列“\(column)”，请勿修改模板列名", "Column “\(column)” is not known; keep the template's names.")
            case .repeatedColumn: ("“\(column)”列重复，请删除一列", "Column “\(column)” is there twice; remove one.")
            case .noRows: ("文件中没有成员", "The file has no members.")
            case .tooManyRows:
                (
                    "一次最多导入 \(DirectoryLimits.importRows) 人，请拆分文件",
                    "One file may have \(DirectoryLimits.importRows) members at most; split it."
                )
            case .duplicateInFile: ("帐号与第 \(firstRow) 行重复", "This account is in row \(firstRow) already.")
            case .duplicateInDirectory:
                ("帐号已存在，请更换或选择更新已有成员", "This account exists; choose another, or choose to update members.")
            case .departmentTooDeep:
                (
                    "部门最多 \(DirectoryLimits.departmentDepth) 级",
                    "Departments have \(DirectoryLimits.departmentDepth) levels at most."
                )
            case .departmentNameConflict:
                ("部门的中英文名与已有部门冲突，请核对", "The names of a department contradict those of another; check them.")
            case .tooManyDepartments:
                (
                    "部门最多 \(DirectoryLimits.departments) 个",
                    "There may be \(DirectoryLimits.departments) departments at most."
                )
            case .tooManyMembers:
                ("成员最多 \(DirectoryLimits.members) 人", "There may be \(DirectoryLimits.members) members at most.")
            }
    }
}

/// Nothing is imported. By row.
public struct ImportRejection: Error, Sendable, Equatable {
    /// The first `DirectoryLimits.importErrors`.
    public let errors: [ImportError]
    public let total: Int
}
