// czlib.h: what Hutong needs of zlib, as one plain C function; zlib's own calls are macros that Swift cannot import.

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

#ifdef __cplusplus
}
#endif

#endif
