// What carries requests to WeChat. The caller brings it; time limits, TLS and connections are its business. It must not log
// addresses: app secrets and tokens stand in their queries.

public struct WeChatRequest: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    public let method: Method
    /// With secrets in its query.
    public let address: String
    /// JSON in UTF-8; empty for a `get`.
    public let body: [UInt8]
    /// Bytes of the reply that are worth reading; more than that is refused here.
    public let replyLimit: Int

    /// Without the query, for logs.
    public var description: String { "\(method.rawValue) \(address.prefix { $0 != "?" })" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

public struct WeChatResponse: Sendable {
    public let status: Int
    public let body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

public enum TransportFailure: Error, Sendable { case unreachable, timedOut, tooLarge }

public protocol WeChatTransport: Sendable {
    /// Redirects are not followed. A reply over `limit` bytes may end in `.tooLarge`.
    func get(_ address: String, limit: Int) async throws(TransportFailure) -> WeChatResponse
    /// With `Content-Type: application/json`.
    func post(_ address: String, body: [UInt8], limit: Int) async throws(TransportFailure) -> WeChatResponse
}
