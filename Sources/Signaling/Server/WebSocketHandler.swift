// One WebSocket on its event loop: messages in, outputs out, pings, and an end to every kind of silence. Outputs are
// written by one task; what this handler writes itself (pongs, pings, close frames) goes between whole messages, since
// we never fragment.

import NIOCore
import NIOWebSocket

final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = SignalFrame
    typealias OutboundIn = SignalOutput
    typealias OutboundOut = WebSocketFrame

    private let limits: EdgeLimits
    private let statistics: EdgeStatistics
    private var assembler: WebSocketMessageAssembler
    /// Our close frame is out: nothing may follow it (RFC 6455, 5.5.1), and what still arrives is discarded.
    private var isClosing = false
    private var lastHeard: NIODeadline = .now()
    private var pings: RepeatedTask?
    private var stall: Scheduled<Void>?
    private var closing: Scheduled<Void>?

    init(limits: EdgeLimits, statistics: EdgeStatistics) {
        self.limits = limits
        self.statistics = statistics
        assembler = WebSocketMessageAssembler(limits: limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        lastHeard = context.eventLoop.now
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let interval = TimeAmount(limits.pingInterval)
        pings = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let (handler, context) = loopBound.value
            handler.ping(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimers() }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimers()
        context.fireChannelInactive()
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if isClosing {
            // The client's answer to our close frame ends the handshake; anything else came too late.
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        switch assembler.receive(frame) {
        case .nothing:
            break
        case .message(let message):
            context.fireChannelRead(wrapInboundOut(message))
        case .ping(let payload):
            // A client that pings without reading must not fill our memory; 5.5.3 allows answering only the last ping.
            guard context.channel.isWritable else { break }
            context.writeAndFlush(
                wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: payload)), promise: nil)
        case .close(let code):
            sendClose(context, code: code, reason: "", thenCloseAtOnce: true)
        case .violation(let code, let reason):
            statistics.protocolViolation(closeCode: code)
            sendClose(context, code: code, reason: reason)
        }
    }

    /// Fires for any bytes, so that one long message on a slow line does not look like silence.
    func channelReadComplete(context: ChannelHandlerContext) {
        lastHeard = context.eventLoop.now
        context.fireChannelReadComplete()
    }

    /// What the frame codec refused.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? NIOWebSocketError else {
            if !isClosing { context.fireErrorCaught(error) }
            return
        }
        guard !isClosing else { return }
        // 7.4.1: too big a message, or bytes that are no frame.
        let code: WebSocketErrorCode = error == .invalidFrameLength ? .messageTooLarge : .protocolError
        let number = UInt16(webSocketErrorCode: code)
        statistics.protocolViolation(closeCode: number)
        sendClose(context, code: number, reason: error == .invalidFrameLength ? "message too large" : "invalid frame")
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The listener stops. Sessions say their own goodbye before that; who is still here gets a short one.
        if event is ChannelShouldQuiesceEvent, !isClosing {
            sendClose(context, code: UInt16(webSocketErrorCode: .goingAway), reason: "server stops")
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: To the client

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        switch unwrapOutboundIn(data) {
        case .frame(.binary(let bytes)):
            let frame = WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes))
            context.write(wrapOutboundOut(frame), promise: promise)
        case .frame(.text(let text)):
            let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
            context.write(wrapOutboundOut(frame), promise: promise)
        case .close(let code, let reason):
            sendClose(context, code: code, reason: reason, promise: promise)
        case .abort:
            isClosing = true
            context.close(promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            stall = closeLater(context, after: limits.writeStallTime)
        }
        context.fireChannelWritabilityChanged()
    }

    private func sendClose(
        _ context: ChannelHandlerContext, code: UInt16, reason: String, thenCloseAtOnce: Bool = false,
        promise: EventLoopPromise<Void>? = nil
    ) {
        isClosing = true
        var payload = ByteBuffer()
        payload.writeInteger(code)
        payload.writeString(Self.closeReason(reason))
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: payload)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
        if thenCloseAtOnce {
            context.close(promise: nil)
        } else {
            // Closing now, with unread bytes in the kernel, would reset the connection and lose the close frame.
            closing = closeLater(context, after: limits.closeTime)
        }
    }

    /// A control frame's payload is at most 125 bytes (RFC 6455, 5.5), two of them the code, cut between characters.
    static func closeReason(_ reason: String) -> String {
        var cut = reason
        while cut.utf8.count > 123 { cut.removeLast() }
        return cut
    }

    // MARK: Time

    private func ping(_ context: ChannelHandlerContext) {
        if context.eventLoop.now - lastHeard > TimeAmount(limits.silenceTime) {
            context.close(promise: nil)
        } else if !isClosing, context.channel.isWritable {
            let frame = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        }
    }

    private func closeLater(_ context: ChannelHandlerContext, after time: Duration) -> Scheduled<Void> {
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: TimeAmount(time)) { loopBound.value.close(promise: nil) }
    }

    private func stopTimers() {
        pings?.cancel()
        stall?.cancel()
        closing?.cancel()
        (pings, stall, closing) = (nil, nil, nil)
    }
}
