// Hands messages to the operator's mail server, over a connection for each.

import NIOCore
import NIOPosix

public enum SMTPClient {
    private static var group: MultiThreadedEventLoopGroup { .singleton }

    /// Returns when the server took the message for at least one of the recipients. Nothing of it is logged here.
    ///
    /// - Parameters:
    ///   - sender: where the server reports failures to (the envelope's; `message.from` is what people see).
    ///   - recipients: who gets it, up to 100; `message.to` is what people see.
    public static func send(
        _ message: MailMessage, from sender: MailAddress, to recipients: [MailAddress], via server: SMTPServer
    ) async throws(DeliveryError) -> SMTPReceipt {
        guard !recipients.isEmpty else { throw .invalidMessage(.noRecipient) }
        guard recipients.count <= MailLimits.recipients else { throw .invalidMessage(.tooManyRecipients) }
        let envelope: SMTPEnvelope
        do {
            envelope = SMTPEnvelope(from: sender, recipients: recipients, message: try message.encoded())
        } catch {
            throw .invalidMessage(error)
        }
        let exchange = SMTPExchange(
            envelope, helloName: server.helloName, security: server.security, credentials: server.credentials)
        let outcome = group.any().makePromise(of: SMTPChannelHandler.Outcome.self)
        let channel: any Channel
        do {
            channel = try await connect(exchange, server, outcome).get()
        } catch {
            outcome.succeed(.failure(.unreachable))
            throw Task.isCancelled ? .cancelled : .unreachable
        }
        let result = await withTaskCancellationHandler {
            // The promise never fails: see `SMTPChannelHandler.tell`.
            (try? await outcome.futureResult.get()) ?? .failure(.disconnected(.connection))
        } onCancel: {
            channel.close(promise: nil)
        }
        if case .failure = result, Task.isCancelled { throw .cancelled }
        return try result.get()
    }

    private static func connect(
        _ exchange: SMTPExchange, _ server: SMTPServer, _ outcome: EventLoopPromise<SMTPChannelHandler.Outcome>
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(server.timeouts.connection))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if server.security == .implicitTLS, let tls = server.tls {
                        try channel.pipeline.syncOperations.addHandler(server.tlsHandler(tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        SMTPChannelHandler(exchange, server, outcome: outcome))
                }
            }
            .connect(host: server.host, port: server.port)
    }
}
