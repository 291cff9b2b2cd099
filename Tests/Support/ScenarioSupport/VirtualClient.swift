// A participant: a relay core in the client's role, publishing synthetic media and decoding what it receives. What
// signaling would do between it and the server is done by `Scenario`.

public import MediaRelay

public final class VirtualClient: CoreHost {
    public let name: String
    /// What it negotiates. Another client may number them otherwise, or have no RED.
    public var audioFormats = Formats.audio
    public var videoFormats = Formats.video
    /// What it says about its certificate in its SDP; nil: the truth.
    public var claimedFingerprint: Fingerprint?
    public private(set) var states: [TransportState] = []
    public private(set) var receivers: [PublicationID: VirtualReceiver] = [:]
    public private(set) var messages: [DataMessage] = []
    /// False: its program does not read its data channels.
    public var readsData = true
    /// What it is sent does not arrive in time.
    public private(set) var hasOverflowed = false

    package private(set) lazy var transport = identifiers.transport(on: Self.worker)
    package var serverTransport: TransportID?
    /// The worker that has this transport.
    package weak var server: VirtualServer?
    /// What its SDP tells the server.
    package var answer: RemoteTransportParameters?
    private var sources: [PublicationID: SyntheticSource] = [:]
    private var sourceCount: UInt8 = 0
    private var unreadMessages = 0
    private var random: SeededRandom
    private var transportSequence: UInt16 = 65_500

    package init(name: String, address: SocketAddress, seed: UInt64) {
        self.name = name
        random = SeededRandom(seed: seed &+ 1)
        super.init(address: address, seed: seed)
    }

    public var isConnected: Bool {
        if case .connected = states.last { true } else { false }
    }

    public var srtpProfile: SRTPProfile? {
        if case .connected(let profile) = states.last { profile } else { nil }
    }

    // MARK: Publishing

    /// Begins to send. The SSRC is what `Scenario` tells the server.
    package func send(
        _ kind: MediaKind, mid: String, ssrc: UInt32, retransmissionSSRC: UInt32?, _ now: MediaTime
    ) -> PublicationID {
        let formats = kind == .audio ? audioFormats : videoFormats
        let publication = identifiers.publication(on: Self.worker)
        perform(
            .openPublication(
                publication,
                PublicationParameters(
                    owner: .client, source: .local, kind: kind, formats: formats, encodings: [Encoding()])), now)
        perform(
            .openSubscription(
                identifiers.subscription(on: Self.worker),
                SubscriptionParameters(
                    publication: publication, transport: transport, mid: mid, ssrc: ssrc,
                    retransmissionSSRC: retransmissionSSRC, formats: formats, canonicalName: name)), now)
        sources[publication] = SyntheticSource(
            number: sourceCount, kind: kind, format: formats[0], start: now,
            random: &random)
        sourceCount &+= 1
        return publication
    }

    public func source(_ publication: PublicationID) -> SyntheticSource? { sources[publication] }

    public func setSilent(_ isSilent: Bool, _ publication: PublicationID) { sources[publication]?.isSilent = isSilent }

    public func stopSending(_ publication: PublicationID) { sources[publication] = nil }

    // MARK: Receiving

    package func expect(
        _ kind: MediaKind, mid: String, ssrc: UInt32, retransmissionSSRC: UInt32?, _ now: MediaTime
    ) -> VirtualReceiver {
        let publication = identifiers.publication(on: Self.worker)
        let receiver = VirtualReceiver(kind: kind)
        receivers[publication] = receiver
        perform(
            .openPublication(
                publication,
                PublicationParameters(
                    owner: .client, source: .transport(transport, mid: mid), kind: kind,
                    formats: kind == .audio ? audioFormats : videoFormats,
                    encodings: [Encoding(ssrc: ssrc, retransmissionSSRC: retransmissionSSRC)],
                    usesNack: kind == .video, isTapped: true)), now)
        return receiver
    }

    // MARK: Host

    public override var nextDeadline: MediaTime {
        if readsData, unreadMessages > 0 { return MediaTime(microseconds: 0) }
        return sources.values.reduce(core.nextDeadline) { min($0, $1.nextFrame) }
    }

    public override func run(_ now: MediaTime) {
        for (publication, source) in sources where source.nextFrame <= now {
            for packet in sources[publication]?.makeFrame(&transportSequence) ?? [] {
                perform(.push(publication, packet), now)
            }
        }
        super.run(now)
        while readsData, unreadMessages > 0 {
            unreadMessages -= 1
            perform(.dataHandled(transport, recipients: []), now)
        }
        for (publication, receiver) in receivers where receiver.needsKeyframe(now) {
            perform(.requestKeyframe(publication), now)
        }
    }

    public override func handle(_ event: Event, _ now: MediaTime) {
        switch event {
        case .transport(_, let state): states.append(state)
        case .keyframeWanted(let publication): sources[publication]?.keyframeWanted = true
        case .data(_, let message):
            messages.append(message)
            unreadMessages += 1
        case .dataOverflow: hasOverflowed = true
        case .packet(let publication, let bytes): receivers[publication]?.receive(bytes, now)
        default: break
        }
    }
}

extension OwnerTag {
    static let client = OwnerTag(rawValue: 1)
}

/// Payload types as Chromium numbers them.
public enum Formats {
    public static let opus = PayloadFormat(payloadType: 111, codec: .opus, clockRate: 48_000, channels: 2)
    public static let red = PayloadFormat(payloadType: 63, codec: .red, clockRate: 48_000, channels: 2)
    public static let vp8 = PayloadFormat(
        payloadType: 96, codec: .vp8, clockRate: 90_000, retransmissionPayloadType: 97)
    public static let audio = [opus]
    public static let video = [vp8]
}
