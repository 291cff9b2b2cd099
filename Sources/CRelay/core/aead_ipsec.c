// aead_ipsec.c: AES-GCM by Intel's ipsec-mb, called directly: one call per packet, from the shared payload straight
// into the send buffer. Its GCM calls know nothing of the manager they are found in, so one is made once, asked for its
// functions and given back; all workers use those, each with keys of its own.

#include "aead.h"

#if defined(__x86_64__)

#include "srtp.h"

#include <stdatomic.h>
#include <stdlib.h>

#define NO_COMPAT_IMB_API_053  // names of its old interface that clash with other libraries' (SHA1)
#include <intel-ipsec-mb.h>

typedef struct gcm_calls {
    aes_gcm_pre_t expand;
    aes_gcm_enc_dec_t seal, open;
} gcm_calls;

typedef struct ipsec_cipher {
    cr_aead base;
    gcm_calls gcm128, gcm256;
} ipsec_cipher;

// The schedule is made by the same code that uses it, so a key keeps to its calls.
struct cr_aead_key {
    struct gcm_key_data schedule;
    const gcm_calls *calls;
};

static cr_aead_key *ipsec_key_open(const cr_aead *cipher, bool sealing, const uint8_t *bytes, size_t length) {
    (void)sealing;
    const ipsec_cipher *ipsec = (const ipsec_cipher *)(const void *)cipher;
    cr_aead_key *key = aligned_alloc(_Alignof(cr_aead_key), sizeof *key);
    if (!key) return NULL;
    key->calls = length == 16 ? &ipsec->gcm128 : &ipsec->gcm256;
    key->calls->expand(bytes, &key->schedule);
    return key;
}

static void ipsec_key_close(cr_aead_key *key) {
    if (key) cr_wipe(key, sizeof *key);
    free(key);
}

static bool ipsec_seal(cr_aead_key *key, const uint8_t *iv, cr_span aad, cr_span text, uint8_t *out) {
    struct gcm_context_data context;
    key->calls->seal(&key->schedule, &context, out, text.bytes, text.length, iv, aad.bytes, aad.length,
                     out + text.length, CR_AEAD_TAG_BYTES);
    return true;
}

// Looks at every byte whatever it finds: how long it takes tells nothing of where the first difference is.
static bool tags_are_equal(const uint8_t *left, const uint8_t *right) {
    volatile uint8_t difference = 0;
    for (size_t index = 0; index < CR_AEAD_TAG_BYTES; index++) difference |= left[index] ^ right[index];
    return difference == 0;
}

static bool ipsec_open(cr_aead_key *key, const uint8_t *iv, cr_span aad, uint8_t *text, size_t length,
                       const uint8_t *tag) {
    struct gcm_context_data context;
    uint8_t computed[CR_AEAD_TAG_BYTES];
    key->calls->open(&key->schedule, &context, text, text, length, iv, aad.bytes, aad.length, computed,
                     sizeof computed);
    return tags_are_equal(computed, tag);
}

// init_mb_mgr_… of a set that the processor lacks ends in an illegal instruction, so the features are asked first.
static bool init_manager(IMB_MGR *manager, cr_aead_isa isa, IMB_ARCH *arch) {
    static const struct {
        uint64_t needs;
        void (*init)(IMB_MGR *manager);
        IMB_ARCH arch;
    } sets[CR_AEAD_ISAS] = {
        [CR_AEAD_ISA_SSE] = {IMB_CPUFLAGS_SSE, init_mb_mgr_sse, IMB_ARCH_SSE},
        [CR_AEAD_ISA_AVX] = {IMB_CPUFLAGS_AVX, init_mb_mgr_avx, IMB_ARCH_AVX},
        [CR_AEAD_ISA_AVX2] = {IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2, IMB_ARCH_AVX2},
        [CR_AEAD_ISA_AVX512] = {IMB_CPUFLAGS_AVX512, init_mb_mgr_avx512, IMB_ARCH_AVX512},
    };
    if (isa == CR_AEAD_ISA_BEST) {
        init_mb_mgr_auto(manager, arch);
    } else {
        if ((manager->features & sets[isa].needs) != sets[isa].needs) return false;
        *arch = sets[isa].arch;
        sets[isa].init(manager);
    }
    // Without AES instructions it emulates them, far slower than OpenSSL.
    return imb_get_errno(manager) == 0 && *arch >= IMB_ARCH_SSE && *arch <= IMB_ARCH_AVX512;
}

static bool ask(ipsec_cipher *cipher, cr_aead_isa isa) {
    static const char *const names[IMB_ARCH_NUM] = {
        [IMB_ARCH_SSE] = "ipsec-mb sse", [IMB_ARCH_AVX] = "ipsec-mb avx", [IMB_ARCH_AVX2] = "ipsec-mb avx2",
        [IMB_ARCH_AVX512] = "ipsec-mb avx512"};
    IMB_MGR *manager = alloc_mb_mgr(0);
    IMB_ARCH arch = IMB_ARCH_NONE;
    bool works = manager && init_manager(manager, isa, &arch);
    if (works) {
        cipher->gcm128 = (gcm_calls){manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec};
        cipher->gcm256 = (gcm_calls){manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec};
        cipher->base = (cr_aead){.name = names[arch], .key_open = ipsec_key_open, .key_close = ipsec_key_close,
                                 .seal = ipsec_seal, .open = ipsec_open};
    }
    if (manager) free_mb_mgr(manager);
    return works;
}

// Once for the process, whichever worker comes first; the others wait for it.
const cr_aead *cr_aead_ipsec(cr_aead_isa isa) {
    enum { UNTOUCHED, BUSY, READY, MISSING };
    static ipsec_cipher ciphers[CR_AEAD_ISAS];
    static atomic_int states[CR_AEAD_ISAS];
    if (isa >= CR_AEAD_ISAS) return NULL;
    int expected = UNTOUCHED;
    if (atomic_compare_exchange_strong(&states[isa], &expected, BUSY)) {
        atomic_store(&states[isa], ask(&ciphers[isa], isa) ? READY : MISSING);
    }
    int now;
    while ((now = atomic_load(&states[isa])) == BUSY) continue;
    return now == READY ? &ciphers[isa].base : NULL;
}

#else

const cr_aead *cr_aead_ipsec(cr_aead_isa isa) {
    (void)isa;
    return NULL;
}

#endif
