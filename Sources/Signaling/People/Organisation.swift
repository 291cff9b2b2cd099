// The one current state of the organisation in this process. Questions read it; a change is worked out by the pure rules,
// written, and only then in force. Changes wait for one another, questions for nobody.

import Directory

/// What came of a change.
enum ChangeOutcome: Sendable, Equatable {
    case done(KeptAnswer)
    /// The same was asked for before under this key.
    case repeated(KeptAnswer)
    /// Something else was.
    case keyReused
}

actor Organisation {
    typealias LockOut = @Sendable (_ member: String, _ epoch: Int64) async -> Void

    typealias Step = @Sendable (OrganisationState) throws -> (OrganisationChange, KeptAnswer)

    private(set) var state: OrganisationState
    private let repository: any DirectoryRepository
    /// `MeetingDirectory.cutOff`: returns when nothing of the member runs any more.
    private let lockOut: LockOut
    /// The end of the queue of changes.
    private var last: Task<Void, Never>?

    init(_ state: OrganisationState, repository: any DirectoryRepository, lockOut: @escaping LockOut) {
        self.state = state
        self.repository = repository
        self.lockOut = lockOut
    }

    /// Carries out one change, also when the caller has gone away meanwhile.
    /// - Parameters:
    ///   - step: checks rights and works out the change, on the state as it is when the turn comes, and what the caller
    ///     is told of it.
    /// - Throws: `OrganisationRefusal`, `StoreFailure`, or what `step` throws.
    func change(
        key: IdempotencyKey? = nil, audit: AuditEntry,
        _ step: @escaping Step
    ) async throws -> ChangeOutcome {
        let previous = last
        let task = Task {
            await previous?.value
            return try await carryOut(key: key, audit: audit, step)
        }
        last = Task { _ = try? await task.value }
        return try await task.value
    }

    private func carryOut(
        key: IdempotencyKey?, audit: AuditEntry,
        _ step: @escaping Step
    ) async throws -> ChangeOutcome {
        if let key, let kept = try await repository.answer(to: key) {
            return kept.request == key.request ? .repeated(kept) : .keyReused
        }
        let (change, answered) = try await Self.worked(out: step, on: state)
        let answer = key.map { key in
            var kept = answered
            kept.request = key.request
            return (key: key, kept: kept)
        }
        var audit = audit
        if let subject = change.subject { audit.target = subject }
        try await repository.write(change.write, audit: audit, answer: answer)
        state = change.state
        for (account, epoch) in change.write.lockedOut { await lockOut(account.key, epoch) }
        return .done(answered)
    }

    /// Off the actor: a snapshot of ten thousand people takes a while, and questions go on.
    @concurrent
    private static func worked(
        out step: Step, on state: OrganisationState
    ) async throws -> (OrganisationChange, KeptAnswer) {
        try step(state)
    }
}
