// Brings one receiver its events, from the store, as the schedule says. Receivers share the store and nothing else: one
// that is dead has its own queue, its own timers and nobody's attention.

import Logging
import SwiftProtobuf

actor WebhookSender {
    /// A receiver in the operator's list. Its place there is what metrics and logs call it.
    struct Receiver: Sendable {
        var index: Int
        var url: WebhookURL
        /// What the store calls it.
        var key: String
    }

    nonisolated let receiver: Receiver
    private let store: Store
    private let makePost: @Sendable (Delivery, WebhookURL) throws -> WebhookPost
    private let clock: MeetingClock
    private let logger: Logger
    private var schedule = DeliverySchedule()
    private var counts = WebhookStatistics.Receiver()
    /// Delivered, but the store could not be told: not to be sent again. By room.
    private var unacknowledged: [String: Int64] = [:]
    private let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation
    private var alarm: Task<Void, Never>?

    init(
        _ receiver: Receiver, store: Store, clock: MeetingClock, logger: Logger,
        makePost: @escaping @Sendable (Delivery, WebhookURL) throws -> WebhookPost
    ) {
        self.receiver = receiver
        self.store = store
        self.makePost = makePost
        self.clock = clock
        self.logger = logger
        (wakeups, wakeup) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: What waits

    func add(_ lanes: [LaneBacklog]) async {
        for lane in lanes { schedule.add(lane.count, to: lane.room, queuedAt: lane.oldest) }
        wakeup.yield()
        while schedule.pending > Limits.webhookQueue {
            guard let drop = try? await store.dropOldestRoom(of: receiver.key) else { return }
            remove(drop)
        }
    }

    /// Some of its deliveries were given up.
    func remove(_ drop: Drop) {
        schedule.remove(drop.count, from: drop.room)
        counts.dropped &+= UInt64(drop.count)
    }

    var statistics: WebhookStatistics.Receiver {
        var statistics = counts
        statistics.queued = schedule.pending
        statistics.oldest = schedule.oldest
        return statistics
    }

    /// Nothing is on its way, and nothing could be: all is delivered or has to wait.
    var isIdle: Bool { schedule.isIdle }

    // MARK: Sending

    /// Until its task is cancelled.
    func run(through transport: any WebhookTransport) async {
        await withDiscardingTaskGroup { group in
            for await _ in wakeups {
                let now = clock.now.uptime
                for room in schedule.start(at: now) {
                    group.addTask { await self.deliver(room, through: transport) }
                }
                setAlarm(now)
            }
        }
        alarm?.cancel()
    }

    private func deliver(_ room: String, through transport: any WebhookTransport) async {
        let outcome = await attempt(room, transport)
        let wasDown = schedule.isDown
        schedule.finish(room, outcome, at: clock.now.uptime, jitter: .random(in: 0...1))
        if schedule.isDown != wasDown {
            let metadata: Logger.Metadata = ["receiver": "\(receiver.index)", "url": "\(receiver.url)"]
            logger.notice(wasDown ? "webhook receiver is back" : "webhook receiver does not answer", metadata: metadata)
        }
        wakeup.yield()
    }

    private func attempt(_ room: String, _ transport: any WebhookTransport) async -> DeliverySchedule.Outcome {
        do {
            guard let delivery = try await store.nextDelivery(to: receiver.key, in: room) else { return .nothingLeft }
            schedule.sending(room, queuedAt: delivery.queuedAt)
            if unacknowledged[room] != delivery.position {
                let outcome = await send(delivery, transport)
                guard outcome == .delivered else { return outcome }
                unacknowledged[room] = delivery.position
            }
            let wasThere = try await store.delivered(delivery.position, to: receiver.key, in: room)
            unacknowledged[room] = nil
            return wasThere ? .delivered : .deliveredLate
        } catch {
            return .storeFailed
        }
    }

    private func send(_ delivery: Delivery, _ transport: any WebhookTransport) async -> DeliverySchedule.Outcome {
        let post: WebhookPost
        do {
            post = try makePost(delivery, receiver.url)
        } catch {
            logger.error("webhook cannot be signed", metadata: ["receiver": "\(receiver.index)"])
            return .refused
        }
        counts.attempts &+= 1
        let answer = await transport.send(post)
        if answer.outcome == .delivered {
            counts.sent &+= 1
        } else {
            counts.failed &+= 1
            logger.debug("webhook failed", metadata: ["receiver": "\(receiver.index)", "answer": "\(answer)"])
        }
        return answer.outcome
    }

    private func setAlarm(_ now: Duration) {
        alarm?.cancel()
        alarm = nil
        guard let deadline = schedule.nextDeadline(after: now) else { return }
        alarm = Task { [wakeup] in
            try? await Task.sleep(for: deadline - now)
            if !Task.isCancelled { wakeup.yield() }
        }
    }
}
