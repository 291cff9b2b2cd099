// Rounds: the order in which what came together goes out, interruptions, padding, and what waits behind the media.

#include "world.h"

typedef struct scene {
    world *w;
    world_peer *sender;
    uint32_t receivers;
    uint32_t forwards;
} scene;

enum { VIDEO = 100, VOICE = 200, OTHER_VOICE = 300 };  // SSRCs of the sender; a receiver's are these plus its number

static world_peer *receiver_of(const scene *s, uint32_t number) {
    return &s->w->peers[1 + number];
}

static cr_id subscribe(scene *s, uint32_t receiver, uint32_t stream, uint32_t ssrc, uint32_t rtx_ssrc) {
    cr_forward_config forward = world_forward(receiver_of(s, receiver), world_id(stream), ssrc);
    forward.rtx_ssrc = rtx_ssrc;
    cr_id id = world_id(s->forwards++);
    CHECK_EQ(cr_forward_open(s->w->shard, id, &forward), CR_OK);
    return id;
}

// Stream 0 is video, 1 and 2 are voices; everybody hears and sees all.
static scene open_scene(uint32_t receivers) {
    scene s = {.w = world_open(), .receivers = receivers};
    s.sender = world_join(s.w);
    const cr_stream_config streams[3] = {world_stream(s.sender, CR_CODEC_VP8, VIDEO),
                                         world_stream(s.sender, CR_CODEC_OPUS, VOICE),
                                         world_stream(s.sender, CR_CODEC_OPUS, OTHER_VOICE)};
    for (uint32_t stream = 0; stream < 3; stream++) {
        CHECK_EQ(cr_stream_open(s.w->shard, world_id(stream), &streams[stream]), CR_OK);
    }
    for (uint32_t receiver = 0; receiver < receivers; receiver++) world_join(s.w);
    // The lists are sorted, whoever comes first.
    for (uint32_t receiver = receivers; receiver-- > 0;) {
        subscribe(&s, receiver, 2, OTHER_VOICE + receiver, 0);
        subscribe(&s, receiver, 0, VIDEO + receiver, 0);
        subscribe(&s, receiver, 1, VOICE + receiver, 0);
    }
    world_release(s.w);
    s.w->gathers = true;
    return s;
}

static void send_sized(scene *s, uint32_t ssrc, uint16_t sequence, size_t payload_length, bool marker) {
    static uint8_t payload[1400] = {0x10, 0x00};  // VP8: the start of a keyframe
    payload[payload_length - 1] = (uint8_t)sequence;
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = ssrc, .sequence = sequence, .payload = payload,
                     .payload_length = payload_length, .marker = marker};
    world_send(s->w, s->sender, &rtp);
}

typedef struct sighting {
    cr_address to;
    uint32_t ssrc;
    uint16_t sequence;
    size_t length;
    bool padded;
} sighting;

static sighting look(scene *s) {
    uint8_t bytes[CR_PACKET_BYTES];
    sighting seen = {0};
    seen.length = cr_memory_send(s->w->shard, &seen.to, bytes, sizeof bytes);
    if (seen.length == 0) return seen;
    seen.ssrc = (uint32_t)bytes[8] << 24 | (uint32_t)bytes[9] << 16 | (uint32_t)bytes[10] << 8 | bytes[11];
    seen.sequence = (uint16_t)(bytes[2] << 8 | bytes[3]);
    seen.padded = bytes[0] & 0x20;
    return seen;
}

static void expect(scene *s, uint32_t receiver, uint32_t ssrc) {
    sighting seen = look(s);
    CHECK(seen.length > 0);
    CHECK_EQ(seen.ssrc, ssrc + receiver);
    CHECK_BYTES(&seen.to, &receiver_of(s, receiver)->address, sizeof seen.to);
}

TEST(round_serves_one_subscriber_after_another_and_audio_first) {
    scene s = open_scene(4);
    send_sized(&s, VIDEO, 1, 900, false);
    send_sized(&s, VIDEO, 2, 900, false);
    send_sized(&s, VOICE, 1, 40, false);
    send_sized(&s, VIDEO, 3, 900, true);
    send_sized(&s, OTHER_VOICE, 1, 60, false);
    send_sized(&s, VOICE, 2, 40, false);
    CHECK_EQ(s.w->shard->queue_count, 0);
    world_turn(s.w);
    for (uint32_t receiver = 0; receiver < 4; receiver++) {
        expect(&s, receiver, OTHER_VOICE);  // longest first: the shorter ones may follow in the same message
        expect(&s, receiver, VOICE);
        expect(&s, receiver, VOICE);
    }
    for (uint32_t receiver = 0; receiver < 4; receiver++) {
        for (int packet = 0; packet < 3; packet++) expect(&s, receiver, VIDEO);
    }
    CHECK_EQ(look(&s).length, 0);
    CHECK(!cr_shard_is_busy(s.w->shard));
    CHECK_EQ(world_statistics(s.w).forwards, 24);
    world_close(s.w);
}

