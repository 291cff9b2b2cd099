// Webhooks as a whole: events come in from the meetings, are stored, and go out to every receiver in order, at least
// once. The store is the queue: whatever happens to this process or to a receiver, what was stored is sent.
//
//   Meeting ─▶ EventBacklog ─▶ Store ─▶ WebhookSender, one for each receiver ─▶ WebhookTransport

import AsyncHTTPClient
import Crypto
import Foundation
import LiveKitProtocol
public import Logging
public import ServiceLifecycle
import SwiftProtobuf

public final class Webhooks: EventSink, Service {
    private let configuration: WebhookConfiguration
    private let store: Store
    private let backlog = EventBacklog()
    private let senders: [WebhookSender]
    private let clock: MeetingClock
    private let logger: Logger

    /// - Parameter keys: among them the configuration's.
    public init(_ configuration: WebhookConfiguration, store: Store, keys: AccessKeys, logger: Logger) {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        let clock = MeetingClock()
        self.clock = clock
        senders = configuration.urls.enumerated().map { index, url in
            let receiver = WebhookSender.Receiver(index: index, url: url, key: Self.storeKey(of: url))
            return WebhookSender(receiver, store: store, clock: clock, logger: logger) { delivery, url in
                try WebhookPost(delivery, to: url, keys: keys, key: configuration.key, now: clock.now.unixSeconds)
            }
        }
    }

    /// The URL may hold a secret, which the store does not need to know.
    private static func storeKey(of url: WebhookURL) -> String {
        SHA256.hash(data: Data(url.text.utf8)).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            .joined()
    }

    public func record(_ event: MeetingEvent) { backlog.add(event) }

    // MARK: Running

    public func run() async throws {
        try await HTTPClient.withHTTPClient(configuration: HTTPWebhookTransport.configuration) { client in
            await run(through: HTTPWebhookTransport(client: client))
        }
    }

