// Hashing passwords: a few at a time, on threads of their own, so that a crowd that signs in takes neither all memory nor
// the threads that everything else runs on.

import Foundation
import Synchronization

final class PasswordWork: Sendable {
    private let queue: OperationQueue
    private let waiting = Mutex(0)
    private let cost: PasswordHash.Cost
    /// What a password is compared with when there is nothing to compare it with: the work must be the same.
    private let nobodys: PasswordHash?

    init(cost: PasswordHash.Cost = .standard) {
        queue = OperationQueue()
        queue.name = "hutong.passwords"
        queue.qualityOfService = .utility
        queue.maxConcurrentOperationCount = Limits.passwordHashes
        self.cost = cost
        nobodys = PasswordHash(of: SecretToken.random().text, salt: Self.salt(), cost: cost)
    }

    /// Whether `password` is that of the stored `text`; false, after as much work, when there is none.
    /// - Returns: nil when too many wait.
    func matches(_ password: String, _ text: String?) async -> Bool? {
        let stored = text.flatMap { PasswordHash(text: $0) }
        let compared = stored ?? nobodys
        return await run { compared?.matches(password) == true && stored != nil }
    }

    /// The text to store. Nil when too many wait or there is no memory.
    func hash(_ password: String) async -> String? {
        await run { [cost] in PasswordHash(of: password, salt: Self.salt(), cost: cost)?.text } ?? nil
    }

    private static func salt() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<PasswordHash.saltBytes).map { _ in .random(in: 0...255, using: &generator) }
    }

    private func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value? {
        let isTaken = waiting.withLock { waiting in
            guard waiting < Limits.passwordQueue else { return false }
            waiting += 1
            return true
        }
        guard isTaken else { return nil }
        defer { waiting.withLock { $0 -= 1 } }
        return await withCheckedContinuation { continuation in
            queue.addOperation { continuation.resume(returning: work()) }
        }
    }
}
