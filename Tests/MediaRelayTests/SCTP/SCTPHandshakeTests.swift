import Testing

@testable import MediaRelay

@Suite struct SCTPHandshakeTests {
    private func kind(_ packet: SCTPPacket) -> SCTPChunk? { packet.chunks.first }

    @Test func bothStartAtOnce() {
        let network = SCTPNetwork(seed: 1)
        network.start()
        network.run(for: .seconds(1))
        #expect(network.ends.allSatisfy { $0.state == .established })
        #expect(network.events == [[.established], [.established]])
        #expect(network.ends[0].peer?.tag == network.ends[1].localTag)
        #expect(network.ends[1].peer?.tag == network.ends[0].localTag)
    }

    @Test func oneSideAlone() throws {
        let network = SCTPNetwork(seed: 2)
        // Queued before there is an association.
        try network.ends[1].send([9], stream: 4, ppid: 53, now: network.now)
        network.ends[0].start(now: network.now)
        network.run(for: .seconds(1))
        #expect(network.events[1] == [.established])
        #expect(network.events[0] == [.established, .message(stream: 4, ppid: 53, bytes: [9])])
    }

    /// Every subset of the first eight packets lost, with both sides starting.
    @Test func anyOfTheFirstPacketsLost() throws {
        for lost in 0..<256 {
            let network = SCTPNetwork(seed: UInt64(lost))
            var index = -1
            network.drops = { _, _ in
                index += 1
                return index < 8 && lost >> index & 1 == 1
            }
            for end in 0..<2 { try network.ends[end].send([UInt8(end)], stream: 0, ppid: 53, now: network.now) }
            network.start()
            network.run(for: .seconds(10))
            #expect(network.messages(at: 0) == [[1]], "lost \(lost)")
            #expect(network.messages(at: 1) == [[0]], "lost \(lost)")
            #expect(network.events.allSatisfy { $0.first == .established && $0.count == 2 })
        }
    }

    @Test(arguments: [SCTPChunk.Kind.cookieEcho, SCTPChunk.Kind.cookieAck])
    func aLostCookieIsRepeated(kind: UInt8) {
        let network = SCTPNetwork(seed: 3)
        var dropped = 0
        network.drops = { _, packet in
            let isWanted =
                switch packet.chunks.first {
                case .cookieEcho: kind == SCTPChunk.Kind.cookieEcho
                case .cookieAck: kind == SCTPChunk.Kind.cookieAck
                default: false
                }
            if isWanted { dropped += 1 }
            return isWanted && dropped <= 3
        }
        network.ends[0].start(now: network.now)
        network.run(for: .seconds(10))
        #expect(dropped > 3)
        #expect(network.events == [[.established], [.established]])
    }

    @Test func roughPathsConnect() {
        for seed in 0..<200 as Range<UInt64> {
            let network = SCTPNetwork(
                seed: seed,
                conditions: .init(loss: 0.3, duplication: 0.3, delay: .milliseconds(30), jitter: .milliseconds(400)))
            network.start()
            network.run(for: .seconds(30))
            #expect(network.ends.allSatisfy { $0.state == .established }, "seed \(seed)")
        }
    }

    @Test func nobodyAnswers() {
        let network = SCTPNetwork(seed: 4, conditions: .init(loss: 1))
        network.ends[0].start(now: network.now)
        network.run(for: .seconds(60))
        #expect(network.events[0] == [.aborted(.handshakeTimeout)])
        #expect(network.sentPackets == Limits.SCTP.handshakeRetransmissions + 1)
    }

