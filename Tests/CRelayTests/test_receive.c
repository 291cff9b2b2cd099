// The receive window, restarts, the NACK list and its times, and jitter.

#include "../../Sources/CRelay/core/receive.h"
#include "check.h"

static cr_receive receive;

static cr_place note(uint64_t now, uint16_t sequence) {
    uint64_t extended;
    uint32_t gap;
    return cr_receive_note(&receive, now, sequence, false, &extended, &gap);
}

static void start(bool repair) {
    memset(&receive, 0, sizeof receive);
    receive.repair = repair;
}

TEST(receive_in_order_over_wraps) {
    start(true);
    for (uint32_t sequence = 65000; sequence < 65000 + 200000; sequence++) CHECK_EQ(note(0, (uint16_t)sequence), CR_PLACE_NEW);
    CHECK_EQ(receive.highest - receive.base, 199999);
    CHECK_EQ(receive.lost, 0);
}

TEST(receive_duplicates_late_and_too_old) {
    start(true);
    for (uint32_t sequence = 0; sequence < 5000; sequence++) {
        if (sequence == 4500) continue;
        CHECK_EQ(note(0, (uint16_t)sequence), CR_PLACE_NEW);
        CHECK_EQ(note(0, (uint16_t)sequence), CR_PLACE_DUPLICATE);
    }
    CHECK_EQ(receive.lost, 1);
    CHECK_EQ(receive.missing_count, 1);
    CHECK_EQ(note(0, 4500), CR_PLACE_LATE);
    CHECK_EQ(note(0, 4500), CR_PLACE_DUPLICATE);
    CHECK_EQ(receive.recovered, 1);
    CHECK_EQ(receive.missing_count, 0);
    CHECK_EQ(note(0, (uint16_t)(4999 - CR_RECEIVE_WINDOW)), CR_PLACE_TOO_OLD);
    CHECK_EQ(note(0, (uint16_t)(4999 - CR_RECEIVE_WINDOW + 1)), CR_PLACE_DUPLICATE);
}

TEST(receive_reordering_within_the_window_is_accepted_once) {
    for (uint32_t seed = 1; seed < 40; seed++) {
        start(true);
        uint32_t random = seed;
        uint16_t order[2000];
        for (uint32_t index = 0; index < 2000; index++) order[index] = (uint16_t)(64500 + index);
        for (uint32_t index = 0; index + 20 < 2000; index++) {
            random = random * 1664525u + 1013904223u;
            uint32_t other = index + (random >> 16) % 20;
            uint16_t kept = order[index];
            order[index] = order[other];
            order[other] = kept;
        }
        uint32_t accepted = 0;
        for (uint32_t index = 0; index < 2000; index++) {
            cr_place place = note(0, order[index]);
            accepted += place == CR_PLACE_NEW || place == CR_PLACE_LATE;
        }
        CHECK_EQ(accepted, 2000);
        CHECK_EQ(receive.lost, receive.recovered);
        CHECK_EQ(receive.missing_count, 0);
    }
}

TEST(receive_packets_before_the_first_one) {
    start(true);
    CHECK_EQ(note(0, 0), CR_PLACE_NEW);
    CHECK_EQ(note(0, 65533), CR_PLACE_LATE);
    CHECK_EQ(receive.lost, 2);
    CHECK_EQ(note(0, 65534), CR_PLACE_LATE);
    CHECK_EQ(receive.recovered, 1);
    CHECK_EQ(receive.highest - receive.base, 3);
}

TEST(receive_restart_needs_two_packets) {
    start(true);
    for (uint16_t sequence = 0; sequence < 100; sequence++) note(0, sequence);
    CHECK_EQ(note(0, 99 + CR_MAX_DROPOUT), CR_PLACE_NEW);
    CHECK_EQ(note(0, 20000), CR_PLACE_SUSPECT);
    CHECK_EQ(note(0, 30000), CR_PLACE_SUSPECT);
    CHECK_EQ(note(0, 99 + CR_MAX_DROPOUT + 1), CR_PLACE_NEW);
    CHECK_EQ(note(0, 30001), CR_PLACE_SUSPECT);
    CHECK_EQ(note(0, 30002), CR_PLACE_RESTARTED);
    CHECK_EQ(note(0, 30003), CR_PLACE_NEW);
    CHECK_EQ(receive.highest, 65536 + 30003);
    uint64_t extended;
    uint32_t gap;
    for (int round = 0; round < 3; round++) {  // retransmissions never restart anything
        CHECK_EQ(cr_receive_note(&receive, 0, (uint16_t)(10000 + round), true, &extended, &gap), CR_PLACE_TOO_OLD);
    }
}

