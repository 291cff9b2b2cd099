// The list of dead tokens on disk.

import GRDB

extension Store {
    static let revocationsSchema = """
        CREATE TABLE revocation (
            meeting TEXT NOT NULL,
            identity TEXT NOT NULL,
            moment INTEGER NOT NULL,
            expiry INTEGER NOT NULL,
            PRIMARY KEY (meeting, identity)
        ) WITHOUT ROWID;
        """

    func revocations() async throws(StoreFailure) -> [Revocation] {
        try await perform { database in
            try Row.fetchAll(database, sql: "SELECT meeting, identity, moment, expiry FROM revocation").map { row in
                Revocation(
                    meeting: row["meeting"], identity: row["identity"], moment: row["moment"], expiry: row["expiry"])
            }
        }
    }

    /// The longer of what is kept already and what is given.
    func keep(_ revocations: [Revocation]) async throws(StoreFailure) {
        try await perform { database in
            // SQLite's texts end at a NUL; nobody of such a name can join.
            for revocation in revocations where !(revocation.meeting + revocation.identity).utf8.contains(0) {
                try database.execute(
                    sql: """
                        INSERT INTO revocation (meeting, identity, moment, expiry) VALUES (?, ?, ?, ?)
                        ON CONFLICT DO UPDATE
                        SET moment = max(moment, excluded.moment), expiry = max(expiry, excluded.expiry)
                        """,
                    arguments: [revocation.meeting, revocation.identity, revocation.moment, revocation.expiry])
            }
        }
    }

    func forgetRevocations(expiredAt now: Int64) async throws(StoreFailure) {
        try await perform { database in
            try database.execute(sql: "DELETE FROM revocation WHERE expiry <= ?", arguments: [now])
        }
    }
}
