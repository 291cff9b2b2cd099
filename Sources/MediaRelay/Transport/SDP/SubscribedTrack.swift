// A track on its way to a client: what goes into either negotiation that carries it (v0: our offers, v1: our answers), and
// what comes out for the relay.

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

    var isStereo: Bool { formats.contains { $0.codec == .opus && $0.parameters["stereo"] == "1" } }

    /// Whether a receiver of these formats can play any of the track's.
    func fits(_ accepted: [PayloadFormat]) -> Bool { !PayloadMap(publication: formats, subscriber: accepted).isEmpty }
}

/// One section that carries a track, as the client agreed to it.
public struct SubscribedSection: Sendable, Equatable {
    public var mid: String
    /// The track that was put there. It may have been removed since: compare `ssrc` before opening a subscription.
    public var trackID: String
    /// Tells this subscription from an earlier one to the same track.
    public var ssrc: UInt32
    /// What the client accepts, its order of preference. Empty when it rejected the section.
    public var formats: [PayloadFormat]
    /// The client wants the media now.
    public var isReceiving: Bool
}

extension MediaSection {
    /// RFC 7587, 6.1: what we send; livekit-client looks for it before it plays two channels.
    static let stereoParameters = ";stereo=1;sprop-stereo=1"

    /// - Parameter repeats: retransmissions go out as a stream of their own.
    mutating func describeSources(of track: SubscribedTrack, repeats: Bool) {
        streamIDs = [MediaStreamID(streamID: track.streamID, trackID: track.trackID)]
        var ssrcs = [track.ssrc]
        if repeats, let retransmission = track.retransmissionSSRC {
            ssrcs.append(retransmission)
            ssrcGroups = [SSRCGroup(semantics: SSRCGroup.flowIdentification, ssrcs: ssrcs)]
        }
        ssrcAttributes = ssrcs.flatMap {
            [
                SSRCAttribute(ssrc: $0, name: "cname", value: track.canonicalName),
                SSRCAttribute(ssrc: $0, name: "msid", value: "\(track.streamID) \(track.trackID)"),
            ]
        }
    }
}
