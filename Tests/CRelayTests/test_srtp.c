// The SRTP seam, all profiles alike: known answers, both directions, rollover, replay, hostile lengths. The expected
// packets of the AEAD profiles were computed with an independent AES (key derivation of RFC 3711, 4.3.1, then RFC 7714,
// 8.1 and 9.1) from a master key; the vectors of RFC 7714, which begin with session keys, are test_srtp_aead.c's. The
// AES-CM one starts from the master key of RFC 3711, B.3.

#include "../../Sources/CRelay/core/limits.h"
#include "../../Sources/CRelay/core/srtp.h"
#include "check.h"

static const cr_srtp_profile profiles[] = {CR_SRTP_AES128_CM_SHA1_80, CR_SRTP_AEAD_AES_128_GCM,
                                           CR_SRTP_AEAD_AES_256_GCM};

static cr_srtp *open_with(cr_srtp_profile profile, cr_srtp_direction direction, const char *key) {
    uint8_t bytes[64];
    cr_srtp *srtp = cr_srtp_open(profile, direction, bytes, check_hex(key, bytes, sizeof bytes));
    CHECK(srtp != NULL);
    return srtp;
}

static cr_srtp *open_any(cr_srtp_profile profile, cr_srtp_direction direction) {
    uint8_t key[44];
    for (uint8_t byte = 0; byte < sizeof key; byte++) key[byte] = (uint8_t)(byte * 7u);
    cr_srtp *srtp = cr_srtp_open(profile, direction, key, cr_srtp_key_bytes(profile));
    CHECK(srtp != NULL);
    return srtp;
}

static void check_known(cr_srtp_profile profile, const char *key, const char *header, const char *plain,
                        const char *expected) {
    uint8_t plain_bytes[256], header_bytes[16], wanted[256], out[256];
    size_t header_length = check_hex(header, header_bytes, sizeof header_bytes);
    size_t plain_length = check_hex(plain, plain_bytes, sizeof plain_bytes);
    size_t wanted_length = check_hex(expected, wanted, sizeof wanted), out_length = 0;
    cr_srtp *sending = open_with(profile, CR_SRTP_SEND, key), *receiving = open_with(profile, CR_SRTP_RECEIVE, key);
    cr_srtp_parts parts = {.header = header_bytes, .header_length = header_length, .prefix = plain_bytes,
                           .prefix_length = 2, .payload = plain_bytes + 2, .payload_length = plain_length - 2};
    CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, sizeof out, &out_length), CR_SRTP_OK);
    CHECK_EQ(out_length, wanted_length);
    CHECK_BYTES(out, wanted, wanted_length);
    CHECK_EQ(cr_srtp_unprotect_rtp(receiving, out, &out_length), CR_SRTP_OK);
    CHECK_EQ(out_length, header_length + plain_length);
    CHECK_BYTES(out + header_length, plain_bytes, plain_length);
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

TEST(srtp_known_answers) {
    check_known(CR_SRTP_AES128_CM_SHA1_80, "e1f97a0d3e018be0d64fa32c06de4139 0ec675ad498afeebb6960b3aabe6",
                "800f1234decafbadcafebabe", "abababababababababababababababab",
                "800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    check_known(CR_SRTP_AEAD_AES_128_GCM, "000102030405060708090a0b0c0d0e0f 517569642070726f2071756f",
                "8040f17b8041f8d35501a0b2",
                "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
                "8040f17b8041f8d35501a0b292cb0ecff0a0db188f7bff6b523933aacef8ae9585ed378a627836cb2d6a731d6c3490d925387d"
                "b18c0661762d59e50ad553d241535a");
    check_known(CR_SRTP_AEAD_AES_256_GCM,
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 517569642070726f2071756f",
                "8040f17b8041f8d35501a0b2",
                "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
                "8040f17b8041f8d35501a0b2df5b1e1f065082d0567f12496f9de28ac7f237738c1577d4f1a9f1b89420cd94a57fec994be3e3"
                "1c8ef3a25e1890b801251d3e1293c7");
}

TEST(srtcp_known_answer) {
    uint8_t plain[128], wanted[128], out[128];
    size_t length = check_hex("81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefde"
                              "adbeefdeadbeef", plain, sizeof plain), out_length = 0;
    size_t wanted_length = check_hex("81c8000d4d6172736e525f96a03f0774056b3c595dc5fc69f9f17ef57a412beed41b52140f81a7b04c"
                                     "2c30f3a32afc8021dfbd46339c88a7f76cae84d03f3da7e4e1053a80000001", wanted,
                                     sizeof wanted);
    const char *key = "000102030405060708090a0b0c0d0e0f 517569642070726f2071756f";
    cr_srtp *sending = open_with(CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_SEND, key);
    cr_srtp *receiving = open_with(CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_RECEIVE, key);
    CHECK_EQ(cr_srtp_protect_rtcp(sending, plain, length, out, sizeof out, &out_length), CR_SRTP_OK);
    CHECK_EQ(out_length, wanted_length);
    CHECK_BYTES(out, wanted, wanted_length);
    size_t opened = out_length;
    CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, out, &opened), CR_SRTP_OK);
    CHECK_EQ(opened, length);
    CHECK_BYTES(out, plain, length);
    memcpy(out, wanted, wanted_length);
    opened = wanted_length;
    CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, out, &opened), CR_SRTP_REPLAY);
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

