// aead_evp.c: AES-GCM by OpenSSL's EVP, where ipsec-mb does not run: arm64, and x86 without AES instructions. Each key
// has a context, made ready once; a packet only sets its IV (no allocation, no lock).

#include "aead.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct cr_aead_key {
    EVP_CIPHER_CTX *context;
};

static void evp_key_close(cr_aead_key *key) {
    if (!key) return;
    EVP_CIPHER_CTX_free(key->context);  // wipes the schedule
    free(key);
}

static cr_aead_key *evp_key_open(const cr_aead *cipher, bool sealing, const uint8_t *bytes, size_t length) {
    (void)cipher;
    const EVP_CIPHER *gcm = length == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    cr_aead_key *key = calloc(1, sizeof *key);
    if (!key) return NULL;
    key->context = EVP_CIPHER_CTX_new();
    // The length of the IV is 12 bytes unless told otherwise.
    if (!key->context || EVP_CipherInit_ex(key->context, gcm, NULL, bytes, NULL, sealing) != 1) {
        evp_key_close(key);
        return NULL;
    }
    return key;
}

static bool begin(EVP_CIPHER_CTX *context, const uint8_t *iv, cr_span aad) {
    int written;
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, -1) == 1 &&
           EVP_CipherUpdate(context, NULL, &written, aad.bytes, (int)aad.length) == 1;
}

// GCM is a stream: as many bytes come out as go in.
static bool update(EVP_CIPHER_CTX *context, const uint8_t *text, size_t length, uint8_t *out) {
    int written;
    return length == 0 || EVP_CipherUpdate(context, out, &written, text, (int)length) == 1;
}

static bool evp_seal(cr_aead_key *key, const uint8_t *iv, cr_span aad, cr_span text, uint8_t *out) {
    int written;
    uint8_t *tag = out + text.length;
    return begin(key->context, iv, aad) && update(key->context, text.bytes, text.length, out) &&
           EVP_CipherFinal_ex(key->context, tag, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(key->context, EVP_CTRL_AEAD_GET_TAG, CR_AEAD_TAG_BYTES, tag) == 1;
}

static bool evp_open(cr_aead_key *key, const uint8_t *iv, cr_span aad, uint8_t *text, size_t length,
                     const uint8_t *tag) {
    int written;
    uint8_t none[1];
    // The tag is only read, whatever the prototype says; CipherFinal compares in constant time.
    return begin(key->context, iv, aad) && update(key->context, text, length, text) &&
           EVP_CIPHER_CTX_ctrl(key->context, EVP_CTRL_AEAD_SET_TAG, CR_AEAD_TAG_BYTES, (void *)(uintptr_t)tag) == 1 &&
           EVP_CipherFinal_ex(key->context, none, &written) == 1;
}

const cr_aead *cr_aead_evp(void) {
    static const cr_aead cipher = {
        .name = "openssl",
        .key_open = evp_key_open,
        .key_close = evp_key_close,
        .seal = evp_seal,
        .open = evp_open,
    };
    return &cipher;
}
