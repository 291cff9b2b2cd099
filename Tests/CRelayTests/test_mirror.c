// Streams that are forwarded by another shard than the one that receives them: the ring between them, and that its
// subscribers get what local ones get.

#include "../../Sources/CRelay/core/link.h"
#include "world.h"

// A publisher and a subscriber of its own in one world, a subscriber by way of the link in the other.
typedef struct house {
    world *here, *there;
    cr_link *link;
    world_peer *publisher, *local, *remote;
} house;

enum { SOURCE = 1, MIRROR = 5, LOCAL = 1, REMOTE = 2, SSRC = 1000 };

static cr_stream_config mirror_config(cr_codec codec) {
    cr_stream_config config = world_stream(NULL, codec, 0);
    config.mirror = true;
    config.nack = false;
    return config;
}

static house house_open(cr_codec codec) {
    house h = {.here = world_open(), .there = world_open(), .link = cr_link_create(NULL)};
    cr_shard_add_link(h.there->shard, h.link);
    h.publisher = world_join(h.here);
    h.local = world_join(h.here);
    h.remote = world_join(h.there);
    cr_stream_config source = world_stream(h.publisher, codec, SSRC);
    cr_stream_config mirror = mirror_config(codec);
    CHECK_EQ(cr_stream_open(h.here->shard, world_id(SOURCE), &source), CR_OK);
    CHECK_EQ(cr_stream_open(h.there->shard, world_id(MIRROR), &mirror), CR_OK);
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, world_id(SOURCE), h.link, world_id(MIRROR)), CR_OK);
    cr_forward_config local = world_forward(h.local, world_id(SOURCE), 7000);
    cr_forward_config remote = world_forward(h.remote, world_id(MIRROR), 8000);
    CHECK_EQ(cr_forward_open(h.here->shard, world_id(LOCAL), &local), CR_OK);
    CHECK_EQ(cr_forward_open(h.there->shard, world_id(REMOTE), &remote), CR_OK);
    return h;
}

static void house_close(house *h) {
    cr_stream_close(h->there->shard, world_id(MIRROR));
    world_close(h->here);
    world_close(h->there);
    cr_link_destroy(h->link);
}

static void carry(house *h) {
    cr_memory_publish(h->here->shard);
    cr_memory_take(h->there->shard, h->there->now);
    world_drain(h->here);
    world_drain(h->there);
}

static void send_audio(house *h, uint16_t sequence) {
    uint8_t payload[4] = {(uint8_t)(sequence >> 8), (uint8_t)sequence, 1, 2};
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = sequence, .timestamp = sequence * 960u, .ssrc = SSRC,
                     .level = 30 + 1, .payload = payload, .payload_length = sizeof payload};
    world_send(h->here, h->publisher, &rtp);
}

// ------------------------------------------------------------------------------------------------------------ ring

TEST(a_link_holds_its_slots_and_no_more) {
    cr_link *link = cr_link_create(NULL);
    CHECK(cr_link_peek(link) == NULL);
    uint32_t next_in = 0, next_out = 0;
    for (unsigned round = 0; round < 7; round++) {
        cr_handover *place;
        while ((place = cr_link_place(link))) {
            place->length = next_in++;
            cr_link_commit(link);
        }
        CHECK_EQ(next_in - next_out, CR_LINK_SLOTS);
        if (round == 0) CHECK(cr_link_peek(link) == NULL);  // nothing was published yet
        cr_link_publish(link);
        // An odd number of them, so that every later round wraps at another slot.
        for (unsigned count = 0; count < 333; count++) {
            const cr_handover *handed = cr_link_peek(link);
            CHECK_EQ(handed->length, next_out++);
            cr_link_advance(link);
        }
        CHECK(cr_link_place(link) == NULL);  // read, but not given back yet
        cr_link_free(link);
    }
    cr_link_destroy(link);
}

TEST(indices_of_a_link_may_wrap) {
    cr_link *link = cr_link_create(NULL);
    link->sender.written = link->sender.known_freed = UINT32_MAX - 10;
    link->reader.read = link->reader.known_published = UINT32_MAX - 10;
    atomic_store(&link->published, UINT32_MAX - 10);
    atomic_store(&link->freed, UINT32_MAX - 10);
    for (uint32_t number = 0; number < 3000; number++) {
        cr_link_place(link)->length = number;
        cr_link_commit(link);
        cr_link_publish(link);
        CHECK_EQ(cr_link_peek(link)->length, number);
        cr_link_advance(link);
        CHECK(cr_link_peek(link) == NULL);
        cr_link_free(link);
    }
    cr_link_destroy(link);
}

// --------------------------------------------------------------------------------------------------------- mirrors

