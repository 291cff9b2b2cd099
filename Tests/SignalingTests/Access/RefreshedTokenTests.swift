// Tokens made from tokens: what they carry, how long they last, and what does not fit.

import Testing

@testable import Signaling

struct RefreshedTokenTests {
    private static let now: Int64 = 1_700_000_000

    private func keys() async throws -> AccessKeys {
        try await AccessKeys(["key": "hutong-development-secret-32-bytes-min"])
    }

    private func claims() -> AccessClaims {
        var claims = AccessClaims.join(meeting: "m", identity: "alice", name: "Alice")
        claims.metadata = "desk 7"
        claims.attributes = ["hand": "up"]
        claims.video.canPublish = false
        return claims
    }

    @Test func itLastsAsLongAsTheFirstAndTenMinutesAtLeast() async throws {
        let keys = try await keys()
        for (lifetime, expected) in [(3600, 3600), (60, 600), (0, 600)] as [(Int64, Int64)] {
            let token = try #require(
                keys.refreshed(claims(), TokenTerms(key: "key", lifetime: lifetime), now: Self.now))
            let (read, terms) = try keys.accept(token, now: Self.now)
            #expect(terms == TokenTerms(key: "key", lifetime: expected))
            #expect(read.metadata == "desk 7" && read.attributes == ["hand": "up"] && read.video == claims().video)
        }
    }

    @Test func theTermsAreReadFromTheToken() async throws {
        let keys = try await keys()
        let token = try keys.mint(claims(), key: "key", now: Self.now, lifetime: 7200)
        #expect(try keys.accept(token, now: Self.now + 100).terms == TokenTerms(key: "key", lifetime: 7200))
    }

    @Test func whatDoesNotFitIsLeftOutMetadataFirst() async throws {
        let keys = try await keys()
        let terms = TokenTerms(key: "key", lifetime: 3600)
        var large = claims()
        large.metadata = String(repeating: "m", count: 100_000)
        let first = try keys.accept(try #require(keys.refreshed(large, terms, now: Self.now)), now: Self.now).claims
        #expect(first.metadata.isEmpty && first.attributes == ["hand": "up"])
        large.attributes["long"] = String(repeating: "a", count: 50_000)
        let second = try keys.accept(try #require(keys.refreshed(large, terms, now: Self.now)), now: Self.now).claims
        #expect(second.metadata.isEmpty && second.attributes.isEmpty && second.name == "Alice")
    }

    @Test func withoutItsKeyThereIsNone() async throws {
        #expect(try await keys().refreshed(claims(), TokenTerms(key: "gone", lifetime: 60), now: Self.now) == nil)
    }

    @Test func rightsGoIntoAGrantAndComeOutTheSame() {
        var grant = VideoGrant()
        grant.canPublishSources = ["microphone", "camera"]
        grant.canSubscribe = false
        grant.hidden = true
        grant.roomAdmin = true
        let rights = Rights(grant)
        var other = VideoGrant()
        other.roomAdmin = true
        other.room = "m"
        let joined = other.with(rights)
        #expect(Rights(joined) == rights && joined.roomAdmin == true && joined.room == "m")
        #expect(VideoGrant().with(Rights(VideoGrant())).canPublishSources == nil)
    }
}
