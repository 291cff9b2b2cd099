// Answers a client's offers on the connection it publishes on (v0: the publisher peer connection). Pure: text in, text
// out. Which sections a publication is made of is in the answer; what to do with them is the caller's business.
// How one section is answered is in SectionAnswer.swift.
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

    public let local: LocalTransportDescription
    public let capabilities: MediaCapabilities
    private var version: UInt64 = 0
    private var places: [Place] = []

    public init(local: LocalTransportDescription, capabilities: MediaCapabilities) {
        self.local = local
        self.capabilities = capabilities
    }

    /// - Throws: `SDPError`; nothing changes then.
    public mutating func answer(
        to offer: String, preferences: (ReceivedSection) -> SectionPreferences = { _ in SectionPreferences() }
    ) throws(SDPError) -> PublisherAnswer {
        try answer(to: SessionDescription(parsing: offer), preferences: preferences)
    }

    /// - Parameter preferences: asked once for every section the client wants to send in.
    /// - Throws: `SDPError`; nothing changes then.
    public mutating func answer(
        to offer: SessionDescription,
        preferences: (ReceivedSection) -> SectionPreferences = { _ in SectionPreferences() }
    ) throws(SDPError) -> PublisherAnswer {
        try checkPlaces(offer)
        let bundle = Set(offer.bundle)
        let tagged = try taggedSection(of: offer)
        let transport = offer.transport(of: tagged)
        let remote = try transport.remoteParameters()
        let setup = try answeredSetup(transport.setup)
        let extensions = try ExtensionAgreement(offer: offer, bundle: bundle)

        var answer = SessionDescription(
            origin: local.origin(version: version &+ 1), isICELite: true,
            allowsMixedExtensions: offer.allowsMixedExtensions)
        var published: [PublishedSection] = []
        var hasApplication = false
        for section in offer.sections {
            var reply = SectionAnswer(
                section: section, direction: offer.direction(of: section),
                isBundled: bundle.contains(section.mid ?? ""),
                isTagged: section.mid == tagged.mid, acceptsApplication: !hasApplication)
            reply.make(capabilities: capabilities, extensions: extensions, preferences: preferences)
            if reply.result.media == .application, !reply.result.isRejected { hasApplication = true }
            if !reply.result.isRejected { reply.result.transport = local.attributes(setup: setup) }
            answer.sections.append(reply.result)
            if let section = reply.published { published.append(section) }
        }
        try finish(&answer)
        version &+= 1
        places = zip(offer.sections, answer.sections).map { asked, answered in
            Place(media: asked.media, mid: asked.mid, isFree: asked.isRejected || answered.isRejected)
        }
        return PublisherAnswer(
            sdp: answer.text, remote: remote, headerExtensions: extensions.inForce(in: answer), sections: published)
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
