// A DTLS 1.2 endpoint without a socket: datagrams in, datagrams out, time as a parameter.

#include "ccrypto.h"

#include "certificate.h"
#include "clock.h"
#include "datagram_bio.h"

#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/time.h>

struct cc_dtls {
    SSL *ssl;
    cc_datagram_queue queue;
    cc_dtls_status status;
    uint32_t first_timeout_us, longest_timeout_us;
    const char *error;
};

// Every call into libssl for `dtls` stands between these two, so that neither the wall clock nor an error left by
// somebody else on this thread can reach it.
static void enter(uint64_t now_us) {
    ERR_clear_error();
    cc_clock_enter(now_us);
}

static void leave(void) {
    cc_clock_leave();
    ERR_clear_error();
}

// libssl asks with 0 for the length of a flight's first timer, then with the last answer.
static unsigned int next_timer(SSL *ssl, unsigned int last_us) {
    const cc_dtls *dtls = SSL_get_app_data(ssl);
    if (last_us == 0) return dtls->first_timeout_us;
    return last_us < dtls->longest_timeout_us / 2 ? last_us * 2 : dtls->longest_timeout_us;
}

static void remember_error(cc_dtls *dtls) {
    unsigned long code = ERR_peek_last_error();
    if (dtls->error == NULL && code != 0) dtls->error = ERR_reason_error_string(code);
}

// Turns what libssl answered (not more than 0) into the status it means.
static void judge(cc_dtls *dtls, int answer) {
    switch (SSL_get_error(dtls->ssl, answer)) {
        case SSL_ERROR_NONE:
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return;
        case SSL_ERROR_ZERO_RETURN:
            dtls->status = dtls->status == CC_DTLS_CONNECTED ? CC_DTLS_CLOSED : CC_DTLS_FAILED;
            return;
        default:
            remember_error(dtls);
            if (dtls->status == CC_DTLS_CONNECTED)
                dtls->status = CC_DTLS_CLOSED;
            else if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_READ_TIMEOUT_EXPIRED)
                dtls->status = CC_DTLS_TIMED_OUT;
            else
                dtls->status = CC_DTLS_FAILED;
    }
}

static void shake_hands(cc_dtls *dtls) {
    int answer = SSL_do_handshake(dtls->ssl);
    if (answer == 1)
        dtls->status = CC_DTLS_CONNECTED;
    else
        judge(dtls, answer);
}

