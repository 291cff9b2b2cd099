// tcp.c: the passive side of ICE-TCP. Connections come from strangers, so each has deadlines and shares, and nothing
// that one does delays another: reads are short and take turns; what a client does not read waits in a bounded queue
// of its own and is then dropped, always whole datagrams. A connection is nothing but a way to an address: when it ends
// the shard is not told, packets to the address are dropped, and ICE finds out.
//
//   kernel → read_bytes → core/deframe → cr_shard_receive
//   shard's tcp_queue → the connection's queue → write_bytes → kernel
//
// read_bytes and write_bytes are all that knows how bytes travel: TLS would go there.

#define _GNU_SOURCE

#include "tcp.h"

#include "../core/deframe.h"
#include "../core/demux.h"
#include "address.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(CR_TCP_STOP_RECEIVE + CR_TCP_READ_BYTES / (CR_TCP_MIN_FRAME_BYTES + 2) + 1 <= CR_WAITING_CONTROL,
               "one read may bring more control datagrams than there is room for");

struct cr_tcp_connection {
    cr_tcp_connection *next, *previous;  // of all
    cr_tcp_connection *next_unsent;
    int socket;
    cr_address address;
    cr_deframer deframer;
    uint64_t accepted_us;
    uint64_t heard_us;   // the last datagram, or the beginning
    uint64_t proved_us;  // when its address was last seen to be proved, or the beginning
    cr_tcp_queue queue;
    uint32_t queued_cost;  // see cost_of
    uint32_t sent;          // bytes of the first of them, its length included, that the kernel has already
    bool is_unsent;   // in that list
    bool is_blocked;  // the kernel takes no more: EPOLLOUT comes
    bool is_broken;   // could not be written to; reading will find out why
};

const char *cr_tcp_end_name(cr_tcp_end end) {
    static const char *const names[CR_TCP_ENDS] = {
        [CR_TCP_END_PEER] = "peer",
        [CR_TCP_END_FRAMING] = "framing",
        [CR_TCP_END_NOT_STUN] = "not_stun",
        [CR_TCP_END_SILENT] = "silent",
        [CR_TCP_END_UNPROVED] = "unproved",
        [CR_TCP_END_IDLE] = "idle",
        [CR_TCP_END_TOO_MANY] = "too_many",
        [CR_TCP_END_TOO_MANY_PER_IP] = "too_many_per_ip",
        [CR_TCP_END_SYSTEM] = "system",
    };
    return (unsigned)end < CR_TCP_ENDS ? names[end] : "unknown";
}

// -------------------------------------------------------------------------------------------- how bytes travel

// As recv: 0 at the end, -1 with errno.
static ssize_t read_bytes(const cr_tcp_connection *connection, uint8_t *bytes, size_t capacity) {
    return recv(connection->socket, bytes, capacity, MSG_DONTWAIT);
}

