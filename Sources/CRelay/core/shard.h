// shard.h: the objects of one worker and how they hang together. Inside the core everybody may look; each struct is
// changed only by the file named beside it.
//
//   shard ─┬─ transports ─┬─ streams (incoming encodings) ──── subscribers ───┐
//          │              └─ forwards (outgoing) ─────────────────────────────┤  forward: one stream → one transport
//          ├─ streams without a transport (pushed) ───── subscribers ─────────┘
//          └─ pool, send queue, events, maps, links from other shards

#ifndef CR_SHARD_H
#define CR_SHARD_H

#include "audio.h"
#include "cache.h"
#include "crelay.h"
#include "limits.h"
#include "packet.h"
#include "receive.h"
#include "srtp.h"
#include "table.h"

typedef struct cr_transport cr_transport;
typedef struct cr_stream cr_stream;
typedef struct cr_forward cr_forward;

// Events an object has raised and that were not released yet (coalesced), or could not be raised for want of room.
typedef struct cr_notices {
    uint16_t raised;
    uint16_t owed;
} cr_notices;

// ---------------------------------------------------------------------------------------------------- transport.c

typedef struct cr_ssrc_use {
    uint32_t ssrc;
    uint64_t last_us;
} cr_ssrc_use;

// Where the numbers of a closed forward stood: opened again, it goes on from here and no nonce comes twice.
typedef struct cr_retired_ssrc {
    uint32_t ssrc;
    uint64_t next_sequence;
} cr_retired_ssrc;

struct cr_transport {
    cr_id id;
    cr_address addresses[CR_MAX_ADDRESSES];  // oldest first
    uint32_t address_count;
    bool has_selected;
    cr_address selected;
    cr_srtp *receive_keys, *send_keys;
    cr_extension_map extensions;
    cr_extension_index extension_index;
    cr_arrival *arrivals;  // CR_ARRIVALS of them once the extension is negotiated
    uint32_t arrival_first, arrival_count;
    cr_ssrc_use ssrcs[CR_MAX_SSRCS];
    uint32_t ssrc_count;
    cr_retired_ssrc retired[CR_RETIRED_SSRCS];
    uint32_t retired_count, retired_next;
    uint64_t rtx_tokens;     // bytes that may be sent again, in hundredths of a byte
    uint64_t rtx_filled_us;
    cr_stream *streams;      // in the order they were opened
    cr_forward *forwards;
    cr_transport_statistics statistics;
};

// ------------------------------------------------------------------------------------------------------- stream.c

// A stream of another shard that gets the packets too. mirror.c
typedef struct cr_mirror {
    cr_link *link;
    cr_id stream;
} cr_mirror;

struct cr_stream {
    cr_id id;
    cr_notices notices;
    cr_transport *transport;  // NULL: pushed
    cr_stream *next;          // of the transport
    cr_stream_config config;
    uint8_t mid_length, rid_length;
    uint8_t formats_by_type[128];  // index + 1 of the format with this payload type; CR_RTX_FORMAT marks its RTX type
    uint32_t ssrc, rtx_ssrc;       // bound now; 0: none yet
    uint32_t old_ssrc;
    uint64_t old_ssrc_until_us;
    uint16_t epoch;                // counts restarts: sequence numbers of another epoch mean other packets
    uint16_t interruptions;        // counts changes of the gate
    uint16_t source_epoch, source_interruptions;  // of a mirror: the same of its source, with the last packet
    bool announced, muted, tapped;
    bool keyframe_asked;
    uint64_t keyframe_asked_us;
    cr_receive receive;
    cr_cache cache;
    cr_audio audio;
    cr_forward **subscribers;      // forwards that carry it, and those that wait to
    uint32_t subscriber_count, subscriber_capacity;
    cr_mirror *mirrors;
    uint32_t mirror_count, mirror_capacity;
    uint64_t packets, bytes, last_packet_us, keyframes, last_keyframe_us;
    uint32_t last_timestamp, last_keyframe_timestamp;
    uint8_t last_payload_type;
};

