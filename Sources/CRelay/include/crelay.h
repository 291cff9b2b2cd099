// crelay.h: everything Swift can ask of the packet core.
//
// The core knows transports (one client connection each), streams (one incoming encoding each) and forwards (one
// stream to one transport). It knows no meeting, no person, no policy: Swift opens, points and closes these objects,
// and the core moves packets between them. Files under core/ are pure: bytes and `now` come in, datagrams and events
// go out. Files under io/ are the only ones with system calls.
//
// Rules of the surface
//  - Everything about one shard happens on one thread. Only cr_loop_wake may be called from another. Two shards share
//    nothing but the links between them.
//  - Time is microseconds of a monotonic clock, handed in by the caller, never read in core/.
//  - Identifiers are chosen by the caller: index in the low CR_ID_INDEX_BITS, generation above. An index is used again
//    only after the object was closed, with another generation; a stale identifier is refused, never misread.
//  - Pointers inside events are valid until cr_shard_release_events.
//  - Functions that can fail return cr_result; nothing here aborts on bad input.

#ifndef CRELAY_H
#define CRELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CR_ID_INDEX_BITS 20u
#define CR_ID_NONE UINT32_MAX

typedef uint32_t cr_id;

typedef struct cr_shard cr_shard;
typedef struct cr_loop cr_loop;
typedef struct cr_link cr_link;

typedef enum cr_result {
    CR_OK = 0,
    CR_STALE = -1,      // no object with this identifier and generation
    CR_FULL = -2,       // a limit of core/limits.h is reached
    CR_EXISTS = -3,     // the index is in use
    CR_INVALID = -4,    // an argument is out of its range
    CR_NO_MEMORY = -5,
    CR_NOT_READY = -6,  // no keys yet, or no validated address
} cr_result;

// How datagrams travel to and from an address.
typedef enum cr_address_kind {
    CR_UDP = 0,
    CR_TCP = 1,  // over a connection that the other side opened, framed by RFC 4571
} cr_address_kind;

// An IP address, a port and what the port belongs to: the same numbers over UDP and TCP are two addresses. IPv4 is
// written as ::ffff:a.b.c.d so that one comparison serves both. There is no padding: addresses compare as bytes.
typedef struct cr_address {
    uint8_t ip[16];
    uint16_t port;  // host order
    uint16_t kind;  // cr_address_kind
} cr_address;

// ---------------------------------------------------------------------------------------------------------- shard

typedef struct cr_shard_config {
    uint32_t max_transports;
    uint32_t max_streams;
    uint32_t max_forwards;
    uint32_t max_packets;  // pool of datagram buffers, CR_PACKET_BYTES each, allocated in slabs as they are needed
    uint64_t hash_seed;    // secret; keeps strangers from aiming at one bucket
} cr_shard_config;

cr_shard *cr_shard_create(const cr_shard_config *config);
void cr_shard_destroy(cr_shard *shard);

// What the last receive left for Swift to think about.
typedef enum cr_event_type {
    CR_EVENT_STUN = 1,         // bytes: a STUN datagram from `from`, transport unknown (id = CR_ID_NONE)
    CR_EVENT_DTLS,             // id: transport; bytes: a DTLS datagram from one of its validated addresses
    CR_EVENT_RTCP,             // id: transport; bytes: one decrypted compound RTCP packet
    CR_EVENT_STREAM_STARTED,   // id: stream; first authentic packet of it
    CR_EVENT_STREAM_LOSS,      // id: stream; packets are newly missing: read them with cr_stream_missing
    CR_EVENT_KEYFRAME_WANTED,  // id: stream; a forward of it waits for a keyframe
    CR_EVENT_KEYFRAME,         // id: stream; the first packet of a keyframe came
    CR_EVENT_FORWARD_STARTED,  // id: forward; its first packet was queued
    CR_EVENT_FORWARD_SWITCHED, // id: forward; it now carries the stream of its last cr_forward_set_source
    CR_EVENT_PACKET,           // id: stream with a tap; bytes: the plain RTP packet
} cr_event_type;

typedef struct cr_event {
    cr_event_type type;
    cr_id id;
    cr_address from;  // STUN, DTLS: where the datagram came from
    const uint8_t *bytes;
    size_t length;
    uint64_t arrival_us;
} cr_event;

