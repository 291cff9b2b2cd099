// A department, or the name of anything with a name in two languages, as a form or the API gives it: texts, checked as
// those of members are.

extension BilingualName {
    /// Clean texts, the Chinese one not empty; or all that is wrong with them.
    public init(name: String, englishName: String) throws(InvalidFields) {
        var check = FieldCheck()
        self.init(&check, name, englishName)
        guard check.errors.isEmpty else { throw InvalidFields(errors: check.sortedErrors) }
    }

    fileprivate init(_ check: inout FieldCheck, _ name: String, _ englishName: String) {
        self.init(zh: check.text(name, .name, required: true), en: check.text(englishName, .englishName))
    }
}

public struct DepartmentDraft: Sendable, Equatable {
    public var name = ""
    public var englishName = ""
    /// Nil for the root.
    public var parent: DepartmentID?
    public var order: Int64 = 0
    public var leaders: [String] = []
    public var tags: [String] = []

    public init() {}

    /// What it is now, to be changed.
    public init(_ department: Department) {
        name = department.names.zh
        englishName = department.names.en
        parent = department.parent
        order = department.order
        leaders = department.leaders.map(\.text)
        tags = department.tags
    }

    /// Whether it fits into the tree is the tree's to say.
    public func validated(as id: DepartmentID) throws(InvalidFields) -> Department {
        var check = FieldCheck()
        let names = BilingualName(&check, name, englishName)
        let leaders = check.leaders(self.leaders)
        let tags = check.tags(self.tags)
        guard check.errors.isEmpty else { throw InvalidFields(errors: check.sortedErrors) }
        return Department(id: id, parent: parent, names: names, order: order, leaders: leaders, tags: tags)
    }
}
