// The whole core in virtual time: addresses, keys, demultiplexing, events, drop reasons and bounds.

#include "world.h"

static uint64_t incoming_drops(const world *world) {
    cr_shard_statistics statistics = world_statistics(world);
    uint64_t sum = 0;
    for (int reason = 0; reason < CR_DROP_SEND_QUEUE_FULL; reason++) sum += statistics.drops[reason];
    return sum;
}

static void receive_from(world *world, const cr_address *from, const char *hex) {
    uint8_t bytes[128];
    size_t length = check_hex(hex, bytes, sizeof bytes);
    cr_memory_receive(world->shard, world->now, from, bytes, length);
}

TEST(shard_refuses_bad_configurations) {
    cr_shard_config config = {.max_transports = 1, .max_streams = 1, .max_forwards = 1, .max_packets = 0};
    CHECK(cr_shard_create(&config) == NULL);
    config.max_packets = 1;
    config.max_streams = (1u << CR_ID_INDEX_BITS) + 1;
    CHECK(cr_shard_create(&config) == NULL);
    cr_shard_destroy(NULL);
}

TEST(shard_counts_what_it_cannot_use) {
    world *w = world_open();
    world_peer *peer = world_add_peer(w);
    cr_address stranger = world_address(99);
    cr_memory_receive(w->shard, w->now, &stranger, NULL, 0);
    uint8_t *large = calloc(1, 3000);
    cr_memory_receive(w->shard, w->now, &stranger, large, 3000);
    free(large);
    receive_from(w, &stranger, "40 00");
    receive_from(w, &stranger, "16 fe fd");
    receive_from(w, &stranger, "80 60 0001 00000000 00000001 00");
    receive_from(w, &peer->address, "80 60 0001 00000000 00000001 00");
    CHECK_EQ(world_drops(w, CR_DROP_EMPTY), 1);
    CHECK_EQ(world_drops(w, CR_DROP_TOO_LONG), 1);
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_PROTOCOL), 1);
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_ADDRESS), 2);
    CHECK_EQ(world_drops(w, CR_DROP_NO_KEYS), 1);
    receive_from(w, &stranger, "00 01 0000 2112a442");
    receive_from(w, &peer->address, "16 fe fd 00");
    size_t count;
    const cr_event *events = cr_shard_events(w->shard, &count);
    CHECK_EQ(count, 2);
    CHECK_EQ(events[0].type, CR_EVENT_STUN);
    CHECK_EQ(events[0].id, CR_ID_NONE);
    CHECK_BYTES(&events[0].from, &stranger, sizeof stranger);
    CHECK_EQ(events[0].length, 8);
    CHECK_EQ(events[1].type, CR_EVENT_DTLS);
    CHECK_EQ(events[1].id, peer->transport);
    CHECK_EQ(events[1].bytes[0], 0x16);
    CHECK_EQ(world_statistics(w).packets_in, incoming_drops(w) + 2);
    world_close(w);
}

TEST(every_drop_reason_has_a_name) {
    for (int reason = 0; reason < CR_DROP_REASONS; reason++) CHECK(strlen(cr_drop_reason_name((cr_drop_reason)reason)) > 2);
    CHECK(strcmp(cr_drop_reason_name(CR_DROP_REASONS), "unknown") == 0);
}

