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
    /// Nil: the token knows of no roles.
    public var hutong: HutongClaim?
    /// Of the token that these claims came in; nil for claims made here.
    public var validity: TokenValidity?

    public init(
        identity: String, name: String = "", metadata: String = "", attributes: [String: String] = [:],
        kind: String = "", video: VideoGrant = VideoGrant(), validity: TokenValidity? = nil
    ) {
        self.identity = identity
        self.name = name
        self.metadata = metadata
        self.attributes = attributes
        self.kind = kind
        self.video = video
        self.validity = validity
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

/// When a token was made and until when it lets in, as its issuer says. Seconds since 1970.
public struct TokenValidity: Sendable, Equatable {
    /// `iat`, else `nbf`: issuers put the latter back in time to help clocks that are behind. Nil when neither is there.
    public var issuedAt: Int64?
    public var expiry: Int64

    public init(issuedAt: Int64?, expiry: Int64) {
        self.issuedAt = issuedAt
        self.expiry = expiry
    }
}

/// The JSON of a token's second part.
struct TokenPayload: Codable {
    /// The API key; it selects the secret.
    var iss: String?
    var sub: String?
    var jti: String?
    /// Seconds since 1970, fractions allowed (RFC 7519, 2).
    var iat: Double?
    var nbf: Double?
    var exp: Double?
    var name: String?
    var metadata: String?
    var attributes: [String: String]?
    var kind: String?
    var kindDetails: [String]?
    var roomConfig: RoomConfiguration?
    var video: VideoGrant?
    var hutong: HutongClaim?
    /// Of a webhook's body, in standard base64.
    var sha256: String?

    var claims: AccessClaims {
        var claims = AccessClaims(
            identity: sub.flatMap { $0.isEmpty ? nil : $0 } ?? jti ?? "", name: name ?? "", metadata: metadata ?? "",
            attributes: attributes ?? [:], kind: kind ?? "", video: video ?? VideoGrant(),
            validity: exp.map { TokenValidity(issuedAt: (iat ?? nbf).map(Self.seconds), expiry: Self.seconds($0)) })
        claims.kindDetails = kindDetails ?? []
        claims.roomConfiguration = roomConfig
        claims.hutong = hutong
        return claims
    }

    /// Whole seconds, however far away.
    private static func seconds(_ value: Double) -> Int64 {
        Int64(exactly: value.rounded(.down)) ?? (value < 0 ? .min : .max)
    }
}
