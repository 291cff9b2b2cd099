// One VP8 or VP9 decoder. What a frame may ask for was read from its header before (Sources/Codecs); here is seen to it
// that libvpx decodes nothing but the frames whose headers were read.

#include "ccodecs.h"

#include <stdlib.h>
#include <string.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

// VP9's superframe index (its specification, annex B) for a single frame with a length of four bytes: marker, length,
// marker. In the marker: 110, the bytes of a length less one, the number of frames less one.
#define INDEX_BYTES 6
#define INDEX_MARKER (0xc0 | 3 << 3 | 0)

struct co_vpx_decoder {
    vpx_codec_ctx_t context;
    uint8_t *indexed;  // the last frame with an index behind it
    size_t capacity;
};

co_vpx_decoder *co_vpx_decoder_create(co_vpx_codec codec, uint32_t threads, int32_t *error) {
    *error = VPX_CODEC_MEM_ERROR;
    co_vpx_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) return NULL;
    vpx_codec_iface_t *interface = codec == CO_VP8 ? vpx_codec_vp8_dx() : vpx_codec_vp9_dx();
    const vpx_codec_dec_cfg_t config = {.threads = threads};
    const vpx_codec_err_t status = vpx_codec_dec_init(&decoder->context, interface, &config, 0);
    *error = (int32_t)status;
    if (status == VPX_CODEC_OK) return decoder;
    free(decoder);
    return NULL;
}

void co_vpx_decoder_destroy(co_vpx_decoder *decoder) {
    vpx_codec_destroy(&decoder->context);
    free(decoder->indexed);
    free(decoder);
}

// A copy of the frame with an index behind it: libvpx then takes the length from there instead of going on with what
// follows the end of the frame. The buffer grows to the largest frame and stays.
static const uint8_t *with_index(co_vpx_decoder *decoder, const uint8_t *bytes, size_t length) {
    if (decoder->capacity < length + INDEX_BYTES) {
        uint8_t *larger = realloc(decoder->indexed, length + INDEX_BYTES);
        if (larger == NULL) return NULL;
        decoder->indexed = larger;
        decoder->capacity = length + INDEX_BYTES;
    }
    const uint8_t index[INDEX_BYTES] = {
        INDEX_MARKER, (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16), (uint8_t)(length >> 24),
        INDEX_MARKER,
    };
    memcpy(decoder->indexed, bytes, length);
    memcpy(decoder->indexed + length, index, INDEX_BYTES);
    return decoder->indexed;
}

int32_t co_vpx_decode(co_vpx_decoder *decoder, const uint8_t *bytes, size_t length, bool single_frame,
                      co_picture *picture) {
    *picture = (co_picture){0};
    if (length == 0 || length > UINT32_MAX - INDEX_BYTES) return VPX_CODEC_INVALID_PARAM;
    if (single_frame) {
        bytes = with_index(decoder, bytes, length);
        if (bytes == NULL) return VPX_CODEC_MEM_ERROR;
        length += INDEX_BYTES;
    }
    const vpx_codec_err_t status = vpx_codec_decode(&decoder->context, bytes, (unsigned)length, NULL, 0);
    if (status) return (int32_t)status;
    vpx_codec_iter_t position = NULL;
    const vpx_image_t *image = vpx_codec_get_frame(&decoder->context, &position);
    if (image == NULL) return VPX_CODEC_OK;
    if (image->fmt != VPX_IMG_FMT_I420) return VPX_CODEC_UNSUP_BITSTREAM;
    *picture = (co_picture){
        .width = image->d_w,
        .height = image->d_h,
        .y = image->planes[VPX_PLANE_Y],
        .u = image->planes[VPX_PLANE_U],
        .v = image->planes[VPX_PLANE_V],
        .y_stride = image->stride[VPX_PLANE_Y],
        .u_stride = image->stride[VPX_PLANE_U],
        .v_stride = image->stride[VPX_PLANE_V],
    };
    return VPX_CODEC_OK;
}
