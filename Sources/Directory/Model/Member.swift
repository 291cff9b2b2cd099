// One member of the organisation, as validated values. Raw input becomes a member in MemberDraft; who may see which
// field is the visibility rules' business.

public enum Gender: String, Sendable, CaseIterable {
    case male
    case female
    /// Said to be nobody's business; B3 asks that something is said.
    case undisclosed
}

/// Standing in the hierarchy (B4).
public enum Identity: String, Sendable, CaseIterable {
    case normal
    case superior
}

/// A field that the organisation named itself.
public struct CustomField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What people outside may see of a member (B8), beside his name and the verified mark.
public struct ExternalProfile: Sendable, Hashable {
    public var companyShortName: String
    /// Instead of the position; nil shows the position.
    public var title: String?
    /// Empty or an http(s) address.
    public var website: String
    /// At most `DirectoryLimits.externalFields`.
    public var fields: [CustomField]

    public init(companyShortName: String = "", title: String? = nil, website: String = "", fields: [CustomField] = []) {
        self.companyShortName = companyShortName
        self.title = title
        self.website = website
        self.fields = fields
    }
}

public struct Member: Sendable, Equatable {
    public let account: AccountID
    public var names: BilingualName
    /// Empty when there is none, as all texts below.
    public var alias: String
    public var position: String
    public var gender: Gender
    public var mobile: PhoneNumber?
    /// Digits, `+` and `-`, an extension after the last `-`.
    public var officePhone: String
    public var email: EmailAddress?
    public var address: String
    /// Shown first of all his departments (B1).
    public var mainDepartment: DepartmentID
    /// Without the main one, each once.
    public var otherDepartments: [DepartmentID]
    public var identity: Identity
    public var directLeaders: [AccountID]
    public var tags: [String]
    /// At most `DirectoryLimits.internalFields`.
    public var internalFields: [CustomField]
    public var external: ExternalProfile
    /// Somebody else looked at his papers; we keep the answer only (B27).
    public var realNameVerified: Bool
    public var enabled: Bool
    /// Goes up whenever all that he holds (tokens, links, feeds) must stop working (B12).
    public var epoch: Int64

    public init(
        account: AccountID, names: BilingualName, gender: Gender = .undisclosed, mainDepartment: DepartmentID,
        otherDepartments: [DepartmentID] = [], alias: String = "", position: String = "", mobile: PhoneNumber? = nil,
        officePhone: String = "", email: EmailAddress? = nil, address: String = "", identity: Identity = .normal,
        directLeaders: [AccountID] = [], tags: [String] = [], internalFields: [CustomField] = [],
        external: ExternalProfile = ExternalProfile(), realNameVerified: Bool = false, enabled: Bool = true,
        epoch: Int64 = 0
    ) {
        self.account = account
        self.names = names
        self.alias = alias
        self.position = position
        self.gender = gender
        self.mobile = mobile
        self.officePhone = officePhone
        self.email = email
        self.address = address
        self.mainDepartment = mainDepartment
        self.otherDepartments = otherDepartments
        self.identity = identity
        self.directLeaders = directLeaders
        self.tags = tags
        self.internalFields = internalFields
        self.external = external
        self.realNameVerified = realNameVerified
        self.enabled = enabled
        self.epoch = epoch
    }

    /// The main one first.
    public var departments: [DepartmentID] { [mainDepartment] + otherDepartments }

    public func isIn(_ department: DepartmentID) -> Bool {
        mainDepartment == department || otherDepartments.contains(department)
    }
}
