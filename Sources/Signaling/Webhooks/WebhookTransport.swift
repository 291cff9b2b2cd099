// The way out of the house: one request, one answer, and nothing of the answer but its status.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// What a receiver said.
enum WebhookAnswer: Sendable, Equatable {
    case status(Int)
    /// Nothing: no connection, no answer in time, not HTTP.
    case none

    /// Statuses by which a receiver, or a proxy before one, says "later" are no answer to the event itself.
    var outcome: DeliverySchedule.Outcome {
        switch self {
        case .status(200..<300): .delivered
        case .none, .status(408), .status(425), .status(429), .status(500..<600): .unreachable
        case .status: .refused
        }
    }
}

protocol WebhookTransport: Sendable {
    func send(_ post: WebhookPost) async -> WebhookAnswer
}

struct HTTPWebhookTransport: WebhookTransport {
    private let client: HTTPClient

    /// - Parameter client: of ``configuration``.
    init(client: HTTPClient) { self.client = client }

    static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // Where events go is the operator's word, not a receiver's.
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(
            connect: TimeAmount(Limits.webhookConnectTime), read: TimeAmount(Limits.webhookTime))
        configuration.httpVersion = .http1Only
        return configuration
    }

    func send(_ post: WebhookPost) async -> WebhookAnswer {
        var request = HTTPClientRequest(url: post.url.text)
        request.method = .POST
        for (name, value) in post.headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: post.body))
        do {
            let response = try await client.execute(request, timeout: TimeAmount(Limits.webhookTime))
            await discard(response.body)
            return .status(Int(response.status.code))
        } catch {
            return .none
        }
    }

    /// A short body is read, so that the connection can be used again; a longer one ends it.
    private func discard(_ body: HTTPClientResponse.Body) async {
        var bytes = 0
        do {
            for try await part in body {
                bytes += part.readableBytes
                if bytes > Limits.webhookAnswerBytes { return }
            }
        } catch {
            // The status has come; what happens to the rest concerns nobody.
        }
    }
}
