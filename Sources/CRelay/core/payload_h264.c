// payload_h264.c: NAL unit types in the three packetizations browsers use (RFC 6184, 5.6, 5.7.1, 5.8).
// A parameter set begins a keyframe as an IDR slice does: encoders send it in front, and a decoder needs it first.

#include "bytes.h"
#include "payload.h"

#define NAL_IDR 5u
#define NAL_SPS 7u
#define NAL_STAP_A 24u
#define NAL_FU_A 28u

static bool begins_keyframe(uint8_t header) {
    uint8_t type = header & 0x1Fu;
    return type == NAL_IDR || type == NAL_SPS;
}

// RFC 6184, 5.7.1: 16 bits of length before each unit. Stops at the first length that does not fit (webrtc:11698).
static bool stap_begins_keyframe(cr_reader *reader) {
    while (reader->left > 0) {
        size_t length = cr_read_u16(reader);
        cr_reader unit = cr_reader_make(reader->at, length <= reader->left ? length : 0);
        cr_read_bytes(reader, length);
        if (reader->failed) return false;
        uint8_t header = cr_read_u8(&unit);
        if (!unit.failed && begins_keyframe(header)) return true;
    }
    return false;
}

bool cr_h264_parse(const uint8_t *payload, size_t length, cr_frame *out) {
    cr_reader reader = cr_reader_make(payload, length);
    uint8_t header = cr_read_u8(&reader);
    if (reader.failed) return false;
    uint8_t type = header & 0x1Fu;
    if (type == NAL_STAP_A) {
        out->start = true;
        out->keyframe = stap_begins_keyframe(&reader);
        return true;
    }
    if (type == NAL_FU_A) {
        uint8_t fragment = cr_read_u8(&reader);  // |S|E|R| Type |
        if (reader.failed) return false;
        out->start = (fragment & 0x80u) != 0;
        out->keyframe = out->start && begins_keyframe(fragment);
        return true;
    }
    out->start = true;
    out->keyframe = begins_keyframe(header);
    return true;
}
