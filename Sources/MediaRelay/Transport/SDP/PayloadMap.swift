// Publication formats × subscriber formats: under which payload type each of the publisher's goes out.

public struct PayloadMapping: Sendable, Equatable, Hashable {
    /// The publisher's payload type.
    public var from: UInt8
    /// The subscriber's payload type.
    public var to: UInt8
    /// The subscriber's RTX payload type, nil when it has none: retransmissions then repeat the packet.
    public var retransmission: UInt8?
    /// `from` is RED, `to` is Opus: only the primary block goes out.
    public var unwrapsRED: Bool
}

public struct PayloadMap: Sendable, Equatable {
    /// At most one for each of the publication's formats, in its order.
    public let pairs: [PayloadMapping]

    /// - Parameter subscriber: what it accepts, in its order of preference; the first compatible one is taken.
    public init(publication: [PayloadFormat], subscriber: [PayloadFormat]) {
        let publishedOpus = publication.first { $0.codec == .opus }
        let acceptedOpus = subscriber.first { $0.codec == .opus }
        var pairs: [PayloadMapping] = []
        for format in publication where !pairs.contains(where: { $0.from == format.payloadType }) {
            // RED blocks name the payload type of the Opus inside (RFC 2198, 3), which is not rewritten: RED can stay
            // whole only where both sides number Opus alike.
            let keepsRED = publishedOpus?.payloadType == acceptedOpus?.payloadType
            let candidates = format.codec == .red && !keepsRED ? [] : subscriber
            if let match = candidates.first(where: format.isCompatible) {
                pairs.append(
                    PayloadMapping(
                        from: format.payloadType, to: match.payloadType,
                        retransmission: match.retransmissionPayloadType, unwrapsRED: false))
            } else if format.codec == .red, let acceptedOpus {
                pairs.append(
                    PayloadMapping(
                        from: format.payloadType, to: acceptedOpus.payloadType,
                        retransmission: acceptedOpus.retransmissionPayloadType, unwrapsRED: true))
            }
        }
        self.pairs = pairs
    }

    /// Nothing the publisher may send can be received: `Event.subscriptionUnsupported`.
    public var isEmpty: Bool { pairs.isEmpty }
}
