// One VP8 or VP9 encoder for live video: constant bitrate, no look-ahead, at most one frame out for each picture in,
// and keyframes only where asked for. The figures of the rate control are those of libwebrtc, whose receivers are the
// ones that our streams meet.

#include "ccodecs.h"

#include <stdlib.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

// The rate buffer in milliseconds of the target bitrate: what a receiver's jitter buffer and the network between may
// hold. Larger: better keyframes, later pictures behind them.
#define BUFFER_MS 1000
#define BUFFER_INITIAL_MS 500
#define BUFFER_OPTIMAL_MS 600
// How far one frame may miss its share, in per cent.
#define UNDERSHOOT_PCT 100
#define OVERSHOOT_PCT 15
// A keyframe may take half of the optimal buffer (libwebrtc's MaxIntraTarget), but three average frames at the least.
#define SMALLEST_KEYFRAME_PCT 300
// The error under which a block counts as unchanged and is skipped.
#define STATIC_THRESHOLD 1
#define STATIC_THRESHOLD_SCREEN 100
// VP9's adaptive quantization for live video: blocks that a viewer looks at longest are refreshed cyclically.
#define VP9_CYCLIC_REFRESH 3
// One coding context for a frame instead of one for each frame in flight: we decode frames one after the other.
#define VP9_NO_FRAME_PARALLEL_DECODING 0

const int32_t co_vpx_no_memory = VPX_CODEC_MEM_ERROR;

struct co_vpx_encoder {
    vpx_codec_ctx_t context;
    vpx_codec_enc_cfg_t config;
    co_vpx_codec codec;
    uint32_t temporal_layers;
};

// The share of the bitrate that the layers up to each one have together, in per cent (libwebrtc's).
static const unsigned layer_shares[CO_MAX_TEMPORAL_LAYERS][CO_MAX_TEMPORAL_LAYERS] = {
    {100}, {60, 100}, {40, 60, 100}
};

static void set_bitrate(co_vpx_encoder *encoder, unsigned kilobits_per_second) {
    encoder->config.rc_target_bitrate = kilobits_per_second;
    if (encoder->temporal_layers == 1) return;
    for (unsigned layer = 0; layer < encoder->temporal_layers; layer++)
        encoder->config.ts_target_bitrate[layer] =
            kilobits_per_second * layer_shares[encoder->temporal_layers - 1][layer] / 100;
}

// Each layer doubles the frame rate: 0 1 0 1 or 0 2 1 2. Which layer a picture is in is told with each picture
// (VP8E_SET_TEMPORAL_LAYER_ID); the cycle here tells the rate control what to expect.
static void set_layers(vpx_codec_enc_cfg_t *config, unsigned layers) {
    static const unsigned cycle[CO_MAX_TEMPORAL_LAYERS][4] = {{0}, {0, 1}, {0, 2, 1, 2}};
    if (layers == 1) return;
    config->ts_number_layers = layers;
    config->ts_periodicity = 1u << (layers - 1);
    for (unsigned layer = 0; layer < layers; layer++) config->ts_rate_decimator[layer] = 1u << (layers - 1 - layer);
    for (unsigned i = 0; i < config->ts_periodicity; i++) config->ts_layer_id[i] = cycle[layers - 1][i];
}

static unsigned keyframe_share(const co_vpx_encoder_config *config) {
    unsigned share = BUFFER_OPTIMAL_MS * config->frames_per_second / 20;
    return share < SMALLEST_KEYFRAME_PCT ? SMALLEST_KEYFRAME_PCT : share;
}

static int log2_floor(unsigned value) {
    int result = 0;
    while (value >>= 1) result++;
    return result;
}

static vpx_codec_err_t set_controls(vpx_codec_ctx_t *context, const co_vpx_encoder_config *config) {
    const unsigned threshold = config->screen_content ? STATIC_THRESHOLD_SCREEN : STATIC_THRESHOLD;
    const int tiles = log2_floor(config->threads);
    vpx_codec_err_t status = vpx_codec_control(context, VP8E_SET_CPUUSED, config->cpu_used);
    if (!status) status = vpx_codec_control(context, VP8E_SET_STATIC_THRESHOLD, threshold);
    if (!status) status = vpx_codec_control(context, VP8E_SET_MAX_INTRA_BITRATE_PCT, keyframe_share(config));
    if (config->codec == CO_VP8) {
        if (!status) status = vpx_codec_control(context, VP8E_SET_TOKEN_PARTITIONS, tiles);
        if (!status) status = vpx_codec_control(context, VP8E_SET_SCREEN_CONTENT_MODE, config->screen_content);
        return status;
    }
    const int content = config->screen_content ? VP9E_CONTENT_SCREEN : VP9E_CONTENT_DEFAULT;
    if (!status) status = vpx_codec_control(context, VP9E_SET_TILE_COLUMNS, tiles);
    if (!status) status = vpx_codec_control(context, VP9E_SET_ROW_MT, config->threads > 1);
    if (!status) status = vpx_codec_control(context, VP9E_SET_AQ_MODE, VP9_CYCLIC_REFRESH);
    if (!status)
        status = vpx_codec_control(context, VP9E_SET_FRAME_PARALLEL_DECODING, VP9_NO_FRAME_PARALLEL_DECODING);
    if (!status) status = vpx_codec_control(context, VP9E_SET_TUNE_CONTENT, content);
    return status;
}

