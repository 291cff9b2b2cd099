// libopus without variadic calls. A co_opus_encoder is an OpusEncoder under a name that hides the library's header.

#include "ccodecs.h"

#include <opus/opus.h>

const int32_t co_opus_buffer_too_small = OPUS_BUFFER_TOO_SMALL;
const int32_t co_opus_invalid_packet = OPUS_INVALID_PACKET;
const int32_t co_opus_no_memory = OPUS_ALLOC_FAIL;

static OpusEncoder *encoder_of(co_opus_encoder *encoder) { return (OpusEncoder *)encoder; }

static OpusDecoder *decoder_of(co_opus_decoder *decoder) { return (OpusDecoder *)decoder; }

static int application_of(co_opus_application application) {
    switch (application) {
        case CO_OPUS_VOICE: return OPUS_APPLICATION_VOIP;
        case CO_OPUS_AUDIO: return OPUS_APPLICATION_AUDIO;
        case CO_OPUS_LOW_DELAY: return OPUS_APPLICATION_RESTRICTED_LOWDELAY;
    }
    return OPUS_BAD_ARG;
}

co_opus_encoder *co_opus_encoder_create(int32_t samples_per_second, int channels, co_opus_application application,
                                        int32_t *error) {
    int status = OPUS_OK;
    OpusEncoder *encoder = opus_encoder_create(samples_per_second, channels, application_of(application), &status);
    *error = status;
    return (co_opus_encoder *)encoder;
}

void co_opus_encoder_destroy(co_opus_encoder *encoder) { opus_encoder_destroy(encoder_of(encoder)); }

int32_t co_opus_encoder_set(co_opus_encoder *encoder, co_opus_setting setting, int32_t value) {
    switch (setting) {
        case CO_OPUS_BITRATE: return opus_encoder_ctl(encoder_of(encoder), OPUS_SET_BITRATE(value));
        case CO_OPUS_COMPLEXITY: return opus_encoder_ctl(encoder_of(encoder), OPUS_SET_COMPLEXITY(value));
        case CO_OPUS_INBAND_FEC: return opus_encoder_ctl(encoder_of(encoder), OPUS_SET_INBAND_FEC(value));
        case CO_OPUS_EXPECTED_LOSS: return opus_encoder_ctl(encoder_of(encoder), OPUS_SET_PACKET_LOSS_PERC(value));
        case CO_OPUS_DTX: return opus_encoder_ctl(encoder_of(encoder), OPUS_SET_DTX(value));
    }
    return OPUS_UNIMPLEMENTED;
}

int32_t co_opus_encoder_reset(co_opus_encoder *encoder) {
    return opus_encoder_ctl(encoder_of(encoder), OPUS_RESET_STATE);
}

int32_t co_opus_encoder_lookahead(co_opus_encoder *encoder) {
    opus_int32 samples = 0;
    int status = opus_encoder_ctl(encoder_of(encoder), OPUS_GET_LOOKAHEAD(&samples));
    return status == OPUS_OK ? samples : status;
}

int32_t co_opus_encode(co_opus_encoder *encoder, const int16_t *samples, int frame, uint8_t *out, int32_t capacity) {
    return opus_encode(encoder_of(encoder), samples, frame, out, capacity);
}

int32_t co_opus_encode_float(co_opus_encoder *encoder, const float *samples, int frame, uint8_t *out,
                             int32_t capacity) {
    return opus_encode_float(encoder_of(encoder), samples, frame, out, capacity);
}

co_opus_decoder *co_opus_decoder_create(int32_t samples_per_second, int channels, int32_t *error) {
    int status = OPUS_OK;
    OpusDecoder *decoder = opus_decoder_create(samples_per_second, channels, &status);
    *error = status;
    return (co_opus_decoder *)decoder;
}

void co_opus_decoder_destroy(co_opus_decoder *decoder) { opus_decoder_destroy(decoder_of(decoder)); }

int32_t co_opus_decoder_reset(co_opus_decoder *decoder) {
    return opus_decoder_ctl(decoder_of(decoder), OPUS_RESET_STATE);
}

int32_t co_opus_decode(co_opus_decoder *decoder, const uint8_t *packet, int32_t length, int16_t *out, int frame,
                       bool use_fec) {
    return opus_decode(decoder_of(decoder), packet, length, out, frame, use_fec);
}

int32_t co_opus_decode_float(co_opus_decoder *decoder, const uint8_t *packet, int32_t length, float *out, int frame,
                             bool use_fec) {
    return opus_decode_float(decoder_of(decoder), packet, length, out, frame, use_fec);
}
