// datagram_bio.h: an OpenSSL BIO that keeps datagrams apart: one write is one datagram, one read is one datagram.

#ifndef CC_DATAGRAM_BIO_H
#define CC_DATAGRAM_BIO_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cc_datagram {
    struct cc_datagram *next;
    size_t length;
    uint8_t bytes[];
} cc_datagram;

// What stands behind the BIO. Owned by the cc_dtls.
typedef struct cc_datagram_queue {
    const uint8_t *incoming;  // borrowed for the length of one call; NULL: nothing to read
    size_t incoming_length;
    cc_datagram *first, *last;
    size_t queued, max_queued;
    uint16_t mtu;
} cc_datagram_queue;

// The BIO borrows `queue`. NULL: out of memory.
BIO *cc_datagram_bio_create(cc_datagram_queue *queue);
size_t cc_datagram_queue_take(cc_datagram_queue *queue, uint8_t *out, size_t capacity);
void cc_datagram_queue_clear(cc_datagram_queue *queue);

#endif
