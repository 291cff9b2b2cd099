// What waits for one robot: in order, within its budget, nothing twice. A value; who owns it makes the calls.

public struct RobotQueue: Sendable {
    private struct Entry: Sendable {
        var message: RobotMessage
        var subject: String?
        var attempts = 0
    }

    public enum Step: Sendable, Equatable {
        /// Make the call, then say `sent` or `failed`. Nothing else goes meanwhile.
        case send(RobotMessage)
        /// Ask again at this time, in Unix seconds.
        case wait(until: Int64)
        /// Nothing waits, or a call is under way.
        case idle
    }

    /// How often one message is tried.
    private static let attempts = 3

    private var budget = RobotBudget()
    private var waiting: [Entry] = []
    private var current: Entry?
    private var pauseUntil = Int64.min
    /// Messages that were given up: the queue was full, or WeCom did not take them.
    public private(set) var dropped = 0

    public init() {}

    /// Of messages with the same subject (a meeting that is changed again and again) only the last one goes, at the place
    /// of the first. Without a subject, the same message once more while it still waits is none.
    public mutating func add(_ message: RobotMessage, subject: String? = nil) {
        if let subject, let index = waiting.firstIndex(where: { $0.subject == subject }) {
            waiting[index] = Entry(message: message, subject: subject)
            return
        }
        if subject == nil, waiting.contains(where: { $0.message == message }) { return }
        if waiting.count >= WeChatLimits.robotQueue {
            waiting.removeFirst()
            dropped += 1
        }
        waiting.append(Entry(message: message, subject: subject))
    }

    public mutating func next(now: Int64) -> Step {
        guard current == nil, let first = waiting.first else { return .idle }
        if pauseUntil > now + WeChatLimits.robotPeriod { pauseUntil = now }
        let place = max(budget.nextPlace(now: now), pauseUntil)
        guard place <= now, budget.take(now: now) else { return .wait(until: place) }
        waiting.removeFirst()
        current = first
        return .send(first.message)
    }

    public mutating func sent() { current = nil }

    /// Temporary errors cost a pause of `WeChatLimits.robotPeriod`; any other gives the message up.
    public mutating func failed(_ error: WeChatError, now: Int64) {
        guard var entry = current else { return }
        current = nil
        entry.attempts += 1
        guard error.isTemporary else {
            dropped += 1
            return
        }
        if case .rateLimited = error { budget.close(now: now) } else { pauseUntil = now + WeChatLimits.robotPeriod }
        // Something newer on the same subject may have come meanwhile.
        let isOutdated = entry.subject.map { subject in waiting.contains { $0.subject == subject } } ?? false
        if isOutdated { return }
        if entry.attempts < Self.attempts { waiting.insert(entry, at: 0) } else { dropped += 1 }
    }
}
