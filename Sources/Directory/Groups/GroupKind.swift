// The kinds of groups and how many people each holds (B10, 1.3).

public enum GroupKind: Sendable, Hashable {
    case `internal`
    /// Colleagues and people from outside.
    case mixed
    /// Follows a department.
    case department(DepartmentID)
    /// Follows the organisation.
    case allMembers
    /// Until a moment, in seconds since 1970.
    case project(endsAt: Int64)
    case social

    /// People at most; guests count.
    public var cap: Int {
        switch self {
        case .mixed: 200
        case .internal, .department, .allMembers, .project, .social: 2_000
        }
    }

    /// What an organisation may choose as the size that members may create groups of.
    public static let ownerLimits = 5...2_000

    /// Its people come and go with the directory and by nobody's hand.
    public var followsDirectory: Bool {
        switch self {
        case .department, .allMembers: true
        case .internal, .mixed, .project, .social: false
        }
    }
}

/// Why a change of a group is refused.
public enum GroupError: String, Error, Sendable, CaseIterable {
    case full = "group_full"
    case overOwnLimit = "group_over_own_limit"
    case guestsNotAllowed = "guests_not_allowed"
    case followsDirectory = "group_follows_directory"
    case notInGroup = "not_in_group"
    case notAllowed = "not_allowed"
    case ownerMustTransfer = "owner_must_transfer"
    case over = "group_over"
    case tooManyPins = "too_many_pins"
    case tooSoon = "too_soon"

    public func text(in language: Language) -> String {
        let texts: (zh: String, en: String) =
            switch self {
            case .full: ("群人数已满", "The group is full.")
            case .overOwnLimit:
                ("超出您可创建的群人数上限，请联系管理员", "You may not create a group of this size; ask an administrator.")
            case .guestsNotAllowed: ("此群仅限内部成员", "This group is for colleagues only.")
            case .followsDirectory: ("此群成员随通讯录自动更新", "This group follows the directory; change it there.")
            case .notInGroup: ("对方不在群中", "This person is not in the group.")
            case .notAllowed: ("仅群主、管理员或上级可以操作", "Only the owner, an admin or a superior may do this.")
            case .ownerMustTransfer: ("请先转让群主", "Hand the group over before you leave.")
            case .over: ("项目群已结束", "This project group has ended.")
            case .tooManyPins: ("最多置顶 \(PinBoard.most) 条，请先取消一条", "At most \(PinBoard.most) pins; remove one first.")
            case .tooSoon: ("提醒过于频繁，请稍后再试", "Too many mentions; try again later.")
            }
        return language == .zh ? texts.zh : texts.en
    }
}