TEST(round_goes_on_where_it_was_interrupted) {
    scene s = open_scene(4);
    for (uint16_t sequence = 1; sequence <= 3; sequence++) send_sized(&s, VIDEO, sequence, 900, false);
    CHECK(cr_shard_forward(s.w->shard, CR_VIDEO, 4));
    CHECK_EQ(s.w->shard->queue_count, 6);  // two whole transports
    CHECK(cr_shard_is_busy(s.w->shard));
    send_sized(&s, VOICE, 1, 40, false);
    send_sized(&s, VIDEO, 4, 900, false);
    for (uint32_t receiver = 0; receiver < 2; receiver++) {
        for (int packet = 0; packet < 3; packet++) expect(&s, receiver, VIDEO);
    }
    world_turn(s.w);
    for (uint32_t receiver = 0; receiver < 4; receiver++) expect(&s, receiver, VOICE);
    for (uint32_t receiver = 2; receiver < 4; receiver++) {
        for (int packet = 0; packet < 3; packet++) expect(&s, receiver, VIDEO);
    }
    for (uint32_t receiver = 0; receiver < 4; receiver++) expect(&s, receiver, VIDEO);
    CHECK_EQ(look(&s).length, 0);
    world_close(s.w);
}

static void close_forward_of(scene *s, uint32_t receiver, uint32_t stream) {
    // As open_scene numbers them.
    uint32_t place = stream == 2 ? 0 : stream == 0 ? 1 : 2;
    CHECK_EQ(cr_forward_close(s->w->shard, world_id((s->receivers - 1 - receiver) * 3 + place)), CR_OK);
}

TEST(round_misses_nobody_when_subscribers_come_and_go) {
    scene s = open_scene(6);
    for (uint16_t sequence = 1; sequence <= 2; sequence++) send_sized(&s, VIDEO, sequence, 900, false);
    CHECK(cr_shard_forward(s.w->shard, CR_VIDEO, 5));  // receivers 0, 1, 2 have them
    close_forward_of(&s, 1, 0);
    close_forward_of(&s, 4, 0);
    subscribe(&s, 0, 0, 9000, 0);  // came too late
    subscribe(&s, 5, 0, 9500, 0);  // in time
    world_turn(s.w);
    for (uint32_t receiver = 0; receiver < 3; receiver++) {
        for (int packet = 0; packet < 2; packet++) expect(&s, receiver, VIDEO);
    }
    for (int packet = 0; packet < 2; packet++) expect(&s, 3, VIDEO);
    for (int packet = 0; packet < 2; packet++) expect(&s, 5, VIDEO);
    for (int packet = 0; packet < 2; packet++) CHECK_EQ(look(&s).ssrc, 9500);
    CHECK_EQ(look(&s).length, 0);
    send_sized(&s, VIDEO, 3, 900, false);
    CHECK(cr_shard_forward(s.w->shard, CR_VIDEO, 1));
    CHECK_EQ(cr_transport_close(s.w->shard, receiver_of(&s, 0)->transport), CR_OK);
    CHECK_EQ(cr_transport_close(s.w->shard, receiver_of(&s, 3)->transport), CR_OK);
    world_turn(s.w);
    expect(&s, 0, VIDEO);
    expect(&s, 2, VIDEO);
    expect(&s, 5, VIDEO);
    CHECK_EQ(look(&s).ssrc, 9500);
    CHECK_EQ(look(&s).length, 0);
    world_close(s.w);
}

TEST(round_of_a_muted_or_closed_stream_is_counted_once) {
    scene s = open_scene(2);
    send_sized(&s, VOICE, 1, 40, false);
    send_sized(&s, OTHER_VOICE, 1, 40, false);
    send_sized(&s, VIDEO, 1, 40, false);
    CHECK(cr_shard_forward(s.w->shard, CR_VIDEO, 1));
    CHECK_EQ(cr_stream_set_muted(s.w->shard, world_id(0), true), CR_OK);
    CHECK_EQ(cr_stream_set_muted(s.w->shard, world_id(1), true), CR_OK);
    CHECK_EQ(cr_stream_close(s.w->shard, world_id(2)), CR_OK);
    world_turn(s.w);
    expect(&s, 0, VIDEO);
    CHECK_EQ(look(&s).length, 0);
    CHECK_EQ(world_drops(s.w, CR_DROP_MUTED), 1);       // the voice; one subscriber has the video
    CHECK_EQ(world_drops(s.w, CR_DROP_NO_FORWARD), 1);  // the closed one
    CHECK_EQ(cr_stream_set_muted(s.w->shard, world_id(0), false), CR_OK);
    send_sized(&s, VIDEO, 2, 40, false);
    world_turn(s.w);
    sighting first = look(&s);
    CHECK_EQ(first.ssrc, VIDEO);
    expect(&s, 1, VIDEO);
    world_close(s.w);
}

