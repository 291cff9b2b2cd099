// Fuzz target: the payload descriptors of all codecs and RED. First byte: codec; then the payload. A patched VP8
// descriptor must parse again with the numbers that were written and nothing else changed.

#include "../../../Sources/CRelay/core/payload.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) abort();
}

static void patch(uint8_t *payload, size_t length, const cr_frame *frame) {
    uint8_t *before = malloc(length);
    memcpy(before, payload, length);
    cr_vp8_patch(payload, length, frame, (uint16_t)(frame->picture_id + 77), (uint8_t)(frame->tl0 + 9));
    cr_frame again;
    require(cr_payload_parse(CR_CODEC_VP8, payload, length, &again));
    uint16_t mask = frame->picture_id_long ? 0x7FFF : 0x7F;
    if (frame->picture_id_offset) require(again.picture_id == ((frame->picture_id + 77) & mask));
    if (frame->tl0_offset) require(again.tl0 == (uint8_t)(frame->tl0 + 9));
    require(again.start == frame->start && again.keyframe == frame->keyframe && again.temporal == frame->temporal);
    cr_vp8_patch(payload, length, frame, frame->picture_id, frame->tl0);
    require(memcmp(before, payload, length) == 0);
    free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    cr_codec codec = (cr_codec)(data[0] % (CR_CODEC_AV1 + 1));
    size_t length = size - 1;
    uint8_t *payload = malloc(length ? length : 1);
    memcpy(payload, data + 1, length);
    cr_frame frame;
    bool legal = cr_payload_parse(codec, payload, length, &frame);
    require(legal || (!frame.start && !frame.keyframe));
    require(!frame.keyframe || frame.start);
    if (legal && codec == CR_CODEC_RED) require((size_t)frame.primary_offset + frame.primary_length == length);
    if (legal && codec == CR_CODEC_VP8) patch(payload, length, &frame);
    free(payload);
    return 0;
}