TEST(missing_is_asked_at_once_and_again_after_a_round_trip) {
    start(true);
    uint16_t out[16];
    uint64_t next;
    bool gone;
    note(1000000, 10);
    note(1000000, 14);
    CHECK_EQ(cr_receive_missing(&receive, 1000000, 50000, out, 16, &next, &gone), 3);
    CHECK_EQ(out[0], 11);
    CHECK_EQ(out[2], 13);
    CHECK_EQ(next, 1050000);
    CHECK_EQ(cr_receive_missing(&receive, 1049999, 50000, out, 16, &next, &gone), 0);
    note(1049999, 12);
    CHECK_EQ(cr_receive_missing(&receive, 1050000, 50000, out, 16, &next, &gone), 2);
    CHECK_EQ(out[1], 13);
    CHECK(!gone);
    note(1050000, 11);
    note(1050000, 13);
    CHECK_EQ(cr_receive_missing(&receive, 1200000, 50000, out, 16, &next, &gone), 0);
    CHECK_EQ(next, UINT64_MAX);
}

TEST(missing_is_given_up_after_its_tries_or_age) {
    start(true);
    uint16_t out[16];
    uint64_t next, now = 1000000;
    bool gone = false;
    note(now, 10);
    note(now, 12);
    unsigned asked = 0;
    while (!gone) {
        asked += (unsigned)cr_receive_missing(&receive, now, 20000, out, 16, &next, &gone);
        if (!gone) now = next;
    }
    CHECK_EQ(asked, CR_NACK_TRIES);
    CHECK_EQ(receive.missing_count, 0);
    note(now, 14);
    CHECK_EQ(cr_receive_missing(&receive, now, 400000, out, 16, &next, &gone), 1);
    CHECK_EQ(cr_receive_missing(&receive, now + CR_NACK_AGE_US, 400000, out, 16, &next, &gone), 0);
    CHECK(gone);
    CHECK_EQ(next, UINT64_MAX);
}

TEST(missing_is_bounded) {
    start(true);
    uint16_t out[400];
    uint64_t next;
    bool gone;
    note(0, 0);
    note(0, CR_MAX_MISSING + 2);  // one more than the list takes
    CHECK_EQ(cr_receive_missing(&receive, 0, 0, out, 400, &next, &gone), 0);
    CHECK(gone);
    for (uint32_t sequence = 300; sequence < 2300; sequence += 2) note(0, (uint16_t)sequence);
    CHECK_EQ(receive.missing_count, CR_MAX_MISSING);
    CHECK_EQ(cr_receive_missing(&receive, 5, 0, out, 10, &next, &gone), 10);
    CHECK(gone);
    CHECK_EQ(next, 5);
    CHECK_EQ(cr_receive_missing(&receive, 5, 0, out, 400, &next, &gone), CR_MAX_MISSING - 10);
    start(false);
    note(0, 1);
    note(0, 9);
    CHECK_EQ(cr_receive_missing(&receive, 5, 0, out, 10, &next, &gone), 0);
    CHECK_EQ(receive.lost, 7);
}

TEST(jitter_follows_rfc_3550) {
    start(false);
    for (uint32_t packet = 0; packet < 500; packet++) {
        cr_receive_note_arrival(&receive, 1000000 + packet * 20000ull, packet * 960, 48000);
    }
    CHECK_EQ(receive.jitter_sixteenths >> 4, 0);
    for (uint32_t packet = 500; packet < 1000; packet++) {
        uint64_t late = packet % 2 ? 5000 : 0;  // 5 ms every other packet: |D| = 240 ticks
        cr_receive_note_arrival(&receive, 1000000 + packet * 20000ull + late, packet * 960, 48000);
    }
    uint32_t jitter = receive.jitter_sixteenths >> 4;
    CHECK(jitter > 225 && jitter <= 240);
    cr_receive_note_arrival(&receive, 60000000, 0x80000000u, 48000);  // the sender's clock jumps
    CHECK(receive.jitter_sixteenths >> 4 < 1000000);
}
