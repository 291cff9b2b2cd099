// What goes into and comes out of the subscriber negotiation.

/// A publication as one subscriber gets it.
public struct SubscribedTrack: Sendable, Equatable {
    public var kind: MediaKind
    /// `PA_…|TR_…`: clients split it to learn the participant and the track (livekit-wire.md, 3.5). No spaces.
    public var streamID: String
    /// `TR_…`. No spaces.
    public var trackID: String
    public var ssrc: UInt32
    /// Nil for audio.
    public var retransmissionSSRC: UInt32?
    /// RTCP SDES CNAME: tracks with the same one are played in step.
    public var canonicalName: String
    /// What the publisher sends, its order. Only codecs and parameters are looked at, not payload types.
    public var formats: [PayloadFormat]

    public init(
        kind: MediaKind, streamID: String, trackID: String, ssrc: UInt32, retransmissionSSRC: UInt32?,
        canonicalName: String, formats: [PayloadFormat]
    ) {
        self.kind = kind
        self.streamID = streamID
        self.trackID = trackID
        self.ssrc = ssrc
        self.retransmissionSSRC = retransmissionSSRC
        self.canonicalName = canonicalName
        self.formats = formats
    }
}

public struct SubscriberOffer: Sendable, Equatable {
    public var sdp: String
    /// Complete: every section that carries a track in this offer.
    public var midToTrackID: [String: String]
}

/// One section that carried a track in the answered offer.
public struct SubscribedSection: Sendable, Equatable {
    public var mid: String
    /// The track the offer put there. It may have been removed since: compare before opening a subscription.
    public var trackID: String
    /// What the client accepts, its order of preference. Empty when it rejected the section.
    public var formats: [PayloadFormat]
    /// The client wants the media now.
    public var isReceiving: Bool
}

public struct SubscriberAnswer: Sendable, Equatable {
    public var remote: RemoteTransportParameters
    /// In force on the whole transport.
    public var headerExtensions: [HeaderExtension: UInt8]
    public var sections: [SubscribedSection]
}
