// How events leave the relay: workers put their batches into one mailbox, one consumer takes all that is there at once.
// Not an AsyncStream of batches, because its buffer grows with every level a slow consumer has not read.

import Synchronization

/// The relay's events. Iterate it once, in a `@concurrent` function: each element is everything that was waiting.
public struct RelayEvents: AsyncSequence, Sendable {
    public typealias Element = [EventBatch]
    public typealias Failure = Never

    let mailbox: EventMailbox

    public struct AsyncIterator: AsyncIteratorProtocol {
        let mailbox: EventMailbox
        var bell: AsyncStream<Void>.AsyncIterator

        /// Nil when the relay was shut down and everything was read.
        public mutating func next() async -> [EventBatch]? {
            while true {
                let batches = mailbox.take()
                if !batches.isEmpty { return batches }
                if await bell.next() == nil {
                    let rest = mailbox.take()
                    return rest.isEmpty ? nil : rest
                }
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(mailbox: mailbox, bell: mailbox.bell.makeAsyncIterator())
    }
}

final class EventMailbox: Sendable {
    private let outbox = Mutex(EventOutbox())
    let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation

    init() {
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// From any thread.
    func deliver(_ batches: [EventBatch]) {
        guard !batches.isEmpty else { return }
        let wasEmpty = outbox.withLock { outbox in
            let wasEmpty = outbox.isEmpty
            outbox.post(batches)
            return wasEmpty
        }
        if wasEmpty { ring.yield() }
    }

    func take() -> [EventBatch] { outbox.withLock { $0.take() } }

    func finish() { ring.finish() }
}
