// sequence.h: order and extension of RTP's 16-bit sequence numbers and 32-bit timestamps, both modulo their width
// (RFC 3550, 5.1 and A.1). What a stream does with them is receive.c's business.

#ifndef CR_SEQUENCE_H
#define CR_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

// The first extended number lies one cycle up, so that packets which arrive before the first one need no negative number.
#define CR_SEQUENCE_CYCLE 65536u

// How far `a` is ahead of `b`: -32768 ... 32767. The point half way round counts as behind.
static inline int32_t cr_sequence_difference(uint16_t a, uint16_t b) {
    uint16_t distance = (uint16_t)(a - b);
    return distance < 0x8000u ? (int32_t)distance : (int32_t)distance - 0x10000;
}

static inline bool cr_sequence_is_newer(uint16_t a, uint16_t b) {
    return cr_sequence_difference(a, b) > 0;
}

// The extended number nearest to `reference` whose low 16 bits are `sequence`. `reference` is at least one cycle.
static inline uint64_t cr_sequence_extend(uint64_t reference, uint16_t sequence) {
    return (uint64_t)((int64_t)reference + cr_sequence_difference(sequence, (uint16_t)reference));
}

static inline int64_t cr_timestamp_difference(uint32_t a, uint32_t b) {
    uint32_t distance = a - b;
    return distance < 0x80000000u ? (int64_t)distance : (int64_t)distance - 0x100000000;
}

// Microseconds in ticks of an RTP clock, modulo 2^32; exact over the whole range, unlike one multiplication.
static inline uint32_t cr_timestamp_from_us(uint64_t us, uint32_t clock_rate) {
    uint64_t ticks = us / 1000000u * clock_rate + us % 1000000u * clock_rate / 1000000u;
    return (uint32_t)ticks;
}

#endif
