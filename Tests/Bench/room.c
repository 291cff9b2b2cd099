// room.c: see room.h. Keys and payloads are pseudo-random and the same in every run.

#include "room.h"

#include "../../Sources/CRelay/core/bytes.h"
#include "../../Sources/CRelay/core/srtp_aead.h"
#include "measure.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE CR_SRTP_AEAD_AES_128_GCM
#define LONGEST_KEY_BYTES 44u
#define PAYLOAD_TYPE 96u
#define RTX_PAYLOAD_TYPE 97u
#define VOICE_PAYLOAD_TYPE 111u
#define SUBSCRIBER_PAYLOAD_TYPE 100u
#define PUBLISHER_SSRC 0x70000000u
#define SUBSCRIBER_SSRC 0x10000000u  // of the first one; the next follow by two, for RTX
#define STREAM_ID (1u << CR_ID_INDEX_BITS)
#define FIRST_TIMESTAMP 0xFFFFF000u  // wraps soon

const shape video_shape = {
    .name = "VP8 video, 1200 B", .codec = CR_CODEC_VP8, .rtp_bytes = 1200, .clock_rate = 90000, .interval_us = 5000,
    .frame_packets = 6, .cache_packets = 512,
};
const shape audio_shape = {
    .name = "Opus voice, 100 B", .codec = CR_CODEC_OPUS, .rtp_bytes = 100, .clock_rate = 48000, .interval_us = 20000,
    .frame_packets = 1, .cache_packets = 64,
};

static const cr_extension_map publisher_extensions = {
    {[CR_EXT_MID] = 4, [CR_EXT_AUDIO_LEVEL] = 1, [CR_EXT_TRANSPORT_SEQUENCE] = 3}};
static const cr_extension_map subscriber_extensions = {{[CR_EXT_MID] = 9, [CR_EXT_AUDIO_LEVEL] = 10}};

const cr_extension_map *room_subscriber_extensions(void) {
    return &subscriber_extensions;
}

cr_address room_address(uint32_t number) {
    return (cr_address){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, (uint8_t)(number >> 8), (uint8_t)number},
                        .port = (uint16_t)(40000u + number)};
}

static void demand(cr_result result, const char *what) {
    if (result != CR_OK) fail("%s: result %d", what, result);
}

// --------------------------------------------------------------------------------------------------------- opening

// Index 0 is the publisher, 1 and up are the subscribers.
static cr_id transport_id(uint32_t index) {
    return 1u << CR_ID_INDEX_BITS | index;
}

static void make_key(uint32_t index, cr_srtp_direction direction, uint8_t key[LONGEST_KEY_BYTES]) {
    uint64_t state = 0x9E3779B97F4A7C15u * (2 * (uint64_t)index + direction + 1);
    for (size_t at = 0; at < LONGEST_KEY_BYTES; at++) key[at] = (uint8_t)(xorshift(&state) >> 32);
}

static void open_transport(room *room, uint32_t index, const cr_address *address, const cr_extension_map *extensions) {
    cr_id id = transport_id(index);
    demand(cr_transport_open(room->shard, id), "cr_transport_open");
    demand(cr_transport_add_address(room->shard, id, address), "cr_transport_add_address");
    demand(cr_transport_set_extensions(room->shard, id, extensions), "cr_transport_set_extensions");
    if (room->encrypted) {
        uint8_t receive_key[LONGEST_KEY_BYTES], send_key[LONGEST_KEY_BYTES];
        make_key(index, CR_SRTP_RECEIVE, receive_key);
        make_key(index, CR_SRTP_SEND, send_key);
        size_t length = cr_srtp_key_bytes(PROFILE);
        demand(cr_transport_set_keys(room->shard, id, PROFILE, receive_key, send_key, length), "cr_transport_set_keys");
    } else {
        cr_transport *transport = cr_transport_find(room->shard, id);
        transport->receive_keys = copying_open();
        transport->send_keys = copying_open();
    }
}

