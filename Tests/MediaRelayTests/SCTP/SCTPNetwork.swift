// Two associations and the path between them on a virtual clock: loss, delay, reordering and duplication from a seed.

import ScenarioSupport
import Testing

@testable import MediaRelay

final class SCTPNetwork {
    struct Conditions {
        var loss = 0.0
        var duplication = 0.0
        var delay = MediaSpan.milliseconds(20)
        /// Up to so much more, each packet its own: more than the gap between packets reorders them.
        var jitter = MediaSpan.zero
    }

    private struct Flight {
        var arrival: MediaTime
        var to: Int
        var bytes: [UInt8]
    }

    let ends: [SCTPAssociation]
    var conditions: Conditions
    var now = MediaTime.seconds(1_000)
    var events: [[SCTPEvent]] = [[], []]
    /// Packets of an end that do not arrive.
    var drops: (_ from: Int, _ packet: SCTPPacket) -> Bool = { _, _ in false }
    /// An end whose owner does not take its events.
    var stalled: Set<Int> = []
    private(set) var sentPackets = 0
    private(set) var longestPacket = 0
    private var flights: [Flight] = []
    private var generator: SeededRandom

    init(
        seed: UInt64, conditions: Conditions = Conditions(), configuration: SCTPAssociation.Configuration = .init(),
        initialTSN: UInt32? = nil
    ) {
        var generator = SeededRandom(seed: seed)
        self.conditions = conditions
        ends = (0..<2).map { _ in
            var random = FixedStart(tsn: initialTSN, source: SeededRandom(seed: generator.next()))
            return SCTPAssociation(configuration: configuration, using: &random)
        }
        self.generator = generator
    }

    func start() {
        for end in ends { end.start(now: now) }
        flush()
    }

    /// Established on both sides, quietly.
    func connect() {
        let conditions = self.conditions
        self.conditions = Conditions()
        start()
        run(for: .seconds(1))
        #expect(ends.allSatisfy { $0.state == .established })
        self.conditions = conditions
        events = [[], []]
    }

    func flush() {
        for from in 0..<2 {
            if !stalled.contains(from) { events[from] += ends[from].takeEvents() }
            for bytes in ends[from].takeOutgoing() { carry(bytes, from: from) }
        }
    }

    private func carry(_ bytes: [UInt8], from: Int) {
        sentPackets += 1
        longestPacket = max(longestPacket, bytes.count)
        if let packet = SCTPPacket(parsing: bytes), drops(from, packet) { return }
        if Double.random(in: 0..<1, using: &generator) < conditions.loss { return }
        let copies = Double.random(in: 0..<1, using: &generator) < conditions.duplication ? 2 : 1
        for _ in 0..<copies {
            let jitter = UInt64.random(in: 0...conditions.jitter.microseconds, using: &generator)
            let flight = Flight(
                arrival: now + conditions.delay + .microseconds(jitter), to: 1 - from, bytes: bytes)
            let index = flights.lastIndex { $0.arrival <= flight.arrival }.map { $0 + 1 } ?? 0
            flights.insert(flight, at: index)
        }
    }

    func inject(_ bytes: [UInt8], to end: Int) {
        ends[end].receive(bytes, now: now)
        flush()
    }

    func run(for span: MediaSpan, until isDone: () -> Bool = { false }) {
        let limit = now + span
        flush()
        while !isDone() {
            let deadline = min(ends[0].nextDeadline, ends[1].nextDeadline)
            let next = min(flights.first?.arrival ?? .never, deadline)
            guard next <= limit else { break }
            now = max(now, next)
            while let flight = flights.first, flight.arrival <= now {
                flights.removeFirst()
                ends[flight.to].receive(flight.bytes, now: now)
                flush()
            }
            for end in ends where end.nextDeadline <= now { end.handleTimeout(now: now) }
            flush()
        }
        if !isDone() { now = limit }
    }

    func messages(at end: Int) -> [[UInt8]] {
        events[end].compactMap {
            guard case .message(_, _, let bytes) = $0 else { return nil }
            return bytes
        }
    }
}

extension SCTPAssociation {
    func takeEvents() -> [SCTPEvent] { Array(AnyIterator { self.takeEvent() }) }
}

extension DataChannels {
    func takeEvents() -> [DataChannelEvent] { Array(AnyIterator { self.takeEvent() }) }
}

/// The second number drawn is the initial TSN.
private struct FixedStart: RandomNumberGenerator {
    var tsn: UInt32?
    var source: SeededRandom
    var drawn = 0

    mutating func next() -> UInt64 {
        drawn += 1
        let number = source.next()
        if drawn == 2, let tsn { return UInt64(tsn) }
        return number
    }
}

extension [UInt8] {
    /// `number` in four bytes, and then `count` of a pattern that depends on it.
    static func numbered(_ number: Int, padding count: Int = 0) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(number))
        return writer.bytes + (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) }
    }

    var number: Int { prefix(4).reduce(0) { $0 << 8 | Int($1) } }
}

/// A packet of chunks written by hand.
func sctpPacket(tag: UInt32, _ chunks: [UInt8]..., port: UInt16 = 5_000) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(port)
    writer.write(port)
    writer.write(tag)
    writer.write(0 as UInt32)
    for chunk in chunks { writer.write(chunk) }
    var bytes = writer.bytes
    let checksum = CRC32c.checksum(ofPacket: bytes)
    for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    return bytes
}

func sctpChunk(_ kind: UInt8, flags: UInt8 = 0, _ body: (inout ByteWriter) -> Void = { _ in }) -> [UInt8] {
    var writer = ByteWriter()
    writer.writeChunk(kind, flags: flags, body)
    return writer.bytes
}

func dataChunk(
    _ tsn: TSN, flags: SCTPData.Flags = [.begins, .ends], stream: UInt16 = 0, ssn: UInt16 = 0, _ payload: [UInt8]
) -> [UInt8] {
    sctpChunk(SCTPChunk.Kind.data, flags: flags.rawValue) { writer in
        writer.write(tsn.value)
        writer.write(stream)
        writer.write(ssn)
        writer.write(53 as UInt32)
        writer.write(payload)
    }
}
