// workers.c: one publisher's stream to many subscribers, by one loop and by two on threads of their own: what a forwarded
// packet costs all threads together, hand-over and wakes included, and how many a second leave. Over loopback sockets
// that nobody reads, so that only sending is measured.

#define _GNU_SOURCE
#include "bench.h"

#include "../../Sources/CRelay/core/link.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKETS 240u        // of the publisher, in one run
#define BURST 4u            // of them in one turn, as a frame comes
#define MOST_UNDERWAY 256u  // handed over and not yet taken: the publisher waits, so that nothing is dropped
#define RUNS 3u
#define MIRROR_ID (1u << CR_ID_INDEX_BITS | 1u)

typedef struct half {
    room *room;
    cr_loop *loop;
    cr_link *inbound;           // of the second half
    _Atomic uint32_t taken;     // packets it has taken from the link
    uint64_t cpu_ns;            // of its thread
} half;

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static cr_address loopback(uint16_t port) {
    return (cr_address){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, .port = port};
}

// A socket that nobody reads: the kernel drops what does not fit its buffer.
static cr_address open_deaf(int *descriptor) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int small = 4096;
    *descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(*descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (*descriptor < 0 || bind(*descriptor, (struct sockaddr *)&address, length) != 0 ||
        getsockname(*descriptor, (struct sockaddr *)&address, &length) != 0) {
        fail("no loopback socket");
    }
    return loopback(ntohs(address.sin_port));
}

static half *open_half(const shape *shape, uint32_t subscribers, const cr_address *targets) {
    half *opened = calloc(1, sizeof *opened);
    cr_address publisher = room_address(1);
    int error;
    cr_loop_config config = {.bind = loopback(0), .receive_buffer_bytes = 1 << 20, .send_buffer_bytes = 4 << 20};
    opened->room = room_open(shape, true, subscribers, &publisher, targets);
    opened->loop = cr_loop_create(&config, &error);
    if (!opened->loop) fail("no loop: error %d", error);
    return opened;
}

static void close_half(half *opened) {
    room_close(opened->room);
    cr_link_destroy(opened->inbound);
    cr_loop_destroy(opened->loop);
    free(opened);
}

static void connect_halves(half *first, half *second) {
    second->inbound = cr_link_create(second->loop);
    cr_shard_add_link(second->room->shard, second->inbound);
    const cr_stream *source = cr_stream_find(first->room->shard, 1u << CR_ID_INDEX_BITS);
    cr_stream_config config = source->config;
    config.transport = CR_ID_NONE;
    config.mirror = true;
    if (cr_stream_open(second->room->shard, MIRROR_ID, &config) != CR_OK) fail("no mirror");
    for (uint32_t index = 0; index < second->room->subscribers; index++) {
        if (cr_forward_set_source(second->room->shard, 1u << CR_ID_INDEX_BITS | index, MIRROR_ID) != CR_OK) {
            fail("no source for subscriber %u", index);
        }
    }
    cr_stream_add_mirror(first->room->shard, source->id, second->inbound, MIRROR_ID);
}

static void *read_link(void *argument) {
    half *second = argument;
    uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    // A turn forwards for so long only: what it left is for the next.
    while (second->taken < PACKETS || cr_shard_is_busy(second->room->shard)) {
        cr_loop_turn(second->loop, second->room->shard, UINT64_MAX);
        room_release_events(second->room);
        cr_loop_flush(second->loop, second->room->shard);
        cr_shard_statistics statistics;
        cr_shard_read_statistics(second->room->shard, &statistics);
        second->taken = (uint32_t)statistics.handed_in;
    }
    second->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
    return NULL;
}

// The publisher's packets are made outside of the time taken.
static void publish(half *first, half *second) {
    static uint8_t wires[BURST][CR_PACKET_BYTES];
    size_t lengths[BURST];
    for (uint32_t sent = 0; sent < PACKETS; sent += BURST) {
        for (uint32_t index = 0; index < BURST; index++) {
            lengths[index] = room_next_packet(first->room, wires[index]);
        }
        while (second && sent > second->taken + MOST_UNDERWAY) sched_yield();
        uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (uint32_t index = 0; index < BURST; index++) {
            cr_memory_receive(first->room->shard, cr_loop_now(), &first->room->publisher, wires[index],
                              lengths[index]);
        }
        do {
            cr_loop_turn(first->loop, first->room->shard, 0);
            room_release_events(first->room);
            cr_loop_flush(first->loop, first->room->shard);
        } while (cr_shard_is_busy(first->room->shard));
        first->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
    }
}

typedef struct result {
    double cpu_ns;     // of all threads, for one forwarded packet
    double busiest_ns; // of the busier thread: the rate that free cores give
    double wall_ns;    // the rate that there was
} result;

static result run(const shape *shape, uint32_t subscribers, const cr_address *targets, bool is_split) {
    uint32_t here = is_split ? subscribers / 2 : subscribers;
    half *first = open_half(shape, here, targets);
    half *second = is_split ? open_half(shape, subscribers - here, targets + here) : NULL;
    pthread_t reader;
    if (second) connect_halves(first, second);
    if (second && pthread_create(&reader, NULL, read_link, second) != 0) fail("no thread");
    uint64_t began = clock_ns(CLOCK_MONOTONIC);
    publish(first, second);
    if (second) pthread_join(reader, NULL);
    double forwards = (double)PACKETS * subscribers;
    uint64_t wall = clock_ns(CLOCK_MONOTONIC) - began;
    uint64_t others = second ? second->cpu_ns : 0;
    room_check_forwards(first->room, (uint64_t)PACKETS * here);
    if (second) room_check_forwards(second->room, (uint64_t)PACKETS * (subscribers - here));
    result result = {
        .cpu_ns = (double)(first->cpu_ns + others) / forwards,
        .busiest_ns = (double)(first->cpu_ns > others ? first->cpu_ns : others) / forwards,
        .wall_ns = (double)wall / forwards,
    };
    close_half(first);
    if (second) close_half(second);
    return result;
}

static double least(const double *values) {
    double best = values[0];
    for (size_t index = 1; index < RUNS; index++) best = values[index] < best ? values[index] : best;
    return best;
}

void bench_workers(const shape *shape, uint32_t subscribers) {
    static int descriptors[2 * ROOM_MAX_SUBSCRIBERS];
    static cr_address targets[2 * ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < subscribers; index++) targets[index] = open_deaf(&descriptors[index]);
    static const char *const names[2] = {"one loop", "two loops on two threads"};
    double cpu[2][RUNS], busiest[2][RUNS], wall[2][RUNS];
    // In turn, so that other loads of the machine meet both.
    for (size_t number = 0; number < RUNS; number++) {
        for (size_t split = 0; split < 2; split++) {
            result measured = run(shape, subscribers, targets, split == 1);
            cpu[split][number] = measured.cpu_ns;
            busiest[split][number] = measured.busiest_ns;
            wall[split][number] = measured.wall_ns;
        }
    }
    printf("    %-42s %8s %8s %12s %12s\n", "", "cpu ns", "busiest", "packets/s", "as measured");
    for (size_t split = 0; split < 2; split++) {
        printf("    %-42s %8.0f %8.0f %12.0f %12.0f\n", names[split], least(cpu[split]), least(busiest[split]),
               1e9 / least(busiest[split]), 1e9 / least(wall[split]));
    }
    printf("    %-42s %30.2f %12.2f\n", "two ÷ one", least(busiest[0]) / least(busiest[1]),
           least(wall[0]) / least(wall[1]));
    for (uint32_t index = 0; index < subscribers; index++) close(descriptors[index]);
}