TEST(identifiers_of_another_generation_are_stale) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    cr_id stale = peer->transport + (1u << CR_ID_INDEX_BITS);
    cr_extension_map map = {{0}};
    cr_transport_statistics statistics;
    CHECK_EQ(cr_transport_open(w->shard, stale), CR_EXISTS);
    CHECK_EQ(cr_transport_close(w->shard, stale), CR_STALE);
    CHECK_EQ(cr_transport_add_address(w->shard, stale, &peer->address), CR_STALE);
    CHECK_EQ(cr_transport_select_address(w->shard, stale, &peer->address), CR_STALE);
    CHECK_EQ(cr_transport_clear_addresses(w->shard, stale), CR_STALE);
    CHECK_EQ(cr_transport_send(w->shard, stale, (const uint8_t *)"x", 1), CR_STALE);
    CHECK_EQ(cr_transport_set_extensions(w->shard, stale, &map), CR_STALE);
    CHECK_EQ(cr_transport_read_statistics(w->shard, stale, &statistics), CR_STALE);
    CHECK_EQ(cr_transport_read_arrivals(w->shard, stale, NULL, 0), 0);
    CHECK_EQ(cr_stream_close(w->shard, world_id(3)), CR_STALE);
    CHECK_EQ(cr_stream_set_muted(w->shard, world_id(3), true), CR_STALE);
    CHECK_EQ(cr_forward_close(w->shard, world_id(3)), CR_STALE);
    CHECK_EQ(cr_forward_set_source(w->shard, world_id(3), world_id(3)), CR_STALE);
    cr_stream_config config = world_stream(peer, CR_CODEC_OPUS, 5);
    config.transport = stale;
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_STALE);
    world_close(w);
}

TEST(addresses_are_limited_and_the_selected_one_stays) {
    world *w = world_open();
    world_peer *peer = world_add_peer(w);
    for (unsigned number = 200; number < 220; number++) {
        cr_address address = world_address(number);
        CHECK_EQ(cr_transport_add_address(w->shard, peer->transport, &address), CR_OK);
    }
    cr_transport *transport = cr_transport_find(w->shard, peer->transport);
    CHECK_EQ(transport->address_count, CR_MAX_ADDRESSES);
    CHECK_EQ(w->shard->by_address.used, CR_MAX_ADDRESSES);
    receive_from(w, &peer->address, "16 fe fd 00");
    cr_address evicted = world_address(205), kept = world_address(219);
    receive_from(w, &evicted, "16 fe fd 00");
    receive_from(w, &kept, "16 fe fd 00");
    CHECK_EQ(world_events(w, CR_EVENT_DTLS, peer->transport), 2);
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_ADDRESS), 1);
    CHECK_EQ(cr_transport_select_address(w->shard, peer->transport, &evicted), CR_INVALID);
    CHECK_EQ(cr_transport_select_address(w->shard, peer->transport, &kept), CR_OK);
    CHECK_EQ(cr_transport_send(w->shard, peer->transport, (const uint8_t *)"hi", 2), CR_OK);
    cr_address to;
    uint8_t out[16];
    CHECK_EQ(cr_memory_send(w->shard, &to, out, sizeof out), 2);
    CHECK_BYTES(&to, &kept, sizeof to);
    CHECK_EQ(cr_transport_clear_addresses(w->shard, peer->transport), CR_OK);
    CHECK_EQ(cr_transport_send(w->shard, peer->transport, (const uint8_t *)"hi", 2), CR_NOT_READY);
    receive_from(w, &kept, "16 fe fd 00");
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_ADDRESS), 2);
    CHECK_EQ(w->shard->by_address.used, 0);
    world_close(w);
}

TEST(an_address_moves_to_the_transport_that_proved_it_last) {
    world *w = world_open();
    world_peer *a = world_add_peer(w), *b = world_add_peer(w);
    CHECK_EQ(cr_transport_add_address(w->shard, b->transport, &a->address), CR_OK);
    receive_from(w, &a->address, "16 fe fd 00");
    CHECK_EQ(world_events(w, CR_EVENT_DTLS, b->transport), 1);
    CHECK_EQ(cr_transport_send(w->shard, a->transport, (const uint8_t *)"hi", 2), CR_NOT_READY);
    world_close(w);
}

