// Changes of the organisation on disk: each with its line in the audit log and, when it was asked for with an idempotency
// key, with its answer, in one transaction.

import Directory
import Foundation
import GRDB

extension Store: DirectoryRepository {
    func found(
        _ state: OrganisationState, invite: KeptInvite, audit: AuditEntry
    ) async throws(StoreFailure) -> Bool {
        try await perform { database in
            guard try Int64.fetchOne(database, sql: "SELECT id FROM organisation") == nil else { return false }
            try database.execute(
                sql: "INSERT INTO organisation (id, revision, nextDepartment) VALUES (1, ?, ?)",
                arguments: [state.revision, state.nextDepartment])
            var write = OrganisationWrite()
            write.revision = state.revision
            write.nextDepartment = state.nextDepartment
            write.departments = state.directory.tree.departments
            write.members = state.directory.members
            write.superAdmins = state.administration.superAdmins
            try Self.carryOut(write, database)
            try Self.insert(invite, database)
            try Self.append(audit, database)
            return true
        }
    }

    func write(
        _ write: OrganisationWrite, audit: AuditEntry, answer: (key: IdempotencyKey, kept: KeptAnswer)?
    ) async throws(StoreFailure) {
        try await perform { database in
            try Self.carryOut(write, database)
            try Self.append(audit, database)
            guard let (key, kept) = answer else { return }
            try database.execute(
                sql: "DELETE FROM kept_answer WHERE at < ?", arguments: [kept.at - Limits.keptAnswerSeconds])
            try database.execute(
                sql: """
                    INSERT INTO kept_answer (actor, key, request, status, entityTag, body, at)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    key.actor.key, key.key, Data(kept.request), kept.status, kept.entityTag, Data(kept.body), kept.at,
                ])
        }
    }

    func answer(to key: IdempotencyKey) async throws(StoreFailure) -> KeptAnswer? {
        try await perform { database in
            let sql = "SELECT request, status, entityTag, body, at FROM kept_answer WHERE actor = ? AND key = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [key.actor.key, key.key]).map { row in
                KeptAnswer(
                    request: [UInt8](row["request"] as Data), status: row["status"], entityTag: row["entityTag"],
                    body: [UInt8](row["body"] as Data), at: row["at"])
            }
        }
    }

    func audit(before number: Int64, limit: Int) async throws(StoreFailure) -> [NumberedAuditEntry] {
        try await perform { database in
            let sql = """
                SELECT number, at, actor, action, target, source, detail FROM audit
                WHERE number < ? ORDER BY number DESC LIMIT ?
                """
            return try Row.fetchAll(database, sql: sql, arguments: [number, limit]).map { row in
                guard let source = AddressClass(rawValue: row["source"]) else { throw DamagedRow() }
                return NumberedAuditEntry(
                    number: row["number"],
                    entry: AuditEntry(
                        at: row["at"], actor: row["actor"], action: row["action"], target: row["target"],
                        source: source, detail: row["detail"]))
            }
        }
    }

    func forget(auditBefore: Int64) async throws(StoreFailure) {
        try await perform { database in
            try database.execute(sql: "DELETE FROM audit WHERE at < ?", arguments: [auditBefore])
        }
    }

    static func append(_ audit: AuditEntry, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO audit (at, actor, action, target, source, detail) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [audit.at, audit.actor, audit.action, audit.target, audit.source.rawValue, audit.detail])
    }

    // MARK: Parts of a write

    private static func carryOut(_ write: OrganisationWrite, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE organisation SET revision = ?, nextDepartment = ?",
            arguments: [write.revision, write.nextDepartment])
        for department in write.departments { try put(department, database) }
        for member in write.members { try put(member, revision: write.revision, database) }
        for (account, epoch) in write.lockedOut { try lockOut(account, epoch, database) }
        if let groups = write.groups { try replace(groups, database) }
        if let grants = write.grants { try replace(grants, database) }
        if let superAdmins = write.superAdmins {
            try database.execute(sql: "DELETE FROM super_admin")
            for account in superAdmins {
                try database.execute(sql: "INSERT INTO super_admin (member) VALUES (?)", arguments: [account.key])
            }
        }
        if let rules = write.rules {
            try database.execute(sql: "DELETE FROM visibility_rule")
            for rule in rules {
                try database.execute(
                    sql: "INSERT INTO visibility_rule (rule) VALUES (?)",
                    arguments: [try RowJSON.encode(VisibilityRuleForm(rule))])
            }
        }
        for (account, epoch) in write.removedMembers {
            try database.execute(sql: "DELETE FROM member WHERE account = ?", arguments: [account.key])
            try database.execute(
                sql: """
                    INSERT INTO former_member (account, epoch) VALUES (?, ?)
                    ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)
                    """,
                arguments: [account.key, epoch])
        }
        for department in write.removedDepartments {
            try database.execute(sql: "DELETE FROM department WHERE id = ?", arguments: [department.number])
        }
    }

    private static func put(_ department: Department, _ database: Database) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO department (id, parent, nameZh, nameEn, place, leaders, tags) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET parent = excluded.parent, nameZh = excluded.nameZh,
                    nameEn = excluded.nameEn, place = excluded.place, leaders = excluded.leaders, tags = excluded.tags
                """
        ).execute(arguments: [
            department.id.number, department.parent?.number, department.names.zh, department.names.en,
            department.order, try RowJSON.encode(department.leaders.map(\.text)), try RowJSON.encode(department.tags),
        ])
    }