const cr_event *cr_shard_events(const cr_shard *shard, size_t *count);
void cr_shard_release_events(cr_shard *shard);

// Queues a datagram to any address: answers to STUN. Copied.
cr_result cr_shard_send(cr_shard *shard, const cr_address *to, const uint8_t *bytes, size_t length);

// Why a packet went no further. Every packet received is forwarded to its subscriptions, handed up as an event, or
// counted under exactly one of these. The names in /metrics come from cr_drop_reason_name.
typedef enum cr_drop_reason {
    CR_DROP_EMPTY = 0,
    CR_DROP_TOO_LONG,            // longer than CR_PACKET_BYTES: truncated by the kernel
    CR_DROP_UNKNOWN_PROTOCOL,    // first byte outside the ranges of RFC 7983
    CR_DROP_UNKNOWN_ADDRESS,     // DTLS or SRTP from an address that no ICE check has proved
    CR_DROP_NO_KEYS,             // SRTP before the DTLS handshake ended
    CR_DROP_MALFORMED_RTP,
    CR_DROP_MALFORMED_RTCP,
    CR_DROP_AUTHENTICATION,      // the SRTP or SRTCP tag is wrong
    CR_DROP_REPLAY,
    CR_DROP_UNKNOWN_STREAM,      // SSRC, MID and RID name no stream of this transport
    CR_DROP_TOO_MANY_STREAMS,    // the transport already uses its share of SSRCs
    CR_DROP_UNKNOWN_PAYLOAD_TYPE,
    CR_DROP_DUPLICATE,           // already received, by RTX or twice on the wire
    CR_DROP_TOO_OLD,             // outside the receive window
    CR_DROP_PADDING_ONLY,        // bandwidth probe, nothing to forward
    CR_DROP_MUTED,               // the stream's gate is closed
    CR_DROP_NO_FORWARD,          // nobody subscribes
    CR_DROP_POOL_EXHAUSTED,
    CR_DROP_BACKLOG,             // media faster than it can be sent on
    CR_DROP_STUN_OVERFLOW,       // more control datagrams of a protocol than can be thought about
    CR_DROP_DTLS_OVERFLOW,
    CR_DROP_RTCP_OVERFLOW,
    CR_DROP_SEND_QUEUE_FULL,     // outgoing: the flush queue had no room
    CR_DROP_SEND_WOULD_BLOCK,    // outgoing: the socket's send buffer is full (EAGAIN)
    CR_DROP_SEND_NO_BUFFERS,     // outgoing: the interface's queue is full (ENOBUFS)
    CR_DROP_SEND_FAILED,         // outgoing: the kernel refused (unreachable, too long)
    CR_DROP_PROTECT_FAILED,      // outgoing: SRTP back end refused
    CR_DROP_TCP_GONE,            // outgoing: the TCP connection to the address has ended
    CR_DROP_TCP_FULL,            // outgoing: the client reads its TCP connection too slowly
    CR_DROP_LINK_FULL,           // outgoing: another shard takes its packets too slowly
    CR_DROP_REASONS
} cr_drop_reason;

const char *cr_drop_reason_name(cr_drop_reason reason);

typedef struct cr_shard_statistics {
    uint64_t packets_in, bytes_in;
    uint64_t packets_out, bytes_out;
    uint64_t forwards;         // media packets queued to subscribers, retransmissions excluded
    uint64_t retransmissions;  // answered out of the caches
    uint64_t retransmissions_missed;  // asked for, but no longer in the cache or over the budget
    uint64_t packets_lost, packets_recovered;  // upstream gaps seen, and those that were filled later
    uint64_t stun_in, dtls_in, rtcp_in;
    uint64_t handed_out, handed_in;  // packets to and from the links; those from them count in drops and forwards too
    uint64_t drops[CR_DROP_REASONS];
    uint32_t transports, streams, forward_count;
    uint32_t packets_in_use;     // of the pool; 0 when nobody is connected
    uint64_t allocated_bytes;    // what the shard's objects hold, the pool excluded
} cr_shard_statistics;

void cr_shard_read_statistics(const cr_shard *shard, cr_shard_statistics *out);