TEST(rtcp_travels_both_ways_and_is_checked) {
    world *w = world_open();
    world_peer *peer = world_add_peer(w);
    uint8_t report[8] = {0x80, 201, 0, 1, 0, 0, 0, 9}, wire[64];
    CHECK_EQ(cr_transport_send_rtcp(w->shard, peer->transport, report, 8), CR_NOT_READY);
    peer = world_add_keyed_peer(w, CR_SRTP_AES128_CM_SHA1_80);
    size_t length = 0;
    CHECK_EQ(cr_srtp_protect_rtcp(peer->sending, report, 8, wire, sizeof wire, &length), CR_SRTP_OK);
    cr_memory_receive(w->shard, w->now, &peer->address, wire, length);
    CHECK_EQ(world_events(w, CR_EVENT_RTCP, peer->transport), 1);
    cr_memory_receive(w->shard, w->now, &peer->address, wire, length);
    CHECK_EQ(world_drops(w, CR_DROP_REPLAY), 1);
    wire[3] = 200;
    cr_memory_receive(w->shard, w->now, &peer->address, wire, length);
    CHECK_EQ(world_drops(w, CR_DROP_MALFORMED_RTCP), 1);
    wire[3] = 1;
    wire[length - 1] ^= 1;
    wire[length - 14] ^= 1;  // index 1 again would be a replay: make it another one
    wire[length - 11] ^= 4;
    cr_memory_receive(w->shard, w->now, &peer->address, wire, length);
    CHECK_EQ(world_drops(w, CR_DROP_AUTHENTICATION), 1);
    CHECK_EQ(cr_transport_send_rtcp(w->shard, peer->transport, report, 8), CR_OK);
    CHECK_EQ(cr_transport_send_rtcp(w->shard, peer->transport, report, 4), CR_INVALID);
    peer->raw = true;
    world_drain(w);
    CHECK_EQ(peer->count, 1);
    length = peer->inbox[0].length;
    CHECK_EQ(cr_srtp_unprotect_rtcp(peer->receiving, peer->inbox[0].bytes, &length), CR_SRTP_OK);
    CHECK_BYTES(peer->inbox[0].bytes, report, 8);
    world_close(w);
}

static void open_stream(world *w, world_peer *peer, uint32_t index, const char *mid, const char *rid, uint32_t ssrc) {
    cr_stream_config config = world_stream(peer, CR_CODEC_VP8, ssrc);
    strncpy(config.mid, mid, sizeof config.mid - 1);
    strncpy(config.rid, rid, sizeof config.rid - 1);
    CHECK_EQ(cr_stream_open(w->shard, world_id(index), &config), CR_OK);
}

static void send_named(world *w, world_peer *peer, uint8_t type, uint32_t ssrc, uint16_t sequence, const char *mid,
                       const char *rid, const char *repaired) {
    static const uint8_t payload[] = {0, 5, 0x10, 0x01, 0, 0};
    world_rtp rtp = {.payload_type = type, .ssrc = ssrc, .sequence = sequence, .mid = mid, .rid = rid,
                     .repaired = repaired, .payload = payload, .payload_length = sizeof payload};
    world_send(w, peer, &rtp);
}

static cr_stream_statistics stream_statistics(world *w, uint32_t index) {
    cr_stream_statistics statistics;
    CHECK_EQ(cr_stream_read_statistics(w->shard, world_id(index), &statistics), CR_OK);
    return statistics;
}

TEST(streams_are_found_by_ssrc_then_names_then_type) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    open_stream(w, peer, 0, "0", "", 100);
    open_stream(w, peer, 1, "1", "f", 0);
    open_stream(w, peer, 2, "1", "h", 0);
    open_stream(w, peer, 3, "2", "", 0);
    send_named(w, peer, WORLD_MEDIA, 100, 1, "2", NULL, NULL);  // the SSRC wins over the MID
    send_named(w, peer, WORLD_MEDIA, 201, 1, "1", "h", NULL);
    send_named(w, peer, WORLD_MEDIA, 201, 2, NULL, NULL, NULL);  // learned
    send_named(w, peer, WORLD_RTX, 301, 1, "1", NULL, "h");
    send_named(w, peer, WORLD_MEDIA, 202, 1, "1", "f", NULL);
    CHECK_EQ(stream_statistics(w, 0).packets, 1);
    CHECK_EQ(stream_statistics(w, 2).ssrc, 201);
    CHECK_EQ(stream_statistics(w, 2).packets, 3);
    CHECK_EQ(stream_statistics(w, 2).rtx_ssrc, 301);
    CHECK_EQ(stream_statistics(w, 1).ssrc, 202);
    send_named(w, peer, WORLD_MEDIA, 203, 1, "1", NULL, NULL);  // which encoding?
    send_named(w, peer, WORLD_MEDIA, 204, 1, "9", NULL, NULL);  // no such MID here
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_STREAM), 2);
    send_named(w, peer, WORLD_MEDIA, 205, 1, NULL, NULL, NULL);  // an old client: the only one still without SSRC
    CHECK_EQ(stream_statistics(w, 3).ssrc, 205);
    send_named(w, peer, WORLD_RTX, 305, 1, NULL, NULL, NULL);
    CHECK(stream_statistics(w, 0).rtx_ssrc == 305 || stream_statistics(w, 3).rtx_ssrc == 305);
    send_named(w, peer, 50, 100, 2, NULL, NULL, NULL);
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_PAYLOAD_TYPE), 1);
    send_named(w, peer, 50, 900, 2, "2", NULL, NULL);
    CHECK_EQ(world_drops(w, CR_DROP_UNKNOWN_PAYLOAD_TYPE), 2);
    CHECK_EQ(world_events(w, CR_EVENT_STREAM_STARTED, world_id(2)), 1);
    world_close(w);
}

