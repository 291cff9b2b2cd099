// srtp_aead.c: the framing of AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 3711, RFC 7714). The cipher is behind aead.h.
//
//   SRTP    header, CSRCs, extension │ payload          │ tag          clear, authenticated │ encrypted
//   SRTCP   first 8 bytes            │ rest             │ tag │ E, index of 31 bits
//
// What is wrong is found in this order: shape, index, replay window, tag. Only then anything is remembered.

#include "srtp_aead.h"

#include "bytes.h"
#include "limits.h"
#include "srtp_index.h"
#include "srtp_source.h"

#include <stdlib.h>
#include <string.h>

#define RTCP_CLEAR_BYTES 8u  // the first packet's header and SSRC
#define ESRTCP_BYTES 4u      // E flag and SRTCP index
#define ENCRYPTED_FLAG 0x80000000u

typedef struct srtp_aead {
    cr_srtp base;
    const cr_aead *cipher;
    cr_aead_key *rtp_key, *rtcp_key;
    uint8_t rtp_salt[CR_SRTP_SALT_BYTES], rtcp_salt[CR_SRTP_SALT_BYTES];
    cr_srtp_sources sources;
} srtp_aead;

static srtp_aead *aead_of(cr_srtp *srtp) {
    return (srtp_aead *)(void *)srtp;
}

static void aead_close(cr_srtp *srtp) {
    srtp_aead *aead = aead_of(srtp);
    aead->cipher->key_close(aead->rtp_key);
    aead->cipher->key_close(aead->rtcp_key);
    cr_srtp_sources_free(&aead->sources);
    cr_wipe(aead, sizeof *aead);
    free(aead);
}

static void aead_forget(cr_srtp *srtp, uint32_t ssrc) {
    cr_srtp_source_remove(&aead_of(srtp)->sources, ssrc);
}

// RFC 7714, 8.1: 00 00 | SSRC | ROC | SEQ, and 9.1: 00 00 | SSRC | 00 00 | SRTCP index, each xor the salt. Both are the
// SSRC and then a number of 48 bits.
static void make_iv(const uint8_t *salt, uint32_t ssrc, uint64_t index, uint8_t iv[CR_AEAD_IV_BYTES]) {
    cr_writer writer = cr_writer_make(iv, CR_AEAD_IV_BYTES);
    cr_write_u16(&writer, 0);
    cr_write_u32(&writer, ssrc);
    cr_write_u16(&writer, (uint16_t)(index >> 32));
    cr_write_u32(&writer, (uint32_t)index);
    for (size_t at = 0; at < CR_AEAD_IV_BYTES; at++) iv[at] ^= salt[at];
}

// ------------------------------------------------------------------------------------------------------------ SRTP

// The part in the clear (RFC 3550, 5.1 and 5.3.1). Returns its length, 0 when it is none.
static size_t read_header(const uint8_t *packet, size_t length, uint16_t *sequence, uint32_t *ssrc) {
    cr_reader reader = cr_reader_make(packet, length);
    uint8_t first = cr_read_u8(&reader);
    cr_read_u8(&reader);
    *sequence = cr_read_u16(&reader);
    cr_read_u32(&reader);
    *ssrc = cr_read_u32(&reader);
    cr_read_bytes(&reader, 4u * (first & 0x0Fu));
    if (first & 0x10) {
        cr_read_u16(&reader);
        cr_read_bytes(&reader, 4u * (size_t)cr_read_u16(&reader));
    }
    return reader.failed || first >> 6 != 2 ? 0 : length - reader.left;
}

// The index of an outgoing packet, entered before it is used.
//
// Why no nonce covers two texts: it is made of the SSRC and this index. A new packet has the number behind the highest
// one of its SSRC (forward.c counts and never goes back, transport.c goes on where a closed forward of the same SSRC
// stopped), so its index was never used under this key. A number that comes again, in a forward without RTX, is one of
// the last ones, gets the same index by the same rule, and its bytes are the same to the last one: output.c writes both
// times, and retransmit.c refuses when the stream restarted in between, transport.c when the extensions changed. The
// same text under the same nonce is the same packet, which tells an observer nothing but that it was sent again. Behind
// the last index of 48 bits the key is used up and nothing goes out at all.
static cr_srtp_status take_index(srtp_aead *aead, uint32_t ssrc, uint16_t sequence, uint64_t *index) {
    cr_srtp_source *source = cr_srtp_source_find(&aead->sources, ssrc);
    uint64_t next = source ? source->rtp_next : 0;
    *index = cr_srtp_index_guess(next, sequence);
    if (*index > CR_SRTP_LAST_INDEX) return CR_SRTP_FAILED;
    if (*index < next) return next - *index > CR_SRTP_WINDOW ? CR_SRTP_REPLAY : CR_SRTP_OK;
    if (!source) source = cr_srtp_source_add(&aead->sources, ssrc, false);
    if (!source) return CR_SRTP_FAILED;
    source->rtp_next = *index + 1;
    return CR_SRTP_OK;
}

