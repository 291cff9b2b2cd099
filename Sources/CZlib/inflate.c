// One call into zlib's inflate: input and output are whole, so there is no loop and no growing buffer.

#include "czlib.h"

#include <limits.h>
#include <zlib.h>

// Added to the window's bits, it asks inflate for a gzip header and its checksum instead of zlib's own.
#define GZIP_HEADER 16

static bool unpack(int window_bits, const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written) {
    *written = 0;
    if (length == 0 || length > UINT_MAX || capacity > UINT_MAX) return false;
    z_stream stream = {
        .next_in = (z_const Bytef *)bytes,
        .avail_in = (uInt)length,
        .next_out = out,
        .avail_out = (uInt)capacity,
    };
    if (inflateInit2(&stream, window_bits) != Z_OK) return false;
    bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
    if (whole) *written = capacity - stream.avail_out;
    inflateEnd(&stream);
    return whole;
}

bool cz_gunzip(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written) {
    return unpack(MAX_WBITS + GZIP_HEADER, bytes, length, out, capacity, written);
}

bool cz_inflate(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written) {
    // A negative window says: neither header nor checksum.
    return unpack(-MAX_WBITS, bytes, length, out, capacity, written);
}

uint32_t cz_crc32(const uint8_t *bytes, size_t length) {
    return (uint32_t)crc32_z(crc32_z(0, Z_NULL, 0), bytes, length);
}
