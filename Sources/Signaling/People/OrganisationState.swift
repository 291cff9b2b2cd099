// The organisation at one moment, with all that its rules ask for: people and departments, who administers, who sees whom.
// A value; Organisation keeps the current one, and the changes beside it (+Changes) say what the next one would be.

import Directory

/// A grant as it is kept: two of one member may be alike, so each has a name of its own.
struct KeptGrant: Sendable, Equatable {
    var id: String
    var grant: AdminGrant
}

struct OrganisationState: Sendable {
    var directory: DirectorySnapshot
    var administration: Administration
    /// In the order in which they were given; `administration.grants` are the same.
    var grants: [KeptGrant]
    var rules: [VisibilityRule]
    /// Goes up with each change of the organisation.
    var revision: Int64
    /// By member: the revision of his last change, which is his entity tag. An account that comes back has another.
    var revisions: [AccountID: Int64]
    /// What the next new department is called. A number is never used again: rules and invitations may still name it.
    var nextDepartment: Int64
    /// Of accounts that are gone: what they held must stay dead when somebody of the same name comes.
    var formerEpochs: [AccountID: Int64]

    init(
        directory: DirectorySnapshot, administration: Administration, grants: [KeptGrant], rules: [VisibilityRule],
        revision: Int64, revisions: [AccountID: Int64], nextDepartment: Int64, formerEpochs: [AccountID: Int64]
    ) {
        self.directory = directory
        self.administration = administration
        self.grants = grants
        self.rules = rules
        self.revision = revision
        self.revisions = revisions
        self.nextDepartment = nextDepartment
        self.formerEpochs = formerEpochs
    }

    /// A new organisation of one person.
    init(named name: BilingualName, superAdmin: Member) throws(DirectoryError) {
        let root = Department(id: superAdmin.mainDepartment, parent: nil, names: name)
        directory = try DirectorySnapshot(departments: [root], members: [superAdmin])
        administration = Administration(superAdmin: superAdmin.account)
        grants = []
        rules = []
        revision = 1
        revisions = [superAdmin.account: 1]
        nextDepartment = root.id.number + 1
        formerEpochs = [:]
    }

    func entityTag(of account: AccountID) -> String { "\"\(revisions[account] ?? 0)\"" }
}

/// Why a change of the organisation is refused, whoever asks.
enum OrganisationRefusal: Error, Equatable {
    case noSuchMember
    case noSuchDepartment
    case noSuchGrant
    case noSuchGroup
    case accountTaken
    /// It was changed since it was read.
    case changedMeanwhile
    case lastSuperAdmin
    case departmentInUse
    case rootDepartment
    case tooManyRules
    case groupInUse
    case directory(DirectoryError)
    case fields([Directory.FieldError])
    case rights(AdminRefusal)
    case importing(ImportRejection)

    var code: String {
        switch self {
        case .noSuchMember: "no_such_member"
        case .noSuchDepartment: "no_such_department"
        case .noSuchGrant: "no_such_grant"
        case .noSuchGroup: "no_such_group"
        case .accountTaken: "duplicate_account"
        case .changedMeanwhile: "changed_meanwhile"
        case .lastSuperAdmin: "last_super_admin"
        case .departmentInUse: "department_in_use"
        case .rootDepartment: "root_department"
        case .tooManyRules: "too_many_rules"
        case .groupInUse: "group_in_use"
        case .directory(let error): error.code
        case .fields: "invalid_fields"
        case .rights(let refusal): refusal.rawValue
        case .importing: "import_rejected"
        }
    }

    var status: Int {
        switch self {
        case .noSuchMember, .noSuchDepartment, .noSuchGrant, .noSuchGroup: 404
        case .accountTaken, .lastSuperAdmin, .departmentInUse, .rootDepartment, .groupInUse: 409
        case .changedMeanwhile: 412
        case .rights: 403
        case .tooManyRules, .directory, .fields, .importing: 422
        }
    }

    var texts: (zh: String, en: String) {
        switch self {
        case .noSuchMember: ("没有这位成员", "There is no such member.")
        case .noSuchDepartment: ("没有这个部门", "There is no such department.")
        case .noSuchGrant: ("没有这项授权", "There is no such grant.")
        case .noSuchGroup: ("没有这个管理组", "There is no such admin group.")
        case .accountTaken: ("帐号已存在，请更换", "This account exists; choose another.")
        case .changedMeanwhile: ("内容已被他人修改，请刷新后重试", "This was changed meanwhile; read it again and repeat.")
        case .lastSuperAdmin:
            ("这是最后一位超级管理员，请先指定另一位", "This is the last super admin; name another one first.")
        case .departmentInUse: ("部门中还有成员或下级部门，请先移走", "Members or departments are in it; move them first.")
        case .rootDepartment: ("根部门不能移动或删除", "The root department can be neither moved nor deleted.")
        case .tooManyRules:
            (
                "可见性规则最多 \(DirectoryLimits.visibilityRules) 条",
                "There may be \(DirectoryLimits.visibilityRules) rules at most."
            )
        case .groupInUse: ("仍有成员使用此管理组，请先撤销授权", "Grants still use this group; remove them first.")
        case .directory(let error): (error.text(in: .zh), error.text(in: .en))
        case .fields: ("部分内容填写有误", "Some fields are not as they should be.")
        case .rights(let refusal): (refusal.text(in: .zh), refusal.text(in: .en))
        case .importing(let rejection):
            ("文件中有 \(rejection.total) 处错误，未导入任何内容", "The file has \(rejection.total) errors; nothing was imported.")
        }
    }
}
