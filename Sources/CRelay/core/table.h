// table.h: the two ways to find an object. A slot table goes from a caller's identifier (index + generation) to the
// object, a hash from an address or an SSRC to an identifier. Neither owns what it finds.

#ifndef CR_TABLE_H
#define CR_TABLE_H

#include "crelay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// ------------------------------------------------------------------------------------------------------- slots

typedef struct cr_slot {
    cr_id id;      // the last identifier that lived here: CR_ID_NONE when none did
    void *object;  // NULL: free
} cr_slot;

typedef struct cr_slots {
    cr_slot *slots;
    uint32_t capacity;
    uint32_t used;
} cr_slots;

bool cr_slots_create(cr_slots *slots, uint32_t capacity);
void cr_slots_destroy(cr_slots *slots);
// Whether `id` may be opened: CR_OK, CR_INVALID, CR_FULL, CR_EXISTS, or CR_STALE for a generation that lived before.
cr_result cr_slots_check(const cr_slots *slots, cr_id id);
void cr_slots_put(cr_slots *slots, cr_id id, void *object);
void cr_slots_remove(cr_slots *slots, cr_id id);
void *cr_slots_find(const cr_slots *slots, cr_id id);
static inline void *cr_slots_at(const cr_slots *slots, uint32_t index) {
    return slots->slots[index].object;
}

// -------------------------------------------------------------------------------------------------------- hash

typedef struct cr_key {
    uint64_t high, low;
    uint32_t extra;
} cr_key;

typedef struct cr_hash_entry {
    cr_key key;
    uint32_t used;
    uint64_t value;
} cr_hash_entry;

// Open addressing with linear probing and deletion by shifting back, so there are no tombstones to sweep.
typedef struct cr_hash {
    cr_hash_entry *entries;
    uint32_t capacity;  // a power of two
    uint32_t used;
    uint64_t seed;
} cr_hash;

bool cr_hash_create(cr_hash *hash, uint64_t seed);
void cr_hash_destroy(cr_hash *hash);
// Makes room for `count` entries. Called when objects open, so that cr_hash_put never allocates.
bool cr_hash_reserve(cr_hash *hash, uint32_t count);
bool cr_hash_put(cr_hash *hash, cr_key key, uint64_t value);
bool cr_hash_find(const cr_hash *hash, cr_key key, uint64_t *value);
bool cr_hash_remove(cr_hash *hash, cr_key key);
uint64_t cr_hash_mix(uint64_t seed, cr_key key);

static inline bool cr_address_equals(const cr_address *a, const cr_address *b) {
    return a->port == b->port && a->kind == b->kind && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

cr_key cr_key_of_address(const cr_address *address);
cr_key cr_key_of_ssrc(cr_id transport, uint32_t ssrc);

#endif