TEST(a_mirror_forwards_what_its_source_gets) {
    house h = house_open(CR_CODEC_OPUS);
    for (uint16_t sequence = 100; sequence < 150; sequence++) {
        send_audio(&h, sequence);
        if (sequence % 7 == 0) carry(&h);
    }
    carry(&h);
    CHECK_EQ(h.remote->count, 50);
    for (uint32_t index = 0; index < 50; index++) {
        const world_packet *packet = &h.remote->inbox[index];
        CHECK_EQ(packet->rtp.ssrc, 8000);
        CHECK_EQ(packet->rtp.payload_type, 100);
        CHECK_EQ((uint16_t)(packet->rtp.sequence - h.remote->inbox[0].rtp.sequence), index);
        CHECK_EQ(packet->rtp.extensions[CR_EXT_MID].length, 2);
        CHECK_EQ(packet->bytes[packet->rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 30);
        CHECK_EQ(packet->bytes[packet->rtp.header_length + 1], 100 + index);
    }
    CHECK_EQ(world_events(h.there, CR_EVENT_STREAM_STARTED, world_id(MIRROR)), 1);
    CHECK_EQ(world_statistics(h.here).handed_out, 50);
    CHECK_EQ(world_statistics(h.there).handed_in, 50);
    cr_stream_statistics mirrored;
    CHECK_EQ(cr_stream_read_statistics(h.there->shard, world_id(MIRROR), &mirrored), CR_OK);
    CHECK_EQ(mirrored.packets, 50);
    CHECK_EQ(mirrored.last_timestamp, 149 * 960);
    CHECK_EQ(mirrored.ssrc, SSRC);
    house_close(&h);
}

TEST(packets_without_any_local_subscriber_are_no_drops) {
    house h = house_open(CR_CODEC_OPUS);
    cr_forward_close(h.here->shard, world_id(LOCAL));
    for (uint16_t sequence = 1; sequence < 10; sequence++) send_audio(&h, sequence);
    carry(&h);
    CHECK_EQ(world_drops(h.here, CR_DROP_NO_FORWARD), 0);
    CHECK_EQ(h.remote->count, 9);
    house_close(&h);
}

// Whoever subscribes there may ask there for what was lost on the way to him.
TEST(a_mirror_sends_again_out_of_its_own_cache) {
    house h = house_open(CR_CODEC_OPUS);
    for (uint16_t sequence = 1; sequence < 20; sequence++) send_audio(&h, sequence);
    carry(&h);
    uint16_t lost = (uint16_t)(h.remote->inbox[4].rtp.sequence);
    CHECK_EQ(cr_forward_retransmit(h.there->shard, h.there->now + 50000, 20000, h.remote->transport, 8000, &lost, 1),
             CR_OK);
    carry(&h);
    CHECK_EQ(h.remote->count, 20);
    const world_packet *again = &h.remote->inbox[19];
    CHECK_EQ(again->rtp.ssrc, 8001);
    CHECK_EQ(again->bytes[again->rtp.header_length + 1], (uint8_t)lost);
    CHECK_EQ(world_statistics(h.there).retransmissions, 1);
    CHECK_EQ(world_statistics(h.here).retransmissions, 0);
    house_close(&h);
}

TEST(a_forward_of_a_mirror_wants_its_keyframe_where_it_is) {
    house h = house_open(CR_CODEC_VP8);
    CHECK_EQ(world_events(h.there, CR_EVENT_KEYFRAME_WANTED, world_id(MIRROR)), 1);
    world_release(h.there);
    world_send_vp8(h.here, h.publisher, SSRC, 10, 3000, false, 7);
    carry(&h);
    CHECK_EQ(h.remote->count, 0);
    world_send_vp8(h.here, h.publisher, SSRC, 11, 6000, true, 8);
    carry(&h);
    CHECK_EQ(h.remote->count, 1);
    CHECK_EQ(world_events(h.there, CR_EVENT_KEYFRAME, world_id(MIRROR)), 1);
    house_close(&h);
}

TEST(a_full_link_drops_and_counts_and_goes_on) {
    house h = house_open(CR_CODEC_OPUS);
    cr_forward_close(h.here->shard, world_id(LOCAL));
    cr_link_free(h.link);
    for (uint32_t sequence = 0; sequence < CR_LINK_SLOTS + 40; sequence++) send_audio(&h, (uint16_t)sequence);
    CHECK_EQ(world_drops(h.here, CR_DROP_LINK_FULL), 40);
    CHECK_EQ(world_drops(h.here, CR_DROP_NO_FORWARD), 0);
    // In parts: a peer's inbox is smaller than the ring.
    cr_memory_publish(h.here->shard);
    for (uint32_t part = 0; part < CR_LINK_SLOTS; part++) {
        CHECK(cr_mirror_take(h.there->shard, h.there->now, h.link));
        if (part % 256 != 255) continue;
        world_turn(h.there);
        world_clear(h.there);
    }
    CHECK(!cr_mirror_take(h.there->shard, h.there->now, h.link));
    cr_link_free(h.link);
    send_audio(&h, (uint16_t)(CR_LINK_SLOTS + 40));
    carry(&h);
    CHECK_EQ(h.remote->count, 1);
    CHECK_EQ(world_statistics(h.there).handed_in, CR_LINK_SLOTS + 1);
    house_close(&h);
}

TEST(what_comes_for_a_closed_mirror_is_counted) {
    house h = house_open(CR_CODEC_OPUS);
    send_audio(&h, 1);
    carry(&h);
    CHECK_EQ(cr_stream_close(h.there->shard, world_id(MIRROR)), CR_OK);
    send_audio(&h, 2);
    carry(&h);
    CHECK_EQ(world_drops(h.there, CR_DROP_NO_FORWARD), 1);
    CHECK_EQ(cr_stream_remove_mirror(h.here->shard, world_id(SOURCE), h.link), CR_OK);
    CHECK_EQ(cr_stream_remove_mirror(h.here->shard, world_id(SOURCE), h.link), CR_STALE);
    send_audio(&h, 3);
    CHECK_EQ(cr_memory_publish(h.here->shard), false);
    // Another stream of the other shard, under the same index: what is addressed to the old one does not reach it.
    cr_stream_config config = mirror_config(CR_CODEC_OPUS);
    cr_id later = 2u << CR_ID_INDEX_BITS | MIRROR;
    CHECK_EQ(cr_stream_open(h.there->shard, later, &config), CR_OK);
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, world_id(SOURCE), h.link, world_id(MIRROR)), CR_OK);
    send_audio(&h, 4);
    carry(&h);
    CHECK_EQ(world_drops(h.there, CR_DROP_NO_FORWARD), 2);
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, world_id(SOURCE), h.link, later), CR_OK);
    send_audio(&h, 5);
    carry(&h);
    cr_stream_statistics mirrored;
    CHECK_EQ(cr_stream_read_statistics(h.there->shard, later, &mirrored), CR_OK);
    CHECK_EQ(mirrored.packets, 1);
    cr_stream_close(h.there->shard, later);
    house_close(&h);
}

