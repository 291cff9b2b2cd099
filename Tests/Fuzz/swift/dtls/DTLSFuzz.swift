// libFuzzer target: any datagrams for a DTLS endpoint, before, during and after its handshake. The first byte chooses the
// endpoint; then each datagram has two bytes of length before it, of which the highest bit lets the timer run out first.
// Compiled together with the files listed in `sources`.

private func makeCertificate() -> DTLSCertificate {
    guard let certificate = try? DTLSCertificate() else { preconditionFailure("no certificate") }
    return certificate
}

private let certificate = makeCertificate()

private func makeEndpoint(_ role: DTLSEndpoint.Role) -> DTLSEndpoint {
    let endpoint = DTLSEndpoint(role: role, certificate: certificate, peerFingerprints: [certificate.fingerprint])
    guard let endpoint else { preconditionFailure("no memory") }
    return endpoint
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDTLS(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var reader = ByteReader(Array(UnsafeBufferPointer(start: bytes, count: count)))
    let choice = reader.readUInt8()
    var now = MediaTime(microseconds: 1_000_000)
    let (client, server) = (makeEndpoint(.client), makeEndpoint(.server))
    // How many flights have come through: 0 to 4, the last being a whole handshake.
    let flights = Int(choice >> 1) % 5
    if flights > 0 || choice & 1 == 1 { client.start(now: now) }
    for flight in 0..<flights {
        let (from, to) = flight % 2 == 0 ? (client, server) : (server, client)
        for datagram in from.takeOutgoing() { to.receive(datagram, now: now) }
    }
    let endpoint = choice & 1 == 0 ? server : client
    let wasConnected = isConnected(endpoint)
    precondition(wasConnected == (flights == 4 || flights == 3 && endpoint === server))
    while reader.remaining >= 2 {
        let length = reader.readUInt16()
        if length & 0x8000 != 0, endpoint.nextDeadline != .never {
            now = max(now, endpoint.nextDeadline)
            endpoint.handleTimeout(now: now)
        }
        endpoint.receive(reader.readBytes(min(Int(length & 0x7fff), reader.remaining)), now: now)
        for datagram in endpoint.takeOutgoing() { precondition(datagram.count <= Limits.DTLS.datagramBytes) }
    }
    precondition(isConnected(endpoint) == wasConnected, "nobody but the peer can change that")
    precondition(endpoint.takeApplicationData().isEmpty)
    precondition((endpoint.takeKeys() != nil) == wasConnected)
    return 0
}

private func isConnected(_ endpoint: DTLSEndpoint) -> Bool {
    if case .connected = endpoint.state { return true }
    return false
}
