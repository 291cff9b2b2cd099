// cache.c: the ring of kept packets.

#include "cache.h"

#include <stdlib.h>

// Old packets let go for one that comes: more than one, so that a cache shrinks when its stream gets slower.
#define RELEASED_AT_ONCE 4u

bool cr_cache_create(cr_cache *cache, uint32_t capacity) {
    *cache = (cr_cache){0};
    if (capacity == 0) return true;
    cache->packets = calloc(capacity, sizeof *cache->packets);
    if (!cache->packets) return false;
    cache->capacity = capacity;
    return true;
}

void cr_cache_destroy(cr_cache *cache, cr_pool *pool) {
    cr_cache_clear(cache, pool);
    free(cache->packets);
    *cache = (cr_cache){0};
}

void cr_cache_clear(cr_cache *cache, cr_pool *pool) {
    for (uint32_t index = 0; index < cache->capacity; index++) {
        cr_packet_release(pool, cache->packets[index]);
        cache->packets[index] = NULL;
    }
    cache->oldest = 0;
}

static void release_old(cr_cache *cache, cr_pool *pool, const cr_packet *newest) {
    if (cache->oldest + cache->capacity <= newest->sequence) cache->oldest = newest->sequence - cache->capacity + 1;
    for (uint32_t step = 0; step < RELEASED_AT_ONCE && cache->oldest < newest->sequence; step++, cache->oldest++) {
        cr_packet **place = &cache->packets[cache->oldest & (cache->capacity - 1)];
        if (!*place || (*place)->sequence != cache->oldest) continue;
        if ((*place)->arrival_us + CR_CACHE_AGE_US > newest->arrival_us) return;
        cr_packet_release(pool, *place);
        *place = NULL;
    }
}

void cr_cache_put(cr_cache *cache, cr_pool *pool, cr_packet *packet) {
    if (cache->capacity == 0) return;
    cr_packet **place = &cache->packets[packet->sequence & (cache->capacity - 1)];
    // A late packet never displaces a newer one that took its place.
    if (*place && (*place)->sequence >= packet->sequence) return;
    cr_packet *displaced = *place;
    *place = cr_packet_retain(packet);
    cr_packet_release(pool, displaced);
    if (cache->oldest == 0 || packet->sequence < cache->oldest) cache->oldest = packet->sequence;
    release_old(cache, pool, packet);
}

cr_packet *cr_cache_find(const cr_cache *cache, uint16_t sequence) {
    if (cache->capacity == 0) return NULL;
    cr_packet *packet = cache->packets[sequence & (cache->capacity - 1)];
    return packet && (uint16_t)packet->sequence == sequence ? packet : NULL;
}