static vpx_codec_err_t open_codec(co_vpx_encoder *encoder, const co_vpx_encoder_config *config) {
    vpx_codec_iface_t *interface = config->codec == CO_VP8 ? vpx_codec_vp8_cx() : vpx_codec_vp9_cx();
    vpx_codec_enc_cfg_t *settings = &encoder->config;
    vpx_codec_err_t status = vpx_codec_enc_config_default(interface, settings, 0);
    if (status) return status;
    settings->g_w = config->width;
    settings->g_h = config->height;
    settings->g_timebase = (vpx_rational_t){.num = 1, .den = (int)config->ticks_per_second};
    settings->g_threads = config->threads;
    settings->g_lag_in_frames = 0;
    settings->g_pass = VPX_RC_ONE_PASS;
    settings->g_error_resilient = config->error_resilient ? VPX_ERROR_RESILIENT_DEFAULT : 0;
    settings->rc_end_usage = VPX_CBR;
    settings->rc_dropframe_thresh = config->drop_threshold;
    settings->rc_resize_allowed = 0;
    settings->rc_min_quantizer = config->min_quantizer;
    settings->rc_max_quantizer = config->max_quantizer;
    settings->rc_undershoot_pct = UNDERSHOOT_PCT;
    settings->rc_overshoot_pct = OVERSHOOT_PCT;
    settings->rc_buf_sz = BUFFER_MS;
    settings->rc_buf_initial_sz = BUFFER_INITIAL_MS;
    settings->rc_buf_optimal_sz = BUFFER_OPTIMAL_MS;
    settings->kf_mode = VPX_KF_DISABLED;
    set_layers(settings, config->temporal_layers);
    set_bitrate(encoder, config->kilobits_per_second);
    status = vpx_codec_enc_init(&encoder->context, interface, settings, 0);
    if (status) return status;
    status = set_controls(&encoder->context, config);
    if (status) vpx_codec_destroy(&encoder->context);
    return status;
}

co_vpx_encoder *co_vpx_encoder_create(const co_vpx_encoder_config *config, int32_t *error) {
    *error = VPX_CODEC_MEM_ERROR;
    co_vpx_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) return NULL;
    encoder->codec = config->codec;
    encoder->temporal_layers = config->temporal_layers;
    const vpx_codec_err_t status = open_codec(encoder, config);
    *error = (int32_t)status;
    if (status == VPX_CODEC_OK) return encoder;
    free(encoder);
    return NULL;
}

void co_vpx_encoder_destroy(co_vpx_encoder *encoder) {
    vpx_codec_destroy(&encoder->context);
    free(encoder);
}

int32_t co_vpx_encoder_set_bitrate(co_vpx_encoder *encoder, uint32_t kilobits_per_second) {
    set_bitrate(encoder, kilobits_per_second);
    return (int32_t)vpx_codec_enc_config_set(&encoder->context, &encoder->config);
}

// A frame that a receiver of fewer layers never sees must not change the probabilities by which later ones are read.
static vpx_enc_frame_flags_t flags_of(co_vpx_reference_use use) {
    const vpx_enc_frame_flags_t replaces_nothing =
        VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY;
    switch (use) {
        case CO_VPX_FREE_CHOICE: return 0;
        case CO_VPX_KEYFRAME: return VPX_EFLAG_FORCE_KF;
        case CO_VPX_LAST_TO_LAST:
            return VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF;
        case CO_VPX_LAST_TO_GOLDEN:
            return VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_ARF |
                   VP8_EFLAG_NO_UPD_ENTROPY;
        case CO_VPX_LAST_TO_NOTHING: return VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF | replaces_nothing;
        case CO_VPX_LAST_AND_GOLDEN_TO_NOTHING: return VP8_EFLAG_NO_REF_ARF | replaces_nothing;
    }
    return 0;
}

// Points libvpx at the caller's planes, which it only reads.
static bool wrap(vpx_image_t *image, const co_picture *picture) {
    if (vpx_img_wrap(image, VPX_IMG_FMT_I420, picture->width, picture->height, 1, (uint8_t *)picture->y) == NULL)
        return false;
    image->planes[VPX_PLANE_Y] = (uint8_t *)picture->y;
    image->planes[VPX_PLANE_U] = (uint8_t *)picture->u;
    image->planes[VPX_PLANE_V] = (uint8_t *)picture->v;
    image->stride[VPX_PLANE_Y] = picture->y_stride;
    image->stride[VPX_PLANE_U] = picture->u_stride;
    image->stride[VPX_PLANE_V] = picture->v_stride;
    return true;
}

int32_t co_vpx_encode(co_vpx_encoder *encoder, const co_picture *picture, int64_t timestamp, uint64_t duration,
                      uint32_t temporal_layer, co_vpx_reference_use use, co_vpx_frame *frame) {
    *frame = (co_vpx_frame){0};
    vpx_image_t image;
    if (!wrap(&image, picture)) return VPX_CODEC_INVALID_PARAM;
    vpx_codec_err_t status = VPX_CODEC_OK;
    if (encoder->temporal_layers > 1)
        status = vpx_codec_control(&encoder->context, VP8E_SET_TEMPORAL_LAYER_ID, (int)temporal_layer);
    if (status) return (int32_t)status;
    status = vpx_codec_encode(&encoder->context, &image, timestamp, duration, flags_of(use), VPX_DL_REALTIME);
    if (status) return (int32_t)status;
    vpx_codec_iter_t position = NULL;
    const vpx_codec_cx_pkt_t *packet;
    while ((packet = vpx_codec_get_cx_data(&encoder->context, &position)) != NULL) {
        if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
        frame->bytes = packet->data.frame.buf;
        frame->length = packet->data.frame.sz;
        frame->is_keyframe = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
        break;
    }
    return VPX_CODEC_OK;
}