// ------------------------------------------------------------------------------------------------- the same in the end

static uint32_t roll(uint32_t *random) {
    *random = *random * 1664525u + 1013904223u;
    return *random >> 12;
}

// Reordered, lost, doubled packets and probes of a video and a voice, with keyframes now and then and a restart.
static void send_script(scene *s, uint32_t seed, uint32_t batch) {
    uint32_t random = seed * 7919, held_count = 0;
    uint16_t held[3];
    for (uint32_t step = 0; step < 240; step++) {
        uint16_t sequence = (uint16_t)(65400 + step + (step >= 150 ? 20000 : 0));
        uint32_t dice = roll(&random) % 100;
        uint8_t payload[8];
        if (step == 150) held_count = 0;  // what is from before the restart no sender would send any more
        world_rtp video = {.payload_type = WORLD_MEDIA, .ssrc = VIDEO, .sequence = sequence, .timestamp = step * 900u,
                           .payload = payload, .marker = dice & 1,
                           .payload_length = world_vp8(dice % 9 == 0, (uint16_t)(step / 3), (uint8_t)step, payload)};
        world_rtp voice = {.payload_type = WORLD_MEDIA, .ssrc = VOICE, .sequence = (uint16_t)step, .payload = payload,
                           .timestamp = step * 960u, .payload_length = 8, .level = 20};
        if (dice < 10) {
            video.payload_length = 0;
            video.padding = 100;
        }
        if (dice < 20 && dice >= 10 && held_count < 3) {
            held[held_count++] = sequence;
        } else if (dice >= 26) {
            world_send(s->w, s->sender, &video);
        } else if (dice < 10) {
            world_send(s->w, s->sender, &video);
        }
        if (dice % 3 == 0) world_send(s->w, s->sender, &voice);
        if (held_count > 0 && dice > 75) {
            video.sequence = held[--held_count];
            video.payload_length = world_vp8(dice % 2 == 0, (uint16_t)(step / 3), (uint8_t)step, payload);
            world_send(s->w, s->sender, &video);
        }
        bool ends = (step + 1) % batch == 0 || (step + 1) % 30 == 0;
        if (ends && s->w->gathers) world_turn(s->w);
        if ((step + 1) % 30 == 0) s->w->now += 20000;
        if (step % 60 == 59) cr_stream_set_muted(s->w->shard, world_id(0), step % 120 == 59);
    }
    world_drain(s->w);
}

static uint32_t payload_hash(const world_packet *packet) {
    uint32_t hash = packet->rtp.timestamp * 31u + packet->rtp.marker;
    for (size_t at = 0; at < packet->rtp.payload_length; at++) {
        hash = hash * 16777619u ^ packet->bytes[packet->rtp.header_length + at];
    }
    return hash;
}

// Whatever came together: every subscriber gets the same packets of each stream, under the same numbers, in the same
// order.
TEST(rounds_change_nothing_that_a_subscriber_sees) {
    for (uint32_t seed = 1; seed <= 10; seed++) {
        scene alone = open_scene(3), together = open_scene(3);
        alone.w->gathers = false;
        send_script(&alone, seed, 1);
        send_script(&together, seed, 2 + seed * 3 % 28);
        for (uint32_t receiver = 0; receiver < 3; receiver++) {
            world_peer *a = receiver_of(&alone, receiver), *b = receiver_of(&together, receiver);
            CHECK(a->count > 100);
            CHECK_EQ(a->count, b->count);
            for (uint32_t ssrc = VIDEO + receiver; ssrc <= VOICE + receiver; ssrc += VOICE - VIDEO) {
                size_t at = 0;
                for (size_t index = 0; index < a->count; index++) {
                    if (a->inbox[index].rtp.ssrc != ssrc) continue;
                    while (at < b->count && b->inbox[at].rtp.ssrc != ssrc) at++;
                    CHECK(at < b->count);
                    CHECK_EQ(a->inbox[index].rtp.sequence, b->inbox[at].rtp.sequence);
                    CHECK_EQ(payload_hash(&a->inbox[index]), payload_hash(&b->inbox[at]));
                    at++;
                }
            }
        }
        cr_shard_statistics left = world_statistics(alone.w), right = world_statistics(together.w);
        CHECK_EQ(left.forwards, right.forwards);
        for (int reason = 0; reason < CR_DROP_REASONS; reason++) {
            CHECK_EQ(left.drops[reason] * 10 + (uint64_t)reason, right.drops[reason] * 10 + (uint64_t)reason);
        }
        world_close(alone.w);
        world_close(together.w);
    }
}

