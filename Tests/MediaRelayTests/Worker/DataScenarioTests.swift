// Data channels through a whole server: two clients' SCTP over DTLS, the server between them, on a bad network and with
// clients that read slowly or not at all.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct DataScenarioTests {
    private static let reliable = "_reliable"
    private static let lossy = "_lossy"

    /// Connected, with a reliable and a lossy channel each.
    private func scenario(seed: UInt64, _ names: String...) -> (Scenario, [VirtualClient]) {
        let scenario = Scenario(seed: seed)
        let clients = names.map { scenario.join($0) }
        #expect(scenario.connect(), "\(scenario)")
        for client in clients {
            scenario.openChannel(Self.reliable, of: client)
            scenario.openChannel(Self.lossy, of: client, isLossy: true)
        }
        scenario.run(for: .seconds(1))
        scenario.shareData()
        return (scenario, clients)
    }

    /// As fast as the client takes it, which is a megabyte ahead of the network.
    private func send(_ messages: [[UInt8]], from client: VirtualClient, _ scenario: Scenario, slice: Int = 50) {
        for start in stride(from: 0, to: messages.count, by: slice) {
            for bytes in messages[start..<min(start + slice, messages.count)] {
                scenario.send(bytes, on: Self.reliable, from: client)
            }
            let isPaced = scenario.run(within: .seconds(120)) { client.statistics().data.heldBytes < 1_000_000 }
            #expect(isPaced, "\(scenario): the sender is stuck")
        }
    }

    private func overflows(_ scenario: Scenario) -> [TransportID] {
        scenario.server.events.compactMap { if case .dataOverflow(let transport) = $0 { transport } else { nil } }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func tenThousandMessagesArriveInOrderOnceAtTenPercentLoss(seed: UInt64) {
        let (scenario, clients) = scenario(seed: seed, "alice", "bob")
        for client in clients {
            var rough = LinkConditions()
            rough.loss = 0.1
            rough.jitter = .milliseconds(15)
            rough.duplication = 0.05
            client.uplink = rough
            client.downlink = rough
        }
        var random = SeededRandom(seed: seed)
        let sent = (0..<10_000).map { [UInt8].numbered($0, padding: Int.random(in: 0...300, using: &random)) }
        send(sent, from: clients[0], scenario, slice: 100)
        #expect(scenario.run(within: .seconds(600)) { clients[1].messages.count >= sent.count }, "\(scenario)")
        scenario.run(for: .seconds(10))
        #expect(clients[1].messages.map(\.bytes) == sent, "\(scenario)")
        #expect(clients[1].messages.allSatisfy { $0.channel == Self.reliable })
        #expect(clients[0].messages.isEmpty, "never back to the sender")
        let data = scenario.server.statistics().data
        #expect(data.messagesIn == 10_000 && data.messagesOut == 10_000 && data.bytesIn == data.bytesOut)
        #expect(data.heldBytes == 0 && data.losses.isEmpty && overflows(scenario).isEmpty)
    }

    @Test func messagesOfEveryLengthGoThrough() {
        let (scenario, clients) = scenario(seed: 4, "alice", "bob")
        let sent = [0, 1, 1_100, 1_200, 15_000, 64_000, DataMessage.maximumBytes].map {
            [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0)
        }
        send(sent, from: clients[0], scenario)
        #expect(scenario.run(within: .seconds(10)) { clients[1].messages.count >= sent.count })
        #expect(clients[1].messages.map(\.bytes) == sent)
        let before = clients[0].statistics().refusedCommands
        scenario.send([UInt8](repeating: 0, count: DataMessage.maximumBytes + 1), on: Self.reliable, from: clients[0])
        #expect(clients[0].statistics().refusedCommands == before + 1)
    }

    /// 20 ms there and back on each side: what windows and credit allow, beginning with a slow start.
    @Test func aGoodLineIsUsed() {
        let (scenario, clients) = scenario(seed: 17, "alice", "bob")
        let sent = (0..<300).map { [UInt8].numbered($0, padding: 15_000) }
        let start = scenario.now
        send(sent, from: clients[0], scenario)
        #expect(scenario.run(within: .seconds(60)) { clients[1].messages.count >= sent.count })
        let seconds = Double(scenario.now.since(start).microseconds) / 1e6
        let megabits = Double(sent.count * 15_004 * 8) / 1e6
        #expect(megabits / seconds > 50, "\(megabits / seconds) Mbit/s")
    }

    @Test func aReceiverThatIsTooSlowIsReportedOnceAndTheOthersGetEverything() throws {
        let (scenario, clients) = scenario(seed: 5, "alice", "bob", "carol")
        clients[2].downlink.bitrate = 300_000
        let sent = (0..<460).map { [UInt8].numbered($0, padding: 10_000) }
        send(sent, from: clients[0], scenario)
        #expect(scenario.run(within: .seconds(60)) { clients[1].messages.count >= sent.count })
        #expect(clients[1].messages.map(\.bytes) == sent)
        let carol = try #require(clients[2].serverTransport)
        #expect(overflows(scenario) == [carol])
        let data = scenario.server.statistics().data
        #expect(data.overflows == 1 && (data.losses[.overflow] ?? 0) > 0)
        #expect(data.heldBytes <= Limits.SCTP.sendBytes + Limits.Data.unhandledBytes)
        #expect(!clients[0].hasOverflowed && clients[2].isConnected, "only the meeting says who has to go")
        scenario.leave(clients[2])
        scenario.run(for: .seconds(1))
        #expect(scenario.server.statistics().data.heldBytes == 0)
    }

    /// More than the server would hold for anybody, through a hole that takes it in fourteen seconds.
    @Test func aSenderIsSlowedDownToItsFastestReceiver() {
        let (scenario, clients) = scenario(seed: 6, "alice", "bob", "carol")
        clients[1].downlink.bitrate = 2_500_000
        clients[2].downlink.bitrate = 2_000_000
        let sent = (0..<450).map { [UInt8].numbered($0, padding: 10_000) }
        var mostHeld = 0
        for bytes in sent {
            scenario.send(bytes, on: Self.reliable, from: clients[0])
            _ = scenario.run(within: .seconds(60)) { clients[0].statistics().data.heldBytes < 500_000 }
            mostHeld = max(mostHeld, scenario.server.statistics().data.heldBytes)
        }
        #expect(scenario.run(within: .seconds(120)) { clients[1].messages.count >= sent.count })
        #expect(scenario.run(within: .seconds(120)) { clients[2].messages.count >= sent.count })
        #expect(clients[1].messages.map(\.bytes) == sent)
        #expect(clients[2].messages.map(\.bytes) == sent, "a fifth slower is not too slow")
        #expect(overflows(scenario).isEmpty)
        let ofFastest = Limits.Data.roomBytes + 2 * Limits.Data.unhandledBytes
        #expect(mostHeld > Limits.Data.roomBytes / 2, "nothing was ever slowed down")
        #expect(mostHeld < 2 * ofFastest + 900_000, "carol lags by a fifth of all")
    }

    /// Nobody answers its messages: what is taken in is bounded, the rest waits in the client.
    @Test func aMeetingThatHangsCostsABoundedAmount() {
        let (scenario, clients) = scenario(seed: 7, "alice", "bob")
        scenario.server.recipients = nil
        let sent = (0..<200).map { [UInt8].numbered($0, padding: 10_000) }
        for bytes in sent { scenario.send(bytes, on: Self.reliable, from: clients[0]) }
        scenario.run(for: .seconds(60))
        let taken = scenario.server.unrouted.reduce(0) { $0 + $1.message.bytes.count }
        #expect(taken > Limits.Data.unhandledBytes / 2 && taken < Limits.Data.unhandledBytes + 10_004)
        #expect(clients[0].isConnected && clients[0].statistics().data.heldBytes > 1_000_000)
        scenario.shareData()
        #expect(scenario.run(within: .seconds(60)) { clients[1].messages.count >= sent.count })
        #expect(clients[1].messages.map(\.bytes) == sent)
    }

    @Test func aSenderThatWaitsForSomebodyWhoLeavesGoesOn() {
        let (scenario, clients) = scenario(seed: 8, "alice", "bob")
        clients[1].readsData = false
        for number in 0..<300 {
            scenario.send(.numbered(number, padding: 10_000), on: Self.reliable, from: clients[0])
        }
        scenario.run(for: .seconds(60))
        #expect(clients[0].statistics().data.heldBytes > 500_000, "nothing made the sender wait")
        #expect(overflows(scenario).isEmpty)
        scenario.leave(clients[1])
        #expect(scenario.run(within: .seconds(30)) { clients[0].statistics().data.heldBytes == 0 })
    }

    @Test func messagesBeforeTheChannelOpensArriveInOrder() throws {
        let scenario = Scenario(seed: 9)
        let bob = scenario.join("bob")
        let transport = try #require(bob.serverTransport)
        let sent = (0..<5).map { [UInt8].numbered($0) }
        for (number, bytes) in sent.enumerated() {
            if number == 2 { #expect(scenario.connect()) }
            scenario.server.perform(
                .sendData([transport], DataMessage(channel: Self.reliable, bytes: bytes)), scenario.now)
            scenario.server.perform(.sendData([transport], DataMessage(channel: "other", bytes: bytes)), scenario.now)
        }
        scenario.openChannel(Self.reliable, of: bob)
        #expect(scenario.run(within: .seconds(2)) { bob.messages.count >= sent.count })
        #expect(bob.messages == sent.map { DataMessage(channel: Self.reliable, bytes: $0) })
    }

    @Test func aChannelOfTheServerOpensAsSoonAsItCan() throws {
        let scenario = Scenario(seed: 10)
        let bob = scenario.join("bob")
        let transport = try #require(bob.serverTransport)
        for label in [Self.reliable, Self.lossy, Self.reliable] {
            scenario.server.perform(
                .openDataChannel(
                    transport,
                    DataChannelParameters(
                        label: label, isOrdered: label == Self.reliable,
                        maximumRetransmissions: label == Self.reliable ? nil : 0)), scenario.now)
            scenario.server.perform(
                .sendData([transport], DataMessage(channel: label, bytes: Array(label.utf8))), scenario.now)
        }
        #expect(scenario.run(within: .seconds(5)) { bob.messages.count >= 3 })
        #expect(Set(bob.messages.map(\.channel)) == [Self.reliable, Self.lossy])
        // The client answers on the server's channel.
        scenario.send([1, 2, 3], on: Self.reliable, from: bob)
        scenario.run(for: .seconds(1))
        #expect(scenario.server.unrouted.map(\.message) == [DataMessage(channel: Self.reliable, bytes: [1, 2, 3])])
        #expect(scenario.server.statistics().refusedCommands == 0)
    }

    @Test func oneWhoNeverOpensAChannelIsNotTooSlow() {
        let (scenario, clients) = scenario(seed: 11, "alice", "bob")
        _ = scenario.join("dave")
        #expect(scenario.connect())
        let sent = (0..<100).map { [UInt8].numbered($0, padding: 10_000) }
        send(sent, from: clients[0], scenario)
        #expect(scenario.run(within: .seconds(30)) { clients[1].messages.count >= sent.count })
        let data = scenario.server.statistics().data
        #expect(overflows(scenario).isEmpty && data.overflows == 0)
        #expect((data.losses[.noChannel] ?? 0) > 80)
        scenario.run(for: .seconds(1))
        let held = scenario.server.statistics().data.heldBytes
        #expect(held > 0 && held <= Limits.Data.earlyBytes)
    }

    @Test func lossyMessagesAreDroppedWhereTheyWouldWait() {
        let (scenario, clients) = scenario(seed: 12, "alice", "bob", "carol")
        clients[2].downlink.bitrate = 200_000
        for number in 0..<2_000 {
            scenario.send(.numbered(number, padding: 1_000), on: Self.lossy, from: clients[0])
            scenario.run(for: .milliseconds(5))
        }
        scenario.run(for: .seconds(10))
        #expect(clients[1].messages.count == 2_000)
        let numbers = clients[2].messages.map(\.bytes.number)
        #expect(numbers.count > 100 && numbers.count < 1_000 && Set(numbers).count == numbers.count)
        #expect((scenario.server.statistics().data.losses[.congested] ?? 0) > 500)
        #expect(overflows(scenario).isEmpty)
        // What is lossy does not delay what is not.
        let before = scenario.now
        scenario.send(.numbered(1), on: Self.reliable, from: clients[0])
        #expect(scenario.run(within: .seconds(2)) { clients[2].messages.last?.channel == Self.reliable })
        #expect(scenario.now.since(before) < .milliseconds(500))
    }

    @Test(arguments: [13, 14, 15] as [UInt64])
    func aTransportClosedInTheMiddleLeavesNothing(seed: UInt64) {
        let (scenario, clients) = scenario(seed: seed, "alice", "bob", "carol")
        clients[1].downlink.bitrate = 1_000_000
        clients[2].readsData = false
        for number in 0..<300 {
            scenario.send(.numbered(number, padding: 10_000), on: Self.reliable, from: clients[0])
        }
        scenario.run(for: .milliseconds(100 * (seed - 12)))
        #expect(scenario.server.statistics().data.heldBytes > 0)
        for client in clients { scenario.leave(client) }
        let statistics = scenario.server.statistics()
        #expect(statistics.data.heldBytes == 0 && statistics.allocatedBytes == 0 && statistics.transports.isEmpty)
        #expect(scenario.server.core.nextDeadline == .never)
    }

    /// The consent of half a minute is lost and comes back: what was under way is not.
    @Test func aLongSilenceLosesNothing() {
        let (scenario, clients) = scenario(seed: 16, "alice", "bob")
        clients[1].uplink.isCut = true
        clients[1].downlink.isCut = true
        for number in 0..<20 { scenario.send(.numbered(number), on: Self.reliable, from: clients[0]) }
        scenario.run(for: .seconds(150))
        #expect(scenario.server.statistics().transports[.disconnected] == 1)
        #expect(overflows(scenario).isEmpty)
        clients[1].uplink.isCut = false
        clients[1].downlink.isCut = false
        #expect(scenario.run(within: .seconds(15)) { clients[1].messages.count >= 20 })
        #expect(clients[1].messages.map(\.bytes.number) == Array(0..<20))
    }
}

@Suite struct DataFlowTests {
    private func transport(_ index: UInt32) -> TransportID {
        TransportID(worker: WorkerIndex(rawValue: 0), name: ObjectName(index: index, generation: 0))
    }

    private let message = DataMessage(channel: "", bytes: [UInt8](repeating: 0, count: 10_000))

    @Test func creditEndsAndComesBackAsMessagesAreRouted() {
        var flow = DataFlow()
        var count = 0
        while flow.hasCredit {
            flow.handUp(message)
            count += 1
        }
        #expect(count == Limits.Data.unhandledBytes / message.heldBytes + 1)
        let isRouted = flow.routed(to: [], awaitsRoom: false)
        #expect(isRouted && flow.hasCredit)
        for _ in 1..<count { _ = flow.routed(to: [transport(1)], awaitsRoom: true) }
        #expect(!flow.hasCredit || flow.heldBytes == (count - 1) * message.heldBytes)
        let isMore = flow.routed(to: [], awaitsRoom: false)
        #expect(!isMore, "nothing is left to be routed")
        _ = flow.stopAwaiting(transport(2))
        #expect(flow.heldBytes == (count - 1) * message.heldBytes)
        _ = flow.stopAwaiting(transport(1))
        #expect(flow.heldBytes == 0)
    }

    /// What came after the question was asked waits for the next one.
    @Test func anAnswerSpeaksOfWhatWasThereWhenItWasAskedFor() throws {
        var flow = DataFlow()
        let elsewhere = [transport(1)]
        for _ in 0..<2 { flow.handUp(message) }
        _ = flow.routed(to: elsewhere, awaitsRoom: true)
        let isAsked = flow.ask(1, about: elsewhere)
        let isAskedTwice = flow.ask(2, about: elsewhere)
        #expect(isAsked && !isAskedTwice)
        _ = flow.routed(to: elsewhere, awaitsRoom: true)
        let answer = flow.answered(1)
        let first = try #require(answer)
        #expect(first.isAskedAgain && flow.heldBytes == message.heldBytes)
        let isKnown = flow.answered(1) != nil
        #expect(!isKnown, "answered once")
        let isAskedAgain = flow.ask(3, about: elsewhere)
        let lastAnswer = flow.answered(3)
        let last = try #require(lastAnswer)
        #expect(isAskedAgain && !last.isAskedAgain && flow.heldBytes == 0 && flow.openQuestions.isEmpty)
    }

    @Test func anyOfTheRecipientsIsEnough() {
        var flow = DataFlow()
        for recipients in [[1, 2], [2, 3], [4]] as [[UInt32]] {
            flow.handUp(message)
            _ = flow.routed(to: recipients.map(transport), awaitsRoom: true)
        }
        _ = flow.stopAwaiting(transport(2))
        #expect(flow.heldBytes == message.heldBytes)
        _ = flow.stopAwaiting(transport(4))
        #expect(flow.heldBytes == 0)
    }

    @Test func listsOfRecipientsAreBounded() {
        var flow = DataFlow()
        for number in 0..<1_000 as Range<UInt32> {
            flow.handUp(message)
            _ = flow.routed(to: [transport(number)], awaitsRoom: true)
        }
        #expect(flow.heldBytes == Limits.Data.awaitedLists * message.heldBytes)
    }
}
