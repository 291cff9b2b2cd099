import Testing

@testable import MediaRelay

/// The endpoint against OpenSSL's own command, which can leave out what our client never does (S-04).
@Suite(.enabled(if: OpenSSLClient.isInstalled), .serialized) struct DTLSInteroperationTests {
    private let client: OpenSSLClient
    private let certificate: DTLSCertificate

    init() throws {
        client = try OpenSSLClient()
        certificate = try DTLSCertificate()
    }

    private func server(trusting fingerprints: [Fingerprint]) throws -> DTLSEndpoint {
        try #require(DTLSEndpoint(role: .server, certificate: certificate, peerFingerprints: fingerprints))
    }

    @Test(arguments: [
        (
            "sha-256", SRTPProfile.aeadAES128GCM,
            "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", 56
        ),
        ("sha-384", .aeadAES256GCM, "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", 88),
        ("sha-512", .aes128CMSHA1, "SRTP_AES128_CM_SHA1_80", 60),
    ])
    func agreesOnKeys(_ algorithm: String, _ profile: SRTPProfile, _ offered: String, _ length: Int) throws {
        let server = try server(trusting: [try client.fingerprint(algorithm)])
        let printed = try client.connect(
            to: server,
            options: [
                "-use_srtp", offered, "-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "\(length)",
            ])
        #expect(server.state == .connected(profile), "\(server.failureDetail ?? "")")
        let keys = try #require(server.takeKeys())
        let line = try #require(printed.split(separator: "\n").first { $0.contains("Keying material: ") })
        let material = [UInt8](hex: String(line.drop { $0 != ":" }))
        let theirs = try #require(SRTPKeys(profile: profile, exported: material, isServer: false))
        #expect(theirs.local == keys.remote && theirs.remote == keys.local)
    }

    @Test func refusesAClientWithoutCertificate() throws {
        let server = try server(trusting: [try client.fingerprint("sha-256")])
        _ = try client.connect(to: server, showsCertificate: false, options: ["-use_srtp", "SRTP_AEAD_AES_128_GCM"])
        #expect(server.state == .failed(.dtlsHandshake))
        #expect(server.failureDetail == "peer did not return a certificate")
        #expect(server.takeKeys() == nil)
    }

    @Test(arguments: [[], ["-use_srtp", "SRTP_AES128_CM_SHA1_32"]])
    func refusesAClientWithoutCommonProfile(_ options: [String]) throws {
        let server = try server(trusting: [try client.fingerprint("sha-256")])
        _ = try client.connect(to: server, options: options)
        #expect(server.state == .failed(.noProtectionProfile))
        #expect(server.takeKeys() == nil)
    }

    @Test(arguments: [["-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], ["-cipher", "ECDHE-ECDSA-AES128-SHA"]])
    func refusesOtherCiphers(_ options: [String]) throws {
        let server = try server(trusting: [try client.fingerprint("sha-256")])
        _ = try client.connect(to: server, options: options + ["-use_srtp", "SRTP_AEAD_AES_128_GCM"])
        #expect(server.state == .failed(.dtlsHandshake))
        #expect(server.failureDetail == "no shared cipher")
    }

    @Test(arguments: ["256", "400", "1000"]) func fragmentsForSmallPaths(_ mtu: String) throws {
        let server = try server(trusting: [try client.fingerprint("sha-256")])
        _ = try client.connect(to: server, options: ["-mtu", mtu, "-use_srtp", "SRTP_AEAD_AES_128_GCM"])
        #expect(server.state == .connected(.aeadAES128GCM), "\(server.failureDetail ?? "")")
    }
}
