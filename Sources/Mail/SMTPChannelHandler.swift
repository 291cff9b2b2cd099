// The shell of `SMTPExchange` in a channel: cuts lines, obeys actions, keeps time.

import NIOCore
import NIOSSL
import NIOTLS

final class SMTPChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Outcome = Result<SMTPReceipt, DeliveryError>

    private var exchange: SMTPExchange
    private let server: SMTPServer
    /// Nil when the outcome is told.
    private var outcome: EventLoopPromise<Outcome>?
    private var received = ByteBuffer()
    private var deadline: Scheduled<Void>?

    init(_ exchange: SMTPExchange, _ server: SMTPServer, outcome: EventLoopPromise<Outcome>) {
        self.exchange = exchange
        self.server = server
        self.outcome = outcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { setDeadline(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        setDeadline(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { tell(.failure(.disconnected(exchange.stage))) }

    func channelInactive(context: ChannelHandlerContext) {
        tell(.failure(.disconnected(exchange.stage)))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A connection cut off is no fault of the encryption.
        let isCut = (error as? NIOSSLError) == .uncleanShutdown
        let isAboutTLS = !isCut && (error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError)
        tell(.failure(isAboutTLS ? .tlsFailed : .disconnected(exchange.stage)))
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { perform(exchange.secured(), context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard outcome != nil else { return }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        while outcome != nil, let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
            guard var line = received.readBytes(length: end - received.readerIndex) else { break }
            received.moveReaderIndex(forwardBy: 1)
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            perform(exchange.receive(line), context)
        }
        received.discardReadBytes()
        if received.readableBytes > MailLimits.replyLineBytes {
            finish(.failure(.malformedReply(exchange.stage)), context)
        }
    }

    // MARK: Actions

    private func perform(_ action: SMTPExchange.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .wait: break
        case .send(let bytes):
            context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
            setDeadline(context)
        case .startTLS: startTLS(context)
        case .finish(let result): finish(result, context)
        }
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        // Whatever follows the answer came unencrypted: somebody on the way put it there, to be taken for the server's.
        guard received.readableBytes == 0 else { return finish(.failure(.malformedReply(.startTLS)), context) }
        do {
            guard let tls = server.tls else { return finish(.failure(.tlsFailed), context) }
            try context.pipeline.syncOperations.addHandler(server.tlsHandler(tls), position: .first)
            setDeadline(context)
        } catch {
            finish(.failure(.tlsFailed), context)
        }
    }

    private func finish(_ result: Outcome, _ context: ChannelHandlerContext) {
        guard outcome != nil else { return }
        tell(result)
        // Politeness: nobody waits for the answer.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "QUIT\r\n")), promise: nil)
        context.close(promise: nil)
    }

    private func tell(_ result: Outcome) {
        deadline?.cancel()
        deadline = nil
        outcome?.succeed(result)
        outcome = nil
    }

    /// Counted from what we sent, not from what came: a server that sends a byte now and then is late all the same.
    private func setDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let limit = exchange.stage == .message ? server.timeouts.message : server.timeouts.reply
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.tell(.failure(.timedOut(self.exchange.stage)))
            context.close(promise: nil)
        }
    }
}

extension SMTPServer {
    /// For a server named by its address the certificate is checked against the address that answered.
    func tlsHandler(_ tls: NIOSSLContext) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
        return try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host)
    }
}