// As writev: how many bytes were taken, -1 with errno.
static ssize_t write_bytes(const cr_tcp_connection *connection, struct iovec *spans, size_t count) {
    struct msghdr message = {.msg_iov = spans, .msg_iovlen = count};
    return sendmsg(connection->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// ------------------------------------------------------------------------------------------------- opening, closing

static void set_option(int socket, int level, int option, int value) {
    (void)setsockopt(socket, level, option, &value, sizeof value);  // an improvement, not a need
}

static bool watch(const cr_tcp *tcp, int operation, int descriptor, uint32_t events, void *owner) {
    struct epoll_event event = {.events = events, .data = {.ptr = owner}};
    return epoll_ctl(tcp->epoll, operation, descriptor, &event) == 0;
}

void cr_tcp_prepare(cr_tcp *tcp) {
    *tcp = (cr_tcp){.epoll = -1, .listener = -1, .next_sweep_us = UINT64_MAX};
}

static int open_listener(const cr_address *address) {
    bool ipv4 = cr_address_is_ipv4(address);
    int listener = socket(ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) return -1;
    // Connections of the server before this one may still be ending.
    set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1);
    if (!ipv4) set_option(listener, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    struct sockaddr_storage bound;
    socklen_t length = cr_address_write(ipv4, address, &bound);
    bool is_bound = bind(listener, (struct sockaddr *)&bound, length) == 0;
    if (is_bound && listen(listener, CR_TCP_BACKLOG) == 0) return listener;
    int error = errno;
    close(listener);
    errno = error;
    return -1;
}

int cr_tcp_listen(cr_tcp *tcp, const cr_address *address, uint64_t hash_seed) {
    int error = 0;
    tcp->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (tcp->epoll < 0 || (tcp->listener = open_listener(address)) < 0) {
        error = errno;
    } else if (!cr_hash_create(&tcp->by_address, hash_seed) || !cr_hash_create(&tcp->by_ip, ~hash_seed)) {
        error = ENOMEM;
    } else if (!watch(tcp, EPOLL_CTL_ADD, tcp->listener, EPOLLIN, NULL)) {
        error = errno;
    }
    tcp->is_accepting = error == 0;
    if (error != 0) cr_tcp_close(tcp);
    return error;
}

void cr_tcp_close(cr_tcp *tcp) {
    while (tcp->connections) {
        cr_tcp_connection *connection = tcp->connections;
        tcp->connections = connection->next;
        close(connection->socket);
        free(connection);
    }
    cr_hash_destroy(&tcp->by_address);
    cr_hash_destroy(&tcp->by_ip);
    if (tcp->listener >= 0) close(tcp->listener);
    if (tcp->epoll >= 0) close(tcp->epoll);
    cr_tcp_prepare(tcp);
}

// An IPv6 host has a /64 to itself.
static cr_key key_of_ip(const cr_address *address) {
    cr_key key = cr_key_of_address(address);
    key.extra = 0;
    if (!cr_address_is_ipv4(address)) key.low = 0;
    return key;
}

static uint64_t count_of_ip(const cr_tcp *tcp, const cr_address *address) {
    uint64_t count;
    return cr_hash_find(&tcp->by_ip, key_of_ip(address), &count) ? count : 0;
}

static void drop_queue(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection) {
    cr_packet *packet;
    tcp->queued_packets -= connection->queue.count;
    while ((packet = cr_tcp_queue_take(&connection->queue))) {
        cr_shard_drop(shard, CR_DROP_TCP_GONE);
        cr_packet_release(&shard->pool, packet);
    }
    connection->queued_cost = connection->sent = 0;
}

static void forget_unsent(cr_tcp *tcp, const cr_tcp_connection *connection) {
    cr_tcp_connection **link = &tcp->unsent;
    while (*link && *link != connection) link = &(*link)->next_unsent;
    if (*link) *link = connection->next_unsent;
}

// Only where no list of ready connections holds it any more.
static void end(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection, cr_tcp_end reason) {
    tcp->ends[reason]++;
    tcp->count--;
    drop_queue(tcp, shard, connection);
    cr_deframer_reset(&connection->deframer, &shard->pool);
    if (connection->is_unsent) forget_unsent(tcp, connection);
    cr_hash_remove(&tcp->by_address, cr_key_of_address(&connection->address));
    uint64_t others = count_of_ip(tcp, &connection->address) - 1;
    if (others == 0) {
        cr_hash_remove(&tcp->by_ip, key_of_ip(&connection->address));
    } else {
        cr_hash_put(&tcp->by_ip, key_of_ip(&connection->address), others);
    }
    if (connection->next) connection->next->previous = connection->previous;
    if (connection->previous) {
        connection->previous->next = connection->next;
    } else {
        tcp->connections = connection->next;
    }
    close(connection->socket);
    free(connection);
}

// --------------------------------------------------------------------------------------------------------- accepting

// False and a reason: there is no place for it.
static bool has_room(cr_tcp *tcp, const cr_address *address, cr_tcp_end *reason) {
    uint64_t same;
    *reason = CR_TCP_END_TOO_MANY;
    if (tcp->count >= CR_TCP_CONNECTIONS) return false;
    *reason = CR_TCP_END_TOO_MANY_PER_IP;
    if (count_of_ip(tcp, address) >= CR_TCP_CONNECTIONS_PER_IP) return false;
    // From one port to two of our addresses at once: nobody could say which one a packet should take.
    if (cr_hash_find(&tcp->by_address, cr_key_of_address(address), &same)) return false;
    *reason = CR_TCP_END_SYSTEM;
    return cr_hash_reserve(&tcp->by_address, tcp->count + 1) && cr_hash_reserve(&tcp->by_ip, tcp->by_ip.used + 1);
}

static bool add_connection(cr_tcp *tcp, int socket, const cr_address *address, uint64_t now_us) {
    cr_tcp_connection *connection = calloc(1, sizeof *connection);
    if (!connection) return false;
    *connection = (cr_tcp_connection){.socket = socket, .address = *address, .accepted_us = now_us, .heard_us = now_us,
                                      .proved_us = now_us, .next = tcp->connections};
    if (!watch(tcp, EPOLL_CTL_ADD, socket, EPOLLIN, connection)) {
        free(connection);
        return false;
    }
    // A datagram must not wait for the acknowledgement of the one before.
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, CR_TCP_UNSENT_BYTES);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, CR_TCP_UNACKNOWLEDGED_MS);
    if (tcp->connections) tcp->connections->previous = connection;
    tcp->connections = connection;
    cr_hash_put(&tcp->by_address, cr_key_of_address(address), (uint64_t)(uintptr_t)connection);
    cr_hash_put(&tcp->by_ip, key_of_ip(address), count_of_ip(tcp, address) + 1);
    tcp->count++;
    return true;
}

