// Swift values to C structures and back. No call into the packet core happens here.

internal import CRelay

/// One incoming encoding as the packet core is told about it.
struct PacketStream: Equatable {
    /// Nil: packets are pushed.
    var transport: ObjectName?
    var kind: MediaKind
    var mid: String
    var encoding: Encoding
    var formats: [PayloadFormat]
    var usesNack: Bool
    var cachePackets: UInt16
    /// Of another worker's stream; without a transport.
    var isMirror = false
}

/// One outgoing stream as the packet core is told about it.
struct PacketForward: Equatable {
    var stream: ObjectName
    var transport: ObjectName
    var ssrc: UInt32
    var retransmissionSSRC: UInt32?
    var mid: String
    var payloads: [PayloadMapping]
    var historyPackets: UInt16
}

/// What control needs of an incoming stream's counters.
struct PacketStreamStatistics: Equatable {
    /// 0: nothing came yet.
    var ssrc: UInt32
    /// Unique media packets.
    var packets: UInt64
    var baseSequence: UInt32
    var highestSequence: UInt32
    /// RTP timestamp units.
    var jitter: UInt32
    var lastPayloadType: UInt8 = 0
}

/// What control needs of an outgoing stream's counters.
struct PacketForwardStatistics: Equatable {
    /// The stream it carries now.
    var stream: ObjectName
    var packets: UInt64
    /// Payload bytes.
    var bytes: UInt64
    var lastTimestamp: UInt32
    /// Outgoing minus incoming timestamp.
    var timestampOffset: UInt32
    var lastPacket: MediaTime

    init(_ statistics: cr_forward_statistics) {
        stream = ObjectName(packed: statistics.stream)
        packets = statistics.packets
        bytes = statistics.bytes
        lastTimestamp = statistics.last_timestamp
        timestampOffset = statistics.timestamp_offset
        lastPacket = MediaTime(microseconds: statistics.last_packet_us)
    }
}

/// What the packets left to think about (`cr_event`).
enum PacketEvent: Equatable {
    case stun([UInt8], from: SocketAddress)
    case dtls([UInt8], transport: ObjectName)
    case rtcp([UInt8], transport: ObjectName, arrival: MediaTime)
    case streamStarted(ObjectName)
    case streamLoss(ObjectName)
    case keyframeWanted(ObjectName)
    case keyframe(ObjectName)
    case forwardStarted(ObjectName)
    case forwardSwitched(ObjectName)
    case packet([UInt8], stream: ObjectName)

    /// Nil for a type this file does not know.
    init?(_ event: cr_event) {
        let name = ObjectName(packed: event.id)
        let bytes = Array(UnsafeBufferPointer(start: event.bytes, count: event.bytes == nil ? 0 : event.length))
        switch event.type {
        case CR_EVENT_STUN: self = .stun(bytes, from: SocketAddress(event.from))
        case CR_EVENT_DTLS: self = .dtls(bytes, transport: name)
        case CR_EVENT_RTCP:
            self = .rtcp(bytes, transport: name, arrival: MediaTime(microseconds: event.arrival_us))
        case CR_EVENT_STREAM_STARTED: self = .streamStarted(name)
        case CR_EVENT_STREAM_LOSS: self = .streamLoss(name)
        case CR_EVENT_KEYFRAME_WANTED: self = .keyframeWanted(name)
        case CR_EVENT_KEYFRAME: self = .keyframe(name)
        case CR_EVENT_FORWARD_STARTED: self = .forwardStarted(name)
        case CR_EVENT_FORWARD_SWITCHED: self = .forwardSwitched(name)
        case CR_EVENT_PACKET: self = .packet(bytes, stream: name)
        default: return nil
        }
    }
}

extension ObjectName {
    init(packed: UInt32) { self.init(index: packed & Self.maximumIndex, generation: packed >> Self.indexBits) }
}

extension PacketStreamStatistics {
    init(_ statistics: cr_stream_statistics) {
        self.init(
            ssrc: statistics.ssrc, packets: statistics.packets, baseSequence: statistics.base_extended_sequence,
            highestSequence: statistics.extended_highest_sequence, jitter: statistics.jitter,
            lastPayloadType: statistics.last_payload_type)
    }
}

extension cr_address {
    init(_ address: SocketAddress) {
        self.init()
        withUnsafeMutableBytes(of: &ip) { $0.copyBytes(from: address.ip) }
        port = address.port
        kind = UInt16(address.kind == .tcp ? CR_TCP.rawValue : CR_UDP.rawValue)
    }
}

