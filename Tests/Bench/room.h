// room.h: a shard in which one publisher's stream goes to many subscribers, each with a transport, keys and outgoing
// numbers of its own, and the publisher's far end that makes the packets. How packets get in and out is others' business.

#ifndef ROOM_H
#define ROOM_H

#include "../../Sources/CRelay/core/shard.h"

// What is forwarded. A size is that of the plain RTP packet; SRTP adds its tag.
typedef struct shape {
    const char *name;
    cr_codec codec;
    size_t rtp_bytes;
    uint32_t clock_rate;
    uint32_t interval_us;     // between two packets
    uint16_t frame_packets;   // of one timestamp
    uint16_t cache_packets;   // as MediaRelay configures streams and forwards
} shape;

extern const shape video_shape, audio_shape;

#define ROOM_MAX_SUBSCRIBERS 1000u
#define ROOM_MAX_VOICES 10u

// Bytes that one of each costs by the core's own count. A subscriber's heap has the SRTP back end's contexts in it as
// well; for the others there is nothing more, or a single one to judge by.
typedef struct room_memory {
    double publisher, subscriber, subscriber_heap, stream, forward;
} room_memory;

typedef struct room {
    const shape *shape;
    bool encrypted;
    uint32_t subscribers;
    cr_shard *shard;
    cr_address publisher;
    cr_address targets[ROOM_MAX_SUBSCRIBERS];
    cr_srtp *sending;         // of the publisher's far end
    uint64_t now_us;
    uint32_t next;            // number of the publisher's next packet
    uint8_t plain[CR_PACKET_BYTES];  // the last one, before encryption
    cr_rtp plain_rtp;
    uint32_t voices;          // streams besides, see room_add_voices
    uint32_t next_voice[ROOM_MAX_VOICES];
    room_memory memory;
} room;

// An address that no socket needs to have.
cr_address room_address(uint32_t number);
// The publisher's address is `publisher`, the subscriber's `targets`. Not encrypted: the back end is copying.c's.
room *room_open(const shape *shape, bool encrypted, uint32_t subscribers, const cr_address *publisher,
                const cr_address *targets);
void room_close(room *room);

// The publisher's next packet as it would be on the wire. Returns its length.
size_t room_next_packet(room *room, uint8_t *wire);
// Opus streams besides the room's own, from the same publisher to all subscribers, and the next packet of one of them.
void room_add_voices(room *room, uint32_t count);
size_t room_next_voice(room *room, uint32_t voice, size_t rtp_bytes, uint8_t *wire);
// Subscribers' keys and outgoing fields, for those who measure a step of the core alone.
cr_srtp *room_send_keys(const room *room, uint32_t subscriber);
// The same keys in a context of another back end, the caller's to close.
cr_srtp *room_open_openssl(uint32_t subscriber);
cr_srtp *room_open_libsrtp(uint32_t subscriber);
cr_rtp_fields room_outgoing(const room *room, uint32_t subscriber);
const cr_extension_map *room_subscriber_extensions(void);
// Ends the process unless nothing was dropped, everything was forwarded and nothing waits.
void room_check_forwards(const room *room, uint64_t expected);
void room_release_events(room *room);
// Bytes of the process' heap, the pool of packets excluded.
double room_heap(const room *room);

// The far end of one subscriber, with libsrtp to judge whatever back end the core has.
typedef struct listener {
    const room *room;
    uint32_t subscriber;
    cr_srtp *receiving;
    uint32_t heard;
    uint16_t last_sequence;
    uint32_t last_timestamp, last_plain_timestamp;
} listener;

listener listener_open(const room *room, uint32_t subscriber);
// Ends the process unless `wire` is the room's last packet, made out to this subscriber.
void listener_check(listener *listener, const uint8_t *wire, size_t length);
void listener_close(listener *listener);

// copying.c: a back end that copies as every back end must and leaves room for a tag, but does not encrypt.
cr_srtp *copying_open(void);

#endif
