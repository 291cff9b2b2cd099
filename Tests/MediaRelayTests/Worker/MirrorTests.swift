// Publications on another worker than their subscribers', two cores driven by hand: the life of a mirror, and every
// order in which messages and commands can cross.

import ScenarioSupport
import Testing

@testable import MediaRelay

/// Two workers and what is on its way between them, delivered when the test says so.
private final class Pair {
    static let owner = OwnerTag(rawValue: 3)
    static let home = WorkerIndex(rawValue: 0)
    static let away = WorkerIndex(rawValue: 1)

    let cores: [RelayCore]
    let pool = IdentifierPool(workers: 2)
    let publisher: TransportID
    let subscriber: TransportID
    private(set) var underway: [[PeerMessage]] = [[], []]
    private(set) var events: [Event] = []
    var now = MediaTime(microseconds: 1_000_000)
    private var ssrc: UInt32 = 100

    /// - Parameter other: whose certificate to take; making one is most of the work.
    init(beside other: RelayCore? = nil) throws {
        let random = SeededRandom(seed: 1)
        let made =
            if let other {
                RelayCore(worker: Self.home, beside: other, capacity: WorkerCapacity(), random: random)
            } else {
                RelayCore(worker: Self.home, capacity: WorkerCapacity(), wallClockOrigin: 0, random: random)
            }
        let home = try #require(made)
        let away = try #require(
            RelayCore(worker: Self.away, beside: home, capacity: WorkerCapacity(), random: SeededRandom(seed: 2)))
        let there = try #require(PacketLink())
        let back = try #require(PacketLink())
        home.connect(to: Self.away, outbound: there, inbound: back)
        away.connect(to: Self.home, outbound: back, inbound: there)
        cores = [home, away]
        publisher = pool.transport(on: Self.home)
        subscriber = pool.transport(on: Self.away)
        for transport in [publisher, subscriber] {
            perform(
                .openTransport(
                    transport, owner: Self.owner, role: .server,
                    local: ICECredentials(usernameFragment: "abcdefgh", password: "abcdefghijklmnopqrstuvwx")))
        }
    }

    var home: RelayCore { cores[0] }
    var away: RelayCore { cores[1] }

    func perform(_ command: Command) {
        cores[Int(command.worker.rawValue)].perform(command, now)
        collect()
    }

    /// The oldest message to a worker. False: there is none.
    @discardableResult
    func deliver(to worker: WorkerIndex) -> Bool {
        let index = Int(worker.rawValue)
        guard !underway[index].isEmpty else { return false }
        cores[index].receive(underway[index].removeFirst(), now)
        collect()
        return true
    }

    func settle() { while deliver(to: Self.home) || deliver(to: Self.away) {} }

    func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    func collect() {
        for core in cores {
            core.handlePacketEvents(now)
            for message in core.takePeerMessages() { underway[Int(message.to.rawValue)].append(message) }
            events += core.takeEvents().flatMap(\.events)
            pool.release(core.takeReleasedNames(), on: core.worker)
        }
    }

    /// A packet into a publication with a local source, and over the link.
    func push(_ sequence: UInt16, into publication: PublicationID) {
        let header: [UInt8] = [
            0x80, 111, UInt8(sequence >> 8), UInt8(sequence & 0xff), 0, 0, 0, 1, 0, 0, 0, 9,
        ]
        perform(.push(publication, header + [1, 2, 3]))
    }

    // MARK: Objects

    func parameters(
        _ kind: MediaKind = .video, isLocal: Bool = false, encodings: [Encoding] = [Encoding(ssrc: 7)],
        formats: [PayloadFormat]? = nil
    ) -> PublicationParameters {
        PublicationParameters(
            owner: Self.owner, source: isLocal ? .local : .transport(publisher, mid: "0"), kind: kind,
            formats: formats ?? (kind == .audio ? Formats.audio : Formats.video), encodings: encodings)
    }

    func subscription(to publication: PublicationID, _ kind: MediaKind = .video) -> (SubscriptionID, Command) {
        ssrc += 1
        let id = pool.subscription(on: Self.away)
        let command = Command.openSubscription(
            id,
            SubscriptionParameters(
                publication: publication, transport: subscriber, mid: "\(ssrc)", ssrc: ssrc, retransmissionSSRC: nil,
                formats: kind == .audio ? Formats.audio : Formats.video, canonicalName: "a"))
        return (id, command)
    }

    func isForwarding(_ id: SubscriptionID) -> Bool { away.packets.statistics(ofForward: id.name) != nil }

    /// Nothing of anything is left.
    func expectNothing(_ comment: Comment) {
        for core in cores {
            let statistics = core.statistics()
            #expect(statistics.allocatedBytes == 0, comment)
            #expect(statistics.publications + statistics.subscriptions + statistics.streams == 0, comment)
            #expect(statistics.mirrors == 0 && core.mirrors.isEmpty && core.streamNames.inUse == 0, comment)
            #expect(core.questions.isEmpty && core.nextDeadline == .never, comment)
        }
    }
}

