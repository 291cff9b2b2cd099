// srtp_index.h: packet indices of SRTP and the replay window over them (RFC 3711, 3.3.1 and 3.3.2). Arithmetic only: to
// ask before decrypting and to commit after is srtp_aead.c's business. `next` is one above the highest index so far; 0
// means that there was none.

#ifndef CR_SRTP_INDEX_H
#define CR_SRTP_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// ROC and sequence number together, 48 bits. Behind the last one the key is used up (RFC 3711, 9.2).
#define CR_SRTP_LAST_INDEX ((UINT64_C(1) << 48) - 1)
#define CR_SRTCP_LAST_INDEX 0x7FFFFFFFu

// The index that `sequence` stands for (RFC 3711, appendix A). The first packet has ROC 0. So has one that would lie
// before index 0: RFC 3711 gives it ROC 2^32-1, which no sender can have used.
static inline uint64_t cr_srtp_index_guess(uint64_t next, uint16_t sequence) {
    if (next == 0) return sequence;
    uint64_t roc = (next - 1) >> 16;
    uint32_t highest = (next - 1) & 0xFFFFu;
    if (highest < 0x8000u) {
        if (sequence > highest + 0x8000u && roc > 0) roc--;
    } else if (sequence + 0x8000u < highest) {
        roc++;
    }
    return roc << 16 | sequence;
}

// `bits` is a ring: that of index i is number i mod `window`, a power of two of at least 64.
static inline bool cr_replay_is_new(const uint64_t *bits, uint64_t window, uint64_t next, uint64_t index) {
    if (index >= next) return true;
    if (next - index > window) return false;
    return !(bits[index % window / 64] >> index % 64 & 1u);
}

// Returns the new `next`.
static inline uint64_t cr_replay_commit(uint64_t *bits, uint64_t window, uint64_t next, uint64_t index) {
    if (index >= next) {
        if (index - next >= window) memset(bits, 0, window / 8);
        else for (uint64_t skipped = next; skipped < index; skipped++) {
            bits[skipped % window / 64] &= ~(UINT64_C(1) << skipped % 64);
        }
        next = index + 1;
    }
    bits[index % window / 64] |= UINT64_C(1) << index % 64;
    return next;
}

#endif
