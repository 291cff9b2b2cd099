// rtp.h: the RTP header and its extensions, read into offsets and written anew for a subscriber (RFC 3550, 5.1 and
// RFC 8285). Payloads are payload.h's business, encryption is srtp.h's.

#ifndef CR_RTP_H
#define CR_RTP_H

#include "crelay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CR_RTP_HEADER_BYTES 12u

// Where an extension element lies, counted from the first byte of the packet; offset 0: absent.
typedef struct cr_element {
    uint16_t offset;
    uint8_t length;
} cr_element;

typedef struct cr_rtp {
    bool marker;
    bool padded;
    uint8_t payload_type;
    uint8_t padding;  // bytes, the count itself included; known after decryption
    uint16_t sequence;
    uint16_t header_length;  // with CSRCs and extension block
    uint16_t payload_length; // without padding
    uint32_t timestamp;
    uint32_t ssrc;
    uint16_t present;        // a bit, 1 << cr_extension, for each of the extensions below
    cr_element extensions[CR_EXT_COUNT];
} cr_rtp;

// From a negotiated identifier to cr_extension + 1; 0: not negotiated.
typedef struct cr_extension_index {
    uint8_t kinds[256];
} cr_extension_index;

// Refuses two extensions under one identifier.
bool cr_extension_index_make(const cr_extension_map *map, cr_extension_index *out);
// What cr_stream_push reads by when the stream has no transport: identifier = cr_extension + 1.
const cr_extension_index *cr_extension_index_local(void);

// Header, CSRCs and extensions: the part that SRTP leaves in the clear. Payload length still counts padding and tag.
bool cr_rtp_parse_header(const uint8_t *bytes, size_t length, const cr_extension_index *index, cr_rtp *out);
// The padding of the plain packet. False when it does not fit the payload (S-10).
bool cr_rtp_parse_padding(const uint8_t *bytes, size_t length, cr_rtp *rtp);

// What a forward sets itself; everything else comes from the packet it forwards.
typedef struct cr_rtp_fields {
    bool marker;
    bool padded;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const char *mid;
    uint8_t mid_length;
} cr_rtp_fields;

// Header and new extension block for a subscriber that negotiated `map`. Returns its length, 0 when it does not fit.
size_t cr_rtp_write_header(const cr_rtp_fields *fields, const cr_rtp *source, const uint8_t *source_bytes,
                           const cr_extension_map *map, uint8_t *out, size_t capacity);

#endif
