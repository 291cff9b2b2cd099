// Our framing of the AEAD profiles against libsrtp2: what one seals the other opens, and both judge every packet alike.

#include "srtp_ends.h"

static const cr_srtp_profile profiles[] = {CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_AEAD_AES_256_GCM};

typedef cr_srtp_status (*unprotect)(cr_srtp *srtp, uint8_t *packet, size_t *length);

static void check_opens(unprotect unprotect, cr_srtp *receiving, const uint8_t *sealed, size_t length,
                        const srtp_packet *packet) {
    uint8_t bytes[CR_PACKET_BYTES];
    memcpy(bytes, sealed, length);
    CHECK_EQ(unprotect(receiving, bytes, &length), CR_SRTP_OK);
    CHECK_EQ(length, packet->length);
    CHECK_BYTES(bytes, packet->plain, length);
}

// Sixteen SSRCs, each through several wraps with gaps; reports in between.
static void check_both_ways(const cr_aead *cipher, cr_srtp_profile profile, uint32_t state) {
    enum { SSRCS = 16 };
    cr_srtp *our_sending = srtp_open_cipher(cipher, profile, CR_SRTP_SEND);
    cr_srtp *our_receiving = srtp_open_cipher(cipher, profile, CR_SRTP_RECEIVE);
    cr_srtp *their_sending = srtp_open_oracle(profile, CR_SRTP_SEND);
    cr_srtp *their_receiving = srtp_open_oracle(profile, CR_SRTP_RECEIVE);
    uint32_t numbers[SSRCS];
    for (uint32_t index = 0; index < SSRCS; index++) numbers[index] = srtp_random(&state, 65536);
    for (uint32_t round = 0; round < 1200; round++) {
        uint32_t index = srtp_random(&state, SSRCS);
        numbers[index] += srtp_random(&state, 4) == 0 ? 1 + srtp_random(&state, 0x7FFF) : 1;
        srtp_packet packet;
        srtp_make_packet(&state, (uint16_t)numbers[index], 100 + index, 1400, &packet);
        cr_srtp_parts parts = srtp_parts_of(&packet);
        uint8_t ours[CR_PACKET_BYTES], theirs[CR_PACKET_BYTES];
        size_t our_length, their_length;
        CHECK_EQ(cr_srtp_protect_rtp(our_sending, &parts, ours, sizeof ours, &our_length), CR_SRTP_OK);
        CHECK_EQ(cr_srtp_protect_rtp(their_sending, &parts, theirs, sizeof theirs, &their_length), CR_SRTP_OK);
        CHECK_EQ(our_length, their_length);
        CHECK_BYTES(ours, theirs, our_length);
        check_opens(cr_srtp_unprotect_rtp, their_receiving, ours, our_length, &packet);
        check_opens(cr_srtp_unprotect_rtp, our_receiving, theirs, their_length, &packet);
        if (round % 4 != 0) continue;
        CHECK_EQ(cr_srtp_protect_rtcp(our_sending, packet.plain, packet.length, ours, sizeof ours, &our_length),
                 CR_SRTP_OK);
        CHECK_EQ(cr_srtp_protect_rtcp(their_sending, packet.plain, packet.length, theirs, sizeof theirs, &their_length),
                 CR_SRTP_OK);
        CHECK_EQ(our_length, their_length);
        CHECK_BYTES(ours, theirs, our_length);
        check_opens(cr_srtp_unprotect_rtcp, their_receiving, ours, our_length, &packet);
        check_opens(cr_srtp_unprotect_rtcp, our_receiving, theirs, their_length, &packet);
    }
    cr_srtp_close(our_sending);
    cr_srtp_close(our_receiving);
    cr_srtp_close(their_sending);
    cr_srtp_close(their_receiving);
}

TEST(srtp_and_libsrtp_open_what_the_other_sealed) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        check_both_ways(ciphers[index], profiles[0], (uint32_t)index);
        check_both_ways(ciphers[index], profiles[1], 100 + (uint32_t)index);
    }
}

