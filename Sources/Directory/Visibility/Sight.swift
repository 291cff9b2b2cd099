// What one member sees of the others: the organisation's rules put together for him, then asked person by person. A rule
// that takes away wins over one that leaves; rules that let see besides add up; everybody sees himself.

/// Who looks. Made once for a request (or kept with the snapshot it was made from), since the rules about the viewer are
/// settled here and asked for each of ten thousand members after.
public struct Sight: Sendable {
    private enum Reach: Sendable {
        case everybody
        case nobody
        case some(departments: Set<DepartmentID>, besides: [PeopleSelection])
    }

    private let viewer: Member
    private let tree: DepartmentTree
    private let reach: Reach
    /// Rules about those looked at.
    private let hiding: [VisibilityRule]

    /// All rules count, however many: whoever stores them refuses more than `DirectoryLimits.visibilityRules`, since to
    /// leave one out here would show somebody.
    public init(of viewer: Member, under rules: [VisibilityRule], in directory: DirectorySnapshot) {
        let tree = directory.tree
        self.viewer = viewer
        self.tree = tree
        self.reach = Self.reach(of: viewer, under: rules, in: tree)
        self.hiding = rules.filter { rule in
            switch rule.effect {
            case .seesNobody, .seesOwnDepartments: false
            case .isSeenOnly(let viewers): !viewers.contains(viewer, in: tree)
            case .isHidden: true
            case .hidesFields(_, let audience): audience == .colleagues
            }
        }
    }

    private static func reach(
        of viewer: Member, under rules: [VisibilityRule], in tree: DepartmentTree
    ) -> Reach {
        var departments: Set<DepartmentID> = []
        var besides: [PeopleSelection] = []
        var isLimited = false
        for rule in rules {
            switch rule.effect {
            case .seesNobody where rule.isAbout(viewer, in: tree): return .nobody
            case .seesOwnDepartments(let more) where rule.isAbout(viewer, in: tree):
                isLimited = true
                besides.append(more)
                departments.formUnion(viewer.departments)
                departments.formUnion(
                    rule.subjects.departments.filter { named in
                        viewer.departments.contains { tree.isDepartment($0, within: named) }
                    })
            default: break
            }
        }
        return isLimited ? .some(departments: departments, besides: besides) : .everybody
    }

    /// Whether the viewer may find this member: in the picker, in completions, in the directory.
    public func sees(_ member: Member) -> Bool {
        if member.account == viewer.account { return true }
        guard reaches(member) else { return false }
        return !hiding.contains { rule in
            if case .hidesFields = rule.effect { return false }
            return rule.isAbout(member, in: tree)
        }
    }

    private func reaches(_ member: Member) -> Bool {
        switch reach {
        case .everybody: return true
        case .nobody: return false
        case .some(let departments, let besides):
            return PeopleSelection(departments: departments).contains(member, in: tree)
                || besides.contains { $0.contains(member, in: tree) }
        }
    }

    /// The fields that the viewer may see of a member whom he sees; all of his own.
    public func fields(of member: Member) -> Set<MemberField> {
        if member.account == viewer.account { return Set(MemberField.allCases) }
        return hiding.reduce(into: Set(MemberField.allCases)) { shown, rule in
            guard case .hidesFields(let fields, _) = rule.effect, rule.isAbout(member, in: tree) else { return }
            shown.subtract(fields.subtracting([.name]))
        }
    }

    /// A member as this viewer sees him; nil when he may not see him.
    public func view(of member: Member) -> ColleagueView? {
        sees(member) ? ColleagueView(of: member, showing: fields(of: member), in: tree) : nil
    }

    /// A member in the same meeting. Being there shows the name, whatever the rules say; all else follows them.
    public func viewInMeeting(of member: Member) -> ColleagueView {
        view(of: member) ?? ColleagueView(of: member, showing: [.name, .englishName], in: tree)
    }
}
