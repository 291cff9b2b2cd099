// cache.h: the last packets of a stream, kept to be sent again. A ring indexed by sequence number that holds references;
// what was sent to whom under which number is the forward's history. What is too old to be asked for is let go.

#ifndef CR_CACHE_H
#define CR_CACHE_H

#include "packet.h"

typedef struct cr_cache {
    cr_packet **packets;
    uint32_t capacity;  // a power of two, or 0
    uint64_t oldest;    // no kept packet has a lower sequence number; 0: nothing was kept yet
} cr_cache;

bool cr_cache_create(cr_cache *cache, uint32_t capacity);
void cr_cache_destroy(cr_cache *cache, cr_pool *pool);
void cr_cache_clear(cr_cache *cache, cr_pool *pool);
// Takes a reference of its own and lets go of the packet whose place this one takes, and of some that are too old.
void cr_cache_put(cr_cache *cache, cr_pool *pool, cr_packet *packet);
// The cached packet with these low 16 bits, or NULL. No reference is added.
cr_packet *cr_cache_find(const cr_cache *cache, uint16_t sequence);

#endif
