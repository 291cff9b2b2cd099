// What a caller may ask of a worker. Commands are posted, never awaited, and are carried out in the order of posting.
// Everything in them was chosen or negotiated by the caller; the worker only obeys, or reports why it could not.

/// How our end of a transport behaves.
public enum TransportRole: Sendable, Equatable {
    /// ICE-lite, answers checks only, DTLS server (`a=setup:passive`): every client of the server.
    case server
    /// Full checks towards the given candidates with USE-CANDIDATE, DTLS client (`a=setup:active`): the test's and the
    /// load test's participants.
    case client(candidates: [SocketAddress])
    /// Answers the checks of a full ICE agent, DTLS client: the load test's participants towards other servers.
    case checkedClient
}

/// ICE short-term credentials (RFC 8445, 5.3): 4 to 256 and 22 to 256 ice-chars.
public struct ICECredentials: Sendable, Equatable {
    public var usernameFragment: String
    public var password: String
    public init(usernameFragment: String, password: String) {
        self.usernameFragment = usernameFragment
        self.password = password
    }
}

/// A certificate fingerprint as SDP writes it (RFC 8122).
public struct Fingerprint: Sendable, Equatable, Hashable {
    /// The hash function's lower-case name, for example `sha-256`.
    public var algorithm: String
    public var bytes: [UInt8]
    public init(algorithm: String, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }
}

/// What the other side said about itself.
public struct RemoteTransportParameters: Sendable, Equatable {
    public var ice: ICECredentials
    /// The DTLS certificate must match one of these; only SHA-256 and stronger are looked at.
    public var fingerprints: [Fingerprint]
    public init(ice: ICECredentials, fingerprints: [Fingerprint]) {
        self.ice = ice
        self.fingerprints = fingerprints
    }
}

public enum MediaKind: Sendable, Equatable, Hashable { case audio, video }

public enum Codec: String, Sendable, Equatable, Hashable, CaseIterable {
    case opus, red, vp8, vp9, h264, av1
}

/// One payload format as negotiated on one transport.
public struct PayloadFormat: Sendable, Equatable, Hashable {
    public var payloadType: UInt8
    public var codec: Codec
    /// Hz.
    public var clockRate: UInt32
    /// 1 or 2 for audio, nil for video.
    public var channels: UInt8?
    /// Format parameters that tell incompatible formats of one codec apart, lower-case keys: `profile-id`,
    /// `packetization-mode`, `profile-level-id`, `minptime` …
    public var parameters: [String: String]
    /// The payload type of the RTX format whose `apt` names this one (RFC 4588).
    public var retransmissionPayloadType: UInt8?

    public init(
        payloadType: UInt8, codec: Codec, clockRate: UInt32, channels: UInt8? = nil,
        parameters: [String: String] = [:], retransmissionPayloadType: UInt8? = nil
    ) {
        self.payloadType = payloadType
        self.codec = codec
        self.clockRate = clockRate
        self.channels = channels
        self.parameters = parameters
        self.retransmissionPayloadType = retransmissionPayloadType
    }
}

/// RTP header extensions that the relay reads, writes or carries through. SDP knows them by `uri`.
public enum HeaderExtension: String, Sendable, Hashable, CaseIterable {
    case mid = "urn:ietf:params:rtp-hdrext:sdes:mid"
    case rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
    case repairedRid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
    case audioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
    case transportSequence = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    case absSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
    case absCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
    case videoOrientation = "urn:3gpp:video-orientation"
    case playoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
    case contentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"
    case colorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space"
    case dependencyDescriptor =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

    public var uri: String { rawValue }
}

/// One encoding of a publication: the whole of it, or one simulcast layer.
public struct Encoding: Sendable, Equatable, Hashable {
    /// RFC 8851 restriction identifier, nil for a single encoding.
    public var rid: String?
    /// Nil when only MID and RID identify the packets.
    public var ssrc: UInt32?
    public var retransmissionSSRC: UInt32?
    public init(rid: String? = nil, ssrc: UInt32? = nil, retransmissionSSRC: UInt32? = nil) {
        self.rid = rid
        self.ssrc = ssrc
        self.retransmissionSSRC = retransmissionSSRC
    }
}

/// Where a publication's packets come from.
public enum PublicationSource: Sendable, Equatable {
    case transport(TransportID, mid: String)
    /// Pushed by the caller with `Command.push`: tests, later recordings and telephone legs.
    case local
}

public struct PublicationParameters: Sendable, Equatable {
    public var owner: OwnerTag
    public var source: PublicationSource
    public var kind: MediaKind
    public var formats: [PayloadFormat]
    /// Lowest quality first.
    public var encodings: [Encoding]
    /// Ask the sender for lost packets (`a=rtcp-fb … nack`).
    public var usesNack: Bool
    /// Hand every packet up as `Event.packet`: tests, later recording.
    public var isTapped: Bool
    public init(
        owner: OwnerTag, source: PublicationSource, kind: MediaKind, formats: [PayloadFormat], encodings: [Encoding],
        usesNack: Bool = true, isTapped: Bool = false
    ) {
        self.owner = owner
        self.source = source
        self.kind = kind
        self.formats = formats
        self.encodings = encodings
        self.usesNack = usesNack
        self.isTapped = isTapped
    }
}

