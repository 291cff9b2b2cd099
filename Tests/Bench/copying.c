// copying.c: an SRTP back end without cryptography, so that the rest of the core can be seen. Packets are as long as
// under AEAD_AES_128_GCM.

#include "../../Sources/CRelay/core/bytes.h"
#include "room.h"

#include <stdlib.h>

static const uint8_t tag[16] = {0};  // RFC 7714, 5.2.1

static void copying_close(cr_srtp *srtp) {
    free(srtp);
}

static void copying_forget(cr_srtp *srtp, uint32_t ssrc) {
    (void)srtp, (void)ssrc;
}

static cr_srtp_status copying_protect(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                      size_t *out_length) {
    (void)srtp;
    cr_writer writer = cr_writer_make(out, capacity);
    cr_write_bytes(&writer, parts->header, parts->header_length);
    cr_write_bytes(&writer, parts->prefix, parts->prefix_length);
    cr_write_bytes(&writer, parts->payload, parts->payload_length);
    for (uint8_t left = parts->padding_length; left > 0; left--) {
        cr_write_u8(&writer, left > 1 ? 0 : parts->padding_length);
    }
    cr_write_bytes(&writer, tag, sizeof tag);
    *out_length = writer.length;
    return writer.failed ? CR_SRTP_FAILED : CR_SRTP_OK;
}

static cr_srtp_status copying_unprotect(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    (void)srtp, (void)packet;
    if (*length < CR_RTP_HEADER_BYTES + sizeof tag) return CR_SRTP_MALFORMED;
    *length -= sizeof tag;
    return CR_SRTP_OK;
}

static cr_srtp_status copying_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                           size_t capacity, size_t *out_length) {
    cr_srtp_parts parts = {.header = plain, .header_length = plain_length};
    return copying_protect(srtp, &parts, out, capacity, out_length);
}

static const cr_srtp_backend copying_backend = {
    .close = copying_close,
    .forget = copying_forget,
    .protect_rtp = copying_protect,
    .unprotect_rtp = copying_unprotect,
    .protect_rtcp = copying_protect_rtcp,
    .unprotect_rtcp = copying_unprotect,
};

cr_srtp *copying_open(void) {
    cr_srtp *srtp = calloc(1, sizeof *srtp);
    if (srtp) srtp->backend = &copying_backend;
    return srtp;
}