TEST(round_with_a_late_keyframe_start_sends_each_packet_once) {
    scene s = open_scene(1);
    world_send_vp8(s.w, s.sender, VIDEO, 1, 0, false, 10);
    world_send_vp8(s.w, s.sender, VIDEO, 3, 90, false, 11);
    world_send_vp8(s.w, s.sender, VIDEO, 4, 90, false, 11);
    world_send_vp8(s.w, s.sender, VIDEO, 2, 90, true, 11);
    world_send_vp8(s.w, s.sender, VIDEO, 5, 90, false, 11);
    world_turn(s.w);
    world_drain(s.w);
    CHECK_EQ(receiver_of(&s, 0)->count, 4);
    for (size_t index = 1; index < 4; index++) {
        const world_packet *inbox = receiver_of(&s, 0)->inbox;
        CHECK_EQ((uint16_t)(inbox[index].rtp.sequence - inbox[index - 1].rtp.sequence), 1);
    }
    world_close(s.w);
}

TEST(a_keyframe_in_the_same_round_is_not_asked_for) {
    scene s = open_scene(1);
    s.w->now += CR_KEYFRAME_ASK_US;
    world_send_vp8(s.w, s.sender, VIDEO, 1, 0, false, 10);
    world_send_vp8(s.w, s.sender, VIDEO, 2, 90, true, 11);
    world_turn(s.w);
    CHECK_EQ(world_events(s.w, CR_EVENT_KEYFRAME_WANTED, world_id(0)), 0);
    world_drain(s.w);
    CHECK_EQ(receiver_of(&s, 0)->count, 1);
    world_close(s.w);
}

TEST(media_beyond_the_backlog_is_lost_as_on_the_wire) {
    scene s = open_scene(2);
    for (uint16_t sequence = 0; sequence < CR_BURST_PACKETS + 20; sequence++) send_sized(&s, VIDEO, sequence, 40, false);
    CHECK_EQ(world_drops(s.w, CR_DROP_BACKLOG), 20);
    world_turn(s.w);
    CHECK_EQ(world_statistics(s.w).forwards, 2 * CR_BURST_PACKETS);
    world_clear(s.w);
    send_sized(&s, VIDEO, CR_BURST_PACKETS + 20, 40, false);
    world_turn(s.w);
    CHECK_EQ(world_events(s.w, CR_EVENT_STREAM_LOSS, world_id(0)), 1);
    uint16_t missing[32];
    uint64_t next;
    CHECK_EQ(cr_stream_missing(s.w->shard, world_id(0), s.w->now, 30000, missing, 32, &next), 20);
    CHECK_EQ(missing[0], CR_BURST_PACKETS);
    world_close(s.w);
}

// -------------------------------------------------------------------------------------------------------------- padding

// A frame as libwebrtc cuts it: the last packets a byte longer, the first with more in its header.
static const size_t frame[5] = {1090, 1093, 1093, 1094, 700};

static void send_frame(scene *s, uint16_t first) {
    for (uint16_t packet = 0; packet < 5; packet++) {
        send_sized(s, VIDEO, (uint16_t)(first + packet), frame[packet], packet == 4);
    }
}

TEST(packets_of_a_frame_are_padded_to_one_length) {
    scene s = open_scene(2);
    receiver_of(&s, 0)->raw = true;
    send_frame(&s, 1);
    send_sized(&s, VOICE, 1, 40, false);
    send_sized(&s, VOICE, 2, 41, false);
    world_turn(s.w);
    world_drain(s.w);
    const world_packet *wire = receiver_of(&s, 0)->inbox, *plain = receiver_of(&s, 1)->inbox;
    CHECK_EQ(receiver_of(&s, 1)->count, 7);
    CHECK_EQ(wire[0].length + 1, wire[1].length);  // voices stay as they are
    CHECK(!plain[0].rtp.padded && !plain[1].rtp.padded);
    for (size_t packet = 0; packet < 5; packet++) {
        const cr_rtp *rtp = &plain[2 + packet].rtp;
        CHECK_EQ(rtp->payload_length, frame[packet]);
        CHECK_EQ(rtp->padded, packet < 3);
        CHECK_EQ(rtp->padding, packet < 3 ? 1094 - frame[packet] : 0);
        CHECK_EQ(plain[2 + packet].bytes[rtp->header_length + frame[packet] - 1], packet + 1);
        if (packet < 4) CHECK_EQ(wire[2 + packet].length, wire[2].length);
        // The bit is in the clear, what it says is not.
        CHECK_EQ((wire[2 + packet].bytes[0] & 0x20) != 0, packet < 3);
    }
    cr_forward_statistics sent;
    CHECK_EQ(cr_forward_read_statistics(s.w->shard, world_id(1), &sent), CR_OK);
    CHECK_EQ(sent.bytes, 1090 + 1093 + 1093 + 1094 + 700);
    world_close(s.w);
}

