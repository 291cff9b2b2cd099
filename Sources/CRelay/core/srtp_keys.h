// srtp_keys.h: session keys from a master key (RFC 3711, 4.3; RFC 7714, 11), for the AEAD profiles.

#ifndef CR_SRTP_KEYS_H
#define CR_SRTP_KEYS_H

#include "crelay.h"

#define CR_SRTP_SALT_BYTES 12u     // RFC 7714, 12
#define CR_SRTP_MAX_KEY_BYTES 32u

typedef struct cr_srtp_keys {
    size_t key_bytes;
    uint8_t rtp_key[CR_SRTP_MAX_KEY_BYTES], rtp_salt[CR_SRTP_SALT_BYTES];
    uint8_t rtcp_key[CR_SRTP_MAX_KEY_BYTES], rtcp_salt[CR_SRTP_SALT_BYTES];
} cr_srtp_keys;

// `master` is the key and behind it the salt. False when the library refuses. The caller wipes what it gets.
bool cr_srtp_derive_keys(const uint8_t *master, size_t length, cr_srtp_keys *out);

#endif
