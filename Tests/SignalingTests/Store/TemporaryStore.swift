// A real store in a folder of its own, for as long as a test's body runs.

import Foundation
import Logging

@testable import Signaling

enum TemporaryStore {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func folder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hutong-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.path)
    }

    static func with<Result>(_ body: (Store) async throws -> Result) async throws -> Result {
        try await folder { try await body(try Store(folder: $0, logger: logger)) }
    }
}

extension StoredEvent {
    static func made(
        _ number: Int64, room: String = "room", meeting: String? = nil, createdAt: Int64 = 0, isLast: Bool = false
    ) -> StoredEvent {
        StoredEvent(
            id: "EV_\(room)_\(number)", room: room, meeting: meeting ?? "RM_\(room)", sequence: number, isLast: isLast,
            createdAt: createdAt, body: #"{"event":"track_published","id":"EV_\#(room)_\#(number)"}"#)
    }
}
