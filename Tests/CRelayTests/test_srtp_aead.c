// The AEAD profiles with every cipher of this machine: the vectors of RFC 7714; what becomes of damaged, short, late and
// repeated packets; and that all ciphers give the same bytes.

#include "srtp_ends.h"

#define PARTS_OF_ALL "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573"
#define REPORT \
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"

static const cr_srtp_profile profiles[] = {CR_SRTP_AEAD_AES_128_GCM, CR_SRTP_AEAD_AES_256_GCM};

// The keys of RFC 7714, 16 and 17, are session keys: 00 01 02 … and "Quid pro quo", for both directions alike.
static cr_srtp_keys vector_keys(size_t key_bytes) {
    cr_srtp_keys keys = {.key_bytes = key_bytes};
    for (uint8_t byte = 0; byte < key_bytes; byte++) keys.rtp_key[byte] = keys.rtcp_key[byte] = byte;
    memcpy(keys.rtp_salt, "Quid pro quo", sizeof keys.rtp_salt);
    memcpy(keys.rtcp_salt, "Quid pro quo", sizeof keys.rtcp_salt);
    return keys;
}

static void check_rtp_vector(const cr_aead *cipher, size_t key_bytes, const char *expected) {
    cr_srtp_keys keys = vector_keys(key_bytes);
    cr_srtp *sending = cr_srtp_aead_open(cipher, CR_SRTP_SEND, &keys);
    cr_srtp *receiving = cr_srtp_aead_open(cipher, CR_SRTP_RECEIVE, &keys);
    uint8_t plain[128], wanted[128], out[128];
    size_t length = check_hex("8040f17b8041f8d35501a0b2" PARTS_OF_ALL, plain, sizeof plain), out_length;
    size_t wanted_length = check_hex(expected, wanted, sizeof wanted);
    for (size_t prefix_length = 0; prefix_length <= length - 12; prefix_length++) {
        cr_srtp_parts parts = {.header = plain, .header_length = 12,
                               .prefix = plain + 12, .prefix_length = prefix_length,
                               .payload = plain + 12 + prefix_length, .payload_length = length - 12 - prefix_length};
        CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, sizeof out, &out_length), CR_SRTP_OK);
        CHECK_EQ(out_length, wanted_length);
        CHECK_BYTES(out, wanted, wanted_length);
    }
    CHECK_EQ(cr_srtp_unprotect_rtp(receiving, out, &out_length), CR_SRTP_OK);
    CHECK_EQ(out_length, length);
    CHECK_BYTES(out, plain, length);
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

TEST(srtp_vectors_of_rfc_7714_16) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        check_rtp_vector(ciphers[index], 16,
                         "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b"
                         "36de3adf8833899d7f27beb16a9152cf765ee4390cce");
        check_rtp_vector(ciphers[index], 32,
                         "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f"
                         "1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13");
    }
}

static void check_rtcp_vector(const cr_aead *cipher, size_t key_bytes, const char *expected) {
    cr_srtp_keys keys = vector_keys(key_bytes);
    cr_srtp *sending = cr_srtp_aead_open(cipher, CR_SRTP_SEND, &keys);
    cr_srtp *receiving = cr_srtp_aead_open(cipher, CR_SRTP_RECEIVE, &keys);
    uint8_t plain[128], wanted[128], out[128];
    size_t length = check_hex(REPORT, plain, sizeof plain), wanted_length = check_hex(expected, wanted, sizeof wanted);
    size_t out_length = 0;
    for (uint32_t index = 1; index <= 0x5d4; index++) {
        CHECK_EQ(cr_srtp_protect_rtcp(sending, plain, length, out, sizeof out, &out_length), CR_SRTP_OK);
    }
    CHECK_EQ(out_length, wanted_length);
    CHECK_BYTES(out, wanted, wanted_length);
    CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, out, &out_length), CR_SRTP_OK);
    CHECK_EQ(out_length, length);
    CHECK_BYTES(out, plain, length);
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

TEST(srtcp_vectors_of_rfc_7714_17) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        check_rtcp_vector(ciphers[index], 16,
                          "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46"
                          "86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4");
        check_rtcp_vector(ciphers[index], 32,
                          "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658"
                          "c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4");
    }
}

static void check_tag(const cr_aead *cipher, size_t key_bytes, const char *iv, const char *aad, const char *expected) {
    cr_srtp_keys keys = vector_keys(key_bytes);
    cr_aead_key *sealing = cipher->key_open(cipher, true, keys.rtp_key, key_bytes);
    cr_aead_key *opening = cipher->key_open(cipher, false, keys.rtp_key, key_bytes);
    uint8_t iv_bytes[16], aad_bytes[128], wanted[16], tag[16];
    check_hex(iv, iv_bytes, sizeof iv_bytes);
    check_hex(expected, wanted, sizeof wanted);
    cr_span span = {aad_bytes, check_hex(aad, aad_bytes, sizeof aad_bytes)};
    CHECK(cipher->seal(sealing, iv_bytes, span, (cr_span){0}, tag));
    CHECK_BYTES(tag, wanted, sizeof tag);
    CHECK(cipher->open(opening, iv_bytes, span, tag, 0, wanted));
    wanted[15] ^= 1;
    CHECK(!cipher->open(opening, iv_bytes, span, tag, 0, wanted));
    cipher->key_close(sealing);
    cipher->key_close(opening);
}

