// Payload descriptors and RED: vectors, and every prefix of them in a buffer of exactly that size.

#include "../../Sources/CRelay/core/payload.h"
#include "check.h"

static bool parse(cr_codec codec, const char *hex, cr_frame *out) {
    uint8_t bytes[256];
    size_t length = check_hex(hex, bytes, sizeof bytes);
    uint8_t *exact = malloc(length ? length : 1);
    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *prefix = malloc(cut ? cut : 1);
        memcpy(prefix, bytes, cut);
        cr_payload_parse(codec, prefix, cut, out);
        free(prefix);
    }
    memcpy(exact, bytes, length);
    bool legal = cr_payload_parse(codec, exact, length, out);
    free(exact);
    return legal;
}

TEST(vp8_descriptor) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_VP8, "10 00 9d012a", &frame));  // no X: key frame, start
    CHECK(frame.start && frame.keyframe && frame.picture_id_offset == 0);
    CHECK(parse(CR_CODEC_VP8, "10 01", &frame));
    CHECK(frame.start && !frame.keyframe);
    CHECK(parse(CR_CODEC_VP8, "90 f0 9234 55 a1 00", &frame));  // 15-bit id, TL0PICIDX, TID 2
    CHECK(frame.keyframe && frame.picture_id_long);
    CHECK_EQ(frame.picture_id, 0x1234);
    CHECK_EQ(frame.picture_id_offset, 2);
    CHECK_EQ(frame.tl0, 0x55);
    CHECK_EQ(frame.tl0_offset, 4);
    CHECK_EQ(frame.temporal, 2);
    CHECK(parse(CR_CODEC_VP8, "90 80 34 00", &frame));  // 7-bit id
    CHECK(!frame.picture_id_long && frame.picture_id == 0x34 && frame.keyframe);
    CHECK(parse(CR_CODEC_VP8, "11 00", &frame));  // second partition: no start
    CHECK(!frame.start && !frame.keyframe);
    CHECK(parse(CR_CODEC_VP8, "00 00", &frame));
    CHECK(!frame.start);
    CHECK(!parse(CR_CODEC_VP8, "90 c0 80", &frame));
    CHECK(!parse(CR_CODEC_VP8, "", &frame));
}

TEST(vp8_patch_keeps_width) {
    uint8_t payload[8];
    size_t length = check_hex("90 c0 8001 07 00", payload, sizeof payload);
    cr_frame frame;
    CHECK(cr_payload_parse(CR_CODEC_VP8, payload, length, &frame));
    cr_vp8_patch(payload, length, &frame, 0x8000, 9);  // wraps to 0 in 15 bits
    CHECK(cr_payload_parse(CR_CODEC_VP8, payload, length, &frame));
    CHECK_EQ(frame.picture_id, 0);
    CHECK(frame.picture_id_long);
    CHECK_EQ(frame.tl0, 9);
    length = check_hex("90 80 7f 00", payload, sizeof payload);
    CHECK(cr_payload_parse(CR_CODEC_VP8, payload, length, &frame));
    cr_vp8_patch(payload, length, &frame, 0x80, 0);
    CHECK(cr_payload_parse(CR_CODEC_VP8, payload, length, &frame));
    CHECK_EQ(frame.picture_id, 0);
    CHECK(!frame.picture_id_long);
}

TEST(vp9_descriptor) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_VP9, "a8 8123 20 05", &frame));  // I L B, not predicted, TID 1 SID 0
    CHECK(frame.start && frame.keyframe && frame.temporal == 1 && frame.spatial == 0);
    CHECK(parse(CR_CODEC_VP9, "a8 8123 02 05", &frame));  // SID 1: upper layer of a key picture
    CHECK(frame.start && !frame.keyframe && frame.spatial == 1);
    CHECK(parse(CR_CODEC_VP9, "e8 8123 00 05", &frame));  // P
    CHECK(!frame.keyframe);
    CHECK(parse(CR_CODEC_VP9, "08", &frame));
    CHECK(frame.keyframe);
    CHECK(parse(CR_CODEC_VP9, "00", &frame));
    CHECK(!frame.start && !frame.keyframe);
    CHECK(!parse(CR_CODEC_VP9, "a8 81", &frame));
}

TEST(h264_units) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_H264, "65 88", &frame) && frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "67 42", &frame) && frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "41 9a", &frame) && !frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "78 0002 0910 0003 67aabb 0001 68", &frame) && frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "78 0002 0910 0003 41aabb", &frame) && !frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "78 ffff 67", &frame) && !frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "78 0000 0000 0001 65", &frame) && frame.keyframe);
    CHECK(parse(CR_CODEC_H264, "7c 85 00", &frame) && frame.keyframe && frame.start);
    CHECK(parse(CR_CODEC_H264, "7c 05 00", &frame) && !frame.keyframe && !frame.start);
    CHECK(parse(CR_CODEC_H264, "7c 45 00", &frame) && !frame.keyframe);
    CHECK(!parse(CR_CODEC_H264, "7c", &frame));
}

TEST(av1_aggregation) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_AV1, "18 0a", &frame) && frame.keyframe && frame.start);
    CHECK(parse(CR_CODEC_AV1, "10 0a00", &frame) && frame.keyframe);      // sequence header OBU, W = 1
    CHECK(parse(CR_CODEC_AV1, "00 02 0a00", &frame) && frame.keyframe);   // with a length
    CHECK(parse(CR_CODEC_AV1, "10 3200", &frame) && !frame.keyframe);     // frame OBU
    CHECK(parse(CR_CODEC_AV1, "90 0a00", &frame) && !frame.keyframe && !frame.start);
    CHECK(parse(CR_CODEC_AV1, "00 ffffffffffffffffff 0a", &frame) && !frame.keyframe);
    CHECK(!parse(CR_CODEC_AV1, "98 0a", &frame));                         // N inside an OBU
    CHECK(!parse(CR_CODEC_AV1, "", &frame));
}

TEST(red_primary_block) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_RED, "6f 0102", &frame));
    CHECK_EQ(frame.primary_offset, 1);
    CHECK_EQ(frame.primary_length, 2);
    CHECK(parse(CR_CODEC_RED, "ef 0f0003 6f aabbcc 0102", &frame));
    CHECK_EQ(frame.primary_offset, 8);
    CHECK_EQ(frame.primary_length, 2);
    CHECK(parse(CR_CODEC_RED, "ef 000002 6f aabb", &frame));  // nothing is left for the primary
    CHECK_EQ(frame.primary_length, 0);
    CHECK(!parse(CR_CODEC_RED, "ef 000003 6f aabb", &frame));
    CHECK(!parse(CR_CODEC_RED, "ef 0003ff 6f", &frame));
    uint8_t nested[260];
    for (size_t block = 0; block < 64; block++) memcpy(nested + block * 4, "\xef\0\0\0", 4);
    nested[256] = 0x6f;
    CHECK(!cr_payload_parse(CR_CODEC_RED, nested, sizeof nested, &frame));
}

TEST(opaque_codecs_always_start) {
    cr_frame frame;
    CHECK(parse(CR_CODEC_OTHER, "00", &frame) && frame.start && !frame.keyframe);
    CHECK(parse(CR_CODEC_OPUS, "78", &frame) && frame.start);
    CHECK(!cr_codec_has_keyframes(CR_CODEC_OPUS));
    CHECK(cr_codec_has_keyframes(CR_CODEC_AV1));
}
