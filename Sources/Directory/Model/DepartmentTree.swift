// The departments as a checked tree with quick answers about who is above and below whom. A tree never changes: a change
// is made in the list of departments, and a new tree says whether that still is one.

public struct DepartmentTree: Sendable, Equatable {
    /// From the root down, siblings in their order; all departments below one follow it at once.
    public let departments: [Department]
    private let positions: [DepartmentID: Int]
    /// By position: the parent's position (the root's own is 0), how many levels above, one past the last one below.
    private let parents: [Int]
    private let depths: [Int]
    private let ends: [Int]

    public init(_ given: [Department]) throws(DirectoryError) {
        guard given.count <= DirectoryLimits.departments else { throw .tooManyDepartments }
        var known: Set<DepartmentID> = []
        for department in given where !known.insert(department.id).inserted {
            throw .duplicateDepartment(department.id)
        }
        let roots = given.filter { $0.parent == nil }
        guard let root = roots.first else { throw .noRoot }
        guard roots.count == 1 else { throw .severalRoots(roots.map(\.id).sorted()) }
        var below: [DepartmentID: [Department]] = [:]
        for department in given {
            guard let parent = department.parent else { continue }
            guard known.contains(parent) else { throw .unknownParent(of: department.id) }
            below[parent, default: []].append(department)
        }
        for siblings in below.values { try Self.checkNames(of: siblings) }

        // A walk with its own stack: the depth is a stranger's choice until it is checked.
        var walked: [Department] = []
        var positions: [DepartmentID: Int] = [:]
        var parents: [Int] = []
        var depths: [Int] = []
        var waiting = [(department: root, parent: 0, depth: 0)]
        while let (department, parent, depth) = waiting.popLast() {
            guard depth < DirectoryLimits.departmentDepth else { throw .tooDeep(department.id) }
            let position = walked.count
            walked.append(department)
            positions[department.id] = position
            parents.append(parent)
            depths.append(depth)
            for child in (below[department.id] ?? []).sorted(by: Self.stands).reversed() {
                waiting.append((child, position, depth + 1))
            }
        }
        // What hangs together but not on the root can only be a ring.
        if let lost = given.first(where: { positions[$0.id] == nil }) {
            throw .cycle(Self.onRing(from: lost, in: given))
        }
        var ends = Array(1..<(walked.count + 1))
        for position in ends.indices.dropFirst().reversed() {
            ends[parents[position]] = max(ends[parents[position]], ends[position])
        }
        self.departments = walked
        self.positions = positions
        self.parents = parents
        self.depths = depths
        self.ends = ends
    }

    /// The organisation itself.
    public var root: Department { departments[0] }

    public subscript(id: DepartmentID) -> Department? { positions[id].map { departments[$0] } }

    public func contains(_ id: DepartmentID) -> Bool { positions[id] != nil }

    /// Whether `lower` is `upper` or below it; false when one of them does not exist.
    public func isDepartment(_ lower: DepartmentID, within upper: DepartmentID) -> Bool {
        guard let low = positions[lower], let high = positions[upper] else { return false }
        return (high..<ends[high]).contains(low)
    }

    /// The parent first, the root last; empty for the root and for what does not exist.
    public func ancestors(of id: DepartmentID) -> [Department] {
        guard var position = positions[id] else { return [] }
        var found: [Department] = []
        while position != 0 {
            position = parents[position]
            found.append(departments[position])
        }
        return found
    }

    /// In their order.
    public func children(of id: DepartmentID) -> [Department] {
        guard let position = positions[id] else { return [] }
        var found: [Department] = []
        var next = position + 1
        while next < ends[position] {
            found.append(departments[next])
            next = ends[next]
        }
        return found
    }

    /// The department and all below it, from the top down; empty when it does not exist.
    public func subtree(of id: DepartmentID) -> ArraySlice<Department> {
        guard let position = positions[id] else { return [] }
        return departments[position..<ends[position]]
    }

    public func isBottomLevel(_ id: DepartmentID) -> Bool {
        positions[id].map { ends[$0] == $0 + 1 } ?? false
    }

    /// Levels above it: 0 for the root. Nil when it does not exist.
    public func depth(of id: DepartmentID) -> Int? { positions[id].map { depths[$0] } }

    /// Where it stands when the whole tree is written down from top to bottom; nil when it does not exist.
    public func rank(of id: DepartmentID) -> Int? { positions[id] }

    /// Names from below the root down to it: `研发部/后端组`.
    public func path(of id: DepartmentID, in language: Language) -> String {
        guard let department = self[id] else { return "" }
        let above = ancestors(of: id).dropLast().reversed()
        return (above + [department]).map { $0.names.text(in: language) }.joined(separator: "/")
    }

    private static func stands(_ one: Department, before other: Department) -> Bool {
        (one.order, one.id) < (other.order, other.id)
    }

    private static func checkNames(of siblings: [Department]) throws(DirectoryError) {
        var names: [String: DepartmentID] = [:]
        for department in siblings {
            for name in Set([department.names.zh, department.names.en]) where !name.isEmpty {
                if let other = names.updateValue(department.id, forKey: name) {
                    throw .sameName(min(other, department.id), max(other, department.id))
                }
            }
        }
    }

    /// A department of the ring that `start` hangs on: after as many steps up as there are departments, one is in it.
    private static func onRing(from start: Department, in given: [Department]) -> DepartmentID {
        let parents = Dictionary(uniqueKeysWithValues: given.map { ($0.id, $0.parent) })
        var id = start.id
        for _ in given { id = (parents[id] ?? nil) ?? id }
        return id
    }
}