public struct SubscriptionParameters: Sendable, Equatable {
    public var publication: PublicationID
    public var transport: TransportID
    public var mid: String
    public var ssrc: UInt32
    public var retransmissionSSRC: UInt32?
    /// What the subscriber accepts, in its order of preference. The worker maps each format of the publication to the
    /// first compatible one here.
    public var formats: [PayloadFormat]
    /// RTCP SDES CNAME, the same for all streams that must play in step.
    public var canonicalName: String
    public init(
        publication: PublicationID, transport: TransportID, mid: String, ssrc: UInt32, retransmissionSSRC: UInt32?,
        formats: [PayloadFormat], canonicalName: String
    ) {
        self.publication = publication
        self.transport = transport
        self.mid = mid
        self.ssrc = ssrc
        self.retransmissionSSRC = retransmissionSSRC
        self.formats = formats
        self.canonicalName = canonicalName
    }
}

/// One message of a data channel (RFC 8831).
public struct DataMessage: Sendable, Equatable {
    /// The channel's label. Each recipient gets it on its own channel of that name, whoever opened it.
    public var channel: String
    /// At most `maximumBytes`.
    public var bytes: [UInt8]

    public static let maximumBytes = Limits.SCTP.messageBytes

    public init(channel: String, bytes: [UInt8]) {
        self.channel = channel
        self.bytes = bytes
    }
}

/// How a data channel that we open treats what is sent on it (RFC 8832, 5.1).
public struct DataChannelParameters: Sendable, Equatable {
    public var label: String
    public var isOrdered: Bool
    /// Nil: every message arrives.
    public var maximumRetransmissions: UInt32?
    public init(label: String, isOrdered: Bool = true, maximumRetransmissions: UInt32? = nil) {
        self.label = label
        self.isOrdered = isOrdered
        self.maximumRetransmissions = maximumRetransmissions
    }
}

public enum Command: Sendable, Equatable {
    case openTransport(TransportID, owner: OwnerTag, role: TransportRole, local: ICECredentials)
    /// Set once before DTLS may begin; again with new ICE credentials for an ICE restart (fingerprints must not change).
    case setRemote(TransportID, RemoteTransportParameters)
    /// New credentials of ours. The old ones stay good, and media keeps flowing, until a check with the new ones arrives.
    case restartICE(TransportID, local: ICECredentials)
    /// The extension identifiers in force on this transport, both directions.
    case setHeaderExtensions(TransportID, [HeaderExtension: UInt8])
    /// Closes everything on it. `Event.transportClosed` follows when the names are free.
    case closeTransport(TransportID)

    /// Opened from our side as soon as SCTP stands; once per label.
    case openDataChannel(TransportID, DataChannelParameters)
    /// One message to many transports. A recipient without such a channel yet gets it when it has one; a
    /// recipient that takes up reliable data too slowly is reported by `Event.dataOverflow`, and lossy data is dropped.
    case sendData([TransportID], DataMessage)
    /// Exactly one for each `Event.data` of this transport, in their order, after the `sendData` it caused. More is
    /// read from the transport only as these come back, and only once one of the `recipients` (the fastest) has room:
    /// so a sender is slowed down to its fastest receiver, and memory is bounded.
    /// They may be on other workers.
    case dataHandled(TransportID, recipients: [TransportID])

    case openPublication(PublicationID, PublicationParameters)
    /// The client changed what it sends: new formats or encodings after a renegotiation.
    case updatePublication(PublicationID, PublicationParameters)
    case setMuted(PublicationID, Bool)
    case requestKeyframe(PublicationID)
    case closePublication(PublicationID)
    /// One plain RTP packet into a publication with a local source.
    case push(PublicationID, [UInt8])

    case openSubscription(SubscriptionID, SubscriptionParameters)
    case setPaused(SubscriptionID, Bool)
    case closeSubscription(SubscriptionID)
}

extension Command {
    /// Itself, or its part for each worker.
    package var byWorker: [(worker: WorkerIndex, command: Command)] {
        guard case .sendData(let recipients, let message) = self,
            let first = recipients.first, !recipients.allSatisfy({ $0.worker == first.worker })
        else { return [(worker, self)] }
        return Dictionary(grouping: recipients, by: \.worker).map { ($0, .sendData($1, message)) }
    }

    /// Whose command it is: the worker of the name it begins with.
    var worker: WorkerIndex {
        switch self {
        case .openTransport(let id, _, _, _), .setRemote(let id, _), .restartICE(let id, _),
            .setHeaderExtensions(let id, _), .closeTransport(let id), .openDataChannel(let id, _),
            .dataHandled(let id, _):
            id.worker
        case .sendData(let recipients, _): recipients.first?.worker ?? WorkerIndex(rawValue: 0)
        case .openPublication(let id, _), .updatePublication(let id, _), .setMuted(let id, _),
            .requestKeyframe(let id), .closePublication(let id), .push(let id, _):
            id.worker
        case .openSubscription(let id, _), .setPaused(let id, _), .closeSubscription(let id): id.worker
        }
    }
}
