// What people come in with, on disk: hashes of passwords, sessions and invite links. Of a token only the SHA-256 is here,
// so that who reads the file cannot come in.

import Directory
import Foundation
import GRDB

extension Store: SignInRepository {
    static let signInSchema = """
        CREATE TABLE credential (
            member TEXT NOT NULL PRIMARY KEY REFERENCES member (account) ON DELETE CASCADE,
            password TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE session (
            token BLOB NOT NULL PRIMARY KEY,
            member TEXT NOT NULL REFERENCES member (account) ON DELETE CASCADE,
            epoch INTEGER NOT NULL,
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX session_member ON session (member, createdAt);
        CREATE INDEX session_expiresAt ON session (expiresAt);
        CREATE TABLE invite (
            token BLOB NOT NULL PRIMARY KEY,
            member TEXT NOT NULL UNIQUE REFERENCES member (account) ON DELETE CASCADE,
            epoch INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    func password(of member: AccountID) async throws(StoreFailure) -> String? {
        try await perform { database in
            try String.fetchOne(
                database, sql: "SELECT password FROM credential WHERE member = ?", arguments: [member.key])
        }
    }

    func session(_ token: [UInt8]) async throws(StoreFailure) -> KeptSession? {
        try await perform { database in
            let sql = "SELECT member, epoch, createdAt, expiresAt FROM session WHERE token = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [Data(token)]).map { row in
                KeptSession(
                    token: token, member: try AccountID.read(row["member"]), epoch: row["epoch"],
                    createdAt: row["createdAt"], expiresAt: row["expiresAt"])
            }
        }
    }

    func open(_ session: KeptSession, most: Int, audit: AuditEntry) async throws(StoreFailure) {
        try await perform { database in
            for table in ["session", "invite"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE expiresAt <= ?", arguments: [session.createdAt])
            }
            try Self.insert(session, database)
            try database.execute(
                sql: """
                    DELETE FROM session WHERE member = ? AND token NOT IN (
                        SELECT token FROM session WHERE member = ? ORDER BY createdAt DESC, token = ? DESC LIMIT ?)
                    """,
                arguments: [session.member.key, session.member.key, Data(session.token), most])
            try Self.append(audit, database)
        }
    }

    func close(_ token: [UInt8], audit: AuditEntry) async throws(StoreFailure) {
        try await perform { database in
            try database.execute(sql: "DELETE FROM session WHERE token = ?", arguments: [Data(token)])
            try Self.append(audit, database)
        }
    }

    func closeAll(of member: AccountID, audit: AuditEntry) async throws(StoreFailure) {
        try await perform { database in
            try database.execute(sql: "DELETE FROM session WHERE member = ?", arguments: [member.key])
            try Self.append(audit, database)
        }
    }

    func keep(_ invite: KeptInvite, audit: AuditEntry) async throws(StoreFailure) {
        try await perform { database in
            try Self.insert(invite, database)
            try Self.append(audit, database)
        }
    }

    func invite(_ token: [UInt8]) async throws(StoreFailure) -> KeptInvite? {
        try await perform { database in
            let sql = "SELECT member, epoch, expiresAt FROM invite WHERE token = ?"
            return try Row.fetchOne(database, sql: sql, arguments: [Data(token)]).map { row in
                KeptInvite(
                    token: token, member: try AccountID.read(row["member"]), epoch: row["epoch"],
                    expiresAt: row["expiresAt"])
            }
        }
    }

    func redeem(
        _ token: [UInt8], password: String, session: KeptSession, audit: AuditEntry
    ) async throws(StoreFailure) -> Bool {
        try await perform { database in
            try database.execute(sql: "DELETE FROM invite WHERE token = ?", arguments: [Data(token)])
            guard database.changesCount == 1 else { return false }
            try Self.put(password, of: session.member, keeping: nil, database)
            try Self.insert(session, database)
            try Self.append(audit, database)
            return true
        }
    }

    func setPassword(
        _ password: String, of member: AccountID, keeping token: [UInt8]?, audit: AuditEntry
    ) async throws(StoreFailure) {
        try await perform { database in
            try Self.put(password, of: member, keeping: token, database)
            try Self.append(audit, database)
        }
    }

    private static func put(
        _ password: String, of member: AccountID, keeping token: [UInt8]?, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO credential (member, password) VALUES (?, ?)
                ON CONFLICT DO UPDATE SET password = excluded.password
                """,
            arguments: [member.key, password])
        try database.execute(
            sql: "DELETE FROM session WHERE member = ? AND token IS NOT ?",
            arguments: [member.key, token.map { Data($0) }])
    }

    private static func insert(_ session: KeptSession, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO session (token, member, epoch, createdAt, expiresAt) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Data(session.token), session.member.key, session.epoch, session.createdAt, session.expiresAt,
            ])
    }

    static func insert(_ invite: KeptInvite, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM invite WHERE member = ?", arguments: [invite.member.key])
        try database.execute(
            sql: "INSERT INTO invite (token, member, epoch, expiresAt) VALUES (?, ?, ?, ?)",
            arguments: [Data(invite.token), invite.member.key, invite.epoch, invite.expiresAt])
    }
}
