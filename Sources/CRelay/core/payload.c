// payload.c: chooses the codec's parser. What is read from each payload is in payload_*.c and red.c.

#include "payload.h"

bool cr_codec_has_keyframes(cr_codec codec) {
    return codec == CR_CODEC_VP8 || codec == CR_CODEC_VP9 || codec == CR_CODEC_H264 || codec == CR_CODEC_AV1;
}

bool cr_payload_parse(cr_codec codec, const uint8_t *payload, size_t length, cr_frame *out) {
    *out = (cr_frame){0};
    bool legal = true;
    switch (codec) {
    case CR_CODEC_VP8: legal = cr_vp8_parse(payload, length, out); break;
    case CR_CODEC_VP9: legal = cr_vp9_parse(payload, length, out); break;
    case CR_CODEC_H264: legal = cr_h264_parse(payload, length, out); break;
    case CR_CODEC_AV1: legal = cr_av1_parse(payload, length, out); break;
    case CR_CODEC_RED: legal = cr_red_parse(payload, length, out); break;
    case CR_CODEC_OPUS:
    case CR_CODEC_OTHER: out->start = true; break;
    }
    if (!legal) *out = (cr_frame){0};
    return legal;
}
