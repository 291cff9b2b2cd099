// The server API as the HTTP edge sees it: calls go in, replies come out. The edge knows no method and no meeting, the
// API knows no HTTP library.

/// Answers the calls of back ends.
public protocol ServerAPI: Sendable {
    func answer(_ call: ServerAPICall) async -> ServerAPIReply
}

/// `/twirp/<package>.<Service>/<Method>`. Empty segments are ignored, as in signaling paths.
public struct ServerAPIRoute: Sendable, Equatable {
    static let prefix = "twirp"

    /// With its package.
    public var service: String
    public var method: String

    init?(path: Substring) {
        let parts = path.split(separator: "/")
        guard parts.count == 3, parts[0] == Self.prefix else { return nil }
        service = String(parts[1])
        method = String(parts[2])
    }
}

public struct ServerAPICall: Sendable {
    public var route: ServerAPIRoute
    public var contentType: String?
    public var authorization: String?
    /// Reads the body, which costs memory: to be asked for when the caller is known. Nil when it is too large or breaks off.
    public var body: @Sendable () async -> [UInt8]?
}

public struct ServerAPIReply: Sendable, Equatable {
    /// Of HTTP.
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
}
