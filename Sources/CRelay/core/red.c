// red.c: finds the primary block of redundant audio (RFC 2198, 3).
//
// redundant:  |1|  block PT   |  timestamp offset (14) | block length (10) |   four bytes each
// primary:    |0|  block PT   |                                            one byte, its data is the rest

#include "bytes.h"
#include "limits.h"
#include "payload.h"

bool cr_red_parse(const uint8_t *payload, size_t length, cr_frame *out) {
    cr_reader reader = cr_reader_make(payload, length);
    size_t redundant = 0;
    for (unsigned block = 0;; block++) {
        if (block == CR_RED_BLOCKS) return false;
        uint8_t first = cr_read_u8(&reader);
        if (!(first & 0x80u)) break;
        cr_read_u8(&reader);
        redundant += cr_read_u16(&reader) & 0x3FFu;
        if (reader.failed) return false;
    }
    cr_read_bytes(&reader, redundant);
    if (reader.failed) return false;
    out->start = true;
    out->primary_offset = (uint16_t)(length - reader.left);
    out->primary_length = (uint16_t)reader.left;
    return true;
}
