// world.c: see world.h.

#include "world.h"

static const uint8_t to_server[44] = "client-to-server master key and salt 01234";
static const uint8_t to_client[44] = "server-to-client master key and salt 56789";

cr_id world_id(uint32_t index) {
    return 1u << CR_ID_INDEX_BITS | index;
}

world *world_open_sized(uint32_t max_packets) {
    world *new = calloc(1, sizeof *new);
    cr_shard_config config = {.max_transports = 64, .max_streams = 64, .max_forwards = 512, .max_packets = max_packets,
                              .hash_seed = 0x1234567890abcdefu};
    new->shard = cr_shard_create(&config);
    new->now = 1000000;
    return new;
}

world *world_open(void) {
    return world_open_sized(20000);
}

void world_close(world *old) {
    for (size_t index = 0; index < old->peer_count; index++) {
        cr_transport_close(old->shard, old->peers[index].transport);
        cr_srtp_close(old->peers[index].sending);
        cr_srtp_close(old->peers[index].receiving);
        free(old->peers[index].inbox);
        old->peers[index].inbox = NULL;
    }
    uint8_t bytes[CR_PACKET_BYTES];
    cr_address to;
    while (cr_memory_send(old->shard, &to, bytes, sizeof bytes) > 0) continue;
    while (old->shard->event_count > 0) cr_shard_release_events(old->shard);
    cr_shard_statistics left = world_statistics(old);
    cr_shard_destroy(old->shard);
    free(old);
    CHECK_EQ(left.packets_in_use, 0);
    CHECK_EQ(left.allocated_bytes, 0);
    CHECK_EQ(left.transports + left.streams + left.forward_count, 0);
}

cr_address world_address(unsigned number) {
    cr_address address = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, (uint8_t)(number >> 8),
                                 (uint8_t)number},
                          .port = (uint16_t)(40000u + number)};
    return address;
}

world_peer *world_add_peer(world *world) {
    world_peer *peer = &world->peers[world->peer_count];
    peer->transport = world_id((uint32_t)world->peer_count);
    peer->address = world_address((unsigned)world->peer_count + 1);
    peer->inbox = calloc(WORLD_INBOX, sizeof *peer->inbox);
    world->peer_count++;
    CHECK_EQ(cr_transport_open(world->shard, peer->transport), CR_OK);
    CHECK_EQ(cr_transport_add_address(world->shard, peer->transport, &peer->address), CR_OK);
    CHECK_EQ(cr_transport_select_address(world->shard, peer->transport, &peer->address), CR_OK);
    return peer;
}

world_peer *world_add_keyed_peer(world *world, cr_srtp_profile profile) {
    world_peer *peer = world_add_peer(world);
    size_t length = cr_srtp_key_bytes(profile);
    peer->sending = cr_srtp_open(profile, CR_SRTP_SEND, to_server, length);
    peer->receiving = cr_srtp_open(profile, CR_SRTP_RECEIVE, to_client, length);
    CHECK_EQ(cr_transport_set_keys(world->shard, peer->transport, profile, to_server, to_client, length), CR_OK);
    return peer;
}

cr_extension_map world_extensions(void) {
    cr_extension_map map = {{0}};
    for (uint8_t kind = 0; kind < CR_EXT_COUNT; kind++) map.ids[kind] = (uint8_t)(kind + 1);
    return map;
}

world_peer *world_join(world *world) {
    world_peer *peer = world_add_keyed_peer(world, CR_SRTP_AEAD_AES_128_GCM);
    cr_extension_map map = world_extensions();
    CHECK_EQ(cr_transport_set_extensions(world->shard, peer->transport, &map), CR_OK);
    cr_extension_index_make(&map, &peer->index);
    return peer;
}

size_t world_protect(const world_peer *peer, const uint8_t *rtp, size_t length, uint8_t wire[CR_PACKET_BYTES]) {
    size_t wire_length = 0;
    cr_rtp parsed;
    CHECK(cr_rtp_parse_header(rtp, length, &peer->index, &parsed));
    cr_srtp_parts parts = {.header = rtp, .header_length = parsed.header_length,
                           .payload = rtp + parsed.header_length, .payload_length = length - parsed.header_length};
    CHECK_EQ(cr_srtp_protect_rtp(peer->sending, &parts, wire, CR_PACKET_BYTES, &wire_length), CR_SRTP_OK);
    return wire_length;
}