// ------------------------------------------------------------------------------------------------------ transport

cr_result cr_transport_open(cr_shard *shard, cr_id transport);
// Closes its streams and forwards too, and wipes its keys.
cr_result cr_transport_close(cr_shard *shard, cr_id transport);

// Only ICE calls these: an address that passed an authenticated check may feed DTLS and SRTP to this transport. At most
// CR_MAX_ADDRESSES each; the oldest that is not selected makes room. An address belongs to one transport at a time.
// The first address is selected until another one is.
cr_result cr_transport_add_address(cr_shard *shard, cr_id transport, const cr_address *address);
cr_result cr_transport_select_address(cr_shard *shard, cr_id transport, const cr_address *address);
// Consent was lost or the client left: nothing is sent and nothing accepted until a new check succeeds.
cr_result cr_transport_clear_addresses(cr_shard *shard, cr_id transport);

// Queues a datagram to the selected address: DTLS flights. Copied.
cr_result cr_transport_send(cr_shard *shard, cr_id transport, const uint8_t *bytes, size_t length);
// Protects and queues one compound RTCP packet.
cr_result cr_transport_send_rtcp(cr_shard *shard, cr_id transport, const uint8_t *bytes, size_t length);

// The DTLS-SRTP protection profiles (RFC 5764, 7714) by their registered numbers.
typedef enum cr_srtp_profile {
    CR_SRTP_AES128_CM_SHA1_80 = 0x0001,
    CR_SRTP_AEAD_AES_128_GCM = 0x0007,
    CR_SRTP_AEAD_AES_256_GCM = 0x0008,
} cr_srtp_profile;

// What encrypts the AEAD profiles on this machine, chosen by the processor: "ipsec-mb avx512", "openssl" …
const char *cr_srtp_backend_name(void);

// Master key followed by master salt, per direction: 16+14, 16+12 or 32+12 bytes. Copied; the caller wipes its own.
cr_result cr_transport_set_keys(cr_shard *shard, cr_id transport, cr_srtp_profile profile,
                                const uint8_t *receive_key, const uint8_t *send_key, size_t key_length);

// Header extensions the core reads, writes or carries through. An id of 0 means not negotiated on this transport.
typedef enum cr_extension {
    CR_EXT_MID = 0,             // RFC 8843
    CR_EXT_RID,                 // RFC 8852
    CR_EXT_REPAIRED_RID,
    CR_EXT_AUDIO_LEVEL,         // RFC 6464
    CR_EXT_TRANSPORT_SEQUENCE,  // draft-holmer-rmcat-transport-wide-cc-extensions-01
    CR_EXT_ABS_SEND_TIME,
    CR_EXT_ABS_CAPTURE_TIME,
    CR_EXT_VIDEO_ORIENTATION,
    CR_EXT_PLAYOUT_DELAY,
    CR_EXT_CONTENT_TYPE,
    CR_EXT_COLOR_SPACE,
    CR_EXT_DEPENDENCY_DESCRIPTOR,
    CR_EXT_COUNT
} cr_extension;

typedef struct cr_extension_map {
    uint8_t ids[CR_EXT_COUNT];
} cr_extension_map;

cr_result cr_transport_set_extensions(cr_shard *shard, cr_id transport, const cr_extension_map *map);

// Arrivals of packets that carried a transport-wide sequence number, oldest first, each handed out once.
typedef struct cr_arrival {
    uint16_t sequence;
    uint64_t arrival_us;
} cr_arrival;

size_t cr_transport_read_arrivals(cr_shard *shard, cr_id transport, cr_arrival *out, size_t capacity);

typedef struct cr_transport_statistics {
    uint64_t packets_in, bytes_in, packets_out, bytes_out;
    uint64_t authentication_failures, replays;
    uint64_t last_receive_us;
} cr_transport_statistics;

cr_result cr_transport_read_statistics(const cr_shard *shard, cr_id transport, cr_transport_statistics *out);

// --------------------------------------------------------------------------------------------------------- stream

typedef enum cr_kind { CR_AUDIO = 0, CR_VIDEO = 1 } cr_kind;

