// Lock-outs on disk: one row for each member who ever was locked out.

import GRDB

extension Store {
    static let memberEpochsSchema = """
        CREATE TABLE member_epoch (
            member TEXT NOT NULL PRIMARY KEY,
            epoch INTEGER NOT NULL
        ) WITHOUT ROWID;
        """

    func memberEpochs() async throws(StoreFailure) -> [String: Int64] {
        try await perform { database in
            let rows = try Row.fetchAll(database, sql: "SELECT member, epoch FROM member_epoch")
            return Dictionary(rows.map { ($0["member"], $0["epoch"]) }) { first, _ in first }
        }
    }

    func keep(_ epochs: [String: Int64]) async throws(StoreFailure) {
        try await perform { database in
            // SQLite's texts end at a NUL; nobody of such a name can join.
            for (member, epoch) in epochs where !member.utf8.contains(0) {
                try database.execute(
                    sql: """
                        INSERT INTO member_epoch (member, epoch) VALUES (?, ?)
                        ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)
                        """,
                    arguments: [member, epoch])
            }
        }
    }
}
