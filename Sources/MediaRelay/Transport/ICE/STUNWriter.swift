// Writes STUN messages (RFC 8489, 5 and 14): attributes in the order of the calls, then integrity, then fingerprint.

struct STUNWriter {
    private var writer = ByteWriter(capacity: 128)
    private let transactionID: STUNTransactionID

    init(_ messageClass: STUNMessageClass, transactionID: STUNTransactionID) {
        self.transactionID = transactionID
        let classBits = UInt16(messageClass.rawValue)
        writer.write(STUNMessage.bindingMethod | (classBits & 2) << 7 | (classBits & 1) << 4)
        writer.write(UInt16(0))  // length, set by finish
        writer.write(STUNMessage.magicCookie)
        writer.write(transactionID.high)
        writer.write(transactionID.low)
    }

    private mutating func write(_ type: UInt16, _ value: [UInt8]) {
        writer.write(type)
        writer.write(UInt16(truncatingIfNeeded: value.count))
        writer.write(value)
        writer.padToWord()
    }

    mutating func write(username: String) { write(STUNAttribute.username, Array(username.utf8)) }

    mutating func write(priority: UInt32) {
        writer.write(STUNAttribute.priority)
        writer.write(UInt16(4))
        writer.write(priority)
    }

    mutating func writeUseCandidate() { write(STUNAttribute.useCandidate, []) }

    mutating func write(controllingTieBreaker: UInt64) {
        writer.write(STUNAttribute.iceControlling)
        writer.write(UInt16(8))
        writer.write(controllingTieBreaker)
    }

    mutating func write(controlledTieBreaker: UInt64) {
        writer.write(STUNAttribute.iceControlled)
        writer.write(UInt16(8))
        writer.write(controlledTieBreaker)
    }

    mutating func write(mappedAddress address: SocketAddress) {
        let ip = address.isV4 ? Array(address.ip[12...]) : address.ip
        let mask = transactionID.addressMask
        writer.write(STUNAttribute.xorMappedAddress)
        writer.write(UInt16(truncatingIfNeeded: 4 &+ ip.count))
        writer.write(UInt8(0))
        writer.write(UInt8(address.isV4 ? 1 : 2))
        writer.write(address.port ^ UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16))
        writer.write(zip(ip, mask).map { $0 ^ $1 })
    }

    /// `code` is 300 to 699. The reason phrase is left empty: nobody reads it and it makes the answer longer.
    mutating func write(errorCode code: Int) {
        write(STUNAttribute.errorCode, [0, 0, UInt8(clamping: code / 100), UInt8(clamping: code % 100)])
    }

    mutating func write(unknownAttributes types: [UInt16]) {
        write(
            STUNAttribute.unknownAttributes,
            types.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] })
    }

    /// Any attribute; tests make unusual ones.
    mutating func write(type: UInt16, value: [UInt8]) { write(type, value) }

    /// The whole message, authenticated with `key` and with a fingerprint. Nil when OpenSSL is out of memory.
    consuming func finish(key: [UInt8]) -> [UInt8]? {
        let covered = writer.bytes.prefix(writer.count, endingWithAttributeOf: 24)
        guard let code = MessageIntegrity.code(for: covered, key: key) else { return nil }
        write(STUNAttribute.messageIntegrity, code)
        return finishWithoutIntegrity()
    }

    /// The whole message with a fingerprint only.
    consuming func finishWithoutIntegrity() -> [UInt8] {
        let covered = writer.bytes.prefix(writer.count, endingWithAttributeOf: 8)
        writer.write(STUNAttribute.fingerprint)
        writer.write(UInt16(4))
        writer.write(CRC32.checksum(covered) ^ STUNMessage.fingerprintMask)
        writer.replace(at: 2, with: UInt16(truncatingIfNeeded: writer.count &- STUNMessage.headerBytes))
        return writer.bytes
    }
}
