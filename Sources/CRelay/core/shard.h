// shard.h: the objects of one worker and how they hang together. Inside the core everybody may look; each struct is
// changed only by the file named beside it.
//
//   shard ─┬─ transports ─┬─ streams (incoming encodings) ──── subscribers ───┐
//          │              └─ forwards (outgoing) ─────────────────────────────┤  forward: one stream → one transport
//          ├─ streams without a transport (pushed) ───── subscribers ─────────┘
//          └─ pool, rounds (packets on their way), send queue, waiting control, events, maps, links from other shards

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
#include "tcp_queue.h"

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
    // What every packet sent to it needs, in two cache lines.
    cr_srtp *send_keys;
    uint64_t rtx_tokens;     // bytes that may be sent again, in hundredths of a byte
    bool has_selected;
    cr_address selected;
    cr_extension_map extensions;
    cr_transport_statistics statistics;
    // What every packet from it needs, and the rest.
    cr_id id;
    cr_srtp *receive_keys;
    uint32_t ssrc_count;
    cr_arrival *arrivals;    // CR_ARRIVALS of them once it publishes and the extension is negotiated
    uint32_t arrival_first, arrival_count;
    uint64_t rtx_filled_us;
    cr_stream *streams;      // in the order they were opened
    cr_forward *forwards;
    uint32_t control_held;   // the turn in which a control datagram of it had to wait, see control.c
    uint32_t address_count;
    cr_address addresses[CR_MAX_ADDRESSES];  // oldest first
    cr_extension_index extension_index;
    cr_ssrc_use ssrcs[CR_MAX_SSRCS];
    cr_retired_ssrc retired[CR_RETIRED_SSRCS];
    uint32_t retired_count, retired_next;
};

// ------------------------------------------------------------------------------------------------------- stream.c

// A forward in its stream's list.
typedef struct cr_subscriber {
    cr_forward *forward;
    cr_transport *transport;
    uint32_t order;  // index of the transport: lists are sorted by it, so that rounds serve one transport after another
} cr_subscriber;

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
    cr_subscriber *subscribers;    // forwards that carry it, and those that wait to
    uint32_t subscriber_count, subscriber_capacity;
    uint16_t bursts[2];            // index + 1 of its burst in either round of its kind; 0: none
    cr_mirror *mirrors;
    uint32_t mirror_count, mirror_capacity;
    uint64_t packets, bytes, last_packet_us, keyframes, last_keyframe_us;
    uint64_t last_keyframe;        // extended sequence number
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
    uint8_t flags;      // CR_SENT_*, and above them the bytes of padding
} cr_sent;

#define CR_SENT_USED 1u
#define CR_SENT_AGAIN 2u
#define CR_SENT_PAD_SHIFT 2u

struct cr_forward {
    // What every packet needs, in three cache lines.
    cr_transport *transport;
    cr_stream *stream;    // carries now; NULL: its stream was closed
    cr_stream *pending;   // takes over at its next keyframe
    cr_sent *history;
    cr_run run;           // the newest
    uint64_t highest_incoming; // forwarded or skipped
    uint64_t next_sequence;    // outgoing, extended: one above the highest used

    uint64_t packets, bytes, last_packet_us;
    cr_segment segment;   // the newest
    uint32_t ssrc, last_timestamp;
    uint16_t history_packets, last_picture_id;
    uint8_t last_tl0;
    uint8_t segment_number;
    bool paused;
    bool sent_any;
    bool fresh;           // the next packet begins a segment
    bool new_clock;       // ... whose timestamps have nothing to do with those before
    bool switching;       // FORWARD_SWITCHED is due with that packet
    bool waits_for_keyframe;
    uint8_t mid_length;
    uint8_t payload_count;
    char mid[CR_MAX_LABEL];
    cr_payload_map payloads[CR_MAX_FORMATS];
    // The rest.
    cr_id id;
    cr_notices notices;
    cr_forward *next;     // of the transport
    uint32_t rtx_ssrc, timestamp_offset;
    uint64_t segment_start;    // incoming
    uint64_t next_rtx_sequence;
    uint64_t retransmissions, retransmissions_missed;
    uint8_t older_count;
    cr_run older[CR_MAX_RUNS - 1];      // runs before the newest, oldest first
    cr_segment segments[CR_SEGMENTS];   // by the low bits of their numbers, the newest too
};