TEST(streams_of_another_transport_cannot_be_reached) {
    world *w = world_open();
    world_peer *a = world_join(w), *b = world_join(w);
    open_stream(w, a, 0, "0", "", 100);
    open_stream(w, b, 1, "0", "", 100);
    send_named(w, a, WORLD_MEDIA, 100, 1, "0", NULL, NULL);
    send_named(w, b, WORLD_MEDIA, 100, 7, "0", NULL, NULL);
    send_named(w, b, WORLD_MEDIA, 100, 8, "0", NULL, NULL);
    CHECK_EQ(stream_statistics(w, 0).packets, 1);
    CHECK_EQ(stream_statistics(w, 1).packets, 2);
    world_close(w);
}

TEST(a_new_ssrc_takes_over_and_stragglers_do_not_take_back) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    open_stream(w, peer, 0, "0", "", 0);
    send_named(w, peer, WORLD_MEDIA, 100, 1000, "0", NULL, NULL);
    send_named(w, peer, WORLD_MEDIA, 200, 5, "0", NULL, NULL);
    CHECK_EQ(stream_statistics(w, 0).ssrc, 200);
    CHECK_EQ(stream_statistics(w, 0).base_extended_sequence, 5);
    send_named(w, peer, WORLD_MEDIA, 100, 1001, "0", NULL, NULL);
    CHECK_EQ(stream_statistics(w, 0).ssrc, 200);
    CHECK_EQ(world_drops(w, CR_DROP_TOO_OLD), 1);
    w->now += 3000000;
    send_named(w, peer, WORLD_MEDIA, 100, 1002, "0", NULL, NULL);
    CHECK_EQ(stream_statistics(w, 0).ssrc, 100);
    world_close(w);
}

TEST(ssrcs_of_one_transport_are_capped_before_decryption) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    for (uint32_t ssrc = 0; ssrc < 1000; ssrc++) send_named(w, peer, WORLD_MEDIA, 5000 + ssrc, 1, NULL, NULL, NULL);
    CHECK_EQ(cr_transport_find(w->shard, peer->transport)->ssrc_count, CR_MAX_SSRCS);
    CHECK_EQ(world_drops(w, CR_DROP_TOO_MANY_STREAMS), 1000 - CR_MAX_SSRCS);
    w->now += CR_SSRC_IDLE_US;  // one that has been silent long enough makes room
    send_named(w, peer, WORLD_MEDIA, 9999, 1, NULL, NULL, NULL);
    CHECK_EQ(world_drops(w, CR_DROP_TOO_MANY_STREAMS), 1000 - CR_MAX_SSRCS);
    CHECK_EQ(cr_transport_find(w->shard, peer->transport)->ssrc_count, CR_MAX_SSRCS);
    world_close(w);
}