// What is encrypted: usually the payload, where it lies. With something in front of it or behind it, all is brought
// together where it goes: a copy costs less than a cipher that stops and goes on.
static cr_span join_text(const cr_srtp_parts *parts, uint8_t *out, size_t length) {
    if (length == parts->payload_length) return (cr_span){parts->payload, length};
    cr_writer writer = cr_writer_make(out, length);
    cr_write_bytes(&writer, parts->prefix, parts->prefix_length);
    cr_write_bytes(&writer, parts->payload, parts->payload_length);
    if (parts->padding_length > 0) {
        memset(out + writer.length, 0, parts->padding_length);
        out[length - 1] = parts->padding_length;
    }
    return (cr_span){out, length};
}

static cr_srtp_status aead_protect_rtp(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                       size_t *out_length) {
    srtp_aead *aead = aead_of(srtp);
    *out_length = 0;
    uint16_t sequence;
    uint32_t ssrc;
    cr_writer writer = cr_writer_make(out, capacity < CR_PACKET_BYTES ? capacity : CR_PACKET_BYTES);
    // A header part that is longer than the header would send payload in the clear.
    size_t header_length = read_header(parts->header, parts->header_length, &sequence, &ssrc);
    if (header_length == 0 || header_length != parts->header_length) return CR_SRTP_FAILED;
    cr_write_bytes(&writer, parts->header, parts->header_length);
    size_t around = parts->prefix_length + parts->padding_length + CR_AEAD_TAG_BYTES, room = cr_writer_room(&writer);
    if (parts->payload_length > room || around > room - parts->payload_length) return CR_SRTP_FAILED;
    uint64_t index;
    cr_srtp_status status = take_index(aead, ssrc, sequence, &index);
    if (status != CR_SRTP_OK) return status;
    uint8_t iv[CR_AEAD_IV_BYTES];
    make_iv(aead->rtp_salt, ssrc, index, iv);
    uint8_t *sealed = out + parts->header_length;
    cr_span aad = {parts->header, parts->header_length};
    cr_span text = join_text(parts, sealed, parts->prefix_length + parts->payload_length + parts->padding_length);
    if (!aead->cipher->seal(aead->rtp_key, iv, aad, text, sealed)) return CR_SRTP_FAILED;
    *out_length = parts->header_length + text.length + CR_AEAD_TAG_BYTES;
    return CR_SRTP_OK;
}

static cr_srtp_status aead_unprotect_rtp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    srtp_aead *aead = aead_of(srtp);
    uint16_t sequence;
    uint32_t ssrc;
    if (*length < CR_AEAD_TAG_BYTES || *length > CR_PACKET_BYTES) return CR_SRTP_MALFORMED;
    size_t plain_length = *length - CR_AEAD_TAG_BYTES;
    size_t header_length = read_header(packet, plain_length, &sequence, &ssrc);
    if (header_length == 0) return CR_SRTP_MALFORMED;
    cr_srtp_source *source = cr_srtp_source_find(&aead->sources, ssrc);
    uint64_t next = source ? source->rtp_next : 0, index = cr_srtp_index_guess(next, sequence);
    if (index > CR_SRTP_LAST_INDEX) return CR_SRTP_FAILED;
    if (source && !cr_replay_is_new(source->windows->rtp, CR_SRTP_WINDOW, next, index)) return CR_SRTP_REPLAY;
    uint8_t iv[CR_AEAD_IV_BYTES];
    make_iv(aead->rtp_salt, ssrc, index, iv);
    if (!aead->cipher->open(aead->rtp_key, iv, (cr_span){packet, header_length}, packet + header_length,
                            plain_length - header_length, packet + plain_length)) {
        return CR_SRTP_AUTHENTICATION;
    }
    if (!source) source = cr_srtp_source_add(&aead->sources, ssrc, true);
    if (!source) return CR_SRTP_FAILED;
    source->rtp_next = cr_replay_commit(source->windows->rtp, CR_SRTP_WINDOW, next, index);
    *length = plain_length;
    return CR_SRTP_OK;
}

// ----------------------------------------------------------------------------------------------------------- SRTCP

// What is authenticated but not encrypted: the first 8 bytes and the last 4 (RFC 7714, 9.2).
static void join_clear(const uint8_t *packet, uint32_t esrtcp, uint8_t out[RTCP_CLEAR_BYTES + ESRTCP_BYTES]) {
    cr_writer writer = cr_writer_make(out, RTCP_CLEAR_BYTES + ESRTCP_BYTES);
    cr_write_bytes(&writer, packet, RTCP_CLEAR_BYTES);
    cr_write_u32(&writer, esrtcp);
}

static uint32_t read_u32_at(const uint8_t *bytes) {
    cr_reader reader = cr_reader_make(bytes, 4);
    return cr_read_u32(&reader);
}

