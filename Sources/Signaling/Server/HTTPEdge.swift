// The HTTP edge as a service: one port for pages, API and signaling, a second one for metrics when asked for.

import Foundation
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
        let channel = EdgeChannel(
            gateway: gateway, responder: edgeResponder(routes.main(), logger), limits: limits,
            limiter: ConnectionLimiter(limits), statistics: statistics, isSecure: configuration.credentials != nil)
        if let credentials = configuration.credentials {
            let channel = try TLSChannel(channel, tlsConfiguration: credentials.configuration)
            try await listen(configuration.listen, channel, onListening)
        } else {
            try await listen(configuration.listen, channel, onListening)
        }
    }

    private func runMetrics(_ address: ListenAddress) async throws {
        let routes = EdgeRoutes(
            gateway: gateway, content: content, statistics: statistics, apiBodyBytes: configuration.limits.apiBodyBytes,
            servesMetrics: true)
        let idle = configuration.limits.keepAliveTime
        let channel = HTTP1Channel(
            responder: edgeResponder(routes.metrics(), logger), configuration: .init(idleTimeout: TimeAmount(idle)))
        try await listen(address, channel) { [logger] address in
            logger.info("metrics", metadata: ["listen": "\(address)"])
        }
    }

    private func listen(
        _ address: ListenAddress, _ channel: some ServerChildChannel,
        _ onListening: @Sendable (ListenAddress) async -> Void
    ) async throws {
        let listener = EdgeListener(
            address: address, inherited: configuration.inheritedSockets[address.port], connection: channel,
            logger: logger)
        try await listener.run(onListening: onListening)
    }
}

extension EdgeError {
    init(_ error: any Error, address: ListenAddress) {
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
