// demux.c: one comparison of the first byte, a second one between RTP and RTCP.

#include "demux.h"

#include "bytes.h"

cr_protocol cr_demux(const uint8_t *bytes, size_t length) {
    cr_reader reader = cr_reader_make(bytes, length);
    uint8_t first = cr_read_u8(&reader);
    if (reader.failed) return CR_PROTOCOL_UNKNOWN;
    if (first >= 128 && first <= 191) {
        // RFC 5761, 4: payload types 64-95 are not used by RTP, so with the marker bit 192-223 is RTCP.
        uint8_t second = cr_read_u8(&reader);
        return second >= 192 && second <= 223 ? CR_PROTOCOL_RTCP : CR_PROTOCOL_RTP;
    }
    if (first <= 3) return CR_PROTOCOL_STUN;
    if (first >= 20 && first <= 63) return CR_PROTOCOL_DTLS;
    return CR_PROTOCOL_UNKNOWN;  // 64-79: TURN channels, which we do not speak
}