@Suite struct MirrorTests {
    @Test func aSubscriptionOnAnotherWorkerWaitsForTheMirror() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        pair.perform(.openPublication(publication, pair.parameters(encodings: [Encoding(ssrc: 7), Encoding(ssrc: 8)])))
        let (first, open) = pair.subscription(to: publication)
        pair.perform(open)
        #expect(!pair.isForwarding(first) && pair.away.statistics().mirrors == 1)
        pair.settle()
        #expect(pair.isForwarding(first) && pair.away.publications[publication]?.streams.count == 2)
        // A second one finds it standing.
        let (second, openSecond) = pair.subscription(to: publication)
        pair.perform(openSecond)
        #expect(pair.isForwarding(second) && pair.underway == [[], []])
        pair.perform(.closeSubscription(first))
        #expect(pair.underway == [[], []] && pair.home.publications[publication]?.mirrors.count == 1)
        pair.perform(.closeSubscription(second))
        pair.settle()
        #expect(pair.home.publications[publication]?.mirrors.isEmpty == true)
        #expect(pair.takeEvents() == [.subscriptionClosed(first), .subscriptionClosed(second)])
        pair.perform(.closeTransport(pair.publisher))
        pair.perform(.closeTransport(pair.subscriber))
        pair.expectNothing("closed")
    }

    @Test func aPublicationThatIsNotThereIsRefused() throws {
        let pair = try Pair()
        let (id, open) = pair.subscription(to: pair.pool.publication(on: Pair.home))
        pair.perform(open)
        #expect(pair.takeEvents().isEmpty)
        pair.settle()
        #expect(pair.takeEvents() == [.subscriptionClosed(id)] && pair.away.mirrors.isEmpty)
        // On a worker that nobody knows.
        let nowhere = PublicationID(worker: WorkerIndex(rawValue: 9), name: id.name)
        let (other, openOther) = pair.subscription(to: nowhere)
        pair.perform(openOther)
        #expect(pair.takeEvents() == [.subscriptionClosed(other)] && pair.underway == [[], []])
    }

    @Test func packetsPassAndTheEndIsSilent() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        pair.perform(.openPublication(publication, pair.parameters(.audio, isLocal: true, encodings: [Encoding()])))
        let (id, open) = pair.subscription(to: publication, .audio)
        pair.perform(open)
        pair.push(1, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 0)
        pair.settle()
        pair.push(2, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 1)
        // Muted at the source: nothing is handed over.
        pair.perform(.setMuted(publication, true))
        pair.settle()
        #expect(pair.away.publications[publication]?.isMuted == true)
        pair.push(3, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 1)
        pair.perform(.setMuted(publication, false))
        pair.push(4, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 2)
        pair.perform(.closePublication(publication))
        pair.settle()
        // As on one worker: the subscription stays until it is closed.
        #expect(pair.takeEvents() == [.publicationStarted(publication), .publicationClosed(publication)])
        #expect(pair.away.statistics().subscriptions == 1 && pair.away.statistics().mirrors == 0)
        pair.perform(.closeSubscription(id))
        #expect(pair.takeEvents() == [.subscriptionClosed(id)] && pair.underway == [[], []])
    }

    @Test func anUpdateReachesTheMirrorAndStreamsThatStayLiveOn() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        let encodings = [Encoding(ssrc: 7), Encoding(ssrc: 8)]
        pair.perform(.openPublication(publication, pair.parameters(encodings: encodings)))
        let (id, open) = pair.subscription(to: publication)
        pair.perform(open)
        pair.settle()
        let before = try #require(pair.away.publications[publication]?.streams)
        pair.perform(.updatePublication(publication, pair.parameters(encodings: [encodings[1], Encoding(ssrc: 9)])))
        pair.settle()
        let after = try #require(pair.away.publications[publication]?.streams)
        #expect(after.count == 2 && after[0] == before[1] && !before.contains(after[1]))
        #expect(pair.away.packets.statistics(ofForward: id.name)?.stream == after[0])
        #expect(pair.takeEvents().isEmpty)
    }

    @Test func formatsWithoutCounterpartAreReportedAndMayComeLater() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        let av1 = [PayloadFormat(payloadType: 45, codec: .av1, clockRate: 90_000)]
        pair.perform(.openPublication(publication, pair.parameters(formats: av1)))
        let (id, open) = pair.subscription(to: publication)
        pair.perform(open)
        #expect(pair.takeEvents().isEmpty)
        pair.settle()
        #expect(pair.takeEvents() == [.subscriptionUnsupported(id)] && !pair.isForwarding(id))
        pair.perform(.updatePublication(publication, pair.parameters()))
        pair.settle()
        #expect(pair.takeEvents().isEmpty && pair.isForwarding(id))
    }

    /// A mirror that was left and is wanted again at once, while the answers to its first life are on their way.
    @Test func answersToAnEarlierLifeAreIgnored() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        pair.perform(.openPublication(publication, pair.parameters()))
        let (first, open) = pair.subscription(to: publication)
        pair.perform(open)
        pair.deliver(to: Pair.home)
        pair.perform(.closeSubscription(first))
        let (second, openSecond) = pair.subscription(to: publication)
        pair.perform(openSecond)
        // The offer to the first.
        pair.deliver(to: Pair.away)
        #expect(!pair.isForwarding(second) && pair.underway[0].count == 2)
        pair.settle()
        #expect(pair.isForwarding(second))
    }

    @Test func anUpdateThatCrossesTheAttachmentIsAttachedAnew() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        pair.perform(.openPublication(publication, pair.parameters(.audio, isLocal: true, encodings: [Encoding()])))
        let (id, open) = pair.subscription(to: publication, .audio)
        pair.perform(open)
        pair.deliver(to: Pair.home)
        pair.deliver(to: Pair.away)
        let parameters = pair.parameters(.audio, isLocal: true, encodings: [Encoding(ssrc: 5)])
        pair.perform(.updatePublication(publication, parameters))
        pair.deliver(to: Pair.home)
        pair.push(1, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 0, "attached to streams of another version")
        pair.settle()
        pair.push(2, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 1 && pair.isForwarding(id))
        pair.perform(
            .updatePublication(
                publication, pair.parameters(.audio, isLocal: true, encodings: [Encoding(ssrc: 6)])))
        pair.settle()
        pair.push(3, into: publication)
        #expect(pair.home.statistics().packetsHandedOut == 2)
    }

    /// Commands to both workers and deliveries in any order: whatever crosses whatever, in the end every subscription
    /// that is open forwards or waits for nothing, and after the end nothing is left.
    @Test func everyOrderIsSafe() throws {
        let first = try Pair()
        for seed in 1...1_000 as ClosedRange<UInt64> {
            try crossings(seed: seed, beside: first.home)
        }
    }

    private func crossings(seed: UInt64, beside other: RelayCore) throws {
        let pair = try Pair(beside: other)
        var random = SeededRandom(seed: seed)
        var publications: [PublicationID] = []
        var closed: [PublicationID] = []
        var subscriptions: [(id: SubscriptionID, publication: PublicationID)] = []
        for _ in 0..<60 {
            pair.now = pair.now + .milliseconds(UInt64.random(in: 0...20, using: &random))
            switch Int.random(in: 0..<14, using: &random) {
            case 0 where publications.count < 3:
                let id = pair.pool.publication(on: Pair.home)
                pair.perform(.openPublication(id, pair.parameters(isLocal: true, encodings: [Encoding(ssrc: 1)])))
                publications.append(id)
            case 1:
                guard let id = publications.randomElement(using: &random) else { continue }
                pair.perform(.closePublication(id))
                publications.removeAll { $0 == id }
                closed.append(id)
            case 2, 3:
                guard let id = publications.randomElement(using: &random) else { continue }
                let count = Int.random(in: 1...3, using: &random)
                let encodings = (0..<count).map { _ in Encoding(ssrc: UInt32.random(in: 1...4, using: &random)) }
                pair.perform(.updatePublication(id, pair.parameters(isLocal: true, encodings: encodings)))
            case 4:
                guard let id = publications.randomElement(using: &random) else { continue }
                pair.perform(.setMuted(id, Bool.random(using: &random)))
            case 5, 6:
                guard let id = (publications + closed.suffix(1)).randomElement(using: &random) else { continue }
                let (subscription, open) = pair.subscription(to: id)
                pair.perform(open)
                subscriptions.append((subscription, id))
            case 7, 8:
                guard let index = subscriptions.indices.randomElement(using: &random) else { continue }
                let subscription = subscriptions.remove(at: index)
                if pair.away.subscriptions[subscription.id] != nil {
                    pair.perform(.closeSubscription(subscription.id))
                }
            case 9:
                guard let id = publications.randomElement(using: &random) else { continue }
                pair.push(UInt16.random(in: 0...100, using: &random), into: id)
            case 10:
                for core in pair.cores { core.runTimers(pair.now) }
                pair.collect()
            default: pair.deliver(to: Bool.random(using: &random) ? Pair.home : Pair.away)
            }
        }
        pair.settle()
        for (id, publication) in subscriptions where publications.contains(publication) {
            #expect(pair.isForwarding(id), "seed \(seed)")
        }
        for publication in publications {
            let isWanted = pair.away.mirrors[publication] != nil
            #expect((pair.home.publications[publication]?.mirrors.isEmpty == false) == isWanted, "seed \(seed)")
            #expect(isWanted == subscriptions.contains { $0.publication == publication }, "seed \(seed)")
        }
        // The ends cross each other too.
        pair.perform(.closeTransport(pair.subscriber))
        if Bool.random(using: &random) { pair.deliver(to: Pair.home) }
        for publication in publications { pair.perform(.closePublication(publication)) }
        pair.perform(.closeTransport(pair.publisher))
        pair.settle()
        for core in pair.cores {
            _ = core.takeEvents()
            core.runTimers(pair.now + .seconds(1))
        }
        pair.expectNothing("seed \(seed)")
    }

    /// What lies on a worker's other transports is none of a mirror's business, and the other way round.
    @Test func aKeyframeIsAskedForWhereThePublisherIs() throws {
        let pair = try Pair()
        let publication = pair.pool.publication(on: Pair.home)
        pair.perform(.openPublication(publication, pair.parameters(isLocal: true, encodings: [Encoding()])))
        let (_, open) = pair.subscription(to: publication)
        pair.perform(open)
        pair.settle()
        let stream = try #require(pair.away.publications[publication]?.currentStream)
        pair.away.wantKeyframe(of: stream, pair.now)
        pair.away.wantKeyframe(of: stream, pair.now)
        pair.collect()
        #expect(pair.underway[0].count == 1)
        pair.settle()
        #expect(pair.takeEvents() == [.keyframeWanted(publication)])
        // Muted: nobody is asked, and the wish is not kept.
        pair.perform(.setMuted(publication, true))
        pair.settle()
        pair.now = pair.now + .seconds(10)
        pair.away.wantKeyframe(of: stream, pair.now)
        pair.away.runTimers(pair.now)
        pair.collect()
        #expect(pair.underway == [[], []])
    }
}
