// udp.h: one UDP socket, read and written in batches.

#ifndef CR_UDP_H
#define CR_UDP_H

#include "../core/shard.h"

struct mmsghdr;

typedef struct cr_udp {
    int socket;
    bool ipv4;      // an AF_INET socket; else AF_INET6, which carries IPv4 as ::ffff:a.b.c.d
    bool segments;  // the kernel cuts messages into datagrams; false for good once it refused
    uint16_t port;
    uint8_t *overflow;  // CR_GRO_BYTES for each message of a receive batch
    int (*send_messages)(int socket, struct mmsghdr *messages, unsigned count, int flags);  // sendmmsg, but in tests
    uint32_t kernel_drops;  // SO_RXQ_OVFL: the kernel's own counter, modulo 2^32
    uint64_t kernel_drops_total;
    uint64_t receive_calls, send_calls;
    uint64_t segmented_messages, segmented_datagrams, segmented_refusals;  // see cr_loop_statistics
    uint64_t coalesced_messages, coalesced_datagrams;
} cr_udp;

// Returns 0 or an errno.
int cr_udp_open(cr_udp *udp, const cr_loop_config *config);
void cr_udp_close(cr_udp *udp);
// Receives one batch into the shard. Returns how many messages there were; fewer than CR_RECEIVE_BATCH: no more wait.
uint32_t cr_udp_receive(cr_udp *udp, cr_shard *shard, uint64_t now_us);
// Sends what is queued until the queue is empty.
void cr_udp_flush(cr_udp *udp, cr_shard *shard);

#endif