#define CR_RTX_FORMAT 0x80u

// ------------------------------------------------------------------------------------------------------ forward.c

// From `start` on, outgoing = incoming - shift. Each purposely dropped packet begins a new run with a larger shift.
typedef struct cr_run {
    uint64_t start, shift;
} cr_run;

// Everything that must be known to write a packet again exactly as it was sent.
typedef struct cr_segment {
    cr_id stream;
    uint16_t epoch;
    uint16_t picture_shift;
    uint32_t timestamp_offset;  // outgoing = incoming + offset
    uint8_t tl0_shift;
} cr_segment;

typedef struct cr_sent {
    uint16_t sequence;  // outgoing
    uint16_t source;    // incoming
    uint16_t again_ms;  // when it was last sent again, modulo 2^16
    uint8_t segment;    // low byte of the segment's number
    uint8_t flags;      // CR_SENT_*
} cr_sent;

#define CR_SENT_USED 1u
#define CR_SENT_AGAIN 2u

struct cr_forward {
    cr_id id;
    cr_notices notices;
    cr_transport *transport;
    cr_forward *next;     // of the transport
    cr_stream *stream;    // carries now; NULL: its stream was closed
    cr_stream *pending;   // takes over at its next keyframe
    uint32_t ssrc, rtx_ssrc;
    char mid[CR_MAX_LABEL];
    uint8_t mid_length;
    uint8_t payload_count;
    cr_payload_map payloads[CR_MAX_FORMATS];
    bool paused;
    bool sent_any;
    bool fresh;           // the next packet begins a segment
    bool new_clock;       // ... whose timestamps have nothing to do with those before
    bool switching;       // FORWARD_SWITCHED is due with that packet
    bool waits_for_keyframe;
    uint8_t segment_number;
    uint8_t run_count;
    uint64_t segment_start;    // incoming
    uint64_t highest_incoming; // forwarded or skipped
    uint64_t next_sequence;    // outgoing, extended: one above the highest used
    uint64_t next_rtx_sequence;
    cr_run runs[CR_MAX_RUNS];  // oldest first
    cr_segment segments[CR_SEGMENTS];
    uint16_t last_picture_id;
    uint8_t last_tl0;
    uint32_t last_timestamp, timestamp_offset;
    uint64_t packets, bytes, retransmissions, retransmissions_missed, last_packet_us;
    cr_sent *history;
    uint32_t history_packets;
};

// -------------------------------------------------------------------------------------------------------- shard.c

struct cr_shard {
    cr_shard_config config;
    uint64_t now_us;  // of the last input
    cr_pool pool;
    cr_slots transports, streams, forwards;
    cr_hash by_address, by_ssrc;
    cr_packet *queue[CR_SEND_QUEUE_PACKETS];  // ring of datagrams to send
    uint32_t queue_first, queue_count;
    cr_event events[CR_MAX_EVENTS];
    cr_packet *event_packets[CR_MAX_EVENTS];  // holds the bytes of the event beside it; may be NULL
    uint32_t event_count, datagram_events;
    uint32_t events_read;  // handed out by cr_shard_events; CR_EVENTS_UNREAD when nobody looked
    bool owes_events;
    cr_link *inbound;  // that this shard reads
    cr_link *written;  // that it has written into since they were last published
    cr_shard_statistics statistics;
};

#define CR_EVENTS_UNREAD UINT32_MAX

// Memory of objects, counted. Zeroed; NULL when there is none.
void *cr_shard_allocate(cr_shard *shard, size_t size);
void cr_shard_free(cr_shard *shard, void *memory, size_t size);

static inline void cr_shard_drop(cr_shard *shard, cr_drop_reason reason) {
    shard->statistics.drops[reason]++;
}

// Takes over the caller's reference. shard.c
void cr_shard_receive(cr_shard *shard, uint64_t now_us, cr_packet *packet);
bool cr_shard_enqueue(cr_shard *shard, cr_packet *packet);
// The next datagram to send, reference and all; NULL when there is none.
cr_packet *cr_shard_dequeue(cr_shard *shard);

