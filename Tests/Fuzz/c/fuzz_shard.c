// Fuzz target: a whole shard with three transports, streams and forwards, driven by a script. Each step is one byte of
// operation, one of operand, one of length, then that many bytes. Plain RTP enters by cr_stream_push, or is protected
// first so that it goes through demultiplexing; raw datagrams enter as they are. A seventh stream can be the mirror of
// any other, by a link from the shard to itself. At the end everything is closed and nothing may be left.

#include "../../../Sources/CRelay/core/shard.h"

#include <stdlib.h>
#include <string.h>

enum { TRANSPORTS = 3, STREAMS = 6, MIRROR = 6, FORWARDS = 8, GENERATION = 1u << CR_ID_INDEX_BITS };

static const uint8_t key[31] = "a key for all three transports";

typedef struct scene {
    cr_shard *shard;
    cr_link *link;
    cr_srtp *sending[TRANSPORTS];
    uint64_t now;
    uint32_t generation;
    bool gathers;  // datagrams wait for a turn, as in a receive batch
} scene;

static void require(bool condition) {
    if (!condition) abort();
}

static cr_address address_of(uint32_t transport) {
    return (cr_address){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (uint8_t)transport}, .port = 4000};
}

static void open_stream(scene *s, uint32_t index, uint32_t generation) {
    static const cr_codec codecs[STREAMS] = {CR_CODEC_VP8, CR_CODEC_VP8, CR_CODEC_RED, CR_CODEC_H264, CR_CODEC_AV1,
                                             CR_CODEC_VP9};
    bool audio = codecs[index] == CR_CODEC_RED;
    cr_stream_config config = {
        .transport = index == 5 ? CR_ID_NONE : GENERATION | index % 2,
        .kind = audio ? CR_AUDIO : CR_VIDEO,
        .format_count = 2,
        .formats = {{96, 97, (uint8_t)codecs[index], 90000}, {111, 0, CR_CODEC_OPUS, 48000}},
        .nack = index != 4,
        .cache_packets = index == 3 ? 0 : 64,
        .ssrc = index == 2 ? 300 : 0,
    };
    config.mid[0] = (char)('0' + index / 2);
    if (index < 2) config.rid[0] = (char)('f' + index);
    cr_stream_open(s->shard, generation | index, &config);
}

static void open_mirror(scene *s, uint32_t generation) {
    cr_stream_config config = {
        .transport = CR_ID_NONE,
        .kind = CR_VIDEO,
        .format_count = 2,
        .formats = {{96, 97, CR_CODEC_VP8, 90000}, {111, 0, CR_CODEC_RED, 48000}},
        .cache_packets = 64,
        .mirror = true,
    };
    cr_stream_open(s->shard, generation | MIRROR, &config);
}

static void change_mirror(scene *s, uint8_t operand) {
    cr_id source = GENERATION | operand % STREAMS;
    if (operand & 0x80) {
        cr_stream_remove_mirror(s->shard, source, s->link);
    } else {
        cr_stream_add_mirror(s->shard, source, s->link, operand & 0x40 ? s->generation | MIRROR : GENERATION | MIRROR);
    }
}

static void open_forward(scene *s, uint32_t index, uint32_t generation) {
    cr_forward_config config = {
        .stream = GENERATION | index % STREAMS,
        .transport = GENERATION | (index % 2 ? 2 : 1),
        .ssrc = 1000 + index * 2,
        .rtx_ssrc = index % 3 ? 1001 + index * 2 : 0,
        .mid = "9",
        .payload_count = 2,
        .payloads = {{96, 100, 101, index == 2}, {111, 111, 0, false}},
        .history_packets = index == 7 ? 0 : 64,
    };
    cr_forward_open(s->shard, generation | index, &config);
}