typedef enum cr_codec {
    CR_CODEC_OTHER = 0,  // forwarded opaque; no keyframe is recognised
    CR_CODEC_OPUS,
    CR_CODEC_RED,        // RFC 2198 around Opus
    CR_CODEC_VP8,
    CR_CODEC_VP9,
    CR_CODEC_H264,
    CR_CODEC_AV1,
} cr_codec;

typedef struct cr_format {
    uint8_t payload_type;
    uint8_t rtx_payload_type;  // 0: no retransmission format
    uint8_t codec;             // cr_codec
    uint32_t clock_rate;       // Hz
} cr_format;

#define CR_MAX_FORMATS 16
#define CR_MAX_LABEL 16  // bytes of a MID or RID, RFC 8852 allows more, clients use at most 4

typedef struct cr_stream_config {
    cr_id transport;      // CR_ID_NONE: packets come from cr_stream_push
    uint8_t kind;         // cr_kind
    char mid[CR_MAX_LABEL];  // demultiplexing keys, empty when unknown; an SSRC wins over MID+RID, that over MID alone
    char rid[CR_MAX_LABEL];
    uint32_t ssrc;        // 0: learned from MID and RID
    uint32_t rtx_ssrc;    // 0: learned from MID and repaired RID
    uint8_t format_count;
    cr_format formats[CR_MAX_FORMATS];
    bool nack;            // ask the sender again for what is missing
    uint16_t cache_packets;  // retransmission cache, a power of two; 0: nothing is kept
    bool mirror;             // of another shard's stream; has no transport, its packets come from a link
} cr_stream_config;

cr_result cr_stream_open(cr_shard *shard, cr_id stream, const cr_stream_config *config);
cr_result cr_stream_close(cr_shard *shard, cr_id stream);  // its forwards stay, silent, until they get another source
cr_result cr_stream_set_muted(cr_shard *shard, cr_id stream, bool muted);
cr_result cr_stream_set_tap(cr_shard *shard, cr_id stream, bool tapped);
// A plain RTP packet of our own making enters the stream as if it had been received. Copied. Its header extensions are
// read by the map of the stream's transport; without a transport the identifier of each is its cr_extension + 1.
cr_result cr_stream_push(cr_shard *shard, uint64_t now_us, cr_id stream, const uint8_t *rtp, size_t length);

// Sequence numbers to ask for now: new gaps at once, others again after `rtt_us`, given up after some tries or when too
// old (then, for video, KEYFRAME_WANTED follows). Returns how many were written. `next_us` gets when to ask again, or
// UINT64_MAX.
size_t cr_stream_missing(cr_shard *shard, cr_id stream, uint64_t now_us, uint64_t rtt_us, uint16_t *out,
                         size_t capacity, uint64_t *next_us);

typedef struct cr_stream_statistics {
    uint32_t ssrc, rtx_ssrc;    // as configured or learned; 0: nothing came yet
    uint64_t packets, bytes;    // unique media packets and their payload bytes
    uint64_t lost, recovered, duplicates;
    uint32_t extended_highest_sequence;  // RFC 3550 A.1
    uint32_t base_extended_sequence;
    uint32_t jitter;            // RTP timestamp units, RFC 3550 A.8
    uint64_t last_packet_us;
    uint32_t last_timestamp;
    uint8_t last_payload_type;
    uint64_t keyframes;
    uint64_t last_keyframe_us;
} cr_stream_statistics;

cr_result cr_stream_read_statistics(const cr_shard *shard, cr_id stream, cr_stream_statistics *out);

// The loudest audio level since the last read (RFC 6464: 0 is loudest, 127 silence) and how many packets were heard.
typedef struct cr_audio_window {
    uint32_t packets;
    uint32_t active_packets;  // level at or above CR_AUDIO_ACTIVE_LEVEL
    uint8_t loudest;          // 127 when nothing came
    float mean_active;        // mean level of the active packets, dBov below zero; 127 when none
} cr_audio_window;

cr_result cr_stream_read_audio(cr_shard *shard, cr_id stream, cr_audio_window *out);

// ----------------------------------------------------------------------------------------------------------- link
//
// One way from one shard to another, each on its own thread. A stream of the first can have a mirror in the second: its
// packets are received and decrypted once, handed over as copies, and forwarded, cached and sent again there as if they
// had been received. A full link drops (CR_DROP_LINK_FULL), it never waits.

