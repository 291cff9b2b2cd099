// What an import would do (B14): all of a file or nothing of it. The plan itself is the dry run; carrying it out is a
// transaction of the store.

public enum ImportMode: String, Sendable, CaseIterable {
    /// An account that exists is an error.
    case create
    /// An account that exists takes the file's values; an empty cell leaves what is there.
    case createOrUpdate = "create_or_update"
}

public struct ImportPlan: Sendable, Equatable {
    /// Parents before their children.
    public let newDepartments: [Department]
    public let creates: [Member]
    public let updates: [Member]
    /// Rows that say what is there already.
    public let unchanged: Int

    /// All that the import writes to, each of which whoever imports must be allowed to write (`Administration`): the
    /// members it changes, and the departments that somebody enters or that get new ones below them.
    public func targets(in directory: DirectorySnapshot) -> Set<AdminTarget> {
        let parents = Dictionary(uniqueKeysWithValues: newDepartments.map { ($0.id, $0.parent) })
        // A new department is under the one that is there already. The steps are few: a tree's depth.
        func existing(_ department: DepartmentID) -> AdminTarget {
            var id = department
            for _ in 0..<DirectoryLimits.departmentDepth { id = (parents[id] ?? nil) ?? id }
            return .department(id)
        }
        var targets = Set(newDepartments.map { existing($0.id) })
        for member in creates { targets.formUnion(member.departments.map(existing)) }
        for member in updates {
            targets.insert(.member(member.account))
            let old = directory[member.account]?.departments ?? []
            targets.formUnion(member.departments.filter { !old.contains($0) }.map(existing))
        }
        return targets
    }

    /// The directory after the import.
    public func applied(to directory: DirectorySnapshot) throws(DirectoryError) -> DirectorySnapshot {
        let changed = Dictionary(uniqueKeysWithValues: updates.map { ($0.account, $0) })
        return try DirectorySnapshot(
            departments: directory.tree.departments + newDepartments,
            members: directory.members.map { changed[$0.account] ?? $0 } + creates)
    }
}

extension DirectorySnapshot {
    /// Reads a member file, given as all of its rows (empty ones too, so that errors name the rows of the file). New
    /// departments are numbered from `firstDepartment`, else from one past the largest there is; a store that remembers
    /// deleted ones passes its own. Members without a department are put into the root.
    public func importPlan(
        of rows: [[String]], mode: ImportMode, firstDepartment: DepartmentID? = nil
    ) throws(ImportRejection) -> ImportPlan {
        let header = try ImportHeader.found(in: rows).get()
        let largest = tree.departments.map(\.id.number).max() ?? 0
        let first = firstDepartment ?? DepartmentID(largest == .max ? largest : largest + 1)
        var reading = ImportReading(self, header: header, mode: mode, firstDepartment: first)
        for (index, row) in rows.enumerated().dropFirst(header.row + 1) {
            reading.read(row, number: index + 1)
            if reading.isOver { break }
        }
        return try reading.result()
    }
}

/// The state of reading one file.
private struct ImportReading {
    private let directory: DirectorySnapshot
    private let header: ImportHeader
    private let mode: ImportMode
    private var departments: ImportDepartments
    private var rowOf: [AccountID: Int] = [:]
    private var creates: [Member] = []
    private var updates: [Member] = []
    private var unchanged = 0
    private var rows = 0
    private var errors: [ImportError] = []
    private var total = 0
    private(set) var isOver = false

    init(
        _ directory: DirectorySnapshot, header: ImportHeader, mode: ImportMode, firstDepartment: DepartmentID
    ) {
        self.directory = directory
        self.header = header
        self.mode = mode
        self.departments = ImportDepartments(directory.tree, numberedFrom: firstDepartment)
    }

    private mutating func fail(_ error: ImportError) {
        total += 1
        if errors.count < DirectoryLimits.importErrors { errors.append(error) }
    }

    private func title(_ field: MemberField) -> String { header.titles[field] ?? field.text(in: .zh) }

    mutating func read(_ row: [String], number: Int) {
        var cells: [MemberField: String] = [:]
        var strange: Int?
        for (column, cell) in row.enumerated() where !cell.isEmpty {
            guard cell.utf8.count <= DirectoryLimits.bytesPerCharacter * DirectoryLimits.cellCharacters else {
                rows += 1
                return fail(
                    ImportError(
                        row: number, column: header.fields[column].map(title) ?? Self.letter(column),
                        FieldError(
                            header.fields[column] ?? .address, .tooLong, limit: DirectoryLimits.cellCharacters)))
            }
            let cell = cell.trimmed
            if cell.isEmpty { continue }
            if let field = header.fields[column] { cells[field] = cell } else { strange = strange ?? column }
        }
        if cells.isEmpty && strange == nil { return }
        rows += 1
        guard rows <= DirectoryLimits.importRows else {
            isOver = true
            return fail(ImportError(row: number, .tooManyRows))
        }
        if let strange { fail(ImportError(row: number, column: Self.letter(strange), .unknownColumn)) }
        take(cells, number: number)
    }

