// The departments that a file speaks of: those there are, found by name, and new ones, made on the way.

struct ImportDepartments {
    private struct Name: Hashable {
        var parent: DepartmentID
        var text: String
    }

    private let root: Department
    private let existing: Int
    /// By parent and either name.
    private var known: [Name: DepartmentID] = [:]
    private var depths: [DepartmentID: Int] = [:]
    private var english: [DepartmentID: String] = [:]
    private var next: DepartmentID
    private(set) var created: [Department] = []
    /// A file has many rows and few different cells.
    private var read: [String: Result<[DepartmentID], Refusal>] = [:]

    enum Refusal: Error {
        case field(FieldError)
        case path(ImportErrorCode)
    }

    /// New departments are numbered from `first` on.
    init(_ tree: DepartmentTree, numberedFrom first: DepartmentID) {
        root = tree.root
        existing = tree.departments.count
        next = first
        for department in tree.departments {
            depths[department.id] = tree.depth(of: department.id)
            english[department.id] = department.names.en
            guard let parent = department.parent else { continue }
            for name in [department.names.zh, department.names.en] where !name.isEmpty {
                known[Name(parent: parent, text: name)] = department.id
            }
        }
    }

    /// The departments of a cell, the main one first, each once; none for an empty cell.
    mutating func departments(in cell: String) -> Result<[DepartmentID], Refusal> {
        if let found = read[cell] { return found }
        let found = resolve(cell)
        read[cell] = found
        return found
    }

    private mutating func resolve(_ cell: String) -> Result<[DepartmentID], Refusal> {
        switch DepartmentPath.paths(in: cell) {
        case .failure(let error): return .failure(.field(error))
        case .success(let paths):
            var found: [DepartmentID] = []
            for path in paths {
                switch department(at: path) {
                case .failure(let refusal): return .failure(refusal)
                case .success(let id): if !found.contains(id) { found.append(id) }
                }
            }
            return .success(found)
        }
    }

    private mutating func department(at path: DepartmentPath) -> Result<DepartmentID, Refusal> {
        var levels = path.levels[...]
        // Exports begin every path with the organisation itself.
        if let first = levels.first, first.zh == root.names.zh || first.zh == root.names.en,
            known[Name(parent: root.id, text: first.zh)] == nil
        {
            levels = levels.dropFirst()
        }
        var parent = root.id
        for level in levels {
            if let id = known[Name(parent: parent, text: level.zh)] {
                if let conflict = name(id, level, under: parent) { return .failure(.path(conflict)) }
                parent = id
                continue
            }
            switch create(level, under: parent) {
            case .success(let id): parent = id
            case .failure(let refusal): return .failure(refusal)
            }
        }
        return .success(parent)
    }

    /// Checks the English name that a file gives a department it did not need to make, and takes it for one made a row
    /// before without. Departments of the directory are not renamed by a member file.
    private mutating func name(
        _ id: DepartmentID, _ level: BilingualName, under parent: DepartmentID
    ) -> ImportErrorCode? {
        guard !level.en.isEmpty, let own = english[id], own != level.en else { return nil }
        guard own.isEmpty else { return .departmentNameConflict }
        guard let place = created.firstIndex(where: { $0.id == id }) else { return nil }
        guard known.updateValue(id, forKey: Name(parent: parent, text: level.en)).map({ $0 == id }) ?? true else {
            return .departmentNameConflict
        }
        created[place].names.en = level.en
        english[id] = level.en
        return nil
    }

    private mutating func create(
        _ name: BilingualName, under parent: DepartmentID
    ) -> Result<DepartmentID, Refusal> {
        let depth = (depths[parent] ?? 0) + 1
        guard depth < DirectoryLimits.departmentDepth else { return .failure(.path(.departmentTooDeep)) }
        guard existing + created.count < DirectoryLimits.departments, next.number < .max else {
            return .failure(.path(.tooManyDepartments))
        }
        let id = next
        next = DepartmentID(next.number + 1)
        if !name.en.isEmpty, known.updateValue(id, forKey: Name(parent: parent, text: name.en)) != nil {
            return .failure(.path(.departmentNameConflict))
        }
        known[Name(parent: parent, text: name.zh)] = id
        depths[id] = depth
        english[id] = name.en
        created.append(Department(id: id, parent: parent, names: name, order: id.number))
        return .success(id)
    }
}