    private static let memberColumns = [
        "account", "spelling", "revision", "nameZh", "nameEn", "alias", "position", "gender", "mobile", "officePhone",
        "email", "address", "identity", "directLeaders", "tags", "internalFields", "companyShortName", "externalTitle",
        "website", "externalFields", "realNameVerified", "enabled", "epoch",
    ]
    /// An update and not a replacement: what hangs on a member stays.
    private static let putMember = """
        INSERT INTO member (\(memberColumns.joined(separator: ", ")))
        VALUES (\(memberColumns.map { _ in "?" }.joined(separator: ", ")))
        ON CONFLICT DO UPDATE SET \(memberColumns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
        """

    private static func put(_ member: Member, revision: Int64, _ database: Database) throws {
        let external = member.external
        try database.cachedStatement(sql: putMember).execute(arguments: [
            member.account.key, member.account.text, revision, member.names.zh, member.names.en, member.alias,
            member.position, member.gender.rawValue, member.mobile?.text, member.officePhone, member.email?.text,
            member.address, member.identity.rawValue, try RowJSON.encode(member.directLeaders.map(\.text)),
            try RowJSON.encode(member.tags), try RowJSON.encode(member.internalFields.map(CustomFieldForm.init)),
            external.companyShortName, external.title, external.website,
            try RowJSON.encode(external.fields.map(CustomFieldForm.init)), member.realNameVerified, member.enabled,
            member.epoch,
        ])
        try database.cachedStatement(sql: "DELETE FROM member_department WHERE member = ?")
            .execute(arguments: [member.account.key])
        let enter = try database.cachedStatement(
            sql: "INSERT INTO member_department (member, place, department) VALUES (?, ?, ?)")
        for (place, department) in member.departments.enumerated() {
            try enter.execute(arguments: [member.account.key, place, department.number])
        }
    }

    /// The epoch is written here too, so that a crash before `MeetingDirectory.cutOff` has written its own changes nothing.
    private static func lockOut(_ account: AccountID, _ epoch: Int64, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM session WHERE member = ?", arguments: [account.key])
        try database.execute(sql: "DELETE FROM invite WHERE member = ?", arguments: [account.key])
        try database.execute(
            sql: """
                INSERT INTO member_epoch (member, epoch) VALUES (?, ?)
                ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)
                """,
            arguments: [account.key, epoch])
    }

    private static func replace(_ groups: [AdminGroup], _ database: Database) throws {
        // Foreign keys are looked at when the transaction ends.
        try database.execute(sql: "DELETE FROM admin_group")
        for group in groups {
            try database.execute(
                sql: "INSERT INTO admin_group (id, nameZh, nameEn, permissions) VALUES (?, ?, ?, ?)",
                arguments: [
                    group.id, group.names.zh, group.names.en, try RowJSON.encode(group.permissions.form),
                ])
        }
    }

    private static func replace(_ grants: [KeptGrant], _ database: Database) throws {
        try database.execute(sql: "DELETE FROM admin_grant")
        for kept in grants {
            var department: Int64?
            if case .department(let id) = kept.grant.scope { department = id.number }
            var group: String?
            var permissions: String?
            switch kept.grant.rights {
            case .group(let id): group = id
            case .own(let own): permissions = try RowJSON.encode(own.form)
            }
            try database.execute(
                sql: """
                    INSERT INTO admin_grant (id, member, department, adminGroup, permissions) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [kept.id, kept.grant.member.key, department, group, permissions])
        }
    }
}
