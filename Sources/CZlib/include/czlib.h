// czlib.h: what Hutong needs of zlib, as plain C functions; zlib's own calls are macros that Swift cannot import.

#ifndef CZLIB_H
#define CZLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Unpacks one gzip member (RFC 1952) that fills `bytes` to its end into `out`, never writing more than `capacity` bytes
// and never keeping more than zlib's window of 32 KiB beside it. False: malformed, cut off, followed by something, or
// larger than `capacity`; `out` holds nothing of use then.
bool cz_gunzip(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written);

// The same for a bare deflate stream (RFC 1951), as in a ZIP entry. It carries no checksum: compare `cz_crc32`.
bool cz_inflate(const uint8_t *bytes, size_t length, uint8_t *out, size_t capacity, size_t *written);

// The CRC-32 of ZIP and gzip (RFC 1952, section 8).
uint32_t cz_crc32(const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif

#endif