extension SocketAddress {
    init(_ address: cr_address) {
        ip = withUnsafeBytes(of: address.ip) { Array($0) }
        port = address.port
        kind = UInt32(address.kind) == CR_TCP.rawValue ? .tcp : .udp
    }
}

extension cr_stream_config {
    /// Nil when a label is too long.
    init?(_ stream: PacketStream) {
        self.init()
        transport = stream.transport?.rawValue ?? CR_ID_NONE
        kind = stream.kind == .audio ? UInt8(CR_AUDIO.rawValue) : UInt8(CR_VIDEO.rawValue)
        ssrc = stream.encoding.ssrc ?? 0
        rtx_ssrc = stream.encoding.retransmissionSSRC ?? 0
        nack = stream.usesNack
        cache_packets = stream.cachePackets
        mirror = stream.isMirror
        guard writeLabel(stream.mid, into: &mid), writeLabel(stream.encoding.rid ?? "", into: &rid) else { return nil }
        let used = stream.formats.prefix(Int(CR_MAX_FORMATS))
        format_count = UInt8(used.count)
        withUnsafeMutableBytes(of: &formats) { bytes in
            let slots = bytes.bindMemory(to: cr_format.self)
            for (slot, format) in zip(slots.indices, used) {
                slots[slot] = cr_format(
                    payload_type: format.payloadType, rtx_payload_type: format.retransmissionPayloadType ?? 0,
                    codec: UInt8(cr_codec(format.codec).rawValue), clock_rate: format.clockRate)
            }
        }
    }
}

extension cr_forward_config {
    /// Nil when a label is too long.
    init?(_ forward: PacketForward) {
        self.init()
        stream = forward.stream.rawValue
        transport = forward.transport.rawValue
        ssrc = forward.ssrc
        rtx_ssrc = forward.retransmissionSSRC ?? 0
        history_packets = forward.historyPackets
        guard writeLabel(forward.mid, into: &mid) else { return nil }
        let used = forward.payloads.prefix(Int(CR_MAX_FORMATS))
        payload_count = UInt8(used.count)
        withUnsafeMutableBytes(of: &payloads) { bytes in
            let slots = bytes.bindMemory(to: cr_payload_map.self)
            for (slot, mapping) in zip(slots.indices, used) {
                slots[slot] = cr_payload_map(mapping)
            }
        }
    }
}

extension cr_payload_map {
    init(_ mapping: PayloadMapping) {
        self.init(
            from: mapping.from, to: mapping.to, rtx: mapping.retransmission ?? 0, unwrap_red: mapping.unwrapsRED)
    }
}

/// A zero-terminated label; false when it does not fit.
private func writeLabel<Label>(_ text: String, into label: inout Label) -> Bool {
    let bytes = Array(text.utf8)
    return withUnsafeMutableBytes(of: &label) { target in
        guard bytes.count < target.count, !bytes.contains(0) else { return false }
        target.copyBytes(from: bytes)
        return true
    }
}

extension cr_codec {
    init(_ codec: Codec) {
        switch codec {
        case .opus: self = CR_CODEC_OPUS
        case .red: self = CR_CODEC_RED
        case .vp8: self = CR_CODEC_VP8
        case .vp9: self = CR_CODEC_VP9
        case .h264: self = CR_CODEC_H264
        case .av1: self = CR_CODEC_AV1
        }
    }
}

extension cr_srtp_profile {
    init(_ profile: SRTPProfile) {
        switch profile {
        case .aeadAES128GCM: self = CR_SRTP_AEAD_AES_128_GCM
        case .aeadAES256GCM: self = CR_SRTP_AEAD_AES_256_GCM
        case .aes128CMSHA1: self = CR_SRTP_AES128_CM_SHA1_80
        }
    }
}

extension HeaderExtension {
    var packetCoreIndex: Int {
        let kind: cr_extension =
            switch self {
            case .mid: CR_EXT_MID
            case .rid: CR_EXT_RID
            case .repairedRid: CR_EXT_REPAIRED_RID
            case .audioLevel: CR_EXT_AUDIO_LEVEL
            case .transportSequence: CR_EXT_TRANSPORT_SEQUENCE
            case .absSendTime: CR_EXT_ABS_SEND_TIME
            case .absCaptureTime: CR_EXT_ABS_CAPTURE_TIME
            case .videoOrientation: CR_EXT_VIDEO_ORIENTATION
            case .playoutDelay: CR_EXT_PLAYOUT_DELAY
            case .contentType: CR_EXT_CONTENT_TYPE
            case .colorSpace: CR_EXT_COLOR_SPACE
            case .dependencyDescriptor: CR_EXT_DEPENDENCY_DESCRIPTOR
            }
        return Int(kind.rawValue)
    }
}
