// The process's one list of dead tokens: asked at every door without waiting, changed by removals, written through to the
// store.

import Foundation
public import ServiceLifecycle
import Synchronization

public final class Revocations: Service {
    private struct State {
        var list = RevocationList()
        /// In force, and not in the store yet.
        var unsaved: [Revocation] = []
    }
    private let state = Mutex(State())
    private let store: Store?

    /// A list that ends with the process.
    public init() { store = nil }

    /// Reads what earlier processes wrote.
    public init(store: Store) async throws(StoreFailure) {
        self.store = store
        let revocations = try await store.revocations()
        state.withLock { state in
            for revocation in revocations { state.list.add(revocation) }
        }
    }

    /// Whether a token with these claims, valid as it may be, is dead.
    func refuse(_ claims: AccessClaims) -> Bool { state.withLock { $0.list.refuses(claims) } }

    var count: Int { state.withLock { $0.list.count } }

    /// In force as soon as it is called; returns when it will outlive a restart, or when the store failed: then it is
    /// written later.
    func add(_ revocation: Revocation) async {
        state.withLock { state in
            state.unsaved.append(state.list.add(revocation))
        }
        await save()
    }

    /// Writes what could not be written, and forgets what is over.
    public func run() async throws {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            await save()
            await forgetExpired(now: Int64(Date().timeIntervalSince1970))
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Limits.revocationUpkeepTime) }
        }
        await save()
    }

    private func save() async {
        let unsaved = state.withLock { $0.unsaved }
        guard !unsaved.isEmpty else { return }
        do {
            try await store?.keep(unsaved)
            state.withLock { state in state.unsaved.removeAll { unsaved.contains($0) } }
        } catch {
            // Said by the store; the next upkeep tries again.
        }
    }

    private func forgetExpired(now: Int64) async {
        state.withLock { $0.list.removeExpired(now: now) }
        // A failure keeps rows that mean nothing any more.
        try? await store?.forgetRevocations(expiredAt: now)
    }
}
