// One block of a compound RTCP packet (RFC 3550, 6.1), and the compound itself: reading goes on until the first block
// that is malformed, so that what stands before it is not lost to a bad neighbour (S-14).

/// Packet types (RFC 3550, 12.1; RFC 4585, 6.1; RFC 3611).
enum RTCPType {
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let goodbye: UInt8 = 203
    static let transportFeedback: UInt8 = 205
    static let payloadFeedback: UInt8 = 206
}

/// The five bits after the padding bit, where they name the message of a feedback packet.
enum RTCPFormat {
    /// RFC 4585, 6.2.1.
    static let nack: UInt8 = 1
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1.
    static let transportWide: UInt8 = 15
    /// RFC 4585, 6.3.1.
    static let pictureLoss: UInt8 = 1
    /// RFC 5104, 4.3.1.
    static let fullIntra: UInt8 = 4
    /// RFC 4585, 6.4: application layer feedback, of which REMB is one.
    static let application: UInt8 = 15
}

enum RTCPPacket: Sendable, Equatable {
    case senderReport(SenderReport)
    case receiverReport(ReceiverReport)
    case sourceDescription(SourceDescription)
    case goodbye(Goodbye)
    case nack(GenericNACK)
    case pictureLossIndication(PictureLossIndication)
    case fullIntraRequest(FullIntraRequest)
    case remb(ReceiverEstimatedMaximumBitrate)
    case transportFeedback(TransportFeedback)
    /// Well framed and of no interest here: XR, APP, other feedback.
    case unknown(packetType: UInt8, count: UInt8)
}

struct RTCPCompound: Sendable, Equatable {
    let packets: [RTCPPacket]
    /// Something was malformed or over a limit; `packets` is what came before it.
    let malformed: Bool

    init(parsing bytes: [UInt8]) {
        var packets: [RTCPPacket] = []
        var reader = ByteReader(bytes)
        var malformed = bytes.isEmpty
        while !reader.isAtEnd, !malformed {
            if packets.count < Limits.RTCP.packets, let packet = RTCPPacket(reading: &reader) {
                packets.append(packet)
            } else {
                malformed = true
            }
        }
        self.packets = packets
        self.malformed = malformed
    }
}

extension RTCPPacket {
    /// One block with its header. Nil when it is malformed; the reader's position means nothing then.
    init?(reading reader: inout ByteReader) {
        let first = reader.readUInt8()
        let type = reader.readUInt8()
        let words = Int(reader.readUInt16())
        let padding = first & 0x20 != 0
        var content = reader.readSection(words &* 4)
        guard !reader.hasFailed, first >> 6 == 2 else { return nil }
        if padding {
            // RFC 3550, 6.4.1: the last byte counts the padding, itself included. Whole words it should be, but
            // libwebrtc pads transport-wide feedback by one to three bytes.
            var whole = content
            whole.skip(content.remaining &- 1)
            let count = Int(whole.readUInt8())
            guard !whole.hasFailed, count > 0, count <= content.remaining else { return nil }
            content = content.readSection(content.remaining &- count)
        }
        self.init(type: type, count: first & 0x1f, &content)
    }

    private init?(type: UInt8, count: UInt8, _ content: inout ByteReader) {
        let packet: RTCPPacket?
        switch (type, count) {
        case (RTCPType.senderReport, _):
            packet = SenderReport(reading: &content, count: count).map(Self.senderReport)
        case (RTCPType.receiverReport, _):
            packet = ReceiverReport(reading: &content, count: count).map(Self.receiverReport)
        case (RTCPType.sourceDescription, _):
            packet = SourceDescription(reading: &content, count: count).map(Self.sourceDescription)
        case (RTCPType.goodbye, _):
            packet = Goodbye(reading: &content, count: count).map(Self.goodbye)
        case (RTCPType.transportFeedback, RTCPFormat.nack):
            packet = GenericNACK(reading: &content).map(Self.nack)
        case (RTCPType.transportFeedback, RTCPFormat.transportWide):
            packet = TransportFeedback(reading: &content).map(Self.transportFeedback)
        case (RTCPType.payloadFeedback, RTCPFormat.pictureLoss):
            packet = PictureLossIndication(reading: &content).map(Self.pictureLossIndication)
        case (RTCPType.payloadFeedback, RTCPFormat.fullIntra):
            packet = FullIntraRequest(reading: &content).map(Self.fullIntraRequest)
        case (RTCPType.payloadFeedback, RTCPFormat.application) where ReceiverEstimatedMaximumBitrate.isNext(content):
            packet = ReceiverEstimatedMaximumBitrate(reading: &content).map(Self.remb)
        default:
            packet = .unknown(packetType: type, count: count)
        }
        guard let packet else { return nil }
        self = packet
    }

    /// The block with its header; empty for `unknown`.
    var encoded: [UInt8] {
        switch self {
        case .senderReport(let report): report.encoded
        case .receiverReport(let report): report.encoded
        case .sourceDescription(let description): description.encoded
        case .goodbye(let goodbye): goodbye.encoded
        case .nack(let nack): nack.encoded
        case .pictureLossIndication(let indication): indication.encoded
        case .fullIntraRequest(let request): request.encoded
        case .remb(let remb): remb.encoded
        case .transportFeedback(let feedback): feedback.encoded
        case .unknown: []
        }
    }

    /// As few compounds as hold the packets in their order, each at most `maximumBytes` long. Reduced size (RFC 5506) is
    /// taken as negotiated: a compound may begin with anything. A packet that is longer by itself is left out.
    static func encode(_ packets: [RTCPPacket], maximumBytes: Int = Limits.RTCP.compoundBytes) -> [[UInt8]] {
        var compounds: [[UInt8]] = []
        var compound: [UInt8] = []
        for packet in packets {
            let bytes = packet.encoded
            guard bytes.count <= maximumBytes else { continue }
            if compound.count &+ bytes.count > maximumBytes {
                compounds.append(compound)
                compound = []
            }
            compound += bytes
        }
        if !compound.isEmpty { compounds.append(compound) }
        return compounds
    }
}

extension ByteWriter {
    /// A block's header and what `content` writes, padded to whole words. `count` has five bits.
    static func rtcpBlock(type: UInt8, count: UInt8, content: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(0x80 | count & 0x1f)
        writer.write(type)
        writer.write(UInt16(0))
        content(&writer)
        writer.padToWord()
        writer.replace(at: 2, with: UInt16(truncatingIfNeeded: writer.count / 4 &- 1))
        return writer.bytes
    }
}
