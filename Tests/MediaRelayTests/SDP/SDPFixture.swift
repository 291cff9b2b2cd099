// Recorded session descriptions (Fixtures/sdp) and small pieces the SDP tests share.

import Foundation
import MediaRelay

enum SDPFixture {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/sdp")

    /// `browser/aiortc-offer` …
    static let names: [String] = {
        let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.hasSuffix(".sdp") }.map { String($0.dropLast(4)) }.sorted()
    }()

    /// What clients offered, servers' offers left out.
    static let clientOffers = names.filter { $0.contains("offer") && !$0.contains("server-offer") }

    static func text(_ name: String) throws -> String {
        try String(decoding: Data(contentsOf: folder.appending(path: "\(name).sdp")), as: UTF8.self)
    }

    static let local = LocalTransportDescription(
        sessionID: 7_000_000_000,
        ice: ICECredentials(usernameFragment: "ufragOfServer", password: "passwordOfTheServer22+/"),
        fingerprint: Fingerprint(algorithm: "sha-256", bytes: Array(0..<32)),
        candidates: [.host(SocketAddress(host: "192.0.2.1", port: 7882)!)])

    static func publisher(_ codecs: [Codec] = Codec.allCases) -> PublisherNegotiation {
        PublisherNegotiation(local: local, capabilities: MediaCapabilities(codecs: codecs))
    }

    static func subscriber(_ codecs: [Codec] = Codec.allCases) -> SubscriberNegotiation {
        SubscriberNegotiation(local: local, capabilities: MediaCapabilities(codecs: codecs))
    }
}

/// The lines of one part of a description: the session's (nil) or the section with a mid.
func lines(of sdp: String, mid: String? = nil) -> [String] {
    var parts: [[String]] = [[]]
    // "\r\n" is one Character.
    for line in sdp.split(separator: "\r\n").map(String.init) {
        if line.hasPrefix("m=") { parts.append([]) }
        parts[parts.count - 1].append(line)
    }
    guard let mid else { return parts[0] }
    return parts.dropFirst().first { $0.contains("a=mid:\(mid)") } ?? []
}

extension SubscriberNegotiation {
    struct AwaitsAnswer: Error {}

    mutating func nextOffer() throws -> SubscriberOffer {
        guard let offer = makeOffer() else { throw AwaitsAnswer() }
        return offer
    }
}
