// A meeting in virtual time: a server of one core or more, any number of clients, and the part of signaling that tells
// each side what the other needs to know. A test of two people is a few lines:
//
//     let scenario = Scenario(seed: 1)
//     let alice = scenario.join("alice"), bob = scenario.join("bob")
//     let camera = scenario.publish(.video, from: alice)
//     let picture = scenario.subscribe(bob, to: camera)
//     scenario.run(for: .seconds(5))
//     #expect(picture.decoded > 100)

public import MediaRelay

public final class VirtualServer: CoreHost {
    /// All but messages of data channels and health, which is no news.
    public private(set) var events: [Event] = []
    /// The newest of each.
    public private(set) var health: [TransportID: TransportHealth] = [:]
    /// Who gets a message of a transport. Nil: nobody says, as when a meeting hangs, and messages wait in `unrouted`.
    public var recipients: ((TransportID) -> [TransportID])?
    public private(set) var unrouted: [(from: TransportID, message: DataMessage)] = []

    public override func handle(_ event: Event, _ now: MediaTime) {
        switch event {
        case .data(let transport, let message): unrouted.append((transport, message))
        case .transportHealth(let reports): for report in reports { health[report.transport] = report }
        default: events.append(event)
        }
    }

    public func forgetEvents() { events = [] }

    public override var nextDeadline: MediaTime {
        unrouted.isEmpty || recipients == nil ? super.nextDeadline : MediaTime(microseconds: 0)
    }

    public override func run(_ now: MediaTime) {
        super.run(now)
        guard let recipients else { return }
        let routed = unrouted
        unrouted = []
        for (transport, message) in routed {
            let others = recipients(transport)
            post(.sendData(others, message), now)
            post(.dataHandled(transport, recipients: others), now)
        }
    }
}

/// One publication as the server knows it, with the client's local publications behind it: one per encoding.
public struct VirtualTrack {
    public let kind: MediaKind
    public let publisher: VirtualClient
    public let publication: PublicationID
    /// Lowest quality first.
    public let encodings: [PublicationID]
    let mid: String
}

public struct VirtualSubscription {
    public let subscription: SubscriptionID
    public let receiver: VirtualReceiver
}

public final class Scenario: CustomStringConvertible {
    public let seed: UInt64
    public let network: VirtualNetwork
    public let server: VirtualServer
    /// All workers of the server, the first of them `server`.
    public let servers: [VirtualServer]
    public private(set) var clients: [VirtualClient] = []
    /// What server and clients agree on. `SyntheticSource` says why the clients call 3 by another name.
    public var serverExtensions: [HeaderExtension: UInt8] = [.mid: 1, .audioLevel: 2, .transportSequence: 3]
    public var clientExtensions: [HeaderExtension: UInt8] = [.mid: 1, .audioLevel: 2, .colorSpace: 3]

    private var random: SeededRandom
    private var sections = 0
    private var joined = 0

