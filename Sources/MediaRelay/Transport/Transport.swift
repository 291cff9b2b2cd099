// The life of one client connection: ICE finds the address, DTLS proves the person behind it, yields the SRTP keys and
// carries data channels. Time and datagrams in, actions out; the worker carries them out. Media never comes through here.

/// What the worker must do for a transport, in this order.
enum TransportAction {
    case send([UInt8], to: SocketAddress)
    /// To the selected address.
    case sendOnSelected([UInt8])
    case addAddress(SocketAddress)
    case selectAddress(SocketAddress)
    /// Send nothing and accept nothing until a check succeeds.
    case clearAddresses
    /// The keys are at `takeKeys`, so that the one copy of them can be wiped.
    case installKeys
    /// STUN for this name is not ours any more.
    case retireUsernameFragment(String)
    case report(TransportState)
}

struct Transport {
    private enum Agent {
        case lite(ICELiteAgent)
        /// A client that does not know its server's password yet.
        case waiting
        case client(ICEClientAgent)
    }

    private(set) var stage = TransportStage.new
    private(set) var profile: SRTPProfile?
    var data: TransportData
    private var local: ICECredentials
    /// The server's, when this is a client.
    private let candidates: [SocketAddress]
    private let certificate: DTLSCertificate
    private let dtlsRole: DTLSEndpoint.Role
    private var agent: Agent
    private var remote: RemoteTransportParameters?
    private var dtls: DTLSEndpoint?
    private var early: [[UInt8]] = []
    private var iceDeadline = MediaTime.never
    private var dtlsDeadline = MediaTime.never

    init(role: TransportRole, local: ICECredentials, certificate: DTLSCertificate) {
        self.local = local
        self.certificate = certificate
        switch role {
        case .server:
            dtlsRole = .server
            agent = .lite(ICELiteAgent(local: local))
            candidates = []
        case .client(let candidates):
            dtlsRole = .client
            agent = .waiting
            self.candidates = candidates
        case .checkedClient:
            dtlsRole = .client
            agent = .lite(ICELiteAgent(local: local))
            candidates = []
        }
        data = TransportData(isDTLSClient: dtlsRole == .client)
    }

    /// When `handleTimeout` wants to be called.
    var nextDeadline: MediaTime {
        guard stage != .ended else { return .never }
        let ice: MediaTime =
            switch agent {
            case .lite(let agent): agent.nextDeadline
            case .waiting: .never
            case .client(let agent): agent.nextDeadline
            }
        // Without consent nothing can be sent, and silence says nothing about the client's data channels.
        let data = stage == .connected ? data.nextDeadline : .never
        return min(min(ice, dtls?.nextDeadline ?? .never), min(iceDeadline, dtlsDeadline), data)
    }

    /// When the client last agreed to be sent to; nil before its first check, and in the client's role.
    var lastCheck: MediaTime? {
        guard case .lite(let agent) = agent else { return nil }
        return agent.lastCheck
    }

    /// STUN requests that name one of these are for this transport.
    var localUsernameFragments: [String] {
        guard case .lite(let agent) = agent else { return [local.usernameFragment] }
        return agent.localUsernameFragments
    }

    /// STUN responses carry no name.
    func isAwaiting(_ transaction: STUNTransactionID) -> Bool {
        guard case .client(let agent) = agent else { return false }
        return agent.isAwaiting(transaction)
    }

    // MARK: Input

    /// The fingerprints of the first call count: a new certificate would be a new person.
    mutating func setRemote(
        _ parameters: RemoteTransportParameters, _ now: MediaTime, random: inout some RandomNumberGenerator
    ) -> [TransportAction] {
        guard stage != .ended, parameters.ice != remote?.ice else { return [] }
        let isFirst = remote == nil
        remote = RemoteTransportParameters(
            ice: parameters.ice, fingerprints: remote?.fingerprints ?? parameters.fingerprints)
        setRemote(parameters.ice, random: &random)
        guard isFirst else { return [] }
        if stage == .new { iceDeadline = now + Limits.iceTimeout }
        guard
            let dtls = DTLSEndpoint(
                role: dtlsRole, certificate: certificate, peerFingerprints: parameters.fingerprints)
        else { return end(.failed(.capacity)) }
        self.dtls = dtls
        var actions: [TransportAction] = []
        for datagram in early { actions += receive(handshake: datagram, now) }
        early = []
        return actions
    }

    /// New credentials of ours. Nil: it is over. A client then waits for its server's new ones.
    mutating func restartICE(local: ICECredentials, _ now: MediaTime) -> [TransportAction]? {
        guard stage != .ended else { return nil }
        let old = self.local
        self.local = local
        guard case .lite(var lite) = agent else {
            agent = .waiting
            return [.retireUsernameFragment(old.usernameFragment)]
        }
        let actions = lite.restart(local: local)
        agent = .lite(lite)
        return follow(actions, now)
    }

    mutating func receive(
        _ message: STUNMessage, from address: SocketAddress, _ now: MediaTime,
        random: inout some RandomNumberGenerator
    ) -> [TransportAction] {
        guard stage != .ended else { return [] }
        switch agent {
        case .lite(var lite):
            let actions = lite.receive(message, from: address, now: now)
            agent = .lite(lite)
            return follow(actions, now)
        case .waiting:
            return []
        case .client(var client):
            let actions = client.receive(message, from: address, now: now, using: &random)
            agent = .client(client)
            return follow(actions, now)
        }
    }