static size_t protect(cr_srtp *srtp, uint16_t sequence, uint8_t *out) {
    uint8_t header[12] = {0x80, 96, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 1, 0, 0, 0, 2};
    uint8_t payload[30];
    memset(payload, (int)(sequence & 0xFF), sizeof payload);
    cr_srtp_parts parts = {.header = header, .header_length = 12, .payload = payload, .payload_length = 30};
    size_t length = 0;
    CHECK_EQ(cr_srtp_protect_rtp(srtp, &parts, out, 128, &length), CR_SRTP_OK);
    return length;
}

TEST(srtp_rollover_with_loss_at_the_wrap) {
    for (size_t which = 0; which < 3; which++) {
        cr_srtp *sending = open_any(profiles[which], CR_SRTP_SEND), *receiving = open_any(profiles[which], CR_SRTP_RECEIVE);
        uint32_t opened = 0;
        for (uint32_t sequence = 30000; sequence < 30000 + 140000; sequence += 7) {
            uint8_t packet[128];
            size_t length = protect(sending, (uint16_t)sequence, packet);
            uint16_t low = (uint16_t)sequence;
            if (low > 65500 || low < 40) continue;  // lost
            CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &length), CR_SRTP_OK);
            CHECK_EQ(packet[12], low & 0xFF);
            opened++;
        }
        CHECK(opened > 19000);
        cr_srtp_close(sending);
        cr_srtp_close(receiving);
    }
}

TEST(srtp_replay_and_late_packets) {
    for (size_t which = 0; which < 3; which++) {
        cr_srtp *sending = open_any(profiles[which], CR_SRTP_SEND), *receiving = open_any(profiles[which], CR_SRTP_RECEIVE);
        static uint8_t kept[1200][128];
        size_t length = 0;
        for (uint16_t sequence = 0; sequence < 1200; sequence++) length = protect(sending, sequence, kept[sequence]);
        uint8_t packet[128];
        for (int round = 0; round < 2; round++) {
            for (uint16_t sequence = 0; sequence < 1200; sequence++) {
                if (sequence == 100 || sequence == 1099) continue;  // to come late by 1099 and by 100
                memcpy(packet, kept[sequence], length);
                size_t opened = length;
                CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), round == 0 ? CR_SRTP_OK : CR_SRTP_REPLAY);
            }
        }
        memcpy(packet, kept[1099], length);
        size_t opened = length;
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_OK);
        memcpy(packet, kept[1099], length);
        opened = length;
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_REPLAY);
        memcpy(packet, kept[100], length);
        opened = length;
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_REPLAY);
        cr_srtp_close(sending);
        cr_srtp_close(receiving);
    }
}

TEST(srtp_wrong_tag_is_not_a_replay_and_changes_nothing) {
    for (size_t which = 0; which < 3; which++) {
        cr_srtp *sending = open_any(profiles[which], CR_SRTP_SEND), *receiving = open_any(profiles[which], CR_SRTP_RECEIVE);
        uint8_t good[128], packet[128];
        size_t length = protect(sending, 10, good);
        for (size_t byte = 0; byte < length; byte++) {
            memcpy(packet, good, length);
            packet[byte] ^= 0x01;
            size_t opened = length;
            if (byte >= 12) CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_AUTHENTICATION);
        }
        size_t opened = length;
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, good, &opened), CR_SRTP_OK);
        cr_srtp_close(sending);
        cr_srtp_close(receiving);
    }
}

TEST(srtp_repeats_a_packet_with_the_same_bytes) {
    for (size_t which = 0; which < 3; which++) {
        cr_srtp *sending = open_any(profiles[which], CR_SRTP_SEND);
        uint8_t first[128], second[128];
        size_t length = protect(sending, 500, first);
        protect(sending, 501, second);
        CHECK_EQ(protect(sending, 500, second), length);
        CHECK_BYTES(first, second, length);
        cr_srtp_close(sending);
    }
}

TEST(srtp_every_length_and_first_byte) {
    const uint8_t firsts[] = {0x80, 0x90, 0xA0, 0xB0, 0xBF};
    for (size_t which = 0; which < 3; which++) {
        cr_srtp *receiving = open_any(profiles[which], CR_SRTP_RECEIVE);
        uint32_t random = 1;
        for (size_t first = 0; first < sizeof firsts; first++) {
            for (size_t length = 0; length <= 300; length++) {
                uint8_t packet[512];  // libsrtp reads 32-bit words: the room behind is ours, what it says is not
                for (size_t byte = 0; byte < length; byte++) packet[byte] = (uint8_t)((random = random * 69069u + 1u) >> 24);
                packet[0] = firsts[first];
                size_t opened = length;
                CHECK(cr_srtp_unprotect_rtp(receiving, packet, &opened) != CR_SRTP_OK);
                opened = length;
                CHECK(cr_srtp_unprotect_rtcp(receiving, packet, &opened) != CR_SRTP_OK);
            }
        }
        cr_srtp_close(receiving);
    }
}

TEST(srtp_refuses_what_does_not_fit) {
    cr_srtp *sending = open_any(CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_SEND);
    uint8_t header[12] = {0x80, 96}, payload[100] = {0}, out[128];
    cr_srtp_parts parts = {.header = header, .header_length = 12, .payload = payload, .payload_length = 100};
    size_t length;
    CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, 127, &length), CR_SRTP_FAILED);
    CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, 128, &length), CR_SRTP_OK);
    CHECK_EQ(cr_srtp_protect_rtcp(sending, payload, 4, out, 128, &length), CR_SRTP_FAILED);
    CHECK(cr_srtp_open(CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_SEND, payload, 27) == NULL);
    CHECK(cr_srtp_open((cr_srtp_profile)2, CR_SRTP_SEND, payload, 30) == NULL);
    cr_srtp_close(sending);
    cr_srtp_close(NULL);
}
