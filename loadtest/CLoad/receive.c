// receive.c: from the sockets to streams' counts, delays and the datagrams that Swift thinks about. Every media packet
// is counted by its plain RTP header; one in eight is decrypted, which proves the keys and gives the delay, and each
// retransmission, which says of what.

#define _GNU_SOURCE

#include "load.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/sock_diag.h>

// Datagrams of one system call. Each needs room for all that GRO may join, so more would leave the cache.
#define BATCH 16u
// GRO joins up to 64 KiB.
#define DATAGRAM_BYTES 65536u
#define CONTROL_BYTES 128u
// System calls on one socket in one turn, so that a flood on one does not starve the others.
#define CALLS_PER_SOCKET 8u
// Datagrams for Swift in one turn, and their bytes: a storm of 300 handshakes at once.
#define MOST_DATAGRAMS 2048u
#define DATAGRAM_ARENA_BYTES (1024u * 1024u)
// Delays until they are taken: a second of 500,000 packets.
#define MOST_DELAYS 65536u
// One packet in so many is decrypted; a power of two.
#define DECRYPT_EVERY 8u

struct cl_receiver {
    struct mmsghdr messages[BATCH];
    struct iovec vectors[BATCH];
    uint8_t controls[BATCH][CONTROL_BYTES] __attribute__((aligned(16)));
    uint8_t *buffers;
    cl_datagram datagrams[MOST_DATAGRAMS];
    size_t datagram_count;
    uint8_t *arena;
    size_t arena_used;
    uint32_t delays[MOST_DELAYS];
    size_t delay_count;
};

cl_receiver *cl_receiver_create(void) {
    cl_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) return NULL;
    receiver->buffers = malloc((size_t)BATCH * DATAGRAM_BYTES);
    receiver->arena = malloc(DATAGRAM_ARENA_BYTES);
    if (!receiver->buffers || !receiver->arena) {
        cl_receiver_destroy(receiver);
        return NULL;
    }
    for (size_t index = 0; index < BATCH; index++) {
        receiver->vectors[index].iov_base = receiver->buffers + index * DATAGRAM_BYTES;
        receiver->vectors[index].iov_len = DATAGRAM_BYTES;
        receiver->messages[index].msg_hdr.msg_iov = &receiver->vectors[index];
        receiver->messages[index].msg_hdr.msg_iovlen = 1;
        receiver->messages[index].msg_hdr.msg_control = receiver->controls[index];
        receiver->messages[index].msg_hdr.msg_controllen = CONTROL_BYTES;
    }
    return receiver;
}

void cl_receiver_destroy(cl_receiver *receiver) {
    if (!receiver) return;
    free(receiver->buffers);
    free(receiver->arena);
    free(receiver);
}

const cl_datagram *cl_datagrams(const cl_load *load, size_t *count) {
    *count = load->receiver->datagram_count;
    return load->receiver->datagrams;
}

size_t cl_take_delays(cl_load *load, uint32_t *out, size_t capacity) {
    cl_receiver *receiver = load->receiver;
    size_t count = receiver->delay_count < capacity ? receiver->delay_count : capacity;
    memcpy(out, receiver->delays, count * sizeof *out);
    receiver->delay_count = 0;
    return count;
}

// The kernel's own count of what found no room (the number that SO_RXQ_OVFL would put beside every packet).
uint64_t cl_socket_drops(int fd) {
    uint32_t figures[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof figures;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures, &length) != 0) return 0;
    return length > SK_MEMINFO_DROPS * sizeof figures[0] ? figures[SK_MEMINFO_DROPS] : 0;
}

static void hand_up(cl_load *load, cl_endpoint *endpoint, uint32_t index, const uint8_t *bytes, size_t length) {
    cl_receiver *receiver = load->receiver;
    if (receiver->datagram_count == MOST_DATAGRAMS || length > DATAGRAM_ARENA_BYTES - receiver->arena_used) {
        cl_counts_of(load, endpoint)->datagrams_dropped++;
        return;
    }
    uint8_t *copy = receiver->arena + receiver->arena_used;
    memcpy(copy, bytes, length);
    receiver->arena_used += length;
    receiver->datagrams[receiver->datagram_count++] = (cl_datagram){.endpoint = index, .bytes = copy, .length = length};
}

// Where the payload begins; 0: malformed. *element gets the transport-wide sequence number if `id` is there.
static size_t read_header(const uint8_t *packet, size_t length, uint8_t id, int *transport_sequence) {
    size_t at = 12u + 4u * (packet[0] & 0x0fu);
    if (at > length) return 0;
    if (!(packet[0] & 0x10u)) return at;
    if (length - at < 4) return 0;
    size_t bytes = 4u * cl_get16(packet + at + 2);
    bool is_one_byte = cl_get16(packet + at) == 0xbede;
    at += 4;
    if (length - at < bytes) return 0;
    size_t end = at + bytes;
    // RFC 8285, 4.2. The two-byte form is not offered.
    for (size_t place = at; id != 0 && is_one_byte && place < end;) {
        uint8_t name = packet[place] >> 4;
        if (name == 0) {
            place++;
            continue;
        }
        size_t size = (packet[place] & 0x0fu) + 1u;
        if (name == 15 || end - place - 1 < size) break;
        if (name == id && size == 2) *transport_sequence = cl_get16(packet + place + 1);
        place += 1 + size;
    }
    return end;
}