static cr_srtp_status aead_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                        size_t capacity, size_t *out_length) {
    srtp_aead *aead = aead_of(srtp);
    *out_length = 0;
    if (plain_length < RTCP_CLEAR_BYTES || plain_length > CR_PACKET_BYTES - CR_AEAD_TAG_BYTES - ESRTCP_BYTES ||
        capacity < plain_length + CR_AEAD_TAG_BYTES + ESRTCP_BYTES) {
        return CR_SRTP_FAILED;
    }
    uint32_t ssrc = read_u32_at(plain + 4);
    cr_srtp_source *source = cr_srtp_source_find(&aead->sources, ssrc);
    // 1 is the first index, as with libsrtp; each is used once, and the key is used up behind the last one.
    uint32_t index = source && source->rtcp_next > 0 ? source->rtcp_next : 1;
    if (index > CR_SRTCP_LAST_INDEX) return CR_SRTP_FAILED;
    if (!source) source = cr_srtp_source_add(&aead->sources, ssrc, false);
    if (!source) return CR_SRTP_FAILED;
    source->rtcp_next = index + 1;
    uint8_t iv[CR_AEAD_IV_BYTES], clear[RTCP_CLEAR_BYTES + ESRTCP_BYTES];
    make_iv(aead->rtcp_salt, ssrc, index, iv);
    join_clear(plain, ENCRYPTED_FLAG | index, clear);
    cr_writer writer = cr_writer_make(out, capacity);
    cr_write_bytes(&writer, plain, RTCP_CLEAR_BYTES);
    cr_span text = {plain + RTCP_CLEAR_BYTES, plain_length - RTCP_CLEAR_BYTES};
    if (!aead->cipher->seal(aead->rtcp_key, iv, (cr_span){clear, sizeof clear}, text, out + RTCP_CLEAR_BYTES)) {
        return CR_SRTP_FAILED;
    }
    writer.length = plain_length + CR_AEAD_TAG_BYTES;
    cr_write_u32(&writer, ENCRYPTED_FLAG | index);
    *out_length = writer.length;
    return CR_SRTP_OK;
}

static cr_srtp_status aead_unprotect_rtcp(cr_srtp *srtp, uint8_t *packet, size_t *length) {
    srtp_aead *aead = aead_of(srtp);
    if (*length < RTCP_CLEAR_BYTES + CR_AEAD_TAG_BYTES + ESRTCP_BYTES || *length > CR_PACKET_BYTES) {
        return CR_SRTP_MALFORMED;
    }
    size_t plain_length = *length - CR_AEAD_TAG_BYTES - ESRTCP_BYTES;
    uint32_t ssrc = read_u32_at(packet + 4), esrtcp = read_u32_at(packet + *length - ESRTCP_BYTES);
    // DTLS-SRTP negotiates no SRTCP in the clear (RFC 5764, 4.1.2).
    if (!(esrtcp & ENCRYPTED_FLAG)) return CR_SRTP_AUTHENTICATION;
    uint32_t index = esrtcp & ~ENCRYPTED_FLAG;
    cr_srtp_source *source = cr_srtp_source_find(&aead->sources, ssrc);
    uint32_t next = source ? source->rtcp_next : 0;
    if (source && !cr_replay_is_new(source->windows->rtcp, CR_SRTCP_WINDOW, next, index)) return CR_SRTP_REPLAY;
    uint8_t iv[CR_AEAD_IV_BYTES], clear[RTCP_CLEAR_BYTES + ESRTCP_BYTES];
    make_iv(aead->rtcp_salt, ssrc, index, iv);
    join_clear(packet, esrtcp, clear);
    if (!aead->cipher->open(aead->rtcp_key, iv, (cr_span){clear, sizeof clear}, packet + RTCP_CLEAR_BYTES,
                            plain_length - RTCP_CLEAR_BYTES, packet + plain_length)) {
        return CR_SRTP_AUTHENTICATION;
    }
    if (!source) source = cr_srtp_source_add(&aead->sources, ssrc, true);
    if (!source) return CR_SRTP_FAILED;
    source->rtcp_next = (uint32_t)cr_replay_commit(source->windows->rtcp, CR_SRTCP_WINDOW, next, index);
    *length = plain_length;
    return CR_SRTP_OK;
}

static const cr_srtp_backend aead_backend = {
    .close = aead_close,
    .forget = aead_forget,
    .protect_rtp = aead_protect_rtp,
    .unprotect_rtp = aead_unprotect_rtp,
    .protect_rtcp = aead_protect_rtcp,
    .unprotect_rtcp = aead_unprotect_rtcp,
};

cr_srtp *cr_srtp_aead_open(const cr_aead *cipher, cr_srtp_direction direction, const cr_srtp_keys *keys) {
    srtp_aead *aead = calloc(1, sizeof *aead);
    if (!aead) return NULL;
    aead->base.backend = &aead_backend;
    aead->cipher = cipher;
    memcpy(aead->rtp_salt, keys->rtp_salt, sizeof aead->rtp_salt);
    memcpy(aead->rtcp_salt, keys->rtcp_salt, sizeof aead->rtcp_salt);
    aead->rtp_key = cipher->key_open(cipher, direction == CR_SRTP_SEND, keys->rtp_key, keys->key_bytes);
    aead->rtcp_key = cipher->key_open(cipher, direction == CR_SRTP_SEND, keys->rtcp_key, keys->key_bytes);
    if (!aead->rtp_key || !aead->rtcp_key) {
        aead_close(&aead->base);
        return NULL;
    }
    return &aead->base;
}
