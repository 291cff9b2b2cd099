// What a participant offers and what it reads out of answers, with the relay's own SDP types. In v1 only the client
// offers.

import CLoad
import MediaRelay

/// One section of a participant's connection.
struct ClientSection {
    enum Content {
        /// A place to receive in.
        case place
        case sends(MediaShape, track: String, ssrc: UInt32)
    }

    let mid: String
    let isVideo: Bool
    let content: Content
    /// Its source runs.
    var isSending = false
}

enum ClientOffer {
    static let opus: UInt8 = 111
    static let vp8: UInt8 = 96
    private static let vp8Retransmission: UInt8 = 97
    private static let extensions: [(id: UInt16, name: HeaderExtension, isForAudioOnly: Bool)] = [
        (1, .audioLevel, true), (2, .absSendTime, false), (3, .transportSequence, false), (4, .mid, false),
    ]

    static func text(
        _ sections: [ClientSection], version: UInt64, ice: ICECredentials, fingerprint: Fingerprint,
        setup: Setup = .actpass
    ) -> String {
        let media = sections.map(section)
        return SessionDescription(
            origin: .init(sessionID: 1, version: version),
            groups: [.init(semantics: SessionDescription.Group.bundle, mids: sections.map(\.mid))],
            transport: TransportAttributes(ice: ice, fingerprints: [fingerprint], setup: setup), sections: media
        ).text
    }

    /// Takes everything that is offered.
    static func answer(to offer: SessionDescription, ice: ICECredentials, fingerprint: Fingerprint) -> String {
        var answer = offer
        answer.isICELite = false
        answer.transport = TransportAttributes(ice: ice, fingerprints: [fingerprint], setup: .active)
        for (index, section) in offer.sections.enumerated() {
            answer.sections[index].transport = TransportAttributes()
            answer.sections[index].candidates = []
            answer.sections[index].endOfCandidates = false
            answer.sections[index].streamIDs = []
            answer.sections[index].ssrcGroups = []
            answer.sections[index].ssrcAttributes = []
            if section.media.kind != nil {
                answer.sections[index].direction = offer.direction(of: section).sends ? .recvonly : .inactive
            }
        }
        return answer.text
    }

    private static func section(_ section: ClientSection) -> MediaSection {
        var media = MediaSection(
            media: section.isVideo ? .video : .audio, transportProtocol: MediaSection.rtpProtocol)
        media.mid = section.mid
        media.rtcpMux = true
        media.reducedSizeRTCP = true
        media.extensions = extensions.filter { !($0.isForAudioOnly && section.isVideo) }
            .map { ExtensionMap(id: $0.id, uri: $0.name.uri) }
        media.formats = section.isVideo ? videoFormats : audioFormats
        switch section.content {
        case .place: media.direction = .recvonly
        case .sends(_, let track, let ssrc):
            media.direction = .sendonly
            // What is lost is sent again as it was: this client needs no RTX, and a Rust SDK offers none either.
            if section.isVideo { media.formats = [videoFormats[0]] }
            media.streamIDs = [MediaStreamID(streamID: MediaStreamID.none, trackID: track)]
            media.ssrcAttributes = [SSRCAttribute(ssrc: ssrc, name: "cname", value: "load")]
        }
        return media
    }

    private static let audioFormats = [
        RTPFormat(
            payloadType: opus, encoding: RTPEncoding(name: "opus", clockRate: 48_000, channels: 2),
            parameters: "minptime=10;useinbandfec=1", feedback: [.transportCC])
    ]
    private static let videoFormats = [
        RTPFormat(
            payloadType: vp8, encoding: RTPEncoding(name: "VP8", clockRate: 90_000),
            feedback: [.transportCC, .fir, .nack, .nackPLI]),
        RTPFormat(
            payloadType: vp8Retransmission, encoding: RTPEncoding(name: "rtx", clockRate: 90_000),
            parameters: "apt=\(vp8)"),
    ]
}

/// A stream that the server says it sends.
struct AnnouncedStream: Equatable {
    var isVideo: Bool
    var ssrc: UInt32
    var retransmissionSSRC: UInt32?
}

extension SessionDescription {
    /// What the sender of this description sends.
    var announcedStreams: [AnnouncedStream] {
        sections.compactMap { section in
            guard let kind = section.media.kind, direction(of: section).sends, !section.isRejected else { return nil }
            let pair = section.ssrcGroups.first { $0.semantics == SSRCGroup.flowIdentification }?.ssrcs
            guard let ssrc = pair?.first ?? section.ssrcAttributes.first?.ssrc else { return nil }
            return AnnouncedStream(
                isVideo: kind == .video, ssrc: ssrc, retransmissionSSRC: pair.flatMap { $0.dropFirst().first })
        }
    }

    /// The payload type with which the sender of this answer takes a section; nil when it does not.
    func acceptedPayloadType(mid: String) -> UInt8? {
        guard let section = sections.first(where: { $0.mid == mid }), direction(of: section).receives,
            !section.isRejected
        else { return nil }
        return section.formats.first?.payloadType
    }

    var headerExtensions: cl_extensions {
        var result = cl_extensions()
        for map in sections.flatMap(\.extensions) {
            guard let id = UInt8(exactly: map.id), let name = HeaderExtension(rawValue: map.uri) else { continue }
            switch name {
            case .mid: result.mid = id
            case .audioLevel: result.audio_level = id
            case .transportSequence: result.transport_sequence = id
            case .absSendTime: result.absolute_send_time = id
            default: break
            }
        }
        return result
    }

    /// Who and where the sender is: its credentials, its certificate, and the first of its UDP addresses.
    var server: (parameters: RemoteTransportParameters, address: SocketAddress)? {
        guard let section = sections.first(where: { !$0.isRejected }), let ice = transport(of: section).ice else {
            return nil
        }
        let candidates = sections.flatMap(\.candidates).filter { $0.transport == "udp" && $0.component == 1 }
            .sorted { $0.priority > $1.priority }
        guard let address = candidates.lazy.compactMap({ SocketAddress(host: $0.address, port: $0.port) }).first
        else { return nil }
        return (
            RemoteTransportParameters(ice: ice, fingerprints: transport(of: section).fingerprints), address
        )
    }
}
