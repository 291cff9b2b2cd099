// udp.c: recvmmsg and sendmmsg on one unconnected socket. Datagrams are received straight into pool packets and sent
// straight from them. What goes to one address in a row leaves in messages that the kernel cuts (UDP_SEGMENT), and what
// it joined (UDP_GRO) is cut here: a message is what costs, not a datagram. Never blocks; what the kernel refuses is
// counted and gone.

#define _GNU_SOURCE

#include "udp.h"

#include "address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t write_address(const cr_udp *udp, const cr_address *address, void *out) {
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
    set_option(udp->socket, IPPROTO_UDP, UDP_GRO, 1);
}

// Whether the kernel knows the option; whether the interface can is seen when the first message is refused.
static bool knows_segments(const cr_udp *udp) {
    int none = 0;
    return setsockopt(udp->socket, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0;
}

int cr_udp_open(cr_udp *udp, const cr_loop_config *config) {
    *udp = (cr_udp){.socket = -1, .ipv4 = cr_address_is_ipv4(&config->bind), .send_messages = sendmmsg};
    udp->overflow = malloc(CR_RECEIVE_BATCH * CR_GRO_BYTES);  // costs memory only where the kernel writes
    if (!udp->overflow) return ENOMEM;
    udp->socket = socket(udp->ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->socket < 0) return errno;
    if (!udp->ipv4) set_option(udp->socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set_options(udp, config);
    udp->segments = knows_segments(udp);
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
    free(udp->overflow);
    udp->overflow = NULL;
}

// ------------------------------------------------------------------------------------------------------- receiving

typedef union receive_control {
    struct cmsghdr header;  // for its alignment
    char bytes[CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(int))];
} receive_control;

// What the kernel says beside a message: how many it dropped so far, and the length of the datagrams it joined (0: none).
static size_t read_control(cr_udp *udp, struct msghdr *message) {
    int segment = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
            uint32_t drops;
            memcpy(&drops, CMSG_DATA(control), sizeof drops);
            udp->kernel_drops_total += (uint32_t)(drops - udp->kernel_drops);
            udp->kernel_drops = drops;
        } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
            memcpy(&segment, CMSG_DATA(control), sizeof segment);
        }
    }
    return segment > 0 ? (size_t)segment : 0;
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

static void receive_datagram(cr_shard *shard, uint64_t now_us, cr_packet *packet, size_t length) {
    packet->truncated = length > CR_PACKET_BYTES;
    packet->length = packet->truncated ? CR_PACKET_BYTES : (uint32_t)length;
    cr_shard_receive(shard, now_us, packet);
}

// A message lies in its first packet's buffer and goes on in the overflow.
static void copy_piece(const cr_packet *first, const uint8_t *overflow, size_t offset, size_t length, uint8_t *out) {
    size_t inside = offset < CR_PACKET_BYTES ? CR_PACKET_BYTES - offset : 0;
    if (inside > length) inside = length;
    if (inside > 0) memcpy(out, first->buffer + offset, inside);
    if (inside < length) memcpy(out + inside, overflow + (offset + inside - CR_PACKET_BYTES), length - inside);
}

// The datagrams of one sender that the kernel joined, all `segment` long but the last. The first stays where it is; it is
// kept until the others are copied out of its buffer.
static void receive_joined(cr_udp *udp, cr_shard *shard, uint64_t now_us, cr_packet *first, const uint8_t *overflow,
                           size_t length, size_t segment) {
    udp->coalesced_messages++;
    udp->coalesced_datagrams += (length + segment - 1) / segment;
    cr_packet_retain(first);
    receive_datagram(shard, now_us, first, segment);
    for (size_t offset = segment; offset < length; offset += segment) {
        size_t piece = length - offset < segment ? length - offset : segment;
        cr_packet *packet = cr_pool_take(&shard->pool);
        if (!packet) {
            shard->statistics.packets_in++;
            cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
            continue;
        }
        copy_piece(first, overflow, offset, piece < CR_PACKET_BYTES ? piece : CR_PACKET_BYTES, packet->buffer);
        packet->address = first->address;
        receive_datagram(shard, now_us, packet, piece);
    }
    cr_packet_release(&shard->pool, first);
}

