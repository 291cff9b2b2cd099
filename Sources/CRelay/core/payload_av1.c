// payload_av1.c: the aggregation header and, for senders that do not set N, the first OBU ("RTP Payload Format For
// AV1", section 4.4; OBU header: AV1 specification, 5.3.2).
//
//      |Z|Y| W |N|-|-|-|   Z: continues an OBU, W: number of elements (0: each has a length), N: new coded sequence

#include "bytes.h"
#include "payload.h"

#define OBU_SEQUENCE_HEADER 1u
// A leb128 of an OBU length has at most eight bytes (AV1 specification, 4.10.5).
#define LEB128_MAX_BYTES 8u

static void skip_leb128(cr_reader *reader) {
    for (unsigned count = 0; count < LEB128_MAX_BYTES; count++) {
        if (!(cr_read_u8(reader) & 0x80u)) return;
    }
    reader->failed = true;
}

bool cr_av1_parse(const uint8_t *payload, size_t length, cr_frame *out) {
    cr_reader reader = cr_reader_make(payload, length);
    uint8_t aggregation = cr_read_u8(&reader);
    if (reader.failed) return false;
    bool continues = (aggregation & 0x80u) != 0;
    uint8_t elements = aggregation >> 4 & 0x03u;
    out->start = !continues;
    // N together with Z is forbidden: a new sequence cannot begin inside an OBU.
    if (aggregation & 0x08u) {
        out->keyframe = !continues;
        return !continues;
    }
    if (continues) return true;
    if (elements != 1) skip_leb128(&reader);
    uint8_t header = cr_read_u8(&reader);
    out->keyframe = !reader.failed && (header >> 3 & 0x0Fu) == OBU_SEQUENCE_HEADER;
    return true;
}
