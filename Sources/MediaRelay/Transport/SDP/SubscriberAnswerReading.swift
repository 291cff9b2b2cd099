// Reads a client's answer against the sections that were offered to it.

struct SubscriberAnswerReading {
    let result: SubscriberAnswer
    /// Refused with port 0.
    let rejectedMids: Set<String>

    init(answer: SessionDescription, offered: [SubscriberNegotiation.Section]) throws(SDPError) {
        // RFC 3264, 6: one answer section for each offered one, in the same order.
        guard answer.sections.count == offered.count else { throw SDPError(.answerMismatch) }
        let bundle = Set(answer.bundle)
        var remote: RemoteTransportParameters?
        var rejected: Set<String> = []
        var extensions: [HeaderExtension: UInt8] = [:]
        var sections: [SubscribedSection] = []
        for (section, offer) in zip(answer.sections, offered) {
            guard section.media.kind == offer.kind, offer.kind != nil || section.media == .application else {
                throw SDPError(.answerMismatch)
            }
            // Rejected sections may come without a mid.
            guard section.mid == offer.mid || section.mid == nil && section.isRejected else {
                throw SDPError(.answerMismatch)
            }
            guard !section.isRejected else {
                rejected.insert(offer.mid)
                if let track = offer.track {
                    sections.append(
                        SubscribedSection(
                            mid: offer.mid, trackID: track.trackID, ssrc: track.ssrc, formats: [], isReceiving: false))
                }
                continue
            }
            guard offer.state != .rejected else { throw SDPError(.answerMismatch) }
            guard bundle.contains(offer.mid) else { throw SDPError(.notBundled) }
            if remote == nil { remote = try Self.remote(answer, section) }
            guard let kind = offer.kind else { continue }
            guard section.rtcpMux else { throw SDPError(.missing("rtcp-mux")) }
            for (known, id) in MediaCapabilities.offeredExtensions(kind)
            where (answer.extensions + section.extensions).contains(where: { $0.id == id && $0.uri == known.uri }) {
                extensions[known] = id
            }
            guard let track = offer.track else { continue }
            let formats = Self.formats(of: section, offer.entries)
            sections.append(
                SubscribedSection(
                    mid: offer.mid, trackID: track.trackID, ssrc: track.ssrc, formats: formats,
                    isReceiving: !formats.isEmpty && answer.direction(of: section).receives))
        }
        guard let remote else { throw SDPError(.notBundled) }
        result = SubscriberAnswer(remote: remote, headerExtensions: extensions, sections: sections)
        rejectedMids = rejected
    }

    /// The first accepted section is the tagged one. The client must be the DTLS client, as the offer left it to choose
    /// and the relay has only a server.
    private static func remote(
        _ answer: SessionDescription, _ section: MediaSection
    ) throws(SDPError) -> RemoteTransportParameters {
        let transport = answer.transport(of: section)
        guard transport.setup == .active else { throw SDPError(.unsupportedSetup(transport.setup)) }
        return try transport.remoteParameters()
    }

    /// Those that were offered under the same payload type with a compatible meaning; others are none of ours.
    private static func formats(
        of section: MediaSection, _ entries: [MediaCapabilities.Entry]
    ) -> [PayloadFormat] {
        let retransmissions = section.retransmissions
        return section.formats.compactMap { answered in
            guard var format = PayloadFormat(answered),
                let entry = entries.first(where: { $0.format.payloadType == format.payloadType }),
                entry.format.isCompatible(with: format)
            else { return nil }
            let retransmission = retransmissions[format.payloadType]?.payloadType
            format.retransmissionPayloadType =
                retransmission == entry.format.retransmissionPayloadType ? retransmission : nil
            return format
        }
    }
}
