// link.h: one way from a shard to another on a different thread: a bounded ring that one side writes and the other reads.
// What lies in it is a copy, so the pools, streams and counts of both shards stay on their own threads. What is copied
// when is mirror.c's business, who is woken io/mesh.c's.
//
//   sender: cr_link_place, fill it, cr_link_commit … cr_link_publish
//   reader: cr_link_peek, cr_link_advance … cr_link_free

#ifndef CR_LINK_H
#define CR_LINK_H

#include "crelay.h"
#include "limits.h"

#include <stdalign.h>
#include <stdatomic.h>

// What two threads write at the same time lies this far apart (a cache line; two, for the prefetcher of x86).
#define CR_LINE_BYTES 128

typedef struct cr_handover {
    cr_id stream;            // of the reader
    uint16_t epoch;          // of the sender's stream: when it changes, the numbers begin anew
    uint16_t interruptions;  // the same for its gate: when it changes, there is a pause before this packet
    uint32_t length;
    uint64_t sequence;       // extended, as the sender's window judged it
    uint64_t arrival_us;
    uint8_t bytes[CR_PACKET_BYTES];  // plain RTP; header extensions by cr_extension_index_local
} cr_handover;

// Indices count without end, modulo 2^32; the slot is the low bits.
struct cr_link {
    cr_loop *receiver;  // who is woken; only io/ looks inside. NULL: nobody
    alignas(CR_LINE_BYTES) _Atomic uint32_t published;  // sender → reader: slots below it are filled
    alignas(CR_LINE_BYTES) _Atomic uint32_t freed;      // reader → sender: slots below it may be filled again
    struct {
        alignas(CR_LINE_BYTES) cr_handover *slots;  // NULL until the first packet
        uint32_t written;      // filled, published or not
        uint32_t known_freed;  // as it was when last looked at
        bool is_listed;        // in its shard's list of links to publish
        cr_link *next;         // there
    } sender;
    struct {
        alignas(CR_LINE_BYTES) cr_handover *slots;  // the same, once it is known to be there
        uint32_t read;
        uint32_t known_published;
        cr_link *next;         // of the reading shard
    } reader;
};

// The sender's thread. NULL: no room, or no memory for the ring.
cr_handover *cr_link_place(cr_link *link);
void cr_link_commit(cr_link *link);
void cr_link_publish(cr_link *link);

// The reader's thread. NULL: nothing is there.
const cr_handover *cr_link_peek(cr_link *link);
void cr_link_advance(cr_link *link);
// Gives back everything advanced over.
void cr_link_free(cr_link *link);

#endif
