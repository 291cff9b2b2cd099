// Who gets the next event when, in virtual time.

import ScenarioSupport
import Testing

@testable import Signaling

/// A schedule that can be driven from within an expectation.
@dynamicMemberLookup
private final class Driven {
    private var schedule = DeliverySchedule()

    /// One event in each of these rooms.
    init(_ rooms: String...) {
        for room in rooms { schedule.add(1, to: room, queuedAt: 0) }
    }

    subscript<Value>(dynamicMember path: KeyPath<DeliverySchedule, Value>) -> Value { schedule[keyPath: path] }
    func add(_ count: Int, to room: String, queuedAt: Int64) { schedule.add(count, to: room, queuedAt: queuedAt) }
    func remove(_ count: Int, from room: String) { schedule.remove(count, from: room) }
    func sending(_ room: String, queuedAt: Int64) { schedule.sending(room, queuedAt: queuedAt) }
    func start(at now: Duration) -> [String] { schedule.start(at: now) }
    func nextDeadline(after now: Duration) -> Duration? { schedule.nextDeadline(after: now) }
    func finish(_ room: String, _ outcome: DeliverySchedule.Outcome, at now: Duration, jitter: Double) {
        schedule.finish(room, outcome, at: now, jitter: jitter)
    }
}

struct DeliveryScheduleTests {

    @Test func oneEventOfARoomAtATime() {
        let schedule = Driven()
        schedule.add(3, to: "a", queuedAt: 0)
        schedule.add(1, to: "b", queuedAt: 0)
        #expect(schedule.start(at: .zero) == ["a", "b"])
        #expect(schedule.start(at: .zero) == [])
        schedule.add(1, to: "a", queuedAt: 0)
        #expect(schedule.start(at: .zero) == [], "a has one on its way")
        schedule.finish("b", .delivered, at: .zero, jitter: 1)
        #expect(schedule.start(at: .zero) == [])
        for left in [3, 2, 1, 0] {
            schedule.finish("a", .delivered, at: .zero, jitter: 1)
            #expect(schedule.pending == left)
            #expect(schedule.start(at: .zero) == (left == 0 ? [] : ["a"]))
        }
        #expect(schedule.isIdle && schedule.nextDeadline(after: .zero) == nil)
    }

    @Test func roomsShareTheConnectionsInTurn() {
        let schedule = Driven()
        let rooms = (0..<20).map { "r\($0)" }
        for room in rooms { schedule.add(2, to: room, queuedAt: 0) }
        var order: [String] = []
        var running = schedule.start(at: .zero)
        #expect(running.count == Limits.webhooksInFlight)
        while !running.isEmpty {
            let room = running.removeFirst()
            order.append(room)
            schedule.finish(room, .delivered, at: .zero, jitter: 1)
            running += schedule.start(at: .zero)
            #expect(running.count <= Limits.webhooksInFlight)
        }
        #expect(order.count == 40 && Set(order.prefix(20)) == Set(rooms), "everybody's first before anybody's second")
    }

    @Test func afterAFailureARoomWaitsAndTheOthersDoNot() {
        let schedule = Driven("a", "b")
        schedule.add(1, to: "b", queuedAt: 0)
        #expect(schedule.start(at: .zero) == ["a", "b"])
        schedule.finish("a", .unreachable, at: .zero, jitter: 1)
        schedule.finish("b", .delivered, at: .zero, jitter: 1)
        #expect(schedule.start(at: .zero) == ["b"])
        schedule.finish("b", .delivered, at: .zero, jitter: 1)
        #expect(schedule.start(at: .zero) == [])
        #expect(schedule.nextDeadline(after: .zero) == .seconds(1))
        #expect(schedule.start(at: .milliseconds(999)) == [])
        #expect(schedule.start(at: .seconds(1)) == ["a"])
        // Twice in a row: longer. After a success, from the start again.
        schedule.finish("a", .unreachable, at: .seconds(1), jitter: 1)
        #expect(schedule.nextDeadline(after: .seconds(1)) == .seconds(3))
        #expect(schedule.start(at: .seconds(3)) == ["a"])
        schedule.add(1, to: "a", queuedAt: 0)
        schedule.finish("a", .delivered, at: .seconds(3), jitter: 1)
        #expect(schedule.start(at: .seconds(3)) == ["a"])
        schedule.finish("a", .unreachable, at: .seconds(3), jitter: 1)
        #expect(schedule.nextDeadline(after: .seconds(3)) == .seconds(4))
    }

