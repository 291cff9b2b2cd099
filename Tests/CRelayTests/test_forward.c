// Subscriptions: outgoing numbers under loss, reordering and drops; change of source; muting, pausing; RTX; RED.

#include "world.h"

#include "../../Sources/CRelay/core/sequence.h"

typedef struct scene {
    world *w;
    world_peer *sender, *receiver;
} scene;

static scene open_scene(cr_codec codec) {
    scene s = {.w = world_open()};
    s.sender = world_join(s.w);
    s.receiver = world_join(s.w);
    cr_stream_config stream = world_stream(s.sender, codec, 100);
    stream.rtx_ssrc = 101;
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(0), &stream), CR_OK);
    cr_forward_config forward = world_forward(s.receiver, world_id(0), 700);
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(0), &forward), CR_OK);
    world_clear(s.w);
    return s;
}

static void send_audio(scene *s, uint16_t sequence) {
    uint8_t payload[4] = {0x78, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = sequence, .timestamp = sequence * 960u,
                     .payload = payload, .payload_length = 4, .mid = "0", .level = 21};
    s->w->now += 20000;
    world_send(s->w, s->sender, &rtp);
    world_drain(s->w);
}

static void send_probe(scene *s, uint16_t sequence) {
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = sequence, .timestamp = sequence * 960u,
                     .padding = 200};
    world_send(s->w, s->sender, &rtp);
    world_drain(s->w);
}

static world_packet *last(const scene *s) {
    CHECK(s->receiver->count > 0);
    return &s->receiver->inbox[s->receiver->count - 1];
}

static uint16_t original_of(const world_packet *packet) {
    const uint8_t *payload = packet->bytes + packet->rtp.header_length;
    return (uint16_t)(payload[1] << 8 | payload[2]);
}

static cr_forward_statistics statistics_of(const scene *s) {
    cr_forward_statistics statistics;
    CHECK_EQ(cr_forward_read_statistics(s->w->shard, world_id(0), &statistics), CR_OK);
    return statistics;
}

TEST(forward_goes_on_under_other_payload_types) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 1);
    send_audio(&s, 2);
    uint16_t sequence = last(&s)->rtp.sequence;
    cr_payload_map other = {.from = WORLD_MEDIA, .to = 77};
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(0), &other, 1), CR_OK);
    send_audio(&s, 3);
    CHECK_EQ(last(&s)->rtp.payload_type, 77);
    CHECK_EQ(last(&s)->rtp.sequence, (uint16_t)(sequence + 1));
    // What left under the first type cannot be written again as it was.
    uint32_t count = s.receiver->count;
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, s.receiver->transport, 700, &sequence, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, count);
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(0), NULL, 0), CR_OK);
    send_audio(&s, 4);
    CHECK_EQ(s.receiver->count, count);
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(0), &other, 1), CR_OK);
    send_audio(&s, 5);
    CHECK_EQ(last(&s)->rtp.sequence, (uint16_t)(sequence + 2));
    cr_payload_map illegal = {.from = 128};
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(0), &illegal, 1), CR_INVALID);
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(0), &other, CR_MAX_FORMATS + 1), CR_INVALID);
    CHECK_EQ(cr_forward_set_payloads(s.w->shard, world_id(5), &other, 1), CR_STALE);
    world_close(s.w);
}

