// What no honest peer sends (S-27). The peer has passed DTLS, so nothing but these checks stands before it.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct SCTPHostileTests {
    private let network = SCTPNetwork(seed: 27)
    private var end: SCTPAssociation { network.ends[1] }
    /// The next TSN that `end` expects.
    private var tsn: TSN { network.ends[0].localInitialTSN }

    private func connect() { network.connect() }

    private func inject(_ chunks: [UInt8]...) {
        network.ends[1].receive(sctpPacket(tag: end.localTag, chunks.flatMap(\.self)), now: network.now)
        network.events[1] += end.takeEvents()
        for bytes in end.takeOutgoing() { #expect(bytes.count <= Limits.SCTP.packetBytes) }
    }

    /// Each chunk kind, in each state, with every declared length from 0 to 40 over bodies of every length to 40.
    @Test(arguments: [0x00, 0xff, 0x01] as [UInt8])
    func shortAndLyingLengths(fill: UInt8) {
        let kinds = Array(0...20 as ClosedRange<UInt8>) + [63, 64, 127, 128, 129, 130, 131, 191, 192, 193, 255]
        for isConnected in [false, true] {
            for kind in kinds {
                let network = SCTPNetwork(seed: 1)
                if isConnected { network.connect() }
                for length in 0...40 as ClosedRange<UInt16> {
                    for body in stride(from: 0, through: 40, by: 3) {
                        let chunk = [kind, fill, UInt8(length >> 8), UInt8(length & 0xff)]
                        let tail = [UInt8](repeating: fill, count: body)
                        let tag = kind == SCTPChunk.Kind.initiation ? 0 : network.ends[1].localTag
                        network.ends[1].receive(sctpPacket(tag: tag, chunk + tail), now: network.now)
                        _ = network.ends[1].takeEvents()
                        for bytes in network.ends[1].takeOutgoing() {
                            #expect(bytes.count <= Limits.SCTP.packetBytes)
                        }
                    }
                }
            }
        }
    }

    @Test func anInitWithAShortLastParameter() {
        for length in 0...12 as ClosedRange<UInt16> {
            for kept in 0...12 {
                let fresh = SCTPNetwork(seed: 2)
                let initiation = sctpChunk(SCTPChunk.Kind.initiation) { writer in
                    for word in [1, 5_000, 0x000a_000a, 9] as [UInt32] { writer.write(word) }
                    var parameter = ByteWriter()
                    parameter.write(0x8008 as UInt16)
                    parameter.write(length)
                    for _ in 0..<8 { parameter.write(0xc0 as UInt8) }
                    writer.write(Array(parameter.bytes.prefix(kept)))
                }
                fresh.inject(sctpPacket(tag: 0, initiation), to: 1)
                #expect(fresh.ends[1].state == .idle)
            }
        }
    }

    @Test func damagedAndForeignPackets() {
        connect()
        let good = sctpPacket(tag: end.localTag, dataChunk(tsn, [1]))
        for index in good.indices {
            var damaged = good
            damaged[index] ^= 0x40
            network.inject(damaged, to: 1)
        }
        for count in 0..<good.count { network.inject(Array(good.prefix(count)), to: 1) }
        network.inject(sctpPacket(tag: end.localTag &+ 1, dataChunk(tsn, [1])), to: 1)
        network.inject(sctpPacket(tag: end.localTag, dataChunk(tsn, [1]), port: 5_001), to: 1)
        // An ABORT with the wrong tag, in both readings of the T bit.
        network.inject(sctpPacket(tag: 1, sctpChunk(SCTPChunk.Kind.abort)), to: 1)
        network.inject(sctpPacket(tag: end.localTag, sctpChunk(SCTPChunk.Kind.abort, flags: 1)), to: 1)
        #expect(network.events[1].isEmpty)
        #expect(end.state == .established)
        #expect(Int(end.counters.dropped) == good.count * 2 + 4)
    }

    @Test func absurdGapBlocks() throws {
        for (start, stop) in [(0, 0), (1, 0), (5, 2), (0, 65_535), (1, 65_535), (65_535, 65_535), (2, 2)]
            as [(UInt16, UInt16)]
        {
            let network = SCTPNetwork(seed: 3)
            network.connect()
            let end = network.ends[1]
            for number in 0..<9 {
                try end.send(.numbered(number, padding: 1_000), stream: 0, ppid: 53, now: network.now)
            }
            _ = end.takeOutgoing()
            let sack = sctpChunk(SCTPChunk.Kind.sack) { writer in
                writer.write(end.localInitialTSN.value &- 1)
                writer.write(UInt32.max)
                writer.write(250 as UInt16)
                writer.write(0 as UInt16)
                for _ in 0..<250 {
                    writer.write(start)
                    writer.write(stop)
                }
            }
            for _ in 0..<10 { network.inject(sctpPacket(tag: end.localTag, sack), to: 1) }
            network.run(for: .seconds(60))
            #expect(network.messages(at: 0).map(\.number) == Array(0..<9), "\(start)-\(stop)")
        }
    }

    @Test func acknowledgingWhatWasNeverSentEndsIt() {
        for ahead in [1, 1_000, 0x7fff_ffff] as [UInt32] {
            let network = SCTPNetwork(seed: 4)
            network.connect()
            let end = network.ends[1]
            let sack = sctpChunk(SCTPChunk.Kind.sack) { writer in
                writer.write(end.localInitialTSN.value &- 1 &+ ahead)
                for word in [1_000, 0] as [UInt32] { writer.write(word) }
            }
            network.inject(sctpPacket(tag: end.localTag, sack), to: 1)
            #expect(network.events[1] == [.aborted(.protocolViolation)])
        }
    }

    @Test func aHundredThousandHolesStayWithinBounds() {
        connect()
        for index in 0..<100_000 as Range<UInt32> {
            inject(dataChunk(tsn &+ (2 &* index &+ 1), stream: UInt16(index & 0xffff), [UInt8(index & 0xff)]))
        }
        #expect(end.state == .established)
        #expect(end.reassembly.heldBytes <= Limits.SCTP.receiveBytes)
        #expect(end.counters.refusedData > 90_000)
        // The association still works: the holes are filled and everything held comes out.
        for index in 0...(Limits.SCTP.gapRanges * 2) {
            inject(dataChunk(tsn &+ UInt32(index), flags: [.begins, .ends, .unordered], [1]))
        }
        #expect(!end.received.hasGaps)
        #expect(end.state == .established)
    }

    /// Middles without a beginning, beginnings without an end, wrong neighbours: never more than the bound.
    @Test func fragmentsThatNeverFit() {
        for flags in [[], [.begins], [.ends], [.unordered], [.begins, .unordered]] as [SCTPData.Flags] {
            for step in [1, 2, 3] as [UInt32] {
                let network = SCTPNetwork(seed: 5)
                network.connect()
                let end = network.ends[1]
                let first = network.ends[0].localInitialTSN
                for index in 0..<4_000 as Range<UInt32> {
                    end.receive(
                        sctpPacket(
                            tag: end.localTag,
                            dataChunk(
                                first &+ index &* step, flags: flags, ssn: UInt16(truncatingIfNeeded: index),
                                [UInt8](repeating: 1, count: 40))),
                        now: network.now)
                    _ = end.takeEvents()
                    _ = end.takeOutgoing()
                }
                #expect(end.reassembly.heldBytes <= Limits.SCTP.receiveBytes + Limits.SCTP.messageBytes)
            }
        }
    }

    @Test func messagesWaitingForOneThatIsNotMissingEndIt() {
        connect()
        for index in 0..<5_000 as Range<UInt32> {
            inject(dataChunk(tsn &+ index, ssn: UInt16(index + 1), [UInt8](repeating: 1, count: 100)))
        }
        #expect(network.events[1] == [.aborted(.outOfResource)])
        #expect(end.reassembly.heldBytes == 0)
    }

    @Test func aMessageLongerThanAnnouncedEndsIt() {
        connect()
        for index in 0..<200 as Range<UInt32> {
            inject(dataChunk(tsn &+ index, flags: index == 0 ? .begins : [], [UInt8](repeating: 1, count: 1_000)))
        }
        #expect(network.events[1] == [.aborted(.messageTooLong)])
    }

    @Test func tooManyStreams() {
        connect()
        for index in 0..<65_535 as Range<UInt32> { inject(dataChunk(tsn &+ index, stream: UInt16(index), [1])) }
        #expect(network.messages(at: 1).count == Limits.SCTP.streams)
        #expect(end.state == .established)
        #expect(end.reassembly.heldBytes == 0)
    }

    @Test func forwardTSNStorm() {
        var generator = SeededRandom(seed: 6)
        connect()
        for index in 0..<20_000 as Range<UInt32> {
            let forward = sctpChunk(SCTPChunk.Kind.forwardTSN) { writer in
                writer.write((tsn &+ index &* UInt32.random(in: 0...70_000, using: &generator)).value)
                for stream in 0..<250 as Range<UInt16> {
                    writer.write(stream)
                    writer.write(UInt16.random(in: 0...UInt16.max, using: &generator))
                }
            }
            inject(forward)
            if index % 3 == 0 { inject(dataChunk(end.received.cumulative &+ 2, ssn: UInt16(index & 0x7f), [1])) }
        }
        #expect(end.reassembly.heldBytes <= Limits.SCTP.receiveBytes)
    }

    @Test func emptyDataEndsIt() {
        connect()
        inject(dataChunk(tsn, []))
        #expect(network.events[1] == [.aborted(.protocolViolation)])
    }

    @Test func unknownChunksFollowTheirHighBits() throws {
        for (kind, isReported, goesOn) in [
            (0x3f, false, false), (0x7e, true, false), (0xbf, false, true), (0xfe, true, true),
        ] as [(UInt8, Bool, Bool)] {
            let network = SCTPNetwork(seed: 7)
            network.connect()
            let end = network.ends[1]
            let data = dataChunk(network.ends[0].localInitialTSN, [5])
            end.receive(
                sctpPacket(tag: end.localTag, sctpChunk(kind) { $0.write(7 as UInt32) }, data), now: network.now)
            #expect(end.takeEvents().count == (goesOn ? 1 : 0), "\(kind)")
            let chunks = end.takeOutgoing().flatMap { SCTPPacket(parsing: $0)?.chunks ?? [] }
            #expect(chunks.contains(.error([SCTPErrorCause.unrecognizedChunk.rawValue])) == isReported, "\(kind)")
        }
    }

    /// Questions are not answered with more than was asked.
    @Test func answersStayBounded() {
        connect()
        for _ in 0..<1_000 {
            end.receive(
                sctpPacket(
                    tag: end.localTag,
                    sctpChunk(SCTPChunk.Kind.heartbeat) { $0.writeParameter(1, [UInt8](repeating: 1, count: 900)) }),
                now: network.now)
            end.receive(sctpPacket(tag: end.localTag, sctpChunk(0xfe)), now: network.now)
        }
        #expect(end.takeOutgoing().count <= Limits.SCTP.pendingChunks)
    }

    /// A seeded walk over all chunks with numbers near the edges.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func anything(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        for _ in 0..<60 {
            let network = SCTPNetwork(
                seed: generator.next(),
                initialTSN: [0, 1, UInt32.max, 0x7fff_ffff, 0x8000_0000].randomElement(using: &generator))
            network.connect()
            let (end, other) = (network.ends[1], network.ends[0])
            for _ in 0..<200 {
                func near(_ value: UInt32) -> UInt32 {
                    value &+ UInt32.random(in: 0...4, using: &generator) &- 2
                        &+ [0, 0, 0, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000].randomElement(using: &generator)!
                }
                let kind = [0, 0, 0, 3, 3, 6, 7, 130, 192, 192, 4, 8, 9, 10, 14].randomElement(using: &generator)!
                let chunk = sctpChunk(UInt8(kind), flags: UInt8.random(in: 0...15, using: &generator)) { writer in
                    writer.write(
                        near(
                            [0, 3, 7].contains(kind) || kind == 192
                                ? (kind == 3 || kind == 7 ? end.localInitialTSN.value : other.localInitialTSN.value)
                                : 0x000d_0010))
                    for _ in 0..<Int.random(in: 0...8, using: &generator) { writer.write(near(0x0001_0001)) }
                }
                if kind == 6, UInt8.random(in: 0...30, using: &generator) != 0 { continue }
                end.receive(sctpPacket(tag: end.localTag, chunk), now: network.now)
                _ = try? end.send([1, 2, 3], stream: 0, ppid: 53, reliability: .retransmissions(0), now: network.now)
                network.now = network.now + .milliseconds(100)
                end.handleTimeout(now: network.now)
                _ = end.takeEvents()
                for bytes in end.takeOutgoing() { #expect(SCTPPacket(parsing: bytes)?.isMalformed == false) }
            }
            #expect(
                end.reassembly.heldBytes >= 0 && end.heldToSend >= 0 && end.outstanding.flightBytes >= 0, "seed \(seed)"
            )
        }
    }
}