static void note_delay(cl_load *load, cl_endpoint *endpoint, const uint8_t *packet, size_t payload, size_t length,
                       uint64_t arrival_ns) {
    // The relay may pad packets to one size (RFC 3550, 5.1).
    if (packet[0] & 0x20u) {
        size_t padding = packet[length - 1];
        if (padding == 0 || padding > length - payload) return;
        length -= padding;
    }
    if (length == payload) return;
    if (length - payload < CL_STAMP_BYTES || cl_get32(packet + length - CL_STAMP_BYTES) != CL_STAMP_MARK) {
        cl_counts_of(load, endpoint)->stamps_missing++;
        return;
    }
    uint64_t sent_ns = (uint64_t)cl_get32(packet + length - 8) << 32 | cl_get32(packet + length - 4);
    cl_receiver *receiver = load->receiver;
    if (receiver->delay_count == MOST_DELAYS) return;
    // A clock that was set back gives no delay.
    if (arrival_ns < sent_ns) return;
    uint64_t microseconds = (arrival_ns - sent_ns) / 1000u;
    receiver->delays[receiver->delay_count++] = microseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)microseconds;
}

// RFC 3550, A.8.
static void note_jitter(cl_stream *stream, uint32_t timestamp, uint64_t arrival_ns) {
    uint64_t rate = stream->is_video ? 90000u : 48000u;
    int64_t transit = (int64_t)(arrival_ns / 1000u * rate / 1000000u) - (int64_t)timestamp;
    if (stream->transit != 0) {
        int64_t step = transit - stream->transit;
        if (step < 0) step = -step;
        // A timestamp that wrapped is no jitter.
        if (step < (int64_t)rate) stream->jitter += step - ((stream->jitter + 8) >> 4);
    }
    stream->transit = transit;
}

// RFC 4588, 4: the payload begins with the number of the packet that it repeats.
static void receive_retransmission(cl_load *load, cl_endpoint *endpoint, const cl_stream *stream, uint8_t *packet,
                                   size_t payload, size_t length, uint64_t arrival_ns) {
    cl_counts *counts = cl_counts_of(load, endpoint);
    counts->retransmissions++;
    if (!endpoint->receiving) return;
    cr_srtp_status status = cr_srtp_unprotect_rtp(endpoint->receiving, packet, &length);
    if (status != CR_SRTP_OK) {
        if (status != CR_SRTP_REPLAY) counts->authentication_failures++;
        return;
    }
    counts->decrypted++;
    size_t padding = packet[0] & 0x20u ? packet[length - 1] : 0;
    if (length < payload + padding + 2) return;
    cl_gap gap;
    if (!cl_repair_fill(&load->streams[stream->repairs].repair, cl_get16(packet + payload), &gap)) return;
    counts->repaired++;
    // After several tries nobody knows which of them was answered.
    if (gap.tries == 1 && arrival_ns > gap.asked_ns) {
        uint64_t sample = arrival_ns - gap.asked_ns;
        endpoint->rtt_ns = endpoint->rtt_ns == CL_FIRST_RTT_NS ? sample : (endpoint->rtt_ns * 7u + sample) / 8u;
    }
}

static void receive_media(cl_load *load, cl_endpoint *endpoint, uint8_t *packet, size_t length, uint64_t arrival_ns) {
    cl_counts *counts = cl_counts_of(load, endpoint);
    int transport_sequence = -1;
    size_t payload = read_header(packet, length, endpoint->extensions.transport_sequence, &transport_sequence);
    if (payload == 0) return;
    if (transport_sequence >= 0 && endpoint->arrival_count < CL_ARRIVALS) {
        endpoint->arrivals[endpoint->arrival_count++] =
            (cl_arrival){.sequence = (uint16_t)transport_sequence, .arrival_ns = arrival_ns};
    }
    uint32_t ssrc = cl_get32(packet + 8);
    uint32_t name = cl_endpoint_stream(endpoint, ssrc);
    if (name == CL_NONE) {
        counts->unknown_streams++;
        return;
    }
    cl_stream *stream = &load->streams[name];
    endpoint->last_media_ssrc = ssrc;
    if (stream->is_retransmission) {
        receive_retransmission(load, endpoint, stream, packet, payload, length, arrival_ns);
        return;
    }
    uint16_t number = cl_get16(packet + 2);
    if (cl_sequence_add(&stream->sequence, number) != CL_NEW) {
        counts->duplicates++;
        return;
    }
    counts->packets_received++;
    counts->bytes_received += length;
    if (endpoint->first_media_ns == 0) endpoint->first_media_ns = arrival_ns;
    note_jitter(stream, cl_get32(packet + 4), arrival_ns);
    if (stream->asks_again && cl_repair_came(&stream->repair, number, arrival_ns) &&
        arrival_ns + CL_REORDER_NS < endpoint->nack_due_ns) {
        endpoint->nack_due_ns = arrival_ns + CL_REORDER_NS;
    }
    // The first one as well, so that both ends begin in the same cycle of sequence numbers.
    if ((stream->packets++ & (DECRYPT_EVERY - 1u)) != 0 || !endpoint->receiving) return;
    switch (cr_srtp_unprotect_rtp(endpoint->receiving, packet, &length)) {
    case CR_SRTP_OK:
        counts->decrypted++;
        if (length > payload) note_delay(load, endpoint, packet, payload, length, arrival_ns);
        break;
    case CR_SRTP_REPLAY: break;
    default: counts->authentication_failures++; break;
    }
}

