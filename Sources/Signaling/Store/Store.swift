// What must outlive a restart, in one SQLite file of the data folder. Here: opening it, the versions of its schema, and
// the one way in. What is kept stands beside it: +Outbox, +Revocations, +Organisation, +SignIn.
//
// A store that cannot be opened keeps the server from starting. One that fails later stops nothing: the failure is
// counted, said once a minute, and whoever asked keeps what he has and comes again.

import Foundation
import GRDB
public import Logging
import Synchronization

public final class Store: Sendable {
    static let fileName = "hutong.sqlite"

    /// One connection, one queue of its own: nobody else's thread waits for the disk.
    private let database: DatabaseQueue
    private let logger: Logger
    private let health: Mutex<Health>

    private struct Health {
        var failures: UInt64 = 0
        var complaints = OncePerMinute()
    }

    /// Makes folder and file when they are not there, for this user only.
    public init(folder: String, logger: Logger) throws(StoreError) {
        let path = URL(fileURLWithPath: folder).appendingPathComponent(Self.fileName).path
        try Self.prepare(folder: folder, file: path)
        do {
            var configuration = GRDB.Configuration()
            configuration.label = "hutong.store"
            configuration.journalMode = .wal
            configuration.prepareDatabase { database in
                // Two servers on one outbox would each send everything.
                try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            }
            database = try DatabaseQueue(path: path, configuration: configuration)
            // A removal that was answered, and an event that was sent, must survive a power cut as well.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            let migrator = Self.migrator
            if try database.read(migrator.hasBeenSuperseded) { throw StoreError(path, .newer) }
            try migrator.migrate(database)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(path, error)
        }
        self.logger = logger
        health = Mutex(Health())
    }

    private static func prepare(folder: String, file: String) throws(StoreError) {
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(folder, .folder)
        }
        guard !files.fileExists(atPath: file) else { return }
        // Made with its final mode, which SQLite gives to the files beside it too.
        guard files.createFile(atPath: file, contents: Data(), attributes: [.posixPermissions: 0o600]) else {
            throw StoreError(folder, .folder)
        }
    }

    /// Each version of the schema is a step, never changed once released.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 outbox and revocations") { database in
            try database.execute(sql: outboxSchema)
            try database.execute(sql: revocationsSchema)
        }
        migrator.registerMigration("2 member epochs") { database in
            try database.execute(sql: memberEpochsSchema)
        }
        migrator.registerMigration("3 organisation") { database in
            try database.execute(sql: organisationSchema)
            try database.execute(sql: signInSchema)
        }
        return migrator
    }

    /// How often something could not be read or written.
    var failures: UInt64 { health.withLock { $0.failures } }

    /// Runs one transaction. It is carried out even if the caller's task is cancelled.
    func perform<Value: Sendable>(
        _ transaction: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreFailure) -> Value {
        let result = await withCheckedContinuation { continuation in
            database.asyncWrite(transaction) { _, result in continuation.resume(returning: result) }
        }
        switch result {
        case .success(let value): return value
        case .failure(let error):
            complain(error)
            throw StoreFailure()
        }
    }

    private func complain(_ error: any Error) {
        let isDue = health.withLock { health in
            health.failures &+= 1
            return health.complaints.isDue()
        }
        guard isDue else { return }
        logger.error("store failure", metadata: ["reason": "\(StoreError.reason(error))"])
    }
}

/// Something could not be read or written.
public struct StoreFailure: Error, Sendable, CustomStringConvertible {
    public var description: String { "the store cannot be read or written; the log says why" }
}

/// Why the store cannot be opened.
public struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Reason: Sendable, Equatable {
        case folder
        case inUse
        case damaged
        case newer
        case other(String)
    }
    let path: String
    let reason: Reason

    init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    init(_ path: String, _ error: any Error) {
        let reason: Reason =
            switch (error as? DatabaseError)?.resultCode {
            case .SQLITE_BUSY?, .SQLITE_LOCKED?: .inUse
            case .SQLITE_NOTADB?, .SQLITE_CORRUPT?: .damaged
            default: .other(Self.reason(error))
            }
        self.init(path, reason)
    }

    /// SQLite's words without the statement, which may hold names.
    static func reason(_ error: any Error) -> String {
        guard let error = error as? DatabaseError else { return "\(type(of: error))" }
        return error.message ?? "\(error.resultCode)"
    }

    public var description: String {
        switch reason {
        case .folder: "\(path): cannot be made or written; make it writable for this user or name another with `data`"
        case .inUse: "\(path): is in use by another server; give each a folder of its own with `data`"
        case .damaged: "\(path): is damaged or something else; move it away to start with an empty one"
        case .newer: "\(path): was written by a newer version of Hutong; start that one, or move the file away"
        case .other(let text): "\(path): cannot be opened: \(text)"
        }
    }
}
