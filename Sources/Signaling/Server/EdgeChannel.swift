// One accepted TCP connection: counted, gated, then either plain HTTP for the router or a signaling WebSocket.
// NIO's own upgrader does the handshake; what it leaves to us is the answer to a refused one, which must be an ordinary
// HTTP response (livekit-wire.md, 1.6), since it hands back a channel on which nothing was said.

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

struct EdgeChannel<Gateway: SignalGateway>: ServerChildChannel, HTTPChannelHandler {
    enum Outcome: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(WebSocketConnection.Socket, SignalRequest.Version)
        case refused(SignalRefusal)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let outcome: EventLoopFuture<Outcome>
        let admission: Admission<Gateway.Session>
    }

    let gateway: Gateway
    let responder: HTTPChannelHandler.Responder
    let limits: EdgeLimits
    let limiter: ConnectionLimiter
    let statistics: EdgeStatistics
    /// HTTPS: decides what the router reports as the request's scheme.
    let isSecure: Bool

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let admission = Admission<Gateway.Session>()
            guard limiter.enter(channel.remoteAddress) else {
                statistics.connectionRefused()
                channel.close(promise: nil)
                let refused: EventLoopFuture<Outcome> = channel.eventLoop.makeFailedFuture(
                    ChannelError.ioOnClosedChannel)
                return Value(channel: channel, outcome: refused, admission: admission)
            }
            statistics.connectionOpened()
            let remoteAddress = channel.remoteAddress
            channel.closeFuture.whenComplete { [limiter, statistics] _ in
                limiter.leave(remoteAddress)
                statistics.connectionClosed()
            }
            let outcome = try addHTTPHandlers(to: channel, admission, logger)
            return Value(channel: channel, outcome: outcome, admission: admission)
        }
    }

    /// Serves the connection until it ends.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            switch try? await value.outcome.get() {
            case .http(let channel):
                await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let socket, let version):
                guard let session = value.admission.serve() else { break }
                statistics.webSocketOpened(version)
                await WebSocketConnection.run(socket, session)
                statistics.webSocketClosed()
            case .refused(let refusal):
                statistics.responded(refusal.status)
                try? await PlainResponse.write(refusal, to: value.channel)
            case nil:
                break
            }
            value.channel.close(promise: nil)
        } onCancel: {
            value.channel.close(promise: nil)
        }
        await value.admission.leave()?.socketClosed()
    }

    // MARK: Pipelines

    private func addHTTPHandlers(
        to channel: any Channel, _ admission: Admission<Gateway.Session>, _ logger: Logger
    ) throws -> EventLoopFuture<Outcome> {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.headFieldBytes
        decoderLimits.maxHeaderListSize = limits.headFieldBytes + limits.headerBytes
        decoderLimits.maxHeaderFieldCount = limits.headerFields
        let encoder = HTTPResponseEncoder()
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoderLimits))
        let gate = RequestGate(limits: limits, statistics: statistics, onUpgradeRequest: admission.ask)
        let upgrader = NIOTypedWebSocketServerUpgrader<Outcome>(
            maxFrameSize: limits.messageBytes, enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, head in admit(head, channel, admission) },
            upgradePipelineHandler: { channel, head in addWebSocketHandlers(to: channel, head) })
        let upgradeHandler = NIOTypedHTTPServerUpgradeHandler<Outcome>(
            httpEncoder: encoder,
            // The gate leaves before the decoder, whose leftover bytes are no HTTP parts any more.
            extraHTTPHandlers: [gate, decoder],
            upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in stayHTTP(channel, admission, logger) }))
        try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate, upgradeHandler])
        return upgradeHandler.upgradeResultFuture
    }

    private func stayHTTP(
        _ channel: any Channel, _ admission: Admission<Gateway.Session>, _ logger: Logger
    ) -> EventLoopFuture<Outcome> {
        channel.eventLoop.makeCompletedFuture {
            if let refusal = admission.refusal { return .refused(refusal) }
            try channel.pipeline.syncOperations.addHandlers([
                HTTP1ToHTTPServerCodec(secure: isSecure),
                HTTPConnectionStateHandler(idleTimeout: limits.keepAliveTime, logger: logger),
            ])
            return .http(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    private func addWebSocketHandlers(to channel: any Channel, _ head: HTTPRequestHead) -> EventLoopFuture<Outcome> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(WebSocketHandler(limits: limits, statistics: statistics))
            return .webSocket(
                try WebSocketConnection.Socket(wrappingChannelSynchronously: channel),
                SignalRequest(head, from: channel)?.version ?? .v0)
        }
    }

    // MARK: Admission

    /// Asks the gateway before anything is promised to the client. Nil headers mean no upgrade.
    private func admit(
        _ head: HTTPRequestHead, _ channel: any Channel, _ admission: Admission<Gateway.Session>
    ) -> EventLoopFuture<HTTPHeaders?> {
        guard let request = SignalRequest(head, from: channel) else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let promise = channel.eventLoop.makePromise(of: HTTPHeaders?.self)
        promise.completeWithTask { await decide(request, admission) }
        return promise.futureResult
    }

    private func decide(_ request: SignalRequest, _ admission: Admission<Gateway.Session>) async -> HTTPHeaders? {
        do throws(SignalRefusal) {
            let session = try await gateway.open(request)
            if admission.open(session) { return CrossOrigin.headers }
            await session.socketClosed()
        } catch {
            statistics.joinRefused(error.status)
            admission.refuse(error)
        }
        return nil
    }
}

extension SignalRequest {
    /// Nil when the path is not a signaling socket's.
    fileprivate init?(_ head: HTTPRequestHead, from channel: any Channel) {
        guard case .socket(let version) = SignalRoute(path: RequestTarget(head.uri).path) else { return nil }
        self.init(
            version: version, uri: head.uri, authorization: head.headers.first(name: "Authorization"),
            remoteAddress: channel.remoteAddress?.ipAddress ?? "")
    }
}
