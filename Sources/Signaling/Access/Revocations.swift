// The process's one list of dead tokens: asked at every door without waiting, changed by removals, written through to the
// store.

import Foundation
public import ServiceLifecycle
import Synchronization

public final class Revocations: Service {
    private struct State {
        var list = RevocationList()
        var epochs = MemberEpochs()
        /// In force, and not in the store yet.
        var unsaved: [Revocation] = []
        var unsavedEpochs: [String: Int64] = [:]
    }
    private let state = Mutex(State())
    private let store: Store?

    /// A list that ends with the process.
    public init() { store = nil }

    /// Reads what earlier processes wrote.
    public init(store: Store) async throws(StoreFailure) {
        self.store = store
        let revocations = try await store.revocations()
        let epochs = try await store.memberEpochs()
        state.withLock { state in
            for revocation in revocations { state.list.add(revocation) }
            for (member, epoch) in epochs { state.epochs.raise(member, to: epoch) }
        }
    }

    /// Whether a token with these claims, valid as it may be, is dead.
    func refuse(_ claims: AccessClaims) -> Bool {
        state.withLock { $0.list.refuses(claims) || $0.epochs.refuses(claims) }
    }

    /// Whether it is dead because its meeting was ended for everybody.
    func saysEnded(_ claims: AccessClaims) -> Bool { state.withLock { $0.list.saysEnded(claims) } }

    var count: Int { state.withLock { $0.list.count } }

    /// In force as soon as it is called; returns when it will outlive a restart, or when the store failed: then it is
    /// written later.
    func add(_ revocation: Revocation) async {
        enforce(revocation)
        await save()
    }

    /// In force when it returns; written at the next upkeep, or with the next that is added.
    func enforce(_ revocation: Revocation) {
        state.withLock { state in
            state.unsaved.append(state.list.add(revocation))
        }
    }

    /// A member's tokens of lower epochs are dead when it returns; written at the next `save`.
    func raise(_ member: String, to epoch: Int64) {
        state.withLock { state in
            state.epochs.raise(member, to: epoch)
            state.unsavedEpochs[member] = max(state.unsavedEpochs[member] ?? epoch, epoch)
        }
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

    /// Returns when all that is in force will outlive a restart, or when the store failed: then the next upkeep tries.
    func save() async {
        let (unsaved, epochs) = state.withLock { ($0.unsaved, $0.unsavedEpochs) }
        guard !unsaved.isEmpty || !epochs.isEmpty else { return }
        do {
            if !unsaved.isEmpty { try await store?.keep(unsaved) }
            if !epochs.isEmpty { try await store?.keep(epochs) }
            state.withLock { state in
                state.unsaved.removeAll { unsaved.contains($0) }
                state.unsavedEpochs = state.unsavedEpochs.filter { epochs[$0.key] != $0.value }
            }
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
