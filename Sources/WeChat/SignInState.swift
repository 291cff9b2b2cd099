// The `state` of a sign-in: 32 hex characters that are bound to one browser session, so that nobody can slip their own
// sign-in under somebody else (RFC 6749, 10.12). Where it is kept between the two requests is the caller's business.

public struct SignInState: Sendable, Hashable {
    public static let randomBytes = 16
    public let text: String

    /// From 16 fresh random bytes; nil for another number of them.
    public init?(random: [UInt8]) {
        guard random.count == Self.randomBytes else { return nil }
        text = Hexadecimal.text(random)
    }

    /// As it came back in a query, or as it was kept; nil if it cannot be one of ours.
    public init?(text: String) {
        guard text.utf8.count == 2 * Self.randomBytes,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The comparison takes the same time wherever they differ.
    public static func == (one: SignInState, other: SignInState) -> Bool {
        Secret.areEqual(one.text.utf8, other.text.utf8)
    }
}

/// What a browser brings back from a sign-in page.
public enum SignInReturn: Sendable, Equatable {
    case allowed(code: SignInCode)
    /// The person said no (2.2: `state` comes alone).
    case refused

    /// Throws `.stateMismatch` when this browser did not start the sign-in, or started another one since.
    public init(code: String?, state: String?, expected: SignInState?) throws(WeChatError) {
        guard let state, let expected, SignInState(text: state) == expected else { throw .stateMismatch }
        // WeCom and old WeChat versions send an empty code, or this word, when somebody declines.
        guard let code, !code.isEmpty, code != "authdeny" else {
            self = .refused
            return
        }
        guard let valid = SignInCode(code) else { throw .codeInvalid }
        self = .allowed(code: valid)
    }
}

/// A code to be exchanged once, within 5 minutes.
public struct SignInCode: Sendable, Hashable {
    let secret: Secret

    /// Nil for what is empty, longer than `WeChatLimits.codeBytes`, or not printable ASCII.
    public init?(_ text: String) {
        guard (1...WeChatLimits.codeBytes).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        secret = Secret(text)
    }
}
