// sequence.c: how many packets of a stream came, and how many should have, by 16-bit numbers that wrap and may come out
// of order (RFC 3550, A.1).

#include "cload.h"

#include <string.h>

#define CYCLE 65536u

static bool test_and_set(cl_sequence *sequence, uint64_t number) {
    uint64_t bit = number % CL_SEEN_PACKETS;
    uint64_t mask = UINT64_C(1) << (bit % 64u);
    uint64_t *word = &sequence->seen[bit / 64u];
    bool was_set = (*word & mask) != 0;
    *word |= mask;
    return was_set;
}

static void forget_between(cl_sequence *sequence, uint64_t after, uint64_t through) {
    if (through - after >= CL_SEEN_PACKETS) {
        memset(sequence->seen, 0, sizeof sequence->seen);
        return;
    }
    for (uint64_t number = after + 1; number <= through; number++) {
        uint64_t bit = number % CL_SEEN_PACKETS;
        sequence->seen[bit / 64u] &= ~(UINT64_C(1) << (bit % 64u));
    }
}

cl_sequence_note cl_sequence_add(cl_sequence *sequence, uint16_t number) {
    if (!sequence->is_started) {
        memset(sequence->seen, 0, sizeof sequence->seen);
        sequence->is_started = true;
        sequence->base = sequence->highest = CYCLE + number;
        sequence->received = 1;
        (void)test_and_set(sequence, sequence->highest);
        return CL_NEW;
    }
    uint16_t ahead = (uint16_t)(number - (uint16_t)sequence->highest);
    if (ahead > 0 && ahead < 0x8000u) {
        forget_between(sequence, sequence->highest, sequence->highest + ahead);
        sequence->highest += ahead;
        (void)test_and_set(sequence, sequence->highest);
        sequence->received++;
        return CL_NEW;
    }
    uint16_t behind = (uint16_t)(0u - ahead);
    if (behind >= CL_SEEN_PACKETS) {
        sequence->late++;
        return CL_TOO_LATE;
    }
    uint64_t extended = sequence->highest - behind;
    if (test_and_set(sequence, extended)) {
        sequence->duplicates++;
        return CL_DUPLICATE;
    }
    // Overtaken by what we took for the first packet: it was expected as well.
    if (extended < sequence->base) sequence->base = extended;
    sequence->received++;
    return CL_NEW;
}

uint64_t cl_sequence_expected(const cl_sequence *sequence) {
    return sequence->is_started ? sequence->highest - sequence->base + 1 : 0;
}
