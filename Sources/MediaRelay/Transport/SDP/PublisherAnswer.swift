// What comes out of answering a client's offer, and what the caller may decide while it is answered.

/// A section the client wants to send in, before it is answered.
public struct ReceivedSection: Sendable, Equatable {
    public var mid: String
    public var kind: MediaKind
    /// The track part of msid: the `cid` of AddTrackRequest, unless the browser renamed it.
    public var clientTrackID: String?
    /// Nil when the track is in no stream (`-`).
    public var streamID: String?
}

/// How a section that the client sends in shall be answered.
public struct SectionPreferences: Sendable, Equatable {
    /// Put first when offered: the codec of the AddTrack request.
    public var codec: Codec?
    /// RED before Opus, for loss; without it RED is left out.
    public var usesRED: Bool
    /// Nothing is sent in silence (`usedtx=1`).
    public var usesDTX: Bool
    /// Music: two channels at up to 510 kbit/s.
    public var isStereo: Bool

    public init(codec: Codec? = nil, usesRED: Bool = true, usesDTX: Bool = true, isStereo: Bool = false) {
        self.codec = codec
        self.usesRED = usesRED
        self.usesDTX = usesDTX
        self.isStereo = isStereo
    }
}

/// One audio or video section of the answered offer.
public struct PublishedSection: Sendable, Equatable {
    public var mid: String
    public var kind: MediaKind
    public var clientTrackID: String?
    public var streamID: String?
    /// In the answer's order: the client sends the first. Empty when rejected.
    public var formats: [PayloadFormat]
    /// Lowest quality first. Empty when not sending.
    public var encodings: [Encoding]
    /// Lost packets may be asked for.
    public var usesNack: Bool
    /// The client sends and the section was accepted. False for placeholders and for what has been unpublished.
    public var isSending: Bool
    /// The client wants to send, but nothing it offers is supported: no media will come.
    public var isRejected: Bool
}

public struct PublisherAnswer: Sendable, Equatable {
    public var sdp: String
    public var remote: RemoteTransportParameters
    /// Our new credentials, when the offer restarted ICE. The worker must know them before the client does.
    public var restartedICE: ICECredentials?
    public var headerExtensions: [HeaderExtension: UInt8]
    /// All audio and video sections with a mid that the client has not stopped, in the offer's order.
    public var sections: [PublishedSection]
    /// Those that this answer sends a track in.
    public var subscribed: [SubscribedSection]
    /// Tracks that the client cannot play; they are in no section, and no later answer will carry them.
    public var refused: [SubscribedTrack]
    /// Complete: every section of `subscribed`.
    public var midToTrackID: [String: String] {
        Dictionary(subscribed.map { ($0.mid, $0.trackID) }) { first, _ in first }
    }
}