static void open_stream(room *room) {
    cr_stream_config config = {
        .transport = transport_id(0),
        .kind = room->shape->codec == CR_CODEC_OPUS ? CR_AUDIO : CR_VIDEO,
        .ssrc = PUBLISHER_SSRC,
        .rtx_ssrc = PUBLISHER_SSRC + 1,
        .format_count = 1,
        .formats = {{.payload_type = PAYLOAD_TYPE, .rtx_payload_type = RTX_PAYLOAD_TYPE,
                     .codec = (uint8_t)room->shape->codec, .clock_rate = room->shape->clock_rate}},
        .nack = true,
        .cache_packets = room->shape->cache_packets,
    };
    demand(cr_stream_open(room->shard, STREAM_ID, &config), "cr_stream_open");
}

static void open_forward(room *room, uint32_t subscriber) {
    cr_forward_config config = {
        .stream = STREAM_ID,
        .transport = transport_id(subscriber + 1),
        .ssrc = SUBSCRIBER_SSRC + 2 * subscriber,
        .rtx_ssrc = SUBSCRIBER_SSRC + 2 * subscriber + 1,
        .mid = "7",
        .payload_count = 1,
        .payloads = {{.from = PAYLOAD_TYPE, .to = SUBSCRIBER_PAYLOAD_TYPE, .rtx = SUBSCRIBER_PAYLOAD_TYPE + 1}},
        .history_packets = room->shape->cache_packets,
    };
    demand(cr_forward_open(room->shard, 1u << CR_ID_INDEX_BITS | subscriber, &config), "cr_forward_open");
}

double room_heap(const room *room) {
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) - (double)room->shard->pool.total * sizeof(cr_packet);
}

static double allocated(const room *room) {
    cr_shard_statistics statistics;
    cr_shard_read_statistics(room->shard, &statistics);
    return (double)statistics.allocated_bytes;
}

static void open_objects(room *room, const cr_address *publisher, const cr_address *targets) {
    double before = allocated(room);
    open_transport(room, 0, publisher, &publisher_extensions);
    double publisher_bytes = allocated(room) - before;
    before = allocated(room);
    double heap_before = room_heap(room);
    for (uint32_t index = 0; index < room->subscribers; index++) {
        open_transport(room, index + 1, &targets[index], &subscriber_extensions);
    }
    room->memory.subscriber = (allocated(room) - before) / room->subscribers;
    room->memory.subscriber_heap = (room_heap(room) - heap_before) / room->subscribers;
    before = allocated(room);
    open_stream(room);
    // The log of arrivals comes with a transport's first stream.
    double log_bytes = CR_ARRIVALS * sizeof(cr_arrival);
    room->memory.stream = allocated(room) - before - log_bytes;
    room->memory.publisher = publisher_bytes + log_bytes;
    before = allocated(room);
    for (uint32_t index = 0; index < room->subscribers; index++) open_forward(room, index);
    room->memory.forward = (allocated(room) - before) / room->subscribers;
}

room *room_open(const shape *shape, bool encrypted, uint32_t subscribers, const cr_address *publisher,
                const cr_address *targets) {
    room *room = calloc(1, sizeof *room);
    // A stream more than there are sources: the one that another worker mirrors.
    cr_shard_config config = {.max_transports = ROOM_MAX_SUBSCRIBERS + 1, .max_streams = 2 + ROOM_MAX_VOICES,
                              .max_forwards = ROOM_MAX_SUBSCRIBERS * (1 + ROOM_MAX_VOICES), .max_packets = 16384,
                              .hash_seed = 1};
    room->shape = shape;
    room->encrypted = encrypted;
    room->subscribers = subscribers;
    room->shard = cr_shard_create(&config);
    room->now_us = 1000000;
    room->publisher = *publisher;
    memcpy(room->targets, targets, subscribers * sizeof *targets);
    open_objects(room, publisher, targets);
    uint8_t key[LONGEST_KEY_BYTES];
    make_key(0, CR_SRTP_RECEIVE, key);
    room->sending = encrypted ? cr_srtp_lib_open(PROFILE, CR_SRTP_SEND, key, cr_srtp_key_bytes(PROFILE))
                              : copying_open();
    if (!room->sending) fail("no SRTP context for the publisher");
    return room;
}

