import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct DataChannelTests {
    /// A server and a client on a path without delay.
    private final class Pair {
        let ends: [DataChannels]
        var now = MediaTime.seconds(5)
        var events: [[DataChannelEvent]] = [[], []]

        init(seed: UInt64 = 1) {
            var generator = SeededRandom(seed: seed)
            ends = [true, false].map { DataChannels(isDTLSClient: $0, using: &generator) }
            for end in ends { end.start(now: now) }
            run()
        }

        func run(until isDone: () -> Bool = { false }) {
            for _ in 0..<100 {
                for from in 0..<2 {
                    if isDone() { return }
                    events[from] += ends[from].takeEvents()
                    for bytes in ends[from].takeOutgoing() {
                        ends[1 - from].receive(bytes, now: now)
                    }
                    events[1 - from] += ends[1 - from].takeEvents()
                }
                now = now + .milliseconds(100)
                for end in ends where end.nextDeadline <= now { end.handleTimeout(now: now) }
            }
        }
    }

    @Test func openSendClose() throws {
        let pair = Pair()
        #expect(pair.events == [[.connected], [.connected]])
        pair.events = [[], []]
        let lossy = DataChannelOpen(label: "_lossy", isOrdered: false, reliability: .retransmissions(0))
        let reliable = try pair.ends[0].open(.init(label: "_reliable"), now: pair.now)
        let unordered = try pair.ends[0].open(lossy, now: pair.now)
        // The DTLS client's streams are even, the server's odd.
        let served = try pair.ends[1].open(.init(label: "from server", protocolName: "p"), now: pair.now)
        #expect((reliable, unordered, served) == (0, 2, 1))
        try pair.ends[0].send([1, 2], on: reliable, now: pair.now)
        try pair.ends[0].send([], isText: true, on: unordered, now: pair.now)
        pair.run()
        #expect(
            pair.events[1] == [
                .opened(0), .opened(2), .message(channel: 0, isText: false, bytes: [1, 2]),
                .message(channel: 2, isText: true, bytes: []),
            ]
                || pair.events[1] == [
                    .opened(0), .message(channel: 0, isText: false, bytes: [1, 2]), .opened(2),
                    .message(channel: 2, isText: true, bytes: []),
                ])
        #expect(pair.ends[1].channels[2]?.description == lossy)
        #expect(pair.ends[0].channels[1]?.label == "from server")
        #expect(pair.ends.allSatisfy { $0.channels.values.allSatisfy { $0.state == .open } })
        // Both may send on any of them.
        try pair.ends[1].send(Array("hi".utf8), isText: true, on: reliable, now: pair.now)
        pair.events = [[], []]
        pair.run()
        #expect(pair.events[0] == [.message(channel: 0, isText: true, bytes: Array("hi".utf8))])
        pair.events = [[], []]
        pair.ends[1].close(reliable, now: pair.now)
        #expect(throws: DataChannelError.noChannel) { try pair.ends[1].send([1], on: reliable, now: pair.now) }
        pair.run()
        #expect(pair.events == [[.closed(0)], [.closed(0)]])
        #expect(pair.ends[0].channels.count == 2 && pair.ends[1].channels.count == 2)
        // The id is free, and counts from zero.
        let again = try pair.ends[0].open(.init(label: "again"), now: pair.now)
        #expect(again == 0)
        try pair.ends[0].send([7], on: 0, now: pair.now)
        pair.events = [[], []]
        pair.run()
        #expect(pair.events[1] == [.opened(0), .message(channel: 0, isText: false, bytes: [7])])
        pair.ends[0].abort(now: pair.now)
        pair.run()
        #expect(pair.events[0].last == .ended)
        #expect(pair.events[1].last == .failed(.abortedByPeer(cause: 12)))
        #expect(pair.ends.allSatisfy { $0.channels.isEmpty })
    }

    /// aiortc reuses a stream at once, when the last answer to a reset may still be on its way.
    @Test func aStreamReopenedBeforeTheLastAnswer() throws {
        let pair = Pair(seed: 3)
        _ = try pair.ends[0].open(.init(label: "first"), now: pair.now)
        pair.run()
        pair.ends[0].close(0, now: pair.now)
        pair.run { pair.ends[0].channels.isEmpty }
        // The answer is lost.
        #expect(!pair.ends[0].takeOutgoing().isEmpty)
        #expect(pair.ends[1].channels[0]?.state == .closing)
        pair.events = [[], []]
        let again = try pair.ends[0].open(.init(label: "second"), now: pair.now)
        #expect(again == 0)
        try pair.ends[0].send([1], on: 0, now: pair.now)
        pair.run()
        #expect(pair.events[1] == [.closed(0), .opened(0), .message(channel: 0, isText: false, bytes: [1])])
        try pair.ends[1].send([2], on: 0, now: pair.now)
        pair.run()
        #expect(pair.events[0] == [.message(channel: 0, isText: false, bytes: [2])])
    }

    @Test func openIsReadAndWritten() throws {
        let known: [(DataChannelOpen, String)] = [
            (.init(label: "_reliable"), "03000100 00000000 00090000 5f72656c6961626c65"),
            (
                .init(label: "_lossy", isOrdered: false, reliability: .retransmissions(0)),
                "03810100 00000000 00060000 5f6c6f737379"
            ),
            (
                .init(label: "", protocolName: "x", reliability: .lifetime(.milliseconds(500))),
                "03020100 000001f4 00000001 78"
            ),
        ]
        for (open, hex) in known {
            #expect(open.encoded == [UInt8](hex: hex))
            #expect(DataChannelOpen(parsing: [UInt8](hex: hex)) == open)
            for count in 0..<open.encoded.count {
                #expect(DataChannelOpen(parsing: Array(open.encoded.prefix(count))) == nil)
            }
        }
        for hex in [
            "", "02", "04000100 00000000 00000000", "03030100 00000000 00000000", "03000100 00000000 00020000 c328",
            "03000100 00000000 ffffffff 41", "03000100 00000000 00810000" + String(repeating: "41", count: 129),
        ] {
            #expect(DataChannelOpen(parsing: [UInt8](hex: hex)) == nil, "\(hex)")
        }
    }

    @Test func brokenOpensAndStrayMessagesAreRefused() throws {
        let pair = Pair(seed: 2)
        pair.events = [[], []]
        let raw = pair.ends[0].association
        try raw.send([3, 1], stream: 40, ppid: DataChannelPayload.control, now: pair.now)
        try raw.send([1], stream: 41, ppid: DataChannelPayload.binary, now: pair.now)
        try raw.send([2], stream: 42, ppid: DataChannelPayload.control, now: pair.now)
        for stream in 0..<200 as Range<UInt16> {
            try raw.send(
                DataChannelOpen(label: "n").encoded, stream: stream * 2 + 101, ppid: DataChannelPayload.control,
                now: pair.now)
        }
        pair.run()
        #expect(pair.ends[1].channels.count == Limits.SCTP.channels)
        #expect(pair.events[1].count == Limits.SCTP.channels)
        #expect(pair.ends[1].refusedMessages == 2 + 200 - UInt64(Limits.SCTP.channels))
        #expect(throws: DataChannelError.limit) { try pair.ends[1].open(.init(label: "mine"), now: pair.now) }
    }
}