cc_dtls *cc_dtls_create(const cc_certificate *certificate, const cc_dtls_config *config) {
    cc_dtls *dtls = calloc(1, sizeof *dtls);
    if (dtls == NULL) return NULL;
    dtls->first_timeout_us = config->first_timeout_us;
    dtls->longest_timeout_us = config->longest_timeout_us;
    dtls->queue.mtu = config->mtu;
    dtls->queue.max_queued = config->max_queued;
    ERR_clear_error();
    dtls->ssl = SSL_new(config->is_server ? certificate->server : certificate->client);
    BIO *bio = dtls->ssl != NULL ? cc_datagram_bio_create(&dtls->queue) : NULL;
    if (bio == NULL) {
        cc_dtls_destroy(dtls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_bio(dtls->ssl, bio, bio);  // the SSL owns it now, counted once since both are the same
    SSL_set_app_data(dtls->ssl, dtls);
    SSL_set_mtu(dtls->ssl, config->mtu);
    SSL_set_max_send_fragment(dtls->ssl, config->mtu);  // else a write buffer of 16 KiB is kept for each endpoint
    SSL_set_max_cert_list(dtls->ssl, config->max_handshake_bytes);
    DTLS_set_timer_cb(dtls->ssl, next_timer);
    if (config->is_server)
        SSL_set_accept_state(dtls->ssl);
    else
        SSL_set_connect_state(dtls->ssl);
    return dtls;
}

void cc_dtls_destroy(cc_dtls *dtls) {
    if (dtls == NULL) return;
    SSL_free(dtls->ssl);
    cc_datagram_queue_clear(&dtls->queue);
    free(dtls);
}

cc_dtls_status cc_dtls_start(cc_dtls *dtls, uint64_t now_us) {
    if (dtls->status != CC_DTLS_HANDSHAKING || SSL_is_server(dtls->ssl)) return dtls->status;
    enter(now_us);
    shake_hands(dtls);
    leave();
    return dtls->status;
}

cc_dtls_status cc_dtls_receive(cc_dtls *dtls, uint64_t now_us, const uint8_t *datagram, size_t length) {
    if (length == 0 || dtls->status > CC_DTLS_CONNECTED) return dtls->status;
    enter(now_us);
    dtls->queue.incoming = datagram;
    dtls->queue.incoming_length = length;
    if (dtls->status == CC_DTLS_HANDSHAKING) {
        shake_hands(dtls);
    } else {
        // A peek makes libssl take in the datagram and keep what it holds; cc_dtls_read then gives it away.
        uint8_t byte;
        int answer = SSL_peek(dtls->ssl, &byte, 1);
        if (answer <= 0) judge(dtls, answer);
    }
    dtls->queue.incoming = NULL;  // borrowed until here; libssl has its own copy of what it still wants
    leave();
    return dtls->status;
}

cc_dtls_status cc_dtls_handle_timeout(cc_dtls *dtls, uint64_t now_us) {
    if (dtls->status > CC_DTLS_CONNECTED) return dtls->status;
    enter(now_us);
    if (DTLSv1_handle_timeout(dtls->ssl) < 0) judge(dtls, -1);
    leave();
    return dtls->status;
}

uint64_t cc_dtls_timeout(cc_dtls *dtls, uint64_t now_us) {
    if (dtls->status > CC_DTLS_CONNECTED) return UINT64_MAX;
    struct timeval left;
    enter(now_us);
    bool runs = DTLSv1_get_timeout(dtls->ssl, &left) == 1;
    leave();
    return runs ? (uint64_t)left.tv_sec * 1000000u + (uint64_t)left.tv_usec : UINT64_MAX;
}

size_t cc_dtls_read(cc_dtls *dtls, uint64_t now_us, uint8_t *out, size_t capacity, cc_dtls_status *status) {
    size_t length = 0;
    if (dtls->status == CC_DTLS_CONNECTED) {
        enter(now_us);
        int answer = SSL_read_ex(dtls->ssl, out, capacity, &length);
        if (answer <= 0) {
            length = 0;
            judge(dtls, answer);
        }
        leave();
    }
    *status = dtls->status;
    return length;
}

bool cc_dtls_write(cc_dtls *dtls, uint64_t now_us, const uint8_t *bytes, size_t length) {
    if (dtls->status != CC_DTLS_CONNECTED || length == 0) return false;
    size_t written = 0;
    enter(now_us);
    bool sent = length <= DTLS_get_data_mtu(dtls->ssl) && SSL_write_ex(dtls->ssl, bytes, length, &written) == 1;
    leave();
    return sent;
}

void cc_dtls_close(cc_dtls *dtls, uint64_t now_us) {
    if (dtls->status == CC_DTLS_CONNECTED) {
        enter(now_us);
        SSL_shutdown(dtls->ssl);
        leave();
    }
    if (dtls->status <= CC_DTLS_CONNECTED) dtls->status = CC_DTLS_CLOSED;
}

size_t cc_dtls_take(cc_dtls *dtls, uint8_t *out, size_t capacity) {
    return cc_datagram_queue_take(&dtls->queue, out, capacity);
}

size_t cc_dtls_peer_digest(const cc_dtls *dtls, cc_digest digest, uint8_t out[CC_MAX_DIGEST_BYTES]) {
    const EVP_MD *method = digest == CC_SHA512 ? EVP_sha512() : digest == CC_SHA384 ? EVP_sha384() : EVP_sha256();
    X509 *certificate = SSL_get0_peer_certificate(dtls->ssl);
    unsigned int length = 0;
    if (certificate == NULL || X509_digest(certificate, method, out, &length) != 1) return 0;
    return length;
}

uint16_t cc_dtls_srtp_profile(const cc_dtls *dtls) {
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    return profile != NULL && profile->id <= UINT16_MAX ? (uint16_t)profile->id : 0;
}

bool cc_dtls_export_srtp(cc_dtls *dtls, uint8_t *out, size_t length) {
    static const char label[] = "EXTRACTOR-dtls_srtp";
    if (dtls->status != CC_DTLS_CONNECTED) return false;
    ERR_clear_error();
    bool made = SSL_export_keying_material(dtls->ssl, out, length, label, sizeof label - 1, NULL, 0, 0) == 1;
    ERR_clear_error();
    return made;
}

const char *cc_dtls_error(const cc_dtls *dtls) { return dtls->error; }
