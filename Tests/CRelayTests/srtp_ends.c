// srtp_ends.c: see srtp_ends.h.

#include "srtp_ends.h"

#include "../../Sources/CRelay/core/bytes.h"

size_t srtp_ciphers(const cr_aead *ciphers[CR_AEAD_ISAS + 1]) {
    size_t count = 0;
    ciphers[count++] = cr_aead_evp();
    for (int isa = 0; isa < CR_AEAD_ISAS; isa++) {
        const cr_aead *cipher = cr_aead_ipsec((cr_aead_isa)isa);
        if (cipher) ciphers[count++] = cipher;
    }
    return count;
}

const uint8_t *srtp_master(void) {
    static uint8_t master[44];
    for (uint8_t byte = 0; byte < sizeof master; byte++) master[byte] = (uint8_t)(byte * 7u);
    return master;
}

cr_srtp *srtp_open_cipher(const cr_aead *cipher, cr_srtp_profile profile, cr_srtp_direction direction) {
    cr_srtp_keys keys;
    CHECK(cr_srtp_derive_keys(srtp_master(), cr_srtp_key_bytes(profile), &keys));
    cr_srtp *srtp = cr_srtp_aead_open(cipher, direction, &keys);
    CHECK(srtp != NULL);
    return srtp;
}

cr_srtp *srtp_open_oracle(cr_srtp_profile profile, cr_srtp_direction direction) {
    cr_srtp *srtp = cr_srtp_lib_open(profile, direction, srtp_master(), cr_srtp_key_bytes(profile));
    CHECK(srtp != NULL);
    return srtp;
}

uint32_t srtp_random(uint32_t *state, uint32_t below) {
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(*state ^ *state >> 16) * below >> 32);
}

static void write_random(uint32_t *state, cr_writer *writer, uint32_t count) {
    for (uint32_t index = 0; index < count; index++) cr_write_u8(writer, (uint8_t)srtp_random(state, 256));
}

void srtp_make_packet(uint32_t *state, uint16_t sequence, uint32_t ssrc, uint32_t most, srtp_packet *out) {
    uint32_t csrcs = srtp_random(state, 4) == 0 ? srtp_random(state, 16) : 0;
    uint32_t words = srtp_random(state, 2) == 0 ? srtp_random(state, 20) : 0;
    bool extended = words > 0 || srtp_random(state, 8) == 0;  // an empty block is legal
    cr_writer writer = cr_writer_make(out->plain, sizeof out->plain);
    cr_write_u8(&writer, (uint8_t)(0x80u | (extended ? 0x10u : 0u) | csrcs));
    cr_write_u8(&writer, (uint8_t)srtp_random(state, 128));
    cr_write_u16(&writer, sequence);
    write_random(state, &writer, 4);
    cr_write_u32(&writer, ssrc);
    write_random(state, &writer, 4 * csrcs);
    if (extended) {
        cr_write_u16(&writer, 0xBEDE);
        cr_write_u16(&writer, (uint16_t)words);
        write_random(state, &writer, 4 * words);
    }
    out->header_length = writer.length;
    uint32_t text = srtp_random(state, most + 1);
    out->prefix_length = text > 0 && srtp_random(state, 3) == 0 ? srtp_random(state, text < 40 ? text : 40) : 0;
    write_random(state, &writer, text);
    out->length = writer.length;
}

cr_srtp_parts srtp_parts_of(const srtp_packet *packet) {
    const uint8_t *text = packet->plain + packet->header_length;
    return (cr_srtp_parts){.header = packet->plain, .header_length = packet->header_length, .prefix = text,
                           .prefix_length = packet->prefix_length, .payload = text + packet->prefix_length,
                           .payload_length = packet->length - packet->header_length - packet->prefix_length};
}

size_t srtp_seal_numbered(cr_srtp *sending, uint32_t ssrc, uint16_t sequence, uint8_t *out) {
    uint8_t header[12] = {0x80, 96, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0, 0, 1, (uint8_t)(ssrc >> 24),
                          (uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc};
    uint8_t payload[30];
    memset(payload, (int)(sequence & 0xFF), sizeof payload);
    cr_srtp_parts parts = {.header = header, .header_length = 12, .payload = payload, .payload_length = 30};
    size_t length = 0;
    CHECK_EQ(cr_srtp_protect_rtp(sending, &parts, out, CR_PACKET_BYTES, &length), CR_SRTP_OK);
    CHECK_EQ(length, 12 + 30 + CR_AEAD_TAG_BYTES);
    return length;
}