TEST(forward_rewrites_header_and_counts) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 65535);
    send_audio(&s, 0);
    CHECK_EQ(s.receiver->count, 2);
    world_packet *packet = last(&s);
    CHECK_EQ(packet->rtp.ssrc, 700);
    CHECK_EQ(packet->rtp.payload_type, 100);
    CHECK_EQ((uint16_t)(packet->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    CHECK_EQ(packet->rtp.timestamp, 0);
    CHECK_BYTES(packet->bytes + packet->rtp.extensions[CR_EXT_MID].offset, "m7", 2);
    CHECK_EQ(packet->bytes[packet->rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 20);
    CHECK_EQ(world_events(s.w, CR_EVENT_FORWARD_STARTED, world_id(0)), 1);
    CHECK_EQ(statistics_of(&s).packets, 2);
    CHECK_EQ(statistics_of(&s).bytes, 8);
    CHECK_EQ(statistics_of(&s).last_sequence, packet->rtp.sequence);
    cr_audio_window window;
    CHECK_EQ(cr_stream_read_audio(s.w->shard, world_id(0), &window), CR_OK);
    CHECK_EQ(window.loudest, 20);
    CHECK_EQ(window.packets, 2);
    world_close(s.w);
}

// Whatever is lost, late or a probe: each packet gets the number (its own - probes in front of it), and no number twice.
TEST(forward_numbers_hold_under_loss_reordering_and_probes) {
    for (uint32_t seed = 1; seed <= 12; seed++) {
        scene s = open_scene(CR_CODEC_OPUS);
        uint32_t random = seed * 7919;
        uint16_t held[4];
        size_t held_count = 0;
        int32_t base = -1;
        bool sent[400] = {false}, probe[400] = {false};
        for (uint32_t step = 0; step < 400; step++) {
            random = random * 1664525u + 1013904223u;
            uint16_t sequence = (uint16_t)(65300 + step);
            uint32_t dice = (random >> 20) % 100;
            if (step > 0 && dice < 10) {
                probe[step] = true;
                send_probe(&s, sequence);
            } else if (step > 0 && dice < 20 && held_count < 4) {
                held[held_count++] = sequence;
            } else if (step > 0 && dice < 28) {
                continue;  // lost for good
            } else {
                sent[step] = true;
                send_audio(&s, sequence);
            }
            if (held_count > 0 && dice > 80) {
                send_audio(&s, held[--held_count]);
                sent[(uint16_t)(held[held_count] - 65300)] = true;
            }
        }
        bool used[65536] = {false};
        uint32_t probes_before[400] = {0};
        for (uint32_t step = 1; step < 400; step++) probes_before[step] = probes_before[step - 1] + probe[step - 1];
        size_t expected = 0;
        for (uint32_t step = 0; step < 400; step++) expected += sent[step];
        CHECK_EQ(s.receiver->count, expected);
        for (size_t index = 0; index < s.receiver->count; index++) {
            world_packet *packet = &s.receiver->inbox[index];
            uint32_t step = (uint16_t)(original_of(packet) - 65300);
            if (base < 0) base = packet->rtp.sequence;
            CHECK_EQ((uint16_t)(packet->rtp.sequence - base), step - probes_before[step]);
            CHECK(!used[packet->rtp.sequence]);
            used[packet->rtp.sequence] = true;
            CHECK_EQ(packet->rtp.timestamp, original_of(packet) * 960u);
        }
        world_close(s.w);
    }
}

TEST(forward_padding_leaves_no_gap_and_is_counted) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 10);
    uint16_t first = last(&s)->rtp.sequence;
    for (uint16_t sequence = 11; sequence < 60; sequence++) send_probe(&s, sequence);
    send_audio(&s, 60);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - first), 1);
    CHECK_EQ(world_drops(s.w, CR_DROP_PADDING_ONLY), 49);
    send_audio(&s, 62);
    send_audio(&s, 61);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - first), 2);
    world_close(s.w);
}

TEST(forward_strips_padding_of_media) {
    scene s = open_scene(CR_CODEC_OPUS);
    uint8_t payload[3] = {1, 2, 3};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = 1, .payload = payload, .payload_length = 3,
                     .padding = 50};
    world_send(s.w, s.sender, &rtp);
    world_drain(s.w);
    CHECK_EQ(last(&s)->rtp.payload_length, 3);
    CHECK(!last(&s)->rtp.padded);
    world_close(s.w);
}

TEST(forward_waits_for_a_keyframe_and_asks) {
    scene s = open_scene(CR_CODEC_VP8);
    world_send_vp8(s.w, s.sender, 100, 1, 0, false, 10);
    CHECK_EQ(world_drops(s.w, CR_DROP_NO_FORWARD), 1);
    CHECK(statistics_of(&s).waits_for_keyframe);
    s.w->now += CR_KEYFRAME_ASK_US;
    world_send_vp8(s.w, s.sender, 100, 2, 0, false, 11);
    CHECK_EQ(world_events(s.w, CR_EVENT_KEYFRAME_WANTED, world_id(0)), 1);
    world_send_vp8(s.w, s.sender, 100, 3, 0, true, 12);
    world_send_vp8(s.w, s.sender, 100, 4, 0, false, 13);
    world_send_vp8(s.w, s.sender, 100, 2, 0, false, 11);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK(!statistics_of(&s).waits_for_keyframe);
    CHECK_EQ(world_events(s.w, CR_EVENT_KEYFRAME, world_id(0)), 1);
    world_close(s.w);
}