TEST(aead_tags_without_text_of_rfc_7714) {
    const char *rtp = "8040f17b8041f8d35501a0b2" PARTS_OF_ALL, *rtcp = REPORT "000005d4";
    const char *rtp_iv = "51753c6580c2726f20718414", *rtcp_iv = "517524055203726f207170bb";
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        check_tag(ciphers[index], 16, rtp_iv, rtp, "22493f82d2bce397e9d79e3b19aa4216");
        check_tag(ciphers[index], 32, rtp_iv, rtp, "a866d5910f887463067ceefec45215d4");
        check_tag(ciphers[index], 16, rtcp_iv, rtcp, "841dd9683dd78ec92ae58790125f62b3");
        check_tag(ciphers[index], 32, rtcp_iv, rtcp, "91db4afbfeee5a978fab4393ed2615fe");
    }
}

TEST(srtcp_in_the_clear_is_refused) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        cr_srtp_keys keys = vector_keys(16);
        cr_srtp *receiving = cr_srtp_aead_open(ciphers[index], CR_SRTP_RECEIVE, &keys);
        uint8_t packet[128];  // RFC 7714, 17.3: authentic, E = 0
        size_t length = check_hex(REPORT "841dd9683dd78ec92ae58790125f62b3000005d4", packet, sizeof packet);
        CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, packet, &length), CR_SRTP_AUTHENTICATION);
        // The same, but encrypted under a flag that says it is not: the tag would be right.
        uint8_t plain[128], iv[CR_AEAD_IV_BYTES], clear[16];
        size_t plain_length = check_hex(REPORT, plain, sizeof plain);
        check_hex("517524055203726f207170bb", iv, sizeof iv);
        cr_span aad = {clear, check_hex("81c8000d4d617273 000005d4", clear, sizeof clear)};
        cr_aead_key *key = ciphers[index]->key_open(ciphers[index], true, keys.rtcp_key, keys.key_bytes);
        cr_span text = {plain + 8, plain_length - 8};
        CHECK(ciphers[index]->seal(key, iv, aad, text, packet + 8));
        ciphers[index]->key_close(key);
        memcpy(packet, clear, 8);
        memcpy(packet + plain_length + CR_AEAD_TAG_BYTES, clear + 8, 4);
        length = plain_length + CR_SRTP_TRAILER_BYTES;
        CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, packet, &length), CR_SRTP_AUTHENTICATION);
        cr_srtp_close(receiving);
    }
}

TEST(srtp_ciphers_agree_on_every_length) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    size_t count = srtp_ciphers(ciphers);
    for (size_t which = 0; which < 2; which++) {
        cr_srtp *sending[CR_AEAD_ISAS + 1], *receiving[CR_AEAD_ISAS + 1];
        for (size_t index = 0; index < count; index++) {
            sending[index] = srtp_open_cipher(ciphers[index], profiles[which], CR_SRTP_SEND);
            receiving[index] = srtp_open_cipher(ciphers[index], profiles[which], CR_SRTP_RECEIVE);
        }
        uint32_t state = 1;
        for (uint32_t most = 0; most <= 1400; most++) {
            srtp_packet packet;
            srtp_make_packet(&state, (uint16_t)most, 7, most, &packet);
            cr_srtp_parts parts = srtp_parts_of(&packet);
            uint8_t first[CR_PACKET_BYTES], out[CR_PACKET_BYTES];
            size_t first_length, length;
            CHECK_EQ(cr_srtp_protect_rtp(sending[0], &parts, first, sizeof first, &first_length), CR_SRTP_OK);
            for (size_t index = 0; index < count; index++) {
                CHECK_EQ(cr_srtp_protect_rtp(sending[index], &parts, out, sizeof out, &length), CR_SRTP_OK);
                CHECK_EQ(length, first_length);
                CHECK_BYTES(out, first, length);
                CHECK_EQ(cr_srtp_unprotect_rtp(receiving[index], out, &length), CR_SRTP_OK);
                CHECK_EQ(length, packet.length);
                CHECK_BYTES(out, packet.plain, length);
            }
        }
        for (size_t index = 0; index < count; index++) {
            cr_srtp_close(sending[index]);
            cr_srtp_close(receiving[index]);
        }
    }
}

