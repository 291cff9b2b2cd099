// The shell of `TokenCache`: however many ask at once, one fetch is on its way.

public actor TokenKeeper {
    private let fetch: @Sendable () async throws(WeChatError) -> TokenReply
    private let clock: @Sendable () -> Int64
    private var cache = TokenCache()
    private var fetching: Task<Result<Secret, WeChatError>, Never>?

    /// Of an account's or app's own token.
    public init(_ call: TokenCall, client: WeChatClient) {
        fetch = { () async throws(WeChatError) in try await client.perform(call) }
        clock = client.clock
    }

    /// Of a ticket, for which a token is needed.
    public init(
        with keeper: TokenKeeper, client: WeChatClient, _ call: @escaping @Sendable (_ token: Secret) -> TokenCall
    ) {
        fetch = { () async throws(WeChatError) in try await client.perform(with: keeper, call) }
        clock = client.clock
    }

    public func token() async throws(WeChatError) -> Secret {
        let now = clock()
        switch cache.next(now: now) {
        case .use(let secret): return secret
        case .refuse(let error): throw error
        case .fetch:
            // A task of its own: whoever asked first may give up, the others are still waiting.
            fetching = Task { await refresh(asked: now) }
        case .wait: break
        }
        guard let fetching else { throw .unreachable }
        return try await fetching.value.get()
    }

    /// WeChat did not take this one.
    public func reject(_ secret: Secret) { cache.reject(secret) }

    private func refresh(asked: Int64) async -> Result<Secret, WeChatError> {
        do throws(WeChatError) {
            let reply = try await fetch()
            cache.received(reply, asked: asked)
            return .success(reply.secret)
        } catch {
            cache.failed(error, now: clock())
            return .failure(error)
        }
    }
}
