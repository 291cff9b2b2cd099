// A join token (JWT, HS256) as a customer's back end mints it. Twenty lines over swift-crypto; the server's own library
// for it would bring the whole server along.

import Crypto
import Foundation

struct AccessToken {
    var key: String
    var secret: String

    private struct Header: Encodable {
        var alg = "HS256"
        var typ = "JWT"
    }

    private struct Claims: Encodable {
        struct Video: Encodable {
            var roomJoin = true
            var room: String
        }
        var iss: String
        var sub: String
        var nbf: Int
        var exp: Int
        var video: Video
    }

    /// Seconds; longer than any run.
    private static let lifetime = 24 * 3600

    func text(room: String, identity: String, now: Int) throws -> String {
        let claims = Claims(
            iss: key, sub: identity, nbf: now - 5, exp: now + Self.lifetime, video: .init(room: room))
        let encoder = JSONEncoder()
        let signed = try [encoder.encode(Header()), encoder.encode(claims)].map(Self.base64URL).joined(separator: ".")
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return signed + "." + Self.base64URL(Data(code))
    }

    static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
