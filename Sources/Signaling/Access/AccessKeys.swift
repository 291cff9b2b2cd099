// Verifies and mints access tokens: JWTs signed with HS256 by one of the configured API keys (livekit-wire.md, 1.3).
// The algorithm is fixed by us and never taken from the token; the clock is the caller's.

import Foundation
import JWTKit

/// Why the configured keys cannot be used.
public enum AccessKeysError: Error, Sendable, Equatable, CustomStringConvertible {
    case noKeys
    case emptyKey
    case secretTooShort(key: String)

    public var description: String {
        switch self {
        case .noKeys: "no API key is configured"
        case .emptyKey: "an API key has an empty name"
        case .secretTooShort(let key):
            "the secret of API key \(key) is shorter than \(AccessKeys.minimumSecretBytes) bytes"
        }
    }
}

public struct AccessKeys: Sendable {
    /// RFC 7518, 3.2: an HS256 key has at least the size of the hash.
    public static let minimumSecretBytes = 32
    /// Seconds a minted token is valid, the habit of the server SDKs.
    public static let defaultLifetime: Int64 = 6 * 3600

    private let signers: [String: any JWTAlgorithm]

    /// - Parameter secrets: API key → secret of at least ``minimumSecretBytes`` bytes.
    public init(_ secrets: [String: String]) async throws(AccessKeysError) {
        guard !secrets.isEmpty else { throw .noKeys }
        var signers: [String: any JWTAlgorithm] = [:]
        for (key, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            guard !key.isEmpty else { throw .emptyKey }
            guard secret.utf8.count >= Self.minimumSecretBytes else { throw .secretTooShort(key: key) }
            let collection = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
            // A collection that holds one key finds it.
            guard let signer = try? await collection.getKey() else { throw .emptyKey }
            signers[key] = signer
        }
        self.signers = signers
    }

    /// - Parameters:
    ///   - token: the compact form, three parts in base64url.
    ///   - now: seconds since 1970.
    /// - Returns: the claims, of which nothing but signature and validity was checked.
    public func verify(_ token: String, now: Int64) throws(AccessError) -> AccessClaims {
        try accept(token, now: now).claims
    }

    /// The same, with the terms under which the token was given.
    func accept(_ token: String, now: Int64) throws(AccessError) -> (claims: AccessClaims, terms: TokenTerms) {
        guard !token.isEmpty else { throw .missing }
        guard token.utf8.count <= Limits.tokenBytes else { throw .tooLong }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let header: TokenHeader = Self.decode(parts[0])
        else { throw .malformed }
        guard header.alg == TokenHeader.hs256 else { throw .algorithmNotAllowed }
        guard let payload: TokenPayload = Self.decode(parts[1]), let signature = Base64URL.decode(parts[2]) else {
            throw .malformed
        }
        guard let issuer = payload.iss, let signer = signers[issuer] else { throw .unknownKey }
        let signed = [UInt8](token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        guard (try? signer.verify(signature, signs: signed)) == true else { throw .wrongSignature }

        guard let expiry = payload.exp else { throw .noExpiry }
        let leeway = Double(Limits.clockLeewaySeconds)
        guard Double(now) < expiry + leeway else { throw .expired }
        if let start = payload.nbf, Double(now) + leeway < start { throw .notYetValid }
        let start = payload.nbf ?? Double(now)
        return (payload.claims, TokenTerms(key: issuer, lifetime: Self.seconds(expiry - start)))
    }

    /// An issuer may write any number; what fits no counter is as good as for ever.
    private static func seconds(_ time: Double) -> Int64 {
        time.isNaN ? 0 : Int64(min(max(time, 0), 1e15))
    }

    /// - Parameters:
    ///   - key: the API key to sign with.
    ///   - now: seconds since 1970; the token is valid from then on.
    ///   - lifetime: seconds.
    public func mint(
        _ claims: AccessClaims, key: String, now: Int64, lifetime: Int64 = AccessKeys.defaultLifetime
    ) throws(AccessError) -> String {
        let token = try sign(
            TokenPayload(
                iss: key, sub: claims.identity, nbf: Double(now), exp: Double(now &+ lifetime),
                name: claims.name.isEmpty ? nil : claims.name,
                metadata: claims.metadata.isEmpty ? nil : claims.metadata,
                attributes: claims.attributes.isEmpty ? nil : claims.attributes,
                kind: claims.kind.isEmpty ? nil : claims.kind,
                kindDetails: claims.kindDetails.isEmpty ? nil : claims.kindDetails,
                roomConfig: claims.roomConfiguration, video: claims.video, hutong: claims.hutong), key: key)
        guard token.utf8.count <= Limits.tokenBytes else { throw .tooLong }
        return token
    }

    /// A token of any content, signed by one of the keys.
    func sign(_ payload: TokenPayload, key: String) throws(AccessError) -> String {
        guard let signer = signers[key] else { throw .unknownKey }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let header = try? encoder.encode(TokenHeader(alg: TokenHeader.hs256, typ: "JWT")),
            let body = try? encoder.encode(payload)
        else { throw .malformed }
        let signed = Base64URL.encode(header) + "." + Base64URL.encode(body)
        guard let signature = try? signer.sign([UInt8](signed.utf8)) else { throw .malformed }
        return signed + "." + Base64URL.encode(signature)
    }

    private static func decode<Part: Decodable>(_ text: Substring) -> Part? {
        guard let bytes = Base64URL.decode(text) else { return nil }
        return try? JSONDecoder().decode(Part.self, from: Data(bytes))
    }
}

/// The JSON of a token's first part.
private struct TokenHeader: Codable {
    static let hs256 = "HS256"
    var alg: String
    var typ: String?
}
