// Events on their way to receivers of webhooks. An event is stored once; a delivery is the debt of it to one receiver,
// paid by deleting it. Events stay for a while after that, so that they can be queued again.
//
// Nothing here knows when to send. Order is that of `position`; a lane is the deliveries of one receiver and one room.

import GRDB

/// An event as it is kept: everything about it is fixed, to the byte.
struct StoredEvent: Sendable, Equatable {
    var id: String
    /// The room's name, which later meetings may have too.
    var room: String
    /// The sid of this meeting.
    var meeting: String
    /// Within the meeting.
    var sequence: Int64
    var isLast: Bool
    /// Milliseconds since 1970.
    var createdAt: Int64
    var body: String
}

extension StoredEvent: FetchableRecord {
    init(row: Row) {
        self.init(
            id: row["id"], room: row["room"], meeting: row["meeting"], sequence: row["sequence"],
            isLast: row["isLast"], createdAt: row["createdAt"], body: row["body"])
    }
}

struct Delivery: Sendable, Equatable {
    var position: Int64
    var event: StoredEvent
    /// Milliseconds since 1970.
    var queuedAt: Int64
    /// Events of this lane before this one that were given up.
    var dropped: Int
}

/// What waits in one lane.
struct LaneBacklog: Sendable, Equatable {
    var room: String
    var count: Int
    /// Milliseconds since 1970.
    var oldest: Int64
}

/// What was given up in one lane.
struct Drop: Sendable, Equatable {
    var receiver: String
    var room: String
    var count: Int
}

/// Which stored events to queue again.
struct ReplayRange: Sendable, Equatable {
    enum Bound: Sendable, Equatable {
        /// A number within a meeting.
        case sequence(Int64)
        /// One event, and all before or after it.
        case id(String)
    }
    /// A name or a meeting's sid; nil: all.
    var room: String?
    var from: Bound?
    var to: Bound?
}

extension Store {
    static let outboxSchema = """
        CREATE TABLE event (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            room TEXT NOT NULL,
            meeting TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            isLast INTEGER NOT NULL,
            createdAt INTEGER NOT NULL,
            body TEXT NOT NULL
        );
        CREATE INDEX event_createdAt ON event (createdAt);
        CREATE INDEX event_meeting ON event (meeting, sequence, isLast);
        CREATE TABLE delivery (
            receiver TEXT NOT NULL,
            room TEXT NOT NULL,
            position INTEGER NOT NULL REFERENCES event (position),
            queuedAt INTEGER NOT NULL,
            dropped INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (receiver, room, position)
        ) WITHOUT ROWID;
        CREATE INDEX delivery_position ON delivery (position);
        CREATE INDEX delivery_queuedAt ON delivery (queuedAt);
        """

    // MARK: In

