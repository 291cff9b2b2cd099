// forward.h: what forward.c, subscription.c and retransmit.c share about one subscription.

#ifndef CR_FORWARD_H
#define CR_FORWARD_H

#include "shard.h"

// `stream` becomes the source with the next packet, as a switch. The caller keeps the subscriber lists right.
void cr_forward_adopt(cr_forward *forward, cr_stream *stream);
// Bytes of media sent to the subscriber: a share of them may be sent again (S-18).
void cr_forward_credit(cr_transport *transport, size_t length);

#endif
