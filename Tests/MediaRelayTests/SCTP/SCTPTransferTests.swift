import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct SCTPTransferTests {
    private static let rough = SCTPNetwork.Conditions(
        loss: 0.1, duplication: 0.05, delay: .milliseconds(20), jitter: .milliseconds(15))

    /// Sends as fast as the send buffer takes it.
    private func transfer(
        _ messages: [[UInt8]], over network: SCTPNetwork, stream: UInt16 = 1, isOrdered: Bool = true, from: Int = 0
    ) {
        var next = 0
        func fill() {
            while next < messages.count {
                do {
                    try network.ends[from].send(
                        messages[next], stream: stream, ppid: 53, isOrdered: isOrdered, now: network.now)
                    next += 1
                } catch {
                    #expect(error == .bufferFull)
                    return
                }
            }
        }
        fill()
        for _ in 0..<200_000 where next < messages.count || network.ends[from].heldToSend > 0 {
            network.run(for: .milliseconds(50)) {
                next < messages.count && network.ends[from].heldToSend < Limits.SCTP.sendBytes / 2
            }
            fill()
            if network.ends[from].state == .closed { break }
        }
        network.run(for: .seconds(1))
        #expect(next == messages.count)
        #expect(network.longestPacket <= Limits.SCTP.packetBytes)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func tenThousandMessagesArriveInOrderOnceAtTenPercentLoss(seed: UInt64) {
        let network = SCTPNetwork(seed: seed, conditions: Self.rough)
        network.connect()
        var sizes = SeededRandom(seed: seed)
        let sent = (0..<10_000).map { [UInt8].numbered($0, padding: Int.random(in: 0...300, using: &sizes)) }
        transfer(sent, over: network)
        #expect(network.messages(at: 1) == sent, "seed \(seed)")
        #expect(network.ends[0].counters.retransmissions > 0)
        #expect(network.ends[0].heldToSend == 0)
        #expect(network.ends[1].window == Limits.SCTP.receiveBytes)
    }

    @Test func bothDirectionsAndSeveralStreamsAtOnce() throws {
        let network = SCTPNetwork(seed: 7, conditions: Self.rough)
        network.connect()
        for number in 0..<600 {
            for end in 0..<2 {
                try network.ends[end].send(
                    .numbered(number, padding: number), stream: UInt16(number % 5), ppid: 53, now: network.now)
            }
        }
        network.run(for: .seconds(120)) { network.ends.allSatisfy { $0.heldToSend == 0 } }
        for end in 0..<2 {
            var perStream: [UInt16: [Int]] = [:]
            for case .message(let stream, _, let bytes) in network.events[end] {
                perStream[stream, default: []].append(bytes.number)
                #expect(bytes == .numbered(bytes.number, padding: bytes.number))
            }
            for stream in 0..<5 {
                #expect(perStream[UInt16(stream)] == Array(stride(from: stream, to: 600, by: 5)))
            }
        }
    }

    @Test func unorderedMessagesAllArriveOnceAndDoNotWait() {
        let network = SCTPNetwork(seed: 11, conditions: Self.rough)
        network.connect()
        let sent = (0..<2_000).map { [UInt8].numbered($0, padding: 200) }
        transfer(sent, over: network, isOrdered: false)
        let numbers = network.messages(at: 1).map(\.number)
        #expect(numbers.sorted() == Array(0..<2_000))
        #expect(numbers != Array(0..<2_000), "nothing overtook anything: the network does not reorder")
    }

    @Test(arguments: [1, 1_131, 1_132, 1_133, 2_264, 2_265, 65_535, 65_536])
    func fragmentsUpToTheCap(size: Int) throws {
        let network = SCTPNetwork(seed: UInt64(size), conditions: Self.rough)
        network.connect()
        var generator = SeededRandom(seed: 1)
        let messages = (0..<5).map { _ in [UInt8].random(size, using: &generator) }
        transfer(messages, over: network)
        #expect(network.messages(at: 1) == messages)
    }

    @Test func refusesWhatCannotBeSent() throws {
        let network = SCTPNetwork(seed: 1)
        network.connect()
        let end = network.ends[0]
        #expect(throws: SCTPSendError.messageTooLong) {
            try end.send([UInt8](repeating: 0, count: 65_537), stream: 0, ppid: 53, now: network.now)
        }
        #expect(throws: SCTPSendError.emptyMessage) { try end.send([], stream: 0, ppid: 53, now: network.now) }
        #expect(throws: SCTPSendError.noStream) { try end.send([1], stream: 65_535, ppid: 53, now: network.now) }
        // The peer is gone: what is held stays bounded and the refusal says why.
        network.conditions.loss = 1
        var accepted = 0
        #expect(throws: SCTPSendError.bufferFull) {
            while true {
                try end.send([UInt8](repeating: 0, count: 10_000), stream: 0, ppid: 53, now: network.now)
                accepted += 1
            }
        }
        #expect(accepted == Limits.SCTP.sendBytes / 10_128)
        #expect(end.heldToSend <= Limits.SCTP.sendBytes)
        network.run(for: .seconds(90))
        #expect(network.events[0] == [.aborted(.timeout)])
        #expect(throws: SCTPSendError.closed) { try end.send([1], stream: 0, ppid: 53, now: network.now) }
        #expect(end.nextDeadline == .never)
    }

    @Test func aLossyMessageIsSentOnceAndTheRestGoesOn() throws {
        let network = SCTPNetwork(seed: 21, conditions: Self.rough)
        network.connect()
        for number in 0..<3_000 {
            // Every fifth has three fragments; ordered and unordered mixed.
            try network.ends[0].send(
                .numbered(number, padding: number % 5 == 0 ? 3_000 : 100), stream: UInt16(number % 2), ppid: 53,
                isOrdered: number % 2 == 0, reliability: .retransmissions(0), now: network.now)
            network.run(for: .milliseconds(15))
        }
        network.run(for: .seconds(10))
        let numbers = network.messages(at: 1).map(\.number)
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.count > 2_300 && numbers.count < 3_000)
        let ordered = numbers.filter { $0 % 2 == 0 }
        #expect(ordered == ordered.sorted())
        for bytes in network.messages(at: 1) {
            #expect(bytes == .numbered(bytes.number, padding: bytes.number % 5 == 0 ? 3_000 : 100))
        }
        #expect(network.ends[0].heldToSend == 0)
        #expect(network.ends[1].window == Limits.SCTP.receiveBytes)
        #expect(network.ends[0].counters.retransmissions == 0)
    }

    @Test func retransmissionsAreCounted() throws {
        let network = SCTPNetwork(seed: 22)
        network.connect()
        var attempts = 0
        network.drops = { from, packet in
            guard from == 0, packet.chunks.contains(where: \.isData) else { return false }
            attempts += 1
            return true
        }
        try network.ends[0].send([1], stream: 0, ppid: 53, reliability: .retransmissions(2), now: network.now)
        network.run(for: .seconds(20))
        #expect(attempts == 3)
        #expect(network.ends[0].heldToSend == 0)
        network.drops = { _, _ in false }
        try network.ends[0].send([2], stream: 0, ppid: 53, now: network.now)
        network.run(for: .seconds(1))
        #expect(network.messages(at: 1) == [[2]])
    }

    @Test func aMessageWithALifetimeIsGivenUpWhenItIsOver() throws {
        let network = SCTPNetwork(seed: 23)
        network.connect()
        network.conditions.loss = 1
        for number in 0..<100 {
            try network.ends[0].send(
                .numbered(number, padding: 5_000), stream: 3, ppid: 53, reliability: .lifetime(.milliseconds(300)),
                now: network.now)
        }
        network.run(for: .seconds(2))
        network.conditions.loss = 0
        try network.ends[0].send(
            .numbered(100), stream: 3, ppid: 53, reliability: .lifetime(.seconds(20)), now: network.now)
        network.run(for: .seconds(10))
        #expect(network.messages(at: 1).map(\.number) == [100])
        #expect(network.ends[0].heldToSend == 0)
        #expect(network.ends[1].window == Limits.SCTP.receiveBytes)
    }

    /// TSNs and SSNs pass their last number in the middle of the transfer.
    @Test(arguments: [
        0, 1, 2, 5, 100, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 0xffff_fffe, 0xffff_ff00, 0xffff_8000,
    ])
    func numbersWrap(initialTSN: UInt32) {
        let network = SCTPNetwork(seed: 31, conditions: Self.rough, initialTSN: initialTSN)
        network.connect()
        let sent = (0..<600).map { [UInt8].numbered($0, padding: $0 % 10 == 0 ? 2_000 : 0) }
        transfer(sent, over: network)
        #expect(network.messages(at: 1) == sent)
    }

    @Test func streamSequenceNumbersWrapTwice() {
        let network = SCTPNetwork(
            seed: 32, conditions: .init(loss: 0.01, delay: .milliseconds(5), jitter: .milliseconds(2)))
        network.connect()
        let sent = (0..<140_000).map { [UInt8].numbered($0) }
        transfer(sent, over: network)
        #expect(network.messages(at: 1) == sent)
    }

    @Test func aReceiverThatDoesNotReadShutsItsWindowAndOpensItAgain() throws {
        let network = SCTPNetwork(seed: 41, conditions: .init(loss: 0.05, jitter: .milliseconds(5)))
        network.connect()
        network.stalled = [1]
        var accepted = 0
        while accepted < 200,
            (try? network.ends[0].send(.numbered(accepted, padding: 10_000), stream: 0, ppid: 53, now: network.now))
                != nil
        {
            accepted += 1
        }
        network.run(for: .seconds(120))
        #expect(network.ends[1].window < Limits.SCTP.packetBytes)
        #expect(network.ends[0].state == .established, "a slow receiver that answers is not dead")
        #expect(network.ends[0].heldToSend > 0)
        network.stalled = []
        network.run(for: .seconds(60)) { network.ends[0].heldToSend == 0 }
        #expect(network.messages(at: 1).map(\.number) == Array(0..<accepted))
    }

    /// A sender counts payload, the receiver its own overhead too: what came within the window announced is kept.
    @Test func nothingInsideTheWindowIsRefused() throws {
        let network = SCTPNetwork(seed: 44)
        network.connect()
        network.stalled = [1]
        for number in 0..<400 {
            try network.ends[0].send(.numbered(number, padding: 996), stream: 0, ppid: 53, now: network.now)
        }
        network.run(for: .seconds(5))
        #expect(network.ends[1].window == 0)
        #expect(network.ends[1].counters.refusedData == 0)
        #expect(network.ends[0].counters.timeouts == 0)
        network.stalled = []
        network.run(for: .seconds(5))
        #expect(network.messages(at: 1).map(\.number) == Array(0..<400))
    }

    @Test func survivesABlackholeOfTwentySeconds() throws {
        let network = SCTPNetwork(seed: 42)
        network.connect()
        network.conditions.loss = 1
        for number in 0..<50 { try network.ends[0].send(.numbered(number), stream: 0, ppid: 53, now: network.now) }
        network.run(for: .seconds(20))
        network.conditions.loss = 0
        network.run(for: Limits.SCTP.longestTimeout * 2) { network.messages(at: 1).count == 50 }
        #expect(network.messages(at: 1).map(\.number) == Array(0..<50))
    }

    @Test func aSilentPeerIsNoticedWithoutData() throws {
        let network = SCTPNetwork(seed: 43)
        network.connect()
        network.run(for: .seconds(300))
        #expect(network.ends.allSatisfy { $0.state == .established })
        network.conditions.loss = 1
        network.run(for: .seconds(120))
        #expect(network.events == [[.aborted(.timeout)], [.aborted(.timeout)]])
    }
}

extension SCTPChunk {
    var isData: Bool {
        guard case .data = self else { return false }
        return true
    }
}
