// srtp_keys.c: see srtp_keys.h. Runs twice per transport; AES in counter mode is OpenSSL's on every machine.

#include "srtp_keys.h"

#include <openssl/evp.h>
#include <string.h>

// RFC 3711, 4.3.2. Authentication keys (1 and 4) have no place in AEAD.
enum { LABEL_RTP_KEY = 0, LABEL_RTP_SALT = 2, LABEL_RTCP_KEY = 3, LABEL_RTCP_SALT = 5 };

// The key stream whose counter block is (label · 2^48 xor salt) · 2^16: the 96-bit salt stands at the left of the 112
// bits that RFC 3711 wants (RFC 7714, 11), the last two bytes count blocks. The key derivation rate is 0.
static bool derive(EVP_CIPHER_CTX *context, const uint8_t *salt, uint8_t label, uint8_t *out, size_t length) {
    static const uint8_t zeros[CR_SRTP_MAX_KEY_BYTES] = {0};
    uint8_t block[16] = {0};
    memcpy(block, salt, CR_SRTP_SALT_BYTES);
    block[7] ^= label;
    int written;
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, block) == 1 &&
           EVP_EncryptUpdate(context, out, &written, zeros, (int)length) == 1;
}

bool cr_srtp_derive_keys(const uint8_t *master, size_t length, cr_srtp_keys *out) {
    size_t key_bytes = length - CR_SRTP_SALT_BYTES;
    const uint8_t *salt = master + key_bytes;
    // The cipher is as wide as the key (RFC 6188, 3; RFC 7714, 11).
    const EVP_CIPHER *counter_mode = key_bytes == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    out->key_bytes = key_bytes;
    bool derived = context && EVP_EncryptInit_ex(context, counter_mode, NULL, master, NULL) == 1 &&
                   derive(context, salt, LABEL_RTP_KEY, out->rtp_key, key_bytes) &&
                   derive(context, salt, LABEL_RTP_SALT, out->rtp_salt, CR_SRTP_SALT_BYTES) &&
                   derive(context, salt, LABEL_RTCP_KEY, out->rtcp_key, key_bytes) &&
                   derive(context, salt, LABEL_RTCP_SALT, out->rtcp_salt, CR_SRTP_SALT_BYTES);
    EVP_CIPHER_CTX_free(context);
    return derived;
}
