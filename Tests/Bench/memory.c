// memory.c: the core without the kernel: packets enter and leave by function calls. Beside it, in the same slices and
// over the same keys, the steps it cannot do without, what other SRTP back ends would cost, and the reference loop.

#include "bench.h"
#include "reference.h"
#include "room.h"
#include "step.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// Forwarded packets of a slice: one to two milliseconds. In shorter ones most of the time would be spent on fetching
// again what the other variants pushed out of the cache.
#define SLICE_PACKETS 10000u
#define SLICE_INPUT 256u          // of the publisher at most, so that few subscribers' input stays in the cache
#define STEPPED_PACKETS 300u      // forwarded ones that are counted step by step, which takes seconds
#define LIBSRTP_SHARE 8u          // so much less of the row that is ten times slower
#define CHECKED_PACKETS 50u
#define MEETING_VIDEO_PER_S 75u  // packets
#define MEETING_VOICE_PER_S 50u
#define OUTPUT_SLOTS 64u     // as many as one system call sends

typedef struct fanout {
    room *room;
    uint32_t packets;     // of the publisher in one slice
    uint64_t forwarded;
    uint8_t (*wire)[CR_PACKET_BYTES];
    size_t *lengths;
    uint8_t (*output)[CR_PACKET_BYTES];
    uint8_t payload[CR_PACKET_BYTES];
} fanout;

static fanout *fanout_open(const shape *shape, bool encrypted, uint32_t subscribers) {
    fanout *fanout = calloc(1, sizeof *fanout);
    cr_address publisher = room_address(0), targets[ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < subscribers; index++) targets[index] = room_address(index + 1);
    fanout->room = room_open(shape, encrypted, subscribers, &publisher, targets);
    fanout->packets = SLICE_PACKETS / subscribers < SLICE_INPUT ? SLICE_PACKETS / subscribers : SLICE_INPUT;
    fanout->wire = calloc(fanout->packets, sizeof *fanout->wire);
    fanout->lengths = calloc(fanout->packets, sizeof *fanout->lengths);
    fanout->output = calloc(OUTPUT_SLOTS, sizeof *fanout->output);
    return fanout;
}

static void fanout_close(fanout *fanout) {
    room_close(fanout->room);
    free(fanout->wire);
    free(fanout->lengths);
    free(fanout->output);
    free(fanout);
}

// No figures without this: one subscriber's packets are what the publisher sent, under the subscriber's own numbers.
static void check(fanout *fanout) {
    room *room = fanout->room;
    uint32_t subscriber = room->subscribers / 2;
    listener listener = listener_open(room, subscriber);
    for (uint32_t packet = 0; packet < CHECKED_PACKETS; packet++) {
        uint8_t bytes[CR_PACKET_BYTES];
        size_t length = room_next_packet(room, bytes);
        cr_memory_receive(room->shard, room->now_us, &room->publisher, bytes, length);
        cr_address to;
        while ((length = cr_memory_send(room->shard, &to, bytes, sizeof bytes)) > 0) {
            if (memcmp(&to, &room->targets[subscriber], sizeof to) == 0) listener_check(&listener, bytes, length);
        }
        room_release_events(room);
        fanout->forwarded += room->subscribers;
        if (listener.heard != packet + 1) fail("a subscriber got %u of %u packets", listener.heard, packet + 1);
    }
    listener_close(&listener);
    room_check_forwards(room, fanout->forwarded);
}

static void make_packets(fanout *fanout) {
    for (uint32_t index = 0; index < fanout->packets; index++) {
        fanout->lengths[index] = room_next_packet(fanout->room, fanout->wire[index]);
    }
}

static void forward_packets(fanout *fanout) {
    room *room = fanout->room;
    uint64_t now_us = room->now_us - (uint64_t)fanout->packets * room->shape->interval_us;
    for (uint32_t index = 0; index < fanout->packets; index++) {
        now_us += room->shape->interval_us;
        cr_memory_receive(room->shard, now_us, &room->publisher, fanout->wire[index], fanout->lengths[index]);
        for (cr_packet *packet; (packet = cr_shard_dequeue(room->shard));) {
            cr_packet_release(&room->shard->pool, packet);
        }
        room_release_events(room);
    }
}

