// A STUN message as it came (RFC 8489, 5): parsed, its fingerprint judged, not yet authenticated. Only what ICE needs is
// kept; STUNMessage+Integrity.swift proves who sent it, STUNWriter.swift makes the same format.

enum STUNMessageClass: UInt8, Sendable {
    case request = 0
    case indication = 1
    case success = 2
    case error = 3
}

enum STUNError: Error, Equatable {
    /// Shorter than a header, or longer than `Limits.ICE.messageBytes`.
    case length
    /// Not STUN: the leading bits or the magic cookie.
    case header
    /// An attribute runs past the end or has a length that its type cannot have.
    case attribute
    case tooManyAttributes
    case fingerprint
}

/// 96 bits that tie an answer to its request.
struct STUNTransactionID: Hashable, Sendable {
    let high: UInt32
    let low: UInt64

    init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(using generator: inout some RandomNumberGenerator) {
        self.init(high: generator.next(), low: generator.next())
    }
}

/// Attribute types (RFC 8489, 18.3; RFC 8445, 20). Below 0x8000 a receiver must understand them or refuse.
enum STUNAttribute {
    static let username: UInt16 = 0x0006
    static let messageIntegrity: UInt16 = 0x0008
    static let errorCode: UInt16 = 0x0009
    static let unknownAttributes: UInt16 = 0x000a
    static let realm: UInt16 = 0x0014
    static let nonce: UInt16 = 0x0015
    static let xorMappedAddress: UInt16 = 0x0020
    static let priority: UInt16 = 0x0024
    static let useCandidate: UInt16 = 0x0025
    static let fingerprint: UInt16 = 0x8028
    static let iceControlled: UInt16 = 0x8029
    static let iceControlling: UInt16 = 0x802a

    static let firstOptional: UInt16 = 0x8000
}

struct STUNMessage: Sendable {
    static let bindingMethod: UInt16 = 0x001
    static let magicCookie: UInt32 = 0x2112_a442
    static let headerBytes = 20
    /// RFC 8489, 14.7.
    static let fingerprintMask: UInt32 = 0x5354_554e

    let messageClass: STUNMessageClass
    let method: UInt16
    let transactionID: STUNTransactionID

    private(set) var username: [UInt8]?
    private(set) var mappedAddress: SocketAddress?
    private(set) var errorCode: Int?
    private(set) var priority: UInt32?
    private(set) var usesCandidate = false
    private(set) var isControlled = false
    private(set) var isControlling = false
    /// Comprehension-required attributes that we do not know, at most `Limits.ICE.unknownAttributes` of them.
    private(set) var unknownAttributes: [UInt16] = []
    private(set) var hasFingerprint = false

    let bytes: [UInt8]
    /// Where the MESSAGE-INTEGRITY attribute begins.
    private(set) var integrityOffset: Int?

    init(parsing bytes: [UInt8]) throws(STUNError) {
        guard (Self.headerBytes...Limits.ICE.messageBytes).contains(bytes.count) else { throw .length }
        var reader = ByteReader(bytes)
        let type = reader.readUInt16()
        let length = Int(reader.readUInt16())
        guard type & 0xc000 == 0, reader.readUInt32() == Self.magicCookie, length & 3 == 0,
            length == bytes.count &- Self.headerBytes,
            let messageClass = STUNMessageClass(rawValue: UInt8(truncatingIfNeeded: type >> 7 & 2 | type >> 4 & 1))
        else { throw .header }
        self.messageClass = messageClass
        // RFC 8489, 5: the class's two bits stand between those of the method.
        method = type & 0xf | type >> 1 & 0x70 | type >> 2 & 0xf80
        transactionID = STUNTransactionID(high: reader.readUInt32(), low: reader.readUInt64())
        self.bytes = bytes
        try readAttributes(&reader)
    }

    private mutating func readAttributes(_ reader: inout ByteReader) throws(STUNError) {
        var count = 0
        while !reader.isAtEnd {
            count &+= 1
            guard count <= Limits.ICE.attributes else { throw .tooManyAttributes }
            let offset = reader.offset
            let type = reader.readUInt16()
            let length = Int(reader.readUInt16())
            var value = reader.readSection(length)
            reader.skip((4 &- length & 3) & 3)  // padding may be any bytes
            guard !reader.hasFailed else { throw .attribute }
            if type == STUNAttribute.fingerprint {
                guard length == 4, value.readUInt32() == fingerprint(before: offset) else { throw .fingerprint }
                hasFingerprint = true
                return  // RFC 8489, 14.7: it is the last; what follows was put there by somebody else
            }
            // RFC 8489, 14.5: what follows the integrity is not protected by it, so it is not read.
            guard integrityOffset == nil else { continue }
            try readAttribute(type, length, &value, at: offset)
        }
    }

