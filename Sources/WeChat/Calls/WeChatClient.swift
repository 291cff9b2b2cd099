// Makes calls over the transport that it is given, again after "busy", and with a fresh token after an ended one.

public struct WeChatClient: Sendable {
    private let transport: any WeChatTransport
    let clock: @Sendable () -> Int64
    private let pause: @Sendable (Duration) async -> Void

    /// `clock` gives Unix seconds; `pause` waits, or returns early when its task is cancelled.
    public init(
        transport: any WeChatTransport, clock: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable (Duration) async -> Void
    ) {
        self.transport = transport
        self.clock = clock
        self.pause = pause
    }

    /// Only "busy" is asked again, at most `WeChatLimits.busyRetries` times. After a lost or broken answer nobody knows
    /// whether the call was made, and a code is good for one.
    public func perform<Reply>(_ call: WeChatCall<Reply>) async throws(WeChatError) -> Reply {
        var pauseLength = Duration.milliseconds(200)
        var retries = 0
        while true {
            do throws(WeChatError) {
                return try call.reply(to: try await send(call.request))
            } catch {
                guard error == .busy, retries < WeChatLimits.busyRetries, !Task.isCancelled else { throw error }
            }
            retries += 1
            await pause(pauseLength)
            pauseLength *= 2
        }
    }

    /// With the keeper's token. If WeChat says that it is over, with the next one, once.
    public func perform<Reply>(
        with keeper: TokenKeeper, _ call: @Sendable (_ token: Secret) -> WeChatCall<Reply>
    ) async throws(WeChatError) -> Reply {
        let token = try await keeper.token()
        do throws(WeChatError) {
            return try await perform(call(token))
        } catch {
            guard case .tokenExpired = error else { throw error }
        }
        await keeper.reject(token)
        return try await perform(call(try await keeper.token()))
    }

    private func send(_ request: WeChatRequest) async throws(WeChatError) -> WeChatResponse {
        do throws(TransportFailure) {
            return switch request.method {
            case .get: try await transport.get(request.address, limit: request.replyLimit)
            case .post: try await transport.post(request.address, body: request.body, limit: request.replyLimit)
            }
        } catch {
            switch error {
            case .unreachable: throw .unreachable
            case .timedOut: throw .timedOut
            case .tooLarge: throw .malformedReply
            }
        }
    }
}