    /// Returns after a graceful shutdown, with everything stored and, for a moment, what can be sent.
    func run(through transport: any WebhookTransport) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                while await !resume(), !backlog.isClosed { try? await Task.sleep(for: Limits.storeRetryTime) }
                for sender in senders { group.addTask { await sender.run(through: transport) } }
                group.addTask { await self.maintain() }
                await storeEvents()
                await settle()
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: { [backlog] in
            backlog.close()
        }
    }

    /// Takes up what an earlier process left: its deliveries, and meetings in which it ended.
    /// - Returns: false when the store failed; nothing was taken up then.
    private func resume() async -> Bool {
        do {
            let receivers = senders.map(\.receiver.key)
            let forgotten = try await store.forgetReceivers(except: receivers)
            if forgotten > 0 {
                logger.notice(
                    "webhooks of receivers no longer configured given up", metadata: ["count": "\(forgotten)"])
            }
            let last = try await store.unfinishedMeetings().compactMap(finished)
            try await store.append(last, to: receivers, at: clock.now.unixMilliseconds)
            var lanes: [[LaneBacklog]] = []
            for receiver in receivers { lanes.append(try await store.lanes(of: receiver)) }
            for (sender, lanes) in zip(senders, lanes) { await sender.add(lanes) }
            return true
        } catch {
            return false
        }
    }

    /// Nobody could say so when it happened: receivers must not think for ever that people are still there.
    private func finished(_ newest: StoredEvent) -> StoredEvent? {
        guard let before = try? LiveKitWebhookEvent(jsonString: newest.body) else { return nil }
        var names = RandomNames()
        let message = LiveKitWebhookEvent.with {
            $0.event = MeetingEvent.Kind.roomFinished.rawValue
            $0.id = names.sid("EV_")
            $0.createdAt = clock.now.unixSeconds
            $0.room = before.room
            $0.room.numParticipants = 0
            $0.room.numPublishers = 0
        }
        return StoredEvent(
            MeetingEvent(sequence: UInt64(clamping: newest.sequence) &+ 1, createdAt: clock.now, message: message))
    }

    /// Until the backlog is closed and empty.
    private func storeEvents() async {
        for await _ in backlog.signals {
            while true {
                let batch = backlog.first(Limits.webhookBatch)
                guard !batch.isEmpty else { break }
                let events = batch.compactMap(StoredEvent.init)
                do {
                    try await store.append(
                        events, to: senders.map(\.receiver.key), at: clock.now.unixMilliseconds)
                    backlog.removeFirst(batch.count)
                    await queued(events)
                } catch {
                    // The disk is full or fails: they wait here. A server that stops cannot wait with them.
                    if backlog.isClosed { return }
                    try? await Task.sleep(for: Limits.storeRetryTime)
                }
            }
        }
    }

    private func queued(_ events: [StoredEvent]) async {
        let now = clock.now.unixMilliseconds
        let counts = Dictionary(events.map { ($0.room, 1) }, uniquingKeysWith: +)
        let lanes = counts.map { LaneBacklog(room: $0.key, count: $0.value, oldest: now) }
        for sender in senders { await sender.add(lanes) }
    }

    /// The last events of a server that stops are worth a moment.
    private func settle() async {
        let end = clock.now.uptime + Limits.webhookSettleTime
        while clock.now.uptime < end, !Task.isCancelled {
            var isIdle = true
            for sender in senders where await !sender.isIdle { isIdle = false }
            if isIdle { return }
            try? await Task.sleep(for: Limits.webhookSettlePoll)
        }
    }

    private func maintain() async {
        while !Task.isCancelled {
            // First the wait: after a long stop of ours, what is too old is tried once more.
            try? await Task.sleep(for: Limits.webhookMaintenanceTime)
            await giveUpAndForget()
        }
    }

    private func giveUpAndForget() async {
        let now = clock.now.unixMilliseconds
        func before(_ time: Duration) -> Int64 { now &- time.components.seconds &* 1000 }
        do {
            for drop in try await store.dropDeliveries(queuedBefore: before(configuration.giveUpAfter)) {
                await senders.first { $0.receiver.key == drop.receiver }?.remove(drop)
            }
            try await store.forgetEvents(
                createdBefore: before(configuration.retention), beyond: Limits.storedEvents)
        } catch {
            // Said by the store; the next minute tries again.
        }
    }

    // MARK: For operators

    /// Queues stored events again.
    /// - Returns: how many deliveries that are, or nil when a bound names no stored event.
    func replay(_ range: ReplayRange) async throws(StoreFailure) -> Int? {
        let receivers = senders.map(\.receiver.key)
        guard let queued = try await store.replay(range, to: receivers, at: clock.now.unixMilliseconds) else {
            return nil
        }
        for sender in senders { await sender.add(queued[sender.receiver.key] ?? []) }
        return queued.values.joined().reduce(0) { $0 + $1.count }
    }

    public func statistics() async -> WebhookStatistics {
        var statistics = WebhookStatistics(now: clock.now.unixMilliseconds)
        statistics.unstored = backlog.count
        statistics.lost = backlog.dropped
        for sender in senders {
            var receiver = await sender.statistics
            receiver.url = sender.receiver.url
            statistics.receivers.append(receiver)
        }
        return statistics
    }
}

extension StoredEvent {
    /// Serialized here, once. Nil for what has no JSON form, which no event of ours lacks.
    init?(_ event: MeetingEvent) {
        guard let body = try? event.message.jsonString() else { return nil }
        self.init(
            // Only the queue's name: SQLite's texts end at a NUL.
            id: event.message.id, room: event.message.room.name.replacing("\0", with: " "),
            meeting: event.message.room.sid,
            sequence: Int64(clamping: event.sequence),
            isLast: event.message.event == MeetingEvent.Kind.roomFinished.rawValue,
            createdAt: event.createdAt.unixMilliseconds, body: body)
    }
}
