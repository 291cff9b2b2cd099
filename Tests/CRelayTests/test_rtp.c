// RTP headers and RFC 8285 extensions: read, written anew, and cut short at every length.

#include "../../Sources/CRelay/core/demux.h"
#include "../../Sources/CRelay/core/limits.h"
#include "../../Sources/CRelay/core/rtp.h"
#include "check.h"

static cr_extension_index index_of(cr_extension_map *map) {
    cr_extension_index index;
    CHECK(cr_extension_index_make(map, &index));
    return index;
}

TEST(rtp_plain_header) {
    uint8_t packet[64];
    size_t length = check_hex("80 e0 1234 00010203 deadbeef 0102030405", packet, sizeof packet);
    cr_rtp rtp;
    CHECK(cr_rtp_parse_header(packet, length, cr_extension_index_local(), &rtp));
    CHECK(cr_rtp_parse_padding(packet, length, &rtp));
    CHECK(rtp.marker);
    CHECK_EQ(rtp.payload_type, 96);
    CHECK_EQ(rtp.sequence, 0x1234);
    CHECK_EQ(rtp.timestamp, 0x00010203);
    CHECK_EQ(rtp.ssrc, 0xdeadbeef);
    CHECK_EQ(rtp.header_length, 12);
    CHECK_EQ(rtp.payload_length, 5);
}

TEST(rtp_one_byte_extensions_with_padding_stop_and_overrun) {
    uint8_t packet[64];
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 3;
    map.ids[CR_EXT_AUDIO_LEVEL] = 1;
    map.ids[CR_EXT_RID] = 4;
    cr_extension_index index = index_of(&map);
    cr_rtp rtp;
    // level, padding, MID "ab", stop, and behind the stop a RID that must not be seen.
    size_t length = check_hex("90 60 0001 00000000 00000001 bede 0003 10 85 00 31 61 62 f0 40 78 000000 ff", packet,
                              sizeof packet);
    CHECK(cr_rtp_parse_header(packet, length, &index, &rtp));
    CHECK_EQ(rtp.extensions[CR_EXT_AUDIO_LEVEL].length, 1);
    CHECK_EQ(packet[rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 0x85);
    CHECK_EQ(rtp.extensions[CR_EXT_MID].length, 2);
    CHECK_BYTES(packet + rtp.extensions[CR_EXT_MID].offset, "ab", 2);
    CHECK_EQ(rtp.extensions[CR_EXT_RID].offset, 0);
    CHECK_EQ(rtp.payload_length, 1);
    // An element longer than its block is ignored, the packet is not.
    length = check_hex("90 60 0001 00000000 00000001 bede 0001 10 85 3f 61 ff", packet, sizeof packet);
    CHECK(cr_rtp_parse_header(packet, length, &index, &rtp));
    CHECK(rtp.extensions[CR_EXT_AUDIO_LEVEL].offset != 0);
    CHECK_EQ(rtp.extensions[CR_EXT_MID].offset, 0);
}

TEST(rtp_two_byte_extensions) {
    uint8_t packet[64];
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 200;
    map.ids[CR_EXT_AUDIO_LEVEL] = 1;
    cr_extension_index index = index_of(&map);
    cr_rtp rtp;
    size_t length = check_hex("90 60 0001 00000000 00000001 1003 0003 c8 03 616263 00 01 01 05 07 00 00", packet,
                              sizeof packet);
    CHECK(cr_rtp_parse_header(packet, length, &index, &rtp));
    CHECK_EQ(rtp.extensions[CR_EXT_MID].length, 3);
    CHECK_EQ(packet[rtp.extensions[CR_EXT_AUDIO_LEVEL].offset], 5);
    CHECK_EQ(rtp.payload_length, 0);
}

TEST(rtp_csrc_extension_and_padding_limits) {
    uint8_t packet[64];
    cr_rtp rtp;
    const cr_extension_index *index = cr_extension_index_local();
    size_t length = check_hex("8f 60 0001 00000000 00000001", packet, sizeof packet);  // 15 CSRCs that are not there
    CHECK(!cr_rtp_parse_header(packet, length, index, &rtp));
    length = check_hex("90 60 0001 00000000 00000001 bede ffff 00000000", packet, sizeof packet);
    CHECK(!cr_rtp_parse_header(packet, length, index, &rtp));
    length = check_hex("40 60 0001 00000000 00000001 00", packet, sizeof packet);  // version 1
    CHECK(!cr_rtp_parse_header(packet, length, index, &rtp));
    const uint8_t paddings[] = {0, 255, 5};
    for (size_t which = 0; which < 3; which++) {
        length = check_hex("a0 60 0001 00000000 00000001 11223344", packet, sizeof packet);
        packet[length - 1] = paddings[which];
        CHECK(cr_rtp_parse_header(packet, length, index, &rtp));
        CHECK(!cr_rtp_parse_padding(packet, length, &rtp));
    }
    packet[length - 1] = 4;
    CHECK(cr_rtp_parse_padding(packet, length, &rtp));
    CHECK_EQ(rtp.payload_length, 0);
    CHECK(cr_rtp_parse_header(packet, 12, index, &rtp));
    CHECK(!cr_rtp_parse_padding(packet, 12, &rtp));
}

TEST(rtp_truncation_of_every_length) {
    uint8_t whole[64];
    size_t length = check_hex("b2 60 0001 00000000 00000001 aaaaaaaa bbbbbbbb bede 0002 10 85 31 61 62 00 00 00 1122 02",
                              whole, sizeof whole);
    for (size_t cut = 0; cut <= length; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);  // exactly as long as it says: a read past the end is seen
        memcpy(exact, whole, cut);
        cr_rtp rtp;
        bool legal = cr_rtp_parse_header(exact, cut, cr_extension_index_local(), &rtp);
        CHECK_EQ(legal, cut >= 32);
        if (legal) cr_rtp_parse_padding(exact, cut, &rtp);
        free(exact);
    }
}

