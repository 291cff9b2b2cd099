// Who was sent out of which meeting, and which of his tokens died with that. A value: what is kept and for how long, no
// store and no clock; Revocations is the shell around it.

/// One person's removal from one meeting.
struct Revocation: Sendable, Equatable {
    var meeting: String
    var identity: String
    /// Tokens made in this second or earlier are dead. Seconds since 1970.
    var moment: Int64
    /// When it may be forgotten, because the tokens it is about have expired by themselves.
    var expiry: Int64
}

extension Revocation {
    /// - Parameters:
    ///   - validity: of the token that the person came in with, if known.
    ///   - notAfter: the moment, when the remover names another than `now`.
    init(meeting: String, identity: String, validity: TokenValidity?, notAfter: Int64?, now: Int64) {
        var expiry = now &+ Limits.revocationSeconds
        if let validity {
            // Who stays long has been given a newer token, which may live as long again.
            let end = validity.expiry.reasonable
            let lifetime = max(0, end - (validity.issuedAt?.reasonable ?? now))
            expiry = max(expiry, max(end, now) + lifetime + Limits.clockLeewaySeconds)
        }
        // An issuer's clock may run ahead of ours; the token in use dies all the same.
        let moment = notAfter ?? max(now, validity?.issuedAt ?? now)
        self.init(meeting: meeting, identity: identity, moment: moment, expiry: expiry)
    }
}

struct RevocationList: Sendable {
    private struct Holder: Hashable {
        var meeting: String
        var identity: String
    }
    private var entries: [Holder: Revocation] = [:]

    /// Nobody joins without an identity, so none stands for all: of a meeting that was ended.
    static let everybody = ""

    var count: Int { entries.count }

    /// Whether the token's meeting was ended for everybody after the token was made.
    func saysEnded(_ claims: AccessClaims) -> Bool { refuses(claims, as: Self.everybody) }

    /// A token that does not say when it was made counts as old.
    func refuses(_ claims: AccessClaims) -> Bool {
        refuses(claims, as: claims.identity) || saysEnded(claims)
    }

    private func refuses(_ claims: AccessClaims, as identity: String) -> Bool {
        guard let meeting = claims.video.room,
            let revocation = entries[Holder(meeting: meeting, identity: identity)]
        else { return false }
        guard let issuedAt = claims.validity?.issuedAt else { return true }
        return issuedAt <= revocation.moment
    }

    /// A second removal never takes back any of the first.
    /// - Returns: what is in force now.
    @discardableResult
    mutating func add(_ revocation: Revocation) -> Revocation {
        let holder = Holder(meeting: revocation.meeting, identity: revocation.identity)
        var merged = revocation
        if let earlier = entries[holder] {
            merged.moment = max(merged.moment, earlier.moment)
            merged.expiry = max(merged.expiry, earlier.expiry)
        }
        entries[holder] = merged
        return merged
    }

    mutating func removeExpired(now: Int64) {
        entries = entries.filter { $0.value.expiry > now }
    }
}

extension Int64 {
    /// For times that an issuer wrote: anything up to a quarter of the range, which is as good as for ever.
    fileprivate var reasonable: Int64 { Swift.min(Swift.max(self, 0), .max / 4) }
}
