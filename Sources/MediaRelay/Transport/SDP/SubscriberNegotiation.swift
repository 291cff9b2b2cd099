// Offers tracks to a client on the connection it only receives on (v0: the subscriber peer connection), and reads its
// answers. Pure. One negotiation at a time: while an answer is awaited, changes are gathered for the next offer.
//
//   section:  add ─▶ sending ─ remove ─▶ ending ─ offered inactive and answered ─▶ idle ─ add ─▶ sending
//
// A section gets another track only from idle: a client whose section changes its msid while it is sending does not
// announce the new track.

public struct SubscriberNegotiation: Sendable {
    struct Section: Sendable, Equatable {
        enum State: Sendable, Equatable {
            case sending(SubscribedTrack)
            /// The track is gone, but the client may not know it.
            case ending
            /// Agreed to be inactive.
            case idle
            /// The client refused it; it stays in the list, because sections are never taken away (RFC 9429, 5.2.2).
            case rejected
        }

        var mid: String
        /// Nil for the data channels' section.
        var kind: MediaKind?
        var state: State
        /// What the client was last told it can get, in our order of preference.
        var entries: [MediaCapabilities.Entry]

        var track: SubscribedTrack? {
            if case .sending(let track) = state { track } else { nil }
        }
    }

    public private(set) var local: LocalTransportDescription
    public let capabilities: MediaCapabilities
    private(set) var sections: [Section]
    /// As they were offered, while an answer is awaited.
    private(set) var offered: [Section]?
    private var hasChanges = true
    private var version: UInt64 = 0

    /// The first offer holds the data channels' section alone; clients need it to connect when nobody publishes.
    public init(local: LocalTransportDescription, capabilities: MediaCapabilities) {
        self.local = local
        self.capabilities = capabilities
        sections = [Section(mid: "0", kind: nil, state: .idle, entries: [])]
    }

    public var awaitsAnswer: Bool { offered != nil }
    /// There is something to offer, and no answer is awaited.
    public var needsOffer: Bool { hasChanges && !awaitsAnswer }

    /// - Returns: the mid under which the next offer carries the track.
    /// - Throws: `SDPError` when all `Limits.SDP.offeredSections` carry tracks already, or the configuration leaves no
    ///   codec of this kind.
    public mutating func add(_ track: SubscribedTrack) throws(SDPError) -> String {
        let entries = capabilities.offered(track.kind, preferring: track.formats)
        guard !entries.isEmpty else { throw SDPError(.missing("codec")) }
        if let index = sections.firstIndex(where: { $0.kind == track.kind && $0.state == .idle }) {
            sections[index].state = .sending(track)
            sections[index].entries = entries
            hasChanges = true
            return sections[index].mid
        }
        guard sections.count < Limits.SDP.offeredSections else { throw SDPError(.tooMany(.mediaSections)) }
        // Sections are only ever appended, so their number is a mid nobody has.
        let mid = String(sections.count)
        sections.append(Section(mid: mid, kind: track.kind, state: .sending(track), entries: entries))
        hasChanges = true
        return mid
    }

    /// Does nothing when no section carries the track.
    public mutating func remove(trackID: String) {
        guard let index = sections.firstIndex(where: { $0.track?.trackID == trackID }) else { return }
        sections[index].state = .ending
        hasChanges = true
    }

    /// The next offer restarts ICE. An offer that was not answered is forgotten: whoever restarts does not know whether
    /// the client has seen it, and the next one says all that it said.
    public mutating func restartICE(with ice: ICECredentials) {
        local.ice = ice
        offered = nil
        hasChanges = true
    }

    /// What the next offer says of where to send to. A client keeps the way it has until ICE restarts.
    public mutating func announce(_ candidates: [ICECandidate]) { local.candidates = candidates }