void room_close(room *room) {
    cr_srtp_close(room->sending);
    cr_shard_destroy(room->shard);
    free(room);
}

// ---------------------------------------------------------------------------------------------------------- voices

// Index 0 is the room's stream. Each voice has a stream of the publisher, and a forward to each subscriber.
void room_add_voices(room *room, uint32_t count) {
    for (uint32_t voice = 0; voice < count; voice++) {
        uint32_t number = ++room->voices;
        cr_stream_config stream = {
            .transport = transport_id(0),
            .kind = CR_AUDIO,
            .ssrc = PUBLISHER_SSRC + 2 * number,
            .format_count = 1,
            .formats = {{.payload_type = VOICE_PAYLOAD_TYPE, .codec = CR_CODEC_OPUS, .clock_rate = 48000}},
            .cache_packets = audio_shape.cache_packets,
        };
        demand(cr_stream_open(room->shard, STREAM_ID + number, &stream), "cr_stream_open");
        for (uint32_t subscriber = 0; subscriber < room->subscribers; subscriber++) {
            cr_forward_config config = {
                .stream = STREAM_ID + number,
                .transport = transport_id(subscriber + 1),
                .ssrc = SUBSCRIBER_SSRC + 0x10000u * number + subscriber,
                .mid = "8",
                .payload_count = 1,
                .payloads = {{.from = VOICE_PAYLOAD_TYPE, .to = VOICE_PAYLOAD_TYPE}},
                .history_packets = audio_shape.cache_packets,
            };
            cr_id id = 1u << CR_ID_INDEX_BITS | (number * ROOM_MAX_SUBSCRIBERS + subscriber);
            demand(cr_forward_open(room->shard, id, &config), "cr_forward_open");
        }
    }
}

size_t room_next_voice(room *room, uint32_t voice, size_t rtp_bytes, uint8_t *wire) {
    uint8_t plain[CR_PACKET_BYTES] = {0};
    uint32_t sequence = room->next_voice[voice]++;
    cr_writer writer = cr_writer_make(plain, rtp_bytes);
    cr_write_u8(&writer, 0x80);
    cr_write_u8(&writer, VOICE_PAYLOAD_TYPE);
    cr_write_u16(&writer, (uint16_t)sequence);
    cr_write_u32(&writer, sequence * 960u);
    cr_write_u32(&writer, PUBLISHER_SSRC + 2 * (voice + 1));
    cr_srtp_parts parts = {.header = plain, .header_length = CR_RTP_HEADER_BYTES,
                           .payload = plain + CR_RTP_HEADER_BYTES, .payload_length = rtp_bytes - CR_RTP_HEADER_BYTES};
    size_t length = 0;
    if (cr_srtp_protect_rtp(room->sending, &parts, wire, CR_PACKET_BYTES, &length) != CR_SRTP_OK) {
        fail("the publisher cannot encrypt");
    }
    return length;
}

// --------------------------------------------------------------------------------------------------------- packets

static void write_element(cr_writer *writer, cr_extension kind, const void *bytes, size_t length) {
    cr_write_u8(writer, (uint8_t)(publisher_extensions.ids[kind] << 4 | (length - 1)));  // RFC 8285, 4.2
    cr_write_bytes(writer, bytes, length);
}