    private mutating func take(_ cells: [MemberField: String], number: Int) {
        let account = AccountID(Self.account(cells[.account] ?? ""))
        let old = account.flatMap { directory[$0] }
        if let account {
            if let first = rowOf[account] {
                fail(ImportError(row: number, column: title(.account), .duplicateInFile, firstRow: first))
            } else {
                rowOf[account] = number
            }
            if old != nil && mode == .create {
                fail(ImportError(row: number, column: title(.account), .duplicateInDirectory))
            }
        }
        var draft = old.map { MemberDraft($0) } ?? MemberDraft()
        draft.take(cells)
        if let account { draft.account = (old?.account ?? account).text }
        let own = ownDepartments(cells[.departments] ?? "", number: number)
        var check = FieldCheck()
        if own.count > DirectoryLimits.departmentsPerMember {
            check.fail(.departments, .tooMany, limit: DirectoryLimits.departmentsPerMember)
        }
        let places = own.isEmpty ? old?.departments ?? [directory.tree.root.id] : own
        let member = draft.fields(&check, mainDepartment: places[0], otherDepartments: Array(places.dropFirst()))
        for error in check.sortedErrors {
            fail(ImportError(row: number, column: title(error.field), error))
        }
        guard var member, check.errors.isEmpty else { return }
        guard let old else { return creates.append(member) }
        member.enabled = old.enabled
        member.epoch = old.epoch
        if member == old { unchanged += 1 } else { updates.append(member) }
    }

    private mutating func ownDepartments(_ cell: String, number: Int) -> [DepartmentID] {
        switch departments.departments(in: cell) {
        case .success(let found): return found
        case .failure(.field(let error)): fail(ImportError(row: number, column: title(.departments), error))
        case .failure(.path(let code)): fail(ImportError(row: number, column: title(.departments), code))
        }
        return []
    }

    mutating func result() throws(ImportRejection) -> ImportPlan {
        if rows == 0 { fail(ImportError(row: 0, .noRows)) }
        if directory.members.count + creates.count > DirectoryLimits.members {
            fail(ImportError(row: 0, .tooManyMembers))
        }
        guard total == 0 else { throw ImportRejection(errors: errors, total: total) }
        return ImportPlan(
            newDepartments: departments.created, creates: creates, updates: updates, unchanged: unchanged)
    }

    /// A number that a spreadsheet wrote with an exponent is meant as its digits: `1.0086E4` is nobody's account.
    private static func account(_ cell: String) -> String {
        let plain = cell.halfWidth.trimmed
        guard plain.utf8.contains(UInt8(ascii: "E")), plain.utf8.contains(UInt8(ascii: ".")) else { return plain }
        return SpreadsheetNumber.digits(of: plain) ?? plain
    }

    /// `A`, `Z`, `AA`: how spreadsheets name a column, given from 0.
    private static func letter(_ column: Int) -> String {
        var name = ""
        var rest = column
        repeat {
            name = String(UnicodeScalar(UInt8(ascii: "A") + UInt8(rest % 26))) + name
            rest = rest / 26 - 1
        } while rest >= 0
        return name
    }
}

extension MemberDraft {
    /// A member as the draft that would make him, for changes.
    public init(_ member: Member) {
        name = member.names.zh
        englishName = member.names.en
        account = member.account.text
        alias = member.alias
        position = member.position
        gender = member.gender.rawValue
        mobile = member.mobile?.text ?? ""
        officePhone = member.officePhone
        email = member.email?.text ?? ""
        address = member.address
        departments = member.departments
        identity = member.identity.rawValue
        directLeaders = member.directLeaders.map(\.text)
        tags = member.tags
        internalFields = member.internalFields
        companyShortName = member.external.companyShortName
        externalTitle = member.external.title ?? ""
        website = member.external.website
        externalFields = member.external.fields
        realNameVerified = member.realNameVerified
    }

    /// The cells of a row that are not empty; the department's is read apart.
    fileprivate mutating func take(_ cells: [MemberField: String]) {
        for (field, cell) in cells {
            switch field {
            case .name: name = cell
            case .englishName: englishName = cell
            case .account: account = cell
            case .alias: alias = cell
            case .position: position = cell
            case .gender: gender = cell
            case .mobile: mobile = cell
            case .officePhone: officePhone = cell
            case .email: email = cell
            case .address: address = cell
            case .companyShortName: companyShortName = cell
            default: break
            }
        }
    }
}
