// What the operator decides, as plain values. ConfigurationKey says how each is written, ConfigurationReader where it
// comes from, Configuration+Validation what does not fit together.

import Logging
import Signaling

struct Configuration: Sendable, Equatable {
    // HTTP and signaling.
    var listen = ListenAddress(host: "127.0.0.1", port: 7880)
    var certificatePath: String?
    var privateKeyPath: String?
    var isSelfSigned = false
    var connectionsPerAddress = 1_000
    var simulatesScenarios = false

    /// API key → its secret.
    var keys: [String: Secret] = [:]

    // Media. Worker n listens on the port of `media` + n.
    var media = ListenAddress(host: "127.0.0.1", port: 7882)
    var acceptsMediaTCP = true
    var announced: [String] = []
    /// Nil: one per core.
    var workers: Int?
    var spreadFrom = 100
    var pinsThreads = false
    var receiveBufferBytes = 4 << 20
    var sendBufferBytes = 4 << 20

    // Meetings.
    var maximumParticipants = 300
    var emptyTimeout: Duration = .seconds(300)
    var departureTimeout: Duration = .seconds(20)
    var autoSubscribedAudio = 50
    var autoSubscribedVideo = 50
    var opensOnJoin = true
    var allowsRemoteUnmute = false

    // Webhooks.
    var webhookURLs: [WebhookURL] = []
    /// Nil: the only key.
    var webhookKey: String?
    var webhookRetention: Duration = .seconds(7 * 86_400)
    var webhookGiveUpAfter: Duration = .seconds(86_400)

    // Operation.
    var metricsListen: ListenAddress?
    var logLevel: Logger.Level = .info
    var dataDirectory = "data"

    /// `--dev`: a key everyone knows, and tokens for the asking. Not a key of the file, so that no copied file turns a
    /// server into one.
    var isDevelopment = false

    static let developmentKey = "devkey"
    static let developmentSecret = Secret("hutong-development-secret-32-bytes-min")
}

/// A text that shows itself to nobody who prints it.
struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String
    init(_ text: String) { self.text = text }

    /// The one way to it.
    func revealed() -> String { text }
    var byteCount: Int { text.utf8.count }

    var description: String { "(hidden)" }
    var debugDescription: String { "(hidden)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}
