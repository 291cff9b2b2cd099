// reference.h: the loop the core is judged by: the least work that every forwarding core must do, in one file that
// shares no code with it. One publisher's packets are opened once and sealed anew for each subscriber.

#ifndef REFERENCE_H
#define REFERENCE_H

#include "measure.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum reference_output {
    REFERENCE_NO_SEND,
    REFERENCE_SENDMMSG,
    REFERENCE_GSO,  // the packets of a round for one subscriber in one message
} reference_output;

typedef struct reference_shape {
    uint32_t subscribers;
    uint32_t round_packets;  // handled together
    size_t rtp_bytes;        // of the plain packet; larger ones carry a VP8 descriptor
    reference_output output;
} reference_shape;

typedef struct reference reference;

// `targets`: where the subscribers' packets go; NULL with REFERENCE_NO_SEND. Ends the process unless libsrtp2 opens
// what one subscriber gets.
reference *reference_open(const reference_shape *shape, const struct sockaddr_in *targets);
void reference_close(reference *reference);
// A slice for measure(): one operation is one packet for one subscriber.
uint64_t reference_slice(void *context, stopwatch *watch);

#endif
