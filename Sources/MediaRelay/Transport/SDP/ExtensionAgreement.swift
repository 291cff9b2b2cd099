// Which header extensions of an offer are accepted, and under which identifiers. One identifier means one extension in
// all sections of a BUNDLE group (RFC 9143, 9.1), because packets are read before their section is known.

struct ExtensionAgreement {
    /// One-byte headers name 1 to 14 (RFC 8285, 4.2). An identifier beyond would force the two-byte form on every packet,
    /// and every client offers what the relay reads below it.
    private static let usableIDs: ClosedRange<UInt16> = 1...14

    private let ids: [HeaderExtension: UInt8]
    private let sessionMaps: [ExtensionMap]

    /// - Throws: `SDPError` when an identifier stands for two extensions.
    init(offer: SessionDescription, bundle: Set<String>) throws(SDPError) {
        var uris: [UInt16: String] = [:]
        var ids: [HeaderExtension: UInt8] = [:]
        for section in offer.sections where bundle.contains(section.mid ?? "") && !section.isRejected {
            for map in offer.extensions + section.extensions {
                guard uris.updateValue(map.uri, forKey: map.id).map({ $0 == map.uri }) ?? true else {
                    throw SDPError(.conflicting("extmap"))
                }
                guard let known = HeaderExtension(rawValue: map.uri), ids[known] == nil,
                    Self.usableIDs.contains(map.id)
                else { continue }
                ids[known] = UInt8(map.id)
            }
        }
        self.ids = ids
        sessionMaps = offer.extensions
    }

    /// The answer's `extmap` lines for a section: what it offers, in the offer's order.
    /// - Parameter isSending: the client sends there, or may later; else it receives.
    func accepted(for section: MediaSection, isSending: Bool) -> [ExtensionMap] {
        var seen: Set<UInt16> = []
        return (sessionMaps + section.extensions).compactMap { map in
            let direction = map.direction ?? .sendrecv
            guard let known = HeaderExtension(rawValue: map.uri), ids[known].map(UInt16.init) == map.id,
                isSending ? direction.sends : direction.receives, seen.insert(map.id).inserted
            else { return nil }
            return ExtensionMap(id: map.id, direction: Self.turned(map.direction), uri: map.uri)
        }
    }

    /// RFC 8285, 6: the answer turns the direction around.
    private static func turned(_ direction: Direction?) -> Direction? {
        switch direction {
        case .sendonly: .recvonly
        case .recvonly: .sendonly
        case .sendrecv, .inactive, nil: nil
        }
    }

    func inForce(in answer: SessionDescription) -> [HeaderExtension: UInt8] {
        var inForce: [HeaderExtension: UInt8] = [:]
        for map in answer.sections.lazy.flatMap(\.extensions) {
            if let known = HeaderExtension(rawValue: map.uri) { inForce[known] = UInt8(truncatingIfNeeded: map.id) }
        }
        return inForce
    }
}
