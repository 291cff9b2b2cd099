// Who is told what happens in meetings, as the operator decides it.

import Foundation

public struct WebhookConfiguration: Sendable, Equatable {
    public var urls: [WebhookURL]
    /// The API key that signs.
    public var key: String
    /// How long an event can be queued again after it was delivered.
    public var retention: Duration
    /// How long a receiver may be away until it misses an event for good.
    public var giveUpAfter: Duration

    public init(urls: [WebhookURL], key: String, retention: Duration, giveUpAfter: Duration) {
        self.urls = urls
        self.key = key
        self.retention = retention
        self.giveUpAfter = giveUpAfter
    }
}

/// Where a receiver listens. It prints itself without path and query, in which many a service puts its secret.
public struct WebhookURL: Sendable, Hashable, CustomStringConvertible {
    let text: String
    public let description: String

    /// Nil when it is not an absolute http or https URL, or has a user or a fragment.
    public init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.encodedHost, !host.isEmpty, parts.user == nil,
            parts.password == nil, parts.fragment == nil, (1...65_535).contains(parts.port ?? 1)
        else { return nil }
        self.text = text
        let port = parts.port.map { ":\($0)" } ?? ""
        description = "\(scheme)://\(host)\(port)" + (parts.path.count > 1 || parts.query != nil ? "/…" : "")
    }
}
