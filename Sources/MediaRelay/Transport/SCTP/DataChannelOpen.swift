// The Data Channel Establishment Protocol (RFC 8832) and the payload protocol identifiers (RFC 8831, 8): bytes only.

/// DATA_CHANNEL_OPEN (RFC 8832, 5.1).
struct DataChannelOpen: Equatable, Sendable {
    var label: String
    var protocolName = ""
    var isOrdered = true
    var reliability = SCTPReliability.reliable
    /// RFC 8831, 6.4. Kept as it came; every channel is sent with the same.
    var priority: UInt16 = 256

    private static let messageType: UInt8 = 3
    private static let unordered: UInt8 = 0x80
    /// DATA_CHANNEL_ACK (5.2), the whole message.
    static let ack: [UInt8] = [2]

    /// Nil: not an OPEN, a length that lies, a name too long or not UTF-8, an unknown channel type.
    init?(parsing bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.readUInt8() == Self.messageType else { return nil }
        let type = reader.readUInt8()
        priority = reader.readUInt16()
        let parameter = reader.readUInt32()
        let (labelBytes, protocolBytes) = (Int(reader.readUInt16()), Int(reader.readUInt16()))
        guard labelBytes <= Limits.SCTP.labelBytes, protocolBytes <= Limits.SCTP.labelBytes else { return nil }
        guard let label = String(validating: reader.readBytes(labelBytes), as: UTF8.self),
            let protocolName = String(validating: reader.readBytes(protocolBytes), as: UTF8.self), !reader.hasFailed
        else { return nil }
        self.label = label
        self.protocolName = protocolName
        isOrdered = type & Self.unordered == 0
        switch type & ~Self.unordered {
        case 0: reliability = .reliable
        case 1: reliability = .retransmissions(Int(parameter))
        case 2: reliability = .lifetime(.milliseconds(UInt64(parameter)))
        default: return nil
        }
    }

    init(label: String, protocolName: String = "", isOrdered: Bool = true, reliability: SCTPReliability = .reliable) {
        self.label = label
        self.protocolName = protocolName
        self.isOrdered = isOrdered
        self.reliability = reliability
    }

    var encoded: [UInt8] {
        let (type, parameter): (UInt8, UInt32) =
            switch reliability {
            case .reliable: (0, 0)
            case .retransmissions(let count): (1, UInt32(clamping: count))
            case .lifetime(let span): (2, UInt32(clamping: span.microseconds / 1_000))
            }
        let (name, inner) = (Array(label.utf8), Array(protocolName.utf8))
        var writer = ByteWriter(capacity: 12 &+ name.count &+ inner.count)
        writer.write(Self.messageType)
        writer.write(isOrdered ? type : type | Self.unordered)
        writer.write(priority)
        writer.write(parameter)
        writer.write(UInt16(clamping: name.count))
        writer.write(UInt16(clamping: inner.count))
        writer.write(name)
        writer.write(inner)
        return writer.bytes
    }
}

/// RFC 8831, 8. Those for parts of messages (52, 54) are deprecated there, and nobody sends them any more.
enum DataChannelPayload {
    static let control: UInt32 = 50
    static let text: UInt32 = 51
    static let binary: UInt32 = 53
    /// One zero byte in place of an empty message, which SCTP cannot carry.
    static let emptyText: UInt32 = 56
    static let emptyBinary: UInt32 = 57
}
