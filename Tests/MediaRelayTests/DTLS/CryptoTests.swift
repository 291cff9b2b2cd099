import CCrypto
import Testing

@testable import MediaRelay

/// The C shim's functions that no other test reaches with a known answer.
@Suite struct CryptoTests {
    /// RFC 8489, B.1: USERHASH = SHA-256(username ":" realm).
    @Test func hashesTheUserOfRFC8489() {
        let text = Array("マトリックス:example.org".utf8)
        var hash = [UInt8](repeating: 0, count: 32)
        #expect(cc_sha256(text, text.count, &hash))
        #expect(hash == [UInt8](hex: "4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704"))
    }

    /// RFC 2202, 3, cases 1, 2 and 6; and an empty key, which OpenSSL must not take for the one before.
    @Test func authenticatesAsRFC2202() {
        func code(_ key: [UInt8], _ text: String) -> [UInt8]? { MessageIntegrity.code(for: Array(text.utf8), key: key) }
        let key = [UInt8](repeating: 0x0b, count: 20)
        #expect(code(key, "Hi There") == [UInt8](hex: "b617318655057264e28bc0b6fb378c8ef146be00"))
        #expect(
            code(Array("Jefe".utf8), "what do ya want for nothing?")
                == [UInt8](hex: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"))
        #expect(
            code([UInt8](repeating: 0xaa, count: 80), "Test Using Larger Than Block-Size Key - Hash Key First")
                == [UInt8](hex: "aa4ae5e15272d00e95705637ce8a3b55ed402112"))
        #expect(code([], "") == [UInt8](hex: "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"))
    }

    @Test func checksumsAsTheStandardDoes() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xcbf4_3926)
        #expect(CRC32.checksum([]) == 0)
    }

    @Test func comparesAndWipes() {
        #expect(cc_equal([1, 2, 3], [1, 2, 3], 3))
        #expect(!cc_equal([1, 2, 3], [1, 2, 4], 3))
        var secret: [UInt8] = [1, 2, 3]
        cc_wipe(&secret, 3)
        #expect(secret == [0, 0, 0])
        var (first, second) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        #expect(cc_random(&first, 32) && cc_random(&second, 32))
        #expect(first != second)
    }
}
