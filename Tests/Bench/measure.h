// measure.h: the timing kit. Variants take turns in short slices, so that what another load on the machine does hits all
// of them alike; what is compared is thread CPU time per operation. Knows nothing of packets.

#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include <stdio.h>

// Slices of each variant. More takes longer, fewer lets a busy neighbour decide the lower quartile.
#define MEASURE_ROUNDS 100

// Runs around the timed part of a slice; what stands between a stop and the next start costs nothing.
typedef struct stopwatch {
    uint64_t cpu_ns, wall_ns;
    uint64_t cpu_started_ns, wall_started_ns;
} stopwatch;

void stopwatch_start(stopwatch *watch);
void stopwatch_stop(stopwatch *watch);

// One slice of a few milliseconds. Returns how many operations were timed.
typedef uint64_t (*slice)(void *context, stopwatch *watch);

typedef struct variant {
    const char *name;
    slice run;
    void *context;
    double samples[MEASURE_ROUNDS];  // CPU ns per operation, sorted once measured
    uint32_t interrupted;            // slices in which the thread waited for its core
} variant;

// The first round is warm-up and does not count.
void measure(variant *variants, size_t count);
// 0: the least, 0.25: the lower quartile, 0.5: the median, of a measured variant.
double quantile(const variant *variant, double part);

// Controls: the same on every day of one machine, and the unit in which machines are compared.
uint64_t getppid_slice(void *context, stopwatch *watch);
uint64_t xorshift_slice(void *context, stopwatch *watch);  // one operation: 1000 dependent steps
uint64_t xorshift(uint64_t *state);

// Ends the process with a sentence: a figure of a core that does the wrong thing is worth nothing.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
