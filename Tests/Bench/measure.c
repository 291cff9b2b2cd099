// measure.c: see measure.h.

#define _GNU_SOURCE
#include "measure.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define GETPPID_CALLS 5000u
#define XORSHIFT_BLOCKS 500u
// Wall time so far above CPU time means that somebody else had the core.
#define INTERRUPTED_RATIO 1.3

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void stopwatch_start(stopwatch *watch) {
    watch->wall_started_ns = clock_ns(CLOCK_MONOTONIC);
    watch->cpu_started_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void stopwatch_stop(stopwatch *watch) {
    watch->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - watch->cpu_started_ns;
    watch->wall_ns += clock_ns(CLOCK_MONOTONIC) - watch->wall_started_ns;
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

void measure(variant *variants, size_t count) {
    for (int round = -1; round < MEASURE_ROUNDS; round++) {
        for (size_t index = 0; index < count; index++) {
            variant *variant = &variants[index];
            stopwatch watch = {0};
            uint64_t operations = variant->run(variant->context, &watch);
            if (round < 0) continue;
            variant->samples[round] = (double)watch.cpu_ns / (double)operations;
            variant->interrupted += (double)watch.wall_ns > INTERRUPTED_RATIO * (double)watch.cpu_ns;
        }
    }
    for (size_t index = 0; index < count; index++) {
        qsort(variants[index].samples, MEASURE_ROUNDS, sizeof *variants[index].samples, ascending);
    }
}

double quantile(const variant *variant, double part) {
    return variant->samples[(size_t)(part * (MEASURE_ROUNDS - 1) + 0.5)];
}

uint64_t getppid_slice(void *context, stopwatch *watch) {
    (void)context;
    stopwatch_start(watch);
    for (uint32_t call = 0; call < GETPPID_CALLS; call++) syscall(SYS_getppid);
    stopwatch_stop(watch);
    return GETPPID_CALLS;
}

uint64_t xorshift(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

uint64_t xorshift_slice(void *context, stopwatch *watch) {
    (void)context;
    static volatile uint64_t sink;  // without it the compiler sees that nobody needs the steps
    uint64_t state = 88172645463325252u;
    stopwatch_start(watch);
    for (uint32_t step = 0; step < XORSHIFT_BLOCKS * 1000u; step++) xorshift(&state);
    stopwatch_stop(watch);
    sink = state;
    (void)sink;
    return XORSHIFT_BLOCKS;
}

void fail(const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    va_start(arguments, format);
    fputs("crelay-bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}
