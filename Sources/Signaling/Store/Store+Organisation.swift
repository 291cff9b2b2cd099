// The organisation on disk: its schema, and reading all of it at start. Writing is in +OrganisationWrites, what people
// hold to come in (passwords, sessions, links) in +SignIn.

import Directory
import Foundation
import GRDB

extension Store {
    /// Lists that nobody searches by are JSON. `member.account` is the key that all spellings share.
    static let organisationSchema = """
        CREATE TABLE organisation (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            nextDepartment INTEGER NOT NULL
        );
        CREATE TABLE department (
            id INTEGER PRIMARY KEY,
            parent INTEGER REFERENCES department (id) DEFERRABLE INITIALLY DEFERRED,
            nameZh TEXT NOT NULL,
            nameEn TEXT NOT NULL,
            place INTEGER NOT NULL,
            leaders TEXT NOT NULL,
            tags TEXT NOT NULL
        );
        CREATE INDEX department_parent ON department (parent);
        CREATE TABLE member (
            account TEXT NOT NULL PRIMARY KEY,
            spelling TEXT NOT NULL,
            revision INTEGER NOT NULL,
            nameZh TEXT NOT NULL,
            nameEn TEXT NOT NULL,
            alias TEXT NOT NULL,
            position TEXT NOT NULL,
            gender TEXT NOT NULL,
            mobile TEXT,
            officePhone TEXT NOT NULL,
            email TEXT,
            address TEXT NOT NULL,
            identity TEXT NOT NULL,
            directLeaders TEXT NOT NULL,
            tags TEXT NOT NULL,
            internalFields TEXT NOT NULL,
            companyShortName TEXT NOT NULL,
            externalTitle TEXT,
            website TEXT NOT NULL,
            externalFields TEXT NOT NULL,
            realNameVerified INTEGER NOT NULL,
            enabled INTEGER NOT NULL,
            epoch INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE member_department (
            member TEXT NOT NULL REFERENCES member (account) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            place INTEGER NOT NULL,
            department INTEGER NOT NULL REFERENCES department (id) DEFERRABLE INITIALLY DEFERRED,
            PRIMARY KEY (member, place)
        ) WITHOUT ROWID;
        CREATE INDEX member_department_department ON member_department (department);
        CREATE TABLE former_member (
            account TEXT NOT NULL PRIMARY KEY,
            epoch INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE super_admin (
            member TEXT NOT NULL PRIMARY KEY REFERENCES member (account) DEFERRABLE INITIALLY DEFERRED
        ) WITHOUT ROWID;
        CREATE TABLE admin_group (
            id TEXT NOT NULL PRIMARY KEY,
            nameZh TEXT NOT NULL,
            nameEn TEXT NOT NULL,
            permissions TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE admin_grant (
            place INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            member TEXT NOT NULL REFERENCES member (account) DEFERRABLE INITIALLY DEFERRED,
            department INTEGER REFERENCES department (id) DEFERRABLE INITIALLY DEFERRED,
            adminGroup TEXT REFERENCES admin_group (id) DEFERRABLE INITIALLY DEFERRED,
            permissions TEXT,
            CHECK ((adminGroup IS NULL) <> (permissions IS NULL))
        );
        CREATE INDEX admin_grant_member ON admin_grant (member);
        CREATE INDEX admin_grant_department ON admin_grant (department);
        CREATE INDEX admin_grant_group ON admin_grant (adminGroup);
        CREATE TABLE visibility_rule (
            place INTEGER PRIMARY KEY,
            rule TEXT NOT NULL
        );
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            source TEXT NOT NULL,
            detail TEXT NOT NULL
        );
        CREATE INDEX audit_at ON audit (at);
        CREATE TABLE kept_answer (
            actor TEXT NOT NULL,
            key TEXT NOT NULL,
            request BLOB NOT NULL,
            status INTEGER NOT NULL,
            entityTag TEXT NOT NULL,
            body BLOB NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (actor, key)
        ) WITHOUT ROWID;
        CREATE INDEX kept_answer_at ON kept_answer (at);
        """

    func organisation() async throws(StoreFailure) -> OrganisationState? {
        try await perform { try Self.organisation(in: $0) }
    }