TEST(forward_catches_up_after_a_late_keyframe_start) {
    scene s = open_scene(CR_CODEC_VP8);
    world_send_vp8(s.w, s.sender, 100, 1, 0, false, 10);
    world_send_vp8(s.w, s.sender, 100, 3, 90, false, 11);
    world_send_vp8(s.w, s.sender, 100, 4, 90, false, 11);
    world_send_vp8(s.w, s.sender, 100, 2, 90, true, 11);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 3);
    for (size_t index = 1; index < 3; index++) {
        CHECK_EQ((uint16_t)(s.receiver->inbox[index].rtp.sequence - s.receiver->inbox[index - 1].rtp.sequence), 1);
    }
    world_close(s.w);
}

static uint16_t picture_id_of(const world_packet *packet) {
    cr_frame frame;
    CHECK(cr_payload_parse(CR_CODEC_VP8, packet->bytes + packet->rtp.header_length, packet->rtp.payload_length, &frame));
    return frame.picture_id;
}

TEST(forward_switches_source_at_a_keyframe_without_a_gap) {
    scene s = open_scene(CR_CODEC_VP8);
    cr_stream_config other = world_stream(s.sender, CR_CODEC_VP8, 200);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(1), &other), CR_OK);
    world_send_vp8(s.w, s.sender, 100, 1000, 50000, true, 0x7FFF);
    world_send_vp8(s.w, s.sender, 200, 40000, 7, true, 77);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(1)), CR_OK);
    s.w->now += 40000;
    world_send_vp8(s.w, s.sender, 200, 40001, 3607, false, 78);  // not yet
    world_send_vp8(s.w, s.sender, 100, 1001, 53600, false, 0);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ(world_events(s.w, CR_EVENT_FORWARD_SWITCHED, world_id(0)), 0);
    s.w->now += 40000;
    world_send_vp8(s.w, s.sender, 200, 40002, 7207, true, 79);
    world_send_vp8(s.w, s.sender, 100, 1002, 57200, false, 1);  // the old source is over
    world_send_vp8(s.w, s.sender, 200, 40004, 10807, false, 81);
    world_send_vp8(s.w, s.sender, 200, 40003, 10807, false, 80);
    world_send_vp8(s.w, s.sender, 200, 40001, 3607, false, 78);  // duplicate
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 5);
    world_packet *in = s.receiver->inbox;
    CHECK_EQ((uint16_t)(in[2].rtp.sequence - in[1].rtp.sequence), 1);
    CHECK_EQ((uint16_t)(in[3].rtp.sequence - in[1].rtp.sequence), 3);
    CHECK_EQ((uint16_t)(in[4].rtp.sequence - in[1].rtp.sequence), 2);
    CHECK_EQ(in[1].rtp.timestamp, 53600);
    CHECK_EQ(in[2].rtp.timestamp, 53600 + 3600);  // 40 ms at 90 kHz
    CHECK_EQ(in[3].rtp.timestamp, 53600 + 7200);
    CHECK_EQ(picture_id_of(&in[0]), 0x7FFF);
    CHECK_EQ(picture_id_of(&in[1]), 0);
    CHECK_EQ(picture_id_of(&in[2]), 1);
    CHECK_EQ(picture_id_of(&in[3]), 3);
    CHECK_EQ(picture_id_of(&in[4]), 2);
    CHECK_EQ(world_events(s.w, CR_EVENT_FORWARD_SWITCHED, world_id(0)), 1);
    CHECK_EQ(statistics_of(&s).stream, world_id(1));
    CHECK_EQ(statistics_of(&s).timestamp_offset, (uint32_t)(53600 + 3600 - 7207));
    // Asked for again, a packet from before the switch is still what it was.
    uint16_t lost = in[1].rtp.sequence;
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 30000, s.receiver->transport, 700, &lost, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(last(&s)->rtp.timestamp, 53600);
    world_close(s.w);
}