static void open_scene(scene *s) {
    cr_shard_config config = {.max_transports = 4, .max_streams = 8, .max_forwards = 8, .max_packets = 600,
                              .hash_seed = 5};
    *s = (scene){.shard = cr_shard_create(&config), .now = 1000000, .generation = GENERATION};
    cr_extension_map map;
    for (uint8_t kind = 0; kind < CR_EXT_COUNT; kind++) map.ids[kind] = (uint8_t)(kind + 1);
    for (uint32_t index = 0; index < TRANSPORTS; index++) {
        cr_srtp_profile profile = index == 1 ? CR_SRTP_AEAD_AES_128_GCM : CR_SRTP_AES128_CM_SHA1_80;
        size_t length = cr_srtp_key_bytes(profile);
        cr_address address = address_of(index);
        cr_transport_open(s->shard, GENERATION | index);
        cr_transport_add_address(s->shard, GENERATION | index, &address);
        cr_transport_set_keys(s->shard, GENERATION | index, profile, key, key, length);
        cr_transport_set_extensions(s->shard, GENERATION | index, &map);
        s->sending[index] = cr_srtp_open(profile, CR_SRTP_SEND, key, length);
    }
    for (uint32_t index = 0; index < STREAMS; index++) open_stream(s, index, GENERATION);
    open_mirror(s, GENERATION);
    s->link = cr_link_create(NULL);
    cr_shard_add_link(s->shard, s->link);
    for (uint32_t index = 0; index < FORWARDS; index++) open_forward(s, index, GENERATION);
}

static void receive(scene *s, const cr_address *from, const uint8_t *bytes, size_t length) {
    cr_packet *packet = s->gathers ? cr_pool_take(&s->shard->pool) : NULL;
    if (!packet) {
        cr_memory_receive(s->shard, s->now, from, bytes, length);
        return;
    }
    if (length > 0) memcpy(packet->data, bytes, length);
    packet->length = (uint32_t)length;
    packet->address = *from;
    cr_shard_receive(s->shard, s->now, packet);
}

static void protect_and_receive(scene *s, uint32_t transport, const uint8_t *bytes, size_t length) {
    uint8_t wire[CR_PACKET_BYTES];
    size_t wire_length = 0;
    cr_address from = address_of(transport);
    cr_srtp_parts parts = {.header = bytes, .header_length = length};
    bool rtcp = length > 1 && bytes[1] >= 192 && bytes[1] <= 223;
    if (length < 12) return;
    cr_srtp_status status =
        rtcp ? cr_srtp_protect_rtcp(s->sending[transport], bytes, length, wire, sizeof wire, &wire_length)
             : cr_srtp_protect_rtp(s->sending[transport], &parts, wire, sizeof wire, &wire_length);
    if (status == CR_SRTP_OK) receive(s, &from, wire, wire_length);
}

static void drain(scene *s) {
    uint8_t out[CR_PACKET_BYTES];
    cr_address to;
    while (cr_memory_send(s->shard, &to, out, sizeof out) > 0) continue;
    size_t count;
    const cr_event *events = cr_shard_events(s->shard, &count);
    unsigned sum = 0;
    for (size_t index = 0; index < count; index++) {
        for (size_t byte = 0; byte < events[index].length; byte++) sum += events[index].bytes[byte];
    }
    *(volatile unsigned *)&sum = sum;
    cr_shard_release_events(s->shard);
}

static void retransmit(scene *s, uint8_t operand) {
    uint32_t ssrc = 1000 + operand % FORWARDS * 2u;
    cr_id transport = GENERATION | (operand % FORWARDS % 2 ? 2u : 1u);
    cr_forward_statistics statistics;
    if (cr_forward_read_statistics(s->shard, GENERATION | operand % FORWARDS, &statistics) != CR_OK) return;
    uint16_t sequences[32];
    for (uint16_t index = 0; index < 32; index++) sequences[index] = (uint16_t)(statistics.last_sequence - index);
    cr_forward_retransmit(s->shard, s->now, operand * 1000u, transport, ssrc, sequences, 32);
}