TEST(malformed_srtp_of_every_length) {
    world *w = world_open();
    world_peer *peers[3] = {world_add_keyed_peer(w, CR_SRTP_AES128_CM_SHA1_80),
                            world_add_keyed_peer(w, CR_SRTP_AEAD_AES_128_GCM),
                            world_add_keyed_peer(w, CR_SRTP_AEAD_AES_256_GCM)};
    const uint8_t firsts[] = {0x80, 0x90, 0xA0, 0xB0, 0xBF};
    uint32_t random = 7;
    uint64_t sent = 0;
    for (size_t first = 0; first < sizeof firsts; first++) {
        for (size_t length = 0; length <= 1500; length++) {
            uint8_t *bytes = malloc(length ? length : 1);
            for (size_t byte = 0; byte < length; byte++) bytes[byte] = (uint8_t)((random = random * 69069u + 1u) >> 24);
            if (length > 0) bytes[0] = firsts[first];
            for (int shape = 0; shape < 2; shape++) {
                if (length > 1) bytes[1] = shape ? 200 : 96;
                if (length > 15) bytes[14] = 0, bytes[15] = (uint8_t)(length / 8);
                cr_memory_receive(w->shard, w->now, &peers[length % 3]->address, bytes, length);
                sent++;
            }
            free(bytes);
        }
    }
    CHECK_EQ(incoming_drops(w), sent);
    CHECK_EQ(world_statistics(w).packets_in, sent);
    CHECK(world_drops(w, CR_DROP_AUTHENTICATION) > 5000);
    CHECK_EQ(world_statistics(w).packets_in_use, 0);
    world_close(w);
}

TEST(arrivals_are_logged_in_order_and_once) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    open_stream(w, peer, 0, "0", "", 100);
    static const uint8_t payload[] = {0x10, 0x01};
    for (uint16_t sequence = 0; sequence < CR_ARRIVALS + 10; sequence++) {
        world_rtp rtp = {.payload_type = WORLD_MEDIA, .ssrc = 100, .sequence = sequence, .payload = payload,
                         .payload_length = 2, .transport_sequence = 65000 + sequence + 1};
        w->now += 10;
        world_send(w, peer, &rtp);
    }
    cr_arrival out[64];
    CHECK_EQ(cr_transport_read_arrivals(w->shard, peer->transport, out, 64), 64);
    CHECK_EQ(out[0].sequence, (uint16_t)(65000 + 10));  // the oldest ten were pushed out
    CHECK_EQ(out[1].arrival_us - out[0].arrival_us, 10);
    size_t total = 64, count;
    while ((count = cr_transport_read_arrivals(w->shard, peer->transport, out, 64)) > 0) total += count;
    CHECK_EQ(total, CR_ARRIVALS);
    world_close(w);
}

TEST(events_are_bounded_and_late_ones_survive_the_release) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    for (int datagram = 0; datagram < 3000; datagram++) receive_from(w, &peer->address, "16 fe fd 00");
    CHECK_EQ(world_drops(w, CR_DROP_POOL_EXHAUSTED), 3000 - CR_MAX_DATAGRAM_EVENTS);
    size_t count;
    cr_shard_events(w->shard, &count);
    CHECK_EQ(count, CR_MAX_DATAGRAM_EVENTS);
    open_stream(w, peer, 0, "0", "", 100);
    cr_forward_config config = world_forward(peer, world_id(0), 500);
    CHECK_EQ(cr_forward_open(w->shard, world_id(0), &config), CR_OK);  // raises KEYFRAME_WANTED while events are read
    cr_shard_release_events(w->shard);
    CHECK_EQ(world_events(w, CR_EVENT_KEYFRAME_WANTED, world_id(0)), 1);
    cr_shard_release_events(w->shard);
    cr_shard_events(w->shard, &count);
    CHECK_EQ(count, 0);
    CHECK_EQ(world_statistics(w).packets_in_use, 0);
    world_close(w);
}

