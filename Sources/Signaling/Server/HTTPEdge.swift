// The HTTP edge as a service: one port for pages, API and signaling, a second one for metrics when asked for.

import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
public import ServiceLifecycle

public struct HTTPEdge<Gateway: SignalGateway>: Service {
    private let configuration: EdgeConfiguration
    private let gateway: Gateway
    private let content: EdgeContent
    private let logger: Logger
    private let onListening: @Sendable (ListenAddress) async -> Void
    private let statistics = EdgeStatistics()

    /// - Parameter onListening: called once, when connections are accepted; with the chosen port if that was 0.
    public init(
        _ configuration: EdgeConfiguration, gateway: Gateway, content: EdgeContent, logger: Logger,
        onListening: @escaping @Sendable (ListenAddress) async -> Void
    ) {
        self.configuration = configuration
        self.gateway = gateway
        self.content = content
        self.logger = logger
        self.onListening = onListening
    }

    /// Returns after a graceful shutdown; throws ``EdgeError`` when it cannot listen.
    public func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await runMain() }
            if let address = configuration.metricsListen {
                group.addTask { try await runMetrics(address) }
            }
        }
    }

    private func runMain() async throws {
        let routes = EdgeRoutes(
            gateway: gateway, content: content, statistics: statistics, apiBodyBytes: configuration.limits.apiBodyBytes,
            servesMetrics: configuration.metricsListen == nil)
        let limits = configuration.limits
        let limiter = ConnectionLimiter(limits)
        let plain = HTTPServerBuilder { responder in
            EdgeChannel(
                gateway: gateway, responder: responder, limits: limits, limiter: limiter, statistics: statistics,
                isSecure: configuration.credentials != nil)
        }
        let server =
            try configuration.credentials.map { try HTTPServerBuilder.tls(plain, tlsConfiguration: $0.configuration) }
            ?? plain
        try await listen(configuration.listen, server, routes.main(), onListening)
    }

    private func runMetrics(_ address: ListenAddress) async throws {
        let routes = EdgeRoutes(
            gateway: gateway, content: content, statistics: statistics, apiBodyBytes: configuration.limits.apiBodyBytes,
            servesMetrics: true)
        let idle = configuration.limits.keepAliveTime
        let server = HTTPServerBuilder.http1(configuration: .init(idleTimeout: TimeAmount(idle)))
        try await listen(address, server, routes.metrics()) { [logger] address in
            logger.info("metrics", metadata: ["listen": "\(address)"])
        }
    }

    private func listen(
        _ address: ListenAddress, _ server: HTTPServerBuilder, _ router: Router<EdgeContext>,
        _ onListening: @escaping @Sendable (ListenAddress) async -> Void
    ) async throws {
        // What Hummingbird tells at info (listening, stopping) is told by us in the operator's words.
        var serverLogger = logger
        serverLogger.logLevel = max(logger.logLevel, .notice)
        let application = Application(
            router: router, server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), backlog: Self.backlog),
            onServerRunning: { channel in
                await onListening(ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
            },
            logger: serverLogger)
        do {
            try await application.run()
        } catch {
            throw EdgeError(error, address: address)
        }
    }

    /// Connections the kernel holds while we are busy: 300 people joining in the same second.
    private static var backlog: Int { 1024 }
}

extension EdgeError {
    init(_ error: any Error, address: ListenAddress) {
        if let error = error as? EdgeError {
            self = error
            return
        }
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: self = .portInUse(address)
        case EACCES: self = .permissionDenied(address)
        case EADDRNOTAVAIL: self = .addressNotAvailable(address)
        default:
            let isUnknownName = error is SocketAddressError || "\(type(of: error))".contains("SocketAddress")
            self = .listen(address, isUnknownName ? "the host name has no address" : "\(error)")
        }
    }
}