// A one-byte extension block of two words: MID, transport-wide sequence number and, for voice, the audio level.
static void write_header(const room *room, cr_writer *writer) {
    uint32_t frame = room->next / room->shape->frame_packets;
    bool marker = room->next % room->shape->frame_packets == room->shape->frame_packets - 1u;
    uint32_t frame_us = room->shape->interval_us * room->shape->frame_packets;
    uint32_t frame_ticks = (uint32_t)((uint64_t)room->shape->clock_rate * frame_us / 1000000u);
    cr_write_u8(writer, 0x90);
    cr_write_u8(writer, (uint8_t)((marker ? 0x80u : 0u) | PAYLOAD_TYPE));
    cr_write_u16(writer, (uint16_t)room->next);
    cr_write_u32(writer, FIRST_TIMESTAMP + frame * frame_ticks);
    cr_write_u32(writer, PUBLISHER_SSRC);
    cr_write_u16(writer, 0xBEDE);
    cr_write_u16(writer, 2);
    size_t end = writer->length + 8;
    write_element(writer, CR_EXT_MID, "0", 1);
    write_element(writer, CR_EXT_TRANSPORT_SEQUENCE, (uint8_t[2]){(uint8_t)(room->next >> 8), (uint8_t)room->next}, 2);
    if (room->shape->codec == CR_CODEC_OPUS) write_element(writer, CR_EXT_AUDIO_LEVEL, (uint8_t[1]){0x80 | 30}, 1);
    while (writer->length < end) cr_write_u8(writer, 0);
}

static void write_payload(const room *room, cr_writer *writer) {
    if (room->shape->codec == CR_CODEC_VP8) {  // RFC 7741, 4.2: 15-bit picture id and TL0PICIDX
        uint32_t frame = room->next / room->shape->frame_packets;
        bool start = room->next % room->shape->frame_packets == 0;
        cr_write_u8(writer, start ? 0x90 : 0x80);
        cr_write_u8(writer, 0xC0);
        cr_write_u16(writer, (uint16_t)(0x8000u | (frame & 0x7FFFu)));
        cr_write_u8(writer, (uint8_t)frame);
        cr_write_u8(writer, frame == 0 ? 0x00 : 0x01);  // 4.3: only the first frame is a keyframe
    }
    uint64_t state = 0x2545F4914F6CDD1Du + room->next;
    while (writer->length + 8 <= room->shape->rtp_bytes) {
        uint64_t word = xorshift(&state);
        cr_write_bytes(writer, (const uint8_t *)&word, sizeof word);
    }
    while (writer->length < room->shape->rtp_bytes) cr_write_u8(writer, 0xAA);
}

size_t room_next_packet(room *room, uint8_t *wire) {
    cr_writer writer = cr_writer_make(room->plain, sizeof room->plain);
    write_header(room, &writer);
    size_t header_length = writer.length;
    write_payload(room, &writer);
    cr_extension_index index;
    cr_extension_index_make(&publisher_extensions, &index);
    if (!cr_rtp_parse_header(room->plain, writer.length, &index, &room->plain_rtp)) fail("the publisher's own packet");
    cr_srtp_parts parts = {.header = room->plain, .header_length = header_length,
                           .payload = room->plain + header_length, .payload_length = writer.length - header_length};
    size_t length;
    if (cr_srtp_protect_rtp(room->sending, &parts, wire, CR_PACKET_BYTES, &length) != CR_SRTP_OK) {
        fail("the publisher's packet %u cannot be encrypted", room->next);
    }
    room->next++;
    room->now_us += room->shape->interval_us;
    return length;
}

cr_srtp *room_send_keys(const room *room, uint32_t subscriber) {
    return cr_transport_find(room->shard, transport_id(subscriber + 1))->send_keys;
}

cr_srtp *room_open_openssl(uint32_t subscriber) {
    uint8_t key[LONGEST_KEY_BYTES];
    cr_srtp_keys keys;
    make_key(subscriber + 1, CR_SRTP_SEND, key);
    return cr_srtp_derive_keys(key, cr_srtp_key_bytes(PROFILE), &keys)
               ? cr_srtp_aead_open(cr_aead_evp(), CR_SRTP_SEND, &keys)
               : NULL;
}

cr_srtp *room_open_libsrtp(uint32_t subscriber) {
    uint8_t key[LONGEST_KEY_BYTES];
    make_key(subscriber + 1, CR_SRTP_SEND, key);
    return cr_srtp_lib_open(PROFILE, CR_SRTP_SEND, key, cr_srtp_key_bytes(PROFILE));
}

