// The client's end of one connection for programs that play participants: ICE checks, DTLS handshake, keys. It is
// `Transport` in the client's role for a caller that has a socket of its own, connected to one address of the server,
// and packets of its own; data channels are not used.

package struct ClientConnection {
    package enum Action {
        case send([UInt8])
        /// SRTP may begin. Both are a master key followed by its salt; the caller wipes nothing, they are a test's.
        case connected(SRTPProfile, sendKey: [UInt8], receiveKey: [UInt8])
        /// For good: why, in one word.
        case ended(String)
    }

    package enum Role {
        /// Checks a lite server, such as this one.
        case checking
        /// Is checked by a full ICE agent. One that meant to be controlled changes its mind (RFC 8445, 7.3.1.1).
        case checked
    }

    /// What all participants of one program show; making one costs as much as a handshake.
    package struct Identity: Sendable {
        fileprivate let certificate: DTLSCertificate
        package var fingerprint: Fingerprint { certificate.fingerprint }

        package init() throws { certificate = try DTLSCertificate() }
    }

    private let server: SocketAddress
    private var transport: Transport
    private var random = SystemRandomNumberGenerator()

    package init(
        identity: Identity, role: Role, local: ICECredentials, server: SocketAddress,
        remote: RemoteTransportParameters, now: MediaTime
    ) {
        self.server = server
        transport = Transport(
            role: role == .checking ? .client(candidates: [server]) : .checkedClient, local: local,
            certificate: identity.certificate)
        // Neither role has anything to send now: a client that checks has its first time-out at once.
        _ = transport.setRemote(remote, now, random: &random)
    }

    /// When `handleTimeout` wants to be called.
    package var nextDeadline: MediaTime { transport.nextDeadline }

    /// A datagram from the server that is STUN or DTLS (RFC 7983, 7).
    package mutating func receive(_ datagram: [UInt8], now: MediaTime) -> [Action] {
        guard let first = datagram.first else { return [] }
        if first < Self.firstHandshakeByte {
            guard let message = try? STUNMessage(parsing: datagram) else { return [] }
            return follow(transport.receive(message, from: server, now, random: &random))
        }
        return follow(transport.receive(handshake: datagram, now))
    }

    package mutating func handleTimeout(now: MediaTime) -> [Action] {
        follow(transport.handleTimeout(now, random: &random))
    }

    /// Says goodbye.
    package mutating func close(now: MediaTime) -> [Action] { follow(transport.close(now)) }

    /// Below it is STUN, from it on DTLS.
    private static let firstHandshakeByte: UInt8 = 20

    private func follow(_ actions: [TransportAction]) -> [Action] {
        actions.compactMap { action in
            switch action {
            case .send(let bytes, _), .sendOnSelected(let bytes): return .send(bytes)
            case .installKeys:
                guard let keys = transport.takeKeys() else { return .ended(TransportFailure.dtlsHandshake.rawValue) }
                return .connected(keys.profile, sendKey: keys.local, receiveKey: keys.remote)
            case .report(.failed(let failure)): return .ended(failure.rawValue)
            case .report(.closedByPeer): return .ended("closed by the server")
            case .addAddress, .selectAddress, .clearAddresses, .retireUsernameFragment, .report: return nil
            }
        }
    }
}