    func append(_ events: [StoredEvent], to receivers: [String], at now: Int64) async throws(StoreFailure) {
        try await perform { database in
            for event in events {
                try database.execute(
                    sql: """
                        INSERT INTO event (id, room, meeting, sequence, isLast, createdAt, body)
                        VALUES (?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        event.id, event.room, event.meeting, event.sequence, event.isLast, event.createdAt, event.body,
                    ])
                let position = database.lastInsertedRowID
                for receiver in receivers {
                    try database.execute(
                        sql: "INSERT INTO delivery (receiver, room, position, queuedAt) VALUES (?, ?, ?, ?)",
                        arguments: [receiver, event.room, position, now])
                }
            }
        }
    }

    /// Queues stored events again, those that still wait apart.
    /// - Returns: what each receiver has more to do, or nil when a bound names no stored event.
    func replay(
        _ range: ReplayRange, to receivers: [String], at now: Int64
    ) async throws(StoreFailure) -> [String: [LaneBacklog]]? {
        try await perform { database in
            guard let (condition, arguments) = try Self.condition(range, database) else { return nil }
            var queued: [String: [LaneBacklog]] = [:]
            for receiver in receivers {
                let chosen = """
                    FROM event WHERE \(condition) AND NOT EXISTS (
                        SELECT 1 FROM delivery
                        WHERE receiver = ? AND room = event.room AND position = event.position)
                    """
                let lanes = try Row.fetchAll(
                    database, sql: "SELECT room, count(*) AS count \(chosen) GROUP BY room",
                    arguments: arguments + [receiver])
                queued[receiver] = lanes.map { LaneBacklog(room: $0["room"], count: $0["count"], oldest: now) }
                try database.execute(
                    sql: """
                        INSERT INTO delivery (receiver, room, position, queuedAt)
                        SELECT ?, room, position, ? \(chosen)
                        """,
                    arguments: [receiver, now] + arguments + [receiver])
            }
            return queued
        }
    }

    private static func condition(
        _ range: ReplayRange, _ database: Database
    ) throws -> (String, StatementArguments)? {
        var conditions = ["TRUE"]
        var arguments: StatementArguments = []
        if let room = range.room {
            conditions.append("(room = ? OR meeting = ?)")
            arguments += [room, room]
        }
        for (bound, comparison) in [(range.from, ">="), (range.to, "<=")] {
            switch bound {
            case .sequence(let number)?:
                conditions.append("sequence \(comparison) ?")
                arguments += [number]
            case .id(let id)?:
                let sql = "SELECT position FROM event WHERE id = ?"
                guard let position = try Int64.fetchOne(database, sql: sql, arguments: [id]) else { return nil }
                conditions.append("position \(comparison) ?")
                arguments += [position]
            case nil: break
            }
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    // MARK: Out

    func lanes(of receiver: String) async throws(StoreFailure) -> [LaneBacklog] {
        try await perform { database in
            let sql = """
                SELECT room, count(*) AS count, min(queuedAt) AS oldest FROM delivery WHERE receiver = ?
                GROUP BY room ORDER BY min(position)
                """
            return try Row.fetchAll(database, sql: sql, arguments: [receiver]).map { row in
                LaneBacklog(room: row["room"], count: row["count"], oldest: row["oldest"])
            }
        }
    }

    /// The first of a lane.
    func nextDelivery(to receiver: String, in room: String) async throws(StoreFailure) -> Delivery? {
        try await perform { database in
            let sql = """
                SELECT delivery.position, queuedAt, dropped, id, event.room, meeting, sequence, isLast, createdAt, body
                FROM delivery JOIN event USING (position)
                WHERE receiver = ? AND delivery.room = ? ORDER BY delivery.position LIMIT 1
                """
            return try Row.fetchOne(database, sql: sql, arguments: [receiver, room]).map { row in
                Delivery(
                    position: row["position"], event: StoredEvent(row: row), queuedAt: row["queuedAt"],
                    dropped: row["dropped"])
            }
        }
    }

    /// - Returns: false when it had been given up meanwhile.
    func delivered(_ position: Int64, to receiver: String, in room: String) async throws(StoreFailure) -> Bool {
        try await perform { database in
            try database.execute(
                sql: "DELETE FROM delivery WHERE receiver = ? AND room = ? AND position = ?",
                arguments: [receiver, room, position])
            return database.changesCount > 0
        }
    }

    // MARK: Given up

    /// Gives up the room that has waited longest, all but its newest event, which tells how many went before it.
    func dropOldestRoom(of receiver: String) async throws(StoreFailure) -> Drop? {
        try await perform { database in
            let oldest = "SELECT room FROM delivery WHERE receiver = ? ORDER BY position LIMIT 1"
            guard let room = try String.fetchOne(database, sql: oldest, arguments: [receiver]) else { return nil }
            let lane = "FROM delivery WHERE receiver = ? AND room = ?"
            let newest = try Int64.fetchOne(
                database, sql: "SELECT max(position) \(lane)", arguments: [receiver, room])
            let count = try Self.drop("\(lane) AND position < ?", [receiver, room, newest], receiver, room, database)
            if count > 0 { return Drop(receiver: receiver, room: room, count: count) }
            try database.execute(sql: "DELETE \(lane)", arguments: [receiver, room])
            return Drop(receiver: receiver, room: room, count: 1)
        }
    }

    /// Gives up what has waited too long.
    /// - Parameter moment: milliseconds since 1970.
    func dropDeliveries(queuedBefore moment: Int64) async throws(StoreFailure) -> [Drop] {
        try await perform { database in
            let lanes = "SELECT DISTINCT receiver, room FROM delivery WHERE queuedAt < ?"
            return try Row.fetchAll(database, sql: lanes, arguments: [moment]).map { row in
                let (receiver, room): (String, String) = (row["receiver"], row["room"])
                let old = "FROM delivery WHERE receiver = ? AND room = ? AND queuedAt < ?"
                let count = try Self.drop(old, [receiver, room, moment], receiver, room, database)
                return Drop(receiver: receiver, room: room, count: count)
            }
        }
    }

    /// Deletes `rows` of a lane; what then comes first in it carries their number.
    private static func drop(
        _ rows: String, _ arguments: StatementArguments, _ receiver: String, _ room: String, _ database: Database
    ) throws -> Int {
        // Those that go may carry a number of their own.
        let carried = try Int.fetchOne(database, sql: "SELECT sum(dropped) \(rows)", arguments: arguments) ?? 0
        try database.execute(sql: "DELETE \(rows)", arguments: arguments)
        let count = database.changesCount
        try database.execute(
            sql: """
                UPDATE delivery SET dropped = dropped + ? WHERE receiver = ? AND room = ? AND position = (
                    SELECT min(position) FROM delivery WHERE receiver = ? AND room = ?)
                """,
            arguments: [count + carried, receiver, room, receiver, room])
        return count
    }

    /// Receivers that are no longer configured are owed nothing.
    /// - Returns: how many deliveries that were.
    func forgetReceivers(except receivers: [String]) async throws(StoreFailure) -> Int {
        try await perform { database in
            let marks = receivers.map { _ in "?" }.joined(separator: ", ")
            try database.execute(
                sql: "DELETE FROM delivery WHERE receiver NOT IN (\(marks))",
                arguments: StatementArguments(receivers))
            return database.changesCount
        }
    }

    /// Deletes events that nobody is owed any more: those made before a moment, and the oldest beyond a number.
    func forgetEvents(createdBefore moment: Int64, beyond number: Int64) async throws(StoreFailure) {
        try await perform { database in
            let isOwed = "EXISTS (SELECT 1 FROM delivery WHERE delivery.position = event.position)"
            try database.execute(
                sql: "DELETE FROM event WHERE createdAt < ? AND NOT \(isOwed)", arguments: [moment])
            try database.execute(
                sql: "DELETE FROM event WHERE position <= (SELECT max(position) FROM event) - ? AND NOT \(isOwed)",
                arguments: [number])
        }
    }

    // MARK: After a crash

    /// The newest event of every meeting that never said its last: the process ended in it.
    func unfinishedMeetings() async throws(StoreFailure) -> [StoredEvent] {
        try await perform { database in
            let sql = """
                SELECT id, room, meeting, sequence, isLast, createdAt, body FROM event
                JOIN (SELECT meeting AS open, max(sequence) AS newest FROM event GROUP BY meeting HAVING max(isLast) = 0)
                ON meeting = open AND sequence = newest ORDER BY position
                """
            return try StoredEvent.fetchAll(database, sql: sql)
        }
    }
}