TEST(forward_survives_the_end_of_its_stream) {
    scene s = open_scene(CR_CODEC_VP8);
    cr_stream_config other = world_stream(s.sender, CR_CODEC_VP8, 200);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(1), &other), CR_OK);
    world_send_vp8(s.w, s.sender, 100, 1, 0, true, 1);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(1)), CR_OK);
    CHECK_EQ(cr_stream_close(s.w->shard, world_id(0)), CR_OK);
    world_send_vp8(s.w, s.sender, 200, 9, 0, true, 5);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    CHECK_EQ(cr_stream_close(s.w->shard, world_id(1)), CR_OK);
    CHECK_EQ(statistics_of(&s).stream, CR_ID_NONE);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(1)), CR_STALE);
    world_close(s.w);
}

TEST(forward_set_source_can_be_taken_back) {
    scene s = open_scene(CR_CODEC_VP8);
    cr_stream_config other = world_stream(s.sender, CR_CODEC_VP8, 200);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(1), &other), CR_OK);
    world_send_vp8(s.w, s.sender, 100, 1, 0, true, 1);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(1)), CR_OK);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(0)), CR_OK);
    CHECK_EQ(world_events(s.w, CR_EVENT_FORWARD_SWITCHED, world_id(0)), 1);
    world_send_vp8(s.w, s.sender, 200, 9, 0, true, 5);
    world_send_vp8(s.w, s.sender, 100, 2, 0, false, 2);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ(cr_stream_find(s.w->shard, world_id(1))->subscriber_count, 0);
    world_close(s.w);
}

TEST(audio_switches_at_once) {
    scene s = open_scene(CR_CODEC_OPUS);
    cr_stream_config other = world_stream(s.sender, CR_CODEC_OPUS, 200);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(1), &other), CR_OK);
    send_audio(&s, 50);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(0), world_id(1)), CR_OK);
    send_audio(&s, 51);
    CHECK_EQ(s.receiver->count, 1);
    uint8_t payload[4] = {0};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 200, .sequence = 9, .timestamp = 5, .payload = payload,
                     .payload_length = 4};
    world_send(s.w, s.sender, &rtp);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    CHECK_EQ(last(&s)->rtp.timestamp, 50 * 960 + 960);
    world_close(s.w);
}

TEST(muting_stops_packets_and_leaves_no_gap) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 10);
    CHECK_EQ(cr_stream_set_muted(s.w->shard, world_id(0), true), CR_OK);
    send_audio(&s, 11);
    send_audio(&s, 13);
    CHECK_EQ(s.receiver->count, 1);
    CHECK_EQ(world_drops(s.w, CR_DROP_MUTED), 2);
    cr_audio_window window;
    cr_stream_read_audio(s.w->shard, world_id(0), &window);
    CHECK_EQ(window.packets, 1);
    CHECK_EQ(cr_stream_set_muted(s.w->shard, world_id(0), false), CR_OK);
    send_audio(&s, 14);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    CHECK_EQ(last(&s)->rtp.timestamp, 14 * 960);
    send_audio(&s, 12);  // spoken while muted: must not come out later
    CHECK_EQ(s.receiver->count, 2);
    world_close(s.w);
    s = open_scene(CR_CODEC_VP8);
    world_send_vp8(s.w, s.sender, 100, 1, 0, true, 1);
    cr_stream_set_muted(s.w->shard, world_id(0), true);
    cr_stream_set_muted(s.w->shard, world_id(0), false);
    CHECK_EQ(world_events(s.w, CR_EVENT_KEYFRAME_WANTED, world_id(0)), 1);
    world_send_vp8(s.w, s.sender, 100, 2, 0, false, 2);
    world_send_vp8(s.w, s.sender, 100, 3, 0, true, 3);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ(picture_id_of(last(&s)), 2);
    world_close(s.w);
}

TEST(pausing_stops_one_subscriber) {
    scene s = open_scene(CR_CODEC_VP8);
    world_send_vp8(s.w, s.sender, 100, 1, 0, true, 1);
    CHECK_EQ(cr_forward_set_paused(s.w->shard, world_id(0), true), CR_OK);
    world_send_vp8(s.w, s.sender, 100, 2, 0, true, 2);
    CHECK_EQ(cr_forward_set_paused(s.w->shard, world_id(0), false), CR_OK);
    world_send_vp8(s.w, s.sender, 100, 3, 0, false, 3);
    world_send_vp8(s.w, s.sender, 100, 4, 0, true, 4);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    world_close(s.w);
}