    private mutating func readAttribute(
        _ type: UInt16, _ length: Int, _ value: inout ByteReader, at offset: Int
    ) throws(STUNError) {
        switch type {
        case STUNAttribute.username:
            guard length <= Limits.ICE.usernameBytes else { throw .attribute }
            // RFC 8489, 14: of an attribute that comes twice only the first counts.
            if username == nil { username = value.readBytes(length) }
        case STUNAttribute.messageIntegrity:
            guard length == 20 else { throw .attribute }
            integrityOffset = offset
        case STUNAttribute.xorMappedAddress:
            let address = readMappedAddress(&value)
            guard let address, value.isAtEnd else { throw .attribute }
            if mappedAddress == nil { mappedAddress = address }
        case STUNAttribute.errorCode:
            guard length >= 4 else { throw .attribute }
            value.skip(2)
            let hundreds = Int(value.readUInt8() & 7)
            let rest = Int(value.readUInt8())
            if errorCode == nil { errorCode = hundreds &* 100 &+ rest }
        case STUNAttribute.priority:
            guard length == 4 else { throw .attribute }
            if priority == nil { priority = value.readUInt32() }
        case STUNAttribute.useCandidate:
            guard length == 0 else { throw .attribute }
            usesCandidate = true
        case STUNAttribute.iceControlled:
            guard length == 8 else { throw .attribute }
            isControlled = true
        case STUNAttribute.iceControlling:
            guard length == 8 else { throw .attribute }
            isControlling = true
        case STUNAttribute.unknownAttributes, STUNAttribute.realm, STUNAttribute.nonce:
            break  // understood, and of no use to short-term credentials
        default:
            guard type < STUNAttribute.firstOptional, unknownAttributes.count < Limits.ICE.unknownAttributes else {
                return
            }
            unknownAttributes.append(type)
        }
    }

    /// RFC 8489, 14.2: the port is combined with the cookie's upper half, the address with cookie and transaction.
    private func readMappedAddress(_ value: inout ByteReader) -> SocketAddress? {
        value.skip(1)
        let family = value.readUInt8()
        let port = value.readUInt16() ^ UInt16(truncatingIfNeeded: Self.magicCookie >> 16)
        var ip = value.readBytes(family == 1 ? 4 : family == 2 ? 16 : 0)
        guard !value.hasFailed, !ip.isEmpty else { return nil }
        let mask = transactionID.addressMask
        for index in ip.indices { ip[index] ^= mask[index] }
        return SocketAddress(ip: ip, port: port)
    }

    /// CRC-32 of everything before the attribute, with the length that the message has when it ends there.
    private func fingerprint(before offset: Int) -> UInt32 {
        let covered = bytes.prefix(offset, endingWithAttributeOf: 8)
        return CRC32.checksum(covered) ^ Self.fingerprintMask
    }

    /// The part of USERNAME before the colon, of a binding request: the fragment that we gave out, so the key to the
    /// transport it is meant for (RFC 8445, 7.2.2). Nothing is proved by it.
    var localUsernameFragment: String? {
        usernameFragments.map { String(decoding: $0.local, as: UTF8.self) }
    }

    /// USERNAME at its colon. Nil unless both parts are ice-chars (RFC 8839, 5.4).
    var usernameFragments: (local: ArraySlice<UInt8>, remote: ArraySlice<UInt8>)? {
        guard messageClass == .request, method == Self.bindingMethod, let username,
            let colon = username.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let local = username[..<colon]
        let remote = username[username.index(after: colon)...]
        guard !local.isEmpty, local.allSatisfy(\.isUsernameCharacter), remote.allSatisfy(\.isUsernameCharacter) else {
            return nil
        }
        return (local, remote)
    }
}

extension STUNTransactionID {
    /// Cookie and transaction, what XOR-MAPPED-ADDRESS is combined with: 16 bytes.
    var addressMask: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(STUNMessage.magicCookie)
        writer.write(high)
        writer.write(low)
        return writer.bytes
    }
}

extension [UInt8] {
    /// The first `offset` bytes of a STUN message, its length field set as if an attribute of `attributeBytes` (header
    /// included) were the last: what MESSAGE-INTEGRITY and FINGERPRINT are computed over (RFC 8489, 14.5, 14.7).
    func prefix(_ offset: Int, endingWithAttributeOf attributeBytes: Int) -> [UInt8] {
        var covered = Array(self[..<Swift.min(offset, count)])
        guard covered.count >= STUNMessage.headerBytes else { return covered }
        let length = UInt16(truncatingIfNeeded: covered.count &- STUNMessage.headerBytes &+ attributeBytes)
        covered[2] = UInt8(truncatingIfNeeded: length >> 8)
        covered[3] = UInt8(truncatingIfNeeded: length)
        return covered
    }
}

extension UInt8 {
    /// ALPHA, DIGIT, "+" or "/".
    fileprivate var isUsernameCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
