// One end of one DTLS 1.2 association (RFC 6347, 5764): datagrams and `now` in, datagrams and a deadline out. libssl
// does the protocol behind CCrypto; here is decided what reaches it, who the peer is, and when keys may leave. Which
// addresses may speak to it at all is ICE's business (S-01), how long a handshake may take the worker's.

internal import CCrypto

/// Owns one `cc_dtls`. Not Sendable: it belongs to its worker's thread.
final class DTLSEndpoint {
    enum Role: Sendable {
        /// Waits for a ClientHello (`a=setup:passive`).
        case server
        case client
    }

    enum State: Equatable, Sendable {
        case handshaking
        /// The peer's certificate matches its fingerprint and the keys can be taken.
        case connected(SRTPProfile)
        /// Said goodbye, or was told so by the authenticated peer.
        case closed
        case failed(TransportFailure)
    }

    let role: Role
    private(set) var state = State.handshaking
    /// When `handleTimeout` wants to be called.
    private(set) var nextDeadline = MediaTime.never
    /// Why it failed, in OpenSSL's words, for a log line. There is no secret in it.
    private(set) var failureDetail: String?

    private let certificate: DTLSCertificate
    private let peerFingerprints: [Fingerprint]
    private var pointer: OpaquePointer
    private var filter = DTLSRecordFilter()
    private var dropsOfEarlierFilters: UInt64 = 0
    /// Server: when the first piece of a ClientHello came that is not complete yet.
    private var partialHelloSince: MediaTime?
    /// A datagram came out: on a server, the ClientHello was whole.
    private var hasAnswered = false
    private var outgoing: [[UInt8]] = []
    private var applicationData: [[UInt8]] = []
    private var keys: SRTPKeys?

    /// Nil when there is no memory for it. The peer's certificate must match one of `peerFingerprints`, of which only
    /// sha-256, sha-384 and sha-512 are looked at (RFC 8122, 5; weaker ones prove nothing).
    init?(role: Role, certificate: DTLSCertificate, peerFingerprints: [Fingerprint]) {
        guard let pointer = Self.makePointer(role, certificate) else { return nil }
        self.role = role
        self.certificate = certificate
        self.peerFingerprints = Array(peerFingerprints.prefix(Limits.DTLS.fingerprints))
        self.pointer = pointer
    }

    deinit {
        keys?.wipe()
        cc_dtls_destroy(pointer)
    }

    private static func makePointer(_ role: Role, _ certificate: DTLSCertificate) -> OpaquePointer? {
        var configuration = cc_dtls_config(
            is_server: role == .server,
            mtu: UInt16(Limits.DTLS.datagramBytes),
            first_timeout_us: UInt32(Limits.DTLS.firstTimeout.microseconds),
            longest_timeout_us: UInt32(Limits.DTLS.longestTimeout.microseconds),
            max_handshake_bytes: UInt32(Limits.DTLS.handshakeBytes),
            max_queued: UInt32(Limits.DTLS.queuedDatagrams))
        return cc_dtls_create(certificate.pointer, &configuration)
    }

    /// Records that were not let through to libssl.
    var droppedRecords: UInt64 { dropsOfEarlierFilters &+ filter.dropped }

    // MARK: Input

    /// Client: makes the first flight. Server: nothing to do yet.
    func start(now: MediaTime) {
        guard state == .handshaking, role == .client else { return }
        follow(cc_dtls_start(pointer, now.microseconds), now: now)
    }

    func receive(_ datagram: [UInt8], now: MediaTime) {
        guard state.isAlive else { return }
        let admitted = filter.admit(datagram, isConnected: state != .handshaking)
        guard !admitted.isEmpty else { return }
        if role == .server, !hasAnswered, partialHelloSince == nil { partialHelloSince = now }
        follow(cc_dtls_receive(pointer, now.microseconds, admitted, admitted.count), now: now)
    }

    /// Repeats the last flight, or forgets a ClientHello that never became whole, if it is time.
    func handleTimeout(now: MediaTime) {
        guard state.isAlive, nextDeadline <= now else { return }
        if let since = partialHelloSince, since + Limits.DTLS.clientHello <= now {
            forgetPartialHello()
            return
        }
        follow(cc_dtls_handle_timeout(pointer, now.microseconds), now: now)
    }

    /// False: not connected, or longer than fits one datagram.
    func send(_ message: [UInt8], now: MediaTime) -> Bool {
        guard case .connected = state, cc_dtls_write(pointer, now.microseconds, message, message.count) else {
            return false
        }
        collectOutgoing()
        return true
    }

    /// Says goodbye: `takeOutgoing` has the close_notify. Nothing is accepted afterwards.
    func close(now: MediaTime) {
        guard state.isAlive else { return }
        end(.closed, now: now)
    }

    // MARK: Output

    /// Datagrams to send, in order. Must be called after every call that takes `now`.
    func takeOutgoing() -> [[UInt8]] {
        defer { outgoing = [] }
        return outgoing
    }

