// Packet indices at their limits, and the table of SSRCs against a plain list.

#include "../../Sources/CRelay/core/srtp_index.h"
#include "../../Sources/CRelay/core/srtp_source.h"
#include "srtp_ends.h"

TEST(srtp_index_guess_at_its_limits) {
    CHECK_EQ(cr_srtp_index_guess(0, 0), 0);
    CHECK_EQ(cr_srtp_index_guess(0, 65535), 65535);
    CHECK_EQ(cr_srtp_index_guess(1, 65535), 65535);            // not before index 0
    CHECK_EQ(cr_srtp_index_guess(65536, 0), 65536);            // 65535 came, 0 follows
    CHECK_EQ(cr_srtp_index_guess(65537, 65535), 65535);        // 0 of the next cycle came, 65535 is late
    CHECK_EQ(cr_srtp_index_guess(65537, 0x8000), 65536 + 0x8000);
    CHECK_EQ(cr_srtp_index_guess(65537, 0x8001), 0x8001);
    CHECK_EQ(cr_srtp_index_guess(65536 + 0x8001, 0), 65536);
    CHECK_EQ(cr_srtp_index_guess(65536 + 0x8002, 0), 2 * 65536);
    // Behind the last index there is one more, which nobody may use.
    CHECK_EQ(cr_srtp_index_guess(CR_SRTP_LAST_INDEX + 1, 65535), CR_SRTP_LAST_INDEX);
    CHECK(cr_srtp_index_guess(CR_SRTP_LAST_INDEX + 1, 0) > CR_SRTP_LAST_INDEX);
}

TEST(replay_window_against_a_list) {
    enum { NUMBERS = 40000, WINDOW = 128 };
    static bool seen[NUMBERS];
    memset(seen, 0, sizeof seen);
    uint64_t bits[WINDOW / 64] = {0}, next = 0;
    uint32_t state = 1;
    for (int round = 0; round < 30000; round++) {
        uint64_t ahead = srtp_random(&state, 50) == 0 ? srtp_random(&state, 300) : srtp_random(&state, 3);
        uint64_t index = srtp_random(&state, 2) && next > 0 ? next - 1 + ahead : next - srtp_random(&state, 160);
        if (index >= NUMBERS) continue;
        bool fresh = index >= next || (next - index <= WINDOW && !seen[index]);
        CHECK_EQ(cr_replay_is_new(bits, WINDOW, next, index), fresh);
        if (!fresh) continue;
        next = cr_replay_commit(bits, WINDOW, next, index);
        CHECK(next > index);
        seen[index] = true;
    }
    CHECK(next > 10000);
}

TEST(srtp_sources_against_a_list) {
    enum { SSRCS = 200 };
    uint64_t listed[SSRCS] = {0};
    cr_srtp_sources sources = {0};
    uint32_t state = 5, used = 0;
    for (int round = 0; round < 20000; round++) {
        uint32_t index = srtp_random(&state, SSRCS), ssrc = index * 2;  // as forwards have them: every second, 0 too
        cr_srtp_source *source = cr_srtp_source_find(&sources, ssrc);
        CHECK_EQ(source != NULL, listed[index] != 0);
        if (source) CHECK_EQ(source->rtp_next, listed[index]);
        bool filling = round / 2000 % 2 == 0;
        if (!source && (filling || round % 4 == 0)) {
            source = cr_srtp_source_add(&sources, ssrc, round % 2 == 0);
            source->rtp_next = listed[index] = (uint64_t)round + 1;
            used++;
        } else if (source && (!filling || round % 4 == 0)) {
            cr_srtp_source_remove(&sources, ssrc);
            listed[index] = 0;
            used--;
        }
        CHECK_EQ(sources.used, used);
    }
    CHECK(sources.capacity <= 512);
    cr_srtp_sources_free(&sources);
}