    /// However many rooms wait, a dead receiver is asked by one request at a time, ever more rarely.
    @Test func aDeadReceiverCostsNextToNothing() {
        let schedule = Driven()
        for room in 0..<10_000 { schedule.add(1, to: "r\(room)", queuedAt: 0) }
        var now = Duration.zero
        var requests = 0
        while now < .seconds(3600) {
            let started = schedule.start(at: now)
            if schedule.isDown { #expect(started.count <= 1) }
            requests += started.count
            for room in started { schedule.finish(room, .unreachable, at: now, jitter: 1) }
            guard let next = schedule.nextDeadline(after: now) else { break }
            #expect(next >= now)
            now = max(next, now + .milliseconds(1))
        }
        #expect(schedule.isDown && schedule.isIdle && schedule.pending == 10_000)
        // Eight at first, then some more in the first minute, then two a minute.
        #expect(requests < 150, "\(requests)")
    }

    @Test func aReceiverThatComesBackGetsEverythingAtOnce() {
        let schedule = Driven()
        for room in 0..<100 { schedule.add(1, to: "r\(room)", queuedAt: 0) }
        var now = Duration.zero
        for _ in 0..<40 {
            for room in schedule.start(at: now) { schedule.finish(room, .unreachable, at: now, jitter: 1) }
            now = schedule.nextDeadline(after: now) ?? now
        }
        #expect(schedule.isDown)
        var running = schedule.start(at: now)
        #expect(running.count == 1)
        var delivered = 0
        while !running.isEmpty {
            schedule.finish(running.removeFirst(), .delivered, at: now, jitter: 1)
            delivered += 1
            running += schedule.start(at: now)
        }
        #expect(delivered == 100 && schedule.pending == 0 && !schedule.isDown)
    }

    /// Nobody else waits for an event that its receiver does not want, and it is not asked again all the time.
    @Test func aRefusedEventWaitsAlone() {
        let schedule = Driven("bad", "good")
        _ = schedule.start(at: .zero)
        for _ in 0..<10 { schedule.add(1, to: "good", queuedAt: 0) }
        schedule.finish("bad", .refused, at: .zero, jitter: 1)
        schedule.finish("good", .delivered, at: .zero, jitter: 1)
        for _ in 0..<10 {
            #expect(schedule.start(at: .zero) == ["good"])
            schedule.finish("good", .delivered, at: .zero, jitter: 1)
        }
        #expect(!schedule.isDown)
        #expect(schedule.nextDeadline(after: .zero) == .seconds(15))

        // Nor when the receiver was away in between and is back.
        schedule.add(20, to: "good", queuedAt: 0)
        var now = Duration.zero
        while !schedule.isDown {
            for room in schedule.start(at: now) { schedule.finish(room, .unreachable, at: now, jitter: 0) }
            now = schedule.nextDeadline(after: now) ?? now
        }
        #expect(schedule.start(at: now) == ["good"])
        schedule.finish("good", .delivered, at: now, jitter: 1)
        #expect(!schedule.isDown && schedule.start(at: now) == ["good"])
    }

    @Test func aFailingStoreIsNotTheReceiversFault() {
        let schedule = Driven("a")
        for _ in 0..<20 {
            let now = schedule.nextDeadline(after: .zero) ?? .zero
            #expect(schedule.start(at: now) == ["a"])
            schedule.finish("a", .storeFailed, at: now, jitter: 1)
        }
        #expect(!schedule.isDown && schedule.pending == 1)
    }

    @Test func whatIsGivenUpIsNotCountedTwice() {
        let schedule = Driven()
        schedule.add(5, to: "a", queuedAt: 0)
        schedule.add(2, to: "b", queuedAt: 0)
        #expect(schedule.start(at: .zero) == ["a", "b"])
        // All of a's are given up while its first is on its way, and it arrives all the same.
        schedule.remove(5, from: "a")
        schedule.finish("a", .deliveredLate, at: .zero, jitter: 1)
        schedule.remove(9, from: "b")
        schedule.finish("b", .nothingLeft, at: .zero, jitter: 1)
        schedule.remove(1, from: "unknown")
        #expect(schedule.pending == 0 && schedule.isIdle && schedule.oldest == nil)
        schedule.add(1, to: "a", queuedAt: 7)
        #expect(schedule.start(at: .zero) == ["a"] && schedule.oldest == 7)
    }

    @Test func knowsSinceWhenTheOldestWaits() {
        let schedule = Driven()
        schedule.add(2, to: "a", queuedAt: 100)
        schedule.add(1, to: "b", queuedAt: 200)
        schedule.add(1, to: "a", queuedAt: 300)
        #expect(schedule.oldest == 100)
        _ = schedule.start(at: .zero)
        schedule.finish("a", .delivered, at: .zero, jitter: 1)
        schedule.sending("a", queuedAt: 300)
        #expect(schedule.oldest == 200)
    }

    /// Whatever happens in whatever order, the numbers stay right and nothing is forgotten.
    @Test(arguments: 1...20) func nothingIsForgotten(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let schedule = Driven()
        var waiting: [String: Int] = [:]
        var running: [String] = []
        var now = Duration.zero
        let outcomes: [DeliverySchedule.Outcome] = [.delivered, .delivered, .unreachable, .refused, .storeFailed]
        for step in 0..<2000 {
            if step < 1000, Bool.random(using: &random) {
                let room = "r\(Int.random(in: 0..<30, using: &random))"
                schedule.add(1, to: room, queuedAt: Int64(step))
                waiting[room, default: 0] += 1
            }
            now += .milliseconds(Int.random(in: 0..<20_000, using: &random))
            let started = schedule.start(at: now)
            #expect(Set(started).isDisjoint(with: running) && started.allSatisfy { waiting[$0, default: 0] > 0 })
            running += started
            if let index = running.indices.randomElement(using: &random) {
                let outcome = step < 1500 ? outcomes.randomElement(using: &random) ?? .delivered : .delivered
                let room = running.remove(at: index)
                schedule.finish(room, outcome, at: now, jitter: Double.random(in: 0...1, using: &random))
                if outcome == .delivered { waiting[room, default: 0] -= 1 }
            }
            #expect(schedule.pending == waiting.values.reduce(0, +))
        }
        #expect(schedule.pending == 0, "seed \(seed)")
    }
}
