import NIOCore
import NIOEmbedded
import Testing

@testable import Mail

/// The shell in a channel without a network.
@Suite struct ChannelTests {
    private final class Wire {
        let channel = EmbeddedChannel()
        private(set) var outcome: SMTPChannelHandler.Outcome?

        init(security: SMTPServer.Security = .none) throws {
            let server = try SMTPServer(
                host: "mail.example", port: 25, security: security, helloName: "me.example",
                timeouts: .init(connection: .seconds(1), reply: .seconds(30), message: .seconds(120)))
            let envelope = SMTPEnvelope(
                from: try MailAddress("a@x"), recipients: [try MailAddress("b@x")], message: Array("text\r\n".utf8))
            let promise = channel.eventLoop.makePromise(of: SMTPChannelHandler.Outcome.self)
            let exchange = SMTPExchange(envelope, helloName: "me.example", security: security, credentials: nil)
            try channel.pipeline.syncOperations.addHandler(SMTPChannelHandler(exchange, server, outcome: promise))
            promise.futureResult.assumeIsolated().whenSuccess { self.outcome = $0 }
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 25)).wait()
        }

        func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        var sent: String {
            get throws {
                var text = ""
                while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
                return text
            }
        }
    }

    @Test func `lines are put together from pieces, with and without a carriage return`() throws {
        let wire = try Wire()
        for piece in ["22", "0 hi\r", "\n250", " x\n2", "50 ok\r\n250 ok\r\n354 go\r\n"] { try wire.receive(piece) }
        #expect(
            try wire.sent == "EHLO me.example\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\ntext\r\n.\r\n")
        #expect(wire.outcome == nil)
        try wire.receive("250 done\r\n")
        #expect(try wire.outcome?.get().reply.text == "done")
        #expect(try wire.sent == "QUIT\r\n")
        #expect(!wire.channel.isActive)
    }

    @Test func `a line without an end is not kept`() throws {
        let wire = try Wire()
        try wire.receive("220 " + String(repeating: "x", count: 4090))
        #expect(wire.outcome == nil)
        try wire.receive("xxx")
        #expect(wire.outcome == .failure(.malformedReply(.greeting)))
    }

    @Test func `a server that says nothing is left, and a byte now and then does not help it`() throws {
        let wire = try Wire()
        for _ in 0..<29 {
            wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try wire.receive("2")
        }
        #expect(wire.outcome == nil)
        wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(wire.outcome == .failure(.timedOut(.greeting)))
        #expect(!wire.channel.isActive)
    }

    @Test func `a whole message may take longer`() throws {
        let wire = try Wire()
        try wire.receive("220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n")
        wire.channel.embeddedEventLoop.advanceTime(by: .seconds(119))
        #expect(wire.outcome == nil)
        wire.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(wire.outcome == .failure(.timedOut(.message)))
    }

    @Test func `a connection that ends says where`() throws {
        let wire = try Wire()
        try wire.receive("220 x\r\n250 x\r\n")
        try wire.channel.close().wait()
        #expect(wire.outcome == .failure(.disconnected(.sender)))
    }

    @Test func `what is injected behind the answer to STARTTLS ends it`() throws {
        let wire = try Wire(security: .startTLS)
        try wire.receive("220 x\r\n250-x\r\n250 STARTTLS\r\n")
        #expect(try wire.sent == "EHLO me.example\r\nSTARTTLS\r\n")
        try wire.receive("220 go\r\n250 AUTH PLAIN\r\n")
        #expect(wire.outcome == .failure(.malformedReply(.startTLS)))
        #expect(try wire.sent == "QUIT\r\n")
    }
}