    public init(seed: UInt64, capacity: WorkerCapacity = WorkerCapacity(), workers: Int = 1) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        network = VirtualNetwork(seed: random.next())
        let server = VirtualServer(
            address: Self.address("203.0.113.1", 7_882), seed: random.next(), capacity: capacity, workers: workers)
        var servers = [server]
        for number in 1..<max(workers, 1) {
            servers.append(
                VirtualServer(
                    address: Self.address("203.0.113.1", 7_882 + UInt16(number)), seed: random.next(),
                    capacity: capacity, beside: server))
        }
        self.server = server
        self.servers = servers
        for server in servers { network.add(server) }
    }

    /// For the comment of an expectation: enough to run it again.
    public var description: String { "seed \(seed)" }

    public var now: MediaTime { network.now }

    public static func address(_ host: String, _ port: UInt16) -> SocketAddress {
        guard let address = SocketAddress(host: host, port: port) else { preconditionFailure("no address: \(host)") }
        return address
    }

    // MARK: People

    /// A client whose connection is being made; `run` brings it about.
    ///
    /// - Parameter holdsAnswer: the server learns nothing of the client before `deliverAnswer`, as when checks and
    ///   handshake overtake the answer on its way through signaling.
    public func join(
        _ name: String, on worker: Int = 0, holdsAnswer: Bool = false, configure: (VirtualClient) -> Void = { _ in }
    ) -> VirtualClient {
        joined += 1
        let number = joined
        let client = VirtualClient(
            name: name, address: Self.address("198.51.\(100 + number / 200).\(1 + number % 200)", 40_000),
            seed: random.next())
        let server = servers[worker]
        client.server = server
        configure(client)
        clients.append(client)
        network.add(client)
        let transport = server.identifiers.transport(on: server.index)
        client.serverTransport = transport
        let serverSide = credentials()
        let clientSide = credentials()
        server.perform(.openTransport(transport, owner: Self.owner, role: .server, local: serverSide), now)
        server.perform(.setHeaderExtensions(transport, serverExtensions), now)
        client.answer = RemoteTransportParameters(
            ice: clientSide, fingerprints: [client.claimedFingerprint ?? client.core.fingerprint])
        if !holdsAnswer { deliverAnswer(of: client) }
        client.perform(
            .openTransport(
                client.transport, owner: .client, role: .client(candidates: [server.address]), local: clientSide), now)
        client.perform(.setHeaderExtensions(client.transport, clientExtensions), now)
        client.perform(
            .setRemote(
                client.transport,
                RemoteTransportParameters(ice: serverSide, fingerprints: [server.core.fingerprint])), now)
        return client
    }

    public func deliverAnswer(of client: VirtualClient) {
        guard let transport = client.serverTransport, let answer = client.answer else { return }
        server.post(.setRemote(transport, answer), now)
    }

    /// The client says goodbye by signaling.
    public func leave(_ client: VirtualClient) {
        if let transport = client.serverTransport { server.post(.closeTransport(transport), now) }
        client.perform(.closeTransport(client.transport), now)
        network.remove(client)
        clients.removeAll { $0 === client }
    }

    /// The client is gone without a word.
    public func vanish(_ client: VirtualClient) {
        network.remove(client)
        clients.removeAll { $0 === client }
    }

    /// Both sides get new ICE credentials, as after an offer with new ones and its answer.
    public func restartICE(of client: VirtualClient) {
        guard let transport = client.serverTransport else { return }
        let (serverSide, clientSide) = (credentials(), credentials())
        server.post(.restartICE(transport, local: serverSide), now)
        server.post(
            .setRemote(
                transport, RemoteTransportParameters(ice: clientSide, fingerprints: [client.core.fingerprint])), now)
        client.perform(.restartICE(client.transport, local: clientSide), now)
        client.perform(
            .setRemote(
                client.transport,
                RemoteTransportParameters(ice: serverSide, fingerprints: [server.core.fingerprint])), now)
    }

    // MARK: Data

    /// Every message goes to everybody but its sender.
    public func shareData() {
        for server in servers {
            server.recipients = { [unowned self] sender in
                clients.compactMap(\.serverTransport).filter { $0 != sender }
            }
        }
    }

    /// The client opens a channel.
    public func openChannel(_ label: String, of client: VirtualClient, isLossy: Bool = false) {
        client.perform(
            .openDataChannel(
                client.transport,
                DataChannelParameters(
                    label: label, isOrdered: !isLossy, maximumRetransmissions: isLossy ? 0 : nil)), now)
    }

    public func send(_ bytes: [UInt8], on label: String, from client: VirtualClient) {
        client.perform(.sendData([client.transport], DataMessage(channel: label, bytes: bytes)), now)
    }

    // MARK: Media

    public func publish(
        _ kind: MediaKind, from client: VirtualClient, encodings count: Int = 1, retransmits: Bool = true
    ) -> VirtualTrack {
        let mid = nextSection()
        let streams = (0..<count).map { _ in
            Encoding(ssrc: ssrc(), retransmissionSSRC: kind == .video && retransmits ? ssrc() : nil)
        }
        let publication = server.identifiers.publication(on: client.server?.index ?? CoreHost.worker)
        if let transport = client.serverTransport {
            server.post(
                .openPublication(
                    publication,
                    PublicationParameters(
                        owner: Self.owner, source: .transport(transport, mid: mid), kind: kind,
                        formats: kind == .audio ? client.audioFormats : client.videoFormats, encodings: streams,
                        usesNack: kind == .video)), now)
        }
        let local = streams.map { encoding in
            client.send(
                kind, mid: mid, ssrc: encoding.ssrc ?? 0, retransmissionSSRC: encoding.retransmissionSSRC, now)
        }
        return VirtualTrack(
            kind: kind, publisher: client, publication: publication, encodings: local, mid: mid)
    }

    /// The client sends the same track anew, under other SSRCs, as after a renegotiation.
    public func republish(_ track: VirtualTrack) -> VirtualTrack {
        let client = track.publisher
        guard let transport = client.serverTransport else { return track }
        for encoding in track.encodings { client.stopSending(encoding) }
        let formats = track.kind == .audio ? client.audioFormats : client.videoFormats
        let encoding = Encoding(ssrc: ssrc(), retransmissionSSRC: track.kind == .video ? ssrc() : nil)
        server.post(
            .updatePublication(
                track.publication,
                PublicationParameters(
                    owner: Self.owner, source: .transport(transport, mid: track.mid), kind: track.kind,
                    formats: formats, encodings: [encoding], usesNack: track.kind == .video)), now)
        let local = client.send(
            track.kind, mid: track.mid, ssrc: encoding.ssrc ?? 0, retransmissionSSRC: encoding.retransmissionSSRC, now)
        return VirtualTrack(
            kind: track.kind, publisher: client, publication: track.publication, encodings: [local], mid: track.mid)
    }

    public func subscribe(_ client: VirtualClient, to track: VirtualTrack) -> VirtualReceiver {
        subscription(of: client, to: track).receiver
    }

    public func subscription(of client: VirtualClient, to track: VirtualTrack) -> VirtualSubscription {
        let mid = nextSection()
        let media = ssrc()
        let retransmission = track.kind == .video ? ssrc() : nil
        let subscription = server.identifiers.subscription(on: client.server?.index ?? CoreHost.worker)
        let receiver = client.expect(track.kind, mid: mid, ssrc: media, retransmissionSSRC: retransmission, now)
        if let transport = client.serverTransport {
            server.post(
                .openSubscription(
                    subscription,
                    SubscriptionParameters(
                        publication: track.publication, transport: transport, mid: mid, ssrc: media,
                        retransmissionSSRC: retransmission,
                        formats: track.kind == .audio ? client.audioFormats : client.videoFormats,
                        canonicalName: track.publisher.name)), now)
        }
        return VirtualSubscription(subscription: subscription, receiver: receiver)
    }

    // MARK: Time

    public func run(for span: MediaSpan) { network.run(for: span) }

    public func run(within limit: MediaSpan, until condition: () -> Bool) -> Bool {
        network.run(until: condition, within: limit)
    }

    /// Runs until everybody is connected. False after 30 virtual seconds.
    public func connect() -> Bool {
        run(within: .seconds(30)) { clients.allSatisfy(\.isConnected) }
    }

    // MARK: Names

    public static let owner = OwnerTag(rawValue: 7)

    private func nextSection() -> String {
        sections += 1
        return String(sections)
    }

    private func ssrc() -> UInt32 { UInt32.random(in: 1...UInt32.max, using: &random) }

    private func credentials() -> ICECredentials {
        ICECredentials(usernameFragment: text(8), password: text(24))
    }

    private func text(_ count: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/")
        return String((0..<count).compactMap { _ in letters.randomElement(using: &random) })
    }
}
