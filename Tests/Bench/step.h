// step.h: counts the instructions of a call by running them one at a time. Slow, a million instructions in some ten
// seconds, but it counts what the processor does run: callgrind knows no AVX-512, and virtual machines have no counters
// to ask (perf_event_open).

#ifndef STEP_H
#define STEP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct step_count {
    uint64_t all;
    uint64_t cipher;  // of them, in the libraries that encrypt
} step_count;

// x86-64 only; elsewhere false. No other thread of the process may run meanwhile.
bool step_through(void (*call)(void *context), void *context, step_count *out);

#endif
