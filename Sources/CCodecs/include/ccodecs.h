// ccodecs.h: what Hutong needs of libopus and libvpx, as plain C functions that Swift can import: their settings go
// through variadic calls and macros. The libraries' own headers stay inside this target; what is a valid configuration,
// and what a stranger's bytes may ask for, is decided in Sources/Codecs.
//
// Rules of the surface
//  - An encoder or decoder belongs to one thread at a time. Different ones share nothing.
//  - No call keeps a pointer it was given. What it gives out says how long it lives.
//  - Results are the libraries' own numbers: OPUS_* of opus_defines.h (negative: an error), vpx_codec_err_t (0: fine).

#ifndef CCODECS_H
#define CCODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ------------------------------------------------------------------------------------------------------------ Opus

typedef struct co_opus_encoder co_opus_encoder;
typedef struct co_opus_decoder co_opus_decoder;

typedef enum co_opus_application {
    CO_OPUS_VOICE = 0,
    CO_OPUS_AUDIO,
    CO_OPUS_LOW_DELAY,
} co_opus_application;

typedef enum co_opus_setting {
    CO_OPUS_BITRATE = 0,    // bits per second
    CO_OPUS_COMPLEXITY,     // 0...10
    CO_OPUS_INBAND_FEC,     // 0 or 1
    CO_OPUS_EXPECTED_LOSS,  // per cent
    CO_OPUS_DTX,            // 0 or 1
} co_opus_setting;

// The results that Swift tells apart.
extern const int32_t co_opus_buffer_too_small;
extern const int32_t co_opus_invalid_packet;
extern const int32_t co_opus_no_memory;

// NULL with *error set: out of memory, or a rate or number of channels that Opus does not have.
co_opus_encoder *co_opus_encoder_create(int32_t samples_per_second, int channels, co_opus_application application,
                                        int32_t *error);
void co_opus_encoder_destroy(co_opus_encoder *encoder);
int32_t co_opus_encoder_set(co_opus_encoder *encoder, co_opus_setting setting, int32_t value);
// Forgets the past, keeps the settings.
int32_t co_opus_encoder_reset(co_opus_encoder *encoder);
// Samples per channel by which the encoder delays; negative: an error.
int32_t co_opus_encoder_lookahead(co_opus_encoder *encoder);
// `frame` is samples per channel. The bytes written, or an error.
int32_t co_opus_encode(co_opus_encoder *encoder, const int16_t *samples, int frame, uint8_t *out, int32_t capacity);
int32_t co_opus_encode_float(co_opus_encoder *encoder, const float *samples, int frame, uint8_t *out,
                             int32_t capacity);

co_opus_decoder *co_opus_decoder_create(int32_t samples_per_second, int channels, int32_t *error);
void co_opus_decoder_destroy(co_opus_decoder *decoder);
int32_t co_opus_decoder_reset(co_opus_decoder *decoder);
// `packet` NULL conceals `frame` samples per channel; `use_fec` decodes what the packet says of the one before it.
// Otherwise `frame` is the room in `out`. The samples per channel written, or an error.
int32_t co_opus_decode(co_opus_decoder *decoder, const uint8_t *packet, int32_t length, int16_t *out, int frame,
                       bool use_fec);
int32_t co_opus_decode_float(co_opus_decoder *decoder, const uint8_t *packet, int32_t length, float *out, int frame,
                             bool use_fec);

// ------------------------------------------------------------------------------------------------------- VP8, VP9

typedef enum co_vpx_codec { CO_VP8 = 0, CO_VP9 } co_vpx_codec;

// The results that Swift tells apart.
extern const int32_t co_vpx_no_memory;

// Three planes of 8-bit samples; U and V have half the width and height, rounded up.
typedef struct co_picture {
    uint32_t width, height;
    const uint8_t *y, *u, *v;
    int32_t y_stride, u_stride, v_stride;  // bytes from one row to the next
} co_picture;

typedef struct co_vpx_encoder co_vpx_encoder;
typedef struct co_vpx_decoder co_vpx_decoder;

#define CO_MAX_TEMPORAL_LAYERS 3

typedef struct co_vpx_encoder_config {
    co_vpx_codec codec;
    uint32_t width, height;
    uint32_t ticks_per_second;
    uint32_t frames_per_second;
    uint32_t kilobits_per_second;
    uint32_t min_quantizer, max_quantizer;  // 0...63
    int32_t cpu_used;                       // VP8E_SET_CPUUSED
    uint32_t threads;
    uint32_t temporal_layers;               // 1...CO_MAX_TEMPORAL_LAYERS; more than 1 only for VP8
    uint32_t drop_threshold;                // per cent of the rate buffer under which frames are dropped; 0: never
    bool error_resilient;
    bool screen_content;
} co_vpx_encoder_config;

// What one encoded frame may refer to and replace.
typedef enum co_vpx_reference_use {
    CO_VPX_FREE_CHOICE = 0,            // the encoder's own choice
    CO_VPX_KEYFRAME,
    CO_VPX_LAST_TO_LAST,               // base layer: refers to Last, replaces Last
    CO_VPX_LAST_TO_GOLDEN,             // refers to Last, replaces Golden
    CO_VPX_LAST_TO_NOTHING,
    CO_VPX_LAST_AND_GOLDEN_TO_NOTHING,
} co_vpx_reference_use;

typedef struct co_vpx_frame {
    const uint8_t *bytes;  // in the encoder's memory, until its next call
    size_t length;         // 0: the rate control dropped the picture
    bool is_keyframe;
} co_vpx_frame;

// NULL with *error set.
co_vpx_encoder *co_vpx_encoder_create(const co_vpx_encoder_config *config, int32_t *error);
void co_vpx_encoder_destroy(co_vpx_encoder *encoder);
int32_t co_vpx_encoder_set_bitrate(co_vpx_encoder *encoder, uint32_t kilobits_per_second);
// Timestamps rise from call to call; the picture has the configured size.
int32_t co_vpx_encode(co_vpx_encoder *encoder, const co_picture *picture, int64_t timestamp, uint64_t duration,
                      uint32_t temporal_layer, co_vpx_reference_use use, co_vpx_frame *frame);

co_vpx_decoder *co_vpx_decoder_create(co_vpx_codec codec, uint32_t threads, int32_t *error);
void co_vpx_decoder_destroy(co_vpx_decoder *decoder);
// *picture is in the decoder's memory until its next call; its width is 0 when the frame shows none. With
// `single_frame` VP9 takes all bytes for one frame, as it otherwise does only for what has a superframe index: left
// alone, libvpx decodes whatever follows the first frame as another one.
int32_t co_vpx_decode(co_vpx_decoder *decoder, const uint8_t *bytes, size_t length, bool single_frame,
                      co_picture *picture);

#ifdef __cplusplus
}
#endif

#endif
