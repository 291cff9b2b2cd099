import ScenarioSupport

@testable import MediaRelay

/// A DTLS client and server with a virtual clock and a network between them that loses, repeats and reorders.
struct DTLSPair {
    let client: DTLSEndpoint
    let server: DTLSEndpoint
    var now = MediaTime.seconds(100)
    var lossPercent = 0
    var duplicationPercent = 0
    /// Datagrams arrive this much later, at random up to the value.
    var jitter = MediaSpan.zero
    /// Sees each datagram before it is sent and says what is sent instead.
    var rewrite: (_ toServer: Bool, _ datagram: [UInt8]) -> [[UInt8]] = { [$1] }
    /// Every datagram that was sent, in order.
    private(set) var sent: [(toServer: Bool, datagram: [UInt8])] = []

    private var inFlight: [(arrival: MediaTime, toServer: Bool, datagram: [UInt8])] = []
    private var generator: SeededRandom

    static let certificates = (client: try? DTLSCertificate(), server: try? DTLSCertificate())

    init?(seed: UInt64, clientTrusts: [Fingerprint]? = nil, serverTrusts: [Fingerprint]? = nil) {
        guard let clientCertificate = Self.certificates.client, let serverCertificate = Self.certificates.server,
            let client = DTLSEndpoint(
                role: .client, certificate: clientCertificate,
                peerFingerprints: clientTrusts ?? [serverCertificate.fingerprint]),
            let server = DTLSEndpoint(
                role: .server, certificate: serverCertificate,
                peerFingerprints: serverTrusts ?? [clientCertificate.fingerprint])
        else { return nil }
        self.client = client
        self.server = server
        generator = SeededRandom(seed: seed)
    }

    mutating func start() {
        client.start(now: now)
        server.start(now: now)
        collect()
    }

    /// Puts what the endpoints want to send on the way.
    mutating func collect() {
        for (endpoint, toServer) in [(client, true), (server, false)] {
            for original in endpoint.takeOutgoing() {
                for datagram in rewrite(toServer, original) { send(datagram, toServer: toServer) }
            }
        }
    }

    private mutating func send(_ datagram: [UInt8], toServer: Bool) {
        sent.append((toServer, datagram))
        let copies = Int.random(in: 0..<100, using: &generator) < duplicationPercent ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<100, using: &generator) >= lossPercent {
            let delay = MediaSpan.microseconds(UInt64.random(in: 0...jitter.microseconds, using: &generator))
            inFlight.append((now + .milliseconds(1) + delay, toServer, datagram))
        }
    }

    /// Runs both ends and the network until `end`, or until nothing is left to happen before it.
    mutating func run(until end: MediaTime) {
        while true {
            let arrival = inFlight.map(\.arrival).min() ?? .never
            let next = min(arrival, client.nextDeadline, server.nextDeadline)
            guard next <= end else { break }
            now = max(now, next)
            if arrival <= now, let index = inFlight.firstIndex(where: { $0.arrival == arrival }) {
                let item = inFlight.remove(at: index)
                (item.toServer ? server : client).receive(item.datagram, now: now)
            }
            client.handleTimeout(now: now)
            server.handleTimeout(now: now)
            collect()
        }
        now = end
    }

    mutating func run(for span: MediaSpan) { run(until: now + span) }

    var isConnected: Bool { client.isConnected && server.isConnected }
}

extension DTLSEndpoint {
    var isConnected: Bool {
        if case .connected = state { return true }
        return false
    }
}