TEST(padding_is_for_packets_that_came_together_and_differ_little) {
    scene s = open_scene(1);
    for (uint16_t packet = 0; packet < 5; packet++) {
        send_sized(&s, VIDEO, (uint16_t)(1 + packet), frame[packet], false);
        world_turn(s.w);
    }
    send_sized(&s, VIDEO, 6, 1000, false);
    send_sized(&s, VIDEO, 7, 1000 + CR_PAD_BYTES + 1, false);
    send_sized(&s, VIDEO, 8, 1350, false);  // too long for a message of several
    send_sized(&s, VIDEO, 9, 1351, false);
    world_turn(s.w);
    sighting seen;
    for (size_t packet = 0; packet < 9; packet++) {
        seen = look(&s);
        CHECK(seen.length > 0 && !seen.padded);
    }
    world_close(s.w);
}

TEST(a_padded_packet_is_repeated_to_the_last_byte) {
    scene s = open_scene(1);
    world_peer *receiver = receiver_of(&s, 0);
    receiver->raw = true;
    send_frame(&s, 1);
    world_turn(s.w);
    world_drain(s.w);
    CHECK_EQ(receiver->count, 5);
    for (size_t index = 0; index < 5; index++) {
        uint16_t lost = (uint16_t)(receiver->inbox[index].bytes[2] << 8 | receiver->inbox[index].bytes[3]);
        CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, receiver->transport, VIDEO, &lost, 1), CR_OK);
    }
    world_drain(s.w);
    CHECK_EQ(receiver->count, 10);
    for (size_t index = 0; index < 5; index++) {
        CHECK_EQ(receiver->inbox[index].length, receiver->inbox[index + 5].length);
        CHECK_BYTES(receiver->inbox[index].bytes, receiver->inbox[index + 5].bytes, receiver->inbox[index].length);
    }
    world_close(s.w);
}

TEST(rtx_leaves_the_padding_out) {
    scene s = open_scene(1);
    world_peer *receiver = receiver_of(&s, 0);
    close_forward_of(&s, 0, 0);
    subscribe(&s, 0, 0, 5000, 5001);
    send_frame(&s, 1);
    world_turn(s.w);
    world_drain(s.w);
    CHECK_EQ(receiver->count, 5);
    CHECK_EQ(receiver->inbox[0].rtp.padding, 4);
    uint16_t lost = receiver->inbox[0].rtp.sequence;
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, receiver->transport, 5000, &lost, 1), CR_OK);
    world_drain(s.w);
    const world_packet *again = &receiver->inbox[5];
    CHECK_EQ(receiver->count, 6);
    CHECK_EQ(again->rtp.ssrc, 5001);
    CHECK(!again->rtp.padded);
    CHECK_EQ(again->rtp.payload_length, 2 + frame[0]);
    CHECK_BYTES(again->bytes + again->rtp.header_length + 2,
                receiver->inbox[0].bytes + receiver->inbox[0].rtp.header_length, frame[0]);
    world_close(s.w);
}

TEST(what_is_too_old_to_be_asked_for_is_let_go) {
    scene s = open_scene(1);
    s.w->gathers = false;
    uint16_t first = 0;
    for (uint16_t sequence = 1; sequence <= 200; sequence++) {
        send_sized(&s, VIDEO, sequence, 40, false);
        if (sequence == 1) first = look(&s).sequence;
        s.w->now += 20000;  // 55 of them are 1.1 s
        world_clear(s.w);
    }
    CHECK_EQ(world_statistics(s.w).packets_in_use, CR_CACHE_AGE_US / 20000u);
    world_peer *receiver = receiver_of(&s, 0);
    uint16_t lost[2] = {(uint16_t)(first + 120), (uint16_t)(first + 160)};
    CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, receiver->transport, VIDEO, lost, 2), CR_OK);
    CHECK_EQ(look(&s).sequence, lost[1]);
    CHECK_EQ(look(&s).length, 0);
    // A slower stream keeps fewer.
    for (uint16_t sequence = 201; sequence <= 230; sequence++) {
        send_sized(&s, VIDEO, sequence, 40, false);
        s.w->now += 500000;
        world_clear(s.w);
    }
    CHECK_EQ(world_statistics(s.w).packets_in_use, 3);
    world_close(s.w);
}

