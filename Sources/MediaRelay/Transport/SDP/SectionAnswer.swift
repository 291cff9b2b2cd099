// How one section of a client's offer is answered (livekit-wire.md, 3.4). Sections in which the client only receives are
// answered `inactive` unless a track is put there, but with everything a later publication in them needs: libwebrtc takes
// the header extensions of the first answer for all that follow, and simulcast without RID there would hang the client.

struct SectionAnswer {
    private let section: MediaSection
    private let direction: Direction
    private let isBundled: Bool
    private let isTagged: Bool
    private let acceptsApplication: Bool

    /// Without transport attributes and candidates.
    var result: MediaSection
    /// Nil for what is neither audio nor video, has no mid, or was stopped by the client.
    private(set) var published: PublishedSection?
    /// The track that was put there, and what the client takes it in.
    private(set) var subscribed: SubscribedSection?

    /// - Parameters:
    ///   - isTagged: first of the BUNDLE group. Rejecting it would reject the group (RFC 9143, 7.3.3).
    ///   - acceptsApplication: no other data channel section was accepted.
    init(section: MediaSection, direction: Direction, isBundled: Bool, isTagged: Bool, acceptsApplication: Bool) {
        self.section = section
        self.direction = direction
        self.isBundled = isBundled
        self.isTagged = isTagged
        self.acceptsApplication = acceptsApplication
        // Port 0 and one format, because the grammar wants one; nothing else, because nothing is accepted.
        result = MediaSection(media: section.media, port: 0, transportProtocol: section.transportProtocol)
        result.mid = section.mid
        result.formats = Array(section.formats.prefix(1))
        result.applicationFormats = section.applicationFormats
        if section.isRTP {
            for index in result.formats.indices { result.formats[index].feedback = [] }
            result.direction = .inactive
        }
    }

    mutating func make(
        capabilities: MediaCapabilities, extensions: ExtensionAgreement,
        preferences: (ReceivedSection) -> SectionPreferences
    ) {
        guard let mid = section.mid, !section.isRejected else { return }
        switch section.media {
        case .application: answerApplication()
        case .audio, .video:
            guard let kind = section.media.kind else { return }
            let received = ReceivedSection(section, mid: mid, kind: kind)
            let preferences = direction.sends ? preferences(received) : SectionPreferences()
            let choice =
                section.isRTP && section.rtcpMux && isBundled
                ? FormatChoice(section: section, kind: kind, capabilities: capabilities, preferences: preferences)
                : FormatChoice()
            answerMedia(received, choice, extensions)
        case .other: break
        }
    }

    /// Puts a track into an accepted section in which the client only receives.
    mutating func carry(_ track: SubscribedTrack, capabilities: MediaCapabilities, extensions: ExtensionAgreement) {
        guard let mid = section.mid else { return }
        let preferences = SectionPreferences(
            codec: track.formats.first { track.kind == $0.codec.kind }?.codec, usesDTX: false)
        let choice = FormatChoice(
            section: section, kind: track.kind, capabilities: capabilities, preferences: preferences)
        let feedback = MediaCapabilities.offeredFeedback(track.kind)
        result.formats = choice.lines.map { line in
            var line = line
            line.feedback.removeAll { !feedback.contains($0) }
            if track.isStereo, line.encoding.flatMap(Codec.init) == .opus {
                line.parameters = (line.parameters ?? "") + MediaSection.stereoParameters
            }
            return line
        }
        result.direction = .sendonly
        result.extensions = extensions.accepted(for: section, isSending: false)
        result.describeSources(
            of: track, repeats: choice.accepted.contains { $0.retransmissionPayloadType != nil })
        subscribed = SubscribedSection(
            mid: mid, trackID: track.trackID, ssrc: track.ssrc, formats: choice.accepted,
            isReceiving: true)
    }

    private mutating func answerApplication() {
        guard isBundled, acceptsApplication, !section.isRTP, section.transportProtocol.hasSuffix("DTLS/SCTP"),
            section.applicationFormats.contains(MediaSection.dataChannelFormat)
        else { return }
        result.port = MediaSection.discardPort
        result.applicationFormats = [MediaSection.dataChannelFormat]
        result.sctpPort = LocalTransportDescription.sctpPort
        result.maxMessageSize = LocalTransportDescription.maxMessageSize
    }

    private mutating func answerMedia(
        _ received: ReceivedSection, _ choice: FormatChoice, _ extensions: ExtensionAgreement
    ) {
        let isAccepted = !choice.accepted.isEmpty
        let isSending = isAccepted && direction.sends
        published = PublishedSection(
            mid: received.mid, kind: received.kind, clientTrackID: received.clientTrackID, streamID: received.streamID,
            formats: choice.accepted, encodings: [], usesNack: choice.usesNack, isSending: isSending,
            isRejected: !isAccepted && direction.sends)
        // A tagged section without a known codec stays, silent: the transport of all others hangs on it.
        guard isAccepted || isTagged else { return }
        result.port = MediaSection.discardPort
        result.rtcpMux = true
        result.reducedSizeRTCP = section.reducedSizeRTCP
        result.allowsMixedExtensions = section.allowsMixedExtensions
        result.extensions = extensions.accepted(for: section, isSending: true)
        if isAccepted { result.formats = choice.lines }
        guard isSending else { return }
        result.direction = .recvonly
        let layers = SimulcastOffer(section: section)
        result.restrictions = layers.rids.map { Restriction(id: $0, direction: .recv) }
        if layers.isSimulcast {
            result.simulcast = Simulcast(receive: layers.rids.map { [Simulcast.Encoding(rid: $0)] })
        }
        published?.encodings = layers.encodings
    }
}

extension ReceivedSection {
    fileprivate init(_ section: MediaSection, mid: String, kind: MediaKind) {
        self.mid = mid
        self.kind = kind
        let id = section.streamIDs.first ?? section.streamIDFromSources
        clientTrackID = id?.trackID
        streamID = id.flatMap { $0.streamID == MediaStreamID.none ? nil : $0.streamID }
    }
}

extension MediaSection {
    /// Where older clients say it: `a=ssrc:1 msid:stream track`.
    fileprivate var streamIDFromSources: MediaStreamID? {
        guard let value = ssrcAttributes.first(where: { $0.name == "msid" })?.value else { return nil }
        let fields = Substring(value).utf8.fields
        return fields.first.map { MediaStreamID(streamID: $0.text, trackID: fields.dropFirst().first?.text) }
    }
}