    private static func organisation(in database: Database) throws -> OrganisationState? {
        guard let head = try Row.fetchOne(database, sql: "SELECT revision, nextDepartment FROM organisation") else {
            return nil
        }
        let departments = try Row.fetchAll(database, sql: "SELECT * FROM department").map(Department.init)
        var departmentsOf: [String: [DepartmentID]] = [:]
        let memberships = try Row.fetchCursor(
            database, sql: "SELECT member, department FROM member_department ORDER BY member, place")
        while let row = try memberships.next() {
            departmentsOf[row["member"], default: []].append(DepartmentID(row["department"]))
        }
        var members: [Member] = []
        var revisions: [AccountID: Int64] = [:]
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM member")
        while let row = try rows.next() {
            let member = try Member(row, departments: departmentsOf[row["account"]] ?? [])
            revisions[member.account] = row["revision"]
            members.append(member)
        }
        let superAdmins = try String.fetchAll(database, sql: "SELECT member FROM super_admin").map(AccountID.read)
        let groups = try Row.fetchAll(database, sql: "SELECT * FROM admin_group").map { row in
            AdminGroup(
                id: row["id"], names: BilingualName(zh: row["nameZh"], en: row["nameEn"]),
                permissions: try Permissions(json: row["permissions"]))
        }
        let grants = try Row.fetchAll(database, sql: "SELECT * FROM admin_grant ORDER BY place").map(KeptGrant.init)
        guard
            let administration = Administration(
                superAdmins: Set(superAdmins), grants: grants.map(\.grant), groups: groups)
        else { throw DamagedRow() }
        let rules = try String.fetchAll(database, sql: "SELECT rule FROM visibility_rule ORDER BY place").map { text in
            try RowJSON.decode(VisibilityRuleForm.self, text).rule()
        }
        let former = try Row.fetchAll(database, sql: "SELECT account, epoch FROM former_member").map { row in
            (try AccountID.read(row["account"]), row["epoch"] as Int64)
        }
        return OrganisationState(
            directory: try DirectorySnapshot(departments: departments, members: members),
            administration: administration, grants: grants, rules: rules, revision: head["revision"],
            revisions: revisions, nextDepartment: head["nextDepartment"],
            formerEpochs: Dictionary(former) { first, _ in first })
    }
}

/// A row holds what this server never writes.
struct DamagedRow: Error {}

/// Lists and small objects within a row.
enum RowJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

/// One field of `internalFields` or `externalFields`, in a row and over HTTP.
struct CustomFieldForm: Codable, Equatable {
    var name: String
    var value: String

    init(_ field: CustomField) {
        name = field.name
        value = field.value
    }

    var field: CustomField { CustomField(name: name, value: value) }
}

extension AccountID {
    static func read(_ text: String) throws -> AccountID {
        guard let account = AccountID(text) else { throw DamagedRow() }
        return account
    }
}

extension Permissions {
    init(json: String) throws {
        var modes: [AdminDomain: AdminMode] = [:]
        for (domain, mode) in try RowJSON.decode([String: String].self, json) {
            guard let domain = AdminDomain(rawValue: domain), let mode = AdminMode(rawValue: mode) else {
                throw DamagedRow()
            }
            modes[domain] = mode
        }
        self.init(modes)
    }

    /// `{"members":"rw"}`.
    var form: [String: String] {
        Dictionary(uniqueKeysWithValues: modes.map { ($0.rawValue, $1.rawValue) })
    }
}

extension Department {
    fileprivate init(_ row: Row) throws {
        self.init(
            id: DepartmentID(row["id"]), parent: (row["parent"] as Int64?).map { DepartmentID($0) },
            names: BilingualName(zh: row["nameZh"], en: row["nameEn"]), order: row["place"],
            leaders: try RowJSON.decode([String].self, row["leaders"]).map(AccountID.read),
            tags: try RowJSON.decode([String].self, row["tags"]))
    }
}

extension KeptGrant {
    fileprivate init(_ row: Row) throws {
        let scope = (row["department"] as Int64?).map { AdminGrant.Scope.department(DepartmentID($0)) } ?? .all
        let rights: AdminGrant.Rights
        if let group: String = row["adminGroup"] {
            rights = .group(group)
        } else {
            rights = .own(try Permissions(json: row["permissions"]))
        }
        self.init(id: row["id"], grant: AdminGrant(try AccountID.read(row["member"]), scope: scope, rights: rights))
    }
}

extension Member {
    fileprivate init(_ row: Row, departments: [DepartmentID]) throws {
        let mobile = (row["mobile"] as String?).map { PhoneNumber($0) }
        let email = (row["email"] as String?).map { EmailAddress($0) }
        guard let main = departments.first, let gender = Gender(rawValue: row["gender"]),
            let identity = Identity(rawValue: row["identity"]), mobile != .some(nil), email != .some(nil)
        else { throw DamagedRow() }
        func fields(_ column: String) throws -> [CustomField] {
            try RowJSON.decode([CustomFieldForm].self, row[column]).map(\.field)
        }
        self.init(
            account: try AccountID.read(row["spelling"]), names: BilingualName(zh: row["nameZh"], en: row["nameEn"]),
            gender: gender, mainDepartment: main, otherDepartments: Array(departments.dropFirst()),
            alias: row["alias"], position: row["position"], mobile: mobile ?? nil, officePhone: row["officePhone"],
            email: email ?? nil, address: row["address"], identity: identity,
            directLeaders: try RowJSON.decode([String].self, row["directLeaders"]).map(AccountID.read),
            tags: try RowJSON.decode([String].self, row["tags"]), internalFields: try fields("internalFields"),
            external: ExternalProfile(
                companyShortName: row["companyShortName"], title: row["externalTitle"], website: row["website"],
                fields: try fields("externalFields")),
            realNameVerified: row["realNameVerified"], enabled: row["enabled"], epoch: row["epoch"])
    }
}
