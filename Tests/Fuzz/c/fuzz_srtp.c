// Fuzz target: hostile SRTP and SRTCP to an open receive context of the AEAD profiles, judged by libsrtp2. The input is
// a script: a byte that chooses profile, cipher and judge, then steps of one byte of operation, one of operand, one of
// length and that many bytes. The bytes are a datagram as it is, or a plain one that is sealed first, maybe damaged,
// and sent once or again. Both must let in the same datagrams, and open them to the same bytes.

#include "../../../Sources/CRelay/core/bytes.h"
#include "../../../Sources/CRelay/core/limits.h"
#include "../../../Sources/CRelay/core/srtp_aead.h"

#include <stdlib.h>
#include <string.h>

#define KEY "a key and a salt for both ends, of 44 bytes .."
#define ROOM 512u

// Opening libsrtp2 takes ten times as long as all the rest of a run, so only some inputs are judged.
typedef struct ends {
    cr_srtp *sending, *receiving;
    cr_srtp *oracle;  // or NULL
} ends;

static void require(bool condition) {
    if (!condition) abort();
}

static ends open_ends(uint8_t choice) {
    cr_srtp_profile profile = choice & 1 ? CR_SRTP_AEAD_AES_256_GCM : CR_SRTP_AEAD_AES_128_GCM;
    const cr_aead *cipher = choice & 2 ? cr_aead_evp() : cr_aead_best();
    size_t length = cr_srtp_key_bytes(profile);
    cr_srtp_keys keys;
    require(cr_srtp_derive_keys((const uint8_t *)KEY, length, &keys));
    return (ends){.sending = cr_srtp_aead_open(cipher, CR_SRTP_SEND, &keys),
                  .receiving = cr_srtp_aead_open(cipher, CR_SRTP_RECEIVE, &keys),
                  .oracle = choice & 4 ? NULL : cr_srtp_lib_open(profile, CR_SRTP_RECEIVE, (const uint8_t *)KEY,
                                                                 length)};
}

// libsrtp names some refusals otherwise (what is not version 2 has a wrong tag): what counts is who is let in.
static void deliver(const ends *ends, bool rtcp, const uint8_t *wire, size_t length) {
    uint8_t ours[ROOM], theirs[ROOM];
    memcpy(ours, wire, length);
    memcpy(theirs, wire, length);
    size_t our_length = length, their_length = length;
    cr_srtp_status (*unprotect)(cr_srtp *, uint8_t *, size_t *) = rtcp ? cr_srtp_unprotect_rtcp : cr_srtp_unprotect_rtp;
    cr_srtp_status our_status = unprotect(ends->receiving, ours, &our_length);
    require(our_status == CR_SRTP_OK ? our_length < length : our_length == length);
    if (!ends->oracle) return;
    cr_srtp_status their_status = unprotect(ends->oracle, theirs, &their_length);
    require((our_status == CR_SRTP_OK) == (their_status == CR_SRTP_OK));
    if (our_status == CR_SRTP_OK) require(our_length == their_length && memcmp(ours, theirs, our_length) == 0);
}

// The header as long as its own bytes say, the rest is payload; a header that is none is refused.
static size_t seal(const ends *ends, bool rtcp, const uint8_t *plain, size_t length, uint8_t *wire) {
    size_t sealed = 0;
    if (rtcp) {
        cr_srtp_protect_rtcp(ends->sending, plain, length, wire, ROOM, &sealed);
        return sealed;
    }
    if (length < 12) return 0;
    size_t header = 12u + 4u * (plain[0] & 0x0Fu);
    if (plain[0] & 0x10 && header + 4 <= length) header += 4u + 4u * (plain[header + 2] * 256u + plain[header + 3]);
    if (header > length) return 0;
    cr_srtp_parts parts = {.header = plain, .header_length = header, .payload = plain + header,
                           .payload_length = length - header};
    cr_srtp_protect_rtp(ends->sending, &parts, wire, ROOM, &sealed);
    return sealed;
}

static void step(const ends *ends, uint8_t operation, uint8_t operand, const uint8_t *bytes, size_t length) {
    uint8_t wire[ROOM];
    bool rtcp = operation & 1;
    size_t sealed;
    switch (operation >> 1 & 3) {
    case 0: deliver(ends, rtcp, bytes, length); return;
    case 1:  // and then again: a replay
        sealed = seal(ends, rtcp, bytes, length, wire);
        for (int times = 0; sealed > 0 && times < 2; times++) deliver(ends, rtcp, wire, sealed);
        return;
    case 2:  // one bit wrong, cut short, and then as it was
        sealed = seal(ends, rtcp, bytes, length, wire);
        if (sealed == 0) return;
        wire[operand % sealed] ^= 1u;
        deliver(ends, rtcp, wire, sealed);
        wire[operand % sealed] ^= 1u;
        deliver(ends, rtcp, wire, operand % sealed);
        deliver(ends, rtcp, wire, sealed);
        return;
    case 3:
        if (length >= 4) {
            cr_reader reader = cr_reader_make(bytes, length);
            uint32_t ssrc = cr_read_u32(&reader);
            cr_srtp_forget(ends->receiving, ssrc);
            if (ends->oracle) cr_srtp_forget(ends->oracle, ssrc);
        }
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    ends ends = open_ends(data[0]);
    require(ends.sending && ends.receiving && (ends.oracle || data[0] & 4));
    data++, size--;
    for (int steps = 0; size >= 3 && steps < 200; steps++) {
        size_t length = data[2];
        if (length > size - 3) length = size - 3;
        step(&ends, data[0], data[1], data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
    cr_srtp_close(ends.sending);
    cr_srtp_close(ends.receiving);
    cr_srtp_close(ends.oracle);
    return 0;
}