static void step(scene *s, uint8_t operation, uint8_t operand, const uint8_t *bytes, size_t length) {
    cr_address from = address_of(operand % 4);
    cr_id stream = GENERATION | operand % STREAMS, forward = GENERATION | operand % FORWARDS;
    uint16_t missing[16];
    uint64_t next;
    switch (operation % 18) {
    case 0:
    case 1: protect_and_receive(s, operand % TRANSPORTS, bytes, length); break;
    case 2: cr_stream_push(s->shard, s->now, stream, bytes, length); break;
    case 3: receive(s, &from, bytes, length); break;
    case 4:
        if (operand & 1) s->now += (uint64_t)operand * operand * 100u;
        if (operand & 2) s->gathers = operand & 4;
        if (operand & 8) cr_shard_forward(s->shard, operand & 16 ? CR_AUDIO : CR_VIDEO, operand / 32u * 3);
        if (operand & 32) cr_shard_hand_up(s->shard);
        break;
    case 5: cr_stream_set_muted(s->shard, stream, operand & 0x80); break;
    case 6: cr_stream_set_tap(s->shard, stream, operand & 0x80); break;
    case 7: cr_forward_set_source(s->shard, forward, GENERATION | operand / 8 % (STREAMS + 1)); break;
    case 8: cr_forward_set_paused(s->shard, forward, operand & 0x80); break;
    case 9: retransmit(s, operand); break;
    case 10: cr_stream_missing(s->shard, stream, s->now, operand * 1000u, missing, operand % 17, &next); break;
    case 11: drain(s); break;
    case 12: cr_stream_close(s->shard, stream); break;
    case 13: cr_forward_close(s->shard, forward); break;
    case 14:
        // Closed objects come back under another generation: only the script's later steps by old id must fail.
        s->generation += GENERATION;
        if (s->generation == 0xFFFu << CR_ID_INDEX_BITS) return;
        open_stream(s, operand % STREAMS, s->generation);
        open_forward(s, operand % FORWARDS, s->generation);
        if (operand & 0x10) cr_stream_close(s->shard, (s->generation - GENERATION) | MIRROR);
        open_mirror(s, s->generation);
        break;
    case 15:
        if (operand & 0x40) {
            cr_transport_clear_addresses(s->shard, GENERATION | operand % TRANSPORTS);
        } else {
            cr_transport_add_address(s->shard, GENERATION | operand % TRANSPORTS, &from);
        }
        break;
    case 16: change_mirror(s, operand); break;
    case 17:
        cr_memory_publish(s->shard);
        cr_memory_take(s->shard, s->now);
        break;
    }
}

static void close_scene(scene *s) {
    for (uint32_t index = 0; index < TRANSPORTS; index++) {
        cr_transport_close(s->shard, GENERATION | index);
        cr_srtp_close(s->sending[index]);
    }
    cr_id last = s->generation;
    for (cr_id generation = GENERATION; generation <= last; generation += GENERATION) {
        cr_stream_close(s->shard, generation | 5);
        cr_stream_close(s->shard, generation | MIRROR);
    }
    drain(s);
    while (cr_shard_is_busy(s->shard)) {
        cr_shard_hand_up(s->shard);
        drain(s);
    }
    while (s->shard->event_count > 0) drain(s);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(s->shard, &statistics);
    require(statistics.packets_in_use == 0);
    require(statistics.allocated_bytes == 0);
    require(statistics.transports + statistics.streams + statistics.forward_count == 0);
    cr_shard_destroy(s->shard);
    cr_link_destroy(s->link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    scene s;
    open_scene(&s);
    for (int steps = 0; size >= 3 && steps < 400; steps++) {
        size_t length = data[2];
        if (length > size - 3) length = size - 3;
        step(&s, data[0], data[1], data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    close_scene(&s);
    return 0;
}