// Without a descriptor the listening socket would stay readable and the loop would spin: it rests until the next sweep.
static void rest(cr_tcp *tcp) {
    (void)epoll_ctl(tcp->epoll, EPOLL_CTL_DEL, tcp->listener, NULL);
    tcp->is_accepting = false;
}

// True: more may wait.
static bool accept_some(cr_tcp *tcp, uint64_t now_us) {
    for (uint32_t count = 0; count < CR_TCP_ACCEPT_BATCH; count++) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        int socket = accept4(tcp->listener, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest(tcp);
            if (errno != ECONNABORTED && errno != EINTR) return false;
            continue;
        }
        tcp->accepted++;
        cr_address address;
        cr_address_read(&from, CR_TCP, &address);
        cr_tcp_end reason;
        if (has_room(tcp, &address, &reason)) {
            reason = CR_TCP_END_SYSTEM;
            if (add_connection(tcp, socket, &address, now_us)) continue;
        }
        tcp->ends[reason]++;
        close(socket);
    }
    return true;
}

// --------------------------------------------------------------------------------------------------------- deadlines

static bool is_overdue(cr_tcp_connection *connection, const cr_shard *shard, uint64_t now_us, cr_tcp_end *reason) {
    if (cr_shard_proved_address(shard, &connection->address)) connection->proved_us = now_us;
    *reason = CR_TCP_END_SILENT;
    if (!connection->deframer.has_begun) return now_us - connection->accepted_us >= CR_TCP_FIRST_FRAME_US;
    *reason = CR_TCP_END_UNPROVED;
    if (now_us - connection->proved_us >= CR_TCP_UNPROVED_US) return true;
    *reason = CR_TCP_END_IDLE;
    return now_us - connection->heard_us >= CR_TCP_IDLE_US;
}

static void sweep(cr_tcp *tcp, cr_shard *shard, uint64_t now_us) {
    cr_tcp_connection *next;
    for (cr_tcp_connection *connection = tcp->connections; connection; connection = next) {
        next = connection->next;
        cr_tcp_end reason;
        if (is_overdue(connection, shard, now_us, &reason)) end(tcp, shard, connection, reason);
    }
    if (!tcp->is_accepting) tcp->is_accepting = watch(tcp, EPOLL_CTL_ADD, tcp->listener, EPOLLIN, NULL);
}

