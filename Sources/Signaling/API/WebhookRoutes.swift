// The routes by which an operator looks into the webhooks' queues and has events sent again. The events of all meetings
// are at stake, so a token needs `roomAdmin` and `roomList` and must not be about one room only.

import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

public struct WebhookRoutes: Sendable {
    private let webhooks: Webhooks
    private let keys: AccessKeys

    public init(webhooks: Webhooks, keys: AccessKeys) {
        self.webhooks = webhooks
        self.keys = keys
    }

    func add(to router: Router<EdgeContext>) {
        router.get("api/webhooks") { request, _ in
            try authorize(request)
            return try json(await webhooks.statistics().listing)
        }
        router.post("api/webhooks/replay") { request, _ in
            try authorize(request)
            return try await replay(request)
        }
    }

    private func authorize(_ request: Request) throws(Problem) {
        let token = request.headers[.authorization].flatMap(SignalRequest.bearerToken) ?? ""
        let grant: VideoGrant
        do throws(AccessError) {
            grant = try keys.verify(token, now: Int64(Date().timeIntervalSince1970)).video
        } catch {
            throw Problem(.unauthorized, detail: error.reason)
        }
        guard grant.roomAdmin == true, grant.roomList == true, grant.room?.isEmpty ?? true else {
            throw Problem(.forbidden, detail: "the token needs roomAdmin and roomList, and no room")
        }
    }

    private func replay(_ request: Request) async throws -> Response {
        let range: ReplayRange
        do {
            let body = try await request.body.collect(upTo: Limits.replayBodyBytes)
            range = try JSONDecoder().decode(ReplayRange.self, from: Data(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw Problem(.contentTooLarge)
        } catch {
            throw Problem(.badRequest, detail: #"the body must be JSON with any of "room", "from" and "to""#)
        }
        let queued: Int?
        do {
            queued = try await webhooks.replay(range)
        } catch {
            throw Problem(.serviceUnavailable, detail: "\(error)")
        }
        guard let queued else { throw Problem(.notFound, detail: "there is no such event, or not any more") }
        return try json(["queued": queued], status: .accepted)
    }

    private func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }
}

extension WebhookStatistics {
    struct Listing: Encodable {
        struct Receiver: Encodable {
            var url: String
            var queued: Int
            var oldestSeconds: Double
            var sent: UInt64
            var failed: UInt64
            var dropped: UInt64
        }
        var receivers: [Receiver]
    }

    fileprivate var listing: Listing {
        Listing(
            receivers: receivers.map { receiver in
                Listing.Receiver(
                    url: receiver.url?.description ?? "", queued: receiver.queued, oldestSeconds: age(of: receiver),
                    sent: receiver.sent, failed: receiver.failed, dropped: receiver.dropped)
            })
    }
}

extension ReplayRange: Decodable {
    private enum CodingKeys: String, CodingKey { case room, from, to }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        room = try values.decodeIfPresent(String.self, forKey: .room)
        from = try values.decodeIfPresent(Bound.self, forKey: .from)
        to = try values.decodeIfPresent(Bound.self, forKey: .to)
    }
}

/// A number is a sequence number, a text an event's id.
extension ReplayRange.Bound: Decodable {
    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int64.self) {
            self = .sequence(number)
        } else {
            self = .id(try value.decode(String.self))
        }
    }
}
