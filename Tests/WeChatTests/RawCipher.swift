// What a hostile sender has: the cipher without the frame, and the hash.

import Crypto
import CryptoExtras
import Foundation

enum RawCipher {
    /// `plain` has whole blocks of 16 bytes.
    static func encrypt(_ plain: [UInt8], encodingAESKey: String) throws -> String {
        guard let key = Data(base64Encoded: encodingAESKey + "=") else { throw CryptoKitError.incorrectKeySize }
        return try AES._CBC.encrypt(
            plain, using: SymmetricKey(data: key), iv: AES._CBC.IV(ivBytes: key.prefix(16)), noPadding: true
        ).base64EncodedString()
    }
}

enum SHA1Text {
    static func of(_ bytes: [UInt8]) -> String {
        Insecure.SHA1.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }
}
