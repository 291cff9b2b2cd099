import Synchronization
import Testing

@testable import WeChat

/// Answers from a list, in order; the last one for ever. Remembers what was asked.
private final class ScriptedTransport: WeChatTransport {
    private let answers: Mutex<[String]>
    private let asked = Mutex<[String]>([])

    init(_ answers: [String]) { self.answers = Mutex(answers) }

    var requests: [String] { asked.withLock { $0 } }

    func get(_ address: String, limit: Int) async throws(TransportFailure) -> WeChatResponse {
        // Time for others to ask meanwhile.
        for _ in 0..<20 { await Task.yield() }
        asked.withLock { $0.append(address) }
        let answer = answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        if answer == "lost" { throw .unreachable }
        if answer == "late" { throw .timedOut }
        return WeChatResponse(status: 200, body: Array(answer.utf8))
    }

    func post(_ address: String, body: [UInt8], limit: Int) async throws(TransportFailure) -> WeChatResponse {
        try await get(address + "|" + String(decoding: body, as: UTF8.self), limit: limit)
    }
}

private final class World: Sendable {
    let now = Mutex<Int64>(1_000_000)
    let pauses = Mutex<[Duration]>([])
    let transport: ScriptedTransport

    init(_ answers: String...) { transport = ScriptedTransport(answers) }

    var client: WeChatClient {
        WeChatClient(transport: transport, clock: { self.now.withLock { $0 } }) { length in
            self.pauses.withLock { $0.append(length) }
        }
    }

    func pass(_ seconds: Int64) { now.withLock { $0 += seconds } }
}

@Suite struct ClientTests {
    private let account = WeChatAccount(appID: "wx1", secret: Secret("s"))
    private let busy = #"{"errcode":-1,"errmsg":"system error"}"#

    private func token(_ name: String, _ life: Int = 7200) -> String {
        #"{"access_token":"\#(name)","expires_in":\#(life)}"#
    }

    @Test func `busy is asked again three times, with growing pauses`() async throws {
        let world = World(busy, busy, busy, token("A"))
        #expect(try await world.client.perform(account.token).secret == Secret("A"))
        #expect(world.pauses.withLock { $0 } == [.milliseconds(200), .milliseconds(400), .milliseconds(800)])
        let stubborn = World(busy)
        await #expect(throws: WeChatError.busy) { try await stubborn.client.perform(account.token) }
        #expect(stubborn.transport.requests.count == 4)
    }

    @Test(arguments: [("lost", WeChatError.unreachable), ("late", .timedOut), ("{", .malformedReply)])
    func `a lost answer is not asked for again, since a code is good for one call`(answer: String, error: WeChatError)
        async
    {
        let world = World(answer)
        await #expect(throws: error) { try await world.client.perform(account.token) }
        #expect(world.transport.requests.count == 1)
    }

    @Test func `many who need a token at once cost one fetch`() async throws {
        let world = World(token("A"), token("B"))
        let keeper = TokenKeeper(account.token, client: world.client)
        let secrets = await withTaskGroup(of: Secret?.self) { group in
            for _ in 0..<50 { group.addTask { try? await keeper.token() } }
            return await group.reduce(into: [Secret?]()) { $0.append($1) }
        }
        #expect(secrets == Array(repeating: Secret("A"), count: 50))
        #expect(world.transport.requests.count == 1)
    }

    @Test func `a token is fetched anew five minutes before its end`() async throws {
        let world = World(token("A"), token("B"))
        let keeper = TokenKeeper(account.token, client: world.client)
        #expect(try await keeper.token() == Secret("A"))
        world.pass(7200 - 301)
        #expect(try await keeper.token() == Secret("A"))
        world.pass(1)
        #expect(try await keeper.token() == Secret("B"))
    }

    @Test(arguments: [40001, 40014, 42001])
    func `a token that WeChat does not take is dropped and fetched once`(number: Int) async throws {
        let ticket = #"{"errcode":0,"ticket":"X","expires_in":7200}"#
        let world = World(token("A"), #"{"errcode":\#(number)}"#, token("B"), ticket)
        let keeper = TokenKeeper(account.token, client: world.client)
        let account = account
        let reply = try await world.client.perform(with: keeper) { account.ticket(token: $0) }
        #expect(reply.secret == Secret("X"))
        #expect(world.transport.requests.map { $0.contains("access_token=B") } == [false, false, false, true])
    }

    @Test func `a second refusal is the end of it`() async throws {
        let world = World(token("A"), #"{"errcode":42001}"#, token("B"), #"{"errcode":42001}"#)
        let keeper = TokenKeeper(account.token, client: world.client)
        let account = account
        await #expect(throws: WeChatError.tokenExpired(42001)) {
            try await world.client.perform(with: keeper) { account.ticket(token: $0) }
        }
        #expect(world.transport.requests.count == 4)
    }

    @Test func `a ticket's keeper uses the token's keeper`() async throws {
        let world = World(token("A"), #"{"ticket":"X","expires_in":7200}"#)
        let tokens = TokenKeeper(account.token, client: world.client)
        let account = account
        let tickets = TokenKeeper(with: tokens, client: world.client) { account.ticket(token: $0) }
        #expect(try await tickets.token() == Secret("X"))
        #expect(try await tickets.token() == Secret("X"))
        #expect(world.transport.requests.count == 2)
    }

    @Test func `a failed fetch is everybody's answer, and the next one tries again`() async throws {
        let world = World("lost", token("A"))
        let keeper = TokenKeeper(account.token, client: world.client)
        await #expect(throws: WeChatError.unreachable) { try await keeper.token() }
        #expect(try await keeper.token() == Secret("A"))
    }

    @Test func `after too often nothing is fetched for a minute`() async throws {
        let world = World(#"{"errcode":45009}"#, token("A"))
        let keeper = TokenKeeper(account.token, client: world.client)
        await #expect(throws: WeChatError.rateLimited(45009)) { try await keeper.token() }
        world.pass(59)
        await #expect(throws: WeChatError.rateLimited(45009)) { try await keeper.token() }
        #expect(world.transport.requests.count == 1)
        world.pass(1)
        #expect(try await keeper.token() == Secret("A"))
    }

    @Test func `somebody else's newer token is not dropped with the old one`() throws {
        var cache = TokenCache()
        #expect(cache.next(now: 0) == .fetch)
        #expect(cache.next(now: 0) == .wait)
        let json = try #require(JSON(Array(token("A").utf8), limit: 100))
        cache.received(try #require(TokenReply(json, field: "access_token")), asked: 0)
        cache.reject(Secret("older"))
        #expect(cache.next(now: 0) == .use(Secret("A")))
        cache.reject(Secret("A"))
        #expect(cache.next(now: 0) == .fetch)
    }

    @Test func `a token with a short life is used for half of it`() throws {
        var cache = TokenCache()
        let json = try #require(JSON(Array(token("A", 100).utf8), limit: 100))
        cache.received(try #require(TokenReply(json, field: "access_token")), asked: 0)
        #expect(cache.next(now: 49) == .use(Secret("A")))
        #expect(cache.next(now: 50) == .fetch)
    }
}
