// Why departments and members do not make an organisation.

public enum DirectoryError: Error, Sendable, Equatable {
    case tooManyDepartments
    case tooManyMembers
    case noRoot
    case severalRoots([DepartmentID])
    case duplicateDepartment(DepartmentID)
    case unknownParent(of: DepartmentID)
    /// One of the departments that are their own ancestors.
    case cycle(DepartmentID)
    case tooDeep(DepartmentID)
    /// Two departments under one parent with one name: a path would mean both.
    case sameName(DepartmentID, DepartmentID)
    case duplicateAccount(AccountID)
    case unknownDepartment(of: AccountID)
    /// A department twice, or more than a member may have.
    case badDepartments(of: AccountID)

    /// Stable, for machines.
    public var code: String {
        switch self {
        case .tooManyDepartments: "too_many_departments"
        case .tooManyMembers: "too_many_members"
        case .noRoot: "no_root_department"
        case .severalRoots: "several_root_departments"
        case .duplicateDepartment: "duplicate_department"
        case .unknownParent: "unknown_parent"
        case .cycle: "department_cycle"
        case .tooDeep: "department_too_deep"
        case .sameName: "same_department_name"
        case .duplicateAccount: "duplicate_account"
        case .unknownDepartment: "unknown_department"
        case .badDepartments: "bad_departments"
        }
    }

    /// For people: what is wrong and what to do about it.
    public func text(in language: Language) -> String {
        switch language {
        case .zh: chinese
        case .en: english
        }
    }

    private var chinese: String {
        switch self {
        case .tooManyDepartments: "部门最多 \(DirectoryLimits.departments) 个，请合并部分部门"
        case .tooManyMembers: "成员最多 \(DirectoryLimits.members) 人"
        case .noRoot: "缺少根部门，请指定一个没有上级的部门"
        case .severalRoots(let ids): "只能有一个根部门，请为这些部门指定上级：\(Self.list(ids))"
        case .duplicateDepartment(let id): "部门编号 \(id) 重复，请更换"
        case .unknownParent(let id): "部门 \(id) 的上级部门不存在，请重新选择"
        case .cycle(let id): "部门 \(id) 不能位于自己的下级部门之下，请重新选择上级"
        case .tooDeep(let id): "部门 \(id) 超过 \(DirectoryLimits.departmentDepth) 级，请上移"
        case .sameName(let one, let other): "部门 \(one) 与 \(other) 同级同名，请改名"
        case .duplicateAccount(let account): "帐号 \(account) 重复，请更换"
        case .unknownDepartment(let account): "成员 \(account) 的部门不存在，请重新选择"
        case .badDepartments(let account): "成员 \(account) 的部门重复或过多，请检查"
        }
    }

    private var english: String {
        switch self {
        case .tooManyDepartments: "There are more than \(DirectoryLimits.departments) departments; merge some."
        case .tooManyMembers: "There are more than \(DirectoryLimits.members) members."
        case .noRoot: "There is no root department; one department must have no parent."
        case .severalRoots(let ids): "Only one department may have no parent; give these one: \(Self.list(ids))."
        case .duplicateDepartment(let id): "Department id \(id) is used twice; choose another."
        case .unknownParent(let id): "The parent of department \(id) does not exist; choose another."
        case .cycle(let id): "Department \(id) cannot be below itself; choose another parent."
        case .tooDeep(let id): "Department \(id) is below level \(DirectoryLimits.departmentDepth); move it up."
        case .sameName(let one, let other): "Departments \(one) and \(other) share parent and name; rename one."
        case .duplicateAccount(let account): "Account \(account) is used twice; choose another."
        case .unknownDepartment(let account): "A department of \(account) does not exist; choose another."
        case .badDepartments(let account): "\(account) has a department twice, or too many; check them."
        }
    }

    /// The first few: a text for people, not a dump.
    private static func list(_ ids: [DepartmentID]) -> String {
        ids.prefix(5).map(\.description).joined(separator: ", ")
    }
}
