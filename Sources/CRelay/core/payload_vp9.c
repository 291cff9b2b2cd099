// payload_vp9.c: the VP9 payload descriptor (RFC 9628, 4.2), as far as the layer identifiers.
//
//      |I|P|L|F|B|E|V|Z|   P: depends on earlier pictures, B: start of a frame
// I:   |M| PICTURE ID  |   M: 15 bits in two bytes
// L:   | TID |U| SID |D|
// !F:  |   TL0PICIDX   |

#include "bytes.h"
#include "payload.h"

bool cr_vp9_parse(const uint8_t *payload, size_t length, cr_frame *out) {
    cr_reader reader = cr_reader_make(payload, length);
    uint8_t first = cr_read_u8(&reader);
    if (first & 0x80u) {
        if (cr_read_u8(&reader) & 0x80u) cr_read_u8(&reader);
    }
    if (first & 0x20u) {
        uint8_t layer = cr_read_u8(&reader);
        out->temporal = layer >> 5;
        out->spatial = layer >> 1 & 0x07u;
        if (!(first & 0x10u)) cr_read_u8(&reader);
    }
    if (reader.failed) return false;
    out->start = (first & 0x08u) != 0;
    // Not predicted from earlier pictures and the lowest layer: upper layers of a key picture depend on it.
    out->keyframe = out->start && !(first & 0x40u) && out->spatial == 0;
    return true;
}
