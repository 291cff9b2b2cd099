// srtp_lib.c: the libsrtp2 back end of srtp.h: for the AES-CM profile, which few clients still need, and for the tests,
// where it judges srtp_aead.c in all three. Debian's build sits on NSS: a packet costs 20 to 70 times as much, and more
// with every context of the process (limits.md, A), so transports on it are counted.

#include "bytes.h"
#include "limits.h"
#include "srtp.h"

#include <srtp2/srtp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RTP_LEAST_BYTES 12u
#define RTCP_LEAST_BYTES 8u
#define SRTCP_INDEX_BYTES 4u
#define LONGEST_KEY_BYTES 44u

typedef struct srtp_lib {
    cr_srtp base;
    srtp_t session;
    size_t tag_bytes;
} srtp_lib;

// srtp_init once for the process, whichever worker comes first; the others wait for it.
static bool initialize_library(void) {
    enum { UNTOUCHED, BUSY, READY, BROKEN };
    static atomic_int state = UNTOUCHED;
    int expected = UNTOUCHED;
    if (atomic_compare_exchange_strong(&state, &expected, BUSY)) {
        atomic_store(&state, srtp_init() == srtp_err_status_ok ? READY : BROKEN);
    }
    int now;
    while ((now = atomic_load(&state)) == BUSY) continue;
    return now == READY;
}

static cr_srtp_status status_of(srtp_err_status_t status) {
    switch (status) {
    case srtp_err_status_ok: return CR_SRTP_OK;
    case srtp_err_status_auth_fail: return CR_SRTP_AUTHENTICATION;
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old: return CR_SRTP_REPLAY;
    case srtp_err_status_parse_err:
    case srtp_err_status_bad_param: return CR_SRTP_MALFORMED;
    // GCM reports a wrong tag as a failing cipher on some of libsrtp's crypto libraries.
    case srtp_err_status_cipher_fail: return CR_SRTP_AUTHENTICATION;
    default: return CR_SRTP_FAILED;
    }
}

static srtp_lib *lib_of(cr_srtp *srtp) {
    return (srtp_lib *)(void *)srtp;
}

static void lib_close(cr_srtp *srtp) {
    srtp_lib *lib = lib_of(srtp);
    srtp_dealloc(lib->session);  // zeroes the keys it holds
    free(lib);
}

static void lib_forget(cr_srtp *srtp, uint32_t ssrc) {
    uint8_t bytes[sizeof ssrc];
    cr_writer writer = cr_writer_make(bytes, sizeof bytes);
    cr_write_u32(&writer, ssrc);
    memcpy(&ssrc, bytes, sizeof ssrc);  // it looks for the SSRC as it stands in the packet
    srtp_remove_stream(lib_of(srtp)->session, ssrc);  // fails for an unknown SSRC: nothing to forget then
}

static cr_srtp_status lib_protect_rtp(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                      size_t *out_length) {
    srtp_lib *lib = lib_of(srtp);
    cr_writer writer = cr_writer_make(out, capacity);
    cr_write_bytes(&writer, parts->header, parts->header_length);
    cr_write_bytes(&writer, parts->prefix, parts->prefix_length);
    cr_write_bytes(&writer, parts->payload, parts->payload_length);
    for (uint8_t left = parts->padding_length; left > 0; left--) {
        cr_write_u8(&writer, left > 1 ? 0 : parts->padding_length);
    }
    if (cr_writer_room(&writer) < lib->tag_bytes || writer.length > CR_PACKET_BYTES) return CR_SRTP_FAILED;
    int length = (int)writer.length;
    cr_srtp_status status = status_of(srtp_protect(lib->session, out, &length));
    *out_length = status == CR_SRTP_OK ? (size_t)length : 0;
    return status;
}

static cr_srtp_status lib_unprotect_rtp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    srtp_lib *lib = lib_of(srtp);
    if (*length < RTP_LEAST_BYTES + lib->tag_bytes || *length > CR_PACKET_BYTES) return CR_SRTP_MALFORMED;
    int plain_length = (int)*length;
    cr_srtp_status status = status_of(srtp_unprotect(lib->session, packet, &plain_length));
    if (status == CR_SRTP_OK) *length = (size_t)plain_length;
    return status;
}

static cr_srtp_status lib_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                       size_t capacity, size_t *out_length) {
    srtp_lib *lib = lib_of(srtp);
    cr_writer writer = cr_writer_make(out, capacity);
    cr_write_bytes(&writer, plain, plain_length);
    if (plain_length < RTCP_LEAST_BYTES || writer.length > CR_PACKET_BYTES ||
        cr_writer_room(&writer) < lib->tag_bytes + SRTCP_INDEX_BYTES) {
        return CR_SRTP_FAILED;
    }
    int length = (int)plain_length;
    cr_srtp_status status = status_of(srtp_protect_rtcp(lib->session, out, &length));
    *out_length = status == CR_SRTP_OK ? (size_t)length : 0;
    return status;
}

static cr_srtp_status lib_unprotect_rtcp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    srtp_lib *lib = lib_of(srtp);
    if (*length < RTCP_LEAST_BYTES + lib->tag_bytes + SRTCP_INDEX_BYTES || *length > CR_PACKET_BYTES) {
        return CR_SRTP_MALFORMED;
    }
    int plain_length = (int)*length;
    cr_srtp_status status = status_of(srtp_unprotect_rtcp(lib->session, packet, &plain_length));
    if (status == CR_SRTP_OK) *length = (size_t)plain_length;
    return status;
}

static const cr_srtp_backend lib_backend = {
    .close = lib_close,
    .forget = lib_forget,
    .protect_rtp = lib_protect_rtp,
    .unprotect_rtp = lib_unprotect_rtp,
    .protect_rtcp = lib_protect_rtcp,
    .unprotect_rtcp = lib_unprotect_rtcp,
};

static size_t set_policy(cr_srtp_profile profile, srtp_policy_t *policy) {
    switch (profile) {
    case CR_SRTP_AES128_CM_SHA1_80:
        srtp_crypto_policy_set_rtp_default(&policy->rtp);
        srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
        return 10;
    case CR_SRTP_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
        return 16;
    case CR_SRTP_AEAD_AES_256_GCM:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
        return 16;
    }
    return 0;
}

cr_srtp *cr_srtp_lib_open(cr_srtp_profile profile, cr_srtp_direction direction, const uint8_t *key, size_t key_length) {
    if (key_length > LONGEST_KEY_BYTES || !initialize_library()) return NULL;
    srtp_lib *lib = calloc(1, sizeof *lib);
    if (!lib) return NULL;
    uint8_t key_copy[LONGEST_KEY_BYTES];  // the policy wants a writable key
    memcpy(key_copy, key, key_length);
    srtp_policy_t policy = {0};
    lib->base.backend = &lib_backend;
    lib->tag_bytes = set_policy(profile, &policy);
    policy.ssrc.type = direction == CR_SRTP_RECEIVE ? ssrc_any_inbound : ssrc_any_outbound;
    policy.key = key_copy;
    policy.window_size = CR_SRTP_WINDOW;
    // A forward without RTX sends a lost packet again under its first sequence number. The bytes are the same to the last
    // one (retransmit.c sees to that), so the repeated AEAD nonce covers the same text and gives nothing away.
    policy.allow_repeat_tx = direction == CR_SRTP_SEND;
    srtp_err_status_t status = srtp_create(&lib->session, &policy);
    cr_wipe(key_copy, sizeof key_copy);
    if (status != srtp_err_status_ok) {
        free(lib);
        return NULL;
    }
    return &lib->base;
}