TEST(a_restarted_sender_keeps_outgoing_numbers) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 10);
    send_audio(&s, 30000);
    CHECK_EQ(s.receiver->count, 1);
    send_audio(&s, 30001);
    send_audio(&s, 30002);
    CHECK_EQ(s.receiver->count, 3);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 2);
    CHECK_EQ(s.receiver->inbox[1].rtp.timestamp, 10 * 960 + 2 * 960);  // 40 ms later
    world_close(s.w);
}

TEST(rtx_from_the_sender_fills_the_gap) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 10);
    send_audio(&s, 12);
    CHECK_EQ(world_events(s.w, CR_EVENT_STREAM_LOSS, world_id(0)), 1);
    uint16_t missing[4];
    uint64_t next;
    CHECK_EQ(cr_stream_missing(s.w->shard, world_id(0), s.w->now, 30000, missing, 4, &next), 1);
    CHECK_EQ(missing[0], 11);
    uint8_t payload[6] = {0, 11, 0x78, 0, 11, 0};
    world_rtp rtx = {.payload_type = WORLD_RTX, .ssrc = 101, .sequence = 5, .timestamp = 11 * 960, .payload = payload,
                     .payload_length = 6, .mid = "0", .level = 31, .marker = true};
    cr_stream_set_tap(s.w->shard, world_id(0), true);
    world_send(s.w, s.sender, &rtx);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 3);
    CHECK_EQ(original_of(last(&s)), 11);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    CHECK(last(&s)->rtp.marker);
    CHECK_EQ(last(&s)->bytes[last(&s)->rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 30);
    CHECK_EQ(cr_stream_missing(s.w->shard, world_id(0), s.w->now + 40000, 30000, missing, 4, &next), 0);
    rtx.sequence = 6;
    world_send(s.w, s.sender, &rtx);
    CHECK_EQ(world_drops(s.w, CR_DROP_DUPLICATE), 1);
    rtx.sequence = 7;
    rtx.payload_length = 0;
    rtx.padding = 100;
    world_send(s.w, s.sender, &rtx);
    rtx.sequence = 8;
    rtx.payload_length = 1;
    world_send(s.w, s.sender, &rtx);
    CHECK_EQ(world_drops(s.w, CR_DROP_PADDING_ONLY), 2);
    // The tap saw the packet as it was before the loss.
    size_t count;
    const cr_event *events = cr_shard_events(s.w->shard, &count);
    bool seen = false;
    for (size_t index = 0; index < count; index++) {
        if (events[index].type != CR_EVENT_PACKET) continue;
        cr_rtp rtp;
        CHECK(cr_rtp_parse_header(events[index].bytes, events[index].length, &s.sender->index, &rtp));
        CHECK_EQ(rtp.ssrc, 100);
        CHECK_EQ(rtp.payload_type, WORLD_MEDIA);
        CHECK_EQ(rtp.sequence, 11);
        CHECK_EQ(rtp.payload_length, 4);
        seen = true;
    }
    CHECK(seen);
    cr_stream_statistics statistics;
    cr_stream_read_statistics(s.w->shard, world_id(0), &statistics);
    CHECK_EQ(statistics.lost, 1);
    CHECK_EQ(statistics.recovered, 1);
    world_close(s.w);
}