// events.c
// False when there are too many; the caller counts the drop.
bool cr_raise_datagram(cr_shard *shard, cr_event_type type, cr_id id, cr_packet *packet);
void cr_raise(cr_shard *shard, cr_event_type type, cr_id id, cr_notices *notices);

// transport.c
cr_transport *cr_transport_find(const cr_shard *shard, cr_id id);
bool cr_transport_is_ready(const cr_transport *transport);
bool cr_transport_may_use_ssrc(const cr_transport *transport, uint64_t now_us, uint32_t ssrc);
void cr_transport_note_ssrc(cr_shard *shard, cr_transport *transport, uint64_t now_us, uint32_t ssrc);
void cr_transport_note_arrival(cr_transport *transport, const cr_packet *packet);
void cr_transport_retire_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t next_sequence);
bool cr_transport_resume_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t *next_sequence);

// stream.c
cr_stream *cr_stream_find(const cr_shard *shard, cr_id id);
void cr_stream_bind(cr_shard *shard, cr_stream *stream, uint32_t ssrc, bool rtx);
void cr_stream_restart(cr_shard *shard, cr_stream *stream);
bool cr_stream_attach(cr_stream *stream, cr_shard *shard, cr_forward *forward);
void cr_stream_detach(cr_stream *stream, const cr_forward *forward);
void cr_stream_want_keyframe(cr_shard *shard, cr_stream *stream);
const cr_format *cr_stream_format(const cr_stream *stream, uint8_t payload_type, bool *rtx);

// bind.c: the stream a packet belongs to, or NULL and a reason. `*rtx`: by its retransmission SSRC or format.
cr_stream *cr_bind_packet(cr_shard *shard, cr_transport *transport, const cr_packet *packet, cr_drop_reason *reason);

// fanout.c: takes a plain parsed packet of the stream through everything; does not take over the reference.
void cr_fanout(cr_shard *shard, cr_stream *stream, cr_packet *packet);

// mirror.c
// Copies a packet to each mirror of the stream; of a `skipped` one only its number. True when there are mirrors: then it
// was handed over, or counted as dropped for each that has no room.
bool cr_mirror_hand(cr_shard *shard, const cr_stream *stream, const cr_packet *packet, bool skipped);
void cr_mirror_forget_all(cr_shard *shard, cr_stream *stream);
// Publishes one of the links written into and returns it; NULL when none is left.
cr_link *cr_shard_publish(cr_shard *shard);
// Takes one packet; after some of them, cr_link_free. False: there is none.
bool cr_mirror_take(cr_shard *shard, uint64_t now_us, cr_link *link);

// forward.c
cr_forward *cr_forward_find(const cr_shard *shard, cr_id id);
// True when the packet was sent or was tried to be.
bool cr_forward_packet(cr_shard *shard, cr_forward *forward, cr_stream *stream, cr_packet *packet);
void cr_forward_skip(cr_forward *forward, const cr_stream *stream, uint64_t sequence);
// The stream goes on with other numbers (restarted) or after a pause (muted): the next packet begins a segment.
void cr_forward_interrupt(cr_forward *forward, const cr_stream *stream, bool new_clock);
void cr_forward_forget_stream(cr_forward *forward, const cr_stream *stream);

// output.c: writes, protects and queues one packet for a forward.
typedef struct cr_outgoing {
    const cr_payload_map *map;
    uint32_t ssrc;
    uint16_t sequence;
    uint8_t payload_type;
    bool retransmission;  // RFC 4588: `original` goes in front of the payload
    uint16_t original;
} cr_outgoing;

// Returns the bytes queued, 0 when the packet was dropped (and counted).
size_t cr_output_packet(cr_shard *shard, cr_forward *forward, cr_packet *packet, const cr_segment *segment,
                        const cr_outgoing *outgoing);
const cr_payload_map *cr_forward_payload(const cr_forward *forward, uint8_t payload_type);

#endif
