// From a meeting's event to the receiver's answer, with a real store and receivers that are a record of requests.

import Foundation
import GRDB
import JWTKit
import LiveKitProtocol
import Logging
import SwiftProtobuf
import Synchronization
import Testing

@testable import Signaling

/// Answers as the test says, and remembers.
final class RecordedReceivers: WebhookTransport {
    private struct State {
        var posts: [WebhookPost] = []
        var running: [String: Int] = [:]
        var mostAtOnce: [String: Int] = [:]
        var answer: @Sendable (WebhookPost) -> WebhookAnswer = { _ in .status(200) }
    }
    private let state = Mutex(State())

    func answer(_ answer: @escaping @Sendable (WebhookPost) -> WebhookAnswer) { state.withLock { $0.answer = answer } }

    func send(_ post: WebhookPost) async -> WebhookAnswer {
        let lane = post.url.text + " " + post.meeting
        let answer = state.withLock { state in
            state.running[lane, default: 0] += 1
            state.mostAtOnce[lane] = max(state.mostAtOnce[lane] ?? 0, state.running[lane] ?? 0)
            return state.answer
        }
        await Task.yield()
        let result = answer(post)
        state.withLock { state in
            state.running[lane, default: 0] -= 1
            if result.outcome == .delivered { state.posts.append(post) }
        }
        return result
    }

    var posts: [WebhookPost] { state.withLock { $0.posts } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce.values.max() ?? 0 } }

    func sequences(_ url: String, _ meeting: String) -> [Int] {
        posts.filter { $0.url.text == url && $0.meeting == meeting }.map(\.sequence)
    }
}

extension WebhookPost {
    func header(_ name: String) -> String { headers.first { $0.name == name }?.value ?? "" }
    var meeting: String { header(Self.meetingHeader) }
    var sequence: Int { Int(header(Self.sequenceHeader)) ?? 0 }
}

@Suite(.timeLimit(.minutes(2)))
struct WebhooksTests {
    static let url = "https://a.example/hook"
    static let other = "http://b.example:8080"
    static let secret = "a-secret-of-at-least-thirty-two-bytes"

    private func webhooks(_ store: Store, _ urls: [String] = [url]) async throws -> Webhooks {
        let configuration = WebhookConfiguration(
            urls: urls.compactMap(WebhookURL.init), key: "key", retention: .seconds(3600), giveUpAfter: .seconds(3600))
        return Webhooks(
            configuration, store: store, keys: try await AccessKeys(["key": Self.secret]),
            logger: TemporaryStore.logger)
    }

    private func event(_ sequence: UInt64, room: String = "m", kind: MeetingEvent.Kind = .trackPublished)
        -> MeetingEvent
    {
        let message = LiveKitWebhookEvent.with {
            $0.id = "EV_\(room)_\(sequence)"
            $0.event = kind.rawValue
            $0.room.name = room
            $0.room.sid = "RM_\(room)"
        }
        return MeetingEvent(sequence: sequence, createdAt: MeetingClock().now, message: message)
    }

    /// Runs them until the body is done, then stops them as a service manager would.
    private func run(
        _ webhooks: Webhooks, _ receivers: RecordedReceivers, _ body: () async throws -> Void
    ) async throws {
        let task = Task { await webhooks.run(through: receivers) }
        defer { task.cancel() }
        try await body()
        task.cancel()
        await task.value
    }

    private func until(_ condition: () async -> Bool) async throws {
        while await !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func everyReceiverGetsEveryEventInOrderOneAtATime() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let webhooks = try await webhooks(store, [Self.url, Self.other])
            // Some before the start, as in a server that is just starting.
            for number in 1...30 { for room in ["m", "n"] { webhooks.record(event(UInt64(number), room: room)) } }
            try await run(webhooks, receivers) {
                for number in 31...60 { for room in ["m", "n"] { webhooks.record(event(UInt64(number), room: room)) } }
                try await until { receivers.posts.count == 240 }
            }
            for url in [Self.url, Self.other] {
                for room in ["RM_m", "RM_n"] { #expect(receivers.sequences(url, room) == Array(1...60)) }
            }
            #expect(receivers.mostAtOnce == 1)
            let statistics = await webhooks.statistics()
            #expect(statistics.receivers.map(\.sent) == [120, 120] && statistics.receivers.map(\.queued) == [0, 0])
            #expect(statistics.unstored == 0 && statistics.lost == 0)
        }
    }