TEST(retransmission_as_rtx_with_cool_down) {
    scene s = open_scene(CR_CODEC_VP8);
    for (uint16_t sequence = 1; sequence < 20; sequence++) {
        world_send_vp8(s.w, s.sender, 100, sequence, sequence * 3000u, sequence == 1, (uint16_t)(500 + sequence));
    }
    world_drain(s.w);
    world_packet *first = &s.receiver->inbox[7];
    uint16_t lost = first->rtp.sequence;
    size_t before = s.receiver->count;
    cr_id transport = s.receiver->transport;
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 50000, transport, 700, &lost, 1), CR_OK);
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now + 49000, 50000, transport, 700, &lost, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, before + 1);
    world_packet *rtx = last(&s);
    CHECK_EQ(rtx->rtp.ssrc, 701);
    CHECK_EQ(rtx->rtp.payload_type, 101);
    CHECK_EQ(rtx->rtp.timestamp, first->rtp.timestamp);
    CHECK_EQ(rtx->rtp.payload_length, first->rtp.payload_length + 2);
    const uint8_t *payload = rtx->bytes + rtx->rtp.header_length;
    CHECK_EQ(payload[0] << 8 | payload[1], lost);
    CHECK_BYTES(payload + 2, first->bytes + first->rtp.header_length, first->rtp.payload_length);
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now + 50000, 50000, transport, 700, &lost, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, before + 2);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - rtx->rtp.sequence), 1);
    uint16_t never = (uint16_t)(lost + 1000);
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 50000, transport, 700, &never, 1), CR_OK);
    CHECK_EQ(statistics_of(&s).retransmissions, 2);
    CHECK_EQ(statistics_of(&s).retransmissions_missed, 1);
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 50000, transport, 999, &lost, 1), CR_STALE);
    CHECK_EQ(statistics_of(&s).packets, 19);
    world_close(s.w);
}

TEST(retransmission_without_rtx_repeats_every_byte) {
    scene s = open_scene(CR_CODEC_VP8);
    cr_stream_config other = world_stream(s.sender, CR_CODEC_VP8, 200);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(1), &other), CR_OK);
    cr_forward_config forward = world_forward(s.receiver, world_id(0), 800);
    forward.rtx_ssrc = 0;
    CHECK_EQ(cr_forward_close(s.w->shard, world_id(0)), CR_OK);
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(1), &forward), CR_OK);
    s.receiver->raw = true;
    world_send_vp8(s.w, s.sender, 100, 1, 0, true, 1);
    CHECK_EQ(cr_forward_set_source(s.w->shard, world_id(1), world_id(1)), CR_OK);
    for (uint16_t sequence = 1; sequence < 10; sequence++) {
        world_send_vp8(s.w, s.sender, 200, sequence, sequence * 3000u, sequence == 1, (uint16_t)(900 + sequence));
    }
    world_drain(s.w);
    size_t count = s.receiver->count;
    CHECK_EQ(count, 10);
    for (size_t index = 0; index < count; index++) {
        uint16_t sequence = (uint16_t)(s.receiver->inbox[index].bytes[2] << 8 | s.receiver->inbox[index].bytes[3]);
        CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, s.receiver->transport, 800, &sequence, 1), CR_OK);
    }
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2 * count);
    for (size_t index = 0; index < count; index++) {
        CHECK_EQ(s.receiver->inbox[index].length, s.receiver->inbox[index + count].length);
        CHECK_BYTES(s.receiver->inbox[index].bytes, s.receiver->inbox[index + count].bytes, s.receiver->inbox[index].length);
    }
    // Other extension identifiers would give other bytes under the same number: then nothing is repeated.
    cr_extension_map map = world_extensions();
    map.ids[CR_EXT_MID] = 14;
    CHECK_EQ(cr_transport_set_extensions(s.w->shard, s.receiver->transport, &map), CR_OK);
    uint16_t sequence = (uint16_t)(s.receiver->inbox[5].bytes[2] << 8 | s.receiver->inbox[5].bytes[3]);
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now + 500000, 0, s.receiver->transport, 800, &sequence, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2 * count);
    world_close(s.w);
}

TEST(retransmission_is_refused_across_a_restart) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 10);
    uint16_t lost = last(&s)->rtp.sequence;
    send_audio(&s, 30009);
    send_audio(&s, 30010);
    send_audio(&s, 65535);  // and back: a packet with the old number, but another one
    send_audio(&s, 9);
    send_audio(&s, 10);
    size_t before = s.receiver->count;
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, s.receiver->transport, 700, &lost, 1), CR_OK);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, before);
    CHECK_EQ(statistics_of(&s).retransmissions_missed, 1);
    world_close(s.w);
}