static void check_damage(cr_srtp *receiving, const uint8_t *good, size_t good_length, bool rtcp) {
    cr_srtp_status (*unprotect)(cr_srtp *, uint8_t *, size_t *) = rtcp ? cr_srtp_unprotect_rtcp : cr_srtp_unprotect_rtp;
    for (size_t bit = 0; bit < 8 * good_length; bit++) {
        uint8_t *packet = malloc(good_length);  // of just this size: the sanitizer sees the first byte behind it
        memcpy(packet, good, good_length);
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        size_t length = good_length;
        cr_srtp_status status = unprotect(receiving, packet, &length);
        bool refused = status != CR_SRTP_OK && length == good_length;
        free(packet);
        CHECK(refused);
    }
    for (size_t cut = 0; cut < good_length; cut++) {
        uint8_t *packet = malloc(cut);
        memcpy(packet, good, cut);
        size_t length = cut;
        cr_srtp_status status = unprotect(receiving, packet, &length);
        free(packet);
        CHECK(status == CR_SRTP_MALFORMED || status == CR_SRTP_AUTHENTICATION);
    }
    uint8_t packet[CR_PACKET_BYTES];
    memcpy(packet, good, good_length);
    size_t length = good_length;
    CHECK_EQ(unprotect(receiving, packet, &length), CR_SRTP_OK);
    memcpy(packet, good, good_length);
    length = good_length;
    CHECK_EQ(unprotect(receiving, packet, &length), CR_SRTP_REPLAY);
}

TEST(srtp_damaged_and_short_packets_change_nothing) {
    const cr_aead *ciphers[CR_AEAD_ISAS + 1];
    for (size_t index = srtp_ciphers(ciphers); index-- > 0;) {
        cr_srtp *sending = srtp_open_cipher(ciphers[index], profiles[index % 2], CR_SRTP_SEND);
        cr_srtp *receiving = srtp_open_cipher(ciphers[index], profiles[index % 2], CR_SRTP_RECEIVE);
        uint8_t good[CR_PACKET_BYTES];
        uint32_t state = 2;
        for (uint16_t sequence = 30000; sequence < 30010; sequence++) {
            srtp_packet packet;
            srtp_make_packet(&state, sequence, 7, 60, &packet);
            cr_srtp_parts parts = srtp_parts_of(&packet);
            size_t length;
            CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, good, sizeof good, &length), CR_SRTP_OK);
            check_damage(receiving, good, length, false);
            CHECK_EQ(cr_srtp_protect_rtcp(sending, packet.plain, packet.length, good, sizeof good, &length),
                     CR_SRTP_OK);
            check_damage(receiving, good, length, true);
        }
        cr_srtp_close(sending);
        cr_srtp_close(receiving);
    }
}

// A forged packet far ahead, or on the other side of the wrap, must not move the window or the roll-over counter.
TEST(srtp_forged_sequence_numbers_change_nothing) {
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_SEND);
    cr_srtp *receiving = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_RECEIVE);
    for (uint32_t sequence = 60000; sequence < 70000; sequence++) {
        uint8_t good[CR_PACKET_BYTES], forged[CR_PACKET_BYTES];
        size_t length = srtp_seal_numbered(sending, 7, (uint16_t)sequence, good);
        memcpy(forged, good, length);
        forged[2] ^= (uint8_t)(0x20u << sequence % 3);
        size_t forged_length = length;
        CHECK(cr_srtp_unprotect_rtp(receiving, forged, &forged_length) != CR_SRTP_OK);
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, good, &length), CR_SRTP_OK);
        CHECK_EQ(good[12], sequence & 0xFF);
    }
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

TEST(srtp_repeats_old_packets_across_the_wrap_and_refuses_older_ones) {
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_SEND);
    static uint8_t sent[3000][12 + 30 + CR_AEAD_TAG_BYTES];
    uint8_t out[CR_PACKET_BYTES];
    for (uint32_t number = 0; number < 3000; number++) {
        size_t length = srtp_seal_numbered(sending, 7, (uint16_t)(64000 + number), out);
        memcpy(sent[number], out, length);
        if (number < CR_SRTP_WINDOW) continue;
        uint32_t old = number - (number * 7919u) % CR_SRTP_WINDOW;
        srtp_seal_numbered(sending, 7, (uint16_t)(64000 + old), out);
        CHECK_BYTES(out, sent[old], length);
        uint16_t older = (uint16_t)(64000 + number - CR_SRTP_WINDOW);
        uint8_t header[12] = {0x80, 96, (uint8_t)(older >> 8), (uint8_t)older, 0, 0, 0, 1, 0, 0, 0, 7};
        cr_srtp_parts parts = {.header = header, .header_length = 12};
        CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, sizeof out, &length), CR_SRTP_REPLAY);
        CHECK_EQ(length, 0);
    }
    cr_srtp_close(sending);
}

