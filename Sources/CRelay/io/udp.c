// udp.c: recvmmsg and sendmmsg on one unconnected socket. Datagrams are received straight into pool packets and sent
// straight from them. Never blocks; what the kernel refuses is counted and gone.

#define _GNU_SOURCE

#include "udp.h"

#include "address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t write_address(const cr_udp *udp, const cr_address *address, struct sockaddr_storage *out) {
    return cr_address_write(udp->ipv4, address, out);
}

static void read_address(const struct sockaddr_storage *storage, cr_address *out) {
    cr_address_read(storage, CR_UDP, out);
}

static void set_option(int socket, int level, int option, int value) {
    // Every option set this way is an improvement, not a need: without it datagrams still flow.
    (void)setsockopt(socket, level, option, &value, sizeof value);
}

// The forced size needs CAP_NET_ADMIN; the plain one is cut to net.core.rmem_max.
static void set_buffer(int socket, int forced, int plain, uint32_t bytes) {
    int value = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;
    if (value == 0) return;
    if (setsockopt(socket, SOL_SOCKET, forced, &value, sizeof value) != 0) set_option(socket, SOL_SOCKET, plain, value);
}

static void set_options(const cr_udp *udp, const cr_loop_config *config) {
    set_buffer(udp->socket, SO_RCVBUFFORCE, SO_RCVBUF, config->receive_buffer_bytes);
    set_buffer(udp->socket, SO_SNDBUFFORCE, SO_SNDBUF, config->send_buffer_bytes);
    set_option(udp->socket, SOL_SOCKET, SO_RXQ_OVFL, 1);
    // DF, and no path MTU state of the kernel in between: saves it choosing an IP id (limits.md, B: 7-9 %).
    set_option(udp->socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (!udp->ipv4) set_option(udp->socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

int cr_udp_open(cr_udp *udp, const cr_loop_config *config) {
    *udp = (cr_udp){.ipv4 = cr_address_is_ipv4(&config->bind)};
    udp->socket = socket(udp->ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->socket < 0) return errno;
    if (!udp->ipv4) set_option(udp->socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_options(udp, config);
    struct sockaddr_storage address;
    socklen_t length = write_address(udp, &config->bind, &address);
    if (bind(udp->socket, (struct sockaddr *)&address, length) != 0 ||
        getsockname(udp->socket, (struct sockaddr *)&address, &length) != 0) {
        int error = errno;
        cr_udp_close(udp);
        return error;
    }
    cr_address bound;
    read_address(&address, &bound);
    udp->port = bound.port;
    return 0;
}

void cr_udp_close(cr_udp *udp) {
    if (udp->socket >= 0) close(udp->socket);
    udp->socket = -1;
}

// ------------------------------------------------------------------------------------------------------- receiving

typedef union control_buffer {
    struct cmsghdr header;  // for its alignment
    char bytes[CMSG_SPACE(sizeof(uint32_t))];
} control_buffer;

static void note_kernel_drops(cr_udp *udp, struct msghdr *message) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL) continue;
        uint32_t drops;
        memcpy(&drops, CMSG_DATA(control), sizeof drops);
        udp->kernel_drops_total += (uint32_t)(drops - udp->kernel_drops);
        udp->kernel_drops = drops;
    }
}

// The pool is empty: the socket must still be drained, or the loop would spin on it.
static uint32_t receive_into_nothing(cr_udp *udp, cr_shard *shard) {
    uint8_t byte;
    uint32_t count = 0;
    while (count < CR_RECEIVE_BATCH) {
        udp->receive_calls++;
        if (recv(udp->socket, &byte, sizeof byte, MSG_DONTWAIT) < 0) break;
        count++;
        shard->statistics.packets_in++;
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
    }
    return count;
}

uint32_t cr_udp_receive(cr_udp *udp, cr_shard *shard, uint64_t now_us) {
    cr_packet *packets[CR_RECEIVE_BATCH];
    struct mmsghdr messages[CR_RECEIVE_BATCH];
    struct iovec spans[CR_RECEIVE_BATCH];
    struct sockaddr_storage addresses[CR_RECEIVE_BATCH];
    control_buffer controls[CR_RECEIVE_BATCH];
    uint32_t room = 0;
    for (; room < CR_RECEIVE_BATCH && (packets[room] = cr_pool_take(&shard->pool)); room++) {
        spans[room] = (struct iovec){.iov_base = packets[room]->buffer, .iov_len = CR_PACKET_BYTES};
        messages[room] = (struct mmsghdr){.msg_hdr = {
                                              .msg_name = &addresses[room],
                                              .msg_namelen = sizeof addresses[room],
                                              .msg_iov = &spans[room],
                                              .msg_iovlen = 1,
                                              .msg_control = &controls[room],
                                              .msg_controllen = sizeof controls[room],
                                          }};
    }
    if (room == 0) return receive_into_nothing(udp, shard);
    udp->receive_calls++;
    int received = recvmmsg(udp->socket, messages, room, MSG_DONTWAIT, NULL);
    uint32_t count = received > 0 ? (uint32_t)received : 0;
    for (uint32_t index = 0; index < room; index++) {
        if (index >= count) {
            cr_packet_release(&shard->pool, packets[index]);
            continue;
        }
        note_kernel_drops(udp, &messages[index].msg_hdr);
        packets[index]->length = messages[index].msg_len;
        packets[index]->truncated = (messages[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        read_address(&addresses[index], &packets[index]->address);
        cr_shard_receive(shard, now_us, packets[index]);
        // Inside the batch: 32 packets to 299 subscribers are more than the queue holds, and more than the cache does.
        if (shard->queue_count >= CR_FLUSH_PACKETS) cr_udp_flush(udp, shard);
    }
    // A small pool gives small batches: report a full one so that the caller comes again.
    return count == room ? CR_RECEIVE_BATCH : count;
}

// --------------------------------------------------------------------------------------------------------- sending

static void note_sent(cr_shard *shard, cr_packet *const *packets, uint32_t first, uint32_t end) {
    for (uint32_t index = first; index < end; index++) {
        shard->statistics.packets_out++;
        shard->statistics.bytes_out += packets[index]->length;
    }
}

static void send_batch(cr_udp *udp, cr_shard *shard, cr_packet *const *packets, struct mmsghdr *messages,
                       uint32_t count) {
    uint32_t done = 0;
    while (done < count) {
        udp->send_calls++;
        int sent = sendmmsg(udp->socket, messages + done, count - done, MSG_DONTWAIT);
        if (sent > 0) {
            note_sent(shard, packets, done, done + (uint32_t)sent);
            done += (uint32_t)sent;
            continue;
        }
        if (errno == EINTR) continue;
        // A full buffer concerns all that follow; any other error only the packet in front.
        bool full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
        uint32_t refused = full ? count - done : 1;
        for (uint32_t index = 0; index < refused; index++) cr_shard_drop(shard, CR_DROP_SEND_FAILED);
        done += refused;
    }
}

void cr_udp_flush(cr_udp *udp, cr_shard *shard) {
    cr_packet *packets[CR_SEND_BATCH];
    struct mmsghdr messages[CR_SEND_BATCH];
    struct iovec spans[CR_SEND_BATCH];
    struct sockaddr_storage addresses[CR_SEND_BATCH];
    uint32_t count;
    do {
        for (count = 0; count < CR_SEND_BATCH && (packets[count] = cr_shard_dequeue(shard)); count++) {
            spans[count] = (struct iovec){.iov_base = packets[count]->data, .iov_len = packets[count]->length};
            messages[count] = (struct mmsghdr){.msg_hdr = {
                                                   .msg_name = &addresses[count],
                                                   .msg_namelen = write_address(udp, &packets[count]->address,
                                                                                &addresses[count]),
                                                   .msg_iov = &spans[count],
                                                   .msg_iovlen = 1,
                                               }};
        }
        send_batch(udp, shard, packets, messages, count);
        for (uint32_t index = 0; index < count; index++) cr_packet_release(&shard->pool, packets[index]);
    } while (count == CR_SEND_BATCH);
}
