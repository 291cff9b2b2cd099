// Opening the store: what it makes, what it refuses and in which words, and that a failure later is only counted.

import Foundation
import GRDB
import Testing

@testable import Signaling

struct StoreTests {
    private func refusal(_ folder: String) -> StoreError? {
        do throws(StoreError) {
            _ = try Store(folder: folder, logger: TemporaryStore.logger)
            return nil
        } catch {
            return error
        }
    }

    @Test func nobodyElseMayReadIt() async throws {
        try await TemporaryStore.folder { folder in
            let store = try Store(folder: folder, logger: TemporaryStore.logger)
            try await store.keep([Revocation(meeting: "m", identity: "a", moment: 1, expiry: 2)])
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.contains(Store.fileName) && files.count >= 2)
            for path in [folder] + files.map({ folder + "/" + $0 }) {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                let mode = try #require(attributes[.posixPermissions] as? Int)
                #expect(mode & 0o077 == 0, "\(path)")
            }
        }
    }

    @Test func oneServerEach() async throws {
        try await TemporaryStore.folder { folder in
            let first = try Store(folder: folder, logger: TemporaryStore.logger)
            #expect(refusal(folder)?.reason == .inUse)
            #expect(try await first.revocations().isEmpty)
        }
    }

    @Test func saysWhatIsWrongInOneLine() async throws {
        try await TemporaryStore.folder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let file = folder + "/" + Store.fileName
            try Data(repeating: 7, count: 5000).write(to: URL(fileURLWithPath: file))
            #expect(refusal(folder)?.reason == .damaged)
            #expect(refusal(file)?.reason == .folder, "a file where the folder should be")
            #expect(refusal("/proc/nowhere")?.reason == .folder)
            for reason: StoreError.Reason in [.folder, .inUse, .damaged, .newer, .other("x")] {
                let line = StoreError("data/hutong.sqlite", reason).description
                #expect(line.hasPrefix("data/hutong.sqlite: ") && !line.contains("\n"))
            }
        }
    }

    @Test func aNewerSchemaIsLeftAlone() async throws {
        try await TemporaryStore.folder { folder in
            do {
                let store = try Store(folder: folder, logger: TemporaryStore.logger)
                try await store.perform { database in
                    try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('2 of the future')")
                }
            }
            #expect(refusal(folder)?.reason == .newer)
        }
    }

    @Test func failuresAreCountedAndDoNoHarm() async throws {
        try await TemporaryStore.with { store in
            await #expect(throws: StoreFailure.self) {
                try await store.perform { try $0.execute(sql: "INSERT INTO nothing VALUES (1)") }
            }
            let kept = try await store.revocations()
            #expect(store.failures == 1 && kept.isEmpty)
        }
    }

    /// The disk is full: what is asked fails, and once there is room again it works.
    @Test func aFullDiskIsAFailureLikeAnyOther() async throws {
        try await TemporaryStore.with { store in
            try await store.perform { database in
                try database.execute(sql: "PRAGMA max_page_count = 30")
            }
            var event = StoredEvent.made(1)
            event.body = String(repeating: "x", count: 1 << 20)
            let large = event
            await #expect(throws: StoreFailure.self) { try await store.append([large], to: ["r"], at: 0) }
            #expect(try await store.lanes(of: "r").isEmpty, "all of it or nothing")
            try await store.perform { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            try await store.append([large], to: ["r"], at: 0)
            #expect(try await store.lanes(of: "r").map(\.count) == [1])
            #expect(store.failures == 1)
        }
    }

    /// A removal must be written even if whoever asked for it has hung up.
    @Test func writesEvenForWhoIsGone() async throws {
        try await TemporaryStore.with { store in
            let task = Task {
                try? await Task.sleep(for: .seconds(60))
                try await store.keep([Revocation(meeting: "m", identity: "a", moment: 1, expiry: 2)])
            }
            task.cancel()
            try await task.value
            #expect(try await store.revocations().count == 1)
        }
    }

    @Test func oneComplaintAMinute() {
        var complaints = OncePerMinute()
        let start = ContinuousClock.now
        let due = [0, 59, 60, 61, 120].map { complaints.isDue(at: start + .seconds($0)) }
        #expect(due == [true, false, true, false, true])
    }
}

struct StoredRevocationTests {
    @Test func survivesARestart() async throws {
        try await TemporaryStore.folder { folder in
            var claims = AccessClaims.join(meeting: "m", identity: "alice")
            claims.validity = TokenValidity(issuedAt: 1000, expiry: .max)
            do {
                let store = try Store(folder: folder, logger: TemporaryStore.logger)
                let revocations = try await Revocations(store: store)
                #expect(!revocations.refuse(claims))
                await revocations.add(Revocation(meeting: "m", identity: "alice", moment: 1000, expiry: .max))
                await revocations.add(Revocation(meeting: "m", identity: "bob", moment: 1000, expiry: 2000))
            }
            let store = try Store(folder: folder, logger: TemporaryStore.logger)
            let revocations = try await Revocations(store: store)
            #expect(revocations.refuse(claims) && revocations.count == 2)
            try await store.forgetRevocations(expiredAt: 2000)
            #expect(try await store.revocations().map(\.identity) == ["alice"])
        }
    }

    @Test func lockOutsSurviveARestart() async throws {
        try await TemporaryStore.folder { folder in
            var claims = AccessClaims.join(meeting: "m", identity: "zhang")
            claims.hutong = HutongClaim(epoch: 2)
            do {
                let revocations = try await Revocations(
                    store: try Store(folder: folder, logger: TemporaryStore.logger))
                revocations.raise("zhang", to: 3)
                await revocations.save()
                revocations.raise("zhang", to: 2)
                await revocations.save()
            }
            let revocations = try await Revocations(store: try Store(folder: folder, logger: TemporaryStore.logger))
            #expect(revocations.refuse(claims))
            claims.hutong?.epoch = 3
            #expect(!revocations.refuse(claims))
        }
    }

    @Test func aLaterRevocationTakesNothingBack() async throws {
        try await TemporaryStore.with { store in
            try await store.keep([Revocation(meeting: "m", identity: "a", moment: 10, expiry: 100)])
            try await store.keep([Revocation(meeting: "m", identity: "a", moment: 5, expiry: 200)])
            let kept = try await store.revocations()
            #expect(kept == [Revocation(meeting: "m", identity: "a", moment: 10, expiry: 200)])
        }
    }

    /// In force although the disk failed, and written when it works again.
    @Test func isWrittenLaterWhenTheDiskFails() async throws {
        try await TemporaryStore.with { store in
            let revocations = try await Revocations(store: store)
            try await store.perform { try $0.execute(sql: "ALTER TABLE revocation RENAME TO away") }
            await revocations.add(Revocation(meeting: "m", identity: "alice", moment: .max, expiry: .max))
            #expect(revocations.refuse(.join(meeting: "m", identity: "alice")))
            try await store.perform { try $0.execute(sql: "ALTER TABLE away RENAME TO revocation") }
            await revocations.add(Revocation(meeting: "m", identity: "bob", moment: .max, expiry: .max))
            #expect(try await store.revocations().count == 2)
        }
    }
}