static uint64_t core_slice(void *context, stopwatch *watch) {
    fanout *fanout = context;
    make_packets(fanout);
    stopwatch_start(watch);
    forward_packets(fanout);
    stopwatch_stop(watch);
    uint64_t operations = (uint64_t)fanout->packets * fanout->room->subscribers;
    fanout->forwarded += operations;
    room_check_forwards(fanout->room, fanout->forwarded);
    return operations;
}

// A back end alone, over the core's own contexts or others with the same keys.
typedef struct sealing {
    fanout *fanout;
    uint32_t packets;  // in one slice, for each subscriber
    cr_srtp *contexts[ROOM_MAX_SUBSCRIBERS];  // NULL: the core's
} sealing;

static sealing *sealing_open(fanout *fanout, cr_srtp *(*open)(uint32_t subscriber), uint32_t packets) {
    sealing *sealing = calloc(1, sizeof *sealing);
    sealing->fanout = fanout;
    sealing->packets = packets;
    for (uint32_t index = 0; open && index < fanout->room->subscribers; index++) {
        sealing->contexts[index] = open(index);
        if (!sealing->contexts[index]) fail("no SRTP context to compare with");
    }
    return sealing;
}

static void sealing_close(sealing *sealing) {
    for (uint32_t index = 0; index < ROOM_MAX_SUBSCRIBERS; index++) cr_srtp_close(sealing->contexts[index]);
    free(sealing);
}

// Protects again what the core protected last, under the same keys and numbers.
static uint64_t protect_slice(void *context, stopwatch *watch) {
    sealing *sealing = context;
    fanout *fanout = sealing->fanout;
    room *room = fanout->room;
    const cr_rtp *rtp = &room->plain_rtp;
    cr_srtp *keys[ROOM_MAX_SUBSCRIBERS];
    uint8_t headers[ROOM_MAX_SUBSCRIBERS][64];
    cr_srtp_parts parts = {.payload = room->plain + rtp->header_length, .payload_length = rtp->payload_length};
    uint16_t last[ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < room->subscribers; index++) {
        cr_rtp_fields fields = room_outgoing(room, index);
        keys[index] = sealing->contexts[index] ? sealing->contexts[index] : room_send_keys(room, index);
        last[index] = fields.sequence;
        parts.header_length = cr_rtp_write_header(&fields, rtp, room->plain, room_subscriber_extensions(),
                                                  headers[index], sizeof headers[index]);
    }
    bool protected = true;
    uint32_t slot = 0;
    stopwatch_start(watch);
    for (uint32_t packet = sealing->packets; packet > 0; packet--) {
        for (uint32_t index = 0; index < room->subscribers; index++) {
            uint16_t sequence = (uint16_t)(last[index] - (packet - 1));
            headers[index][2] = (uint8_t)(sequence >> 8);
            headers[index][3] = (uint8_t)sequence;
            parts.header = headers[index];
            size_t length;
            protected &= cr_srtp_protect_rtp(keys[index], &parts, fanout->output[slot++ % OUTPUT_SLOTS],
                                             CR_PACKET_BYTES, &length) == CR_SRTP_OK;
        }
    }
    stopwatch_stop(watch);
    if (!protected) fail("the back end refuses to protect a packet again");
    return (uint64_t)sealing->packets * room->subscribers;
}