TEST(rtp_extension_map_refuses_one_identifier_for_two) {
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 3;
    map.ids[CR_EXT_RID] = 3;
    cr_extension_index index;
    CHECK(!cr_extension_index_make(&map, &index));
}

static size_t rewrite(const uint8_t *packet, size_t length, const cr_extension_map *map, const char *mid, uint8_t *out,
                      size_t capacity) {
    cr_rtp rtp;
    CHECK(cr_rtp_parse_header(packet, length, cr_extension_index_local(), &rtp));
    cr_rtp_fields fields = {.marker = rtp.marker, .payload_type = 111, .sequence = 7, .timestamp = 8, .ssrc = 9,
                            .mid = mid, .mid_length = (uint8_t)strlen(mid)};
    return cr_rtp_write_header(&fields, &rtp, packet, map, out, capacity);
}

TEST(rtp_rewrite_carries_what_both_sides_negotiated) {
    uint8_t packet[128], out[128], expected[64];
    // Local identifiers: MID 1, RID 2, repaired RID 3, transport sequence 5, orientation 8, playout delay 9.
    size_t length = check_hex("90 e0 0001 00000000 00000001 bede 0004 10 61 20 62 30 85 51 0001 80 03 92 112233 00 ff",
                              packet, sizeof packet);
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 2;
    map.ids[CR_EXT_RID] = 3;
    map.ids[CR_EXT_REPAIRED_RID] = 4;
    map.ids[CR_EXT_TRANSPORT_SEQUENCE] = 5;
    map.ids[CR_EXT_VIDEO_ORIENTATION] = 6;
    map.ids[CR_EXT_PLAYOUT_DELAY] = 7;
    size_t written = rewrite(packet, length, &map, "xy", out, sizeof out);
    size_t wanted = check_hex("90 ef 0007 00000008 00000009 bede 0003 21 78 79 60 03 72 112233 000000", expected,
                              sizeof expected);
    CHECK_EQ(written, wanted);
    CHECK_BYTES(out, expected, wanted);
    cr_extension_index index = index_of(&map);
    cr_rtp again;
    CHECK(cr_rtp_parse_header(out, written, &index, &again));
    CHECK_EQ(again.payload_length, 0);
    CHECK_EQ(again.extensions[CR_EXT_RID].offset, 0);
    CHECK_EQ(again.extensions[CR_EXT_REPAIRED_RID].offset, 0);
    CHECK_EQ(again.extensions[CR_EXT_TRANSPORT_SEQUENCE].offset, 0);
}