// --------------------------------------------------------------------------------------------------------- receiving

// Whether the connection goes on.
static bool take_in(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection, cr_reader *bytes,
                    uint64_t now_us) {
    cr_deframe_status status;
    cr_packet *packet = NULL;
    while ((status = cr_deframe(&connection->deframer, &shard->pool, bytes, &packet)) != CR_DEFRAME_MORE) {
        switch (status) {
        case CR_DEFRAME_MORE: break;
        case CR_DEFRAME_PACKET:
            connection->heard_us = now_us;
            packet->address = connection->address;
            cr_shard_receive(shard, now_us, packet);
            break;
        case CR_DEFRAME_LOST:
            shard->statistics.packets_in++;
            cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
            break;
        case CR_DEFRAME_MALFORMED: end(tcp, shard, connection, CR_TCP_END_FRAMING); return false;
        case CR_DEFRAME_NOT_STUN: end(tcp, shard, connection, CR_TCP_END_NOT_STUN); return false;
        }
    }
    return true;
}

static bool receive_from(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection, uint64_t now_us) {
    uint8_t bytes[CR_TCP_READ_BYTES];
    tcp->receive_calls++;
    ssize_t count = read_bytes(connection, bytes, sizeof bytes);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return true;
    if (count <= 0) {
        end(tcp, shard, connection, CR_TCP_END_PEER);
        return false;
    }
    cr_reader reader = cr_reader_make(bytes, (size_t)count);
    return take_in(tcp, shard, connection, &reader, now_us);
}

static void note_unsent(cr_tcp *tcp, cr_tcp_connection *connection) {
    if (connection->is_unsent || connection->is_blocked || connection->queue.count == 0) return;
    connection->is_unsent = true;
    connection->next_unsent = tcp->unsent;
    tcp->unsent = connection;
}

static void serve(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection, uint32_t events,
                  uint64_t now_us) {
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && !receive_from(tcp, shard, connection, now_us)) return;
    if ((events & EPOLLOUT) == 0) return;
    connection->is_blocked = false;
    watch(tcp, EPOLL_CTL_MOD, connection->socket, EPOLLIN, connection);
    note_unsent(tcp, connection);
}

bool cr_tcp_receive(cr_tcp *tcp, cr_shard *shard, uint64_t now_us) {
    if (tcp->epoll < 0) return false;
    if (now_us >= tcp->next_sweep_us) sweep(tcp, shard, now_us);
    if (now_us >= tcp->next_sweep_us || tcp->next_sweep_us == UINT64_MAX) tcp->next_sweep_us = now_us + CR_TCP_SWEEP_US;
    struct epoll_event ready[CR_TCP_READ_BATCH];
    bool more = false;
    int count = epoll_wait(tcp->epoll, ready, CR_TCP_READ_BATCH, 0);
    for (int index = 0; index < count; index++) {
        // The rest stays ready, and comes first the next time.
        if (!cr_shard_takes_tcp(shard)) break;
        if (ready[index].data.ptr) {
            serve(tcp, shard, ready[index].data.ptr, ready[index].events, now_us);
        } else {
            more = accept_some(tcp, now_us);
        }
    }
    if (tcp->count == 0 && tcp->is_accepting) tcp->next_sweep_us = UINT64_MAX;
    return more || count == (int)CR_TCP_READ_BATCH;
}

// ----------------------------------------------------------------------------------------------------------- sending

static uint32_t cost_of(const cr_packet *packet) {
    uint32_t frame = packet->length + 2;
    return frame < CR_TCP_LEAST_COST ? CR_TCP_LEAST_COST : frame;
}

static bool may_wait(const cr_tcp *tcp, const cr_shard *shard, const cr_tcp_connection *connection,
                     const cr_packet *packet) {
    bool is_media = cr_demux(packet->data, packet->length) == CR_PROTOCOL_RTP;
    uint32_t limit = is_media ? CR_TCP_SEND_BYTES - CR_TCP_RESERVED_BYTES : CR_TCP_SEND_BYTES;
    return connection->queued_cost + cost_of(packet) <= limit &&
           tcp->queued_packets < shard->config.max_packets / CR_TCP_POOL_PART;
}

