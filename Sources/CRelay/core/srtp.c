// srtp.c: chooses the back end for a profile and calls it. Knows lengths, no cryptography.

#include "srtp.h"

#include "srtp_aead.h"

size_t cr_srtp_key_bytes(cr_srtp_profile profile) {
    switch (profile) {
    case CR_SRTP_AES128_CM_SHA1_80: return 16 + 14;  // RFC 5764, 4.1.2
    case CR_SRTP_AEAD_AES_128_GCM: return 16 + 12;   // RFC 7714, 14.2
    case CR_SRTP_AEAD_AES_256_GCM: return 32 + 12;
    }
    return 0;
}

cr_srtp *cr_srtp_open(cr_srtp_profile profile, cr_srtp_direction direction, const uint8_t *key, size_t key_length) {
    if (key_length == 0 || key_length != cr_srtp_key_bytes(profile)) return NULL;
    if (profile == CR_SRTP_AES128_CM_SHA1_80) return cr_srtp_lib_open(profile, direction, key, key_length);
    cr_srtp_keys keys;
    cr_srtp *srtp = cr_srtp_derive_keys(key, key_length, &keys) ? cr_srtp_aead_open(cr_aead_best(), direction, &keys)
                                                                : NULL;
    cr_wipe(&keys, sizeof keys);
    return srtp;
}

const char *cr_srtp_backend_name(void) {
    return cr_aead_best()->name;
}

void cr_srtp_close(cr_srtp *srtp) {
    if (srtp) srtp->backend->close(srtp);
}

void cr_srtp_forget(cr_srtp *srtp, uint32_t ssrc) {
    if (srtp) srtp->backend->forget(srtp, ssrc);
}

cr_srtp_status cr_srtp_protect_rtp(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                   size_t *out_length) {
    return srtp->backend->protect_rtp(srtp, parts, out, capacity, out_length);
}

cr_srtp_status cr_srtp_unprotect_rtp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    return srtp->backend->unprotect_rtp(srtp, packet, length);
}

cr_srtp_status cr_srtp_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                    size_t capacity, size_t *out_length) {
    return srtp->backend->protect_rtcp(srtp, plain, plain_length, out, capacity, out_length);
}

cr_srtp_status cr_srtp_unprotect_rtcp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    return srtp->backend->unprotect_rtcp(srtp, packet, length);
}

void cr_wipe(void *secret, size_t length) {
    volatile uint8_t *bytes = secret;
    for (size_t index = 0; index < length; index++) bytes[index] = 0;
}