TEST(rtp_rewrite_without_anything_has_no_block) {
    uint8_t packet[32], out[32];
    size_t length = check_hex("80 60 0001 00000000 00000001 ff", packet, sizeof packet);
    cr_extension_map map = {{0}};
    CHECK_EQ(rewrite(packet, length, &map, "mid", out, sizeof out), 12);
    CHECK_EQ(out[0], 0x80);
}

TEST(rtp_rewrite_uses_two_byte_form_when_it_must) {
    uint8_t packet[128] = {0}, out[128];
    // dependency descriptor (local id 12) of 20 bytes in the two-byte form
    check_hex("90 60 0001 00000000 00000001 1000 0006 0c 14", packet, sizeof packet);
    for (uint8_t byte = 0; byte < 20; byte++) packet[18 + byte] = byte;
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 1;
    map.ids[CR_EXT_DEPENDENCY_DESCRIPTOR] = 12;
    size_t written = rewrite(packet, 40, &map, "a", out, sizeof out);
    CHECK_EQ(out[12] << 8 | out[13], 0x1000);
    cr_extension_index index = index_of(&map);
    cr_rtp again;
    CHECK(cr_rtp_parse_header(out, written, &index, &again));
    CHECK_EQ(again.extensions[CR_EXT_DEPENDENCY_DESCRIPTOR].length, 20);
    CHECK_BYTES(out + again.extensions[CR_EXT_DEPENDENCY_DESCRIPTOR].offset, packet + 18, 20);
    CHECK_EQ(again.extensions[CR_EXT_MID].length, 1);
}

TEST(rtp_rewrite_into_every_capacity) {
    uint8_t packet[128] = {0};
    check_hex("90 60 0001 00000000 00000001 1000 0006 0c 14", packet, sizeof packet);
    cr_extension_map map = {{0}};
    map.ids[CR_EXT_MID] = 1;
    map.ids[CR_EXT_DEPENDENCY_DESCRIPTOR] = 12;
    for (size_t capacity = 0; capacity < 64; capacity++) {
        uint8_t *out = malloc(capacity ? capacity : 1);
        size_t written = rewrite(packet, 40, &map, "abc", out, capacity);
        CHECK(written <= capacity);
        cr_rtp again;
        if (written) CHECK(cr_rtp_parse_header(out, written, cr_extension_index_local(), &again));
        free(out);
    }
}

TEST(demux_follows_rfc_7983) {
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[2] = {(uint8_t)first, 200};
        cr_protocol protocol = cr_demux(bytes, 2);
        if (first <= 3) CHECK_EQ(protocol, CR_PROTOCOL_STUN);
        else if (first >= 20 && first <= 63) CHECK_EQ(protocol, CR_PROTOCOL_DTLS);
        else if (first >= 128 && first <= 191) CHECK_EQ(protocol, CR_PROTOCOL_RTCP);
        else CHECK_EQ(protocol, CR_PROTOCOL_UNKNOWN);
    }
    for (unsigned second = 0; second < 256; second++) {
        uint8_t bytes[2] = {128, (uint8_t)second};
        CHECK_EQ(cr_demux(bytes, 2), second >= 192 && second <= 223 ? CR_PROTOCOL_RTCP : CR_PROTOCOL_RTP);
    }
    CHECK_EQ(cr_demux(NULL, 0), CR_PROTOCOL_UNKNOWN);
}
