// What this server says about one of its transports in every description it writes for it.

public struct LocalTransportDescription: Sendable, Equatable {
    /// The `o=` line's session identifier: random, and below 2^62 (RFC 9429, 5.2.1: clients read a signed number).
    public var sessionID: UInt64
    public var ice: ICECredentials
    public var fingerprint: Fingerprint
    /// Host candidates of the worker that owns the transport.
    public var candidates: [ICECandidate]

    public init(sessionID: UInt64, ice: ICECredentials, fingerprint: Fingerprint, candidates: [ICECandidate]) {
        self.sessionID = sessionID
        self.ice = ice
        self.fingerprint = fingerprint
        self.candidates = candidates
    }

    /// RFC 8841, 5: the port every WebRTC end uses.
    static let sctpPort: UInt16 = 5000
    /// Bytes of one data channel message this server takes; more would let one client hold that much memory per channel.
    static let maxMessageSize: UInt64 = 65_536

    func origin(version: UInt64) -> SessionDescription.Origin {
        SessionDescription.Origin(sessionID: sessionID & (1 << 62 - 1), version: version)
    }

    func attributes(setup: Setup) -> TransportAttributes {
        TransportAttributes(ice: ice, fingerprints: [fingerprint], setup: setup)
    }
}

extension TransportAttributes {
    /// Hash functions a certificate may be recognised by; anything weaker is as good as none (RFC 8122, 5).
    private static let acceptedHashes: Set<String> = ["sha-256", "sha-384", "sha-512"]

    /// What the worker needs to know of the other end.
    func remoteParameters() throws(SDPError) -> RemoteTransportParameters {
        guard let ice else { throw SDPError(.missing("ice-ufrag")) }
        let fingerprints = fingerprints.filter { Self.acceptedHashes.contains($0.algorithm) }
        guard !fingerprints.isEmpty else { throw SDPError(.missing("fingerprint")) }
        return RemoteTransportParameters(ice: ice, fingerprints: fingerprints)
    }
}