    /// A DTLS datagram from an address that ICE proved.
    mutating func receive(handshake datagram: [UInt8], _ now: MediaTime) -> [TransportAction] {
        guard stage != .ended else { return [] }
        guard let dtls else {
            if early.count < Limits.earlyHandshakeDatagrams { early.append(datagram) }
            return []
        }
        dtls.receive(datagram, now: now)
        return followDTLS()
    }

    mutating func handleTimeout(_ now: MediaTime, random: inout some RandomNumberGenerator) -> [TransportAction] {
        guard stage != .ended else { return [] }
        if now >= iceDeadline { return end(.failed(.iceTimeout)) }
        if now >= dtlsDeadline { return end(.failed(.dtlsTimeout)) }
        var actions: [TransportAction] = []
        switch agent {
        case .lite(var lite):
            let due = lite.nextDeadline <= now
            let iceActions = due ? lite.handleTimeout(now: now) : []
            agent = .lite(lite)
            actions = follow(iceActions, now)
        case .waiting:
            break
        case .client(var client):
            let due = client.nextDeadline <= now
            let iceActions = due ? client.handleTimeout(now: now, using: &random) : []
            agent = .client(client)
            actions = follow(iceActions, now)
        }
        if let dtls, dtls.nextDeadline <= now {
            dtls.handleTimeout(now: now)
            actions += followDTLS()
        }
        if stage == .connected, data.nextDeadline <= now { data.handleTimeout(now) }
        return actions
    }

    /// Hands what DTLS has decrypted to the data channels. To be called after each of the above; what is not taken would
    /// pile up.
    mutating func receiveData(
        _ now: MediaTime, _ statistics: inout DataStatistics, random: inout some RandomNumberGenerator
    ) {
        guard let dtls, stage == .connected || stage == .disconnected else { return }
        data.connect(now, &statistics, random: &random)
        for packet in dtls.takeApplicationData() { data.receive(packet, now, random: &random) }
    }

    /// Encrypts what the data channels have to send. To be called after each use of `data`.
    mutating func sendData(_ now: MediaTime) -> [TransportAction] {
        guard let dtls, stage == .connected else { return [] }
        // A packet that cannot be encrypted is lost, as on a network.
        for packet in data.takeOutgoing() { _ = dtls.send(packet, now: now) }
        return dtls.takeOutgoing().map(TransportAction.sendOnSelected)
    }

    /// Once, when `installKeys` asks for it. The caller wipes them.
    func takeKeys() -> SRTPKeys? { dtls?.takeKeys() }

    /// The worker could not do its part.
    mutating func fail(_ failure: TransportFailure) -> [TransportAction] { end(.failed(failure)) }

    /// Says goodbye to the other side.
    mutating func close(_ now: MediaTime) -> [TransportAction] {
        guard stage != .ended, let dtls else { return [] }
        dtls.close(now: now)
        stage = .ended
        data.end()
        return dtls.takeOutgoing().map(TransportAction.sendOnSelected)
    }

    // MARK: Steps

    private mutating func setRemote(_ credentials: ICECredentials, random: inout some RandomNumberGenerator) {
        switch agent {
        case .lite(var lite):
            lite.setRemote(credentials)
            agent = .lite(lite)
        case .waiting:
            agent = .client(
                ICEClientAgent(
                    local: local, remote: credentials, candidates: candidates, tieBreaker: random.next()))
        case .client:
            // Clients of tests and load tests are told their server once, and again after their own restart.
            break
        }
    }

    private mutating func follow(_ actions: [ICEAction], _ now: MediaTime) -> [TransportAction] {
        var result: [TransportAction] = []
        for action in actions {
            switch action {
            case .send(let bytes, let address): result.append(.send(bytes, to: address))
            case .validated(let address): result.append(.addAddress(address))
            case .selected(let address):
                result.append(.selectAddress(address))
                result += reached(now)
            case .disconnected:
                result.append(.clearAddresses)
                guard stage == .connected else { continue }
                stage = .disconnected
                result.append(.report(.disconnected))
            case .retired(let fragment): result.append(.retireUsernameFragment(fragment))
            }
        }
        return result
    }

    /// A valid check: the first lets DTLS begin, one after silence brings the connection back.
    private mutating func reached(_ now: MediaTime) -> [TransportAction] {
        iceDeadline = .never
        switch stage {
        case .new:
            stage = .connecting
            dtlsDeadline = now + Limits.dtlsTimeout
            var actions = [TransportAction.report(.iceConnected)]
            if dtlsRole == .client, let dtls {
                dtls.start(now: now)
                actions += followDTLS()
            }
            return actions
        case .disconnected:
            guard let profile else { return [] }
            stage = .connected
            return [.report(.connected(profile))]
        case .connecting, .connected, .ended:
            return []
        }
    }

    /// After every call into the DTLS endpoint.
    private mutating func followDTLS() -> [TransportAction] {
        guard let dtls else { return [] }
        var actions = dtls.takeOutgoing().map(TransportAction.sendOnSelected)
        switch dtls.state {
        case .handshaking: break
        case .connected(let profile):
            guard self.profile == nil else { break }
            self.profile = profile
            dtlsDeadline = .never
            stage = .connected
            actions += [.installKeys, .report(.connected(profile))]
        case .closed: actions += end(.closedByPeer)
        case .failed(let failure): actions += end(.failed(failure))
        }
        return actions
    }

    private mutating func end(_ state: TransportState) -> [TransportAction] {
        guard stage != .ended else { return [] }
        stage = .ended
        early = []
        data.end()
        return [.clearAddresses, .report(state)]
    }
}