// ------------------------------------------------------------------------------------------------- padding of voices

enum { VOICES = 5 };
static const uint32_t voice_ssrcs[VOICES] = {VOICE, OTHER_VOICE, 400, 500, 600};

// Everybody hears five speakers. The third has a longer MID where `long_mid` says so.
static scene open_voices(uint32_t receivers, bool long_mid) {
    scene s = open_scene(receivers);
    for (uint32_t voice = 2; voice < VOICES; voice++) {
        cr_stream_config stream = world_stream(s.sender, CR_CODEC_OPUS, voice_ssrcs[voice]);
        CHECK_EQ(cr_stream_open(s.w->shard, world_id(1 + voice), &stream), CR_OK);
        for (uint32_t receiver = 0; receiver < receivers; receiver++) {
            cr_forward_config forward = world_forward(receiver_of(&s, receiver), world_id(1 + voice),
                                                      voice_ssrcs[voice] + receiver);
            forward.rtx_ssrc = 0;
            if (long_mid && voice == 2) memcpy(forward.mid, "m7-long", 8);
            CHECK_EQ(cr_forward_open(s.w->shard, world_id(s.forwards++), &forward), CR_OK);
        }
    }
    world_release(s.w);
    return s;
}

// One packet of each speaker, 0: none, in one round.
static void speak(scene *s, const size_t lengths[VOICES]) {
    static uint16_t sequence = 1;
    for (uint32_t voice = 0; voice < VOICES; voice++) {
        if (lengths[voice] > 0) send_sized(s, voice_ssrcs[voice], sequence, lengths[voice], false);
    }
    sequence++;
    world_turn(s->w);
    world_drain(s->w);
}

// What the receiver got of a speaker, alone of it.
static const world_packet *heard(const scene *s, uint32_t receiver, uint32_t voice) {
    const world_peer *peer = receiver_of(s, receiver);
    for (size_t index = 0; index < peer->count; index++) {
        if (peer->inbox[index].rtp.ssrc == voice_ssrcs[voice] + receiver) return &peer->inbox[index];
    }
    CHECK(false);
    return NULL;
}

static void expect_padding(const scene *s, uint32_t receiver, const size_t lengths[VOICES],
                           const uint8_t paddings[VOICES]) {
    for (uint32_t voice = 0; voice < VOICES; voice++) {
        if (lengths[voice] == 0) continue;
        const cr_rtp *rtp = &heard(s, receiver, voice)->rtp;
        CHECK_EQ(rtp->payload_length, lengths[voice]);
        CHECK_EQ(rtp->padding, paddings[voice]);
        CHECK_EQ(rtp->padded, paddings[voice] > 0);
    }
}

TEST(voices_at_once_are_padded_to_the_longest_but_for_the_last) {
    scene s = open_voices(2, false);
    receiver_of(&s, 1)->raw = true;
    const size_t lengths[VOICES] = {80, 100, 90, 85, 75};
    speak(&s, lengths);
    expect_padding(&s, 0, lengths, (const uint8_t[VOICES]){20, 0, 10, 15, 0});
    const world_packet *wire = receiver_of(&s, 1)->inbox;
    CHECK_EQ(receiver_of(&s, 1)->count, VOICES);
    for (size_t packet = 1; packet + 1 < VOICES; packet++) CHECK_EQ(wire[packet].length, wire[0].length);
    CHECK_EQ(wire[VOICES - 1].length, wire[0].length - 25);
    cr_forward_statistics sent;
    CHECK_EQ(cr_forward_read_statistics(s.w->shard, world_id(2), &sent), CR_OK);
    CHECK_EQ(sent.bytes, 80);  // RFC 3550, 6.4.1: padding is not counted
    world_close(s.w);
}

TEST(voices_that_need_no_padding_get_none) {
    scene s = open_voices(1, false);
    const size_t rounds[4][VOICES] = {{90}, {80, 100}, {90, 90, 90, 90}, {100, 100, 3}};
    for (size_t round = 0; round < 4; round++) {
        world_clear(s.w);
        speak(&s, rounds[round]);
        expect_padding(&s, 0, rounds[round], (const uint8_t[VOICES]){0});
    }
    world_close(s.w);
}

TEST(voices_are_padded_by_little_and_silence_stays_short) {
    scene s = open_voices(1, false);
    // 160 takes 120 along as its last; 80 begins anew.
    const size_t spread[VOICES] = {160, 160 - CR_PAD_VOICE_BYTES, 120, 80, 70};
    speak(&s, spread);
    expect_padding(&s, 0, spread, (const uint8_t[VOICES]){0, CR_PAD_VOICE_BYTES, 0, 0, 0});
    world_clear(s.w);
    const size_t silent[VOICES] = {100, 4, 95, 3, 5};
    speak(&s, silent);
    expect_padding(&s, 0, silent, (const uint8_t[VOICES]){0, 0, 5, 0, 0});
    world_close(s.w);
}