TEST(owed_events_come_after_the_release) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    open_stream(w, peer, 0, "0", "", 100);
    while (w->shard->event_count < CR_MAX_EVENTS) {  // fill the list to the brim
        w->shard->event_packets[w->shard->event_count] = NULL;
        w->shard->events[w->shard->event_count++] = (cr_event){.type = CR_EVENT_KEYFRAME, .id = CR_ID_NONE};
    }
    send_named(w, peer, WORLD_MEDIA, 100, 1, NULL, NULL, NULL);
    CHECK_EQ(world_events(w, CR_EVENT_STREAM_STARTED, world_id(0)), 0);
    cr_shard_release_events(w->shard);
    CHECK_EQ(world_events(w, CR_EVENT_STREAM_STARTED, world_id(0)), 1);
    world_close(w);
}

TEST(a_full_pool_and_a_full_queue_are_counted) {
    world *w = world_open_sized(64);
    world_peer *peer = world_join(w);
    for (int datagram = 0; datagram < 70; datagram++) {
        cr_result result = cr_transport_send(w->shard, peer->transport, (const uint8_t *)"x", 1);
        CHECK_EQ(result, datagram < 64 ? CR_OK : CR_FULL);
    }
    receive_from(w, &peer->address, "16 fe fd 00");
    CHECK_EQ(world_drops(w, CR_DROP_POOL_EXHAUSTED), 7);
    world_close(w);
    w = world_open();
    peer = world_join(w);
    for (uint32_t datagram = 0; datagram < CR_SEND_QUEUE_PACKETS + 5; datagram++) {
        cr_transport_send(w->shard, peer->transport, (const uint8_t *)"x", 1);
    }
    CHECK_EQ(world_drops(w, CR_DROP_SEND_QUEUE_FULL), 5);
    world_close(w);
}

TEST(stream_configurations_are_checked) {
    world *w = world_open();
    world_peer *peer = world_join(w);
    cr_stream_config config = world_stream(peer, CR_CODEC_VP8, 1);
    config.cache_packets = 100;
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_INVALID);
    config.cache_packets = 128;
    config.format_count = CR_MAX_FORMATS + 1;
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_INVALID);
    config.format_count = 1;
    config.formats[0].payload_type = 200;
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_INVALID);
    config.formats[0].payload_type = 96;
    CHECK_EQ(cr_stream_open(w->shard, world_id(64), &config), CR_FULL);
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_OK);
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_EXISTS);
    CHECK_EQ(cr_stream_close(w->shard, world_id(0)), CR_OK);
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &config), CR_STALE);
    cr_forward_config forward = world_forward(peer, world_id(0), 1);
    CHECK_EQ(cr_forward_open(w->shard, world_id(0), &forward), CR_STALE);
    world_close(w);
}

TEST(every_packet_is_accounted_for_once) {
    world *w = world_open();
    world_peer *peer = world_join(w), *receiver = world_join(w);
    cr_stream_config stream = world_stream(peer, CR_CODEC_OPUS, 100);
    CHECK_EQ(cr_stream_open(w->shard, world_id(0), &stream), CR_OK);
    cr_forward_config forward = world_forward(receiver, world_id(0), 700);
    CHECK_EQ(cr_forward_open(w->shard, world_id(0), &forward), CR_OK);
    uint32_t random = 3;
    for (int packet = 0; packet < 6000; packet++) {
        random = random * 1664525u + 1013904223u;
        uint32_t dice = random >> 24;
        if (dice < 20) receive_from(w, &peer->address, "16 fe fd 00");
        else if (dice < 40) receive_from(w, &peer->address, "80 60 0001 00000000 00000064 00");
        else if (dice < 60) cr_stream_set_muted(w->shard, world_id(0), dice & 1);
        else if (dice < 80) cr_stream_set_tap(w->shard, world_id(0), dice & 1);
        else send_named(w, peer, dice < 90 ? 50 : WORLD_MEDIA, dice < 100 ? 5 : dice < 110 ? 0 : 100, (uint16_t)packet, NULL, NULL, NULL);
        if (packet % 500 == 0) world_clear(w);
    }
    world_drain(w);
    cr_shard_statistics statistics = world_statistics(w);
    cr_forward_statistics sent;
    cr_forward_read_statistics(w->shard, world_id(0), &sent);
    uint64_t expected = statistics.dtls_in + incoming_drops(w) + sent.packets;
    CHECK_EQ(statistics.packets_in, expected);
    world_close(w);
}
