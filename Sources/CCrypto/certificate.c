// The DTLS identity of this process and the rules of every handshake made with it.
//
// WebRTC has no certificate authority: who the other side is was said in the SDP by its certificate's hash (RFC 8827,
// 6.5). So any certificate is taken here, its holder must prove the key, and the caller compares the hash.

#include "certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/srtp.h>
#include <openssl/x509.h>
#include <stdlib.h>

// RFC 8827, 6.5 makes the first the one to have; both give forward secrecy and authenticated encryption. AES-128 comes
// first since nothing else in a meeting is stronger and it is the cheapest. Only GCM: DTLSRecordFilter knows its overhead.
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
static const char groups[] = "X25519:P-256:P-384";
// As server this order wins: AEAD costs a fraction of AES-CM with HMAC (limits.md), which stays for those without it.
static const char srtp_profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

// Clocks of clients are wrong by days; nobody checks the dates, but a certificate must carry some.
static const long valid_from_seconds = -7L * 86400;
static const long valid_until_seconds = 365L * 86400;

// Instead of chain building: X.509 parsing of strangers' chains is attack surface without use here.
static int accept_any_certificate(X509_STORE_CTX *store, void *unused) {
    (void)unused;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static SSL_CTX *make_context(const SSL_METHOD *method, X509 *certificate, EVP_PKEY *key) {
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL) return NULL;
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, NULL);
    SSL_CTX_set_read_ahead(context, 1);  // a datagram is read whole or lost
    if (SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
        SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context, ciphers) == 1 && SSL_CTX_set1_groups_list(context, groups) == 1 &&
        SSL_CTX_set_tlsext_use_srtp(context, srtp_profiles) == 0 /* this one answers 0 for success */ &&
        SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

static X509 *make_self_signed(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    if (certificate == NULL) return NULL;
    // A random serial number, positive as RFC 5280 4.1.2.2 asks. The name says nothing: it is seen by every client.
    uint8_t serial[8];
    bool made = RAND_bytes(serial, sizeof serial) == 1;
    serial[0] &= 0x7f;
    BIGNUM *number = made ? BN_bin2bn(serial, sizeof serial, NULL) : NULL;
    X509_NAME *name = X509_get_subject_name(certificate);
    made = number != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), valid_from_seconds) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), valid_until_seconds) != NULL &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"WebRTC", -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
    BN_free(number);
    if (made) return certificate;
    X509_free(certificate);
    return NULL;
}

cc_certificate *cc_certificate_create(void) {
    ERR_clear_error();
    cc_certificate *made = calloc(1, sizeof *made);
    EVP_PKEY *key = made != NULL ? EVP_EC_gen("P-256") : NULL;
    X509 *certificate = key != NULL ? make_self_signed(key) : NULL;
    unsigned int length = 0;
    if (certificate != NULL && X509_digest(certificate, EVP_sha256(), made->fingerprint, &length) == 1) {
        made->server = make_context(DTLS_server_method(), certificate, key);
        made->client = make_context(DTLS_client_method(), certificate, key);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (made != NULL && (made->server == NULL || made->client == NULL)) {
        cc_certificate_destroy(made);
        made = NULL;
    }
    ERR_clear_error();
    return made;
}

void cc_certificate_destroy(cc_certificate *certificate) {
    if (certificate == NULL) return;
    SSL_CTX_free(certificate->server);
    SSL_CTX_free(certificate->client);
    free(certificate);
}

void cc_certificate_fingerprint(const cc_certificate *certificate, uint8_t out[32]) {
    for (size_t i = 0; i < sizeof certificate->fingerprint; i++) out[i] = certificate->fingerprint[i];
}
