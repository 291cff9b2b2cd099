// address.h: cr_address to and from what the kernel calls a socket address.

#ifndef CR_IO_ADDRESS_H
#define CR_IO_ADDRESS_H

#include "crelay.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t cr_mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static inline bool cr_address_is_ipv4(const cr_address *address) {
    return memcmp(address->ip, cr_mapped_prefix, sizeof cr_mapped_prefix) == 0;
}

// For an AF_INET socket if `ipv4`, else for an AF_INET6 one: `out` holds either.
static inline socklen_t cr_address_write(bool ipv4, const cr_address *address, void *out) {
    if (ipv4) {
        struct sockaddr_in *in = out;
        memset(in, 0, sizeof *in);
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->ip + 12, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = out;
    memset(in6, 0, sizeof *in6);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    memcpy(&in6->sin6_addr, address->ip, 16);
    return sizeof *in6;
}

static inline void cr_address_read(const struct sockaddr_storage *storage, cr_address_kind kind, cr_address *out) {
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)storage;
        memcpy(out->ip, cr_mapped_prefix, sizeof cr_mapped_prefix);
        memcpy(out->ip + 12, &in->sin_addr, 4);
        out->port = ntohs(in->sin_port);
    } else {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)storage;
        memcpy(out->ip, &in6->sin6_addr, 16);
        out->port = ntohs(in6->sin6_port);
    }
    out->kind = (uint16_t)kind;
}

#endif
