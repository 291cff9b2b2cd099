// packet.c: slabs and the free list of the packet pool. Slabs are kept until the shard goes: a room that was large once
// will be again.

#include "packet.h"

#include <stdlib.h>

struct cr_slab {
    struct cr_slab *next;
    cr_packet packets[CR_SLAB_PACKETS];
};

void cr_pool_create(cr_pool *pool, uint32_t max_packets) {
    *pool = (cr_pool){.max = max_packets};
}

void cr_pool_destroy(cr_pool *pool) {
    while (pool->slabs) {
        cr_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        free(slab);
    }
    *pool = (cr_pool){0};
}

static void grow(cr_pool *pool) {
    uint32_t count = pool->max - pool->total;
    if (count > CR_SLAB_PACKETS) count = CR_SLAB_PACKETS;
    if (count == 0) return;
    cr_slab *slab = malloc(sizeof *slab);
    if (!slab) return;
    slab->next = pool->slabs;
    pool->slabs = slab;
    pool->total += count;
    for (uint32_t index = 0; index < count; index++) {
        slab->packets[index].next = pool->free;
        pool->free = &slab->packets[index];
    }
}

cr_packet *cr_pool_take(cr_pool *pool) {
    if (!pool->free) grow(pool);
    cr_packet *packet = pool->free;
    if (!packet) return NULL;
    pool->free = packet->next;
    pool->in_use++;
    packet->next = NULL;
    packet->references = 1;
    packet->length = 0;
    packet->data = packet->buffer;
    packet->truncated = packet->bulk = packet->used = packet->skipped = false;
    packet->pad = 0;
    packet->arrival_us = 0;
    packet->sequence = packet->highest = 0;
    return packet;
}

cr_packet *cr_packet_retain(cr_packet *packet) {
    packet->references++;
    return packet;
}

void cr_packet_release(cr_pool *pool, cr_packet *packet) {
    if (!packet || --packet->references > 0) return;
    packet->next = pool->free;
    pool->free = packet;
    pool->in_use--;
}
