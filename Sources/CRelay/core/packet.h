// packet.h: the pool of datagram buffers. A packet is received, decrypted, cached and fanned out in the same buffer;
// whoever keeps it holds a reference. One thread, so the counts are plain integers.

#ifndef CR_PACKET_H
#define CR_PACKET_H

#include "crelay.h"
#include "limits.h"
#include "payload.h"
#include "rtp.h"

typedef struct cr_packet {
    struct cr_packet *next;  // in the free list, of the same stream in a round, or waiting for a TCP connection
    uint32_t references;
    uint32_t length;     // of the datagram, from `data`
    uint8_t *data;       // its first byte; moves forward when a retransmission is unwrapped
    bool truncated;      // the kernel had more than fits
    bool bulk;           // to send: may leave in messages of the largest size
    bool used;           // somebody got it: a forward or a tap
    bool skipped;        // nobody gets it, and its number is taken out of the subscribers' rows
    uint8_t pad;         // that makes it as long as the packets beside it in its round, see round.c
    uint16_t sent_header_length;  // at the subscribers its burst was measured for last, see round.c
    uint64_t arrival_us;
    uint64_t sequence;   // extended, of the stream it belongs to
    uint64_t highest;    // of the stream when this one came
    cr_address address;  // where it came from, or goes to
    cr_rtp rtp;
    cr_frame frame;
    _Alignas(16) uint8_t buffer[CR_PACKET_BYTES];
} cr_packet;

typedef struct cr_slab cr_slab;

typedef struct cr_pool {
    cr_packet *free;
    cr_slab *slabs;
    uint32_t in_use;
    uint32_t total;
    uint32_t max;
} cr_pool;

void cr_pool_create(cr_pool *pool, uint32_t max_packets);
void cr_pool_destroy(cr_pool *pool);
// One reference, length 0, data at the start of the buffer. NULL when max_packets are in use.
cr_packet *cr_pool_take(cr_pool *pool);
cr_packet *cr_packet_retain(cr_packet *packet);
void cr_packet_release(cr_pool *pool, cr_packet *packet);

#endif
