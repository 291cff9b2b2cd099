// The table of every setting. Reading, `hutong check`, the refusal of unknown keys, environment names and
// hutong.example.yaml all come from it: a setting is added here and nowhere else.

import Logging
import Signaling

struct ConfigurationKey: Sendable {
    /// In the YAML file, dots for nesting.
    let path: String
    /// What the number counts; empty where the value says it itself.
    let unit: String
    /// One to three lines for the person who runs the server.
    let summary: [String]
    /// Reads a value into the configuration.
    let apply: @Sendable (ConfigurationValue, inout Configuration) throws(Malformed) -> Void
    /// The value as it could be written in the file; secrets hidden.
    let show: @Sendable (Configuration) -> String

    struct Malformed: Error {
        let expectation: String
    }

    /// `media.receive_buffer` → `HUTONG_MEDIA_RECEIVE_BUFFER`.
    var environmentName: String { Self.environmentPrefix + path.uppercased().replacing(".", with: "_") }

    static let environmentPrefix = "HUTONG_"

    init<Value>(
        _ path: String, _ field: any WritableKeyPath<Configuration, Value> & Sendable,
        _ format: ConfigurationFormat<Value>, unit: String = "", _ summary: String...
    ) {
        self.path = path
        self.unit = unit
        self.summary = summary
        apply = { value, configuration throws(Malformed) in
            guard let parsed = format.parse(value) else { throw Malformed(expectation: format.expectation) }
            configuration[keyPath: field] = parsed
        }
        show = { format.show($0[keyPath: field]) }
    }

    static let all: [ConfigurationKey] = [
        ConfigurationKey(
            "listen", \.listen, .address(names: true),
            "TCP address of page, API and signaling. Behind a reverse proxy keep 127.0.0.1."),
        ConfigurationKey(
            "keys", \.keys, .keys,
            "API keys and their secrets, at least \(AccessKeys.minimumSecretBytes) bytes each; they sign join tokens:",
            "  keys: { mykey: a-secret-of-32-bytes-or-more }",
            "Make one with `openssl rand -hex 32`. Keep this file readable by the server only."),
        ConfigurationKey(
            "tls.certificate", \.certificatePath, ConfigurationFormat.path.optional(),
            "PEM file of the certificate chain, to serve HTTPS and WSS directly."),
        ConfigurationKey(
            "tls.key", \.privateKeyPath, ConfigurationFormat.path.optional(), "PEM file of its private key."),
        ConfigurationKey(
            "tls.self_signed", \.isSelfSigned, .boolean,
            "Make a certificate of our own, for a trial on a LAN. Browsers warn once."),
        ConfigurationKey(
            "http.connections_per_address", \.connectionsPerAddress, .integer(1...100_000), unit: "connections",
            "Most TCP connections from one IPv4 address or IPv6 /64; a proxy on another machine counts as one address.",
            "This machine's own addresses are not limited."),
        ConfigurationKey(
            "signaling.simulate_scenarios", \.simulatesScenarios, .boolean,
            "Let clients ask for failures of their own connection (SimulateScenario), to test applications.",
            "Always on with --dev."),
        ConfigurationKey(
            "media.listen", \.media, .address(names: false),
            "Numeric address and first UDP port of media. Worker n uses this port + n; open them all in the firewall."),
        ConfigurationKey(
            "media.tcp", \.acceptsMediaTCP, .boolean,
            "Listen on the TCP ports of the same numbers too, for people whose network blocks UDP. UDP is preferred."),
        ConfigurationKey(
            "media.announce", \.announced, .addresses,
            "Numeric addresses told to clients, such as the public one before a NAT. Empty: the address above, which",
            "then must not be a wildcard."),
        ConfigurationKey(
            "media.workers", \.workers, .automatic(1...64), unit: "threads",
            "Packet loops, each with its own UDP port. auto: one per core."),
        ConfigurationKey(
            "media.spread_from", \.spreadFrom, .integer(1...10_000), unit: "people",
            "So many of one meeting are on one packet loop, those who come later on whichever has most room. Less only",
            "costs; more makes sense on few fast cores."),
        ConfigurationKey(
            "media.pin_threads", \.pinsThreads, .boolean,
            "Keep each packet loop on one core. Worth it on a machine that does nothing else."),
        ConfigurationKey(
            "media.receive_buffer", \.receiveBufferBytes, .bytes((64 << 10)...(64 << 20)), unit: "bytes",
            "Kernel buffer of each media socket. More than net.core.rmem_max is cut to that."),
        ConfigurationKey(
            "media.send_buffer", \.sendBufferBytes, .bytes((64 << 10)...(64 << 20)), unit: "bytes",
            "The same for sending; see net.core.wmem_max."),
        ConfigurationKey(
            "meeting.max_participants", \.maximumParticipants, .integer(1...10_000), unit: "people",
            "How many may be in one meeting; who comes later is told that it is full."),
        ConfigurationKey(
            "meeting.empty_timeout", \.emptyTimeout, .duration(.seconds(1)...(.seconds(86_400))), unit: "time",
            "How long a meeting to which nobody came is kept."),
        ConfigurationKey(
            "meeting.departure_timeout", \.departureTimeout, .duration(.seconds(1)...(.seconds(86_400))), unit: "time",
            "How long a meeting is kept after the last person left."),
        ConfigurationKey(
            "meeting.auto_subscribed_audio", \.autoSubscribedAudio, .integer(0...200), unit: "tracks",
            "Audio tracks a participant is subscribed to without asking."),
        ConfigurationKey(
            "meeting.auto_subscribed_video", \.autoSubscribedVideo, .integer(0...200), unit: "tracks",
            "Video tracks a participant is subscribed to without asking."),
        ConfigurationKey(
            "meeting.open_on_join", \.opensOnJoin, .boolean,
            "Whoever may join a meeting opens it by joining. Otherwise only the server API and tokens with roomCreate",
            "open meetings."),
        ConfigurationKey(
            "meeting.remote_unmute", \.allowsRemoteUnmute, .boolean,
            "Let the server API open a participant's microphone or camera. Muting is always possible."),
        ConfigurationKey(
            "webhooks.urls", \.webhookURLs, .webhookURLs,
            "Who is told by HTTP POST what happens in meetings; https, or http inside your own network. Empty: nobody."),
        ConfigurationKey(
            "webhooks.api_key", \.webhookKey, ConfigurationFormat.name.optional(),
            "Which of the API keys signs what is sent. Empty: the only one there is."),
        ConfigurationKey(
            "webhooks.retention", \.webhookRetention, .duration(.zero...(.seconds(90 * 86_400))), unit: "time",
            "How long delivered events are kept, to be sent again on request."),
        ConfigurationKey(
            "webhooks.give_up_after", \.webhookGiveUpAfter, .duration(.seconds(60)...(.seconds(30 * 86_400))),
            unit: "time", "How long an event waits for a receiver that is away."),
        ConfigurationKey(
            "metrics.listen", \.metricsListen, ConfigurationFormat.address(names: true).optional(),
            "TCP address of its own for /metrics, open to everyone who reaches it. Empty: on the main address, for",
            "this machine only."),
        ConfigurationKey("log.level", \.logLevel, .logLevel, "How much is logged, to standard error."),
        ConfigurationKey(
            "data", \.dataDirectory, .path,
            "Directory for what must outlive a restart: removals, events for webhooks, the certificate of",
            "tls.self_signed. One server each."),
    ]
}
