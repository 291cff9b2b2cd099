// The façade with real sockets and threads, on loopback: two relays, one of them in the client's role.

import Glibc
import MediaRelay
import ScenarioSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RelaySocketTests {
    private static let owner = OwnerTag(rawValue: 5)

    private func configuration(workers: Int = 1) -> RelayConfiguration {
        var configuration = RelayConfiguration()
        configuration.bindAddress = "127.0.0.1"
        configuration.firstPort = 0
        configuration.workers = workers
        return configuration
    }

    /// The first event that `match` accepts. Everything before it is gone.
    private func first<T: Sendable>(
        _ relay: Relay, _ match: @escaping @Sendable (Event) -> T?
    ) async -> T? {
        for await batches in relay.events {
            for event in batches.flatMap(\.events) {
                if let found = match(event) { return found }
            }
        }
        return nil
    }

    @Test func packetsTravelBetweenTwoRelays() async throws {
        let server = try Relay(configuration())
        let client = try Relay(configuration())
        let worker = server.place()
        let serverSide = ICECredentials(usernameFragment: "serverside", password: "serverserverserverserver")
        let clientSide = ICECredentials(usernameFragment: "clientside", password: "clientclientclientclient")
        let candidate = try #require(server.candidates(of: worker).first)
        #expect(candidate.address == "127.0.0.1" && candidate.port == server.ports[0])
        let target = try #require(SocketAddress(host: candidate.address, port: candidate.port))

        let there = server.identifiers.transport(on: worker)
        let received = server.identifiers.publication(on: worker)
        server.post([
            .openTransport(there, owner: Self.owner, role: .server, local: serverSide),
            .setRemote(there, RemoteTransportParameters(ice: clientSide, fingerprints: [client.fingerprint])),
            .openPublication(
                received,
                PublicationParameters(
                    owner: Self.owner, source: .transport(there, mid: "0"), kind: .audio, formats: Formats.audio,
                    encodings: [Encoding(ssrc: 77)], usesNack: false, isTapped: true)),
        ])
        let here = client.identifiers.transport(on: WorkerIndex(rawValue: 0))
        let sent = client.identifiers.publication(on: WorkerIndex(rawValue: 0))
        client.post([
            .openTransport(here, owner: Self.owner, role: .client(candidates: [target]), local: clientSide),
            .setRemote(here, RemoteTransportParameters(ice: serverSide, fingerprints: [server.fingerprint])),
            .openPublication(
                sent,
                PublicationParameters(
                    owner: Self.owner, source: .local, kind: .audio, formats: Formats.audio, encodings: [Encoding()])),
            .openSubscription(
                client.identifiers.subscription(on: WorkerIndex(rawValue: 0)),
                SubscriptionParameters(
                    publication: sent, transport: here, mid: "0", ssrc: 77, retransmissionSSRC: nil,
                    formats: Formats.audio, canonicalName: "client")),
        ])
        let profile = await first(client) { event -> SRTPProfile? in
            if case .transport(here, .connected(let profile)) = event { profile } else { nil }
        }
        #expect(profile == .aeadAES128GCM)
        let pushing = Task {
            var random = SeededRandom(seed: 1)
            var counter: UInt16 = 0
            var source = SyntheticSource(
                kind: .audio, format: Formats.opus, start: MediaTime(microseconds: 0), random: &random)
            while !Task.isCancelled {
                client.post(source.makeFrame(&counter).map { .push(sent, $0) })
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        let packet = await first(server) { event -> [UInt8]? in
            if case .packet(received, let bytes) = event { bytes } else { nil }
        }
        pushing.cancel()
        #expect(packet.map { $0.count > 60 && $0[1] & 0x7f == 111 } == true)
        let statistics = await server.statistics()
        #expect(statistics.workers.first?.transports == [.connected: 1])
        #expect(statistics.workers.first?.loop.turns ?? 0 > 0)

        // The client says goodbye; the server hears it by DTLS.
        await client.shutdown()
        let goodbye = await first(server) { event -> Bool? in
            if case .transport(there, .closedByPeer) = event { true } else { nil }
        }
        #expect(goodbye == true)
        await server.shutdown()
        let after = await server.statistics()
        #expect(after.workers.first?.transports.isEmpty == true && after.workers.first?.packetsInUse == 0)
    }

    @Test func candidatesOfBothKindsBestFirst() async throws {
        var both = configuration()
        both.announced = ["192.0.2.1", "2001:db8::1"]
        let relay = try Relay(both)
        let candidates = relay.candidates(of: WorkerIndex(rawValue: 0))
        #expect(candidates.map(\.transport) == ["udp", "udp", "tcp", "tcp"])
        #expect(candidates.map(\.address) == ["192.0.2.1", "2001:db8::1", "192.0.2.1", "2001:db8::1"])
        #expect(candidates.allSatisfy { $0.port == relay.ports[0] })
        #expect(zip(candidates, candidates.dropFirst()).allSatisfy { $0.priority > $1.priority })
        #expect(await relay.statistics().workers.first?.loop.tcp.ends.isEmpty == false)
        await relay.shutdown()
        both.acceptsTCP = false
        let plain = try Relay(both)
        #expect(plain.candidates(of: WorkerIndex(rawValue: 0)).map(\.transport) == ["udp", "udp"])
        await plain.shutdown()
    }

    @Test func workersHavePortsOfTheirOwnAndMeetingsSpread() async throws {
        let relay = try Relay(configuration(workers: 3))
        #expect(Set(relay.ports).count == 3)
        #expect(Set((0..<3).map { _ in relay.place() }).count == 3)
        let busy = WorkerIndex(rawValue: 1)
        _ = relay.identifiers.transport(on: busy)
        #expect(!(0..<4).map { _ in relay.place() }.contains(busy))
        await relay.shutdown()
    }

    @Test func aMeetingStaysTogetherUntilItIsLarge() async throws {
        var settings = configuration(workers: 2)
        settings.spreadFrom = 3
        let relay = try Relay(settings)
        let home = relay.place()
        for participants in 0..<3 { #expect(relay.place(near: home, participants: participants) == home) }
        _ = relay.identifiers.transport(on: home)
        #expect(relay.place(near: home, participants: 3) != home)
        await relay.shutdown()
        let small = try Relay(configuration(workers: 1))
        let only = small.place()
        #expect(small.place(near: only, participants: 1_000) == only)
        await small.shutdown()
    }

    /// Two threads: a publication on one, its subscriber's worker on the other.
    @Test func workersMirrorEachOthersPublications() async throws {
        let relay = try Relay(configuration(workers: 2))
        let workers = [WorkerIndex(rawValue: 0), WorkerIndex(rawValue: 1)]
        let publications = workers.map { relay.identifiers.publication(on: $0) }
        let transports = workers.map { relay.identifiers.transport(on: $0) }
        let subscriptions = workers.map { relay.identifiers.subscription(on: $0) }
        var commands: [Command] = []
        for own in 0..<2 {
            let ice = ICECredentials(usernameFragment: "abcdefgh\(own)", password: "abcdefghijklmnopqrstuvwx")
            commands.append(.openTransport(transports[own], owner: Self.owner, role: .server, local: ice))
            commands.append(
                .openPublication(
                    publications[own],
                    PublicationParameters(
                        owner: Self.owner, source: .local, kind: .audio, formats: Formats.audio,
                        encodings: [Encoding()])))
        }
        relay.post(commands)
        relay.post(
            (0..<2).map { own in
                .openSubscription(
                    subscriptions[own],
                    SubscriptionParameters(
                        publication: publications[1 - own], transport: transports[own], mid: "0", ssrc: 7,
                        retransmissionSSRC: nil, formats: Formats.audio, canonicalName: "a"))
            })
        var counter: UInt16 = 0
        var random = SeededRandom(seed: 1)
        var source = SyntheticSource(
            kind: .audio, format: Formats.opus, start: MediaTime(microseconds: 0), random: &random)
        var taken: [UInt64] = []
        for _ in 0..<500 {
            let packets = source.makeFrame(&counter)
            relay.post(publications.flatMap { id in packets.map { .push(id, $0) } })
            try await Task.sleep(for: .milliseconds(5))
            taken = await relay.statistics().workers.map(\.packetsHandedIn)
            if taken.allSatisfy({ $0 >= 20 }) { break }
        }
        #expect(taken.allSatisfy { $0 >= 20 })
        relay.post(transports.map { .closeTransport($0) })
        for _ in 0..<500 {
            if await relay.statistics().workers.allSatisfy({ $0.mirrors == 0 && $0.streams == 1 }) { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(await relay.statistics().workers.allSatisfy { $0.mirrors == 0 && $0.streams == 1 })
        await relay.shutdown()
        #expect(await relay.statistics().workers.allSatisfy { $0.packetsInUse == 0 && $0.allocatedBytes == 0 })
    }

    @Test func namesComeBackAfterClosing() async throws {
        let relay = try Relay(configuration())
        let worker = WorkerIndex(rawValue: 0)
        let transport = relay.identifiers.transport(on: worker)
        relay.post([
            .openTransport(
                transport, owner: Self.owner, role: .server,
                local: ICECredentials(usernameFragment: "abcd", password: "abcdefghijklmnopqrstuvwx")),
            .closeTransport(transport),
        ])
        let closed = await first(relay) { event -> Bool? in event == .transportClosed(transport) ? true : nil }
        #expect(closed == true)
        let next = relay.identifiers.transport(on: worker)
        #expect(next != transport && next.name.index == transport.name.index)
        await relay.shutdown()
    }

    @Test func runEndsWithItsTask() async throws {
        let relay = try Relay(configuration())
        let running = Task { await relay.run() }
        try await Task.sleep(for: .milliseconds(20))
        running.cancel()
        await running.value
        for await _ in relay.events {}
    }

    @Test func whatIsWrongIsSaidInOneLine() throws {
        let relay = try Relay(configuration())
        var taken = configuration()
        taken.firstPort = relay.ports[0]
        #expect(throws: RelayError.portInUse(relay.ports[0])) { try Relay(taken) }
        let listener = try #require(TCPListener())
        taken.firstPort = listener.port
        #expect(throws: RelayError.tcpPortInUse(listener.port)) { try Relay(taken) }
        taken.acceptsTCP = false
        #expect(try Relay(taken).ports == [listener.port])
        var foreign = configuration()
        foreign.bindAddress = "192.0.2.1"
        #expect(throws: RelayError.addressNotAvailable("192.0.2.1")) { try Relay(foreign) }
        var name = configuration()
        name.bindAddress = "localhost"
        #expect(throws: RelayError.invalidAddress("localhost")) { try Relay(name) }
        var wildcard = configuration()
        wildcard.bindAddress = "0.0.0.0"
        #expect(throws: RelayError.noAddressToAnnounce) { try Relay(wildcard) }
        var many = configuration()
        many.firstPort = 65_535
        many.workers = 2
        #expect(throws: RelayError.portRange(first: 65_535, workers: 2)) { try Relay(many) }
        many.workers = 0
        #expect(throws: RelayError.invalidWorkerCount(0)) { try Relay(many) }
        #expect(!RelayError.portInUse(7_882).description.contains("\n"))
    }
}

/// Another program that holds a TCP port of 127.0.0.1.
private final class TCPListener {
    let port: UInt16
    private let descriptor: Int32

    init?() {
        let opened = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = opened
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(opened, name, length) == 0 && listen(opened, 1) == 0 && getsockname(opened, name, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        if !isOpen { return nil }
    }

    deinit { close(descriptor) }
}
