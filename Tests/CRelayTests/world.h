// world.h: a shard and a few peers around it, in virtual time. A peer is the far end of a transport: it protects what it
// sends and opens what it gets with its own SRTP contexts, so tests see plain packets on both sides.

#ifndef WORLD_H
#define WORLD_H

#include "../../Sources/CRelay/core/shard.h"
#include "check.h"

#define WORLD_INBOX 512

typedef struct world_packet {
    cr_rtp rtp;
    size_t length;
    uint8_t bytes[CR_PACKET_BYTES];
} world_packet;

typedef struct world_peer {
    cr_id transport;
    cr_address address;
    cr_srtp *sending, *receiving;
    cr_extension_index index;
    bool raw;  // keep what arrives as it came on the wire
    size_t count;
    world_packet *inbox;
} world_peer;

typedef struct world {
    cr_shard *shard;
    bool gathers;  // what peers send waits for world_turn, as in a receive batch; else each datagram is a turn
    uint64_t now;
    size_t peer_count;
    world_peer peers[16];
} world;

world *world_open(void);
world *world_open_sized(uint32_t max_packets);
// Ends the world and checks that nothing is left behind in it.
void world_close(world *world);

cr_address world_address(unsigned number);
world_peer *world_add_peer(world *world);             // no keys, one address
world_peer *world_add_keyed_peer(world *world, cr_srtp_profile profile);
world_peer *world_join(world *world);                 // GCM keys and world_extensions()
cr_extension_map world_extensions(void);
// A plain packet as the peer sends it. Returns its length.
size_t world_protect(const world_peer *peer, const uint8_t *rtp, size_t length, uint8_t wire[CR_PACKET_BYTES]);
void world_protect_and_send(world *world, world_peer *peer, const uint8_t *rtp, size_t length);
void world_deliver(world *world, const cr_address *from, const uint8_t *bytes, size_t length);
// Forwards and hands up what was gathered.
void world_turn(world *world);
// Delivers everything queued to the peers' inboxes.
void world_drain(world *world);
void world_clear(world *world);

// Opens a stream of a peer with one format; the id's generation is always 1.
cr_stream_config world_stream(const world_peer *peer, cr_codec codec, uint32_t ssrc);
cr_forward_config world_forward(const world_peer *peer, cr_id stream, uint32_t ssrc);
cr_id world_id(uint32_t index);

uint64_t world_drops(const world *world, cr_drop_reason reason);
size_t world_events(const world *world, cr_event_type type, cr_id id);
void world_release(world *world);
cr_shard_statistics world_statistics(const world *world);

// A plain packet. `payload_type` 96 is media, 97 its RTX.
typedef struct world_rtp {
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    bool marker;
    const char *mid, *rid, *repaired;
    int level;                    // audio level + 1; 0: none
    int transport_sequence;       // + 1; 0: none
    const uint8_t *payload;
    size_t payload_length;
    uint8_t padding;
} world_rtp;

size_t world_write(const world_rtp *rtp, uint8_t *out);
void world_send(world *world, world_peer *peer, const world_rtp *rtp);

#define WORLD_MEDIA 96
#define WORLD_RTX 97

// VP8 payloads: descriptor with 15-bit picture id and TL0PICIDX, then a frame tag.
size_t world_vp8(bool key, uint16_t picture_id, uint8_t tl0, uint8_t *out);
void world_send_vp8(world *world, world_peer *peer, uint32_t ssrc, uint16_t sequence, uint32_t timestamp, bool key,
                    uint16_t picture_id);

#endif
