// libFuzzer target: a peer that has passed DTLS, and time. The input is a list of steps for data channels that are
// connected to a second set: chunks with the right tag and checksum, bare packets, the peer's real packets, timeouts,
// our own sending. Compiled together with the files listed in `sources`.

/// Small numbers, so that the fuzzer finds the tags and TSNs.
private struct Counting: RandomNumberGenerator {
    var value: UInt64
    mutating func next() -> UInt64 {
        value += 1
        return value
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSCTP(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var run = Run()
    var reader = ByteReader(Array(UnsafeBufferPointer(start: bytes, count: count)))
    // More steps than that explore nothing new and are slow.
    for _ in 0..<256 where reader.remaining >= 3 {
        let step = reader.readUInt8()
        let length = min(Int(reader.readUInt16()), reader.remaining)
        run.take(step, reader.readBytes(length))
    }
    run.finish()
    return 0
}

private struct Run {
    let subject: DataChannels
    let peer: DataChannels
    var now = MediaTime(microseconds: 1_000_000)

    init() {
        var (first, second) = (Counting(value: 16), Counting(value: 32))
        subject = DataChannels(isDTLSClient: false, using: &first)
        peer = DataChannels(isDTLSClient: true, using: &second)
    }

    mutating func take(_ step: UInt8, _ body: [UInt8]) {
        let association = subject.association
        switch step & 15 {
        case 0, 1, 2, 3: subject.receive(packet(tag: association.localTag, body), now: now)
        case 4: subject.receive(packet(tag: 0, body), now: now)
        case 5: subject.receive(packet(tag: association.peer?.tag ?? 0, body), now: now)
        case 6: subject.receive(body, now: now)
        case 7:
            subject.start(now: now)
            peer.start(now: now)
        case 8: exchange()
        case 9:
            now = now + .milliseconds(UInt64(body.count) * 100)
            subject.handleTimeout(now: now)
            peer.handleTimeout(now: now)
        case 10:
            let id = UInt16(body.first ?? 0)
            try? subject.send(body, on: id, now: now)
            try? association.send(
                body, stream: id, ppid: 53, isOrdered: step & 16 == 0,
                reliability: step & 32 == 0 ? .retransmissions(0) : .lifetime(.milliseconds(200)), now: now)
        case 11: _ = try? subject.open(.init(label: String(decoding: body, as: UTF8.self)), now: now)
        case 12: subject.close(UInt16(body.first ?? 0), now: now)
        case 13: try? peer.association.send(body, stream: 1, ppid: step & 16 == 0 ? 50 : 53, now: now)
        case 14: association.shutDown(now: now)
        default: while subject.takeEvent() != nil {}
        }
        check()
    }

    private func packet(tag: UInt32, _ chunks: [UInt8]) -> [UInt8] {
        var writer = SCTPPacketWriter(sourcePort: 5_000, destinationPort: 5_000, tag: tag)
        writer.append(chunks)
        return writer.finish()
    }

    private func exchange() {
        for _ in 0..<4 {
            for bytes in subject.takeOutgoing() {
                precondition(bytes.count <= Limits.SCTP.packetBytes)
                peer.receive(bytes, now: now)
            }
            for bytes in peer.takeOutgoing() { subject.receive(bytes, now: now) }
        }
        while subject.takeEvent() != nil {}
        while peer.takeEvent() != nil {}
    }

    func check() {
        let association = subject.association
        precondition(association.heldToSend >= 0 && association.heldToSend <= 2 * Limits.SCTP.sendBytes)
        precondition(association.reassembly.heldBytes >= 0)
        precondition(association.reassembly.heldBytes <= Limits.SCTP.receiveBytes + 2 * Limits.SCTP.messageBytes)
        precondition(association.outstanding.flightBytes >= 0)
        precondition(association.outstanding.waitingForRetransmission >= 0)
        precondition(subject.channels.count <= Limits.SCTP.channels)
    }

    mutating func finish() {
        for bytes in subject.takeOutgoing() {
            precondition(bytes.count <= Limits.SCTP.packetBytes)
            precondition(SCTPPacket(parsing: bytes)?.isMalformed == false)
        }
        for _ in 0..<40 {
            let deadline = subject.nextDeadline
            guard deadline != .never else { break }
            now = max(now, deadline)
            subject.handleTimeout(now: now)
            for bytes in subject.takeOutgoing() { precondition(bytes.count <= Limits.SCTP.packetBytes) }
            check()
        }
    }
}