// What our own bad network keeps from us is no loss of the server's: it came, but nothing here hears of it.
static void throw_away(cl_load *load, cl_endpoint *endpoint, const uint8_t *bytes, size_t length) {
    cl_counts *counts = cl_counts_of(load, endpoint);
    counts->thrown_away++;
    if (length < 12 || bytes[0] < 128 || bytes[0] >= 192 || (bytes[1] >= 192 && bytes[1] < 224)) return;
    uint32_t name = cl_endpoint_stream(endpoint, cl_get32(bytes + 8));
    if (name == CL_NONE || load->streams[name].is_retransmission) return;
    cl_stream *stream = &load->streams[name];
    if (cl_sequence_add(&stream->sequence, cl_get16(bytes + 2)) != CL_NEW) return;
    stream->thrown_away++;
    counts->packets_received++;
    counts->bytes_received += length;
}

// RFC 7983, 7, and RFC 5761, 4.
static void receive_datagram(cl_load *load, cl_endpoint *endpoint, uint32_t index, uint8_t *bytes, size_t length,
                             uint64_t arrival_ns) {
    if (length < 4) return;
    if (load->loss != 0 && cl_random(load) < load->loss) {
        throw_away(load, endpoint, bytes, length);
        return;
    }
    if (bytes[0] < 64) {
        hand_up(load, endpoint, index, bytes, length);
    } else if (bytes[0] >= 128 && bytes[0] < 192) {
        if (bytes[1] >= 192 && bytes[1] < 224) {
            if (!endpoint->receiving) return;
            if (cr_srtp_unprotect_rtcp(endpoint->receiving, bytes, &length) == CR_SRTP_OK) {
                cl_receive_rtcp(load, endpoint, bytes, length, arrival_ns);
            } else {
                cl_counts_of(load, endpoint)->authentication_failures++;
            }
        } else if (length >= 12) {
            receive_media(load, endpoint, bytes, length, arrival_ns);
        }
    }
}

static void receive_message(cl_load *load, cl_endpoint *endpoint, uint32_t index, struct mmsghdr *message,
                            uint64_t now_ns) {
    struct msghdr *header = &message->msg_hdr;
    uint64_t arrival_ns = now_ns;
    size_t segment = message->msg_len;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
            arrival_ns = (uint64_t)stamp.tv_sec * NS_PER_S + (uint64_t)stamp.tv_nsec;
        } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
            int size;
            memcpy(&size, CMSG_DATA(control), sizeof size);
            if (size > 0) segment = (size_t)size;
        }
    }
    uint8_t *bytes = header->msg_iov->iov_base;
    size_t left = message->msg_len;
    while (left > 0) {
        size_t length = left < segment ? left : segment;
        receive_datagram(load, endpoint, index, bytes, length, arrival_ns);
        bytes += length;
        left -= length;
    }
}

void cl_receive_all(cl_load *load) {
    cl_receiver *receiver = load->receiver;
    receiver->datagram_count = 0;
    receiver->arena_used = 0;
    uint64_t now_ns = cl_now_ns();
    for (uint32_t index = 0; index < load->endpoint_count; index++) {
        cl_endpoint *endpoint = load->endpoints[index];
        if (!endpoint->is_open) continue;
        for (uint32_t call = 0; call < CALLS_PER_SOCKET; call++) {
            int count = recvmmsg(endpoint->fd, receiver->messages, BATCH, MSG_DONTWAIT, NULL);
            if (count <= 0) break;
            for (int at = 0; at < count; at++) {
                receive_message(load, endpoint, index, &receiver->messages[at], now_ns);
                receiver->messages[at].msg_hdr.msg_controllen = CONTROL_BYTES;
            }
            if ((uint32_t)count < BATCH) break;
        }
    }
}
