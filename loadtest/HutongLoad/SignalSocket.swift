// One participant's WebSocket: the upgrade by hand, so that a refusal comes with the server's words, and the frames by
// NIO.

import NIOCore
import NIOPosix
import NIOSSL
import NIOWebSocket

enum SignalEvent: Sendable {
    /// Connected; the upgrade is on its way.
    case opened(SignalSocket)
    /// The server agreed; messages may be sent.
    case upgraded
    case message(ByteBuffer)
    /// For good. Why, for a report.
    case closed(String)
}

/// Where signaling is.
struct SignalAddress: Sendable, Equatable {
    var host: String
    var port: Int
    var usesTLS: Bool
    /// What stands before `/rtc`, without a slash at its end.
    var path = ""

    /// `http` for what is asked beside the WebSocket.
    var httpURL: String { "\(usesTLS ? "https" : "http")://\(hostText):\(port)\(path)" }
    var hostText: String { host.contains(":") ? "[\(host)]" : host }
}

struct SignalSocket: Sendable {
    private let channel: any Channel

    /// - Parameter events: called on the event loop; the last one is `closed`.
    static func open(
        _ address: SignalAddress, target: String, token: String, headers: [(String, String)] = [],
        on eventLoop: any EventLoop, events: @escaping @Sendable (SignalEvent) -> Void
    ) {
        var lines = [
            "GET \(target) HTTP/1.1", "Host: \(address.hostText):\(address.port)", "Connection: Upgrade",
            // RFC 6455, 4.1: any 16 bytes. This client trusts the server to be a server of WebSockets.
            "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: aHV0b25nLWxvYWQtdGVzdA==",
        ]
        if !token.isEmpty { lines.append("Authorization: Bearer \(token)") }
        lines += headers.map { "\($0.0): \($0.1)" }
        let request = lines.joined(separator: "\r\n") + "\r\n\r\n"
        let bootstrap = ClientBootstrap(group: eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(10))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if address.usesTLS {
                        // It is one's own server, often with a certificate of its own; this tests load, not identity.
                        var configuration = TLSConfiguration.makeClientConfiguration()
                        configuration.certificateVerification = .none
                        let context = try NIOSSLContext(configuration: configuration)
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(UpgradeHandler(request: request, events: events))
                }
            }
        bootstrap.connect(host: address.host, port: address.port).whenComplete { result in
            switch result {
            case .success(let channel): events(.opened(SignalSocket(channel: channel)))
            case .failure(let error): events(.closed("no connection to \(address.hostText):\(address.port): \(error)"))
            }
        }
    }

    func send(_ bytes: [UInt8], opcode: WebSocketOpcode = .binary) {
        let frame = WebSocketFrame(
            fin: true, opcode: opcode, maskKey: .random(), data: channel.allocator.buffer(bytes: bytes))
        channel.writeAndFlush(frame, promise: nil)
    }

    func close() {
        send([0x03, 0xe8], opcode: .connectionClose)
        channel.close(promise: nil)
    }
}

/// Until the server has said 101.
private final class UpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// An answer that is longer is none that we know.
    private static let mostHeadBytes = 16_384
    /// A list of everybody in a meeting of 300 is 150 kB.
    private static let mostFrameBytes = 8 * 1_024 * 1_024

    private let request: String
    private let events: @Sendable (SignalEvent) -> Void
    private var head = ByteBuffer()
    private var isOver = false

    init(request: String, events: @escaping @Sendable (SignalEvent) -> Void) {
        self.request = request
        self.events = events
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: request)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        head.writeBuffer(&bytes)
        guard let end = head.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if head.readableBytes > Self.mostHeadBytes { fail(context, "an answer that is no HTTP") }
            return
        }
        let length = end.upperBound - head.readerIndex
        let text = head.readString(length: length) ?? ""
        guard text.hasPrefix("HTTP/1.1 101 ") else {
            let status = text.prefix { $0 != "\r\n" && $0 != "\r" }
            let words = head.readString(length: min(head.readableBytes, 200)) ?? ""
            fail(context, "refused: \(status) \(words)")
            return
        }
        do {
            let pipeline = context.pipeline.syncOperations
            let frames = FrameHandler(events: events)
            try pipeline.addHandlers(
                [
                    WebSocketFrameEncoder(),
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: Self.mostFrameBytes)), frames,
                ], position: .after(self))
        } catch {
            fail(context, "\(error)")
            return
        }
        isOver = true
        events(.upgraded)
        if head.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(head)) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { fail(context, "closed before the upgrade") }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, "\(error)") }

    private func fail(_ context: ChannelHandlerContext, _ reason: String) {
        guard !isOver else { return }
        isOver = true
        events(.closed(reason))
        context.close(promise: nil)
    }
}

/// After it: joins fragments, answers pings.
private final class FrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let events: @Sendable (SignalEvent) -> Void
    private var fragments: ByteBuffer?
    private var isOver = false

    init(events: @escaping @Sendable (SignalEvent) -> Void) { self.events = events }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        var payload = frame.unmaskedData
        switch frame.opcode {
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: payload)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            let code = payload.readInteger(as: UInt16.self).map(String.init) ?? "no code"
            end("closed by the server (\(code) \(payload.readString(length: payload.readableBytes) ?? ""))")
            context.close(promise: nil)
        case .binary, .text, .continuation:
            if frame.fin, fragments == nil {
                events(.message(payload))
            } else {
                var whole = fragments ?? ByteBuffer()
                whole.writeBuffer(&payload)
                fragments = frame.fin ? nil : whole
                if frame.fin { events(.message(whole)) }
            }
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end("closed without a word") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("\(error)")
        context.close(promise: nil)
    }

    private func end(_ reason: String) {
        guard !isOver else { return }
        isOver = true
        events(.closed(reason))
    }
}
