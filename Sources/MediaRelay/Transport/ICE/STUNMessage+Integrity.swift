// MESSAGE-INTEGRITY (RFC 8489, 14.5): HMAC-SHA1 with the ICE password as the key (short-term credentials, 9.1.1).

internal import CCrypto

extension STUNMessage {
    /// Whether the sender knew `key`. False when the message carries no MESSAGE-INTEGRITY. Takes the same time however
    /// much of a wrong code is right.
    func isAuthentic(key: [UInt8]) -> Bool {
        guard let integrityOffset, integrityOffset &+ 24 <= bytes.count else { return false }
        let covered = bytes.prefix(integrityOffset, endingWithAttributeOf: 24)
        guard let expected = MessageIntegrity.code(for: covered, key: key) else { return false }
        let claimed = Array(bytes[(integrityOffset &+ 4)..<(integrityOffset &+ 24)])
        return cc_equal(expected, claimed, claimed.count)
    }
}

enum MessageIntegrity {
    /// 20 bytes; nil only when OpenSSL is out of memory.
    static func code(for bytes: [UInt8], key: [UInt8]) -> [UInt8]? {
        var isMade = false
        let code = [UInt8](unsafeUninitializedCapacity: Int(CC_SHA1_BYTES)) { buffer, count in
            isMade = cc_hmac_sha1(key, key.count, bytes, bytes.count, buffer.baseAddress)
            count = isMade ? Int(CC_SHA1_BYTES) : 0
        }
        return isMade ? code : nil
    }
}