static void queue_packet(cr_tcp *tcp, cr_shard *shard, cr_packet *packet) {
    uint64_t place;
    cr_drop_reason reason = CR_DROP_TCP_GONE;
    if (tcp->epoll >= 0 && cr_hash_find(&tcp->by_address, cr_key_of_address(&packet->address), &place)) {
        cr_tcp_connection *connection = (cr_tcp_connection *)(uintptr_t)place;
        if (!connection->is_broken) {
            if (may_wait(tcp, shard, connection, packet) && cr_tcp_queue_put(&connection->queue, packet)) {
                connection->queued_cost += cost_of(packet);
                tcp->queued_packets++;
                note_unsent(tcp, connection);
                return;
            }
            reason = CR_DROP_TCP_FULL;
        }
    }
    cr_shard_drop(shard, reason);
    cr_packet_release(&shard->pool, packet);
}

// What the kernel took ends somewhere: whole datagrams are done with, of the next one it has a part.
static void note_written(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection, size_t written) {
    size_t taken = written + connection->sent;
    while (connection->queue.count > 0) {
        uint32_t frame = connection->queue.first->length + 2;
        if (taken < frame) break;
        taken -= frame;
        cr_packet *packet = cr_tcp_queue_take(&connection->queue);
        connection->queued_cost -= cost_of(packet);
        tcp->queued_packets--;
        shard->statistics.packets_out++;
        shard->statistics.bytes_out += packet->length;
        cr_packet_release(&shard->pool, packet);
    }
    connection->sent = (uint32_t)taken;
}

// Lengths and datagrams in turn, without what the kernel has of the first.
static size_t gather(const cr_tcp_connection *connection, uint8_t (*lengths)[2], struct iovec *spans) {
    size_t count = 0;
    const cr_packet *packet = connection->queue.first;
    for (size_t number = 0; packet && number < CR_SEND_BATCH; number++, packet = packet->next) {
        lengths[number][0] = (uint8_t)(packet->length >> 8);
        lengths[number][1] = (uint8_t)packet->length;
        uint32_t skip = number == 0 ? connection->sent : 0;
        if (skip < 2) spans[count++] = (struct iovec){.iov_base = lengths[number] + skip, .iov_len = 2 - skip};
        skip = skip > 2 ? skip - 2 : 0;
        spans[count++] = (struct iovec){.iov_base = packet->data + skip, .iov_len = packet->length - skip};
    }
    return count;
}

static void send_queue(cr_tcp *tcp, cr_shard *shard, cr_tcp_connection *connection) {
    while (connection->queue.count > 0) {
        uint8_t lengths[CR_SEND_BATCH][2];
        struct iovec spans[2 * CR_SEND_BATCH];
        size_t count = gather(connection, lengths, spans);
        tcp->send_calls++;
        ssize_t written = write_bytes(connection, spans, count);
        if (written >= 0) {
            note_written(tcp, shard, connection, (size_t)written);
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            connection->is_blocked = true;
            watch(tcp, EPOLL_CTL_MOD, connection->socket, EPOLLIN | EPOLLOUT, connection);
            return;
        }
        // Not ended here: it may stand in the list of ready ones that is just being worked through.
        connection->is_broken = true;
        drop_queue(tcp, shard, connection);
    }
}

void cr_tcp_flush(cr_tcp *tcp, cr_shard *shard) {
    cr_packet *packet;
    while ((packet = cr_tcp_queue_take(&shard->tcp_queue))) queue_packet(tcp, shard, packet);
    while (tcp->unsent) {
        cr_tcp_connection *connection = tcp->unsent;
        tcp->unsent = connection->next_unsent;
        connection->is_unsent = false;
        send_queue(tcp, shard, connection);
    }
}
