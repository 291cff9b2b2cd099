// Dead tokens: whose, made when, and for how long that is remembered.

import Testing

@testable import Signaling

struct RevocationTests {
    static let now: Int64 = 1_700_000_000

    private func claims(_ identity: String = "alice", meeting: String? = "m", issuedAt: Int64?) -> AccessClaims {
        var claims = AccessClaims(
            identity: identity, validity: TokenValidity(issuedAt: issuedAt, expiry: Self.now + 60))
        claims.video.room = meeting
        return claims
    }

    private func removal(
        _ identity: String = "alice", validity: TokenValidity? = nil, notAfter: Int64? = nil, now: Int64 = now
    ) -> Revocation {
        Revocation(meeting: "m", identity: identity, validity: validity, notAfter: notAfter, now: now)
    }

    @Test func tokensMadeUntilTheRemovalAreDead() {
        var list = RevocationList()
        list.add(removal())
        #expect(list.refuses(claims(issuedAt: Self.now - 3600)))
        // A token's time has whole seconds: one of the same second may be the old one.
        #expect(list.refuses(claims(issuedAt: Self.now)))
        #expect(!list.refuses(claims(issuedAt: Self.now + 1)))
        #expect(list.refuses(claims(issuedAt: nil)))
        var undated = claims(issuedAt: nil)
        undated.validity = nil
        #expect(list.refuses(undated))
    }

    @Test func othersAndOtherMeetingsAreNotConcerned() {
        var list = RevocationList()
        list.add(removal())
        #expect(!list.refuses(claims("bob", issuedAt: Self.now)))
        #expect(!list.refuses(claims(meeting: "other", issuedAt: Self.now)))
        #expect(!list.refuses(claims(meeting: nil, issuedAt: Self.now)))
    }

    /// Its issuer's clock runs ahead of ours, within the leeway that tokens have.
    @Test func theTokenInUseDiesEvenWhenItSeemsToComeFromTheFuture() {
        var list = RevocationList()
        list.add(removal(validity: TokenValidity(issuedAt: Self.now + 40, expiry: Self.now + 3600)))
        #expect(list.refuses(claims(issuedAt: Self.now + 40)))
    }

    @Test func theRemoverMayNameTheMoment() {
        var list = RevocationList()
        list.add(removal(notAfter: Self.now - 100))
        #expect(list.refuses(claims(issuedAt: Self.now - 100)) && !list.refuses(claims(issuedAt: Self.now - 99)))
        // An earlier moment named later takes nothing back.
        list.add(removal(notAfter: Self.now - 500))
        #expect(list.refuses(claims(issuedAt: Self.now - 100)))
        list.add(removal())
        #expect(list.refuses(claims(issuedAt: Self.now - 99)))
    }

    @Test func isRememberedAsLongAsATokenMayLive() {
        #expect(removal().expiry == Self.now + Limits.revocationSeconds)
        let life = Limits.revocationSeconds * 2
        let long = removal(validity: TokenValidity(issuedAt: Self.now, expiry: Self.now + life))
        // He may have been given a newer one of the same life a moment ago.
        #expect(long.expiry == Self.now + 2 * life + Limits.clockLeewaySeconds)
        for (issuedAt, expiry) in [(Int64.min, Int64.max), (.max, .max), (.max, .min), (0, .max)] {
            let odd = removal(validity: TokenValidity(issuedAt: issuedAt, expiry: expiry))
            #expect(odd.expiry >= Self.now + Limits.revocationSeconds)
        }

        var list = RevocationList()
        list.add(long)
        list.add(removal("bob"))
        // A later removal of a shorter memory shortens nothing.
        list.add(removal())
        list.removeExpired(now: Self.now + Limits.revocationSeconds)
        #expect(list.count == 1 && list.refuses(claims(issuedAt: nil)))
        list.removeExpired(now: long.expiry)
        #expect(list.count == 0 && !list.refuses(claims(issuedAt: nil)))
    }
}