TEST(retransmissions_stay_within_their_budget) {
    scene s = open_scene(CR_CODEC_VP8);
    static uint8_t payload[1100] = {0x10, 0x00};
    uint16_t all[200];
    s.receiver->raw = true;
    uint64_t media = 0, again = 0;
    for (uint16_t sequence = 0; sequence < 200; sequence++) {
        world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = sequence, .payload = payload,
                         .payload_length = sizeof payload};
        world_send(s.w, s.sender, &rtp);
        world_drain(s.w);
        const uint8_t *bytes = s.receiver->inbox[sequence].bytes;
        all[sequence] = (uint16_t)(bytes[2] << 8 | bytes[3]);
        media += s.receiver->inbox[sequence].length;
    }
    for (int second = 0; second < 10; second++) {
        for (int storm = 0; storm < 20; storm++) {
            s.w->now += 50000;
            s.receiver->count = 0;
            cr_forward_retransmit(s.w->shard, s.w->now, 20000, s.receiver->transport, 700, all, 200);
            world_drain(s.w);
            for (size_t index = 0; index < s.receiver->count; index++) again += s.receiver->inbox[index].length;
        }
    }
    CHECK(again > 100000);
    CHECK(again < CR_RTX_BURST_BYTES + media * CR_RTX_SHARE_PERCENT / 100 + 11 * CR_RTX_FLOOR_BYTES_PER_S);
    CHECK(statistics_of(&s).retransmissions_missed > 0);
    world_close(s.w);
}

TEST(red_is_unwrapped_for_those_who_cannot_read_it) {
    scene s = open_scene(CR_CODEC_RED);
    cr_forward_config plain = world_forward(s.receiver, world_id(0), 900);
    plain.payloads[0].unwrap_red = true;
    plain.payloads[0].to = 111;
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(1), &plain), CR_OK);
    uint8_t payload[] = {0xef, 0x0f, 0x00, 0x03, 0x6f, 0xaa, 0xbb, 0xcc, 0x01, 0x02};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = 1, .payload = payload,
                     .payload_length = sizeof payload};
    world_send(s.w, s.sender, &rtp);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 2);
    for (size_t index = 0; index < 2; index++) {
        world_packet *packet = &s.receiver->inbox[index];
        bool unwrapped = packet->rtp.ssrc == 900;
        CHECK_EQ(packet->rtp.payload_length, unwrapped ? 2 : 10);
        CHECK_BYTES(packet->bytes + packet->rtp.header_length, unwrapped ? payload + 8 : payload, packet->rtp.payload_length);
    }
    payload[3] = 200;
    rtp.sequence = 2;
    world_send(s.w, s.sender, &rtp);
    CHECK_EQ(world_drops(s.w, CR_DROP_MALFORMED_RTP), 1);
    payload[3] = 3;
    rtp.sequence = 3;
    world_send(s.w, s.sender, &rtp);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 4);
    CHECK_EQ((uint16_t)(s.receiver->inbox[2].rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    world_close(s.w);
}

TEST(one_packet_reaches_many_with_their_own_numbers) {
    world *w = world_open();
    world_peer *sender = world_join(w);
    cr_stream_config stream = world_stream(sender, CR_CODEC_VP8, 100);
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &stream), CR_OK);
    for (uint32_t index = 0; index < 10; index++) {
        world_peer *receiver = index % 2 ? world_join(w) : world_add_keyed_peer(w, CR_SRTP_AES128_CM_SHA1_80);
        cr_forward_config forward = world_forward(receiver, world_id(0), 1000 + index * 2);
        CHECK_EQ(cr_forward_open(w->shard, world_id(index), &forward), CR_OK);
        if (index == 4) world_send_vp8(w, sender, 100, 1, 0, true, 100);  // half of them join before
    }
    world_send_vp8(w, sender, 100, 2, 3000, true, 101);
    world_send_vp8(w, sender, 100, 3, 6000, false, 102);
    world_drain(w);
    for (uint32_t index = 0; index < 10; index++) {
        world_peer *receiver = &w->peers[index + 1];
        CHECK_EQ(receiver->count, index <= 4 ? 3 : 2);
        CHECK_EQ(picture_id_of(&receiver->inbox[receiver->count - 1]), 102);
        CHECK_EQ(receiver->inbox[0].rtp.ssrc, 1000 + index * 2);
        CHECK_EQ(receiver->inbox[0].rtp.extensions[CR_EXT_MID].offset != 0, index % 2);
    }
    CHECK_EQ(world_statistics(w).forwards, 25);
    world_close(w);
}

