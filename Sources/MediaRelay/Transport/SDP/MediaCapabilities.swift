// What this relay negotiates: codecs with the payload types of its own offers, RTCP feedback and header extensions.
// The numbers never change while a process runs, so sections can be reused and clients' munging stays right.

public struct MediaCapabilities: Sendable, Equatable {
    public static let all = MediaCapabilities(codecs: Codec.allCases)

    /// Enabled by the configuration.
    public let codecs: Set<Codec>
    /// The enabled lines of the table.
    private let audio: [Entry]
    private let video: [Entry]

    /// RED without Opus carries nothing and is dropped.
    public init(codecs: some Sequence<Codec>) {
        var codecs = Set(codecs)
        if !codecs.contains(.opus) { codecs.remove(.red) }
        self.codecs = codecs
        let enabled = Self.table.filter { codecs.contains($0.format.codec) }
        audio = enabled.filter { $0.format.codec.kind == .audio }
        video = enabled.filter { $0.format.codec.kind == .video }
    }

    /// A line of the table: how this server names a format in its own offers.
    struct Entry: Sendable, Equatable {
        var format: PayloadFormat
        /// The `fmtp` value.
        var parameters: String?
        /// Offered only where the publication needs it; most receivers decode it in hardware or not at all.
        var isOnDemand = false
    }

    /// Payload types 96 to 127 and 35 to 63 are free with RTP and RTCP on one port (RFC 5761, 4).
    private static let table: [Entry] = [
        Entry(.opus, 111, "minptime=10;useinbandfec=1"),
        Entry(.red, 63, "111/111"),
        Entry(.vp8, 96, rtx: 97),
        Entry(.vp9, 98, rtx: 99, "profile-id=0"),
        Entry(.vp9, 100, rtx: 101, "profile-id=2"),
        Entry(.h264, 108, rtx: 109, h264("42e01f", mode: 1)),
        Entry(.h264, 102, rtx: 103, h264("42001f", mode: 1)),
        Entry(.h264, 106, rtx: 107, h264("4d001f", mode: 1)),
        Entry(.h264, 125, rtx: 126, h264("42e01f", mode: 0)),
        Entry(.h264, 104, rtx: 105, h264("42001f", mode: 0)),
        Entry(.h264, 39, rtx: 40, h264("4d001f", mode: 0)),
        Entry(.h264, 123, rtx: 124, h264("640032", mode: 1), isOnDemand: true),
        Entry(.h264, 112, rtx: 113, h264("640c32", mode: 1), isOnDemand: true),
        Entry(.av1, 35, rtx: 36, "profile=0"),
    ]

    private static func h264(_ profileLevelID: String, mode: Int) -> String {
        "level-asymmetry-allowed=1;packetization-mode=\(mode);profile-level-id=\(profileLevelID)"
    }

    static let audioFeedback: [RTCPFeedback] = [.transportCC, .nack]
    static let videoFeedback: [RTCPFeedback] = [.remb, .transportCC, .fir, .nack, .nackPLI]
    /// For what we send: the relay does not estimate its downlinks yet, so it asks for no congestion feedback.
    static func offeredFeedback(_ kind: MediaKind) -> [RTCPFeedback] {
        kind == .audio ? [] : [.fir, .nack, .nackPLI]
    }

    /// Identifiers in our own offers; the numbers libwebrtc itself likes, so that nothing is renumbered at the client.
    static func offeredExtensions(_ kind: MediaKind) -> [(HeaderExtension, UInt8)] {
        switch kind {
        case .audio: [(.audioLevel, 1), (.mid, 4), (.absCaptureTime, 7)]
        case .video:
            [
                (.mid, 4), (.playoutDelay, 5), (.contentType, 6), (.absCaptureTime, 7), (.colorSpace, 8),
                (.dependencyDescriptor, 12), (.videoOrientation, 13),
            ]
        }
    }

    /// The enabled formats of a kind, the table's order.
    func entries(_ kind: MediaKind) -> [Entry] { kind == .audio ? audio : video }

    /// What an offer for a track of these formats lists: first those the track uses, in its order, then the rest, so that
    /// the section can carry another track later.
    func offered(_ kind: MediaKind, preferring formats: [PayloadFormat]) -> [Entry] {
        let all = entries(kind)
        var result: [Entry] = []
        for format in formats {
            if let entry = all.first(where: { $0.format.isCompatible(with: format) }), !result.contains(entry) {
                result.append(entry)
            }
        }
        result += all.filter { !$0.isOnDemand && !result.contains($0) }
        return result
    }

    /// Where a format stands among the enabled ones, nil when it is not supported. Smaller is better within a codec.
    func rank(_ format: PayloadFormat) -> Int? {
        entries(format.codec.kind).firstIndex { $0.format.isCompatible(with: format) }
    }
}

extension MediaCapabilities.Entry {
    fileprivate init(
        _ codec: Codec, _ payloadType: UInt8, rtx: UInt8? = nil, _ parameters: String? = nil, isOnDemand: Bool = false
    ) {
        format = PayloadFormat(
            payloadType: payloadType, codec: codec, clockRate: codec.clockRate, channels: codec.channels,
            parameters: RTPFormat(payloadType: payloadType, parameters: parameters).parameterValues,
            retransmissionPayloadType: rtx)
        self.parameters = parameters
        self.isOnDemand = isOnDemand
    }
}

extension Codec {
    public var kind: MediaKind {
        switch self {
        case .opus, .red: .audio
        case .vp8, .vp9, .h264, .av1: .video
        }
    }

    /// Hz.
    var clockRate: UInt32 { kind == .audio ? 48_000 : 90_000 }
    /// Opus is always written with two (RFC 7587, 7).
    var channels: UInt8? { kind == .audio ? 2 : nil }

    /// The name in `rtpmap`.
    var encodingName: String {
        switch self {
        case .opus, .red: rawValue
        case .vp8, .vp9, .h264, .av1: rawValue.uppercased()
        }
    }

    /// Nil for encodings this relay does not forward. Video `red` (around ULPFEC) has another clock rate and is not ours.
    init?(_ encoding: RTPEncoding) {
        guard let codec = Codec(rawValue: encoding.name.lowercased()), codec.clockRate == encoding.clockRate,
            codec.channels == encoding.channels
        else { return nil }
        self = codec
    }
}
