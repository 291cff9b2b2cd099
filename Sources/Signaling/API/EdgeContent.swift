// What the routes answer with, handed in by the executable: the page, readiness, figures, development tokens, the server
// API, webhooks, hosts' controls and the people of the organisation.

/// One file of the page, as it goes out.
public struct StaticFile: Sendable {
    public var contentType: String
    /// RFC 9110, 8.8.3, with its quotes.
    public var entityTag: String
    public var bytes: [UInt8]

    public init(contentType: String, entityTag: String, bytes: [UInt8]) {
        self.contentType = contentType
        self.entityTag = entityTag
        self.bytes = bytes
    }
}

public struct EdgeContent: Sendable {
    /// Mints a join token, on development servers only; nil: the route does not exist.
    public typealias DevelopmentToken = @Sendable (_ room: String, _ name: String) throws -> String

    /// By path without its leading slash; the page itself is the empty path.
    public var page: @Sendable (_ path: String) -> StaticFile?
    /// May new people be sent here: relay up, not stopping.
    public var isReady: @Sendable () async -> Bool
    public var metrics: @Sendable () async -> [MetricFamily]
    public var developmentToken: DevelopmentToken?
    /// Nil: the server API's routes do not exist.
    public var serverAPI: (any ServerAPI)?
    /// Nil: nobody is told of events, and their routes do not exist.
    public var webhooks: WebhookRoutes?
    /// Nil: meetings have no hosts' controls over HTTP.
    public var controls: ControlRoutes?
    /// Nil: there is no organisation, and nobody signs in.
    public var people: PeopleRoutes?

    public init(
        page: @escaping @Sendable (_ path: String) -> StaticFile?, isReady: @escaping @Sendable () async -> Bool,
        metrics: @escaping @Sendable () async -> [MetricFamily], developmentToken: DevelopmentToken? = nil,
        serverAPI: (any ServerAPI)? = nil, webhooks: WebhookRoutes? = nil, controls: ControlRoutes? = nil,
        people: PeopleRoutes? = nil
    ) {
        self.page = page
        self.isReady = isReady
        self.metrics = metrics
        self.developmentToken = developmentToken
        self.serverAPI = serverAPI
        self.webhooks = webhooks
        self.controls = controls
        self.people = people
    }
}
