// load.h: what the files of the hot loop share: the objects, and the few functions between them.
//
//   load.c     life of endpoints, the turn, counts      receive.c  sockets → streams
//   source.c   media                                    rtcp.c     reports and feedback, both ways
//   repair.c   what is missing                          sequence.c, packetise.c  counting, splitting

#ifndef CL_LOAD_H
#define CL_LOAD_H

#include "cload.h"
#include "core/srtp.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

// Room in one connection's table of SSRCs, a power of two. 25 pictures with RTX and 10 voices are 60 of them.
#define CL_SSRC_SLOTS 256u
// Of these, how many may be used: a full table would make looking for a stranger long.
#define CL_MOST_SSRCS 192u
// Sources of one connection: microphone, camera, screen.
#define CL_ENDPOINT_SOURCES 4u
// Arrivals kept until transport-wide feedback is sent: 100 ms of 2,500 packets/s. What comes beyond is not reported.
#define CL_ARRIVALS 256u

// A report each second, feedback each 100 ms: what libwebrtc does at these rates.
#define CL_REPORT_NS NS_PER_S
#define CL_FEEDBACK_NS (100u * NS_PER_MS)

// One packet on the wire at most.
#define CL_PACKET_BYTES 1500u
// Sent packets of a source that can be asked for again: 0.7 s of a 720p camera, 3 s of a thumbnail.
#define CL_RESEND_PACKETS 128u

// A stamp is a mark and the sender's clock.
#define CL_STAMP_MARK UINT32_C(0x48544c44)

// Until it is known how long an answer to a NACK takes, and the least that is waited for one (libwebrtc's first guess;
// ten turns of ours).
#define CL_FIRST_RTT_NS (100u * NS_PER_MS)
#define CL_LEAST_RTT_NS (20u * NS_PER_MS)

// What each packet changes comes first: there are thousands of streams, and each line of the cache counts.
typedef struct cl_stream {
    uint32_t ssrc;
    uint32_t endpoint;
    uint32_t next;  // in the endpoint's list
    bool is_used, is_retransmission, is_video, asks_again;
    uint64_t packets;
    int64_t transit, jitter;  // RTP ticks, jitter times 16 (RFC 3550, A.8)
    cl_repair repair;
    cl_sequence sequence;
    uint32_t repairs;  // what it retransmits
    uint64_t thrown_away;
    uint64_t expected_before, received_before;  // at the last report
    uint32_t last_sender_report;                // middle 32 bits of its NTP time
    uint64_t last_sender_report_ns;
} cl_stream;

typedef struct cl_source {
    cl_source_config config;
    uint32_t endpoint;
    uint32_t next;
    bool is_used, wants_keyframe;
    uint16_t sequence;
    uint32_t timestamp, ticks_per_frame;
    uint16_t picture_id;
    uint32_t loop_frame;
    uint64_t frame, interval_ns, due_ns, last_keyframe_ns;
    uint64_t packets;
    uint32_t octets;
    // Protected packets, to be sent again as they are: slot = number modulo CL_RESEND_PACKETS.
    uint8_t *kept;
    uint16_t kept_slot_bytes;
    uint16_t kept_lengths[CL_RESEND_PACKETS];
    uint16_t kept_numbers[CL_RESEND_PACKETS];
} cl_source;

typedef struct cl_loop {
    uint8_t *bytes;
    uint32_t *ends;  // of each frame, in `bytes`
    uint32_t count, largest;
} cl_loop;

typedef struct cl_arrival {
    uint16_t sequence;
    uint64_t arrival_ns;
} cl_arrival;

#define CL_NONE UINT32_MAX

typedef struct cl_endpoint {
    int fd;
    bool is_open;
    uint32_t group;
    cr_srtp *receiving, *sending;
    cl_extensions extensions;
    uint32_t reporter_ssrc;
    uint16_t transport_sequence;
    uint64_t first_media_ns;
    uint64_t report_due_ns, feedback_due_ns;
    uint64_t nack_due_ns, nack_allowed_ns, rtt_ns;
    uint8_t feedback_count;
    uint32_t last_media_ssrc;
    uint32_t arrival_count;
    cl_arrival arrivals[CL_ARRIVALS];
    uint32_t first_stream, first_source;  // lists
    uint32_t ssrc_count;
    uint32_t ssrcs[CL_SSRC_SLOTS];
    uint32_t streams[CL_SSRC_SLOTS];  // CL_NONE: the slot is free
} cl_endpoint;

typedef struct cl_receiver cl_receiver;

struct cl_load {
    cl_endpoint **endpoints;
    uint32_t endpoint_count, endpoint_capacity;
    cl_stream *streams;
    uint32_t stream_count, stream_capacity, free_stream;
    cl_source *sources;
    uint32_t source_count, source_capacity, free_source;
    cl_loop *loops;
    uint32_t loop_count;
    uint32_t loss;  // a datagram is thrown away when a random number is below it
    cl_counts counts[CL_GROUPS];
    uint64_t kernel_drops_of_closed;
    uint64_t random;
    cl_receiver *receiver;
};

static inline cl_endpoint *cl_endpoint_at(const cl_load *load, uint32_t index) {
    if (index >= load->endpoint_count) return NULL;
    cl_endpoint *endpoint = load->endpoints[index];
    return endpoint && endpoint->is_open ? endpoint : NULL;
}

static inline cl_counts *cl_counts_of(cl_load *load, const cl_endpoint *endpoint) {
    return &load->counts[endpoint->group];
}

uint32_t cl_random(cl_load *load);
// One datagram to the server; counts what the kernel refuses.
bool cl_transmit(cl_load *load, cl_endpoint *endpoint, const uint8_t *bytes, size_t length);

// CL_NONE: unknown.
uint32_t cl_endpoint_stream(const cl_endpoint *endpoint, uint32_t ssrc);
void cl_forget_stream(cl_load *load, uint32_t stream);

// receive.c
cl_receiver *cl_receiver_create(void);
void cl_receiver_destroy(cl_receiver *receiver);
void cl_receive_all(cl_load *load);
uint64_t cl_socket_drops(int fd);

// source.c
void cl_send_due(cl_load *load, uint64_t now_ns);
void cl_forget_source(cl_load *load, uint32_t source);
cl_source *cl_endpoint_source(cl_load *load, const cl_endpoint *endpoint, uint32_t ssrc);
void cl_resend(cl_load *load, cl_endpoint *endpoint, cl_source *source, uint16_t number);

// rtcp.c
void cl_report_due(cl_load *load, uint64_t now_ns);
void cl_receive_rtcp(cl_load *load, cl_endpoint *endpoint, const uint8_t *bytes, size_t length, uint64_t arrival_ns);

// Big-endian writing at a place the caller has made sure of.
static inline void cl_put16(uint8_t *at, uint32_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}
static inline void cl_put32(uint8_t *at, uint32_t value) {
    cl_put16(at, value >> 16);
    cl_put16(at + 2, value & 0xffffu);
}
static inline uint16_t cl_get16(const uint8_t *at) { return (uint16_t)((unsigned)at[0] << 8 | at[1]); }
static inline uint32_t cl_get32(const uint8_t *at) { return (uint32_t)cl_get16(at) << 16 | cl_get16(at + 2); }

#endif
