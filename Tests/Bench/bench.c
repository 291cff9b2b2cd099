// bench.c: the blocks of the table. Each runs in a process of its own: libsrtp2 on NSS, which is there to compare with,
// gets slower with every SRTP context of the process, so blocks in one process would measure each other.

#define _GNU_SOURCE
#include "bench.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void print_packets(const variant *variants, size_t count) {
    for (size_t index = 0; index < count; index++) {
        const variant *row = &variants[index];
        printf("    %-42s %8.0f %8.0f %8.0f %12.0f\n", row->name, quantile(row, 0), quantile(row, 0.25),
               quantile(row, 0.5), 1e9 / quantile(row, 0.25));
    }
}

void print_ratio(const char *name, const variant *measured, const variant *unit) {
    // A wide character is two or three bytes: the padding is counted in bytes, so ÷ needs one more.
    printf("    %-43s %17.2f\n", name, quantile(measured, 0.25) / quantile(unit, 0.25));
}

void print_controls(const variant *variants, size_t count) {
    printf("    control:");
    for (size_t index = 0; index < count; index++) {
        printf("%s %s %.0f ns", index > 0 ? "," : "", variants[index].name, quantile(&variants[index], 0.25));
    }
    printf("\n");
}

void print_interrupted(const variant *variants, size_t count) {
    uint32_t interrupted = 0, slices = (uint32_t)count * MEASURE_ROUNDS;
    for (size_t index = 0; index < count; index++) interrupted += variants[index].interrupted;
    if (interrupted > slices / 10) {
        printf("    note: another load had the core in %u of %u slices; run again on a quiet machine\n", interrupted,
               slices);
    }
}

typedef struct block {
    const char *title;
    const shape *shape;  // NULL: memory of objects
    uint32_t subscribers;
    void (*run)(const shape *shape, uint32_t subscribers);  // NULL: in memory
} block;

static const block blocks[] = {
    {"1 → 10, in memory", &video_shape, 10, NULL},     {"1 → 100, in memory", &video_shape, 100, NULL},
    {"1 → 299, in memory", &video_shape, 299, NULL},   {"1 → 10, in memory", &audio_shape, 10, NULL},
    {"1 → 100, in memory", &audio_shape, 100, NULL},   {"1 → 299, in memory", &audio_shape, 299, NULL},
    {"1 → 299, udp on loopback", &video_shape, 299, bench_udp},
    {"1 → 299, udp on loopback", &audio_shape, 299, bench_udp},
    {"1 → 10 to 1000, growth, udp on loopback", &video_shape, ROOM_MAX_SUBSCRIBERS, bench_growth},
    {"1 → 299, workers", &video_shape, 299, bench_workers},
    {"objects", NULL, 0, NULL},
};

static bool run_block(const block *block, const char *title) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        printf("%s\n", title);
        if (!block->shape) {
            bench_objects();
        } else if (block->run) {
            block->run(block->shape, block->subscribers);
        } else {
            bench_memory(block->shape, block->subscribers);
        }
        fflush(stdout);
        _exit(0);
    }
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **words) {
    if (count > 2 && strcmp(words[1], "instructions") == 0) return bench_instructions(words[2], false) ? 0 : 1;
    if (count > 2 && strcmp(words[1], "steps") == 0) return bench_instructions(words[2], true) ? 0 : 1;
    if (count > 1 && strcmp(words[1], "cipher") == 0) return puts(cr_srtp_backend_name()) < 0;
    printf("ns of thread CPU per forwarded packet; AEAD_AES_128_GCM by %s\n", cr_srtp_backend_name());
    printf("    %-42s %8s %8s %8s %12s\n", "", "min", "quartile", "median", "packets/core-s");
    for (size_t index = 0; index < sizeof blocks / sizeof blocks[0]; index++) {
        char title[100];
        snprintf(title, sizeof title, "%s%s%s", blocks[index].shape ? blocks[index].shape->name : "",
                 blocks[index].shape ? ", " : "", blocks[index].title);
        if (count > 1 && !strstr(title, words[1])) continue;
        if (!run_block(&blocks[index], title)) fail("%s: failed", title);
    }
    return 0;
}