TEST(mirrors_take_nothing_but_what_a_link_brings) {
    house h = house_open(CR_CODEC_OPUS);
    uint8_t packet[CR_PACKET_BYTES];
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = 1, .ssrc = 1, .payload = packet, .payload_length = 5};
    size_t length = world_write(&rtp, packet);
    CHECK_EQ(cr_stream_push(h.there->shard, 1, world_id(MIRROR), packet, length), CR_INVALID);
    cr_stream_config config = mirror_config(CR_CODEC_OPUS);
    config.transport = h.remote->transport;
    CHECK_EQ(cr_stream_open(h.there->shard, world_id(9), &config), CR_INVALID);
    CHECK_EQ(cr_stream_add_mirror(h.there->shard, world_id(MIRROR), h.link, world_id(1)), CR_INVALID);
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, world_id(9), h.link, world_id(1)), CR_STALE);
    // An ordinary stream is none, whatever comes for it.
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, world_id(SOURCE), h.link, world_id(2)), CR_OK);
    cr_stream_config pushed = world_stream(NULL, CR_CODEC_OPUS, 0);
    CHECK_EQ(cr_stream_open(h.there->shard, world_id(2), &pushed), CR_OK);
    send_audio(&h, 1);
    carry(&h);
    CHECK_EQ(world_drops(h.there, CR_DROP_NO_FORWARD), 1);
    cr_stream_close(h.there->shard, world_id(2));
    house_close(&h);
}

// ------------------------------------------------------------------------------------------------------- likeness

static uint32_t roll(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

typedef struct sender {
    uint64_t random;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    uint16_t picture;
    bool muted;
    uint16_t held[8];  // left out, to come late
    size_t held_count;
} sender;

static void send_numbered(house *h, const sender *s, uint16_t sequence, cr_codec codec, uint8_t padding) {
    uint8_t payload[16] = {(uint8_t)(sequence >> 8), (uint8_t)sequence, (uint8_t)s->ssrc, 9};
    size_t length = 4;
    if (codec == CR_CODEC_VP8) length = world_vp8(sequence % 16 == 0, sequence, (uint8_t)sequence, payload);
    if (padding) length = 0;
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = sequence, .timestamp = sequence * 960u, .ssrc = s->ssrc,
                     .payload = payload, .payload_length = length, .padding = padding, .level = 40};
    world_send(h->here, h->publisher, &rtp);
}

