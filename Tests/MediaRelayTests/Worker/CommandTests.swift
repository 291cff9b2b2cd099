// Commands that come late, twice or too many: refused, counted, answered by exactly one `closed`.

import ScenarioSupport
import Testing

@testable import MediaRelay

@Suite struct CommandTests {
    private static let worker = WorkerIndex(rawValue: 0)
    private static let owner = OwnerTag(rawValue: 3)
    private static let now = MediaTime(microseconds: 1_000_000)
    private static let credentials = ICECredentials(
        usernameFragment: "abcdefgh", password: "abcdefghijklmnopqrstuvwx")

    private func makeCore(_ capacity: WorkerCapacity = WorkerCapacity()) throws -> RelayCore {
        try #require(
            RelayCore(worker: Self.worker, capacity: capacity, wallClockOrigin: 0, random: SeededRandom(seed: 1)))
    }

    private func credentials(_ number: Int) -> ICECredentials {
        ICECredentials(usernameFragment: "user\(number)", password: "abcdefghijklmnopqrstuvwx")
    }

    private func audio(_ transport: TransportID, mid: String = "0", ssrc: UInt32 = 1) -> PublicationParameters {
        PublicationParameters(
            owner: Self.owner, source: .transport(transport, mid: mid), kind: .audio, formats: Formats.audio,
            encodings: [Encoding(ssrc: ssrc)])
    }

    @Test func closingAnswersForEverythingOnTheTransport() throws {
        let core = try makeCore()
        let pool = IdentifierPool(workers: 1)
        let transport = pool.transport(on: Self.worker)
        let publication = pool.publication(on: Self.worker)
        let subscription = pool.subscription(on: Self.worker)
        core.perform(.openTransport(transport, owner: Self.owner, role: .server, local: credentials(1)), Self.now)
        core.perform(.openPublication(publication, audio(transport)), Self.now)
        core.perform(
            .openSubscription(
                subscription,
                SubscriptionParameters(
                    publication: publication, transport: transport, mid: "1", ssrc: 9, retransmissionSSRC: nil,
                    formats: Formats.audio, canonicalName: "a")), Self.now)
        #expect(core.takeEvents().isEmpty)
        core.perform(.closeTransport(transport), Self.now)
        let events = core.takeEvents().flatMap(\.events)
        #expect(
            events == [
                .subscriptionClosed(subscription), .publicationClosed(publication), .transportClosed(transport),
            ])
        #expect(Set(core.takeReleasedNames().map { "\($0)" }).count == 3)
        let statistics = core.statistics()
        #expect(statistics.allocatedBytes == 0 && statistics.streams == 0 && statistics.refusedCommands == 0)
    }

    @Test func staleAndDoubleCommandsAreCountedAndHarmless() throws {
        let core = try makeCore()
        let pool = IdentifierPool(workers: 1)
        let transport = pool.transport(on: Self.worker)
        let publication = pool.publication(on: Self.worker)
        let subscription = pool.subscription(on: Self.worker)
        let stale: [Command] = [
            .setRemote(transport, RemoteTransportParameters(ice: Self.credentials, fingerprints: [])),
            .restartICE(transport, local: Self.credentials), .setHeaderExtensions(transport, [:]),
            .openDataChannel(transport, DataChannelParameters(label: "a")), .closeTransport(transport),
            .updatePublication(publication, audio(transport)), .setMuted(publication, true),
            .requestKeyframe(publication), .closePublication(publication), .push(publication, [1, 2, 3]),
            .setPaused(subscription, true), .closeSubscription(subscription),
        ]
        for command in stale { core.perform(command, Self.now) }
        #expect(core.takeEvents().isEmpty)
        #expect(core.statistics().refusedCommands == UInt64(stale.count))
        core.perform(.openTransport(transport, owner: Self.owner, role: .server, local: Self.credentials), Self.now)
        core.perform(.openTransport(transport, owner: Self.owner, role: .server, local: Self.credentials), Self.now)
        #expect(core.takeEvents().isEmpty && core.statistics().refusedCommands == UInt64(stale.count) + 1)
        // No transport of that name: refused at once, and the name is free again.
        core.perform(.openPublication(publication, audio(pool.transport(on: Self.worker))), Self.now)
        #expect(core.takeEvents() == [EventBatch(owner: Self.owner, events: [.publicationClosed(publication)])])
        #expect(core.takeReleasedNames() == [.publication(publication)])
    }

    @Test func aFullWorkerSaysSo() throws {
        var capacity = WorkerCapacity()
        capacity.transports = 2
        let core = try makeCore(capacity)
        let pool = IdentifierPool(workers: 1)
        let transports = (0..<3).map { _ in pool.transport(on: Self.worker) }
        for (number, transport) in transports.enumerated() {
            core.perform(
                .openTransport(transport, owner: Self.owner, role: .server, local: credentials(number)), Self.now)
        }
        #expect(
            core.takeEvents() == [
                EventBatch(
                    owner: Self.owner,
                    events: [.transport(transports[2], .failed(.capacity)), .transportClosed(transports[2])])
            ])
        pool.release(core.takeReleasedNames(), on: Self.worker)
        core.perform(.closeTransport(transports[0]), Self.now)
        _ = core.takeEvents()
        pool.release(core.takeReleasedNames(), on: Self.worker)
        let again = pool.transport(on: Self.worker)
        #expect(again.name.index == transports[0].name.index && again.name.generation == 1)
        core.perform(.openTransport(again, owner: Self.owner, role: .server, local: credentials(7)), Self.now)
        #expect(core.takeEvents().isEmpty)
    }

    @Test func twoTransportsCannotShareAUsernameFragment() throws {
        let core = try makeCore()
        let pool = IdentifierPool(workers: 1)
        let first = pool.transport(on: Self.worker)
        let second = pool.transport(on: Self.worker)
        core.perform(.openTransport(first, owner: Self.owner, role: .server, local: Self.credentials), Self.now)
        core.perform(.openTransport(second, owner: Self.owner, role: .server, local: Self.credentials), Self.now)
        #expect(core.takeEvents().flatMap(\.events).contains(.transportClosed(second)))
        core.perform(.closeTransport(first), Self.now)
        core.perform(.openTransport(second, owner: Self.owner, role: .server, local: Self.credentials), Self.now)
        #expect(core.takeEvents().flatMap(\.events) == [.transportClosed(first)])
    }

    private func names() -> (TransportID, PublicationID, SubscriptionID) {
        let pool = IdentifierPool(workers: 1)
        return (
            pool.transport(on: Self.worker), pool.publication(on: Self.worker), pool.subscription(on: Self.worker)
        )
    }

    private func video(from transport: TransportID, _ codec: Codec) -> PublicationParameters {
        PublicationParameters(
            owner: Self.owner, source: .transport(transport, mid: "0"), kind: .video,
            formats: [PayloadFormat(payloadType: 45, codec: codec, clockRate: 90_000)], encodings: [Encoding(ssrc: 5)])
    }

    /// The publisher's transport subscribes to what it publishes itself.
    private func subscribe(
        _ subscription: SubscriptionID, to publication: PublicationID, _ parameters: PublicationParameters,
        in core: RelayCore
    ) {
        guard case .transport(let transport, _) = parameters.source else { return }
        core.perform(.openTransport(transport, owner: Self.owner, role: .server, local: credentials(1)), Self.now)
        core.perform(.openPublication(publication, parameters), Self.now)
        core.perform(
            .openSubscription(
                subscription,
                SubscriptionParameters(
                    publication: publication, transport: transport, mid: "1", ssrc: 9, retransmissionSSRC: nil,
                    formats: Formats.video, canonicalName: "a")), Self.now)
    }

    @Test func formatsWithoutCounterpartAreReportedAndMayComeLater() throws {
        let core = try makeCore()
        let (transport, publication, subscription) = names()
        var parameters = video(from: transport, .av1)
        subscribe(subscription, to: publication, parameters, in: core)
        #expect(core.takeEvents().flatMap(\.events) == [.subscriptionUnsupported(subscription)])
        #expect(core.packets.statistics(ofForward: subscription.name) == nil)
        parameters.formats = Formats.video
        parameters.encodings = [Encoding(ssrc: 6), Encoding(ssrc: 5)]
        core.perform(.updatePublication(publication, parameters), Self.now)
        #expect(core.takeEvents().isEmpty)
        #expect(core.packets.statistics(ofForward: subscription.name) != nil)
        #expect(core.statistics().streams == 2)
        core.perform(.closeTransport(transport), Self.now)
        #expect(core.statistics().allocatedBytes == 0 && core.statistics().streams == 0)
    }

    @Test func aSubscriptionLivesThroughAChangeOfFormats() throws {
        let core = try makeCore()
        let (transport, publication, subscription) = names()
        var parameters = video(from: transport, .vp8)
        subscribe(subscription, to: publication, parameters, in: core)
        #expect(core.takeEvents().isEmpty)
        let changes: [(UInt8, Codec, [Event])] = [
            (46, .vp8, []), (47, .av1, [.subscriptionUnsupported(subscription)]), (48, .vp8, []),
        ]
        for (payloadType, codec, events) in changes {
            parameters.formats = [PayloadFormat(payloadType: payloadType, codec: codec, clockRate: 90_000)]
            core.perform(.updatePublication(publication, parameters), Self.now)
            #expect(core.takeEvents().flatMap(\.events) == events, "\(payloadType)")
            #expect(core.packets.statistics(ofForward: subscription.name) != nil)
        }
        core.perform(.closeSubscription(subscription), Self.now)
        #expect(core.packets.statistics(ofForward: subscription.name) == nil)
        core.perform(.closeTransport(transport), Self.now)
        #expect(core.statistics().allocatedBytes == 0)
    }

    /// Every command with names that were never given out, generations from the future, and nonsense inside.
    @Test func nonsenseDoesNotTrap() throws {
        let core = try makeCore()
        var random = SeededRandom(seed: 9)
        for _ in 0..<20_000 {
            let name = ObjectName(
                index: UInt32.random(in: 0...40, using: &random), generation: UInt32.random(in: 0...2, using: &random))
            let none = random.happens(0.02) ? ObjectName.none : name
            let transport = TransportID(worker: Self.worker, name: none)
            let publication = PublicationID(worker: Self.worker, name: none)
            let subscription = SubscriptionID(worker: Self.worker, name: none)
            let other = TransportID(
                worker: Self.worker, name: ObjectName(index: UInt32.random(in: 0...9, using: &random), generation: 0))
            let mid =
                random.happens(0.1) ? String(repeating: "m", count: 40) : "\(UInt8.random(in: 0...9, using: &random))"
            var parameters = audio(other, mid: mid, ssrc: UInt32.random(in: 0...9, using: &random))
            parameters.encodings += Array(
                repeating: Encoding(rid: "r", ssrc: 3), count: Int.random(in: 0...5, using: &random))
            parameters.kind = random.happens(0.5) ? .audio : .video
            let commands: [Command] = [
                .openTransport(
                    transport, owner: Self.owner, role: .server,
                    local: credentials(Int.random(in: 0...50, using: &random))),
                .setRemote(transport, RemoteTransportParameters(ice: credentials(1), fingerprints: [])),
                .restartICE(transport, local: credentials(Int.random(in: 0...50, using: &random))),
                .setHeaderExtensions(transport, [.mid: UInt8.random(in: 0...255, using: &random)]),
                .openDataChannel(
                    transport, DataChannelParameters(label: mid, maximumRetransmissions: UInt32.max)),
                .sendData(
                    [transport, other],
                    DataMessage(
                        channel: mid, bytes: [UInt8](repeating: 0, count: random.happens(0.1) ? 70_000 : 3))),
                .dataHandled(transport, recipients: [other]),
                .closeTransport(transport), .openPublication(publication, parameters),
                .updatePublication(publication, parameters), .setMuted(publication, true),
                .requestKeyframe(publication), .closePublication(publication),
                .push(publication, [UInt8](repeating: 0x80, count: Int.random(in: 0...3_000, using: &random))),
                .openSubscription(
                    subscription,
                    SubscriptionParameters(
                        publication: PublicationID(worker: Self.worker, name: other.name), transport: other, mid: mid,
                        ssrc: UInt32.random(in: 0...9, using: &random), retransmissionSSRC: 4,
                        formats: random.happens(0.5) ? Formats.audio : Formats.video, canonicalName: mid)),
                .setPaused(subscription, false), .closeSubscription(subscription),
            ]
            if let command = commands.randomElement(using: &random) { core.perform(command, Self.now) }
        }
        core.closeAll(Self.now)
        core.handlePacketEvents(Self.now)
        core.runTimers(Self.now + .seconds(1))
        let statistics = core.statistics()
        #expect(statistics.allocatedBytes == 0)
        #expect(statistics.streams == 0)
        #expect(statistics.publications == 0)
        #expect(statistics.subscriptions == 0)
        #expect(statistics.data.heldBytes == 0)
        #expect(core.nextDeadline == .never)
    }
}
