// The secret in an invitation's link, which spares its holder the password. Only its digest is kept: who reads the store
// cannot enter with it.

internal import Crypto

public struct InviteToken: Hashable, Sendable, CustomStringConvertible {
    /// Bytes. Nobody guesses 256 bits.
    public static let size = 32

    private let bytes: [UInt8]

    public init(using random: inout some RandomNumberGenerator) {
        bytes = (0..<Self.size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    /// Nil unless it is 32 bytes in base64url (RFC 4648, 5) without padding, in the one way they are written.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.textLength, let bytes = Base64URL.bytes(of: text.utf8) else { return nil }
        self.bytes = bytes
    }

    private static let textLength = (size * 4 + 2) / 3

    /// 43 characters for a link.
    public var text: String { Base64URL.text(of: bytes) }

    public var digest: Digest { Digest(bytes: Array(SHA256.hash(data: bytes))) }

    public var description: String { "invite token" }

    /// SHA-256 of a token: what is kept of it. A random token needs no salt.
    public struct Digest: Hashable, Sendable {
        public let bytes: [UInt8]

        /// As it was stored; a digest of another length matches nothing.
        public init(bytes: [UInt8]) { self.bytes = bytes }

        public func matches(_ token: InviteToken) -> Bool { Digits.areEqual(bytes, token.digest.bytes) }
    }
}

enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (held, bits) = (0, 0)
        for byte in bytes {
            held = (held << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(alphabet[held >> bits & 63])
            }
        }
        if bits > 0 { text.append(alphabet[held << (6 - bits) & 63]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for other characters, and when bits that stand for nothing are not zero.
    static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (held, bits) = (0, 0)
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            held = (held << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> bits))
            }
        }
        return bits < 6 && held & (1 << bits - 1) == 0 ? bytes : nil
    }
}