// `receiver`: the loop that reads it, woken when it sleeps; NULL where nobody sleeps (tests). NULL: no memory. The link
// must outlive both shards, and its loop the link.
cr_link *cr_link_create(cr_loop *receiver);
void cr_link_destroy(cr_link *link);
// The reader's part, once: from now on its turns take what comes.
void cr_shard_add_link(cr_shard *shard, cr_link *link);
// The sender's part: the packets of `stream` go to `mirror` as well, a stream of the reading shard. One for each stream
// and link; a second takes the place of the first.
cr_result cr_stream_add_mirror(cr_shard *shard, cr_id stream, cr_link *link, cr_id mirror);
// Closing the stream does the same.
cr_result cr_stream_remove_mirror(cr_shard *shard, cr_id stream, cr_link *link);

// -------------------------------------------------------------------------------------------------------- forward

typedef struct cr_payload_map {
    uint8_t from;      // the stream's payload type
    uint8_t to;        // what the subscriber negotiated for the same codec
    uint8_t rtx;       // the subscriber's RTX payload type; 0: retransmit as it was
    bool unwrap_red;   // `from` is RED and the subscriber has none: send the primary block alone, as `to`
} cr_payload_map;

typedef struct cr_forward_config {
    cr_id stream;
    cr_id transport;
    uint32_t ssrc;
    uint32_t rtx_ssrc;       // 0: none
    char mid[CR_MAX_LABEL];  // written into the MID extension where negotiated
    uint8_t payload_count;
    cr_payload_map payloads[CR_MAX_FORMATS];
    uint16_t history_packets;  // how many sent packets can be asked for again, a power of two
} cr_forward_config;

cr_result cr_forward_open(cr_shard *shard, cr_id forward, const cr_forward_config *config);
cr_result cr_forward_close(cr_shard *shard, cr_id forward);
cr_result cr_forward_set_paused(cr_shard *shard, cr_id forward, bool paused);
// Takes its packets from another stream of the same publication: video at that stream's next keyframe, audio at once.
// Outgoing sequence numbers, timestamps and VP8 picture ids go on without a gap.
cr_result cr_forward_set_source(cr_shard *shard, cr_id forward, cr_id stream);
// What its packets are called from now on; none: nothing is sent. Begins at the next keyframe, with the numbers going on.
cr_result cr_forward_set_payloads(cr_shard *shard, cr_id forward, const cr_payload_map *payloads, size_t count);
// The subscriber of `transport` reports a packet lost on the outgoing `ssrc`. Answered from the cache, by RTX where the
// forward has it. Within one round trip the same packet is sent once.
cr_result cr_forward_retransmit(cr_shard *shard, uint64_t now_us, uint64_t rtt_us, cr_id transport, uint32_t ssrc,
                                const uint16_t *sequences, size_t count);

typedef struct cr_forward_statistics {
    cr_id stream;              // the one it carries now
    uint64_t packets, bytes;   // RFC 3550 sender's counts: payload bytes, padding excluded, retransmissions excluded
    uint64_t retransmissions, retransmissions_missed;
    uint16_t last_sequence;
    uint32_t last_timestamp;
    uint32_t timestamp_offset; // outgoing = incoming + offset, modulo 2^32
    uint64_t last_packet_us;   // 0: nothing was sent yet
    bool waits_for_keyframe;
} cr_forward_statistics;

cr_result cr_forward_read_statistics(const cr_shard *shard, cr_id forward, cr_forward_statistics *out);

// ----------------------------------------------------------------------------------------- io: UDP and TCP (Linux)

typedef struct cr_loop_config {
    cr_address bind;               // port 0: any free one
    uint32_t receive_buffer_bytes; // asked of the kernel; forced where the process may
    uint32_t send_buffer_bytes;
} cr_loop_config;