static uint64_t header_slice(void *context, stopwatch *watch) {
    fanout *fanout = context;
    room *room = fanout->room;
    cr_rtp_fields fields[ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < room->subscribers; index++) fields[index] = room_outgoing(room, index);
    size_t written = 0;
    uint32_t slot = 0;
    stopwatch_start(watch);
    for (uint32_t packet = 0; packet < fanout->packets; packet++) {
        for (uint32_t index = 0; index < room->subscribers; index++) {
            fields[index].sequence++;
            written += cr_rtp_write_header(&fields[index], &room->plain_rtp, room->plain, room_subscriber_extensions(),
                                           fanout->output[slot++ % OUTPUT_SLOTS], CR_PACKET_BYTES);
        }
    }
    stopwatch_stop(watch);
    if (written == 0) fail("no header was written");
    return (uint64_t)fanout->packets * room->subscribers;
}

static reference *open_reference(const shape *shape, uint32_t subscribers, uint32_t round_packets) {
    reference_shape reference = {.subscribers = subscribers, .round_packets = round_packets,
                                 .rtp_bytes = shape->rtp_bytes, .output = REFERENCE_NO_SEND};
    return reference_open(&reference, NULL);
}

void bench_memory(const shape *shape, uint32_t subscribers) {
    fanout *encrypted = fanout_open(shape, true, subscribers), *plain = fanout_open(shape, false, subscribers);
    check(encrypted);
    check(plain);
    sealing *ours = sealing_open(encrypted, NULL, encrypted->packets);
    sealing *openssl = sealing_open(encrypted, room_open_openssl, encrypted->packets);
    sealing *libsrtp = sealing_open(encrypted, room_open_libsrtp, 1 + encrypted->packets / LIBSRTP_SHARE);
    reference *one = open_reference(shape, subscribers, 1), *eight = open_reference(shape, subscribers, 8);
    enum { CORE, CORE_PLAIN, PROTECT, OPENSSL, LIBSRTP, HEADER, REFERENCE_1, REFERENCE_8, GETPPID, XORSHIFT, COUNT };
    variant variants[COUNT] = {
        [CORE] = {.name = "packet core", .run = core_slice, .context = encrypted},
        [CORE_PLAIN] = {.name = "packet core, copying instead of encrypting", .run = core_slice, .context = plain},
        [PROTECT] = {.name = "SRTP back end alone", .run = protect_slice, .context = ours},
        [OPENSSL] = {.name = "the same by OpenSSL", .run = protect_slice, .context = openssl},
        [LIBSRTP] = {.name = "the same by libsrtp2", .run = protect_slice, .context = libsrtp},
        [HEADER] = {.name = "new header alone", .run = header_slice, .context = encrypted},
        [REFERENCE_1] = {.name = "reference loop, packets one by one", .run = reference_slice, .context = one},
        [REFERENCE_8] = {.name = "reference loop, eight together", .run = reference_slice, .context = eight},
        [GETPPID] = {.name = "getppid", .run = getppid_slice},
        [XORSHIFT] = {.name = "1000 xorshift steps", .run = xorshift_slice},
    };
    measure(variants, COUNT);
    print_packets(&variants[CORE], REFERENCE_8 + 1);
    print_ratio("core ÷ back end", &variants[CORE], &variants[PROTECT]);
    print_ratio("core ÷ reference, one by one", &variants[CORE], &variants[REFERENCE_1]);
    print_ratio("core ÷ reference, eight together", &variants[CORE], &variants[REFERENCE_8]);
    print_controls(&variants[GETPPID], COUNT - GETPPID);
    print_interrupted(variants, COUNT);
    reference_close(one);
    reference_close(eight);
    sealing_close(ours);
    sealing_close(openssl);
    sealing_close(libsrtp);
    fanout_close(encrypted);
    fanout_close(plain);
}

// callgrind counts what happens inside; instructions.sh knows the name.
__attribute__((noinline)) void bench_counted_packets(void *context) {
    forward_packets(context);
}

static bool count(fanout *fanout, bool stepping) {
    step_count counted;
    make_packets(fanout);
    if (!stepping) {
        bench_counted_packets(fanout);
        printf("%u packets, %s\n", fanout->packets * fanout->room->subscribers, cr_srtp_backend_name());
        return true;
    }
    if (!step_through(bench_counted_packets, fanout, &counted)) return false;
    uint32_t packets = fanout->packets * fanout->room->subscribers;
    printf("%" PRIu64 " %" PRIu64 " %s\n", counted.all / packets, counted.cipher / packets, cr_srtp_backend_name());
    return true;
}