uint32_t cr_udp_receive(cr_udp *udp, cr_shard *shard, uint64_t now_us) {
    cr_packet *packets[CR_RECEIVE_BATCH];
    struct mmsghdr messages[CR_RECEIVE_BATCH];
    struct iovec spans[CR_RECEIVE_BATCH][2];
    struct sockaddr_storage addresses[CR_RECEIVE_BATCH];
    receive_control controls[CR_RECEIVE_BATCH];
    uint32_t room = 0;
    for (; room < CR_RECEIVE_BATCH && (packets[room] = cr_pool_take(&shard->pool)); room++) {
        spans[room][0] = (struct iovec){.iov_base = packets[room]->buffer, .iov_len = CR_PACKET_BYTES};
        spans[room][1] = (struct iovec){.iov_base = udp->overflow + room * CR_GRO_BYTES, .iov_len = CR_GRO_BYTES};
        messages[room] = (struct mmsghdr){.msg_hdr = {
                                              .msg_name = &addresses[room],
                                              .msg_namelen = sizeof addresses[room],
                                              .msg_iov = spans[room],
                                              .msg_iovlen = 2,
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
        size_t length = messages[index].msg_len, segment = read_control(udp, &messages[index].msg_hdr);
        read_address(&addresses[index], &packets[index]->address);
        if (segment > 0 && segment < length) {
            receive_joined(udp, shard, now_us, packets[index], spans[index][1].iov_base, length, segment);
        } else {
            receive_datagram(shard, now_us, packets[index], length);
        }
    }
    // A small pool gives small batches: report a full one so that the caller comes again.
    return count == room ? CR_RECEIVE_BATCH : count;
}

// --------------------------------------------------------------------------------------------------------- sending

typedef union send_control {
    struct cmsghdr header;  // for its alignment
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
} send_control;

typedef union send_address {
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
} send_address;

// What one system call sends: messages of one or several datagrams to one address each. The datagrams of a message follow
// each other in `packets` and `spans`.
typedef struct send_batch {
    cr_packet *packets[CR_SEND_BATCH_PACKETS];
    struct iovec spans[CR_SEND_BATCH_PACKETS];
    struct mmsghdr messages[CR_SEND_BATCH];
    send_address addresses[CR_SEND_BATCH];
    send_control controls[CR_SEND_BATCH];
    uint32_t packet_count, message_count;
} send_batch;

static cr_packet *const *packets_of(const send_batch *batch, const struct mmsghdr *message) {
    return batch->packets + (message->msg_hdr.msg_iov - batch->spans);
}

static void note_sent(cr_shard *shard, const cr_packet *packet) {
    shard->statistics.packets_out++;
    shard->statistics.bytes_out += packet->length;
}

static cr_drop_reason reason_of(int error) {
    if (error == EAGAIN || error == EWOULDBLOCK) return CR_DROP_SEND_WOULD_BLOCK;
    return error == ENOBUFS ? CR_DROP_SEND_NO_BUFFERS : CR_DROP_SEND_FAILED;
}

static int send_some(cr_udp *udp, struct mmsghdr *messages, uint32_t count) {
    int sent;
    do {
        udp->send_calls++;
        sent = udp->send_messages(udp->socket, messages, count, MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

// The kernel or the interface does not cut this message. If its longest datagram, the first, goes alone, then it is
// neither the address nor the length, and no other message will be cut either.
static void send_one_by_one(cr_udp *udp, cr_shard *shard, const send_batch *batch, const struct mmsghdr *message) {
    cr_packet *const *packets = packets_of(batch, message);
    udp->segmented_refusals++;
    for (size_t index = 0; index < message->msg_hdr.msg_iovlen; index++) {
        struct mmsghdr single = *message;
        single.msg_hdr.msg_iov = &message->msg_hdr.msg_iov[index];
        single.msg_hdr.msg_iovlen = 1;
        single.msg_hdr.msg_control = NULL;
        single.msg_hdr.msg_controllen = 0;
        if (send_some(udp, &single, 1) == 1) {
            note_sent(shard, packets[index]);
            if (index == 0) udp->segments = false;
        } else {
            cr_shard_drop(shard, reason_of(errno));
        }
    }
}

// Returns how many messages are dealt with. A full buffer concerns all that follow, any other error only the first.
static uint32_t give_up(cr_udp *udp, cr_shard *shard, const send_batch *batch, uint32_t done, int error) {
    const struct mmsghdr *message = &batch->messages[done];
    bool segmented = message->msg_hdr.msg_iovlen > 1;
    if (segmented && (error == EIO || error == EINVAL || error == EMSGSIZE)) {
        send_one_by_one(udp, shard, batch, message);
        return 1;
    }
    cr_drop_reason reason = reason_of(error);
    uint32_t refused = reason == CR_DROP_SEND_FAILED ? 1 : batch->message_count - done;
    for (uint32_t index = 0; index < refused; index++) {
        shard->statistics.drops[reason] += message[index].msg_hdr.msg_iovlen;
    }
    return refused;
}

static void send_all(cr_udp *udp, cr_shard *shard, send_batch *batch) {
    uint32_t done = 0;
    while (done < batch->message_count) {
        int sent = send_some(udp, batch->messages + done, batch->message_count - done);
        if (sent <= 0) {
            done += give_up(udp, shard, batch, done, errno);
            continue;
        }
        for (uint32_t end = done + (uint32_t)sent; done < end; done++) {
            const struct mmsghdr *message = &batch->messages[done];
            size_t datagrams = message->msg_hdr.msg_iovlen;
            for (size_t index = 0; index < datagrams; index++) note_sent(shard, packets_of(batch, message)[index]);
            if (datagrams == 1) continue;
            udp->segmented_messages++;
            udp->segmented_datagrams += datagrams;
        }
    }
}

// Whether the packet can leave in the message of `first`: to the same address, as long as all before it or the last.
static bool joins(const cr_udp *udp, const struct msghdr *message, const cr_packet *first, const cr_packet *packet) {
    size_t count = message->msg_iovlen;
    size_t segments = first->bulk ? CR_GSO_BULK_SEGMENTS : CR_GSO_MEDIA_SEGMENTS;
    size_t bytes = first->bulk ? CR_GSO_BULK_BYTES : CR_GSO_MEDIA_BYTES;
    return udp->segments && packet->length <= first->length && message->msg_iov[count - 1].iov_len == first->length &&
           first->length <= CR_GSO_SEGMENT_BYTES && count < segments && first->length * count + packet->length <= bytes &&
           packet->bulk == first->bulk && cr_address_equals(&packet->address, &first->address);
}

static void open_message(const cr_udp *udp, send_batch *batch, const cr_packet *packet) {
    send_address *address = &batch->addresses[batch->message_count];
    batch->messages[batch->message_count++] = (struct mmsghdr){.msg_hdr = {
                                                                   .msg_name = address,
                                                                   .msg_namelen = write_address(udp, &packet->address,
                                                                                                address),
                                                                   .msg_iov = &batch->spans[batch->packet_count],
                                                               }};
}

// Tells the kernel where to cut.
static void close_message(send_batch *batch) {
    struct msghdr *message = &batch->messages[batch->message_count - 1].msg_hdr;
    if (message->msg_iovlen < 2) return;
    send_control *control = &batch->controls[batch->message_count - 1];
    uint16_t segment = (uint16_t)message->msg_iov[0].iov_len;
    message->msg_control = control;
    message->msg_controllen = sizeof *control;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(header), &segment, sizeof segment);
}

static void fill(const cr_udp *udp, cr_shard *shard, send_batch *batch) {
    batch->packet_count = batch->message_count = 0;
    const cr_packet *first = NULL, *packet;
    while (batch->packet_count < CR_SEND_BATCH_PACKETS && (packet = cr_shard_front(shard))) {
        if (!first || !joins(udp, &batch->messages[batch->message_count - 1].msg_hdr, first, packet)) {
            if (first) close_message(batch);
            if (batch->message_count == CR_SEND_BATCH) return;
            open_message(udp, batch, packet);
            first = packet;
        }
        uint32_t place = batch->packet_count++;
        batch->packets[place] = cr_shard_dequeue(shard);
        batch->spans[place] = (struct iovec){.iov_base = batch->packets[place]->data, .iov_len = packet->length};
        batch->messages[batch->message_count - 1].msg_hdr.msg_iovlen++;
    }
    if (first) close_message(batch);
}

void cr_udp_flush(cr_udp *udp, cr_shard *shard) {
    send_batch batch;
    while (shard->queue_count > 0) {
        fill(udp, shard, &batch);
        send_all(udp, shard, &batch);
        for (uint32_t index = 0; index < batch.packet_count; index++) {
            cr_packet_release(&shard->pool, batch.packets[index]);
        }
    }
}
