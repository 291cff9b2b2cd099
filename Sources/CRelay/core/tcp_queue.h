// tcp_queue.h: datagrams in order, linked through the packets themselves: those of a shard that wait for the flush, and
// those of one TCP connection that wait for its reader. A packet is in one of them at most.

#ifndef CR_TCP_QUEUE_H
#define CR_TCP_QUEUE_H

#include "packet.h"

typedef struct cr_tcp_queue {
    cr_packet *first, *last;
    uint32_t count;
} cr_tcp_queue;

// Takes over the reference, unless it returns false: CR_TCP_QUEUE_PACKETS are in it.
static inline bool cr_tcp_queue_put(cr_tcp_queue *queue, cr_packet *packet) {
    if (queue->count == CR_TCP_QUEUE_PACKETS) return false;
    packet->next = NULL;
    if (queue->last) {
        queue->last->next = packet;
    } else {
        queue->first = packet;
    }
    queue->last = packet;
    queue->count++;
    return true;
}

// The first of them, reference and all; NULL when there is none.
static inline cr_packet *cr_tcp_queue_take(cr_tcp_queue *queue) {
    cr_packet *packet = queue->first;
    if (!packet) return NULL;
    queue->first = packet->next;
    if (!queue->first) queue->last = NULL;
    queue->count--;
    packet->next = NULL;
    return packet;
}

#endif
