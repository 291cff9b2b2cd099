// deframe.h: datagrams out of a byte stream (RFC 4571, 2: two bytes of length in front of each). Pure: whatever pieces
// the bytes come in, the same packets come out. One deframer per connection; what to do about a bad one is io/tcp.c's.

#ifndef CR_DEFRAME_H
#define CR_DEFRAME_H

#include "bytes.h"
#include "packet.h"

// All zero at the beginning.
typedef struct cr_deframer {
    cr_packet *packet;     // the datagram under way; NULL while its bytes are passed over for want of a packet
    uint32_t left;         // its bytes still to come; 0: a length comes next
    uint16_t length;       // ... of which so much is read
    uint8_t length_bytes;
    bool has_begun;        // the first datagram was STUN
} cr_deframer;

typedef enum cr_deframe_status {
    CR_DEFRAME_MORE = 0,   // all bytes are taken in
    CR_DEFRAME_PACKET,     // *packet is whole, and the caller's
    CR_DEFRAME_LOST,       // a datagram ended for which the pool had no packet
    CR_DEFRAME_MALFORMED,  // a length that no datagram has; nothing sensible can follow
    CR_DEFRAME_NOT_STUN,   // the first datagram is not a STUN message (RFC 8489, 5)
} cr_deframe_status;

// Takes bytes up to the end of one datagram. To be called until it returns CR_DEFRAME_MORE; not again after the last
// two.
cr_deframe_status cr_deframe(cr_deframer *deframer, cr_pool *pool, cr_reader *bytes, cr_packet **packet);
// Gives back what is under way.
void cr_deframer_reset(cr_deframer *deframer, cr_pool *pool);

#endif
