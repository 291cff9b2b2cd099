// Where events wait until they are taken, sorted by owner. Facts are kept in order; levels and health are one newest value
// per publication and transport; packets of taps are bounded. So a reader that stands still costs a bounded amount of memory.

struct EventOutbox {
    private struct Pending {
        var events: [Event] = []
        var levels: [PublicationID: AudioActivity] = [:]
        var health: [TransportID: TransportHealth] = [:]
        var packets = 0
    }

    private var order: [OwnerTag] = []
    private var pending: [OwnerTag: Pending] = [:]

    var isEmpty: Bool { order.isEmpty }

    mutating func post(_ event: Event, to owner: OwnerTag) {
        if pending[owner] == nil { order.append(owner) }
        switch event {
        case .audioActivity(let activities):
            for activity in activities { pending[owner, default: Pending()].levels[activity.publication] = activity }
        case .transportHealth(let reports):
            for health in reports { pending[owner, default: Pending()].health[health.transport] = health }
        case .transportClosed(let transport):
            pending[owner]?.health[transport] = nil
            pending[owner, default: Pending()].events.append(event)
        case .publicationClosed(let publication):
            pending[owner]?.levels[publication] = nil
            pending[owner, default: Pending()].events.append(event)
        case .packet:
            guard pending[owner, default: Pending()].packets < Limits.pendingTappedPackets else { return }
            pending[owner, default: Pending()].packets += 1
            pending[owner, default: Pending()].events.append(event)
        default:
            pending[owner, default: Pending()].events.append(event)
        }
    }

    mutating func post(_ batches: [EventBatch]) {
        for batch in batches {
            for event in batch.events { post(event, to: batch.owner) }
        }
    }

    /// Everything pending, owners in the order of their first event, levels and health after facts.
    mutating func take() -> [EventBatch] {
        guard !order.isEmpty else { return [] }
        var batches: [EventBatch] = []
        batches.reserveCapacity(order.count)
        for owner in order {
            guard var waiting = pending[owner] else { continue }
            if !waiting.levels.isEmpty {
                // Loudest first; the name makes the order of equals the same every time.
                let levels = waiting.levels.values.sorted {
                    ($1.level, $0.publication.name.rawValue) < ($0.level, $1.publication.name.rawValue)
                }
                waiting.events.append(.audioActivity(levels))
            }
            if !waiting.health.isEmpty {
                let health = waiting.health.values.sorted { $0.transport.name.rawValue < $1.transport.name.rawValue }
                waiting.events.append(.transportHealth(health))
            }
            if !waiting.events.isEmpty { batches.append(EventBatch(owner: owner, events: waiting.events)) }
        }
        order.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
        return batches
    }
}