// One sender's packets in an order of chance: late, twice, damaged, far ahead, over the wraps. Both receivers must say
// the same of each, word for word.
static void check_judgement(cr_srtp_profile profile, uint32_t state, uint32_t start, uint32_t spread) {
    enum { PACKETS = 6000 };
    static uint8_t sealed[PACKETS][12 + 30 + CR_AEAD_TAG_BYTES];
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profile, CR_SRTP_SEND);
    cr_srtp *ours = srtp_open_cipher(cr_aead_best(), profile, CR_SRTP_RECEIVE);
    cr_srtp *theirs = srtp_open_oracle(profile, CR_SRTP_RECEIVE);
    size_t length = 0;
    uint32_t statuses[5] = {0}, step = 65536 * 2 / PACKETS;
    for (uint32_t number = 0; number < PACKETS; number++) {
        uint8_t out[CR_PACKET_BYTES];
        length = srtp_seal_numbered(sending, 9, (uint16_t)(start + number * step), out);
        memcpy(sealed[number], out, length);
    }
    for (uint32_t number = 0; number < PACKETS; number++) {
        uint32_t which = number < spread ? number : number - srtp_random(&state, spread);
        uint8_t first[64], second[64];
        memcpy(first, sealed[which], length);
        if (srtp_random(&state, 20) == 0) first[srtp_random(&state, (uint32_t)length)] ^= 0x80;
        memcpy(second, first, length);
        size_t our_length = length, their_length = length;
        cr_srtp_status status = cr_srtp_unprotect_rtp(ours, first, &our_length);
        bool same_version = first[0] >> 6 == 2;  // libsrtp does not look at it and finds a wrong tag
        cr_srtp_status other = cr_srtp_unprotect_rtp(theirs, second, &their_length);
        if (same_version) CHECK_EQ(status, other);
        CHECK_EQ(our_length, their_length);
        statuses[status]++;
    }
    CHECK(statuses[CR_SRTP_OK] > PACKETS / 4);
    CHECK(statuses[CR_SRTP_AUTHENTICATION] > 0);
    if (spread > 1) CHECK(statuses[CR_SRTP_REPLAY] > PACKETS / 20);
    cr_srtp_close(sending);
    cr_srtp_close(ours);
    cr_srtp_close(theirs);
}

TEST(srtp_judges_every_packet_as_libsrtp_does) {
    check_judgement(profiles[0], 1, 0, 1);
    check_judgement(profiles[1], 2, 0x7FFF, 4);
    check_judgement(profiles[0], 3, 0x8000, 40);    // up to 840 numbers late
    check_judgement(profiles[1], 4, 0xFFFF, 60);    // some behind the window
    check_judgement(profiles[0], 5, 12345, 2500);   // some on the other side of the wrap
}

// Two packets of an SSRC at every distance near half the number space, where the guess turns over.
TEST(srtp_guesses_the_index_as_libsrtp_does) {
    const uint32_t starts[] = {0, 1, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF};
    for (size_t which = 0; which < sizeof starts / sizeof starts[0]; which++) {
        for (int32_t distance = 0x7FFD; distance <= 0x8003; distance++) {
            cr_srtp *ours = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_SEND);
            cr_srtp *theirs = srtp_open_oracle(profiles[0], CR_SRTP_SEND);
            uint32_t number = starts[which];
            for (int packets = 0; packets < 6; packets++, number += (uint32_t)distance) {
                uint8_t header[12] = {0x80, 96, (uint8_t)(number >> 8), (uint8_t)number, 0, 0, 0, 1, 0, 0, 0, 2};
                cr_srtp_parts parts = {.header = header, .header_length = 12, .payload = header, .payload_length = 9};
                uint8_t first[64], second[64];
                size_t first_length, second_length;
                cr_srtp_status status = cr_srtp_protect_rtp(ours, &parts, first, sizeof first, &first_length);
                CHECK_EQ(status, cr_srtp_protect_rtp(theirs, &parts, second, sizeof second, &second_length));
                CHECK_EQ(first_length, second_length);
                CHECK_BYTES(first, second, first_length);
            }
            cr_srtp_close(ours);
            cr_srtp_close(theirs);
        }
    }
}
