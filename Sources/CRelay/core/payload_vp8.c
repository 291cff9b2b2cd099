// payload_vp8.c: the VP8 payload descriptor (RFC 7741, 4.2 and 4.3).
//
//       0 1 2 3 4 5 6 7
//      +-+-+-+-+-+-+-+-+
//      |X|R|N|S|R| PID |   X: next byte present, S: start of a partition, PID: its number
// X:   |I|L|T|K|  RSV  |
// I:   |M| PictureID   |   M: 15 bits in two bytes
// L:   |   TL0PICIDX   |
// T/K: |TID|Y| KEYIDX  |

#include "bytes.h"
#include "payload.h"

bool cr_vp8_parse(const uint8_t *payload, size_t length, cr_frame *out) {
    cr_reader reader = cr_reader_make(payload, length);
    uint8_t first = cr_read_u8(&reader);
    bool start = (first & 0x10u) && (first & 0x07u) == 0;
    uint8_t present = first & 0x80u ? cr_read_u8(&reader) : 0;
    if (present & 0x80u) {
        size_t offset = length - reader.left;
        uint8_t high = cr_read_u8(&reader);
        out->picture_id = high & 0x7Fu;
        out->picture_id_long = (high & 0x80u) != 0;
        if (out->picture_id_long) out->picture_id = (uint16_t)((uint32_t)out->picture_id << 8 | cr_read_u8(&reader));
        out->picture_id_offset = (uint8_t)offset;
    }
    if (present & 0x40u) {
        out->tl0_offset = (uint8_t)(length - reader.left);
        out->tl0 = cr_read_u8(&reader);
    }
    if (present & 0x30u) {
        uint8_t layer = cr_read_u8(&reader);
        if (present & 0x20u) out->temporal = layer >> 6;
    }
    if (reader.failed) return false;
    out->start = start;
    // RFC 7741, 4.3: the first bit of the first partition says "not a key frame".
    if (start) {
        uint8_t frame_tag = cr_read_u8(&reader);
        out->keyframe = !reader.failed && (frame_tag & 0x01u) == 0;
    }
    return true;
}

void cr_vp8_patch(uint8_t *payload, size_t length, const cr_frame *frame, uint16_t picture_id, uint8_t tl0) {
    size_t at = frame->picture_id_offset;
    if (at > 0 && frame->picture_id_long && at + 2 <= length) {
        payload[at] = (uint8_t)(0x80u | (picture_id >> 8 & 0x7Fu));
        payload[at + 1] = (uint8_t)picture_id;
    } else if (at > 0 && !frame->picture_id_long && at + 1 <= length) {
        payload[at] = (uint8_t)(picture_id & 0x7Fu);
    }
    if (frame->tl0_offset > 0 && (size_t)frame->tl0_offset + 1 <= length) payload[frame->tl0_offset] = tl0;
}
