// tcp.h: datagrams over TCP connections that clients opened (RFC 6544, passive), beside the UDP socket.

#ifndef CR_TCP_H
#define CR_TCP_H

#include "../core/shard.h"

typedef struct cr_tcp_connection cr_tcp_connection;

typedef struct cr_tcp {
    int epoll;     // of the listening socket and all connections; the loop's own watches this one. -1: not listening
    int listener;
    bool is_accepting;  // false: the system had no descriptor left; tried again with the next sweep
    uint64_t next_sweep_us;  // UINT64_MAX: nothing to look after
    cr_tcp_connection *connections;
    cr_tcp_connection *unsent;  // have something to send and may
    cr_hash by_address;  // pointers
    cr_hash by_ip;       // how many connections
    uint32_t count;
    uint32_t queued_packets;  // of all connections
    uint64_t accepted;
    uint64_t ends[CR_TCP_ENDS];
    uint64_t receive_calls, send_calls;
} cr_tcp;

// Before everything else: nothing listens.
void cr_tcp_prepare(cr_tcp *tcp);
// Returns 0 or an errno; after an error it is as prepared.
int cr_tcp_listen(cr_tcp *tcp, const cr_address *bind, uint64_t hash_seed);
// Closes all. Packets that still wait belong to their shard's pool, which frees them itself.
void cr_tcp_close(cr_tcp *tcp);
// Looks after deadlines, accepts, and receives a little from some connections. True: more may wait.
bool cr_tcp_receive(cr_tcp *tcp, cr_shard *shard, uint64_t now_us);
// Hands what is queued to its connections, and what those will take to the kernel.
void cr_tcp_flush(cr_tcp *tcp, cr_shard *shard);

#endif
