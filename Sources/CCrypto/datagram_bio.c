// OpenSSL's own memory BIO is a byte stream: two records written together would be read, and sent, as one. This one
// keeps the borders in both directions, and answers the questions that libssl asks of a datagram socket.

#include "datagram_bio.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

static int datagram_write(BIO *bio, const char *bytes, int length) {
    cc_datagram_queue *queue = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (length <= 0) return 0;
    // A full queue loses the datagram and says it was sent, as a network does: retransmission is DTLS's own business.
    if (queue->queued >= queue->max_queued) return length;
    cc_datagram *datagram = OPENSSL_malloc(sizeof *datagram + (size_t)length);
    if (datagram == NULL) return -1;
    datagram->next = NULL;
    datagram->length = (size_t)length;
    memcpy(datagram->bytes, bytes, (size_t)length);
    if (queue->last != NULL)
        queue->last->next = datagram;
    else
        queue->first = datagram;
    queue->last = datagram;
    queue->queued += 1;
    return length;
}

static int datagram_read(BIO *bio, char *out, int capacity) {
    cc_datagram_queue *queue = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (queue->incoming == NULL || capacity <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t length = queue->incoming_length < (size_t)capacity ? queue->incoming_length : (size_t)capacity;
    memcpy(out, queue->incoming, length);
    queue->incoming = NULL;
    return (int)length;
}

// The answers of a datagram socket. What is not named here is answered 0, "not supported", as every BIO does.
static long datagram_control(BIO *bio, int command, long number, void *pointer) {
    cc_datagram_queue *queue = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
        case BIO_CTRL_FLUSH:
        case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
            return 1;
        case BIO_CTRL_PENDING:
            return queue->incoming != NULL && queue->incoming_length <= LONG_MAX ? (long)queue->incoming_length : 0;
        case BIO_CTRL_WPENDING:
        case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:  // the MTU we are given is that of the UDP payload
            return 0;
        case BIO_CTRL_DGRAM_QUERY_MTU:
        case BIO_CTRL_DGRAM_GET_MTU:
        case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
            return queue->mtu;
        default:
            return 0;
    }
}

static int datagram_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void) {
    int index = BIO_get_new_index();
    if (index == -1) return;
    BIO_METHOD *made = BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "datagram queue");
    if (made == NULL) return;
    BIO_meth_set_write(made, datagram_write);
    BIO_meth_set_read(made, datagram_read);
    BIO_meth_set_ctrl(made, datagram_control);
    BIO_meth_set_create(made, datagram_create);
    method = made;
}

BIO *cc_datagram_bio_create(cc_datagram_queue *queue) {
    pthread_once(&method_once, make_method);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio != NULL) BIO_set_data(bio, queue);
    return bio;
}

size_t cc_datagram_queue_take(cc_datagram_queue *queue, uint8_t *out, size_t capacity) {
    cc_datagram *datagram = queue->first;
    if (datagram == NULL) return 0;
    queue->first = datagram->next;
    if (queue->first == NULL) queue->last = NULL;
    queue->queued -= 1;
    size_t length = datagram->length < capacity ? datagram->length : capacity;
    memcpy(out, datagram->bytes, length);
    OPENSSL_clear_free(datagram, sizeof *datagram + datagram->length);
    return length;
}

void cc_datagram_queue_clear(cc_datagram_queue *queue) {
    while (queue->first != NULL) {
        cc_datagram *datagram = queue->first;
        queue->first = datagram->next;
        OPENSSL_free(datagram);
    }
    queue->last = NULL;
    queue->queued = 0;
}
