// The parts of an association, each against numbers known from elsewhere or a slow model.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct SCTPPartsTests {
    @Test func checksum() {
        // The check value of CRC-32c over "123456789" (0xE3069283), bit by bit here: the packet form zeroes 8 to 11.
        func slow(_ bytes: [UInt8]) -> UInt32 {
            ~bytes.reduce(UInt32.max) { value, byte in
                (0..<8).reduce(value ^ UInt32(byte)) { bits, _ in bits & 1 == 1 ? bits >> 1 ^ 0x82f6_3b78 : bits >> 1 }
            }
        }
        #expect(slow(Array("123456789".utf8)) == 0xe306_9283)
        var generator = SeededRandom(seed: 1)
        for count in 12...64 {
            var bytes = [UInt8].random(count, using: &generator)
            let fast = CRC32c.checksum(ofPacket: bytes)
            bytes.replaceSubrange(8..<12, with: [0, 0, 0, 0])
            #expect(fast == slow(bytes))
        }
    }

    @Test func serialNumbersAtTheirEdges() {
        #expect(TSN(.max).precedes(TSN(0)) && !TSN(0).precedes(TSN(.max)))
        #expect(TSN(0x7fff_ffff).precedes(TSN(0x8000_0000)) && TSN(0).precedes(TSN(0x7fff_ffff)))
        #expect(!TSN(5).precedes(TSN(5)))
        #expect(SSN(65_535).precedes(SSN(0)) && SSN(65_535).next == SSN(0))
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func receivedNumbersMatchAModel(seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let start = TSN([0, UInt32.max &- 20, 0x7fff_fff0].randomElement(using: &generator) ?? 0)
        var received = ReceivedTSNs(initialTSN: start)
        var model: Set<Int> = []
        var cumulative = 0
        for _ in 0..<400 {
            let offset = Int.random(in: 0...120, using: &generator)
            let tsn = start &+ UInt32(offset)
            if Int.random(in: 0..<40, using: &generator) == 0 {
                received.advance(to: tsn)
                model.formUnion(0...offset)
            } else {
                let verdict = received.verdict(on: tsn)
                #expect((verdict == .duplicate) == model.contains(offset), "seed \(seed)")
                if verdict != .duplicate {
                    #expect((verdict == .next) == (offset == cumulative))
                    received.insert(tsn)
                    model.insert(offset)
                }
            }
            while model.contains(cumulative) { cumulative += 1 }
            #expect(received.cumulative == start &+ UInt32(cumulative) &- 1)
            #expect(received.hasGaps == model.contains { $0 > cumulative })
        }
    }

    @Test func everyOrderOfFragmentsReassembles() throws {
        // Two messages of three fragments and a whole one between, across the wrap, in all 5,040 orders.
        let first = TSN(.max &- 2)
        func chunk(_ index: Int) -> SCTPData {
            let (flags, ssn): (SCTPData.Flags, UInt16) =
                switch index {
                case 0: (.begins, 65_535)
                case 1: ([], 65_535)
                case 2: (.ends, 65_535)
                case 3: ([.begins, .ends], 0)
                case 4: (.begins, 1)
                case 5: ([], 1)
                default: (.ends, 1)
                }
            return SCTPData(
                flags: flags, tsn: first &+ UInt32(index), stream: 1, ssn: SSN(ssn), ppid: 53, payload: [UInt8(index)])
        }
        func visit(_ rest: [Int], _ order: [Int]) throws {
            guard rest.isEmpty else {
                for index in rest { try visit(rest.filter { $0 != index }, order + [index]) }
                return
            }
            var reassembly = Reassembly(messageLimit: 100)
            var messages: [Reassembly.Message] = []
            try reassembly.forward(to: first &- 1, skipped: [.init(stream: 1, ssn: SSN(65_534))], into: &messages)
            // Numbers below 32,768 are behind 65,534 or the other way round: 65,534 is not ahead of zero.
            try reassembly.forward(to: first &- 1, skipped: [.init(stream: 1, ssn: SSN(30_000))], into: &messages)
            try reassembly.forward(to: first &- 1, skipped: [.init(stream: 1, ssn: SSN(60_000))], into: &messages)
            try reassembly.forward(to: first &- 1, skipped: [.init(stream: 1, ssn: SSN(65_534))], into: &messages)
            for index in order { try reassembly.insert(chunk(index), into: &messages) }
            #expect(messages.map(\.bytes) == [[0, 1, 2], [3], [4, 5, 6]], "\(order)")
            #expect(reassembly.heldBytes == 0)
        }
        try visit(Array(0..<7), [])
    }

    @Test func firstInFirstOut() {
        var queue = FIFO<Int>()
        var model: [Int] = []
        var generator = SeededRandom(seed: 3)
        for number in 0..<20_000 {
            if Bool.random(using: &generator) || number % 1_000 < 300 {
                queue.append(number)
                model.append(number)
            } else if let taken = queue.popFirst() {
                #expect(taken == model.removeFirst())
            }
            #expect(queue.count == model.count && queue.first == model.first && queue[queue.count - 1] == model.last)
        }
        #expect(queue[-1] == nil && queue[queue.count] == nil)
    }

    @Test func theTimeoutFollowsTheRoundTrip() {
        var timeout = RetransmissionTimeout()
        #expect(timeout.span == Limits.SCTP.firstTimeout)
        var now = MediaTime.seconds(1)
        for _ in 0..<50 {
            timeout.measured(.milliseconds(600), now: now)
            now = now + .seconds(1)
        }
        #expect(timeout.span >= .milliseconds(600) && timeout.span < .milliseconds(650))
        timeout.backOff()
        #expect(timeout.span >= .milliseconds(1_200))
        for _ in 0..<10 { timeout.backOff() }
        #expect(timeout.span == Limits.SCTP.longestTimeout)
        for _ in 0..<50 {
            timeout.measured(.milliseconds(1), now: now)
            now = now + .seconds(1)
        }
        #expect(timeout.span == Limits.SCTP.shortestTimeout)
    }
}