TEST(voices_are_padded_for_each_subscriber_by_what_he_gets) {
    scene s = open_voices(3, true);
    receiver_of(&s, 1)->raw = true;
    CHECK_EQ(cr_forward_set_paused(s.w->shard, world_id((3 - 1 - 2) * 3), true), CR_OK);  // 2 does not hear the longest
    const size_t lengths[VOICES] = {80, 100, 90, 85, 75};
    speak(&s, lengths);
    // The longer MID takes four bytes more: 90 is as good as 94.
    expect_padding(&s, 0, lengths, (const uint8_t[VOICES]){20, 0, 6, 15, 0});
    const world_packet *wire = receiver_of(&s, 1)->inbox;
    for (size_t packet = 1; packet + 1 < VOICES; packet++) CHECK_EQ(wire[packet].length, wire[0].length);
    CHECK_EQ(receiver_of(&s, 2)->count, VOICES - 1);
    const size_t others[VOICES] = {80, 0, 90, 85, 75};
    expect_padding(&s, 2, others, (const uint8_t[VOICES]){14, 0, 0, 9, 0});
    world_close(s.w);
}

TEST(voices_are_padded_by_what_is_left_of_red) {
    scene s = open_voices(2, false);
    cr_stream_config red = world_stream(s.sender, CR_CODEC_RED, 700);
    CHECK_EQ(cr_stream_open(s.w->shard, world_id(6), &red), CR_OK);
    for (uint32_t receiver = 0; receiver < 2; receiver++) {
        cr_forward_config forward = world_forward(receiver_of(&s, receiver), world_id(6), 700 + receiver);
        forward.payloads[0].unwrap_red = receiver == 0;
        CHECK_EQ(cr_forward_open(s.w->shard, world_id(s.forwards++), &forward), CR_OK);
    }
    uint8_t payload[150] = {0xef, 0x00, 0x00, 85, 0x6f};  // RFC 2198: 85 bytes of before, and the last 60
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 700, .sequence = 1, .payload = payload,
                     .payload_length = sizeof payload};
    world_send(s.w, s.sender, &rtp);
    const size_t lengths[VOICES] = {80, 75};
    speak(&s, lengths);
    expect_padding(&s, 0, lengths, (const uint8_t[VOICES]){0});
    expect_padding(&s, 1, lengths, (const uint8_t[VOICES]){0});
    const cr_rtp *unwrapped = &receiver_of(&s, 0)->inbox[0].rtp, *whole = &receiver_of(&s, 1)->inbox[0].rtp;
    CHECK_EQ(unwrapped->payload_length, 60);
    CHECK_EQ(unwrapped->padding, 20);
    CHECK_EQ(whole->payload_length, 150);
    CHECK_EQ(whole->padding, 0);
    world_close(s.w);
}

TEST(padding_of_the_publisher_is_not_carried_on) {
    scene s = open_voices(1, false);
    uint8_t payload[100] = {0};
    const size_t lengths[VOICES] = {50, 100, 90};
    for (uint32_t voice = 0; voice < 3; voice++) {
        world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = voice_ssrcs[voice], .sequence = 1, .payload = payload,
                         .payload_length = lengths[voice], .padding = voice == 0 ? 60 : 7};
        world_send(s.w, s.sender, &rtp);
    }
    world_turn(s.w);
    world_drain(s.w);
    expect_padding(&s, 0, lengths, (const uint8_t[VOICES]){0, 0, 10});
    world_close(s.w);
}

TEST(a_padded_voice_is_repeated_to_the_last_byte) {
    scene s = open_voices(1, false);
    world_peer *receiver = receiver_of(&s, 0);
    receiver->raw = true;
    speak(&s, (const size_t[VOICES]){80, 100, 90, 85, 75});
    CHECK_EQ(receiver->count, VOICES);
    for (size_t index = 0; index < VOICES; index++) {
        const uint8_t *bytes = receiver->inbox[index].bytes;
        uint16_t lost = (uint16_t)(bytes[2] << 8 | bytes[3]);
        uint32_t ssrc = (uint32_t)bytes[10] << 8 | bytes[11];
        CHECK_EQ(cr_forward_retransmit(s.w->shard, s.w->now, 0, receiver->transport, ssrc, &lost, 1), CR_OK);
    }
    world_drain(s.w);
    CHECK_EQ(receiver->count, 2 * VOICES);
    for (size_t index = 0; index < VOICES; index++) {
        CHECK_EQ(receiver->inbox[index].length, receiver->inbox[index + VOICES].length);
        CHECK_BYTES(receiver->inbox[index].bytes, receiver->inbox[index + VOICES].bytes, receiver->inbox[index].length);
    }
    world_close(s.w);
}