_Static_assert(offsetof(struct cr_forward, mid) <= 128, "a forward's numbers fill two cache lines");
_Static_assert(offsetof(struct cr_transport, id) <= 128, "what sending needs of a transport fills two cache lines");

// -------------------------------------------------------------------------------------------------------- round.c

// The packets of one stream that came together, and how far they are: subscribers before `next_subscriber` have them.
typedef struct cr_burst {
    cr_stream *stream;
    cr_packet *first, *last;  // linked by `next`, each with a reference
    uint32_t count;
    uint32_t next_subscriber;
    uint32_t owed;            // datagrams, see cr_rounds
    bool measured;            // the packets' headers were measured for a MID of this length and these extensions
    uint8_t mid_length;
    cr_extension_map extensions;
} cr_burst;

typedef struct cr_round {
    uint32_t count;                       // bursts, those that are done included
    uint32_t open;                        // bursts not done, by their place in `order`
    bool mixes_voices;                    // of several speakers, who are padded to one length for each subscriber
    uint16_t order[CR_ROUND_STREAMS];
    cr_burst bursts[CR_ROUND_STREAMS];
} cr_round;

// All streams of a kind. While one round runs, what comes fills the other.
typedef struct cr_rounds {
    cr_round rounds[2];
    uint32_t running;         // 0 or 1
    uint32_t owed;            // datagrams that both still have to make
} cr_rounds;

// ------------------------------------------------------------------------------------------------------ control.c

typedef struct cr_waiting {
    cr_packet *packets[CR_WAITING_CONTROL];  // oldest first
    uint32_t count;
} cr_waiting;

typedef enum cr_control { CR_CONTROL_STUN, CR_CONTROL_DTLS, CR_CONTROL_RTCP, CR_CONTROLS } cr_control;

// -------------------------------------------------------------------------------------------------------- shard.c

