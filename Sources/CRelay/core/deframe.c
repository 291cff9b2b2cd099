// deframe.c: see deframe.h.

#include "deframe.h"

#include "demux.h"

#include <string.h>

#define STUN_MAGIC_COOKIE 0x2112a442u
#define STUN_HEADER_BYTES 20u

// RFC 8489, 5: two zero bits, and the cookie in bytes 4 to 7.
static bool is_stun(const cr_packet *packet) {
    cr_reader reader = cr_reader_make(packet->data, packet->length);
    cr_read_u32(&reader);
    uint32_t cookie = cr_read_u32(&reader);
    return packet->length >= STUN_HEADER_BYTES && cookie == STUN_MAGIC_COOKIE &&
           cr_demux(packet->data, packet->length) == CR_PROTOCOL_STUN;
}

// One byte of the length. False: it is a length that no datagram has.
static bool take_length_byte(cr_deframer *deframer, cr_pool *pool, cr_reader *bytes) {
    deframer->length = (uint16_t)((uint32_t)deframer->length << 8 | cr_read_u8(bytes));
    if (++deframer->length_bytes < 2) return true;
    uint32_t length = deframer->length;
    deframer->length = 0;
    deframer->length_bytes = 0;
    if (length == 0) return true;  // RFC 4571, 2: a null packet, ignored
    if (length < CR_TCP_MIN_FRAME_BYTES || length > CR_PACKET_BYTES) return false;
    deframer->left = length;
    deframer->packet = cr_pool_take(pool);
    return true;
}

cr_deframe_status cr_deframe(cr_deframer *deframer, cr_pool *pool, cr_reader *bytes, cr_packet **packet) {
    while (bytes->left > 0) {
        if (deframer->left == 0) {
            if (!take_length_byte(deframer, pool, bytes)) return CR_DEFRAME_MALFORMED;
            continue;
        }
        uint32_t count = bytes->left < deframer->left ? (uint32_t)bytes->left : deframer->left;
        const uint8_t *part = cr_read_bytes(bytes, count);
        cr_packet *under_way = deframer->packet;
        if (under_way) {
            memcpy(under_way->data + under_way->length, part, count);
            under_way->length += count;
        }
        deframer->left -= count;
        if (deframer->left > 0) break;
        if (!under_way) return CR_DEFRAME_LOST;
        if (!deframer->has_begun && !is_stun(under_way)) return CR_DEFRAME_NOT_STUN;
        deframer->has_begun = true;
        deframer->packet = NULL;
        *packet = under_way;
        return CR_DEFRAME_PACKET;
    }
    return CR_DEFRAME_MORE;
}

void cr_deframer_reset(cr_deframer *deframer, cr_pool *pool) {
    cr_packet_release(pool, deframer->packet);
    *deframer = (cr_deframer){0};
}