bool bench_instructions(const char *name, bool stepping) {
    static const struct {
        const char *name;
        const shape *shape;
        bool encrypted;
        uint32_t subscribers;
    } cases[] = {
        {"video-10", &video_shape, true, 10},           {"video-299", &video_shape, true, 299},
        {"video-299-copying", &video_shape, false, 299}, {"voice-299", &audio_shape, true, 299},
        {"voice-299-copying", &audio_shape, false, 299},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        if (strcmp(cases[index].name, name) != 0) continue;
        fanout *fanout = fanout_open(cases[index].shape, cases[index].encrypted, cases[index].subscribers);
        check(fanout);
        if (stepping) fanout->packets = STEPPED_PACKETS / cases[index].subscribers;
        // What only happens once is done before: caches are full, the pool has grown.
        for (uint32_t packet = 0; packet < 2u * fanout->room->shape->cache_packets; packet += fanout->packets) {
            make_packets(fanout);
            forward_packets(fanout);
        }
        bool counted = count(fanout, stepping);
        fanout_close(fanout);
        return counted;
    }
    return false;
}

// What the first packet of an SSRC makes the back end allocate, for each subscriber.
static double measure_ssrc(room *room) {
    uint8_t bytes[CR_PACKET_BYTES];
    double before = room_heap(room);
    size_t length = room_next_packet(room, bytes);
    cr_memory_receive(room->shard, room->now_us, &room->publisher, bytes, length);
    double growth = room_heap(room) - before;
    while (cr_memory_send(room->shard, &(cr_address){0}, bytes, sizeof bytes) > 0) continue;
    room_check_forwards(room, room->subscribers);
    return growth / room->subscribers;
}

static void print_bytes(const char *name, double core, double heap) {
    printf("    %-42s %8.0f", name, core);
    if (heap > 0) printf(" %8.0f", heap);
    printf("\n");
}

void bench_objects(void) {
    cr_address publisher = room_address(0), targets[ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < ROOM_MAX_SUBSCRIBERS; index++) targets[index] = room_address(index + 1);
    room *video = room_open(&video_shape, true, ROOM_MAX_SUBSCRIBERS, &publisher, targets);
    room *voice = room_open(&audio_shape, true, ROOM_MAX_SUBSCRIBERS, &publisher, targets);
    printf("    %-42s %8s %8s\n", "bytes", "core", "heap");
    print_bytes("transport that publishes", video->memory.publisher, 0);
    print_bytes("transport that subscribes", video->memory.subscriber, video->memory.subscriber_heap);
    double ssrc = measure_ssrc(video);
    print_bytes("SRTP state of an outgoing SSRC", 0, ssrc);
    print_bytes("video stream", video->memory.stream, 0);
    print_bytes("video forward", video->memory.forward, 0);
    print_bytes("voice stream", voice->memory.stream, 0);
    print_bytes("voice forward", voice->memory.forward, 0);
    print_bytes("packet buffer of the pool", sizeof(cr_packet), 0);
    // A webinar's subscriber gets a video and a voice. In a meeting of 15 everybody sends both, which are kept, and gets
    // 14 of each.
    double heard = video->memory.forward + voice->memory.forward + 2 * ssrc;
    double kept = sizeof(cr_packet) * ((MEETING_VIDEO_PER_S + MEETING_VOICE_PER_S) * CR_CACHE_AGE_US / 1e6);
    print_bytes("webinar: all of a subscriber", 0, video->memory.subscriber_heap + heard);
    print_bytes("meeting of 15: all of a participant", 0,
                video->memory.subscriber_heap + video->memory.publisher - video->memory.subscriber +
                    video->memory.stream + voice->memory.stream + kept + 14 * heard);
    room_close(video);
    room_close(voice);
}