static void step(house *h, sender *s, cr_codec codec) {
    uint32_t dice = roll(&s->random) % 100;
    if (dice < 6 && s->held_count < 8) {
        s->held[s->held_count++] = s->sequence++;  // lost for now
    } else if (dice < 10 && s->held_count > 0) {
        send_numbered(h, s, s->held[--s->held_count], codec, 0);
    } else if (dice < 14) {
        send_numbered(h, s, s->sequence++, codec, 20);
    } else if (dice < 16) {
        s->sequence = (uint16_t)(s->sequence + 5000);  // the client's numbers begin anew
        s->held_count = 0;
    } else if (dice < 18) {
        s->muted = !s->muted;
        CHECK_EQ(cr_stream_set_muted(h->here->shard, world_id(SOURCE), s->muted), CR_OK);
    } else {
        send_numbered(h, s, s->sequence++, codec, 0);
    }
}

// Numbers, times and contents, each counted from the first packet: what comes over the link is what comes directly.
static void check_alike(const house *h, uint64_t seed) {
    if (h->local->count != h->remote->count) fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    CHECK_EQ(h->local->count, h->remote->count);
    for (size_t index = 0; index < h->local->count; index++) {
        const world_packet *a = &h->local->inbox[index], *b = &h->remote->inbox[index];
        CHECK_EQ((uint16_t)(a->rtp.sequence - h->local->inbox[0].rtp.sequence),
                 (uint16_t)(b->rtp.sequence - h->remote->inbox[0].rtp.sequence));
        CHECK_EQ(a->rtp.timestamp, b->rtp.timestamp);
        CHECK_EQ(a->rtp.payload_length, b->rtp.payload_length);
        CHECK_BYTES(a->bytes + a->rtp.header_length, b->bytes + b->rtp.header_length, a->rtp.payload_length);
    }
}

// How many packets there were to compare.
static size_t compare(cr_codec codec, uint64_t seed) {
    house h = house_open(codec);
    sender s = {.random = seed, .sequence = (uint16_t)(seed * 977), .ssrc = SSRC};
    for (int count = 0; count < 300; count++) {
        step(&h, &s, codec);
        // Several packets at once, as a turn brings them.
        if (roll(&s.random) % 3 == 0) {
            carry(&h);
            h.here->now += 60000;
            h.there->now += 60000;
        }
        world_release(h.here);
        world_release(h.there);
    }
    carry(&h);
    check_alike(&h, seed);
    CHECK_EQ(world_drops(h.here, CR_DROP_LINK_FULL), 0);
    size_t compared = h.local->count;
    house_close(&h);
    return compared;
}

TEST(subscribers_of_a_mirror_get_what_local_ones_get) {
    size_t sounds = 0, pictures = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        sounds += compare(CR_CODEC_OPUS, seed);
        pictures += compare(CR_CODEC_VP8, seed);
    }
    CHECK(sounds > 10000 && pictures > 5000);
}

TEST(a_new_ssrc_reaches_the_mirror_in_its_place) {
    house h = house_open(CR_CODEC_OPUS);
    cr_stream_close(h.here->shard, world_id(SOURCE));
    cr_stream_config source = world_stream(h.publisher, CR_CODEC_OPUS, 0);
    source.mid[0] = 'a';
    cr_id named = 2u << CR_ID_INDEX_BITS | SOURCE;
    CHECK_EQ(cr_stream_open(h.here->shard, named, &source), CR_OK);
    CHECK_EQ(cr_stream_add_mirror(h.here->shard, named, h.link, world_id(MIRROR)), CR_OK);
    for (uint32_t ssrc = 50; ssrc < 53; ssrc++) {
        for (uint16_t sequence = 0; sequence < 5; sequence++) {
            uint8_t payload[2] = {(uint8_t)ssrc, (uint8_t)sequence};
            world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = (uint16_t)(ssrc * 20011u + sequence),
                             .timestamp = ssrc * 77777u + sequence * 960u, .ssrc = ssrc, .mid = "a",
                             .payload = payload, .payload_length = 2};
            world_send(h.here, h.publisher, &rtp);
        }
        h.here->now += 3000000;
        h.there->now += 3000000;
    }
    carry(&h);
    CHECK_EQ(h.remote->count, 15);
    for (size_t index = 1; index < 15; index++) {
        CHECK_EQ((uint16_t)(h.remote->inbox[index].rtp.sequence - h.remote->inbox[index - 1].rtp.sequence), 1);
    }
    house_close(&h);
}
