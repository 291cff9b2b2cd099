// srtp_null.c: stands in for srtp_lib.c and srtp_aead.c in the fuzz targets that are not about them: a constant tag
// instead of cryptography, so that the fuzzer spends its time in our code (a hundred times more runs) and can write
// packets that pass. No replay protection, so duplicates reach the receive window as well.

#include "../../../Sources/CRelay/core/bytes.h"
#include "../../../Sources/CRelay/core/srtp_aead.h"

#include <stdlib.h>

static const uint8_t tag[4] = {0xA5, 0x5A, 0xA5, 0x5A};

static void null_close(cr_srtp *srtp) {
    free(srtp);
}

static void null_forget(cr_srtp *srtp, uint32_t ssrc) {
    (void)srtp, (void)ssrc;
}

static cr_srtp_status null_protect_rtp(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
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

static cr_srtp_status null_unprotect(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    (void)srtp;
    if (*length < 8 + sizeof tag) return CR_SRTP_MALFORMED;
    if (memcmp(packet + *length - sizeof tag, tag, sizeof tag) != 0) return CR_SRTP_AUTHENTICATION;
    *length -= sizeof tag;
    return CR_SRTP_OK;
}

static cr_srtp_status null_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                        size_t capacity, size_t *out_length) {
    cr_srtp_parts parts = {.header = plain, .header_length = plain_length};
    return null_protect_rtp(srtp, &parts, out, capacity, out_length);
}

static const cr_srtp_backend null_backend = {
    .close = null_close,
    .forget = null_forget,
    .protect_rtp = null_protect_rtp,
    .unprotect_rtp = null_unprotect,
    .protect_rtcp = null_protect_rtcp,
    .unprotect_rtcp = null_unprotect,
};

static cr_srtp *null_open(void) {
    cr_srtp *srtp = calloc(1, sizeof *srtp);
    if (srtp) srtp->backend = &null_backend;
    return srtp;
}

cr_srtp *cr_srtp_lib_open(cr_srtp_profile profile, cr_srtp_direction direction, const uint8_t *key, size_t key_length) {
    (void)profile, (void)direction, (void)key, (void)key_length;
    return null_open();
}

cr_srtp *cr_srtp_aead_open(const cr_aead *cipher, cr_srtp_direction direction, const cr_srtp_keys *keys) {
    (void)cipher, (void)direction, (void)keys;
    return null_open();
}
