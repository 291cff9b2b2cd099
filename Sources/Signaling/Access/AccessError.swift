// Why a token is not accepted. The reasons go to the client as they are and hold nothing of the token.

public enum AccessError: Error, Sendable, Equatable, CaseIterable {
    case missing
    case tooLong
    case malformed
    /// Anything but HS256: `none`, public-key algorithms, other hashes.
    case algorithmNotAllowed
    case unknownKey
    case wrongSignature
    case noExpiry
    case expired
    case notYetValid
    /// Its bearer was removed from the meeting after it was made.
    case revoked
    /// `roomJoin` is absent or false.
    case joinNotGranted

    public var reason: String {
        switch self {
        case .missing: "no access token"
        case .tooLong: "access token is too long"
        case .malformed: "access token is malformed"
        case .algorithmNotAllowed: "access token algorithm is not allowed"
        case .unknownKey: "API key is not known"
        case .wrongSignature: "access token signature is wrong"
        case .noExpiry: "access token has no expiry"
        case .expired: "access token is expired"
        case .notYetValid: "access token is not yet valid"
        case .revoked: "access token was revoked"
        case .joinNotGranted: "access token does not allow joining a meeting"
        }
    }
}
