// One call into zlib's inflate: input and output are whole, so there is no loop and no growing buffer.

#include "czlib.h"

#include <limits.h>
#include <zlib.h>

// Added to the window's bits, it asks inflate for a gzip header and its checksum instead of zlib's own.
#define GZIP_HEADER 16

bool cz_gunzip(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written) {
    *written = 0;
    if (length == 0 || length > UINT_MAX || capacity > UINT_MAX) return false;
    z_stream stream = {
        .next_in = (z_const Bytef *)bytes,
        .avail_in = (uInt)length,
        .next_out = out,
        .avail_out = (uInt)capacity,
    };
    if (inflateInit2(&stream, MAX_WBITS + GZIP_HEADER) != Z_OK) return false;
    bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
    if (whole) *written = capacity - stream.avail_out;
    inflateEnd(&stream);
    return whole;
}
