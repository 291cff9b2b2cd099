// srtp_ends.h: what the tests of SRTP share: the ciphers of this machine, keys, and packets made by chance from a seed.

#ifndef SRTP_ENDS_H
#define SRTP_ENDS_H

#include "../../Sources/CRelay/core/limits.h"
#include "../../Sources/CRelay/core/srtp_aead.h"
#include "check.h"

// Every AES-GCM that runs here: OpenSSL's, and ipsec-mb's for each instruction set the processor has.
size_t srtp_ciphers(const cr_aead *ciphers[CR_AEAD_ISAS + 1]);

// The master key all ends of the tests have.
const uint8_t *srtp_master(void);
cr_srtp *srtp_open_cipher(const cr_aead *cipher, cr_srtp_profile profile, cr_srtp_direction direction);
cr_srtp *srtp_open_oracle(cr_srtp_profile profile, cr_srtp_direction direction);

uint32_t srtp_random(uint32_t *state, uint32_t below);

typedef struct srtp_packet {
    uint8_t plain[CR_PACKET_BYTES];  // header, then what is encrypted
    size_t header_length, prefix_length, length;
} srtp_packet;

// A header with up to 15 CSRCs and maybe an extension block, then up to `most` bytes, maybe a prefix among them.
void srtp_make_packet(uint32_t *state, uint16_t sequence, uint32_t ssrc, uint32_t most, srtp_packet *out);
cr_srtp_parts srtp_parts_of(const srtp_packet *packet);

// A packet of 12 + 30 bytes that knows its number, sealed. Returns its length.
size_t srtp_seal_numbered(cr_srtp *sending, uint32_t ssrc, uint16_t sequence, uint8_t *out);

#endif