    /// - Returns: nil while an answer is awaited.
    public mutating func makeOffer() -> SubscriberOffer? {
        guard !awaitsAnswer else { return nil }
        version &+= 1
        hasChanges = false
        offered = sections
        var midToTrackID: [String: String] = [:]
        for section in sections { midToTrackID[section.mid] = section.track?.trackID }
        return SubscriberOffer(sdp: description().text, midToTrackID: midToTrackID)
    }

    /// - Throws: `SDPError`; nothing changes then, and the answer is still awaited.
    public mutating func apply(answer: String) throws(SDPError) -> SubscriberAnswer {
        try apply(answer: SessionDescription(parsing: answer))
    }

    /// - Throws: `SDPError`; nothing changes then, and the answer is still awaited.
    public mutating func apply(answer: SessionDescription) throws(SDPError) -> SubscriberAnswer {
        guard let offered else { throw SDPError(.unexpectedAnswer) }
        let reading = try SubscriberAnswerReading(answer: answer, offered: offered)
        self.offered = nil
        for (index, wasOffered) in offered.enumerated() {
            if reading.rejectedMids.contains(wasOffered.mid) {
                sections[index].state = .rejected
            } else if wasOffered.state == .ending, sections[index].state == .ending {
                sections[index].state = .idle
            }
        }
        return reading.result
    }

    private func description() -> SessionDescription {
        var description = SessionDescription(
            origin: local.origin(version: version), isICELite: true, allowsMixedExtensions: true)
        var mids: [String] = []
        for section in sections {
            var media = section.description
            if section.state != .rejected {
                media.transport = local.attributes(setup: .actpass)
                if mids.isEmpty {
                    media.candidates = local.candidates
                    media.endOfCandidates = true
                }
                mids.append(section.mid)
            }
            description.sections.append(media)
        }
        description.groups = [SessionDescription.Group(semantics: SessionDescription.Group.bundle, mids: mids)]
        return description
    }
}

extension SubscriberNegotiation.Section {
    /// Without transport attributes and candidates.
    fileprivate var description: MediaSection {
        let port = state == .rejected ? 0 : MediaSection.discardPort
        guard let kind else {
            var media = MediaSection(media: .application, port: port, transportProtocol: MediaSection.sctpProtocol)
            media.mid = mid
            media.applicationFormats = [MediaSection.dataChannelFormat]
            media.sctpPort = LocalTransportDescription.sctpPort
            media.maxMessageSize = LocalTransportDescription.maxMessageSize
            return media
        }
        var media = MediaSection(
            media: kind == .audio ? .audio : .video, port: port, transportProtocol: MediaSection.rtpProtocol)
        media.mid = mid
        media.direction = track == nil ? .inactive : .sendonly
        media.rtcpMux = true
        media.reducedSizeRTCP = true
        media.extensions = MediaCapabilities.offeredExtensions(kind).map {
            ExtensionMap(id: UInt16($0.1), uri: $0.0.uri)
        }
        media.formats = entries.flatMap { $0.lines(isStereo: track?.isStereo ?? false) }
        if let track { media.describeSources(of: track, repeats: true) }
        return media
    }
}

extension MediaCapabilities.Entry {
    /// The format as our offers write it, followed by its RTX.
    fileprivate func lines(isStereo: Bool) -> [RTPFormat] {
        var line = RTPFormat(
            payloadType: format.payloadType,
            encoding: RTPEncoding(
                name: format.codec.encodingName, clockRate: format.clockRate, channels: format.channels),
            parameters: parameters)
        line.feedback = MediaCapabilities.offeredFeedback(format.codec.kind)
        if format.codec == .opus, isStereo { line.parameters = (parameters ?? "") + MediaSection.stereoParameters }
        guard let payloadType = format.retransmissionPayloadType else { return [line] }
        return [
            line,
            RTPFormat(
                payloadType: payloadType, encoding: RTPEncoding(name: "rtx", clockRate: format.clockRate),
                parameters: "apt=\(format.payloadType)"),
        ]
    }
}
