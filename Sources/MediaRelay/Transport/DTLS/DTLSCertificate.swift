// The certificate that our end of every DTLS association shows: made at start, kept in memory, never written down.

internal import CCrypto

struct DTLSCertificateError: Error, CustomStringConvertible {
    var description: String {
        "OpenSSL could not make a P-256 certificate: no memory, no random bytes, or the system's policy forbids it"
    }
}

/// Owns one `cc_certificate`.
///
/// `@unchecked Sendable`: the pointer is set once and what it points to is never changed after creation; the two SSL_CTX
/// inside may be used by many threads to make SSL objects (OpenSSL counts their references atomically), and each
/// `DTLSEndpoint` keeps this object alive, so `deinit` runs when no thread uses it.
final class DTLSCertificate: @unchecked Sendable {
    let pointer: OpaquePointer
    /// SHA-256, for `a=fingerprint`.
    let fingerprint: Fingerprint

    init() throws(DTLSCertificateError) {
        guard let pointer = cc_certificate_create() else { throw DTLSCertificateError() }
        self.pointer = pointer
        fingerprint = Fingerprint(
            algorithm: "sha-256",
            bytes: [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
                cc_certificate_fingerprint(pointer, buffer.baseAddress)
                count = 32
            })
    }

    deinit { cc_certificate_destroy(pointer) }
}
