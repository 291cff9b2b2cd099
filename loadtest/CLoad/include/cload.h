// cload.h: the load test's hot loop, everything Swift can ask of it.
//
// A load is many endpoints (one UDP socket each, one participant's connection), what each is expected to receive
// (streams) and what it sends (sources). `cl_turn` does all that happens per packet; signaling, ICE and DTLS are
// Swift's: their datagrams come out of `cl_datagrams` and go in by `cl_endpoint_send`.
//
// Nobody waits in here. The caller turns the loop every few milliseconds and each turn looks into every socket once: a
// client that slept in epoll would bill a wake-up of about 10 us to the server for each packet (limits.md, E), and an
// empty look costs 0.2 us.
//
// Rules of the surface
//  - One thread. Indices are given out by this side and used again after cl_endpoint_close.
//  - Times named `_ns` are nanoseconds of CLOCK_REALTIME, since the kernel stamps arrivals with it.
//  - An index out of range does nothing; nothing here aborts on bad input.

#ifndef CLOAD_H
#define CLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crelay.h"

#ifdef __cplusplus
extern "C" {
#endif

// ------------------------------------------------------------------------------------------------------- counting

// Loss of one stream by sequence numbers (RFC 3550, A.1, with a memory of which numbers came).
// Packets later than this count as lost: about a second of the fastest stream here.
#define CL_SEEN_PACKETS 1024u

typedef struct cl_sequence {
    bool is_started;
    uint64_t base;      // extended number of the first packet; the count begins one cycle up
    uint64_t highest;   // extended
    uint64_t received;  // different packets
    uint64_t duplicates, late;
    uint64_t seen[CL_SEEN_PACKETS / 64u];
} cl_sequence;

typedef enum cl_sequence_note { CL_NEW = 0, CL_DUPLICATE, CL_TOO_LATE } cl_sequence_note;

cl_sequence_note cl_sequence_add(cl_sequence *sequence, uint16_t number);
// How many should have come by the highest number.
uint64_t cl_sequence_expected(const cl_sequence *sequence);

// --------------------------------------------------------------------------------------------------------- repair

// What is missing is asked for when it has not come by itself for so long: a packet that was overtaken is not lost.
#define CL_REORDER_NS 10000000u
// Then it is asked for so often at most, as libwebrtc does it.
#define CL_NACK_TRIES 10u
// Missing packets of one stream that are remembered, of a longer burst the newest: senders here keep no more either.
#define CL_MOST_GAPS 128u

typedef struct cl_gap {
    uint64_t due_ns;    // when it is to be asked for
    uint64_t asked_ns;  // the last time
    uint16_t number;
    uint8_t tries;
} cl_gap;

// Of one stream; all zero at first. Takes no memory until something is missing.
typedef struct cl_repair {
    cl_gap *gaps;         // the oldest first
    uint64_t unrepaired;  // given up, or too many at once
    uint32_t count;
    uint16_t newest;
    bool is_started;
} cl_repair;

// A packet came by its first transmission. True: others before it did not, and are due in CL_REORDER_NS.
bool cl_repair_came(cl_repair *repair, uint16_t number, uint64_t now_ns);
// A packet came. True: it was missing, and *was (if not NULL) says what was done about it.
bool cl_repair_fill(cl_repair *repair, uint16_t number, cl_gap *was);
// Takes down that what is due is asked for now, and again in `wait_ns`. Returns how many numbers it has written.
size_t cl_repair_due(cl_repair *repair, uint64_t now_ns, uint64_t wait_ns, uint16_t *numbers, size_t capacity);
// When something is due; UINT64_MAX: never.
uint64_t cl_repair_next_ns(const cl_repair *repair);
void cl_repair_end(cl_repair *repair);

// --------------------------------------------------------------------------------------------------- packetisation

// Splits a frame of `bytes` into as few packets of at most `most` bytes as hold it, as even as can be, the larger ones
// last, as libwebrtc does. Returns their number, 0 when they do not fit `capacity`.
size_t cl_split_frame(uint32_t bytes, uint32_t most, uint16_t *sizes, size_t capacity);

// ----------------------------------------------------------------------------------------------------------- load

typedef struct cl_load cl_load;

// NULL: no memory.
cl_load *cl_create(uint64_t random_seed);
// From now on throws away this share of the datagrams that come, as a bad network would. 0 to 1.
void cl_set_loss(cl_load *load, double share);
void cl_destroy(cl_load *load);

// Wall clock, and the monotonic clock in microseconds that ICE and DTLS live by.
uint64_t cl_now_ns(void);
uint64_t cl_monotonic_us(void);

// Receives what has come, sends what is due.
void cl_turn(cl_load *load);

// ------------------------------------------------------------------------------------------------------- endpoints

#define CL_NO_ENDPOINT UINT32_MAX

// Header extensions as this endpoint's connection numbers them; 0: not negotiated.
typedef struct cl_extensions {
    uint8_t mid, audio_level, transport_sequence, absolute_send_time;
} cl_extensions;

// A socket of its own towards `remote`. CL_NO_ENDPOINT with *error = errno when there is none to be had. What it
// receives and sends is counted under `group`.
#define CL_GROUPS 2u
uint32_t cl_endpoint_open(cl_load *load, const cr_address *remote, uint32_t group, int *error);
void cl_endpoint_close(cl_load *load, uint32_t endpoint);
void cl_endpoint_send(cl_load *load, uint32_t endpoint, const uint8_t *bytes, size_t length);
// Keys are copied; false when SRTP refuses them.
bool cl_endpoint_set_keys(cl_load *load, uint32_t endpoint, cr_srtp_profile profile, const uint8_t *receive_key,
                          const uint8_t *send_key, size_t key_length);
void cl_endpoint_set_extensions(cl_load *load, uint32_t endpoint, cl_extensions extensions);
// The port that the kernel gave its socket; 0: there is none.
uint16_t cl_endpoint_port(const cl_load *load, uint32_t endpoint);
// When the first packet of an expected stream came; 0: none did.
uint64_t cl_endpoint_first_media_ns(const cl_load *load, uint32_t endpoint);

// Datagrams of the last turn that are not media: STUN and DTLS. Valid until the next turn.
typedef struct cl_datagram {
    uint32_t endpoint;
    const uint8_t *bytes;
    size_t length;
} cl_datagram;

const cl_datagram *cl_datagrams(const cl_load *load, size_t *count);

// --------------------------------------------------------------------------------------------------------- streams

// What the server announced to send here. An SSRC that is known already stays as it is. With `retransmission_ssrc`, the
// SSRC of its RTX (RFC 4588), lost packets are asked for again; 0: it has none.
// False: no memory, or too many SSRCs on one connection.
bool cl_stream_expect(cl_load *load, uint32_t endpoint, uint32_t ssrc, bool is_video, uint32_t retransmission_ssrc);

// --------------------------------------------------------------------------------------------------------- sources

// The end of a payload is the sender's clock, which a subscriber compares with its own arrival: of every packet of
// synthetic media, of the last one of each frame of a loop.
#define CL_STAMP_BYTES 12u

// Encoded frames that are played over and over; pictures begin with a keyframe. They are copied, kept until cl_destroy
// and shared by all sources that name them. CL_STAMP_BYTES at the end of each must be such as decoders do not look at.
// Returns the loop's name, 0 when there is no memory, no frame, or one that is too short for a stamp.
uint32_t cl_loop_add(cl_load *load, const uint8_t *bytes, const uint32_t *sizes, uint32_t count);

typedef struct cl_source_config {
    bool is_video;
    uint8_t payload_type;
    uint32_t ssrc;
    char mid[CR_MAX_LABEL];
    uint32_t frames_per_second;
    uint32_t frame_bytes;     // payload bytes of an ordinary frame
    uint32_t keyframe_bytes;  // video only
    uint32_t packet_bytes;    // payload bytes of a packet at most
    uint8_t audio_level;      // dB below full scale (RFC 6464), 127 for silence
    uint8_t size_variation;   // per cent by which frames differ from the mean, either way
    uint32_t loop;            // what is sent instead of synthetic frames; 0: nothing
} cl_source_config;

// Sends from now on, once the endpoint has keys. False: no memory or a configuration out of range.
bool cl_source_add(cl_load *load, uint32_t endpoint, const cl_source_config *config);

// ---------------------------------------------------------------------------------------------------------- counts

// Of one group, since the beginning.
typedef struct cl_counts {
    uint64_t packets_received, bytes_received;  // expected streams, duplicates and retransmissions excluded
    uint64_t packets_expected;                  // by their sequence numbers
    uint64_t retransmissions, duplicates, unknown_streams;
    uint64_t decrypted, authentication_failures, stamps_missing;
    uint64_t packets_sent, frames_sent, keyframes_sent, send_failures;
    uint64_t frames_left_out;                   // we were too late for them
    uint64_t plis, nacks, resent;               // asked of our sources
    uint64_t nacks_sent;                        // packets asked for by us, each time that they were
    uint64_t repaired, unrepaired;              // missing packets that came by RTX; that were given up
    uint64_t thrown_away;                       // datagrams, by cl_set_loss; media of them counts as received
    uint64_t reports_sent, feedback_sent, rtcp_received;
    uint64_t datagrams_dropped;                 // STUN or DTLS that found no room in a turn
    uint32_t streams, streams_started;          // of those that are open; RTX excluded
} cl_counts;

void cl_read_counts(const cl_load *load, uint32_t group, cl_counts *out);
// Packets that the kernel dropped at our sockets since the beginning: we were too slow.
uint64_t cl_kernel_drops(cl_load *load);
// Takes out the one-way delays that were measured since the last call, in microseconds, of all groups. Returns their
// number.
size_t cl_take_delays(cl_load *load, uint32_t *out, size_t capacity);

// --------------------------------------------------------------------------------------------------------- machine

// Cores this process may use, at most `capacity`, ascending. Returns how many.
size_t cl_allowed_cores(int *out, size_t capacity);
// Keeps the calling thread, and the threads that it will make, on one core.
bool cl_pin_thread(int core);
// Puts the calling thread, and the threads that it will make, before all ordinary work (SCHED_FIFO). False: only root
// may.
bool cl_make_realtime(void);
// Seconds of CPU time that a core has spent since the machine started, on whatever it was, and on nothing. False: it
// cannot be known.
bool cl_core_times(int core, double *busy, double *idle);
// CPU time in ns of a bare sendto of 1200 B over loopback on `core`: the mean of `count` sends from a thread of its own
// to a socket that nobody reads. 0: it could not be measured.
double cl_time_sendto(int core, uint32_t count);
// Starts a program on one core (negative: any), before ordinary work or not, with its output in a file; it is told to
// stop when we die. Arguments and environment end with NULL. Returns its process id, -1 with errno.
int cl_spawn(const char *path, char *const arguments[], char *const environment[], int core, bool is_realtime,
             int output);

#ifdef __cplusplus
}
#endif

#endif
