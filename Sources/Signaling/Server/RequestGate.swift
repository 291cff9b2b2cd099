// Stands before everything that answers HTTP on a connection: limits on heads, bodies and time, answers to what is not
// HTTP, and which requests may become WebSockets.

import NIOCore
import NIOHTTP1

final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: EdgeLimits
    private let statistics: EdgeStatistics
    private let onUpgradeRequest: () -> Void
    private var deadline: Scheduled<Void>?
    private var requests = 0
    private var unanswered = 0
    /// Of the request's body so far, and at most.
    private var bodyBytes = 0
    private var bodyLimit = 0
    /// The connection is ending; nothing more is let through.
    private var isShut = false

    /// - Parameter onUpgradeRequest: called on the event loop when the first request asks for a signaling WebSocket.
    init(limits: EdgeLimits, statistics: EdgeStatistics, onUpgradeRequest: @escaping () -> Void) {
        self.limits = limits
        self.statistics = statistics
        self.onUpgradeRequest = onUpgradeRequest
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(limits.requestHeadTime)) {
            let (gate, context) = loopBound.value
            gate.statistics.requestRejected()
            gate.shut(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isShut else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            receive(head, context)
        case .body(let body):
            bodyBytes += body.readableBytes
            guard bodyBytes <= bodyLimit else { return shut(context) }
            context.fireChannelRead(data)
        case .end:
            context.fireChannelRead(data)
        }
    }

    private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        let headerBytes = head.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard headerBytes <= limits.headerBytes else { return reject(context, .requestHeaderFieldsTooLarge) }
        requests &+= 1
        unanswered += 1
        bodyBytes = 0
        // What is too large for the API is still answered, so that its caller learns why.
        let path = RequestTarget(head.uri).path
        let takesMore = ServerAPIRoute(path: path) != nil || path == PeopleRoutes.importPath
        bodyLimit = limits.requestBodyBytes + (takesMore ? limits.apiBodyBytes : 0)
        guard head.headers.contains(name: "Upgrade") else {
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        }
        var head = head
        if Self.isSignalUpgrade(head) {
            guard requests == 1 else {
                // An upgrade is possible only as the first request of a connection. A proxy that reuses an idle
                // connection for it takes a close without an answer for a stale connection and comes back on a new one.
                return shut(context)
            }
            onUpgradeRequest()
        } else {
            // RFC 9110, 7.8: an upgrade we do not offer (h2c of many HTTP clients) is ignored, the request answered.
            // The decoder has stopped at what looked like a change of protocol, so no second request can follow.
            head.headers.remove(name: "Upgrade")
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    /// A GET without a body for a signaling path that asks for a WebSocket.
    static func isSignalUpgrade(_ head: HTTPRequestHead) -> Bool {
        guard head.method == .GET, head.version == .http1_1,
            head.headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            !head.headers.contains(name: "Transfer-Encoding"), head.headers.first(name: "Content-Length") ?? "0" == "0",
            case .socket = SignalRoute(path: RequestTarget(head.uri).path)
        else { return false }
        return true
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unanswered -= 1 }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        reject(context, error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest)
    }

    /// Answers a head that cannot be taken, unless an earlier request of the connection still waits for its own answer.
    private func reject(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus) {
        guard !isShut else { return }
        statistics.requestRejected()
        guard unanswered == 0 else { return shut(context) }
        isShut = true
        deadline?.cancel()
        statistics.responded(Int(status.code))
        for part in PlainResponse.parts(status: status, text: status.reasonPhrase) {
            context.write(wrapOutboundOut(part), promise: nil)
        }
        context.flush()
        // Give the client a moment to read the answer: closing with unread bytes resets the connection.
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: TimeAmount(limits.closeTime)) { loopBound.value.close(promise: nil) }
    }

    private func shut(_ context: ChannelHandlerContext) {
        isShut = true
        context.close(promise: nil)
    }
}
