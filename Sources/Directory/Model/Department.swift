// One department. How departments hang together is the tree's business (DepartmentTree).

/// A number, as in the directories that departments come from.
public struct DepartmentID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let number: Int64

    public init(_ number: Int64) { self.number = number }

    public var description: String { String(number) }
    public static func < (one: DepartmentID, other: DepartmentID) -> Bool { one.number < other.number }
}

public struct Department: Sendable, Equatable {
    public let id: DepartmentID
    /// Nil for the root, which is the organisation itself.
    public var parent: DepartmentID?
    public var names: BilingualName
    /// Among its siblings, the smallest first; equals by id.
    public var order: Int64
    /// The most senior first. They need not be members of the department.
    public var leaders: [AccountID]
    public var tags: [String]

    public init(
        id: DepartmentID, parent: DepartmentID?, names: BilingualName, order: Int64 = 0, leaders: [AccountID] = [],
        tags: [String] = []
    ) {
        self.id = id
        self.parent = parent
        self.names = names
        self.order = order
        self.leaders = leaders
        self.tags = tags
    }
}
