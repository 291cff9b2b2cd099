// Slot tables with generations, the hash, the packet pool, the cache and the audio window.

#include "../../Sources/CRelay/core/audio.h"
#include "../../Sources/CRelay/core/cache.h"
#include "../../Sources/CRelay/core/limits.h"
#include "../../Sources/CRelay/core/table.h"
#include "check.h"

static cr_id id_of(uint32_t index, uint32_t generation) {
    return generation << CR_ID_INDEX_BITS | index;
}

TEST(slots_refuse_stale_and_foreign_identifiers) {
    cr_slots slots;
    CHECK(cr_slots_create(&slots, 4));
    int a = 1, b = 2;
    CHECK_EQ(cr_slots_check(&slots, CR_ID_NONE), CR_INVALID);
    CHECK_EQ(cr_slots_check(&slots, id_of(4, 1)), CR_FULL);
    CHECK_EQ(cr_slots_check(&slots, id_of(3, 7)), CR_OK);
    cr_slots_put(&slots, id_of(3, 7), &a);
    CHECK_EQ(cr_slots_check(&slots, id_of(3, 8)), CR_EXISTS);
    CHECK(cr_slots_find(&slots, id_of(3, 7)) == &a);
    CHECK(cr_slots_find(&slots, id_of(3, 6)) == NULL);
    CHECK(cr_slots_find(&slots, id_of(900, 7)) == NULL);
    CHECK(cr_slots_find(&slots, CR_ID_NONE) == NULL);
    cr_slots_remove(&slots, id_of(3, 6));
    CHECK_EQ(slots.used, 1);
    cr_slots_remove(&slots, id_of(3, 7));
    CHECK_EQ(slots.used, 0);
    CHECK(cr_slots_find(&slots, id_of(3, 7)) == NULL);
    CHECK_EQ(cr_slots_check(&slots, id_of(3, 7)), CR_STALE);
    cr_slots_put(&slots, id_of(3, 8), &b);
    CHECK(cr_slots_find(&slots, id_of(3, 7)) == NULL);
    CHECK(cr_slots_find(&slots, id_of(3, 8)) == &b);
    cr_slots_destroy(&slots);
}

TEST(hash_agrees_with_a_plain_array_under_churn) {
    enum { KEYS = 300 };
    cr_hash hash;
    CHECK(cr_hash_create(&hash, 99));
    CHECK(cr_hash_reserve(&hash, KEYS));
    bool present[KEYS] = {false};
    uint32_t random = 12345;
    for (int step = 0; step < 60000; step++) {
        random = random * 1664525u + 1013904223u;
        uint32_t key = (random >> 8) % KEYS;
        cr_key ssrc = cr_key_of_ssrc(key % 7, key);
        if (random >> 31) {
            CHECK(cr_hash_put(&hash, ssrc, key * 3u));
            present[key] = true;
        } else {
            CHECK_EQ(cr_hash_remove(&hash, ssrc), present[key]);
            present[key] = false;
        }
        uint32_t probe = (random >> 4) % KEYS;
        uint64_t value = 0;
        CHECK_EQ(cr_hash_find(&hash, cr_key_of_ssrc(probe % 7, probe), &value), present[probe]);
        if (present[probe]) CHECK_EQ(value, probe * 3u);
    }
    uint32_t count = 0;
    for (uint32_t key = 0; key < KEYS; key++) count += present[key];
    CHECK_EQ(hash.used, count);
    cr_hash_destroy(&hash);
}

TEST(hash_is_full_only_at_its_reserve) {
    cr_hash hash;
    CHECK(cr_hash_create(&hash, 1));
    uint32_t stored = 0;
    while (cr_hash_put(&hash, cr_key_of_ssrc(1, stored), stored)) stored++;
    CHECK_EQ(stored, hash.capacity / 2);
    CHECK(cr_hash_reserve(&hash, stored + 1));
    CHECK(cr_hash_put(&hash, cr_key_of_ssrc(1, stored), stored));
    for (uint32_t key = 0; key <= stored; key++) {
        uint64_t value;
        CHECK(cr_hash_find(&hash, cr_key_of_ssrc(1, key), &value));
        CHECK_EQ(value, key);
    }
    cr_hash_destroy(&hash);
}

