// The smallest transport that does what `WeChatTransport` asks for.

import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import WeChat

struct ProbeTransport: WeChatTransport {
    let client: HTTPClient
    let timeout: TimeAmount

    func get(_ address: String, limit: Int) async throws(TransportFailure) -> WeChatResponse {
        try await execute(HTTPClientRequest(url: address), limit: limit)
    }

    func post(_ address: String, body: [UInt8], limit: Int) async throws(TransportFailure) -> WeChatResponse {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(body)
        return try await execute(request, limit: limit)
    }

    private func execute(_ request: HTTPClientRequest, limit: Int) async throws(TransportFailure) -> WeChatResponse {
        do {
            let response = try await client.execute(request, deadline: .now() + timeout)
            let body = try await response.body.collect(upTo: limit)
            return WeChatResponse(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            throw .timedOut
        } catch is NIOTooManyBytesError {
            throw .tooLarge
        } catch {
            throw .unreachable
        }
    }
}
