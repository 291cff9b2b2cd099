// One event as one HTTP request: the body as it was stored, and a signature made for this very attempt
// (livekit-wire.md, 6.4).

import Crypto
import Foundation
import LiveKitProtocol
import SwiftProtobuf

struct WebhookPost: Sendable {
    var url: WebhookURL
    var headers: [(name: String, value: String)]
    var body: String

    /// The meeting's sid; the event's number in it. The protocol's message has no field for the latter.
    static let meetingHeader = "X-Hutong-Room"
    static let sequenceHeader = "X-Hutong-Sequence"

    init(_ delivery: Delivery, to url: WebhookURL, keys: AccessKeys, key: String, now: Int64) throws {
        self.url = url
        body = try delivery.body
        headers = [
            ("Content-Type", "application/webhook+json"),
            ("Authorization", try keys.signature(of: body, key: key, now: now)),
            (Self.meetingHeader, delivery.event.meeting),
            (Self.sequenceHeader, String(delivery.event.sequence)),
            ("User-Agent", "hutong"),
        ]
    }
}

extension Delivery {
    /// The same bytes at every attempt, unless events before it were given up.
    fileprivate var body: String {
        get throws {
            guard dropped > 0 else { return event.body }
            var message = try LiveKitWebhookEvent(jsonString: event.body)
            message.numDropped = Int32(clamping: dropped)
            return try message.jsonString()
        }
    }
}

extension AccessKeys {
    /// A token that holds nothing but the hash of a body, and lives as long as a request may take on a slow day.
    func signature(of body: String, key: String, now: Int64) throws(AccessError) -> String {
        let hash = Data(SHA256.hash(data: Data(body.utf8))).base64EncodedString()
        let payload = TokenPayload(
            iss: key, nbf: Double(now), exp: Double(now &+ Limits.webhookSignatureSeconds), sha256: hash)
        return try sign(payload, key: key)
    }
}
