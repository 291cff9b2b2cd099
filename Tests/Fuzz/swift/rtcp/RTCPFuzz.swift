// libFuzzer target: any bytes as a decrypted compound RTCP packet, and as arrivals to report. What was read can be
// written and read again. Compiled together with the files listed in `sources`.

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRTCP(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    let compound = RTCPCompound(parsing: input)
    for packet in compound.packets {
        let written = packet.encoded
        if case .unknown = packet { continue }
        let again = RTCPCompound(parsing: written)
        precondition(!again.malformed && again.packets.count == 1)
        switch packet {
        // Lists are cut, bit rates rounded and texts shortened by writing; these keep every field.
        case .senderReport, .receiverReport, .pictureLossIndication, .fullIntraRequest, .transportFeedback:
            precondition(again.packets == [packet], "writing and reading changed a packet")
        default: break
        }
    }
    for bytes in RTCPPacket.encode(compound.packets) { precondition(bytes.count <= Limits.RTCP.compoundBytes) }
    report(input)
    return 0
}

/// Each arrival: a sequence number, then the time since the last in units of 16 µs; a zero number takes feedback.
private func report(_ input: [UInt8]) {
    var reader = ByteReader(input)
    var builder = TransportFeedbackBuilder(senderSSRC: 1, mediaSSRC: 2)
    var now: UInt64 = 1 << 40
    while reader.remaining >= 4 {
        let sequence = reader.readUInt16()
        now += UInt64(reader.readUInt16()) << 4
        builder.append(sequence: sequence, arrival: MediaTime(microseconds: now))
        if sequence == 0 || reader.remaining < 4 {
            for feedback in builder.takeFeedback() {
                let bytes = feedback.encoded
                precondition(bytes.count <= Limits.RTCP.compoundBytes)
                precondition(RTCPCompound(parsing: bytes).packets == [.transportFeedback(feedback)])
            }
            precondition(builder.isEmpty)
        }
    }
}