cr_rtp_fields room_outgoing(const room *room, uint32_t subscriber) {
    cr_forward_statistics sent;
    cr_forward_read_statistics(room->shard, 1u << CR_ID_INDEX_BITS | subscriber, &sent);
    return (cr_rtp_fields){.marker = room->plain_rtp.marker, .payload_type = SUBSCRIBER_PAYLOAD_TYPE,
                           .sequence = sent.last_sequence, .timestamp = sent.last_timestamp,
                           .ssrc = SUBSCRIBER_SSRC + 2 * subscriber, .mid = "7", .mid_length = 1};
}

void room_check_forwards(const room *room, uint64_t expected) {
    cr_shard_statistics statistics;
    cr_shard_read_statistics(room->shard, &statistics);
    for (int reason = 0; reason < CR_DROP_REASONS; reason++) {
        if (statistics.drops[reason] > 0) {
            fail("%llu packets dropped: %s", (unsigned long long)statistics.drops[reason],
                 cr_drop_reason_name((cr_drop_reason)reason));
        }
    }
    if (statistics.forwards != expected || room->shard->queue_count != 0) {
        fail("%llu packets forwarded instead of %llu, %u still queued", (unsigned long long)statistics.forwards,
             (unsigned long long)expected, room->shard->queue_count);
    }
}

void room_release_events(room *room) {
    size_t count;
    cr_shard_events(room->shard, &count);
    cr_shard_release_events(room->shard);
}

// -------------------------------------------------------------------------------------------------------- listener

listener listener_open(const room *room, uint32_t subscriber) {
    uint8_t key[LONGEST_KEY_BYTES];
    make_key(subscriber + 1, CR_SRTP_SEND, key);
    cr_srtp *receiving = room->encrypted
                             ? cr_srtp_lib_open(PROFILE, CR_SRTP_RECEIVE, key, cr_srtp_key_bytes(PROFILE))
                             : copying_open();
    if (!receiving) fail("no SRTP context for the listener");
    return (listener){.room = room, .subscriber = subscriber, .receiving = receiving};
}

void listener_check(listener *listener, const uint8_t *wire, size_t length) {
    const room *room = listener->room;
    const cr_rtp *sent = &room->plain_rtp;
    uint8_t plain[CR_PACKET_BYTES];
    memcpy(plain, wire, length);
    cr_extension_index index;
    cr_extension_index_make(&subscriber_extensions, &index);
    cr_rtp rtp;
    if (cr_srtp_unprotect_rtp(listener->receiving, plain, &length) != CR_SRTP_OK) fail("a subscriber cannot decrypt");
    if (!cr_rtp_parse_header(plain, length, &index, &rtp)) fail("a subscriber cannot read the header");
    cr_element mid = rtp.extensions[CR_EXT_MID];
    bool right = rtp.ssrc == SUBSCRIBER_SSRC + 2 * listener->subscriber && rtp.marker == sent->marker &&
                 rtp.payload_type == SUBSCRIBER_PAYLOAD_TYPE && mid.length == 1 && plain[mid.offset] == '7' &&
                 (rtp.extensions[CR_EXT_AUDIO_LEVEL].offset != 0) == (room->shape->codec == CR_CODEC_OPUS);
    if (!right) fail("packet %u has the wrong header", room->next - 1);
    uint32_t elapsed = sent->timestamp - listener->last_plain_timestamp;
    if (listener->heard > 0 && (rtp.sequence != (uint16_t)(listener->last_sequence + 1u) ||
                                rtp.timestamp != listener->last_timestamp + elapsed)) {
        fail("packet %u does not continue its stream", room->next - 1);
    }
    if (rtp.payload_length != sent->payload_length ||
        memcmp(plain + rtp.header_length, room->plain + sent->header_length, sent->payload_length) != 0) {
        fail("packet %u has the wrong payload", room->next - 1);
    }
    listener->heard++;
    listener->last_sequence = rtp.sequence;
    listener->last_timestamp = rtp.timestamp;
    listener->last_plain_timestamp = sent->timestamp;
}

void listener_close(listener *listener) {
    if (listener->heard == 0) fail("a subscriber heard nothing");
    cr_srtp_close(listener->receiving);
}
