// The client's half of negotiation, with the relay's own SDP types: offers of what a person publishes and has places for,
// and in v0 answers to the server's offers.

import MediaRelay
import ScenarioSupport

/// One section of a client's, or one that the server sends in.
struct ClientSection {
    let mid: String
    let kind: MediaKind
    /// The msid's track: the cid of AddTrack. Nil: a place to receive in.
    var track: String?
    var ssrc: UInt32 = 0
    var retransmissionSSRC: UInt32?
    var isSending = false
}

enum ClientDescription {
    /// What the sending client calls its extensions; `SyntheticSource` says why 3 is a colour space here.
    static let sendingExtensions: [HeaderExtension: UInt8] = [.mid: 1, .audioLevel: 2, .colorSpace: 3]
    private static let offeredExtensions: [HeaderExtension: UInt8] = [.mid: 1, .audioLevel: 2, .transportSequence: 3]

    static func offer(
        _ sections: [ClientSection], version: UInt64, ice: ICECredentials, fingerprint: Fingerprint
    ) -> String {
        var data = MediaSection(media: .application, transportProtocol: MediaSection.sctpProtocol)
        data.applicationFormats = [MediaSection.dataChannelFormat]
        data.mid = "0"
        data.sctpPort = 5000
        let all = [data] + sections.map(section)
        return SessionDescription(
            origin: .init(sessionID: 1, version: version),
            groups: [.init(semantics: SessionDescription.Group.bundle, mids: all.compactMap(\.mid))],
            transport: TransportAttributes(ice: ice, fingerprints: [fingerprint], setup: .actpass), sections: all
        ).text
    }

    private static func section(_ section: ClientSection) -> MediaSection {
        var media = MediaSection(
            media: section.kind == .audio ? .audio : .video, transportProtocol: MediaSection.rtpProtocol)
        media.mid = section.mid
        media.direction = section.track == nil ? .recvonly : .sendonly
        media.rtcpMux = true
        media.extensions = offeredExtensions.map { ExtensionMap(id: UInt16($1), uri: $0.uri) }.sorted { $0.id < $1.id }
        switch section.kind {
        case .audio:
            media.formats = [
                RTPFormat(payloadType: 111, encoding: RTPEncoding(name: "opus", clockRate: 48_000, channels: 2))
            ]
        case .video:
            media.formats = [
                RTPFormat(
                    payloadType: 96, encoding: RTPEncoding(name: "VP8", clockRate: 90_000),
                    feedback: [.nack, .nackPLI, .transportCC]),
                RTPFormat(
                    payloadType: 97, encoding: RTPEncoding(name: "rtx", clockRate: 90_000), parameters: "apt=96"),
            ]
        }
        guard let track = section.track else { return media }
        media.streamIDs = [MediaStreamID(streamID: MediaStreamID.none, trackID: track)]
        let ssrcs = [section.ssrc] + (section.retransmissionSSRC.map { [$0] } ?? [])
        media.ssrcAttributes = ssrcs.map { SSRCAttribute(ssrc: $0, name: "cname", value: "c") }
        if ssrcs.count == 2 {
            media.ssrcGroups = [SSRCGroup(semantics: SSRCGroup.flowIdentification, ssrcs: ssrcs)]
        }
        return media
    }

    /// The sections of a server's description that carry something.
    static func sent(in description: SessionDescription) -> [ClientSection] {
        description.sections.compactMap { section in
            guard let mid = section.mid, let kind = section.media.kind, description.direction(of: section).sends,
                let ssrc = section.ssrcGroups.first?.ssrcs.first ?? section.ssrcAttributes.first?.ssrc
            else { return nil }
            return ClientSection(
                mid: mid, kind: kind, ssrc: ssrc, retransmissionSSRC: section.ssrcGroups.first?.ssrcs.last)
        }
    }

    static func extensions(of description: SessionDescription) -> [HeaderExtension: UInt8] {
        var map: [HeaderExtension: UInt8] = [:]
        for extmap in description.sections.flatMap(\.extensions) {
            guard let kind = HeaderExtension(rawValue: extmap.uri) else { continue }
            map[kind] = UInt8(exactly: extmap.id)
        }
        return map
    }

    /// Takes everything that is offered.
    static func answer(to offer: SessionDescription, ice: ICECredentials, fingerprint: Fingerprint) -> String {
        var answer = offer
        answer.isICELite = false
        answer.transport = TransportAttributes(ice: ice, fingerprints: [fingerprint], setup: .active)
        for index in answer.sections.indices {
            answer.sections[index].transport = TransportAttributes()
            answer.sections[index].candidates = []
            answer.sections[index].endOfCandidates = false
            answer.sections[index].streamIDs = []
            answer.sections[index].ssrcGroups = []
            answer.sections[index].ssrcAttributes = []
            if offer.sections[index].media.kind != nil {
                answer.sections[index].direction =
                    offer.direction(of: offer.sections[index]).sends ? .recvonly : .inactive
            }
        }
        return answer.text
    }
}
