// Puts the parts together: store, relay, meetings, gateway, webhooks, HTTP edge; and the order in which they stop.

import Foundation
import Logging
import MediaRelay
import ServiceLifecycle
import Signaling
import Synchronization
import UnixSignals
import WebClient

struct Server: Sendable {
    private let configuration: Configuration
    private let relay: Relay
    private let directory: MeetingDirectory
    private let revocations: Revocations
    private let webhooks: Webhooks?
    private let edge: HTTPEdge<LiveKitGateway>
    private let isStopping: StopFlag
    private let logger: Logger

    /// From the signal to the end: goodbyes, close handshakes, the relay's own. A service manager waits longer.
    private static let stopTime: Duration = .seconds(5)

    /// Binds the media ports; the HTTP port is bound by ``run()``.
    /// - Throws: ``ConfigurationProblem``, or an error whose description is one clear line.
    init(_ configuration: Configuration) async throws {
        self.configuration = configuration
        SystemLimits.prepare()
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = configuration.logLevel
            return handler
        }
        logger = Logger(label: "hutong")
        let inherited = try InheritedSockets(
            environment: ProcessInfo.processInfo.environment,
            ports: Set([configuration.listen, configuration.metricsListen].compactMap { $0?.port }))
        let credentials = try TLSFiles.load(configuration)
        let page = try WebPage.bundled()
        let keys = try await AccessKeys(configuration.keys.mapValues { $0.revealed() })
        let store = try Store(folder: configuration.dataDirectory, logger: Logger(label: "hutong.store"))
        let revocations = try await Revocations(store: store)
        let webhooks = configuration.webhooks.map {
            Webhooks($0, store: store, keys: keys, logger: Logger(label: "hutong.webhooks"))
        }
        let relay = try Relay(configuration.relay)
        let directory = MeetingDirectory(
            configuration: configuration.meetings, plane: relay, keys: keys, revocations: revocations, events: webhooks,
            logger: Logger(label: "hutong.meetings"))
        let api = TwirpServer(directory: directory, keys: keys)
        let people = try await PeopleRoutes(store: store, meetings: directory)
        let isStopping = StopFlag()
        self.relay = relay
        self.directory = directory
        self.revocations = revocations
        self.webhooks = webhooks
        self.isStopping = isStopping

        var edgeConfiguration = EdgeConfiguration(listen: configuration.listen)
        edgeConfiguration.metricsListen = configuration.metricsListen
        edgeConfiguration.inheritedSockets = inherited.descriptors
        edgeConfiguration.credentials = credentials
        edgeConfiguration.limits.connectionsPerAddress = configuration.connectionsPerAddress
        let content = EdgeContent(
            page: { path in
                page.file(at: path).map {
                    StaticFile(contentType: $0.contentType, entityTag: $0.entityTag, bytes: $0.bytes)
                }
            },
            isReady: { !isStopping.isSet },
            metrics: {
                let relayStatistics = await relay.statistics()
                let meetingStatistics = await directory.statistics()
                var families = [.build(version: Hutong.version)] + MetricFamily.relay(relayStatistics)
                families +=
                    MetricFamily.meetings(meetingStatistics) + MetricFamily.store(store, revocations) + api.metrics
                if let webhooks { families += MetricFamily.webhooks(await webhooks.statistics()) }
                return families
            },
            developmentToken: configuration.isDevelopment ? Self.developmentToken(keys) : nil, serverAPI: api,
            webhooks: webhooks.map { WebhookRoutes(webhooks: $0, keys: keys) },
            controls: ControlRoutes(directory: directory, keys: keys), people: people)
        edge = HTTPEdge(
            edgeConfiguration,
            gateway: LiveKitGateway(directory: directory, keys: keys, logger: Logger(label: "hutong.signaling")),
            content: content, logger: Logger(label: "hutong.http"),
            onListening: { [ports = relay.ports] address in
                Greeting(configuration: configuration, listening: address, mediaPorts: ports).print()
            })
    }

    /// Returns after SIGTERM or SIGINT, when everybody was told and everything is closed.
    func run() async throws {
        var group = ServiceGroupConfiguration(
            // Stopped from the last to the first: people are told while sockets are still open, media goes on until they
            // have heard it, and what all that was is told to other servers last.
            services: [revocations] + (webhooks.map { [$0] } ?? []) + [
                RelayService(relay: relay, directory: directory), edge,
                MeetingService(directory: directory, isStopping: isStopping),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "hutong.services"))
        group.maximumGracefulShutdownDuration = Self.stopTime
        try await ServiceGroup(configuration: group).run()
        logger.info("stopped")
    }

    /// A token for the page: the query's room and name, an identity nobody else has.
    private static func developmentToken(_ keys: AccessKeys) -> EdgeContent.DevelopmentToken {
        { room, name in
            let identity = "guest-" + String(UInt64.random(in: .min ... .max), radix: 36)
            return try keys.mint(
                .join(meeting: room, identity: identity, name: name), key: Configuration.developmentKey,
                now: Int64(Date().timeIntervalSince1970))
        }
    }
}

/// Set once, when the server begins to stop: readiness says no from then on.
final class StopFlag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// The relay's threads and the road of its events to the meetings.
private struct RelayService: Service {
    let relay: Relay
    let directory: MeetingDirectory

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await pump() }
                await relay.run()
                group.cancelAll()
            }
        } onCancelOrGracefulShutdown: {
            Task { await relay.shutdown() }
        }
    }

    @concurrent
    private func pump() async {
        for await batches in relay.events { await directory.deliver(batches) }
    }
}

/// Nothing to run: meetings live by what comes in. On stop everybody is told.
private struct MeetingService: Service {
    let directory: MeetingDirectory
    let isStopping: StopFlag

    func run() async throws {
        try? await gracefulShutdown()
        isStopping.set()
        await directory.shutdown()
    }
}

extension Configuration {
    var relay: RelayConfiguration {
        var relay = RelayConfiguration()
        relay.bindAddress = media.host
        relay.firstPort = UInt16(clamping: media.port)
        relay.acceptsTCP = acceptsMediaTCP
        relay.workers = workers
        relay.spreadFrom = spreadFrom
        relay.announced = announced
        relay.pinsThreads = pinsThreads
        relay.receiveBufferBytes = UInt32(clamping: receiveBufferBytes)
        relay.sendBufferBytes = UInt32(clamping: sendBufferBytes)
        return relay
    }

    /// Nil: nobody wants to hear of events.
    var webhooks: WebhookConfiguration? {
        guard !webhookURLs.isEmpty, let key = webhookSigningKey else { return nil }
        return WebhookConfiguration(
            urls: webhookURLs, key: key, retention: webhookRetention, giveUpAfter: webhookGiveUpAfter)
    }

    var meetings: MeetingConfiguration {
        var meetings = MeetingConfiguration()
        meetings.maximumParticipants = maximumParticipants
        meetings.emptyTimeout = emptyTimeout
        meetings.departureTimeout = departureTimeout
        meetings.autoSubscribedAudio = autoSubscribedAudio
        meetings.autoSubscribedVideo = autoSubscribedVideo
        meetings.opensOnJoin = opensOnJoin
        meetings.allowsRemoteUnmute = allowsRemoteUnmute
        meetings.simulatesScenarios = simulatesScenarios || isDevelopment
        return meetings
    }
}
