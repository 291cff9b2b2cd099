// table.c: slot tables with generations and the seeded hash. Objects belong to whoever puts them in.

#include "table.h"

#include <stdlib.h>
#include <string.h>

#define CR_ID_INDEX_MASK ((1u << CR_ID_INDEX_BITS) - 1u)
// Room for a small room without growing; a table doubles from here.
#define CR_HASH_FIRST_CAPACITY 64u

bool cr_slots_create(cr_slots *slots, uint32_t capacity) {
    slots->slots = calloc(capacity, sizeof *slots->slots);
    slots->capacity = slots->slots ? capacity : 0;
    slots->used = 0;
    for (uint32_t index = 0; index < slots->capacity; index++) slots->slots[index].id = CR_ID_NONE;
    return slots->slots != NULL;
}

void cr_slots_destroy(cr_slots *slots) {
    free(slots->slots);
    *slots = (cr_slots){0};
}

cr_result cr_slots_check(const cr_slots *slots, cr_id id) {
    if (id == CR_ID_NONE) return CR_INVALID;
    uint32_t index = id & CR_ID_INDEX_MASK;
    if (index >= slots->capacity) return CR_FULL;
    const cr_slot *slot = &slots->slots[index];
    if (slot->object) return CR_EXISTS;
    return slot->id == id ? CR_STALE : CR_OK;
}

void cr_slots_put(cr_slots *slots, cr_id id, void *object) {
    slots->slots[id & CR_ID_INDEX_MASK] = (cr_slot){.id = id, .object = object};
    slots->used++;
}

void cr_slots_remove(cr_slots *slots, cr_id id) {
    if (!cr_slots_find(slots, id)) return;
    slots->slots[id & CR_ID_INDEX_MASK].object = NULL;
    slots->used--;
}

void *cr_slots_find(const cr_slots *slots, cr_id id) {
    uint32_t index = id & CR_ID_INDEX_MASK;
    if (id == CR_ID_NONE || index >= slots->capacity) return NULL;
    const cr_slot *slot = &slots->slots[index];
    return slot->id == id ? slot->object : NULL;
}

// -------------------------------------------------------------------------------------------------------- hash

bool cr_hash_create(cr_hash *hash, uint64_t seed) {
    *hash = (cr_hash){.seed = seed};
    return cr_hash_reserve(hash, CR_HASH_FIRST_CAPACITY / 2);
}

void cr_hash_destroy(cr_hash *hash) {
    free(hash->entries);
    *hash = (cr_hash){0};
}

// A finalizer in the manner of MurmurHash3's, keyed by the seed between rounds. Not cryptographic: addresses and SSRCs
// get in here only after authentication, the seed just keeps a member from preparing collisions.
uint64_t cr_hash_mix(uint64_t seed, cr_key key) {
    uint64_t words[3] = {key.high, key.low, key.extra};
    uint64_t hash = seed ^ 0x9e3779b97f4a7c15u;
    for (size_t index = 0; index < 3; index++) {
        hash ^= words[index];
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdu;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53u;
        hash ^= (hash >> 33) ^ seed;
    }
    return hash;
}

static bool key_equals(cr_key a, cr_key b) {
    return a.high == b.high && a.low == b.low && a.extra == b.extra;
}

static uint32_t home_of(const cr_hash *hash, cr_key key) {
    return (uint32_t)cr_hash_mix(hash->seed, key) & (hash->capacity - 1);
}

// Index of the key's entry, or of the free entry where it would go. The table is never more than half full.
static uint32_t index_of(const cr_hash *hash, cr_key key) {
    uint32_t index = home_of(hash, key);
    while (hash->entries[index].used && !key_equals(hash->entries[index].key, key)) {
        index = (index + 1) & (hash->capacity - 1);
    }
    return index;
}

bool cr_hash_reserve(cr_hash *hash, uint32_t count) {
    uint32_t capacity = hash->capacity ? hash->capacity : CR_HASH_FIRST_CAPACITY;
    while (capacity / 2 < count && capacity < (1u << 30)) capacity *= 2;
    if (capacity / 2 < count) return false;
    if (capacity == hash->capacity) return true;
    cr_hash_entry *entries = calloc(capacity, sizeof *entries);
    if (!entries) return false;
    cr_hash grown = {.entries = entries, .capacity = capacity, .used = hash->used, .seed = hash->seed};
    for (uint32_t index = 0; index < hash->capacity; index++) {
        if (hash->entries[index].used) entries[index_of(&grown, hash->entries[index].key)] = hash->entries[index];
    }
    free(hash->entries);
    *hash = grown;
    return true;
}

bool cr_hash_put(cr_hash *hash, cr_key key, uint64_t value) {
    cr_hash_entry *entry = &hash->entries[index_of(hash, key)];
    if (!entry->used) {
        if (hash->used >= hash->capacity / 2) return false;
        hash->used++;
    }
    *entry = (cr_hash_entry){.key = key, .used = 1, .value = value};
    return true;
}

bool cr_hash_find(const cr_hash *hash, cr_key key, uint64_t *value) {
    const cr_hash_entry *entry = &hash->entries[index_of(hash, key)];
    if (!entry->used) return false;
    *value = entry->value;
    return true;
}

bool cr_hash_remove(cr_hash *hash, cr_key key) {
    uint32_t mask = hash->capacity - 1;
    uint32_t hole = index_of(hash, key);
    if (!hash->entries[hole].used) return false;
    for (uint32_t index = (hole + 1) & mask; hash->entries[index].used; index = (index + 1) & mask) {
        uint32_t home = home_of(hash, hash->entries[index].key);
        // The entry may fill the hole only if its home does not lie between the hole and where it is now.
        if (((index - home) & mask) >= ((index - hole) & mask)) {
            hash->entries[hole] = hash->entries[index];
            hole = index;
        }
    }
    hash->entries[hole] = (cr_hash_entry){0};
    hash->used--;
    return true;
}

cr_key cr_key_of_address(const cr_address *address) {
    cr_key key = {.extra = (uint32_t)address->kind << 16 | address->port};
    memcpy(&key.high, address->ip, 8);
    memcpy(&key.low, address->ip + 8, 8);
    return key;
}

cr_key cr_key_of_ssrc(cr_id transport, uint32_t ssrc) {
    return (cr_key){.high = transport, .low = ssrc, .extra = 0};
}