    /// Messages received since the last call; for SCTP.
    func takeApplicationData() -> [[UInt8]] {
        defer { applicationData = [] }
        return applicationData
    }

    /// The SRTP keys, once, after `connected`. Wipe them when they are handed on.
    func takeKeys() -> SRTPKeys? {
        defer { keys = nil }
        return keys
    }

    // MARK: Inside

    private func forgetPartialHello() {
        guard let fresh = Self.makePointer(role, certificate) else {
            fail(.capacity)
            return
        }
        cc_dtls_destroy(pointer)
        pointer = fresh
        partialHelloSince = nil
        dropsOfEarlierFilters &+= filter.dropped
        filter = DTLSRecordFilter()
        nextDeadline = .never
    }

    /// Takes over what a call into libssl has led to.
    private func follow(_ status: cc_dtls_status, now: MediaTime) {
        var status = status
        if state == .handshaking {
            switch status {
            case CC_DTLS_CONNECTED: establish(now: now)
            case CC_DTLS_HANDSHAKING: break
            case CC_DTLS_TIMED_OUT: fail(.dtlsTimeout)
            default: fail(.dtlsHandshake)
            }
        }
        if case .connected = state, status == CC_DTLS_CONNECTED { status = readApplicationData(now: now) }
        if case .connected = state, status != CC_DTLS_CONNECTED { end(.closed, now: nil) }
        collectOutgoing()
        armTimer(now: now)
    }

    private func armTimer(now: MediaTime) {
        guard state.isAlive else {
            nextDeadline = .never
            return
        }
        let left = cc_dtls_timeout(pointer, now.microseconds)
        nextDeadline = left == .max ? .never : now + .microseconds(left)
        if let partialHelloSince { nextDeadline = min(nextDeadline, partialHelloSince + Limits.DTLS.clientHello) }
    }

    private func collectOutgoing() {
        while true {
            let datagram = [UInt8](unsafeUninitializedCapacity: Limits.DTLS.datagramBytes) { buffer, count in
                count = cc_dtls_take(pointer, buffer.baseAddress, buffer.count)
            }
            if datagram.isEmpty { return }
            hasAnswered = true
            partialHelloSince = nil
            outgoing.append(datagram)
        }
    }

    private func readApplicationData(now: MediaTime) -> cc_dtls_status {
        var status = CC_DTLS_CONNECTED
        while true {
            let message = [UInt8](unsafeUninitializedCapacity: Limits.DTLS.receivedBytes) { buffer, count in
                count = cc_dtls_read(pointer, now.microseconds, buffer.baseAddress, buffer.count, &status)
            }
            if message.isEmpty { return status }
            if applicationData.count < Limits.DTLS.queuedMessages { applicationData.append(message) }
        }
    }

    /// libssl is content: the peer holds the key of the certificate it showed. Now it is judged whose that is, and only
    /// then do keys come into being.
    private func establish(now: MediaTime) {
        guard matchesFingerprint else {
            end(.failed(.fingerprintMismatch), now: now)
            return
        }
        guard let profile = SRTPProfile(registeredNumber: cc_dtls_srtp_profile(pointer)) else {
            end(.failed(.noProtectionProfile), now: now)
            return
        }
        var exported = [UInt8](repeating: 0, count: profile.exportedBytes)
        defer { exported.wipe() }
        guard cc_dtls_export_srtp(pointer, &exported, exported.count),
            let keys = SRTPKeys(profile: profile, exported: exported, isServer: role == .server)
        else {
            end(.failed(.dtlsHandshake), now: now)
            return
        }
        self.keys = keys
        state = .connected(profile)
    }

    private var matchesFingerprint: Bool {
        peerFingerprints.contains { fingerprint in
            let digest: cc_digest
            switch fingerprint.algorithm {
            case "sha-256": digest = CC_SHA256
            case "sha-384": digest = CC_SHA384
            case "sha-512": digest = CC_SHA512
            default: return false
            }
            let actual = [UInt8](unsafeUninitializedCapacity: Int(CC_MAX_DIGEST_BYTES)) { buffer, count in
                count = cc_dtls_peer_digest(pointer, digest, buffer.baseAddress)
            }
            return !actual.isEmpty && actual == fingerprint.bytes
        }
    }

    private func fail(_ failure: TransportFailure) {
        failureDetail = cc_dtls_error(pointer).map { String(cString: $0) }
        end(.failed(failure), now: nil)
    }

    /// With `now` the peer is told.
    private func end(_ final: State, now: MediaTime?) {
        if let now { cc_dtls_close(pointer, now.microseconds) }
        state = final
        nextDeadline = .never
        keys?.wipe()
        keys = nil
        collectOutgoing()
    }
}

extension DTLSEndpoint.State {
    /// Input can still change something.
    fileprivate var isAlive: Bool {
        switch self {
        case .handshaking, .connected: true
        case .closed, .failed: false
        }
    }
}
