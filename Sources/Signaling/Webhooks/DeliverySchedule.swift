// When one receiver gets the next event of which room: a value in virtual time, without events, requests or a clock.
//
//   lane       the events of one room. One at a time, in order; after a failure it waits, and the others do not.
//   receiver   when failures come one after the other, whatever the room, it is down: one request at a time asks
//              whether it is back, ever more rarely, however many rooms wait.

struct DeliverySchedule: Sendable {
    enum Outcome: Sendable, Equatable {
        case delivered
        /// Delivered, but it had been given up meanwhile and is not counted any more.
        case deliveredLate
        /// No answer, or one that says "later".
        case unreachable
        /// An answer that says "not this".
        case refused
        /// Our own store could not be read or written.
        case storeFailed
        /// The lane turned out to be empty.
        case nothingLeft
    }

    private struct Lane {
        enum State: Equatable {
            case ready
            case inFlight
            case waiting(until: Duration, isRefused: Bool)
        }
        var state = State.ready
        var pending: Int
        var failures = 0
        /// When its first event was queued, in milliseconds since 1970.
        var oldest: Int64
    }

    private var lanes: [String: Lane] = [:]
    /// In the order of becoming ready. May name lanes that are gone or not ready any more.
    private var ready: [String] = []
    /// The latest first. May name lanes that are gone or not waiting any more.
    private var waiting: [(until: Duration, room: String)] = []
    private var inFlight = 0
    /// One after the other, of the receiver as a whole.
    private var failures = 0
    /// While it is down: when to ask next.
    private var nextProbe: Duration = .zero

    /// All events that wait.
    private(set) var pending = 0

    var isDown: Bool { failures >= Limits.webhookFailuresUntilDown }
    var isIdle: Bool { inFlight == 0 && (ready.isEmpty || isDown) }

    /// When the event that waits longest was queued, in milliseconds since 1970.
    var oldest: Int64? { lanes.values.map(\.oldest).min() }

    // MARK: What waits

    mutating func add(_ count: Int, to room: String, queuedAt: Int64) {
        guard count > 0 else { return }
        pending += count
        if lanes[room] == nil {
            lanes[room] = Lane(pending: count, oldest: queuedAt)
            ready.append(room)
        } else {
            lanes[room]?.pending += count
        }
    }

    /// Some were given up.
    mutating func remove(_ count: Int, from room: String) {
        guard let lane = lanes[room] else { return }
        let removed = min(count, lane.pending)
        pending -= removed
        lanes[room]?.pending -= removed
        if lane.state != .inFlight { removeIfEmpty(room) }
    }

    /// A lane is about to send an event, which tells since when the lane waits.
    mutating func sending(_ room: String, queuedAt: Int64) { lanes[room]?.oldest = queuedAt }

    private mutating func removeIfEmpty(_ room: String) {
        if let lane = lanes[room], lane.pending == 0 { lanes[room] = nil }
    }

    // MARK: Turns

    /// Rooms whose next event is to be sent now; each is to be finished.
    mutating func start(at now: Duration) -> [String] {
        while let (until, room) = waiting.last, until <= now {
            waiting.removeLast()
            if case .waiting(until, _)? = lanes[room]?.state { makeReady(room) }
        }
        if isDown {
            guard inFlight == 0, nextProbe <= now else { return [] }
        }
        let most = isDown ? 1 : Limits.webhooksInFlight
        var started: [String] = []
        var taken = 0
        while inFlight < most, taken < ready.count {
            let room = ready[taken]
            taken += 1
            guard lanes[room]?.state == .ready else { continue }
            lanes[room]?.state = .inFlight
            inFlight += 1
            started.append(room)
        }
        ready.removeFirst(taken)
        return started
    }

    /// When `start` has something to do that no other call brings about.
    func nextDeadline(after now: Duration) -> Duration? {
        guard inFlight < (isDown ? 1 : Limits.webhooksInFlight) else { return nil }
        guard let next = ready.isEmpty ? waiting.last?.until : now else { return nil }
        return isDown ? max(next, nextProbe) : next
    }

    /// - Parameter jitter: from 0 to 1.
    mutating func finish(_ room: String, _ outcome: Outcome, at now: Duration, jitter: Double) {
        guard lanes[room]?.state == .inFlight else { return }
        inFlight -= 1
        switch outcome {
        case .delivered, .deliveredLate:
            if outcome == .delivered { remove(1, from: room) }
            lanes[room]?.failures = 0
            makeReady(room)
            answered()
        case .nothingLeft:
            remove(.max, from: room)
            removeIfEmpty(room)
        case .refused:
            let attempt = fail(room)
            wait(room, until: now + RetryDelay.refused(attempt, jitter: jitter), isRefused: true)
            answered()
        case .unreachable:
            let attempt = fail(room)
            wait(room, until: now + RetryDelay.unreachable(attempt, jitter: jitter), isRefused: false)
            failures += 1
            let probes = failures - Limits.webhookFailuresUntilDown + 1
            if isDown { nextProbe = now + RetryDelay.unreachable(probes, jitter: jitter) }
        case .storeFailed:
            let attempt = fail(room)
            wait(room, until: now + RetryDelay.unreachable(attempt, jitter: jitter), isRefused: false)
        }
    }

    private mutating func fail(_ room: String) -> Int {
        lanes[room]?.failures += 1
        return lanes[room]?.failures ?? 1
    }

    /// The receiver is there. If it was down, nobody waits any longer but those whom it refused.
    private mutating func answered() {
        let wasDown = isDown
        failures = 0
        if wasDown { wakeAllUnreachable() }
    }

    private mutating func makeReady(_ room: String) {
        removeIfEmpty(room)
        guard lanes[room] != nil else { return }
        lanes[room]?.state = .ready
        ready.append(room)
    }

    private mutating func wait(_ room: String, until: Duration, isRefused: Bool) {
        removeIfEmpty(room)
        guard lanes[room] != nil else { return }
        lanes[room]?.state = .waiting(until: until, isRefused: isRefused)
        // Where it belongs, by halving.
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].until > until { low = middle + 1 } else { high = middle }
        }
        waiting.insert((until, room), at: low)
    }

    private mutating func wakeAllUnreachable() {
        let all = waiting
        waiting = []
        for (until, room) in all {
            guard case .waiting(until, let isRefused)? = lanes[room]?.state else { continue }
            if isRefused { waiting.append((until, room)) } else { makeReady(room) }
        }
    }
}
