// What WeCom pushes, opened: signature, time, AES-256-CBC, padding, receiver, in this order. And the other way, for answers
// with a content and for tests.
//
// AES comes from CryptoExtras, which the server links anyway for its passwords' scrypt. Its `noPadding` variant leaves the
// padding alone: WeCom pads to blocks of 32 bytes, and PKCS#7 of 16 would refuse every padding above 16.

import Crypto
import CryptoExtras
import Foundation

/// The query of a callback. The texts are signed as they came.
public struct CallbackQuery: Sendable, Equatable {
    public let signature: String
    public let timestamp: String
    public let nonce: String

    /// `msg_signature`, `timestamp` and `nonce`, decoded.
    public init(signature: String, timestamp: String, nonce: String) {
        self.signature = signature
        self.timestamp = timestamp
        self.nonce = nonce
    }
}

/// A message sealed for a receiver.
public struct SealedCallback: Sendable, Equatable {
    public let query: CallbackQuery
    /// Base64.
    public let encrypted: String

    /// The body of an answer with a content.
    public var answer: String {
        """
        <xml><Encrypt><![CDATA[\(encrypted)]]></Encrypt><MsgSignature><![CDATA[\(query.signature)]]></MsgSignature>\
        <TimeStamp>\(query.timestamp)</TimeStamp><Nonce><![CDATA[\(query.nonce)]]></Nonce></xml>
        """
    }
}

public struct CallbackKey: Sendable {
    /// Bytes of the two random parts: what stands before the length, and blocks that are padded to.
    public static let randomBytes = 16
    private static let paddedBlock = 32
    private static let aesBlock = 16

    private let token: Secret
    private let key: SymmetricKey
    private let receiverID: String

    /// `encodingAESKey` has 43 letters and digits. `receiverID` is the corpid. Nil for anything else.
    public init?(token: Secret, encodingAESKey: Secret, receiverID: String) {
        guard !token.text.isEmpty, encodingAESKey.text.utf8.count == 43, !receiverID.isEmpty,
            let data = Data(base64Encoded: encodingAESKey.text + "="), data.count == 32
        else { return nil }
        self.token = token
        key = SymmetricKey(data: data)
        self.receiverID = receiverID
    }

    /// The URL check: what to answer, bare, to a GET with this `echostr`.
    public func echo(_ query: CallbackQuery, echo: String, now: Int64) throws(CallbackError) -> [UInt8] {
        try open(query, encrypted: echo, now: now)
    }

    /// An event: the body of a POST.
    public func message(_ query: CallbackQuery, body: [UInt8], now: Int64) throws(CallbackError) -> CallbackMessage {
        guard let encrypted = try CallbackFields(body)["Encrypt"] else { throw .malformed }
        return CallbackMessage(try CallbackFields(open(query, encrypted: encrypted, now: now)))
    }

    func open(_ query: CallbackQuery, encrypted: String, now: Int64) throws(CallbackError) -> [UInt8] {
        // The encrypted text comes in a query or a body that is limited already; a base64 longer than that is neither.
        guard encrypted.utf8.count <= WeChatLimits.callbackBytes,
            query.nonce.utf8.count <= WeChatLimits.identifierBytes,
            (1...15).contains(query.timestamp.utf8.count),
            query.timestamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let timestamp = Int64(query.timestamp)
        else { throw .malformed }
        let expected = signature(timestamp: query.timestamp, nonce: query.nonce, encrypted: encrypted)
        guard Secret.areEqual(expected.utf8, query.signature.utf8) else { throw .signatureWrong }
        let age = now.subtractingReportingOverflow(timestamp)
        guard !age.overflow, (-WeChatLimits.callbackWindow...WeChatLimits.callbackWindow).contains(age.partialValue)
        else {
            throw .outsideWindow
        }
        guard let cipher = Data(base64Encoded: encrypted), !cipher.isEmpty, cipher.count % Self.aesBlock == 0,
            let plain = try? AES._CBC.decrypt(cipher, using: key, iv: iv(), noPadding: true)
        else { throw .undecryptable }
        return try content(of: Array(plain))
    }

    /// `random`, the length of the message in 4 bytes, the message, the receiver, the padding.
    private func content(of plain: [UInt8]) throws(CallbackError) -> [UInt8] {
        guard let last = plain.last, (1...Self.paddedBlock).contains(Int(last)), Int(last) <= plain.count,
            plain.suffix(Int(last)).allSatisfy({ $0 == last })
        else { throw .undecryptable }
        let framed = plain.dropLast(Int(last)).dropFirst(Self.randomBytes)
        guard framed.count >= 4 else { throw .undecryptable }
        let length = framed.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let rest = framed.dropFirst(4)
        guard length <= rest.count else { throw .undecryptable }
        guard rest.dropFirst(length).elementsEqual(receiverID.utf8) else { throw .receiverWrong }
        return Array(rest.prefix(length))
    }

    /// `random` are `randomBytes` fresh random bytes; nil for another number of them.
    public func seal(_ message: [UInt8], random: [UInt8], timestamp: Int64, nonce: String) -> SealedCallback? {
        guard random.count == Self.randomBytes, let length = UInt32(exactly: message.count) else { return nil }
        var plain = random
        plain += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        plain += message
        plain += receiverID.utf8
        let padding = Self.paddedBlock - plain.count % Self.paddedBlock
        plain += Array(repeating: UInt8(padding), count: padding)
        guard let cipher = try? AES._CBC.encrypt(plain, using: key, iv: iv(), noPadding: true) else { return nil }
        let encrypted = cipher.base64EncodedString()
        let signature = signature(timestamp: String(timestamp), nonce: nonce, encrypted: encrypted)
        return SealedCallback(
            query: CallbackQuery(signature: signature, timestamp: String(timestamp), nonce: nonce), encrypted: encrypted
        )
    }

    /// The first bytes of the key, by WeCom's definition. The random start of each message stands in for a fresh one.
    private func iv() throws -> AES._CBC.IV {
        try AES._CBC.IV(ivBytes: key.withUnsafeBytes { Array($0.prefix(Self.aesBlock)) })
    }

    private func signature(timestamp: String, nonce: String, encrypted: String) -> String {
        // Sorted by bytes: Swift's own order of texts is another one.
        let parts = [token.text, timestamp, nonce, encrypted].map { Array($0.utf8) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        return Hexadecimal.text(Insecure.SHA1.hash(data: parts.flatMap { $0 }))
    }
}
