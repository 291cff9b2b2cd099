// Sequence numbers and timestamps across their wraps.

#include "../../Sources/CRelay/core/sequence.h"
#include "check.h"

TEST(sequence_difference_is_exhaustively_antisymmetric) {
    for (uint32_t distance = 0; distance < 65536; distance++) {
        for (uint32_t base = 0; base < 65536; base += 4093) {
            uint16_t a = (uint16_t)(base + distance), b = (uint16_t)base;
            int32_t forward = cr_sequence_difference(a, b);
            CHECK_EQ(forward, distance < 32768 ? (int32_t)distance : (int32_t)distance - 65536);
            if (distance != 32768) CHECK_EQ(cr_sequence_difference(b, a), -forward);
            CHECK_EQ(cr_sequence_is_newer(a, b), forward > 0);
        }
    }
}

TEST(sequence_extend_finds_the_nearest) {
    for (uint32_t low = 0; low < 65536; low++) {
        uint64_t references[] = {65536, 65536 + 32768, 131071, 131072, 0xFFFFFFFFu, (uint64_t)1 << 40};
        for (size_t index = 0; index < sizeof references / sizeof *references; index++) {
            uint64_t extended = cr_sequence_extend(references[index], (uint16_t)low);
            CHECK_EQ((uint16_t)extended, low);
            int64_t away = (int64_t)(extended - references[index]);
            CHECK(away >= -32768 && away < 32768);
        }
    }
}

TEST(sequence_walk_extends_over_three_cycles) {
    uint64_t extended = 65536 + 65530;
    for (int step = 0; step < 200000; step++) {
        uint64_t next = cr_sequence_extend(extended, (uint16_t)(extended + 1));
        CHECK_EQ(next, extended + 1);
        extended = next;
    }
}

TEST(timestamp_difference_wraps) {
    uint32_t edges[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 90000};
    for (size_t a = 0; a < 6; a++) {
        for (uint32_t step = 0; step < 0x7FFFFFFFu - 0x00FFFFFFu; step += 0x00FFFFFFu) {
            CHECK_EQ(cr_timestamp_difference(edges[a] + step, edges[a]), step);
            CHECK_EQ(cr_timestamp_difference(edges[a], edges[a] + step), -(int64_t)step);
        }
    }
}

TEST(timestamp_from_microseconds_is_exact_for_days) {
    CHECK_EQ(cr_timestamp_from_us(1000000, 90000), 90000);
    CHECK_EQ(cr_timestamp_from_us(20000, 48000), 960);
    uint64_t days_us = 25u * 86400u * 1000000ull;  // 25 days of a monotonic clock
    CHECK_EQ(cr_timestamp_from_us(days_us, 90000), (uint32_t)(25ull * 86400ull * 90000ull));
    CHECK_EQ((uint32_t)(cr_timestamp_from_us(days_us + 11, 90000) - cr_timestamp_from_us(days_us, 90000)), 0);
    CHECK_EQ((uint32_t)(cr_timestamp_from_us(days_us + 12, 90000) - cr_timestamp_from_us(days_us, 90000)), 1);
}
