// Tokens: what is accepted, and every way of being refused (S-46).

import Foundation
import JWTKit
import Testing

@testable import Signaling

struct AccessKeysTests {
    static let now: Int64 = 1_700_000_000
    static let secret = "a-secret-of-at-least-thirty-two-bytes"
    static let other = "another-secret-of-at-least-32-bytes--"

    private func keys() async throws -> AccessKeys { try await AccessKeys(["key": Self.secret, "second": Self.other]) }

    /// A token of any header and payload, signed with HMAC-SHA-256 whatever it says about itself.
    static func token(_ header: String, _ payload: String, secret: String = AccessKeysTests.secret) async throws
        -> String
    {
        let signer = try await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256).getKey()
        let signed = Base64URL.encode(header.utf8) + "." + Base64URL.encode(payload.utf8)
        return signed + "." + Base64URL.encode(try signer.sign([UInt8](signed.utf8)))
    }

    static let header = #"{"alg":"HS256","typ":"JWT"}"#
    static func payload(_ more: String = "", iss: String = "key", exp: Int64 = now + 60) -> String {
        #"{"iss":"\#(iss)","sub":"alice","exp":\#(exp),"video":{"roomJoin":true,"room":"m"}\#(more)}"#
    }

    @Test func mintedTokensAreAccepted() async throws {
        let keys = try await keys()
        var claims = AccessClaims.join(meeting: "m", identity: "alice", name: "Alice")
        claims.metadata = "{}"
        claims.attributes = ["a": "b/c"]
        claims.kind = "agent"
        claims.video.canPublishSources = ["camera"]
        claims.video.hidden = true
        for key in ["key", "second"] {
            let token = try keys.mint(claims, key: key, now: Self.now)
            claims.validity = TokenValidity(issuedAt: Self.now, expiry: Self.now + AccessKeys.defaultLifetime)
            #expect(try keys.verify(token, now: Self.now) == claims)
            #expect(throws: AccessError.expired) {
                try keys.verify(token, now: Self.now + AccessKeys.defaultLifetime + Limits.clockLeewaySeconds)
            }
            #expect(throws: AccessError.notYetValid) {
                try keys.verify(token, now: Self.now - Limits.clockLeewaySeconds - 1)
            }
        }
        #expect(throws: AccessError.unknownKey) { try keys.mint(claims, key: "third", now: Self.now) }
    }

    /// jwt-kit and the SDKs write what we read.
    @Test func identityFromSubjectElseIdentifier() async throws {
        let keys = try await keys()
        let subject = try await Self.token(Self.header, Self.payload(#","jti":"bob""#))
        #expect(try keys.verify(subject, now: Self.now).identity == "alice")
        let identifier = try await Self.token(
            Self.header, #"{"iss":"key","jti":"bob","exp":1700000060.5,"unknown":[1,{}]}"#)
        #expect(try keys.verify(identifier, now: Self.now).identity == "bob")
        let nobody = try await Self.token(Self.header, #"{"iss":"key","exp":1700000060}"#)
        let validity = TokenValidity(issuedAt: nil, expiry: 1_700_000_060)
        #expect(try keys.verify(nobody, now: Self.now) == AccessClaims(identity: "", validity: validity))
    }

    @Test func validityHasALeewayOfAMinute() async throws {
        let keys = try await keys()
        func verify(_ payload: String) async throws -> AccessClaims {
            try keys.verify(try await Self.token(Self.header, payload), now: Self.now)
        }
        #expect(try await verify(Self.payload(exp: Self.now - 59)).identity == "alice")
        #expect(try await verify(Self.payload(#","nbf":\#(Self.now + 60)"#)).identity == "alice")
        await #expect(throws: AccessError.expired) { try await verify(Self.payload(exp: Self.now - 60)) }
        await #expect(throws: AccessError.notYetValid) { try await verify(Self.payload(#","nbf":\#(Self.now + 61)"#)) }
        await #expect(throws: AccessError.expired) { try await verify(Self.payload(exp: -9_000_000_000_000_000_000)) }
    }

    /// Whatever numbers an issuer writes, they are whole seconds to us; `iat` says more than `nbf`.
    @Test func whenATokenWasMade() async throws {
        let keys = try await keys()
        func validity(_ more: String, exp: String = "1700000060") async throws -> TokenValidity? {
            let token = try await Self.token(Self.header, #"{"iss":"key","exp":\#(exp)\#(more)}"#)
            return try keys.verify(token, now: Self.now).validity
        }
        #expect(try await validity(#","iat":1699999990.9,"nbf":1699999000"#)?.issuedAt == 1_699_999_990)
        #expect(try await validity(#","nbf":1699999000"#)?.issuedAt == 1_699_999_000)
        #expect(try await validity(#","iat":-1e300"#)?.issuedAt == .min)
        #expect(try await validity("", exp: "1e300") == TokenValidity(issuedAt: nil, expiry: .max))
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var name: String
        var header = AccessKeysTests.header
        var payload = AccessKeysTests.payload()
        var secret = AccessKeysTests.secret
        /// Applied to the signed token.
        var change: @Sendable (String) -> String = { $0 }
        var error: AccessError
        var testDescription: String { name }
    }

    static func part(_ index: Int, of token: String) -> String {
        token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[index]
    }

    @Test(arguments: [
        Bad(
            name: "alg none, unsigned", header: #"{"alg":"none"}"#,
            change: { part(0, of: $0) + "." + part(1, of: $0) + "." }, error: .algorithmNotAllowed),
        Bad(name: "alg none, signed", header: #"{"alg":"none"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg None", header: #"{"alg":"None"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg hs256 in small letters", header: #"{"alg":"hs256"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg HS384", header: #"{"alg":"HS384"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg HS512", header: #"{"alg":"HS512"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg RS256 signed by HMAC", header: #"{"alg":"RS256"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg ES256", header: #"{"alg":"ES256"}"#, error: .algorithmNotAllowed),
        Bad(name: "alg empty", header: #"{"alg":""}"#, error: .algorithmNotAllowed),
        Bad(name: "no alg", header: #"{"typ":"JWT"}"#, error: .malformed),
        Bad(name: "header is no object", header: "[]", error: .malformed),
        Bad(name: "header is no JSON", header: "x", error: .malformed),
        Bad(name: "payload is no JSON", payload: "x", error: .malformed),
        Bad(name: "payload of wrong types", payload: #"{"iss":7}"#, error: .malformed),
        Bad(
            name: "grant of wrong types", payload: #"{"iss":"key","exp":1700000060,"video":{"roomJoin":"yes"}}"#,
            error: .malformed),
        Bad(name: "no exp", payload: #"{"iss":"key","sub":"alice"}"#, error: .noExpiry),
        Bad(name: "exp null", payload: #"{"iss":"key","sub":"alice","exp":null}"#, error: .noExpiry),
        Bad(name: "exp a text", payload: #"{"iss":"key","sub":"alice","exp":"9999999999"}"#, error: .malformed),
        Bad(name: "exp too large a number", payload: #"{"iss":"key","sub":"alice","exp":1e999}"#, error: .malformed),
        Bad(name: "expired", payload: payload(exp: now - 3600), error: .expired),
        Bad(name: "not yet valid", payload: payload(#","nbf":\#(now + 61)"#), error: .notYetValid),
        Bad(name: "no iss", payload: #"{"sub":"alice","exp":1700000060}"#, error: .unknownKey),
        Bad(name: "iss unknown", payload: payload(iss: "nobody"), error: .unknownKey),
        Bad(name: "iss of another key", payload: payload(iss: "second"), error: .wrongSignature),
        Bad(name: "another secret", secret: other, error: .wrongSignature),
        Bad(name: "signature cut", change: { String($0.dropLast(4)) }, error: .wrongSignature),
        Bad(name: "no signature", change: { part(0, of: $0) + "." + part(1, of: $0) + "." }, error: .wrongSignature),
        Bad(
            name: "signature is no base64", change: { part(0, of: $0) + "." + part(1, of: $0) + ".%%%" },
            error: .malformed),
        Bad(name: "two parts", change: { part(0, of: $0) + "." + part(1, of: $0) }, error: .malformed),
        Bad(name: "four parts", change: { $0 + ".x" }, error: .malformed),
        Bad(
            name: "another payload under the signature",
            change: {
                part(0, of: $0) + "." + Base64URL.encode(payload(#","kind":"agent""#).utf8) + "." + part(2, of: $0)
            }, error: .wrongSignature),
        Bad(name: "empty", change: { _ in "" }, error: .missing),
        Bad(name: "no token at all", change: { _ in "hello" }, error: .malformed),
        Bad(
            name: "64 KiB", payload: payload(#","metadata":"\#(String(repeating: "x", count: 48 * 1024))""#),
            error: .tooLong),
    ])
    func refused(_ bad: Bad) async throws {
        let keys = try await keys()
        let token = bad.change(try await Self.token(bad.header, bad.payload, secret: bad.secret))
        #expect(throws: bad.error) { try keys.verify(token, now: Self.now) }
        #expect(token.isEmpty || !bad.error.reason.contains(token))
    }

    @Test func weakSecretsAreRefused() async {
        await #expect(throws: AccessKeysError.noKeys) { try await AccessKeys([:]) }
        await #expect(throws: AccessKeysError.secretTooShort(key: "key")) { try await AccessKeys(["key": ""]) }
        await #expect(throws: AccessKeysError.secretTooShort(key: "key")) {
            try await AccessKeys(["key": String(repeating: "x", count: 31)])
        }
        await #expect(throws: AccessKeysError.emptyKey) { try await AccessKeys(["": Self.secret]) }
    }

    @Test func defaultRights() {
        let rights = Rights(VideoGrant())
        #expect(rights.canPublish && rights.canSubscribe && rights.canPublishData && rights.sources == nil)
        #expect(!rights.canUpdateOwnMetadata && !rights.isHidden)
        var grant = VideoGrant()
        grant.canPublish = false
        #expect(!Rights(grant).canPublishData)
        grant.canPublishData = true
        #expect(Rights(grant).canPublishData)
    }

    @Test func base64() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
            #expect(Base64URL.decode(Data(bytes).base64EncodedString()) == bytes)
        }
        #expect(Base64URL.decode("a") == nil && Base64URL.decode("a b=") == nil && Base64URL.decode("ä") == nil)
    }
}
