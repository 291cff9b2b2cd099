// srtp.h: the seam between the core and what encrypts (RFC 3711, RFC 7714). One cr_srtp is one direction of one
// transport: a master key, any number of SSRCs. srtp_aead.c is the back end of what nearly all clients use, srtp_lib.c
// (libsrtp2) that of the rest. Nothing here knows a shard: whoever speaks SRTP can use it, in either role.
//
// Protecting takes the plain header and the plain payload and writes a whole packet elsewhere: the payload is shared by
// all subscribers, so sealing from it straight into the send buffer saves the copy.

#ifndef CR_SRTP_H
#define CR_SRTP_H

#include "crelay.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cr_srtp_status {
    CR_SRTP_OK = 0,
    CR_SRTP_AUTHENTICATION,  // the tag is wrong: nothing changed in the context
    CR_SRTP_REPLAY,          // seen before, or older than the window
    CR_SRTP_MALFORMED,       // shorter than a header and a tag
    CR_SRTP_FAILED,          // the back end refused
} cr_srtp_status;

typedef enum cr_srtp_direction { CR_SRTP_RECEIVE, CR_SRTP_SEND } cr_srtp_direction;

// The plain parts of an outgoing RTP packet, in order: the whole header with CSRCs and extension block, which stays in
// the clear, and what is encrypted. `prefix` is the original sequence number of a retransmission.
typedef struct cr_srtp_parts {
    const uint8_t *header;
    size_t header_length;
    const uint8_t *prefix;
    size_t prefix_length;
    const uint8_t *payload;
    size_t payload_length;
    uint8_t padding_length;  // bytes behind the payload: zeros, and last their number (RFC 3550, 5.1); the header says P
} cr_srtp_parts;

typedef struct cr_srtp cr_srtp;

// Key and salt lengths of a profile together; 0: unknown profile.
size_t cr_srtp_key_bytes(cr_srtp_profile profile);
// Copies the key; NULL when the back end cannot.
cr_srtp *cr_srtp_open(cr_srtp_profile profile, cr_srtp_direction direction, const uint8_t *key, size_t key_length);
// Wipes what it knows of the key. NULL is allowed.
void cr_srtp_close(cr_srtp *srtp);
// Drops the state of one SSRC. For sending only if the SSRC is never used again under this key.
void cr_srtp_forget(cr_srtp *srtp, uint32_t ssrc);

cr_srtp_status cr_srtp_protect_rtp(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                   size_t *out_length);
// In place; *length becomes that of the plain packet. After a wrong tag the packet is worth nothing.
cr_srtp_status cr_srtp_unprotect_rtp(cr_srtp *srtp, uint8_t *packet, size_t *length);
cr_srtp_status cr_srtp_protect_rtcp(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                    size_t capacity, size_t *out_length);
cr_srtp_status cr_srtp_unprotect_rtcp(cr_srtp *srtp, uint8_t *packet, size_t *length);

// A back end. cr_srtp begins with a pointer to its own, so several can serve different profiles side by side.
typedef struct cr_srtp_backend {
    void (*close)(cr_srtp *srtp);
    void (*forget)(cr_srtp *srtp, uint32_t ssrc);
    cr_srtp_status (*protect_rtp)(cr_srtp *srtp, const cr_srtp_parts *parts, uint8_t *out, size_t capacity,
                                  size_t *out_length);
    cr_srtp_status (*unprotect_rtp)(cr_srtp *srtp, uint8_t *packet, size_t *length);
    cr_srtp_status (*protect_rtcp)(cr_srtp *srtp, const uint8_t *plain, size_t plain_length, uint8_t *out,
                                   size_t capacity, size_t *out_length);
    cr_srtp_status (*unprotect_rtcp)(cr_srtp *srtp, uint8_t *packet, size_t *length);
} cr_srtp_backend;

struct cr_srtp {
    const cr_srtp_backend *backend;
};

cr_srtp *cr_srtp_lib_open(cr_srtp_profile profile, cr_srtp_direction direction, const uint8_t *key, size_t key_length);

// Overwrites a secret in a way the compiler may not remove.
void cr_wipe(void *secret, size_t length);

#endif