    @Test func aRequestIsSignedAsReceiversWantIt() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let webhooks = try await webhooks(store)
            webhooks.record(event(1, room: "会议"))
            try await run(webhooks, receivers) { try await until { receivers.posts.count == 1 } }
            let post = try #require(receivers.posts.first)
            #expect(post.header("Content-Type") == "application/webhook+json")
            let message = try LiveKitWebhookEvent(jsonString: post.body)
            #expect(message.room.name == "会议" && message.event == "track_published")
            // jwt-kit's own verification: the algorithm, the key and the time.
            struct Payload: JWTPayload {
                var iss: String
                var nbf: Int64
                var exp: Int64
                var sha256: String
                func verify(using algorithm: some JWTAlgorithm) throws {}
            }
            let keys = await JWTKeyCollection().add(hmac: HMACKey(from: Self.secret), digestAlgorithm: .sha256)
            let payload = try await keys.verify(post.header("Authorization"), as: Payload.self)
            #expect(payload.iss == "key" && payload.exp - payload.nbf == 300)
            #expect(abs(Double(payload.nbf) - Date().timeIntervalSince1970) < 60)
            #expect(Data(base64Encoded: payload.sha256)?.count == 32)
        }
    }

    @Test func aReceiverThatFailsGetsTheSameAgainAndNothingBeforeIt() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let failures = Mutex<[WebhookAnswer]>([.none, .status(500)])
            receivers.answer { _ in failures.withLock { $0.popLast() } ?? .status(204) }
            let webhooks = try await webhooks(store)
            for number in 1...3 { webhooks.record(event(UInt64(number))) }
            try await run(webhooks, receivers) { try await until { receivers.posts.count == 3 } }
            #expect(receivers.sequences(Self.url, "RM_m") == [1, 2, 3])
            let receiver = try #require(await webhooks.statistics().receivers.first)
            #expect(receiver.attempts == 5 && receiver.failed == 2 && receiver.sent == 3)
        }
    }

    /// The process ends with a queue; the next one goes on where it stood, and says that the meetings in it are over.
    @Test func theNextProcessGoesOn() async throws {
        try await TemporaryStore.folder { folder in
            let receivers = RecordedReceivers()
            do {
                let store = try Store(folder: folder, logger: TemporaryStore.logger)
                let webhooks = try await webhooks(store)
                receivers.answer { _ in .none }
                try await run(webhooks, receivers) {
                    for number in 1...5 { webhooks.record(event(UInt64(number))) }
                    webhooks.record(event(1, room: "n"))
                    webhooks.record(event(2, room: "n", kind: .roomFinished))
                    try await until { await webhooks.statistics().receivers[0].queued == 7 }
                }
            }
            receivers.answer { _ in .status(200) }
            let store = try Store(folder: folder, logger: TemporaryStore.logger)
            let webhooks = try await webhooks(store)
            try await run(webhooks, receivers) { try await until { receivers.posts.count == 8 } }
            #expect(receivers.sequences(Self.url, "RM_m") == [1, 2, 3, 4, 5, 6])
            #expect(receivers.sequences(Self.url, "RM_n") == [1, 2])
            let last = try LiveKitWebhookEvent(
                jsonString: try #require(receivers.posts.last { $0.meeting == "RM_m" }).body)
            #expect(last.event == "room_finished" && last.room.name == "m" && last.id.hasPrefix("EV_"))
        }
    }

    @Test func aFailingDiskKeepsEventsInMemory() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let webhooks = try await webhooks(store)
            try await run(webhooks, receivers) {
                webhooks.record(event(1))
                try await until { receivers.posts.count == 1 }
                try await store.perform { try $0.execute(sql: "ALTER TABLE event RENAME TO away") }
                for number in 2...20 { webhooks.record(event(UInt64(number))) }
                try await until { store.failures > 0 }
                #expect(await webhooks.statistics().unstored == 19)
                try await store.perform { try $0.execute(sql: "ALTER TABLE away RENAME TO event") }
                try await until { receivers.posts.count == 20 }
            }
            #expect(receivers.sequences(Self.url, "RM_m") == Array(1...20))
        }
    }

    @Test func memoryIsBoundedAndWhatIsLostIsCounted() {
        let backlog = EventBacklog()
        for number in 0..<(Limits.eventBacklog + 5) { backlog.add(event(UInt64(number))) }
        #expect(backlog.count == Limits.eventBacklog && backlog.dropped == 5)
        #expect(backlog.first(2).map(\.sequence) == [0, 1], "what came first stays without a gap")
        backlog.removeFirst(10)
        backlog.add(event(7))
        #expect(backlog.count == Limits.eventBacklog - 9 && backlog.dropped == 5)

        let large = EventBacklog()
        var event = event(1)
        event.message.participant.metadata = String(repeating: "x", count: Limits.metadataBytes)
        for _ in 0..<200 { large.add(event) }
        #expect(large.count < 130 && large.dropped > 70)
    }

    @Test func aQueueIsBoundedAndTheNextEventSaysHowManyWereGivenUp() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let webhooks = try await webhooks(store)
            receivers.answer { _ in .status(400) }
            try await run(webhooks, receivers) {
                for number in 1...3 { webhooks.record(event(UInt64(number))) }
                try await until { await webhooks.statistics().receivers[0].queued == 3 }
            }
            let key = try await store.perform { try String.fetchOne($0, sql: "SELECT receiver FROM delivery") }
            #expect(try await store.dropOldestRoom(of: try #require(key))?.count == 2)
            receivers.answer { _ in .status(200) }
            let next = try await self.webhooks(store)
            try await run(next, receivers) { try await until { receivers.posts.count == 2 } }
            let body = try LiveKitWebhookEvent(jsonString: try #require(receivers.posts.first).body)
            #expect(body.id == "EV_m_3" && body.numDropped == 2)
        }
    }

    @Test func replayedEventsComeAgainWordForWord() async throws {
        try await TemporaryStore.with { store in
            let receivers = RecordedReceivers()
            let webhooks = try await webhooks(store)
            for number in 1...4 { webhooks.record(event(UInt64(number))) }
            try await run(webhooks, receivers) {
                try await until { receivers.posts.count == 4 }
                try await until { await webhooks.statistics().receivers[0].queued == 0 }
                #expect(try await webhooks.replay(ReplayRange(room: "m", from: .sequence(3), to: nil)) == 2)
                try await until { receivers.posts.count == 6 }
                #expect(try await webhooks.replay(ReplayRange(room: nil, from: .id("EV_x"), to: nil)) == nil)
            }
            #expect(receivers.posts.map(\.sequence) == [1, 2, 3, 4, 3, 4])
            #expect(receivers.posts[4].body == receivers.posts[2].body)
        }
    }

    @Test(arguments: [
        (WebhookAnswer.status(200), DeliverySchedule.Outcome.delivered), (.status(204), .delivered),
        (.status(299), .delivered), (.status(301), .refused), (.status(308), .refused), (.status(400), .refused),
        (.status(401), .refused), (.status(404), .refused), (.status(408), .unreachable), (.status(410), .refused),
        (.status(425), .unreachable), (.status(429), .unreachable), (.status(500), .unreachable),
        (.status(503), .unreachable), (.none, .unreachable), (.status(100), .refused), (.status(999), .refused),
    ])
    func whatAnswersMean(answer: WebhookAnswer, outcome: DeliverySchedule.Outcome) {
        #expect(answer.outcome == outcome)
    }

    @Test func urlsHideWhatMayBeASecret() {
        #expect(WebhookURL("https://a.example/x?key=secret")?.description == "https://a.example/…")
        #expect(WebhookURL("HTTP://a.example:8080/")?.description == "http://a.example:8080")
        #expect(WebhookURL("http://[::1]:9/?key=secret")?.description == "http://[::1]:9/…")
        for text in [
            "", "a.example", "ftp://a.example", "http://", "https:///x", "http://user:secret@a.example", "http://a b",
            "http+unix://x/y", "http://a.example/#x", "http://a.example:0", "http://a.example:99999", "file:///x",
        ] {
            #expect(WebhookURL(text) == nil, "\(text)")
        }
    }
}