void world_protect_and_send(world *world, world_peer *peer, const uint8_t *rtp, size_t length) {
    uint8_t wire[CR_PACKET_BYTES];
    size_t wire_length = world_protect(peer, rtp, length, wire);
    world_deliver(world, &peer->address, wire, wire_length);
}

void world_deliver(world *world, const cr_address *from, const uint8_t *bytes, size_t length) {
    if (!world->gathers) {
        cr_memory_receive(world->shard, world->now, from, bytes, length);
        return;
    }
    cr_packet *packet = cr_pool_take(&world->shard->pool);
    CHECK(packet != NULL);
    memcpy(packet->data, bytes, length);
    packet->length = (uint32_t)length;
    packet->address = *from;
    cr_shard_receive(world->shard, world->now, packet);
}

void world_turn(world *world) {
    cr_shard_forward(world->shard, CR_AUDIO, UINT32_MAX);
    cr_shard_forward(world->shard, CR_VIDEO, UINT32_MAX);
    cr_shard_hand_up(world->shard);
}

void world_drain(world *world) {
    uint8_t bytes[CR_PACKET_BYTES];
    cr_address to;
    size_t length;
    while ((length = cr_memory_send(world->shard, &to, bytes, sizeof bytes)) > 0) {
        for (size_t index = 0; index < world->peer_count; index++) {
            world_peer *peer = &world->peers[index];
            if (memcmp(&peer->address, &to, sizeof to) != 0) continue;
            CHECK(peer->count < WORLD_INBOX);
            world_packet *packet = &peer->inbox[peer->count];
            if (!peer->raw && peer->receiving) {
                if (cr_srtp_unprotect_rtp(peer->receiving, bytes, &length) != CR_SRTP_OK) continue;
                CHECK(cr_rtp_parse_header(bytes, length, &peer->index, &packet->rtp));
                CHECK(cr_rtp_parse_padding(bytes, length, &packet->rtp));
            }
            memcpy(packet->bytes, bytes, length);
            packet->length = length;
            peer->count++;
        }
    }
}

void world_clear(world *world) {
    world_drain(world);
    for (size_t index = 0; index < world->peer_count; index++) world->peers[index].count = 0;
    world_release(world);
}

cr_stream_config world_stream(const world_peer *peer, cr_codec codec, uint32_t ssrc) {
    bool audio = codec == CR_CODEC_OPUS || codec == CR_CODEC_RED;
    cr_stream_config config = {
        .transport = peer ? peer->transport : CR_ID_NONE,
        .kind = audio ? CR_AUDIO : CR_VIDEO,
        .ssrc = ssrc,
        .format_count = 1,
        .formats = {{.payload_type = WORLD_MEDIA, .rtx_payload_type = WORLD_RTX, .codec = (uint8_t)codec,
                     .clock_rate = audio ? 48000 : 90000}},
        .nack = true,
        .cache_packets = 256,
    };
    return config;
}

cr_forward_config world_forward(const world_peer *peer, cr_id stream, uint32_t ssrc) {
    cr_forward_config config = {
        .stream = stream,
        .transport = peer->transport,
        .ssrc = ssrc,
        .rtx_ssrc = ssrc + 1,
        .mid = "m7",
        .payload_count = 1,
        .payloads = {{.from = WORLD_MEDIA, .to = 100, .rtx = 101}},
        .history_packets = 256,
    };
    return config;
}

uint64_t world_drops(const world *world, cr_drop_reason reason) {
    return world_statistics(world).drops[reason];
}

size_t world_events(const world *world, cr_event_type type, cr_id id) {
    size_t count, matching = 0;
    const cr_event *events = cr_shard_events(world->shard, &count);
    for (size_t index = 0; index < count; index++) matching += events[index].type == type && events[index].id == id;
    return matching;
}

