// One token that many need and one at a time may fetch: a value that says what to do. `TokenKeeper` does it.

public struct TokenCache: Sendable {
    public enum Step: Sendable, Equatable {
        case use(Secret)
        /// The one who is told so fetches, and says what came of it. Everybody else waits.
        case fetch
        case wait
        /// WeChat said "too often" just now: not before a while.
        case refuse(WeChatError)
    }

    /// Ends that lie in the future by the clock that is given to every call, in Unix seconds.
    private var token: (secret: Secret, staleAt: Int64)?
    private var isFetching = false
    private var holdOff: (error: WeChatError, until: Int64)?

    public init() {}

    public mutating func next(now: Int64) -> Step {
        if isFetching { return .wait }
        if let token, now < token.staleAt { return .use(token.secret) }
        if let holdOff, now < holdOff.until { return .refuse(holdOff.error) }
        isFetching = true
        return .fetch
    }

    /// `asked` is when the fetch began: its answer may have been long on its way.
    public mutating func received(_ reply: TokenReply, asked: Int64) {
        // A token that lives shorter than twice the margin is used for half its life.
        let useful = max(reply.lifetime - WeChatLimits.refreshEarly, reply.lifetime / 2)
        token = (reply.secret, asked + useful)
        isFetching = false
        holdOff = nil
    }

    public mutating func failed(_ error: WeChatError, now: Int64) {
        isFetching = false
        if case .rateLimited = error { holdOff = (error, now + WeChatLimits.holdOff) }
    }

    /// WeChat did not take it. Only this one is dropped: somebody else may have fetched another since.
    public mutating func reject(_ secret: Secret) {
        if token?.secret == secret { token = nil }
    }
}
