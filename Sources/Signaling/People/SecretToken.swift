// What lets somebody in by itself: 256 random bits. Its owner has the text, we keep the SHA-256.

import Crypto

struct SecretToken: Sendable {
    /// 43 characters of the URL alphabet.
    let text: String
    let digest: [UInt8]

    private static let bytes = 32

    static func random() -> SecretToken {
        var generator = SystemRandomNumberGenerator()
        return SecretToken((0..<bytes).map { _ in .random(in: 0...255, using: &generator) })
    }

    private init(_ bytes: [UInt8]) {
        text = Base64URL.encode(bytes)
        digest = Array(SHA256.hash(data: bytes))
    }

    /// Nil for what cannot be one.
    init?(text: String) {
        // 43 characters hold two bits more than 32 bytes; only one spelling is ours.
        guard text.utf8.count == 43, let bytes = Base64URL.decode(text), bytes.count == Self.bytes else { return nil }
        self.init(bytes)
        guard self.text == text else { return nil }
    }
}