void world_release(world *world) {
    size_t count;
    cr_shard_events(world->shard, &count);
    cr_shard_release_events(world->shard);
}

cr_shard_statistics world_statistics(const world *world) {
    cr_shard_statistics statistics;
    cr_shard_read_statistics(world->shard, &statistics);
    return statistics;
}

static size_t write_element(uint8_t *out, uint8_t id, const void *bytes, size_t length) {
    out[0] = (uint8_t)(id << 4 | (length - 1));
    memcpy(out + 1, bytes, length);
    return length + 1;
}

size_t world_write(const world_rtp *rtp, uint8_t *out) {
    uint8_t block[128] = {0};
    size_t used = 0;
    if (rtp->mid) used += write_element(block + used, CR_EXT_MID + 1, rtp->mid, strlen(rtp->mid));
    if (rtp->rid) used += write_element(block + used, CR_EXT_RID + 1, rtp->rid, strlen(rtp->rid));
    if (rtp->repaired) used += write_element(block + used, CR_EXT_REPAIRED_RID + 1, rtp->repaired, strlen(rtp->repaired));
    if (rtp->level) used += write_element(block + used, CR_EXT_AUDIO_LEVEL + 1, &(uint8_t){(uint8_t)(rtp->level - 1)}, 1);
    if (rtp->transport_sequence) {
        uint8_t number[2] = {(uint8_t)((rtp->transport_sequence - 1) >> 8), (uint8_t)(rtp->transport_sequence - 1)};
        used += write_element(block + used, CR_EXT_TRANSPORT_SEQUENCE + 1, number, 2);
    }
    size_t words = (used + 3) / 4;
    uint8_t header[12] = {(uint8_t)(0x80 | (used ? 0x10 : 0) | (rtp->padding ? 0x20 : 0)),
                          (uint8_t)((rtp->marker ? 0x80 : 0) | rtp->payload_type),
                          (uint8_t)(rtp->sequence >> 8), (uint8_t)rtp->sequence,
                          (uint8_t)(rtp->timestamp >> 24), (uint8_t)(rtp->timestamp >> 16),
                          (uint8_t)(rtp->timestamp >> 8), (uint8_t)rtp->timestamp,
                          (uint8_t)(rtp->ssrc >> 24), (uint8_t)(rtp->ssrc >> 16), (uint8_t)(rtp->ssrc >> 8),
                          (uint8_t)rtp->ssrc};
    memcpy(out, header, sizeof header);
    size_t length = sizeof header;
    if (used) {
        uint8_t start[4] = {0xBE, 0xDE, 0, (uint8_t)words};
        memcpy(out + length, start, 4);
        memcpy(out + length + 4, block, words * 4);
        length += 4 + words * 4;
    }
    if (rtp->payload_length) memcpy(out + length, rtp->payload, rtp->payload_length);
    length += rtp->payload_length;
    if (rtp->padding) {
        memset(out + length, 0, rtp->padding);
        out[length + rtp->padding - 1] = rtp->padding;
        length += rtp->padding;
    }
    return length;
}

void world_send(world *world, world_peer *peer, const world_rtp *rtp) {
    uint8_t packet[CR_PACKET_BYTES];
    size_t length = world_write(rtp, packet);
    world_protect_and_send(world, peer, packet, length);
}

size_t world_vp8(bool key, uint16_t picture_id, uint8_t tl0, uint8_t *out) {
    uint8_t payload[8] = {0x90, 0xC0, (uint8_t)(0x80 | picture_id >> 8), (uint8_t)picture_id, tl0,
                          (uint8_t)(key ? 0x00 : 0x01), 0xAA, 0xBB};
    memcpy(out, payload, sizeof payload);
    return sizeof payload;
}

void world_send_vp8(world *world, world_peer *peer, uint32_t ssrc, uint16_t sequence, uint32_t timestamp, bool key,
                    uint16_t picture_id) {
    uint8_t payload[8];
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = sequence, .timestamp = timestamp, .ssrc = ssrc,
                     .payload = payload, .payload_length = world_vp8(key, picture_id, (uint8_t)picture_id, payload)};
    world_send(world, peer, &rtp);
}
