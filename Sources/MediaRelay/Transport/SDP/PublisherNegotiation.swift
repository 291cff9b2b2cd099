// Answers a client's offers on the connection it publishes on (v0: the publisher peer connection, v1: the only one). Pure:
// text in, text out. Which sections a publication is made of is in the answer; what to do with them is the caller's
// business. In v1 the answers also carry the tracks that the client receives: TrackPlacement.swift says where. How one
// section is answered is in SectionAnswer.swift.
//
//   offer ─▶ sections as before? ─▶ BUNDLE and its tagged section ─▶ transport ─▶ extensions ─▶ each section ─▶ answer

public struct PublisherNegotiation: Sendable {
    /// What must not change at a place in the list of sections from one offer to the next.
    private struct Place: Sendable, Equatable {
        var media: MediaSection.Media
        var mid: String?
        /// The place may be used for something new (RFC 9429, 5.2.2).
        var isFree: Bool
    }

    public private(set) var local: LocalTransportDescription
    public let capabilities: MediaCapabilities
    private var version: UInt64 = 0
    private var places: [Place] = []
    private var placement = TrackPlacement()
    /// Of the newest offer that was answered: other credentials mean an ICE restart.
    private var remoteICE: ICECredentials?

    public init(local: LocalTransportDescription, capabilities: MediaCapabilities) {
        self.local = local
        self.capabilities = capabilities
    }

    /// What the next answer says of where to send to. A client keeps the way it has until it restarts ICE.
    public mutating func announce(_ candidates: [ICECandidate]) { local.candidates = candidates }

    // MARK: What the client receives

    /// The next answer with room for it carries the track.
    /// - Throws: `SDPError` when there are `Limits.SDP.offeredSections` already, or the configuration leaves no codec of
    ///   this kind.
    public mutating func add(_ track: SubscribedTrack) throws(SDPError) {
        guard !capabilities.entries(track.kind).isEmpty else { throw SDPError(.missing("codec")) }
        guard placement.count < Limits.SDP.offeredSections else { throw SDPError(.tooMany(.mediaSections)) }
        placement.add(track)
    }

    /// Does nothing when there is no such track.
    public mutating func remove(trackID: String) { placement.remove(trackID: trackID) }

    /// The client has to make an offer, so that an answer can tell it what changed.
    public var needsOffer: Bool { placement.hasChanges }
    /// How many sections that offer has to have more than the last one.
    public var missingSections: SectionCount { placement.missing }
    /// Those of the last offer in which the client only receives.
    public var receivingSections: SectionCount { placement.receiving }

    // MARK: Offers

    /// - Throws: `SDPError`; nothing changes then.
    public mutating func answer(
        to offer: String, restartingWith ice: ICECredentials? = nil,
        preferences: (ReceivedSection) -> SectionPreferences = { _ in SectionPreferences() }
    ) throws(SDPError) -> PublisherAnswer {
        try answer(to: SessionDescription(parsing: offer), restartingWith: ice, preferences: preferences)
    }

