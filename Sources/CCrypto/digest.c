// Hashes, random bytes, comparison and wiping: thin names over libcrypto.

#include "ccrypto.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

bool cc_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *bytes, size_t length,
                  uint8_t out[CC_SHA1_BYTES]) {
    static const uint8_t empty = 0;  // HMAC() takes a null key for "the same key as before"
    unsigned int written = 0;
    if (key_length > INT_MAX) return false;
    return HMAC(EVP_sha1(), key != NULL ? key : &empty, (int)key_length, bytes, length, out, &written) != NULL &&
           written == CC_SHA1_BYTES;
}

bool cc_sha256(const uint8_t *bytes, size_t length, uint8_t out[32]) {
    unsigned int written = 0;
    return EVP_Digest(bytes, length, out, &written, EVP_sha256(), NULL) == 1 && written == 32;
}

bool cc_random(uint8_t *out, size_t length) {
    return length <= INT_MAX && RAND_bytes(out, (int)length) == 1;
}

bool cc_equal(const uint8_t *a, const uint8_t *b, size_t length) { return CRYPTO_memcmp(a, b, length) == 0; }

void cc_wipe(void *bytes, size_t length) { OPENSSL_cleanse(bytes, length); }
