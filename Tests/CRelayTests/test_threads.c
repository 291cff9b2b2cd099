// Two shards on two threads with links between them. Built a second time with the thread sanitizer (Makefile).

#include "check.h"
#include "crelay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PACKETS = 60000, BURST = 40, STREAM = 3, MIRROR = 9 };

// Sends a stream of its own to the other side and counts what comes back in order from there.
typedef struct side {
    cr_loop *loop;
    cr_shard *shard;
    cr_link *outbound;
    struct side *other;
    uint64_t events;
    _Atomic uint64_t taken;
    pthread_t thread;
} side;

static cr_stream_config audio(bool mirror) {
    cr_stream_config config = {.transport = CR_ID_NONE, .kind = CR_AUDIO, .format_count = 1, .mirror = mirror,
                               .formats = {{.payload_type = 96, .codec = CR_CODEC_OPUS, .clock_rate = 48000}}};
    return config;
}

static void push(side *s, uint32_t number) {
    uint8_t packet[600] = {0x80, 96, (uint8_t)(number >> 8), (uint8_t)number, 0, 0, 0, 1, 0, 0, 0, 1};
    for (size_t index = 12; index < sizeof packet; index++) packet[index] = (uint8_t)(number + index);
    cr_stream_push(s->shard, cr_loop_now(), STREAM, packet, sizeof packet);
}

static void look(side *s) {
    size_t count;
    const cr_event *events = cr_shard_events(s->shard, &count);
    for (size_t index = 0; index < count; index++) {
        if (events[index].type != CR_EVENT_PACKET) continue;
        const uint8_t *bytes = events[index].bytes;
        uint32_t number = (uint32_t)bytes[2] << 8 | bytes[3];
        CHECK_EQ(events[index].length, 600);
        CHECK_EQ(bytes[599], (uint8_t)(number + 599));
        s->events++;
    }
    cr_shard_release_events(s->shard);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(s->shard, &statistics);
    atomic_store(&s->taken, statistics.handed_in);
}

static void *run(void *argument) {
    side *s = argument;
    uint32_t pushed = 0;
    // Until both have everything: whoever is done earlier still has to read.
    while (pushed < PACKETS || atomic_load(&s->taken) < PACKETS || atomic_load(&s->other->taken) < PACKETS) {
        // Asleep now and then, so that the other one has to wake it.
        cr_loop_turn(s->loop, s->shard, pushed % 400 == 0 ? cr_loop_now() + 2000 : 0);
        look(s);
        // No faster than the other reads, so that nothing is dropped and the sum is known.
        for (int count = 0; count < BURST && pushed < PACKETS; count++) {
            if (pushed >= atomic_load(&s->other->taken) + 900) break;
            push(s, pushed++);
        }
        cr_loop_flush(s->loop, s->shard);
    }
    return NULL;
}

static side *open_side(void) {
    int error;
    side *s = calloc(1, sizeof *s);
    cr_shard_config shard = {.max_transports = 1, .max_streams = 16, .max_forwards = 1, .max_packets = 4096};
    cr_loop_config loop = {.bind = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}}};
    s->shard = cr_shard_create(&shard);
    s->loop = cr_loop_create(&loop, &error);
    cr_stream_config source = audio(false), mirror = audio(true);
    CHECK_EQ(cr_stream_open(s->shard, STREAM, &source), CR_OK);
    CHECK_EQ(cr_stream_open(s->shard, MIRROR, &mirror), CR_OK);
    CHECK_EQ(cr_stream_set_tap(s->shard, MIRROR, true), CR_OK);
    return s;
}

static void connect_to(side *from, side *to) {
    from->other = to;
    from->outbound = cr_link_create(to->loop);
    cr_shard_add_link(to->shard, from->outbound);
    CHECK_EQ(cr_stream_add_mirror(from->shard, STREAM, from->outbound, MIRROR), CR_OK);
}

TEST(threads_hand_packets_to_each_other) {
    side *sides[2] = {open_side(), open_side()};
    connect_to(sides[0], sides[1]);
    connect_to(sides[1], sides[0]);
    for (int index = 0; index < 2; index++) CHECK_EQ(pthread_create(&sides[index]->thread, NULL, run, sides[index]), 0);
    for (int index = 0; index < 2; index++) CHECK_EQ(pthread_join(sides[index]->thread, NULL), 0);
    for (int index = 0; index < 2; index++) {
        side *s = sides[index];
        cr_shard_statistics statistics;
        cr_shard_read_statistics(s->shard, &statistics);
        CHECK_EQ(statistics.handed_out, PACKETS);
        CHECK_EQ(statistics.handed_in, PACKETS);
        CHECK_EQ(statistics.drops[CR_DROP_LINK_FULL], 0);
        CHECK(s->events + statistics.drops[CR_DROP_POOL_EXHAUSTED] == PACKETS);
        CHECK_EQ(cr_stream_close(s->shard, STREAM), CR_OK);
        CHECK_EQ(cr_stream_close(s->shard, MIRROR), CR_OK);
    }
    for (int index = 0; index < 2; index++) cr_shard_destroy(sides[index]->shard);
    for (int index = 0; index < 2; index++) cr_link_destroy(sides[index]->outbound);
    for (int index = 0; index < 2; index++) {
        cr_loop_destroy(sides[index]->loop);
        free(sides[index]);
    }
}