TEST(a_forward_opened_again_goes_on_with_its_numbers) {
    scene s = open_scene(CR_CODEC_OPUS);
    for (uint16_t sequence = 1; sequence < 10; sequence++) send_audio(&s, sequence);
    uint16_t before = last(&s)->rtp.sequence;
    CHECK_EQ(cr_forward_close(s.w->shard, world_id(0)), CR_OK);
    cr_forward_config config = world_forward(s.receiver, world_id(0), 700);
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(1), &config), CR_OK);
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(2), &config), CR_EXISTS);
    send_audio(&s, 10);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - before), 1);
    for (uint32_t churn = 0; churn < 3 * CR_RETIRED_SSRCS; churn++) {
        config.ssrc = 10000 + churn * 2;
        config.rtx_ssrc = config.ssrc + 1;
        cr_id id = (churn + 2) << CR_ID_INDEX_BITS | 5;
        CHECK_EQ(cr_forward_open(s.w->shard, id, &config), CR_OK);
        CHECK_EQ(cr_forward_close(s.w->shard, id), CR_OK);
    }
    world_close(s.w);
}

TEST(a_client_shard_pushes_and_taps) {
    scene s = open_scene(CR_CODEC_OPUS);
    cr_stream_config local = world_stream(NULL, CR_CODEC_OPUS, 0);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(9), &local), CR_OK);
    cr_forward_config forward = world_forward(s.receiver, world_id(9), 3000);
    CHECK_EQ(cr_forward_open(s.w->shard, world_id(9), &forward), CR_OK);
    CHECK_EQ(cr_stream_set_tap(s.w->shard, world_id(9), true), CR_OK);
    uint8_t packet[64], payload[] = {9, 8, 7};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 4, .sequence = 1, .payload = payload, .payload_length = 3,
                     .level = 41};
    size_t length = world_write(&rtp, packet);
    CHECK_EQ(cr_stream_push(s.w->shard, s.w->now, world_id(9), packet, length), CR_OK);
    CHECK_EQ(cr_stream_push(s.w->shard, s.w->now, world_id(9), packet, 5), CR_INVALID);
    CHECK_EQ(cr_stream_push(s.w->shard, s.w->now, world_id(8), packet, length), CR_STALE);
    world_drain(s.w);
    CHECK_EQ(s.receiver->count, 1);
    CHECK_EQ(last(&s)->rtp.ssrc, 3000);
    CHECK_EQ(last(&s)->bytes[last(&s)->rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 40);
    CHECK_EQ(world_events(s.w, CR_EVENT_PACKET, world_id(9)), 1);
    CHECK_EQ(cr_stream_close(s.w->shard, world_id(9)), CR_OK);
    world_close(s.w);
}

TEST(a_subscriber_without_an_address_gets_nothing_and_recovers) {
    scene s = open_scene(CR_CODEC_OPUS);
    send_audio(&s, 1);
    CHECK_EQ(cr_transport_clear_addresses(s.w->shard, s.receiver->transport), CR_OK);
    send_audio(&s, 2);
    send_audio(&s, 3);
    CHECK_EQ(world_drops(s.w, CR_DROP_NO_FORWARD), 2);
    CHECK_EQ(cr_transport_add_address(s.w->shard, s.receiver->transport, &s.receiver->address), CR_OK);
    send_audio(&s, 4);
    CHECK_EQ(s.receiver->count, 2);
    CHECK_EQ((uint16_t)(last(&s)->rtp.sequence - s.receiver->inbox[0].rtp.sequence), 1);
    world_close(s.w);
}

TEST(forward_sequence_wraps_for_the_subscriber) {
    scene s = open_scene(CR_CODEC_OPUS);
    uint64_t expected = 0;
    for (uint32_t step = 0; step < 140000; step++) {
        uint8_t payload[2] = {1, 2};
        world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = (uint16_t)step, .timestamp = step * 960u,
                         .payload = payload, .payload_length = 2};
        world_send(s.w, s.sender, &rtp);
        world_drain(s.w);
        CHECK_EQ(s.receiver->count, 1);
        if (step > 0) CHECK_EQ(s.receiver->inbox[0].rtp.sequence, (uint16_t)(expected + 1));
        expected = s.receiver->inbox[0].rtp.sequence;
        s.receiver->count = 0;
    }
    world_close(s.w);
}