TEST(address_keys_differ_by_ip_and_port) {
    cr_address a = {.ip = {1}, .port = 5}, b = a, c = a;
    b.port = 6;
    c.ip[15] = 9;
    cr_key ka = cr_key_of_address(&a), kb = cr_key_of_address(&b), kc = cr_key_of_address(&c);
    CHECK(memcmp(&ka, &kb, sizeof ka) != 0);
    CHECK(memcmp(&ka, &kc, sizeof ka) != 0);
}

TEST(pool_counts_and_stops_at_its_limit) {
    cr_pool pool;
    cr_pool_create(&pool, 100);
    cr_packet *packets[100];
    for (int index = 0; index < 100; index++) CHECK((packets[index] = cr_pool_take(&pool)) != NULL);
    CHECK(cr_pool_take(&pool) == NULL);
    CHECK_EQ(pool.in_use, 100);
    cr_packet_retain(packets[0]);
    cr_packet_release(&pool, packets[0]);
    CHECK(cr_pool_take(&pool) == NULL);
    cr_packet_release(&pool, packets[0]);
    CHECK(cr_pool_take(&pool) == packets[0]);
    for (int index = 0; index < 100; index++) cr_packet_release(&pool, packets[index]);
    CHECK_EQ(pool.in_use, 0);
    cr_pool_destroy(&pool);
}

TEST(cache_keeps_the_newest_and_releases_the_rest) {
    cr_pool pool;
    cr_pool_create(&pool, 200);
    cr_cache cache;
    CHECK(cr_cache_create(&cache, 16));
    for (uint64_t sequence = 65530; sequence < 65530 + 40; sequence++) {
        cr_packet *packet = cr_pool_take(&pool);
        packet->sequence = sequence;
        cr_cache_put(&cache, &pool, packet);
        cr_packet_release(&pool, packet);
    }
    CHECK_EQ(pool.in_use, 16);
    for (uint64_t sequence = 65530; sequence < 65530 + 40; sequence++) {
        cr_packet *found = cr_cache_find(&cache, (uint16_t)sequence);
        CHECK_EQ(found != NULL, sequence >= 65530 + 24);
        if (found) CHECK_EQ(found->sequence, sequence);
    }
    cr_packet *late = cr_pool_take(&pool);
    late->sequence = 65530;
    cr_cache_put(&cache, &pool, late);
    cr_packet_release(&pool, late);
    CHECK(cr_cache_find(&cache, (uint16_t)65530) == NULL);
    cr_cache_destroy(&cache, &pool);
    CHECK_EQ(pool.in_use, 0);
    cr_cache none;
    CHECK(cr_cache_create(&none, 0));
    CHECK(cr_cache_find(&none, 1) == NULL);
    cr_cache_destroy(&none, &pool);
    cr_pool_destroy(&pool);
}

TEST(audio_window_counts_and_begins_anew) {
    cr_audio audio;
    cr_audio_reset(&audio);
    cr_audio_window window = cr_audio_read(&audio);
    CHECK_EQ(window.loudest, 127);
    CHECK_EQ((int)window.mean_active, 127);
    cr_audio_note(&audio, 127);
    cr_audio_note(&audio, 20);
    cr_audio_note(&audio, 30);
    cr_audio_note(&audio, CR_AUDIO_ACTIVE_LEVEL + 1);
    window = cr_audio_read(&audio);
    CHECK_EQ(window.packets, 4);
    CHECK_EQ(window.active_packets, 2);
    CHECK_EQ(window.loudest, 20);
    CHECK_EQ((int)window.mean_active, 25);
    CHECK_EQ(cr_audio_read(&audio).packets, 0);
}
