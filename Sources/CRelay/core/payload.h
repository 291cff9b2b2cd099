// payload.h: the few facts about a payload that switching and munging need. Only descriptors are read, never frames
// (S-12), so that end-to-end encrypted media is forwarded as well as plain.

#ifndef CR_PAYLOAD_H
#define CR_PAYLOAD_H

#include "crelay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cr_frame {
    bool start;     // first packet of a frame, as far as the codec says
    bool keyframe;  // a decoder can begin with this packet
    uint8_t spatial, temporal;
    // VP8 only: where a forward writes its own numbers, counted from the payload's first byte; 0: absent.
    uint8_t picture_id_offset, tl0_offset;
    bool picture_id_long;  // 15 bits, not 7
    uint16_t picture_id;
    uint8_t tl0;
    // RED only: the primary block (RFC 2198, 3), counted from the payload's first byte.
    uint16_t primary_offset, primary_length;
} cr_frame;

// False: the descriptor is not legal. `out` is then all zero; the packet may still be forwarded.
bool cr_payload_parse(cr_codec codec, const uint8_t *payload, size_t length, cr_frame *out);
// A decoder that joins has to wait for a keyframe.
bool cr_codec_has_keyframes(cr_codec codec);

bool cr_vp8_parse(const uint8_t *payload, size_t length, cr_frame *out);
// Writes picture id and TL0PICIDX where `frame` says they are, in the width they have.
void cr_vp8_patch(uint8_t *payload, size_t length, const cr_frame *frame, uint16_t picture_id, uint8_t tl0);
bool cr_vp9_parse(const uint8_t *payload, size_t length, cr_frame *out);
bool cr_h264_parse(const uint8_t *payload, size_t length, cr_frame *out);
bool cr_av1_parse(const uint8_t *payload, size_t length, cr_frame *out);
bool cr_red_parse(const uint8_t *payload, size_t length, cr_frame *out);

#endif