    @Test func lateCopiesOfTheHandshakeChangeNothing() throws {
        let network = SCTPNetwork(seed: 5)
        var recorded: [[UInt8]] = []
        network.ends[0].start(now: network.now)
        for _ in 0..<6 {
            for from in 0..<2 {
                for bytes in network.ends[from].takeOutgoing() {
                    if from == 0 { recorded.append(bytes) }
                    network.ends[1 - from].receive(bytes, now: network.now)
                }
            }
        }
        #expect(network.ends.allSatisfy { $0.state == .established })
        network.run(for: .seconds(1))
        network.events = [[], []]
        try network.ends[0].send([1], stream: 0, ppid: 53, now: network.now)
        network.run(for: .seconds(1))
        for bytes in recorded + recorded.reversed() { network.inject(bytes, to: 1) }
        try network.ends[0].send([2], stream: 0, ppid: 53, now: network.now)
        network.run(for: .seconds(1))
        #expect(network.messages(at: 1) == [[1], [2]])
        #expect(network.ends.allSatisfy { $0.state == .established })
    }

    @Test func anInitThatBeginsAnewEndsIt() {
        let network = SCTPNetwork(seed: 6)
        network.connect()
        let again = SCTPNetwork(seed: 7)
        again.ends[0].start(now: again.now)
        for bytes in again.ends[0].takeOutgoing() { network.inject(bytes, to: 1) }
        #expect(network.events[1] == [.aborted(.restartedByPeer)])
        network.run(for: .seconds(1))
        #expect(network.events[0] == [.aborted(.abortedByPeer(cause: SCTPErrorCause.userInitiated.rawValue))])
    }

    @Test func aForeignCookieIsNotBelieved() {
        let network = SCTPNetwork(seed: 8)
        let tag = network.ends[1].localTag
        for cookie in [[], [UInt8](repeating: 0, count: 34), [UInt8](repeating: 7, count: 500)] {
            network.inject(sctpPacket(tag: tag, sctpChunk(SCTPChunk.Kind.cookieEcho) { $0.write(cookie) }), to: 1)
        }
        #expect(network.ends[1].state == .idle)
    }

    @Test func unknownParametersAreSkippedOrReported() throws {
        let network = SCTPNetwork(seed: 9)
        let initiation = sctpChunk(SCTPChunk.Kind.initiation) { writer in
            writer.write(77 as UInt32)
            writer.write(100_000 as UInt32)
            writer.write(10 as UInt16)
            writer.write(10 as UInt16)
            writer.write(1 as UInt32)
            writer.writeParameter(5, [10, 0, 0, 1])  // an IPv4 address, never looked at
            writer.writeParameter(0x8001, [1, 2, 3])
            writer.writeParameter(0xc006, [4, 5, 6, 7])
            writer.writeParameter(SCTPParameter.Kind.forwardTSNSupported, [])
            writer.writeParameter(0x4001, [8])
            writer.writeParameter(SCTPParameter.Kind.supportedExtensions, [SCTPChunk.Kind.reconfiguration])
        }
        network.ends[1].receive(sctpPacket(tag: 0, initiation), now: network.now)
        let answerBytes = try #require(network.ends[1].takeOutgoing().first)
        let answer = try #require(SCTPPacket(parsing: answerBytes))
        #expect(answer.tag == 77)
        guard case .initiationAck(let ack) = try #require(answer.chunks.first) else {
            Issue.record("not an INIT ACK")
            return
        }
        let cookie = try #require(ack.cookie)
        network.inject(sctpPacket(tag: ack.tag, sctpChunk(SCTPChunk.Kind.cookieEcho) { $0.write(cookie) }), to: 1)
        #expect(network.ends[1].state == .established)
        #expect(network.ends[1].peer?.supportsForwardTSN == true)
        // Behind 0x4001 nothing is read.
        #expect(network.ends[1].peer?.supportsReconfiguration == false)
        #expect(network.ends[1].peer?.incomingStreams == 10)
        // Two are reported: parameter 8 with the parameter inside.
        let raw = network.ends[1]
        raw.receive(sctpPacket(tag: 0, initiation), now: network.now)
        let bytes = try #require(raw.takeOutgoing().first)
        func contains(_ part: [UInt8]) -> Bool {
            bytes.indices.contains { Array(bytes[$0...].prefix(part.count)) == part }
        }
        #expect(contains([UInt8](hex: "0008000c c0060008 04050607")))
        #expect(contains([UInt8](hex: "00080009 40010005 08")))
        #expect(!contains([UInt8](hex: "80010007")))
    }
}
