// One listening address: accepts connections and serves each until it ends. In place of Hummingbird's Application, which
// can only bind for itself: a service manager may hold the listening socket while we restart, so that nobody who comes in
// between is refused; the kernel keeps his connection until we are back.

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import ServiceLifecycle

struct EdgeListener<Connection: ServerChildChannel>: Sendable {
    let address: ListenAddress
    /// Descriptor of a socket that listens already; nil: bind `address`.
    let inherited: CInt?
    let connection: Connection
    let logger: Logger

    /// Connections the kernel holds while we are busy: 300 people joining in the same second. Who hands us a socket has
    /// chosen it himself.
    private static var backlog: Int32 { 1024 }

    /// Returns after a graceful shutdown, when all connections have ended; throws ``EdgeError`` when it cannot listen.
    func run(onListening: @Sendable (ListenAddress) async -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let quiescing = ServerQuiescingHelper(group: group)
        let (accepted, acceptance) = AsyncStream<Connection.Value>.makeStream()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(quiescing.makeServerChannelHandler(channel: channel))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [connection, logger] channel in
                connection.setup(channel: channel, logger: logger).map { _ = acceptance.yield($0) }
            }
        let channel: any Channel
        do {
            channel =
                if let inherited {
                    try await bootstrap.withBoundSocket(inherited).get()
                } else {
                    try await bootstrap.bind(host: address.host, port: address.port).get()
                }
        } catch {
            throw EdgeError(error, address: address)
        }
        channel.closeFuture.whenComplete { _ in acceptance.finish() }
        await withTaskCancellationOrGracefulShutdownHandler {
            await onListening(
                ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
            await withDiscardingTaskGroup { group in
                for await value in accepted {
                    group.addTask { await connection.handle(value: value, logger: logger) }
                }
            }
        } onCancelOrGracefulShutdown: {
            quiescing.initiateShutdown(promise: nil)
        }
    }
}

/// Lets a router answer requests.
func edgeResponder(_ router: Router<EdgeContext>, _ logger: Logger) -> HTTPChannelHandler.Responder {
    let responder = router.buildResponder()
    return { request, writer, channel in
        let context = EdgeContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        let response = try await responder.respond(to: request, context: context)
        try await writer.write(response: response.head, body: response.body)
    }
}
