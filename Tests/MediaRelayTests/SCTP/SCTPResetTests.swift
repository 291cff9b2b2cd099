// Stream resets, shutdown and abort between two associations.

import Testing

@testable import MediaRelay

@Suite struct SCTPResetTests {
    private static let rough = SCTPNetwork.Conditions(loss: 0.15, duplication: 0.1, jitter: .milliseconds(30))

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aResetComesBehindTheData(seed: UInt64) throws {
        let network = SCTPNetwork(seed: seed, conditions: Self.rough)
        network.connect()
        for number in 0..<40 {
            try network.ends[0].send(.numbered(number, padding: 500), stream: 5, ppid: 53, now: network.now)
        }
        network.ends[0].resetStreams([5, 9], now: network.now)
        #expect(throws: SCTPSendError.resetting) {
            try network.ends[0].send([1], stream: 5, ppid: 53, now: network.now)
        }
        network.run(for: .seconds(60)) {
            network.events[0].filter { $0.isOutgoingReset }.count == 2
                || network.events[0].contains(.outgoingReset([5, 9], performed: true))
        }
        network.run(for: .seconds(5))
        #expect(network.messages(at: 1).map(\.number) == Array(0..<40), "seed \(seed)")
        let position = network.events[1].firstIndex {
            if case .incomingReset(let ids) = $0 { ids.contains(5) } else { false }
        }
        #expect(position ?? 0 >= 40)
        // Both count from zero again.
        for number in 0..<40 { try network.ends[0].send(.numbered(number), stream: 5, ppid: 53, now: network.now) }
        network.run(for: .seconds(60)) { network.ends[0].heldToSend == 0 }
        #expect(network.messages(at: 1).count == 80)
    }

    @Test func denialsAndNumbersOutOfOrder() {
        let network = SCTPNetwork(seed: 1)
        network.connect()
        let end = network.ends[1]
        func ask(_ type: UInt16, _ number: UInt32) -> UInt32? {
            let chunk = sctpChunk(SCTPChunk.Kind.reconfiguration) { writer in
                var value = ByteWriter()
                value.write(number)
                if type == SCTPParameter.Kind.resetOutgoing {
                    value.write(0 as UInt32)
                    value.write(network.ends[0].localInitialTSN.value &- 1)
                }
                writer.writeParameter(type, value.bytes)
            }
            end.receive(sctpPacket(tag: end.localTag, chunk), now: network.now)
            _ = end.takeEvents()
            for bytes in end.takeOutgoing() {
                for case .reconfiguration(let parameters) in SCTPPacket(parsing: bytes)?.chunks ?? [] {
                    for case .response(number, let result) in parameters { return result }
                }
            }
            return nil
        }
        let first = network.ends[0].localInitialTSN.value
        #expect(ask(SCTPParameter.Kind.resetOutgoing, first &+ 1) == SCTPReconfiguration.Result.badSequenceNumber)
        #expect(ask(SCTPParameter.Kind.resetOutgoing, first) == SCTPReconfiguration.Result.performed)
        #expect(ask(SCTPParameter.Kind.resetOutgoing, first) == SCTPReconfiguration.Result.performed)
        #expect(ask(SCTPParameter.Kind.addOutgoing, first &+ 1) == SCTPReconfiguration.Result.denied)
        #expect(ask(SCTPParameter.Kind.resetIncoming, first &+ 2) == SCTPReconfiguration.Result.denied)
    }

    @Test func aRequestAheadOfItsDataWaits() {
        let network = SCTPNetwork(seed: 2)
        network.connect()
        let end = network.ends[1]
        let tsn = network.ends[0].localInitialTSN
        let request = sctpChunk(SCTPChunk.Kind.reconfiguration) { writer in
            var value = ByteWriter()
            value.write(tsn.value)
            value.write(0 as UInt32)
            value.write(tsn.value)
            value.write(3 as UInt16)
            writer.writeParameter(SCTPParameter.Kind.resetOutgoing, value.bytes)
        }
        network.inject(sctpPacket(tag: end.localTag, request), to: 1)
        #expect(network.events[1].isEmpty)
        network.inject(sctpPacket(tag: end.localTag, dataChunk(tsn, stream: 3, [1])), to: 1)
        #expect(network.events[1] == [.message(stream: 3, ppid: 53, bytes: [1]), .incomingReset([3])])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func shutdownDeliversEverything(seed: UInt64) throws {
        let network = SCTPNetwork(seed: seed, conditions: Self.rough)
        network.connect()
        for number in 0..<100 {
            for end in 0..<2 {
                try network.ends[end].send(.numbered(number, padding: 500), stream: 0, ppid: 53, now: network.now)
            }
        }
        network.ends[0].shutDown(now: network.now)
        if seed % 2 == 0 { network.ends[1].shutDown(now: network.now) }
        #expect(throws: SCTPSendError.closed) {
            try network.ends[0].send([1], stream: 0, ppid: 53, now: network.now)
        }
        network.run(for: .seconds(200))
        for end in 0..<2 {
            #expect(network.messages(at: end).map(\.number) == Array(0..<100), "seed \(seed)")
            // The very last packet, SHUTDOWN COMPLETE, may be lost; then the other side times out.
            #expect(network.ends[end].state == .closed)
            #expect(network.ends[end].nextDeadline == .never)
        }
        #expect(network.events[0].contains(.closed) || network.events[1].contains(.closed))
    }

    @Test func abortEndsBothAtOnce() throws {
        let network = SCTPNetwork(seed: 3)
        network.connect()
        try network.ends[0].send(.numbered(1, padding: 60_000), stream: 0, ppid: 53, now: network.now)
        network.flush()
        network.ends[0].abort(now: network.now)
        network.run(for: .seconds(1))
        #expect(network.events[0] == [.closed])
        #expect(network.events[1].last == .aborted(.abortedByPeer(cause: SCTPErrorCause.userInitiated.rawValue)))
        #expect(network.ends.allSatisfy { $0.heldToSend == 0 && $0.nextDeadline == .never })
    }
}

extension SCTPEvent {
    fileprivate var isOutgoingReset: Bool {
        guard case .outgoingReset = self else { return false }
        return true
    }
}
