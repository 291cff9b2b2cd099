// The small structures of a worker: names, timers, events in waiting.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct NameTableTests {
    @Test func anIndexComesBackOnlyAfterReleaseAndWithAnotherGeneration() {
        var table = NameTable()
        let first = table.take()
        let second = table.take()
        #expect(first != second && table.inUse == 2)
        table.release(first)
        table.release(first)  // twice is once
        let third = table.take()
        let fourth = table.take()
        #expect(third.index == first.index && third.generation == first.generation + 1)
        #expect(fourth.index != second.index && fourth.index != third.index)
        table.release(first)  // stale
        #expect(table.inUse == 3)
    }

    @Test func generationsWrapBeforeTheReservedOne() {
        var table = NameTable()
        var name = table.take()
        var seen: Set<UInt32> = []
        for _ in 0...ObjectName.maximumGeneration {
            seen.insert(name.generation)
            #expect(name != .none)
            table.release(name)
            name = table.take()
        }
        #expect(name.generation == 0 && seen.count == Int(ObjectName.maximumGeneration) + 1)
    }

    @Test func whenAllAreTakenTheNameIsNone() {
        var table = NameTable()
        for _ in 0...ObjectName.maximumIndex { _ = table.take() }
        let beyond = table.take()
        #expect(beyond == .none && beyond.rawValue == .max)
        table.release(beyond)
        let stillBeyond = table.take()
        #expect(stillBeyond == .none)
    }

    @Test func aPoolKnowsItsWorkersOnly() {
        let pool = IdentifierPool(workers: 2)
        #expect(pool.transport(on: WorkerIndex(rawValue: 9)).name == .none)
        _ = pool.transport(on: WorkerIndex(rawValue: 1))
        #expect(pool.transportsInUse() == [0, 1])
    }
}

@Suite struct TimerQueueTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func agreesWithASortedList(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = TimerQueue<Int>()
        var model: [Int: MediaTime] = [:]
        for _ in 0..<20_000 {
            let key = Int.random(in: 0..<60, using: &random)
            let time = MediaTime(microseconds: UInt64.random(in: 0..<1_000, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                queue.set(key, time)
                model[key] = time
            case 2:
                queue.advance(key, to: time)
                model[key] = min(model[key] ?? .never, time)
            case 3:
                queue.cancel(key)
                model[key] = nil
            default:
                let next = queue.next()
                #expect(next == model.values.min() ?? .never, "seed \(seed)")
                if let due = queue.popDue(time) {
                    #expect(model[due] == model.values.min() && model[due].map { $0 <= time } == true, "seed \(seed)")
                    model[due] = nil
                } else {
                    #expect(model.values.allSatisfy { $0 > time }, "seed \(seed)")
                }
            }
            #expect(queue.count == model.count)
        }
    }
}

@Suite struct EventOutboxTests {
    private func publication(_ index: UInt32) -> PublicationID {
        PublicationID(worker: WorkerIndex(rawValue: 0), name: ObjectName(index: index, generation: 0))
    }

    @Test func levelsAreTheNewestAndFactsKeepTheirOrder() {
        var outbox = EventOutbox()
        let owner = OwnerTag(rawValue: 1)
        let other = OwnerTag(rawValue: 2)
        let loud = AudioActivity(publication: publication(1), level: 1, isActive: true)
        let quiet = AudioActivity(publication: publication(1), level: 0, isActive: false)
        outbox.post(.audioActivity([loud]), to: owner)
        outbox.post(.publicationStarted(publication(1)), to: owner)
        outbox.post(.publicationClosed(publication(3)), to: other)
        outbox.post(.publicationStarted(publication(2)), to: owner)
        outbox.post(.audioActivity([quiet]), to: owner)
        #expect(
            outbox.take() == [
                EventBatch(
                    owner: owner,
                    events: [
                        .publicationStarted(publication(1)), .publicationStarted(publication(2)),
                        .audioActivity([quiet]),
                    ]), EventBatch(owner: other, events: [.publicationClosed(publication(3))]),
            ])
        #expect(outbox.take().isEmpty)
    }

    @Test func aClosedPublicationHasNoLevel() {
        var outbox = EventOutbox()
        let owner = OwnerTag(rawValue: 1)
        outbox.post(
            .audioActivity([AudioActivity(publication: publication(1), level: 1, isActive: true)]), to: owner)
        outbox.post(.publicationClosed(publication(1)), to: owner)
        #expect(outbox.take() == [EventBatch(owner: owner, events: [.publicationClosed(publication(1))])])
    }

    @Test func aReaderThatStandsStillCostsABoundedAmount() {
        var outbox = EventOutbox()
        let owner = OwnerTag(rawValue: 1)
        for _ in 0..<10_000 {
            outbox.post(.packet(publication(1), [1]), to: owner)
            outbox.post(
                .audioActivity([AudioActivity(publication: publication(1), level: 1, isActive: true)]), to: owner)
        }
        #expect(outbox.take().flatMap(\.events).count == Limits.pendingTappedPackets + 1)
    }
}
