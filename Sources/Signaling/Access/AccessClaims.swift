// Who a token speaks for and what it allows: the claims apart from its validity, as plain values.

public struct AccessClaims: Sendable, Equatable {
    /// Unique in a meeting; a second connection with it takes the first one's place.
    public var identity: String
    /// For display.
    public var name: String
    public var metadata: String
    public var attributes: [String: String]
    /// `standard`, `ingress`, `egress`, `sip`, `agent` …; empty means standard.
    public var kind: String
    /// `cloud_agent`, `forwarded` … in any case; what is unknown is left out.
    public var kindDetails: [String] = []
    /// For the meeting, if this token opens it.
    public var roomConfiguration: RoomConfiguration?
    public var video: VideoGrant

    public init(
        identity: String, name: String = "", metadata: String = "", attributes: [String: String] = [:],
        kind: String = "", video: VideoGrant = VideoGrant()
    ) {
        self.identity = identity
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.kind = kind
        self.video = video
    }

    /// A token for joining one meeting with every ordinary right.
    public static func join(meeting: String, identity: String, name: String = "") -> AccessClaims {
        var grant = VideoGrant()
        grant.roomJoin = true
        grant.room = meeting
        return AccessClaims(identity: identity, name: name, video: grant)
    }
}

/// Under which terms a token was given; its successors are given under the same.
struct TokenTerms: Sendable, Equatable {
    /// The API key that signed it.
    var key: String
    /// Seconds from its start to its expiry.
    var lifetime: Int64
}

/// The JSON of a token's second part.
struct TokenPayload: Codable {
    /// The API key; it selects the secret.
    var iss: String?
    var sub: String?
    var jti: String?
    /// Seconds since 1970, fractions allowed (RFC 7519, 2).
    var nbf: Double?
    var exp: Double?
    var name: String?
    var metadata: String?
    var attributes: [String: String]?
    var kind: String?
    var kindDetails: [String]?
    var roomConfig: RoomConfiguration?
    var video: VideoGrant?

    var claims: AccessClaims {
        var claims = AccessClaims(
            identity: sub.flatMap { $0.isEmpty ? nil : $0 } ?? jti ?? "", name: name ?? "", metadata: metadata ?? "",
            attributes: attributes ?? [:], kind: kind ?? "", video: video ?? VideoGrant())
        claims.kindDetails = kindDetails ?? []
        claims.roomConfiguration = roomConfig
        return claims
    }
}