// -------------------------------------------------------------------------------------------------------------- control

static void send_report(scene *s, world_peer *peer) {
    uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 9}, wire[64];
    size_t length = 0;
    CHECK_EQ(cr_srtp_protect_rtcp(peer->sending, report, 8, wire, sizeof wire, &length), CR_SRTP_OK);
    world_deliver(s->w, &peer->address, wire, length);
}

TEST(a_flood_of_feedback_delays_and_displaces_no_media) {
    scene s = open_scene(3);
    enum { REPORTS = CR_WAITING_CONTROL + 300, PACKETS = 50 };
    for (uint32_t report = 0; report < REPORTS; report++) {
        send_report(&s, receiver_of(&s, report % 3));
        if (report % (REPORTS / PACKETS) != 0) continue;
        send_sized(&s, VIDEO, (uint16_t)(report / (REPORTS / PACKETS)), 40, false);
    }
    uint8_t request[8] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, hello[4] = {22, 254, 253, 0};
    world_deliver(s.w, &receiver_of(&s, 0)->address, request, sizeof request);
    world_deliver(s.w, &receiver_of(&s, 0)->address, hello, sizeof hello);
    CHECK(!cr_shard_forward(s.w->shard, CR_VIDEO, UINT32_MAX));
    CHECK_EQ(world_events(s.w, CR_EVENT_RTCP, receiver_of(&s, 0)->transport), 0);  // media first
    uint64_t media = world_statistics(s.w).forwards;
    CHECK_EQ(media, 3 * ((REPORTS - 1) / (REPORTS / PACKETS) + 1));
    CHECK_EQ(world_drops(s.w, CR_DROP_RTCP_OVERFLOW), 300);
    cr_shard_hand_up(s.w->shard);
    CHECK_EQ(world_statistics(s.w).rtcp_in, CR_CONTROL_PER_TURN);
    CHECK_EQ(world_statistics(s.w).stun_in, 1);
    CHECK_EQ(world_statistics(s.w).dtls_in, 1);
    while (cr_shard_is_busy(s.w->shard)) {
        world_release(s.w);
        cr_shard_hand_up(s.w->shard);
    }
    CHECK_EQ(world_statistics(s.w).rtcp_in, CR_WAITING_CONTROL);
    world_close(s.w);
}

static void expect_dtls(const scene *s, size_t index, uint32_t receiver, uint8_t number) {
    size_t count;
    const cr_event *events = cr_shard_events(s->w->shard, &count);
    CHECK(index < count);
    CHECK_EQ(events[index].type, CR_EVENT_DTLS);
    CHECK_EQ(events[index].id, receiver_of(s, receiver)->transport);
    CHECK_EQ(events[index].bytes[1], number);
}

TEST(handshakes_take_turns_and_nothing_of_one_transport_overtakes) {
    scene s = open_scene(4);
    _Static_assert(CR_HANDSHAKES_PER_TURN == 2, "what the order below counts on");
    enum { HANDSHAKE = 22, DATA = 23 };
    static const struct {
        uint8_t receiver, type;
    } sent[8] = {{0, HANDSHAKE}, {0, DATA}, {1, HANDSHAKE}, {2, HANDSHAKE},
                 {2, DATA},      {3, DATA}, {0, HANDSHAKE}, {1, DATA}};
    for (uint8_t number = 0; number < 8; number++) {
        uint8_t bytes[2] = {sent[number].type, number};
        world_deliver(s.w, &receiver_of(&s, sent[number].receiver)->address, bytes, sizeof bytes);
    }
    size_t count;
    world_turn(s.w);
    cr_shard_events(s.w->shard, &count);
    CHECK_EQ(count, 5);
    expect_dtls(&s, 0, 0, 0);
    expect_dtls(&s, 1, 0, 1);
    expect_dtls(&s, 2, 1, 2);
    expect_dtls(&s, 3, 3, 5);  // data of others goes past those that wait
    expect_dtls(&s, 4, 1, 7);
    CHECK(cr_shard_is_busy(s.w->shard));
    world_release(s.w);
    world_turn(s.w);
    cr_shard_events(s.w->shard, &count);
    CHECK_EQ(count, 3);
    expect_dtls(&s, 0, 2, 3);
    expect_dtls(&s, 1, 2, 4);
    expect_dtls(&s, 2, 0, 6);
    CHECK(!cr_shard_is_busy(s.w->shard));
    world_release(s.w);
    world_close(s.w);
}
