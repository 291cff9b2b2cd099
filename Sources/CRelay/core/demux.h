// demux.h: what kind of datagram the first bytes announce (RFC 7983, 7; RFC 5761, 4).

#ifndef CR_DEMUX_H
#define CR_DEMUX_H

#include <stddef.h>
#include <stdint.h>

typedef enum cr_protocol {
    CR_PROTOCOL_UNKNOWN,
    CR_PROTOCOL_STUN,
    CR_PROTOCOL_DTLS,
    CR_PROTOCOL_RTP,
    CR_PROTOCOL_RTCP,
} cr_protocol;

cr_protocol cr_demux(const uint8_t *bytes, size_t length);

#endif
