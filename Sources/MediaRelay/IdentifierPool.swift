// Hands out names for the relay's objects, so that opening one needs no answer. A name's index is used again only after
// the worker reported the object closed, and then with the next generation: a late command can never hit a stranger.

import Synchronization

public final class IdentifierPool: Sendable {
    private let workers: Mutex<[WorkerNames]>

    /// `workers` is how many packet loops there are, 1 to 255.
    public init(workers: Int) {
        self.workers = Mutex(Array(repeating: WorkerNames(), count: max(1, min(workers, 255))))
    }

    public func transport(on worker: WorkerIndex) -> TransportID {
        TransportID(worker: worker, name: take(worker, \.transports))
    }

    public func publication(on worker: WorkerIndex) -> PublicationID {
        PublicationID(worker: worker, name: take(worker, \.publications))
    }

    public func subscription(on worker: WorkerIndex) -> SubscriptionID {
        SubscriptionID(worker: worker, name: take(worker, \.subscriptions))
    }

    /// How many transports a worker has or was promised. Counts what was handed out a moment ago, so that a burst of
    /// joins does not land on one worker because its load report is old.
    func transportsInUse() -> [Int] {
        workers.withLock { workers in workers.map(\.transports.inUse) }
    }

    /// The worker is done with these.
    package func release(_ names: [ReleasedName], on worker: WorkerIndex) {
        guard !names.isEmpty else { return }
        workers.withLock { workers in
            let index = Int(worker.rawValue)
            guard workers.indices.contains(index) else { return }
            for name in names {
                switch name {
                case .transport(let id): workers[index].transports.release(id.name)
                case .publication(let id): workers[index].publications.release(id.name)
                case .subscription(let id): workers[index].subscriptions.release(id.name)
                }
            }
        }
    }

    private func take(_ worker: WorkerIndex, _ table: WritableKeyPath<WorkerNames, NameTable>) -> ObjectName {
        workers.withLock { workers in
            let index = Int(worker.rawValue)
            guard workers.indices.contains(index) else { return .none }
            return workers[index][keyPath: table].take()
        }
    }
}

/// A name that a worker gives back.
package enum ReleasedName: Sendable, Equatable {
    case transport(TransportID)
    case publication(PublicationID)
    case subscription(SubscriptionID)
}

private struct WorkerNames {
    var transports = NameTable()
    var publications = NameTable()
    var subscriptions = NameTable()
}

/// Indices and generations of one kind of object. Freed indices are reused last in, first out, so that indices stay
/// below the largest number of objects that ever lived at once: the packet core's tables are arrays of that size.
struct NameTable {
    private var generations: [UInt32] = []
    private var isLive: [Bool] = []
    private var free: [UInt32] = []
    private(set) var inUse = 0

    /// `ObjectName.none` when all indices are taken; the worker refuses that name like any other it has no room for.
    mutating func take() -> ObjectName {
        if let index = free.popLast() {
            let slot = Int(index)
            generations[slot] = generations[slot] == ObjectName.maximumGeneration ? 0 : generations[slot] + 1
            isLive[slot] = true
            inUse += 1
            return ObjectName(index: index, generation: generations[slot])
        }
        guard generations.count <= Int(ObjectName.maximumIndex) else { return .none }
        let index = UInt32(generations.count)
        generations.append(0)
        isLive.append(true)
        inUse += 1
        return ObjectName(index: index, generation: 0)
    }

    /// Ignores names that are not out: a name is given back once.
    mutating func release(_ name: ObjectName) {
        let slot = Int(name.index)
        guard slot < generations.count, generations[slot] == name.generation, isLive[slot] else { return }
        isLive[slot] = false
        inUse -= 1
        free.append(name.index)
    }
}

extension ObjectName {
    /// Names nothing (the packet core's `CR_ID_NONE`).
    static let none = ObjectName(index: maximumIndex, generation: maximumGeneration + 1)
}