// NULL with *error = errno when the socket cannot be had.
cr_loop *cr_loop_create(const cr_loop_config *config, int *error);
// Accepts TCP connections too, on the address and port number of the UDP socket. Returns 0 or an errno. Once at most.
// The seed is secret, as that of the shard.
int cr_loop_listen(cr_loop *loop, uint64_t hash_seed);
void cr_loop_destroy(cr_loop *loop);
uint16_t cr_loop_port(const cr_loop *loop);
// Microseconds of the monotonic clock, read anew.
uint64_t cr_loop_now(void);
// Waits for datagrams, a wake or the deadline (UINT64_MAX: none; a past one: do not wait).
void cr_loop_wait(cr_loop *loop, cr_shard *shard, uint64_t deadline_us);
// Receives, forwards and sends for about a millisecond: audio first, then video, and feedback and handshakes become
// events last. What is left goes on with the next turn. Returns the time it began. Events are in the shard afterwards.
uint64_t cr_loop_work(cr_loop *loop, cr_shard *shard);
// Both, for callers that have nothing to do between them.
uint64_t cr_loop_turn(cr_loop *loop, cr_shard *shard, uint64_t deadline_us);
// Sends everything queued, in batches.
void cr_loop_flush(cr_loop *loop, cr_shard *shard);
// Thread-safe. Costs one system call when the loop sleeps, none otherwise.
void cr_loop_wake(cr_loop *loop);

// Why a TCP connection ended. Each accepted one is open or counted under exactly one of these. The names in /metrics
// come from cr_tcp_end_name.
typedef enum cr_tcp_end {
    CR_TCP_END_PEER = 0,       // closed or reset by the other side or the network
    CR_TCP_END_FRAMING,        // a length that no datagram has: not RFC 4571
    CR_TCP_END_NOT_STUN,       // the first datagram is no STUN message: a stranger
    CR_TCP_END_SILENT,         // no datagram within the first seconds
    CR_TCP_END_UNPROVED,       // no ICE check has proved its address, or none does any more
    CR_TCP_END_IDLE,           // nothing came for long
    CR_TCP_END_TOO_MANY,       // refused: the worker's share of connections is in use
    CR_TCP_END_TOO_MANY_PER_IP,  // refused: that of its IPv4 address or IPv6 /64
    CR_TCP_END_SYSTEM,         // refused: no memory
    CR_TCP_ENDS
} cr_tcp_end;

const char *cr_tcp_end_name(cr_tcp_end end);

typedef struct cr_loop_statistics {
    uint64_t turns, wakes;
    uint64_t receive_calls, send_calls;
    // Busy time of a turn, waiting excluded, in histogram buckets with these upper bounds in microseconds:
    // 50, 100, 250, 500, 1000, 2500, 5000, 10000, 50000 and the rest.
    uint64_t busy_buckets[10];
    uint64_t busy_total_us;
    uint64_t kernel_drops;  // datagrams the kernel dropped because our receive buffer was full (SO_RXQ_OVFL)
    // Messages of several datagrams each: sent, the datagrams in them, and those the kernel refused, whose datagrams were
    // then sent one by one. Likewise received.
    uint64_t segmented_messages, segmented_datagrams, segmented_refusals;
    uint64_t coalesced_messages, coalesced_datagrams;
    uint32_t tcp_connections;     // open now
    uint32_t tcp_queued_packets;  // datagrams that wait for slow readers
    uint64_t tcp_accepted;
    uint64_t tcp_ends[CR_TCP_ENDS];
} cr_loop_statistics;

void cr_loop_read_statistics(const cr_loop *loop, cr_loop_statistics *out);

// For the calling thread, at its start: what the system's tools call it (15 bytes are shown), the one core it stays on
// (negative: any), and a place before ordinary work. What the system refuses is left as it was.
void cr_thread_configure(const char *name, int core);

// ------------------------------------------------------------------------------------------- io: memory (for tests)

// One datagram enters the shard; events accumulate until cr_shard_release_events.
void cr_memory_receive(cr_shard *shard, uint64_t now_us, const cr_address *from, const uint8_t *bytes, size_t length);
// Takes the next queued datagram. Returns its full length, 0 when the queue is empty; a datagram longer than `capacity`
// is dropped.
size_t cr_memory_send(cr_shard *shard, cr_address *to, uint8_t *out, size_t capacity);
// Lets the readers of links see what was written. False: nothing was.
bool cr_memory_publish(cr_shard *shard);
// Takes everything that others have published. Returns how many packets there were.
size_t cr_memory_take(cr_shard *shard, uint64_t now_us);

#ifdef __cplusplus
}
#endif

#endif