    /// - Parameters:
    ///   - ice: our credentials from now on if the offer restarts ICE; they must be new then (RFC 8839, 4.4.3.1.1).
    ///   - preferences: asked once for every section the client wants to send in.
    /// - Throws: `SDPError`; nothing changes then.
    public mutating func answer(
        to offer: SessionDescription, restartingWith ice: ICECredentials? = nil,
        preferences: (ReceivedSection) -> SectionPreferences = { _ in SectionPreferences() }
    ) throws(SDPError) -> PublisherAnswer {
        try checkPlaces(offer)
        let bundle = Set(offer.bundle)
        let tagged = try taggedSection(of: offer)
        let transport = offer.transport(of: tagged)
        let remote = try transport.remoteParameters()
        let setup = try answeredSetup(transport.setup)
        let extensions = try ExtensionAgreement(offer: offer, bundle: bundle)
        let restartedICE = remoteICE == nil || remoteICE == remote.ice ? nil : ice
        var local = local
        if let restartedICE { local.ice = restartedICE }

        var answer = SessionDescription(
            origin: local.origin(version: version &+ 1), isICELite: true,
            allowsMixedExtensions: offer.allowsMixedExtensions)
        var published: [PublishedSection] = []
        var subscribed: [SubscribedSection] = []
        var placement = self.placement
        placement.begin()
        var hasApplication = false
        for section in offer.sections {
            var reply = SectionAnswer(
                section: section, direction: offer.direction(of: section),
                isBundled: bundle.contains(section.mid ?? ""),
                isTagged: section.mid == tagged.mid, acceptsApplication: !hasApplication)
            reply.make(capabilities: capabilities, extensions: extensions, preferences: preferences)
            if let place = reply.published,
                let track = placement.place(place.mid, place.kind, offer.direction(of: section), place.formats)
            {
                reply.carry(track, capabilities: capabilities, extensions: extensions)
            }
            if reply.result.media == .application, !reply.result.isRejected { hasApplication = true }
            if !reply.result.isRejected { reply.result.transport = local.attributes(setup: setup) }
            answer.sections.append(reply.result)
            if let section = reply.published { published.append(section) }
            if let section = reply.subscribed { subscribed.append(section) }
        }
        try finish(&answer)
        placement.finish()
        self.placement = placement
        version &+= 1
        self.local = local
        remoteICE = remote.ice
        places = zip(offer.sections, answer.sections).map { asked, answered in
            Place(media: asked.media, mid: asked.mid, isFree: asked.isRejected || answered.isRejected)
        }
        return PublisherAnswer(
            sdp: answer.text, remote: remote, restartedICE: restartedICE,
            headerExtensions: extensions.inForce(in: answer), sections: published, subscribed: subscribed,
            refused: placement.refused)
    }

    /// RFC 9429, 5.2.2: sections are never taken away, and change only where they were rejected.
    private func checkPlaces(_ offer: SessionDescription) throws(SDPError) {
        guard offer.sections.count >= places.count else { throw SDPError(.sectionsChanged) }
        for (place, section) in zip(places, offer.sections) where !place.isFree {
            guard place.media == section.media, place.mid == section.mid else { throw SDPError(.sectionsChanged) }
        }
    }

    /// RFC 9143, 7.2.1: the first of the group; its transport attributes hold for all.
    private func taggedSection(of offer: SessionDescription) throws(SDPError) -> MediaSection {
        let usable = offer.sections.filter { $0.mid != nil && !$0.isRejected }
        var byMid: [String: MediaSection] = [:]
        for section in usable { if let mid = section.mid { byMid[mid] = section } }
        guard let tagged = offer.bundle.lazy.compactMap({ byMid[$0] }).first else { throw SDPError(.notBundled) }
        if tagged.media.kind != nil, !tagged.isRTP || !tagged.rtcpMux { throw SDPError(.missing("rtcp-mux")) }
        return tagged
    }

    /// This end is always the DTLS server. An offer that says nothing means `active` (RFC 8842, 5.3).
    private func answeredSetup(_ offered: Setup?) throws(SDPError) -> Setup {
        switch offered ?? .active {
        case .actpass, .active: return .passive
        case .passive, .holdconn: throw SDPError(.unsupportedSetup(offered))
        }
    }

    private func finish(_ answer: inout SessionDescription) throws(SDPError) {
        var mids: [String] = []
        for index in answer.sections.indices where !answer.sections[index].isRejected {
            // The transport belongs to the first section of the group; candidates elsewhere would be ignored.
            if mids.isEmpty {
                answer.sections[index].candidates = local.candidates
                answer.sections[index].endOfCandidates = true
            }
            if let mid = answer.sections[index].mid { mids.append(mid) }
        }
        guard !mids.isEmpty else { throw SDPError(.notBundled) }
        answer.groups = [SessionDescription.Group(semantics: SessionDescription.Group.bundle, mids: mids)]
    }
}
