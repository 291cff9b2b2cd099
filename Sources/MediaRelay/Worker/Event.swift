// What a worker reports. Events come in batches, sorted by the owner of the transport or publication they concern.
// Telemetry (levels, health) is a newest value per object, not a queue: a slow reader loses old values, never memory.

public enum SRTPProfile: String, Sendable, Equatable, CaseIterable {
    case aeadAES128GCM = "AEAD_AES_128_GCM"
    case aeadAES256GCM = "AEAD_AES_256_GCM"
    case aes128CMSHA1 = "AES128_CM_SHA1_80"
}

public enum TransportFailure: String, Sendable, Equatable, CaseIterable {
    /// No valid ICE check arrived within the time a client is given to connect.
    case iceTimeout = "ice-timeout"
    case dtlsTimeout = "dtls-timeout"
    /// The DTLS handshake failed: versions, ciphers, or an alert.
    case dtlsHandshake = "dtls-handshake"
    /// The certificate does not match the fingerprint in the SDP.
    case fingerprintMismatch = "fingerprint-mismatch"
    /// No SRTP profile in common.
    case noProtectionProfile = "no-srtp-profile"
    /// The worker has no room for another transport.
    case capacity = "capacity"
}

public enum TransportState: Sendable, Equatable {
    /// A valid ICE check arrived.
    case iceConnected
    /// DTLS is done and the keys are in the packet core: media may flow.
    case connected(SRTPProfile)
    /// No check for the consent time (RFC 7675); a new one brings `connected` again.
    case disconnected
    /// The other side said goodbye (DTLS close_notify).
    case closedByPeer
    case failed(TransportFailure)
}

/// The voice activity of one publication over the last interval.
public struct AudioActivity: Sendable, Equatable {
    public var publication: PublicationID
    /// 0 (silence) to 1 (full scale), linear.
    public var level: Float
    /// Louder than the threshold for enough of the interval.
    public var isActive: Bool
    public init(publication: PublicationID, level: Float, isActive: Bool) {
        self.publication = publication
        self.level = level
        self.isActive = isActive
    }
}

/// How one transport fared over the last interval, as far as checks and reports tell.
public struct TransportHealth: Sendable, Equatable {
    public var transport: TransportID
    /// The share of packets that did not arrive, 0 to 1, in the worse of both directions; nil when no report told.
    public var audioLoss: Float?
    public var videoLoss: Float?
    /// From us to the client and back.
    public var roundTrip: MediaSpan
    /// Since the client's last check. One that lives checks every few seconds, whatever else it sends.
    public var silence: MediaSpan
    public init(
        transport: TransportID, audioLoss: Float?, videoLoss: Float?, roundTrip: MediaSpan, silence: MediaSpan
    ) {
        self.transport = transport
        self.audioLoss = audioLoss
        self.videoLoss = videoLoss
        self.roundTrip = roundTrip
        self.silence = silence
    }
}

public enum Event: Sendable, Equatable {
    case transport(TransportID, TransportState)
    /// All objects of the transport are gone; their names are back in the pool.
    case transportClosed(TransportID)
    /// A client's message on one of its data channels; to be answered by `Command.dataHandled`.
    case data(TransportID, DataMessage)
    /// The client takes up reliable data more slowly than it is sent, and the limit is reached: what was sent since is
    /// lost, so it has to go.
    case dataOverflow(TransportID)
    /// The first authentic packet came.
    case publicationStarted(PublicationID)
    case publicationClosed(PublicationID)
    /// Of a publication with a local source: whoever pushes it should make a keyframe.
    case keyframeWanted(PublicationID)
    /// The first packet left towards the subscriber.
    case subscriptionStarted(SubscriptionID)
    case subscriptionClosed(SubscriptionID)
    /// The publication's codec has no counterpart among the subscriber's formats; nothing is forwarded.
    case subscriptionUnsupported(SubscriptionID)
    /// At most every `SpeakerInterval`; only publications whose activity changed or is above silence.
    case audioActivity([AudioActivity])
    /// Of every connected transport, about every `TransportHealthWindow.interval`.
    case transportHealth([TransportHealth])
    /// From a tapped publication: one plain RTP packet.
    case packet(PublicationID, [UInt8])
}

public struct EventBatch: Sendable, Equatable {
    public var owner: OwnerTag
    public var events: [Event]
    public init(owner: OwnerTag, events: [Event]) {
        self.owner = owner
        self.events = events
    }
}