struct cr_shard {
    cr_shard_config config;
    uint64_t now_us;  // of the last input
    cr_pool pool;
    cr_slots transports, streams, forwards;
    cr_hash by_address, by_ssrc;
    cr_rounds rounds[2];      // by cr_kind
    cr_waiting waiting[CR_CONTROLS];
    uint32_t control_turn;
    cr_packet *queue[CR_SEND_QUEUE_PACKETS];  // ring of datagrams to send
    uint32_t queue_first, queue_count;
    cr_tcp_queue tcp_queue;                   // those that go over TCP
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

// The three steps of a turn. Media is decrypted and put into its round, the rest waits. Takes over the reference. shard.c
void cr_shard_receive(cr_shard *shard, uint64_t now_us, cr_packet *packet);
// Makes datagrams of what the rounds of a kind hold until about `limit` are queued. False: nothing is left. round.c
bool cr_shard_forward(cr_shard *shard, cr_kind kind, uint32_t limit);
// Feedback, handshakes and STUN become events, so many as one turn may think about. control.c
void cr_shard_hand_up(cr_shard *shard);
// Something is left for the next turn.
bool cr_shard_is_busy(const cr_shard *shard);
// False: so much waits to be thought about that TCP connections should not be read.
bool cr_shard_takes_tcp(const cr_shard *shard);

bool cr_shard_enqueue(cr_shard *shard, cr_packet *packet);
// Bulk, data and not media, may leave in messages of the largest size.
cr_result cr_shard_queue_copy(cr_shard *shard, const cr_address *to, const uint8_t *bytes, size_t length, bool bulk);
// The next datagram to send over UDP; NULL when there is none. Those for TCP: cr_tcp_queue_take.
static inline cr_packet *cr_shard_front(const cr_shard *shard) {
    return shard->queue_count > 0 ? shard->queue[shard->queue_first] : NULL;
}
// Of both ways.
static inline uint32_t cr_shard_queued(const cr_shard *shard) {
    return shard->queue_count + shard->tcp_queue.count;
}
// The first, taken out, reference and all.
cr_packet *cr_shard_dequeue(cr_shard *shard);
// Says why an authentic packet is none. shard.c
bool cr_shard_accept(cr_shard *shard, cr_transport *transport, cr_srtp_status status, cr_drop_reason malformed);
void cr_shard_note_authentic(cr_transport *transport, const cr_packet *packet);
cr_transport *cr_shard_transport_at(const cr_shard *shard, const cr_address *address);

// control.c: takes a reference of its own, or counts the drop.
void cr_control_wait(cr_shard *shard, cr_control control, cr_packet *packet);

// round.c
bool cr_round_has_room(const cr_shard *shard, const cr_stream *stream);
// Takes a reference of its own. To be skipped: no subscriber gets it, and none sees a gap.
void cr_round_add(cr_shard *shard, cr_stream *stream, cr_packet *packet, bool skipped);
// All subscribers get what waits of the stream, now.
void cr_round_settle(cr_shard *shard, cr_stream *stream);
// No further subscriber gets what waits of the stream; what nobody got is counted under `reason`.
void cr_round_discard(cr_shard *shard, cr_stream *stream, cr_drop_reason reason);
// The list of subscribers has a new one at `index`, or lost the one that was there.
void cr_round_note_attached(cr_shard *shard, const cr_stream *stream, uint32_t index);
void cr_round_note_detached(cr_shard *shard, const cr_stream *stream, uint32_t index);

// events.c
// False when there are too many; the caller counts the drop.
bool cr_raise_datagram(cr_shard *shard, cr_event_type type, cr_id id, cr_packet *packet);
void cr_raise(cr_shard *shard, cr_event_type type, cr_id id, cr_notices *notices);

// transport.c
cr_transport *cr_transport_find(const cr_shard *shard, cr_id id);
// Whether an ICE check has proved the address for one of the transports.
bool cr_shard_proved_address(const cr_shard *shard, const cr_address *address);
bool cr_transport_is_ready(const cr_transport *transport);
bool cr_transport_may_use_ssrc(const cr_transport *transport, uint64_t now_us, uint32_t ssrc);
void cr_transport_note_ssrc(cr_shard *shard, cr_transport *transport, uint64_t now_us, uint32_t ssrc);
void cr_transport_note_arrival(cr_transport *transport, const cr_packet *packet);
// Makes what only publishers need. False: no memory.
bool cr_transport_prepare_arrivals(cr_shard *shard, cr_transport *transport);
void cr_transport_retire_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t next_sequence);
bool cr_transport_resume_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t *next_sequence);

// stream.c
cr_stream *cr_stream_find(const cr_shard *shard, cr_id id);
void cr_stream_bind(cr_shard *shard, cr_stream *stream, uint32_t ssrc, bool rtx);
void cr_stream_restart(cr_shard *shard, cr_stream *stream);
bool cr_stream_attach(cr_stream *stream, cr_shard *shard, cr_forward *forward);
void cr_stream_detach(cr_stream *stream, cr_shard *shard, const cr_forward *forward);
void cr_stream_want_keyframe(cr_shard *shard, cr_stream *stream);
const cr_format *cr_stream_format(const cr_stream *stream, uint8_t payload_type, bool *rtx);

// bind.c: the stream a packet belongs to, or NULL and a reason. `*rtx`: by its retransmission SSRC or format.
cr_stream *cr_bind_packet(cr_shard *shard, cr_transport *transport, const cr_packet *packet, cr_drop_reason *reason);

// fanout.c: takes a plain parsed packet of the stream into its round; does not take over the reference.
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
// True when the packet was sent or was tried to be, with as much padding as it says.
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
    uint8_t padding;      // RFC 3550, 5.1
    bool retransmission;  // RFC 4588: `original` goes in front of the payload
    uint16_t original;
} cr_outgoing;

// Returns the bytes queued, 0 when the packet was dropped (and counted).
size_t cr_output_packet(cr_shard *shard, cr_forward *forward, cr_packet *packet, const cr_segment *segment,
                        const cr_outgoing *outgoing);
const cr_payload_map *cr_forward_payload(const cr_forward *forward, uint8_t payload_type);

#endif
