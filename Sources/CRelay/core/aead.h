// aead.h: the seam between SRTP's framing (srtp_aead.c) and the library that runs AES-GCM: 12 bytes of IV, 16 of tag
// (RFC 7714, 8 and 9). aead_ipsec.c is Intel's ipsec-mb, aead_evp.c OpenSSL; both give the same bytes. Making IVs, and
// none of them twice, is the framing's business.

#ifndef CR_AEAD_H
#define CR_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CR_AEAD_IV_BYTES 12u
#define CR_AEAD_TAG_BYTES 16u

typedef struct cr_span {
    const uint8_t *bytes;
    size_t length;
} cr_span;

// One session key, expanded for one direction. Belongs to one thread.
typedef struct cr_aead_key cr_aead_key;

typedef struct cr_aead cr_aead;
struct cr_aead {
    const char *name;
    // 16 or 32 bytes, copied. NULL when there is no memory.
    cr_aead_key *(*key_open)(const cr_aead *cipher, bool sealing, const uint8_t *key, size_t length);
    // Wiped before it is freed. NULL is allowed.
    void (*key_close)(cr_aead_key *key);
    // Encrypts the text to `out`, and the tag behind it. It may lie at `out` itself, but not overlap it otherwise.
    bool (*seal)(cr_aead_key *key, const uint8_t *iv, cr_span aad, cr_span text, uint8_t *out);
    // Decrypts in place. False when the tag is wrong; the text is worth nothing then.
    bool (*open)(cr_aead_key *key, const uint8_t *iv, cr_span aad, uint8_t *text, size_t length, const uint8_t *tag);
};

// Which code of ipsec-mb: what it finds best, or one on purpose, for tests and for tools that know no AVX-512.
typedef enum cr_aead_isa {
    CR_AEAD_ISA_BEST,
    CR_AEAD_ISA_SSE,
    CR_AEAD_ISA_AVX,
    CR_AEAD_ISA_AVX2,
    CR_AEAD_ISA_AVX512,
    CR_AEAD_ISAS
} cr_aead_isa;

// NULL where the processor cannot, and on everything but x86-64.
const cr_aead *cr_aead_ipsec(cr_aead_isa isa);
const cr_aead *cr_aead_evp(void);
// The fastest one here.
const cr_aead *cr_aead_best(void);

#endif
