// A participant's next token. Clients come back with the newest one they were given, so that a meeting may outlast the
// token it was entered with (livekit-wire.md, 4.6).

extension AccessKeys {
    /// Seconds a refreshed token is good for at least: a client that wakes after some minutes must still get in.
    static let minimumRefreshedLifetime: Int64 = 600

    /// What does not fit into a token is left out: first the metadata, then the attributes too. A client that resumes
    /// keeps both, because the meeting has them; one that has to join anew comes without what was left out.
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil when the API key is no longer configured.
    func refreshed(_ claims: AccessClaims, _ terms: TokenTerms, now: Int64) -> String? {
        var claims = claims
        let lifetime = max(terms.lifetime, Self.minimumRefreshedLifetime)
        if let token = try? mint(claims, key: terms.key, now: now, lifetime: lifetime) { return token }
        claims.metadata = ""
        if let token = try? mint(claims, key: terms.key, now: now, lifetime: lifetime) { return token }
        claims.attributes = [:]
        return try? mint(claims, key: terms.key, now: now, lifetime: lifetime)
    }
}
