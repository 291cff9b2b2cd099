// PLI (RFC 4585, 6.3.1): the receiver cannot decode and needs a keyframe.

struct PictureLossIndication: Sendable, Equatable {
    var senderSSRC: UInt32
    var mediaSSRC: UInt32

    init(senderSSRC: UInt32, mediaSSRC: UInt32) {
        self.senderSSRC = senderSSRC
        self.mediaSSRC = mediaSSRC
    }

    init?(reading reader: inout ByteReader) {
        senderSSRC = reader.readUInt32()
        mediaSSRC = reader.readUInt32()
        guard !reader.hasFailed else { return nil }
    }

    var encoded: [UInt8] {
        ByteWriter.rtcpBlock(type: RTCPType.payloadFeedback, count: RTCPFormat.pictureLoss) {
            $0.write(senderSSRC)
            $0.write(mediaSSRC)
        }
    }
}