TEST(srtcp_index_grows_per_ssrc_and_replays_are_refused) {
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profiles[1], CR_SRTP_SEND);
    cr_srtp *receiving = srtp_open_cipher(cr_aead_best(), profiles[1], CR_SRTP_RECEIVE);
    static uint8_t sent[400][64];
    size_t length = 0;
    for (uint32_t number = 0; number < 400; number++) {
        uint8_t plain[16] = {0x80, 201, 0, 3, 0, 0, 0, (uint8_t)(number % 2)};
        CHECK_EQ(cr_srtp_protect_rtcp(sending, plain, sizeof plain, sent[number], 64, &length), CR_SRTP_OK);
        CHECK_EQ(length, 16 + CR_SRTP_TRAILER_BYTES);
        const uint8_t *index = sent[number] + length - 4;
        CHECK_EQ(index[0], 0x80);
        CHECK_EQ(index[2] << 8 | index[3], number / 2 + 1);
    }
    for (uint32_t number = 0; number < 400; number++) {  // of each SSRC 199 … 0 but every tenth, then all again
        uint8_t packet[64];
        memcpy(packet, sent[number], length);
        size_t opened = length;
        if (number / 2 % 10 == 0) continue;
        CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, packet, &opened), CR_SRTP_OK);
    }
    for (uint32_t number = 0; number < 400; number++) {
        uint8_t packet[64];
        memcpy(packet, sent[number], length);
        size_t opened = length;
        bool late = number / 2 % 10 == 0 && number / 2 > 199 - CR_SRTCP_WINDOW;
        CHECK_EQ(cr_srtp_unprotect_rtcp(receiving, packet, &opened), late ? CR_SRTP_OK : CR_SRTP_REPLAY);
    }
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

TEST(srtp_many_ssrcs_come_are_forgotten_and_come_again) {
    enum { SSRCS = 300 };
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_SEND);
    cr_srtp *receiving = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_RECEIVE);
    static uint8_t first[SSRCS][CR_PACKET_BYTES];
    size_t length = 0;
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t ssrc = 0; ssrc < SSRCS; ssrc++) {
            uint8_t packet[CR_PACKET_BYTES];
            length = srtp_seal_numbered(sending, ssrc * 0x01010101u, (uint16_t)(30000u * round), packet);
            if (round == 0) memcpy(first[ssrc], packet, length);
            size_t opened = length;
            CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_OK);
        }
    }
    for (uint32_t ssrc = 0; ssrc < SSRCS; ssrc++) {
        uint8_t packet[CR_PACKET_BYTES];
        memcpy(packet, first[ssrc], length);
        size_t opened = length;
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_REPLAY);
        if (ssrc % 3 == 0) continue;
        cr_srtp_forget(receiving, ssrc * 0x01010101u);
        cr_srtp_forget(receiving, ssrc * 0x01010101u);
        memcpy(packet, first[ssrc], length);
        CHECK_EQ(cr_srtp_unprotect_rtp(receiving, packet, &opened), CR_SRTP_OK);
    }
    cr_srtp_close(sending);
    cr_srtp_close(receiving);
}

// Whatever is not header must not be handed in as header: it would leave unencrypted.
TEST(srtp_refuses_a_header_part_of_another_length) {
    cr_srtp *sending = srtp_open_cipher(cr_aead_best(), profiles[0], CR_SRTP_SEND);
    uint32_t state = 3;
    for (uint16_t sequence = 0; sequence < 200; sequence++) {
        srtp_packet packet;
        uint8_t out[CR_PACKET_BYTES];
        size_t length;
        srtp_make_packet(&state, sequence, 7, 100, &packet);
        cr_srtp_parts parts = srtp_parts_of(&packet);
        for (size_t wrong = 0; wrong <= packet.length; wrong++) {
            parts.header_length = wrong;
            if (wrong == packet.header_length) continue;
            CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, sizeof out, &length), CR_SRTP_FAILED);
        }
        parts.header_length = packet.header_length;
        CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, packet.length + CR_AEAD_TAG_BYTES - 1, &length),
                 CR_SRTP_FAILED);
        CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, packet.length + CR_AEAD_TAG_BYTES, &length), CR_SRTP_OK);
    }
    cr_srtp_close(sending);
}

TEST(srtp_names_the_cipher_that_runs) {
    CHECK(strcmp(cr_srtp_backend_name(), cr_aead_best()->name) == 0);
    CHECK(strcmp(cr_aead_evp()->name, "openssl") == 0);
    const cr_aead *ipsec = cr_aead_ipsec(CR_AEAD_ISA_BEST);
    CHECK(!ipsec || strncmp(ipsec->name, "ipsec-mb ", 9) == 0);
    CHECK(cr_aead_ipsec((cr_aead_isa)CR_AEAD_ISAS) == NULL);
}
