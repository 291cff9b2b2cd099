// One `m=` section of a session description and the small values that stand in it. Formats are in RTPFormat.swift,
// simulcast in Simulcast.swift, candidates in ICECandidate.swift.

public struct MediaSection: Sendable, Equatable {
    public enum Media: Sendable, Equatable, Hashable {
        case audio, video, application
        /// Something this relay always rejects: `text`, `image`, `message` …
        case other(String)

        public var kind: MediaKind? {
            switch self {
            case .audio: .audio
            case .video: .video
            case .application, .other: nil
            }
        }
    }

    public static let rtpProtocol = "UDP/TLS/RTP/SAVPF"
    public static let sctpProtocol = "UDP/DTLS/SCTP"
    public static let dataChannelFormat = "webrtc-datachannel"
    /// What `m=` says where ICE decides (RFC 8840, 4.1.1): the discard port.
    public static let discardPort: UInt16 = 9

    public var media: Media
    /// 0 rejects the section, unless it is `isBundleOnly`.
    public var port: UInt16
    /// For example `UDP/TLS/RTP/SAVPF`.
    public var transportProtocol: String
    /// In order of preference. Empty when the protocol is not RTP.
    public var formats: [RTPFormat]
    /// The format tokens of a protocol other than RTP: `webrtc-datachannel`.
    public var applicationFormats: [String]
    public var mid: String?
    public var transport: TransportAttributes
    public var candidates: [ICECandidate]
    public var endOfCandidates: Bool
    /// Has no transport of its own (RFC 9143, 6): port 0 does not reject it.
    public var isBundleOnly: Bool
    public var direction: Direction?
    public var extensions: [ExtensionMap]
    public var allowsMixedExtensions: Bool
    public var rtcpMux: Bool
    public var reducedSizeRTCP: Bool
    public var streamIDs: [MediaStreamID]
    /// `a=rtcp-fb:*`: holds for every format.
    public var commonFeedback: [RTCPFeedback]
    public var restrictions: [Restriction]
    public var simulcast: Simulcast?
    public var ssrcGroups: [SSRCGroup]
    public var ssrcAttributes: [SSRCAttribute]
    /// RFC 8841, 5. Nil when not said.
    public var sctpPort: UInt16?
    /// Bytes (RFC 8841, 6). Peers announce up to a gibibyte: cap it before use.
    public var maxMessageSize: UInt64?

    public init(media: Media, port: UInt16 = MediaSection.discardPort, transportProtocol: String) {
        self.media = media
        self.port = port
        self.transportProtocol = transportProtocol
        formats = []
        applicationFormats = []
        mid = nil
        transport = TransportAttributes()
        candidates = []
        endOfCandidates = false
        isBundleOnly = false
        direction = nil
        extensions = []
        allowsMixedExtensions = false
        rtcpMux = false
        reducedSizeRTCP = false
        streamIDs = []
        commonFeedback = []
        restrictions = []
        simulcast = nil
        ssrcGroups = []
        ssrcAttributes = []
        sctpPort = nil
        maxMessageSize = nil
    }

    /// The sender does not want this section, or not any more.
    public var isRejected: Bool { port == 0 && !isBundleOnly }

    /// RTP over DTLS-SRTP, whatever the writer put before it (RFC 9429, 5.1.2).
    public var isRTP: Bool {
        transportProtocol.utf8.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("RTP".utf8) }
    }
}

/// `a=extmap` (RFC 8285, 5).
public struct ExtensionMap: Sendable, Equatable {
    /// 1 to 14 in one-byte headers, up to 255 in two-byte headers; offers may use 4096 to 4351 as placeholders.
    public var id: UInt16
    /// Nil is `sendrecv`.
    public var direction: Direction?
    public var uri: String
    /// What follows the URI, if anything.
    public var attributes: String?

    public init(id: UInt16, direction: Direction? = nil, uri: String, attributes: String? = nil) {
        self.id = id
        self.direction = direction
        self.uri = uri
        self.attributes = attributes
    }
}

/// `a=msid` (RFC 8830).
public struct MediaStreamID: Sendable, Equatable {
    /// What `streamID` says for a track in no stream.
    public static let none = "-"
    public var streamID: String
    public var trackID: String?
    public init(streamID: String, trackID: String?) {
        self.streamID = streamID
        self.trackID = trackID
    }
}

/// `a=ssrc` (RFC 5576, 4.1).
public struct SSRCAttribute: Sendable, Equatable {
    public var ssrc: UInt32
    public var name: String
    public var value: String?
    public init(ssrc: UInt32, name: String, value: String?) {
        self.ssrc = ssrc
        self.name = name
        self.value = value
    }
}

/// `a=ssrc-group` (RFC 5576, 4.2).
public struct SSRCGroup: Sendable, Equatable {
    /// A stream and its retransmission (RFC 4588, 8.8).
    public static let flowIdentification = "FID"
    public var semantics: String
    public var ssrcs: [UInt32]
    public init(semantics: String, ssrcs: [UInt32]) {
        self.semantics = semantics
        self.ssrcs = ssrcs
    }
}
