// srtp_aead.h: SRTP with an AEAD cipher, for those who choose cipher and session keys themselves: srtp.c and the tests.

#ifndef CR_SRTP_AEAD_H
#define CR_SRTP_AEAD_H

#include "aead.h"
#include "srtp.h"
#include "srtp_keys.h"

// Copies the keys. NULL when there is no memory.
cr_srtp *cr_srtp_aead_open(const cr_aead *cipher, cr_srtp_direction direction, const cr_srtp_keys *keys);

#endif
