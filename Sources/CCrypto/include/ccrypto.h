// ccrypto.h: what Hutong needs of OpenSSL 3, as plain C functions that Swift can import: hashes, random bytes, a DTLS
// certificate, and a DTLS endpoint without a socket. OpenSSL's own headers stay inside this target.
//
// Rules of the surface
//  - Everything is bytes and `now` in, bytes out: no socket, no wall clock (clock.c says how), no global state but
//    OpenSSL's own.
//  - A cc_certificate may be used by any number of threads at once; a cc_dtls belongs to one thread at a time.
//  - OpenSSL's error queue is emptied before each call into libssl and never outlives the call: what went wrong comes
//    back as an enum.

#ifndef CCRYPTO_H
#define CCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ------------------------------------------------------------------------------------------------ digests, random

#define CC_SHA1_BYTES 20
#define CC_MAX_DIGEST_BYTES 64

// HMAC-SHA1 for STUN's MESSAGE-INTEGRITY (RFC 8489, 14.5). False only when OpenSSL is out of memory.
bool cc_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *bytes, size_t length,
                  uint8_t out[CC_SHA1_BYTES]);

typedef enum cc_digest { CC_SHA256 = 0, CC_SHA384, CC_SHA512 } cc_digest;

bool cc_sha256(const uint8_t *bytes, size_t length, uint8_t out[32]);

// Bytes from the system's generator. False: none are to be had, and nothing secret may be made of `out`.
bool cc_random(uint8_t *out, size_t length);

// Takes the same time whatever the bytes are.
bool cc_equal(const uint8_t *a, const uint8_t *b, size_t length);

// Overwrites in a way the compiler does not remove.
void cc_wipe(void *bytes, size_t length);

// ---------------------------------------------------------------------------------------------------- certificate

// An ECDSA P-256 key, its self-signed certificate, and the two SSL_CTX (server, client) that present it. Immutable
// after creation.
typedef struct cc_certificate cc_certificate;

// NULL when OpenSSL refuses: out of memory, no random bytes, or a system policy that forbids our ciphers.
cc_certificate *cc_certificate_create(void);
void cc_certificate_destroy(cc_certificate *certificate);
// SHA-256 of the DER form (RFC 8122).
void cc_certificate_fingerprint(const cc_certificate *certificate, uint8_t out[32]);

// ------------------------------------------------------------------------------------------------------------ DTLS

typedef struct cc_dtls cc_dtls;

typedef struct cc_dtls_config {
    bool is_server;
    uint16_t mtu;                  // no datagram that comes out is longer
    uint32_t first_timeout_us;     // of a flight; doubled for each retransmission
    uint32_t longest_timeout_us;   // where doubling ends
    uint32_t max_handshake_bytes;  // of one handshake message of the other side
    uint32_t max_queued;           // datagrams waiting to be taken; what comes beyond is dropped, as a network would
} cc_dtls_config;

typedef enum cc_dtls_status {
    CC_DTLS_HANDSHAKING = 0,
    CC_DTLS_CONNECTED,
    CC_DTLS_CLOSED,        // close_notify or an alert, from an authenticated peer
    CC_DTLS_FAILED,        // the handshake cannot succeed any more
    CC_DTLS_TIMED_OUT,     // libssl gave up retransmitting
} cc_dtls_status;

// DTLS 1.2 only, certificate demanded and its holder proved, but not judged: the caller compares the fingerprint before
// it uses any key. The certificate must outlive the endpoint. NULL: out of memory.
cc_dtls *cc_dtls_create(const cc_certificate *certificate, const cc_dtls_config *config);
// Wipes and frees everything, says nothing to the peer.
void cc_dtls_destroy(cc_dtls *dtls);

// Client: makes the first flight. Server: nothing.
cc_dtls_status cc_dtls_start(cc_dtls *dtls, uint64_t now_us);
// One datagram as it came. Application data in it waits for cc_dtls_read, which must be called until it answers 0
// before the next datagram is handed in.
cc_dtls_status cc_dtls_receive(cc_dtls *dtls, uint64_t now_us, const uint8_t *datagram, size_t length);
// Sends the last flight again if its timer has run out.
cc_dtls_status cc_dtls_handle_timeout(cc_dtls *dtls, uint64_t now_us);
// Microseconds until cc_dtls_handle_timeout wants to be called, UINT64_MAX when it does not.
uint64_t cc_dtls_timeout(cc_dtls *dtls, uint64_t now_us);

// One record of application data, 0 when there is none left. Longer records are cut at `capacity`.
size_t cc_dtls_read(cc_dtls *dtls, uint64_t now_us, uint8_t *out, size_t capacity, cc_dtls_status *status);
// False: not connected, or longer than fits one datagram.
bool cc_dtls_write(cc_dtls *dtls, uint64_t now_us, const uint8_t *bytes, size_t length);
// Queues close_notify.
void cc_dtls_close(cc_dtls *dtls, uint64_t now_us);

// The next datagram to send, 0 when there is none. `capacity` must be at least the MTU.
size_t cc_dtls_take(cc_dtls *dtls, uint8_t *out, size_t capacity);

// The hash of the peer's certificate; the length written, 0 when it has shown none.
size_t cc_dtls_peer_digest(const cc_dtls *dtls, cc_digest digest, uint8_t out[CC_MAX_DIGEST_BYTES]);
// The registered number of the negotiated protection profile (RFC 5764, 4.1.2), 0 when there is none.
uint16_t cc_dtls_srtp_profile(const cc_dtls *dtls);
// RFC 5764, 4.2: client key, server key, client salt, server salt. False unless connected.
bool cc_dtls_export_srtp(cc_dtls *dtls, uint8_t *out, size_t length);
// Why it failed, in OpenSSL's words: a static string without secrets, or NULL.
const char *cc_dtls_error(const cc_dtls *dtls);

#ifdef __cplusplus
}
#endif

#endif
