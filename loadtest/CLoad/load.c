// load.c: life of endpoints, streams and counts, and the order of a turn.

#define _GNU_SOURCE

#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// A stall of ours of some hundred milliseconds must not become a loss of the server's: 800 packets/s of 2 KB in the
// kernel's account for a second. Beyond net.core.rmem_max only root gets it.
#define RECEIVE_BUFFER_BYTES (2 * 1024 * 1024)

cl_load *cl_create(uint64_t random_seed) {
    cl_load *load = calloc(1, sizeof *load);
    if (!load) return NULL;
    load->random = random_seed;
    load->free_stream = load->free_source = CL_NONE;
    load->receiver = cl_receiver_create();
    if (!load->receiver) {
        free(load);
        return NULL;
    }
    return load;
}

void cl_destroy(cl_load *load) {
    if (!load) return;
    for (uint32_t index = 0; index < load->endpoint_count; index++) {
        cl_endpoint_close(load, index);
        free(load->endpoints[index]);
    }
    cl_receiver_destroy(load->receiver);
    free(load->endpoints);
    free(load->streams);
    free(load->sources);
    for (uint32_t index = 0; index < load->loop_count; index++) {
        free(load->loops[index].bytes);
        free(load->loops[index].ends);
    }
    free(load->loops);
    free(load);
}

void cl_set_loss(cl_load *load, double share) {
    if (share >= 0 && share <= 1) load->loss = (uint32_t)(share * UINT32_MAX);
}

// SplitMix64: numbers that differ, not secrets.
uint32_t cl_random(cl_load *load) {
    load->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = load->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) >> 16);
}

void cl_turn(cl_load *load) {
    cl_receive_all(load);
    uint64_t now_ns = cl_now_ns();
    cl_send_due(load, now_ns);
    cl_report_due(load, now_ns);
}

// ------------------------------------------------------------------------------------------------------- endpoints

static int open_socket(const cr_address *remote, int *error) {
    static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(remote->port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(remote->port)};
    memcpy(&v6.sin6_addr, remote->ip, sizeof v6.sin6_addr);
    memcpy(&v4.sin_addr, remote->ip + sizeof v4_prefix, sizeof v4.sin_addr);
    bool is_v4 = memcmp(remote->ip, v4_prefix, sizeof v4_prefix) == 0;
    const struct sockaddr *address = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    socklen_t length = is_v4 ? sizeof v4 : sizeof v6;

    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *error = errno;
        return -1;
    }
    int on = 1;
    int bytes = RECEIVE_BUFFER_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    // Without GRO the server's own segments would be cut apart again at its cost; a kernel that has none is fine too.
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 || connect(fd, address, length) != 0) {
        *error = errno;
        close(fd);
        return -1;
    }
    return fd;
}

static uint32_t free_endpoint(cl_load *load) {
    for (uint32_t index = 0; index < load->endpoint_count; index++) {
        if (!load->endpoints[index]->is_open) return index;
    }
    if (load->endpoint_count == load->endpoint_capacity) {
        uint32_t capacity = load->endpoint_capacity ? load->endpoint_capacity * 2u : 64u;
        cl_endpoint **grown = realloc(load->endpoints, capacity * sizeof *grown);
        if (!grown) return CL_NO_ENDPOINT;
        load->endpoints = grown;
        load->endpoint_capacity = capacity;
    }
    cl_endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint) return CL_NO_ENDPOINT;
    load->endpoints[load->endpoint_count] = endpoint;
    return load->endpoint_count++;
}

uint32_t cl_endpoint_open(cl_load *load, const cr_address *remote, uint32_t group, int *error) {
    *error = EINVAL;
    if (group >= CL_GROUPS) return CL_NO_ENDPOINT;
    int fd = open_socket(remote, error);
    if (fd < 0) return CL_NO_ENDPOINT;
    uint32_t index = free_endpoint(load);
    if (index == CL_NO_ENDPOINT) {
        *error = ENOMEM;
        close(fd);
        return CL_NO_ENDPOINT;
    }
    cl_endpoint *endpoint = load->endpoints[index];
    memset(endpoint, 0, sizeof *endpoint);
    endpoint->fd = fd;
    endpoint->is_open = true;
    endpoint->group = group;
    endpoint->reporter_ssrc = cl_random(load) | 1u;
    endpoint->first_stream = endpoint->first_source = CL_NONE;
    memset(endpoint->streams, 0xff, sizeof endpoint->streams);
    // Not all in step.
    uint64_t now_ns = cl_now_ns();
    endpoint->report_due_ns = now_ns + cl_random(load) % CL_REPORT_NS;
    endpoint->feedback_due_ns = now_ns + cl_random(load) % CL_FEEDBACK_NS;
    endpoint->nack_due_ns = UINT64_MAX;
    endpoint->rtt_ns = CL_FIRST_RTT_NS;
    return index;
}

void cl_endpoint_close(cl_load *load, uint32_t index) {
    cl_endpoint *endpoint = cl_endpoint_at(load, index);
    if (!endpoint) return;
    load->kernel_drops_of_closed += cl_socket_drops(endpoint->fd);
    while (endpoint->first_stream != CL_NONE) {
        uint32_t stream = endpoint->first_stream;
        endpoint->first_stream = load->streams[stream].next;
        cl_forget_stream(load, stream);
    }
    while (endpoint->first_source != CL_NONE) {
        uint32_t source = endpoint->first_source;
        endpoint->first_source = load->sources[source].next;
        cl_forget_source(load, source);
    }
    cr_srtp_close(endpoint->receiving);
    cr_srtp_close(endpoint->sending);
    endpoint->receiving = endpoint->sending = NULL;
    close(endpoint->fd);
    endpoint->is_open = false;
}

bool cl_transmit(cl_load *load, cl_endpoint *endpoint, const uint8_t *bytes, size_t length) {
    if (send(endpoint->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length) return true;
    cl_counts_of(load, endpoint)->send_failures++;
    return false;
}

void cl_endpoint_send(cl_load *load, uint32_t index, const uint8_t *bytes, size_t length) {
    cl_endpoint *endpoint = cl_endpoint_at(load, index);
    if (endpoint) (void)cl_transmit(load, endpoint, bytes, length);
}

bool cl_endpoint_set_keys(cl_load *load, uint32_t index, cr_srtp_profile profile, const uint8_t *receive_key,
                          const uint8_t *send_key, size_t key_length) {
    cl_endpoint *endpoint = cl_endpoint_at(load, index);
    if (!endpoint || endpoint->sending || cr_srtp_key_bytes(profile) != key_length) return false;
    endpoint->receiving = cr_srtp_open(profile, CR_SRTP_RECEIVE, receive_key, key_length);
    endpoint->sending = cr_srtp_open(profile, CR_SRTP_SEND, send_key, key_length);
    if (endpoint->receiving && endpoint->sending) return true;
    cr_srtp_close(endpoint->receiving);
    cr_srtp_close(endpoint->sending);
    endpoint->receiving = endpoint->sending = NULL;
    return false;
}

void cl_endpoint_set_extensions(cl_load *load, uint32_t index, cl_extensions extensions) {
    cl_endpoint *endpoint = cl_endpoint_at(load, index);
    // The one-byte form has 14 numbers (RFC 8285, 4.2).
    if (!endpoint || extensions.mid > 14 || extensions.audio_level > 14 || extensions.transport_sequence > 14 ||
        extensions.absolute_send_time > 14) {
        return;
    }
    endpoint->extensions = extensions;
}

uint16_t cl_endpoint_port(const cl_load *load, uint32_t index) {
    const cl_endpoint *endpoint = cl_endpoint_at(load, index);
    // IPv4's address has its port at the same place.
    struct sockaddr_in6 address = {0};
    socklen_t length = sizeof address;
    if (!endpoint || getsockname(endpoint->fd, (struct sockaddr *)&address, &length) != 0) return 0;
    return ntohs(address.sin6_port);
}

uint64_t cl_endpoint_first_media_ns(const cl_load *load, uint32_t index) {
    const cl_endpoint *endpoint = cl_endpoint_at(load, index);
    return endpoint ? endpoint->first_media_ns : 0;
}

// --------------------------------------------------------------------------------------------------------- streams

static uint32_t slot_of(const cl_endpoint *endpoint, uint32_t ssrc) {
    uint32_t slot = (ssrc * UINT32_C(2654435761)) >> 24 & (CL_SSRC_SLOTS - 1u);
    while (endpoint->streams[slot] != CL_NONE && endpoint->ssrcs[slot] != ssrc) {
        slot = (slot + 1u) & (CL_SSRC_SLOTS - 1u);
    }
    return slot;
}

uint32_t cl_endpoint_stream(const cl_endpoint *endpoint, uint32_t ssrc) {
    return endpoint->streams[slot_of(endpoint, ssrc)];
}

static uint32_t free_stream(cl_load *load) {
    if (load->free_stream != CL_NONE) {
        uint32_t stream = load->free_stream;
        load->free_stream = load->streams[stream].next;
        return stream;
    }
    if (load->stream_count == load->stream_capacity) {
        uint32_t capacity = load->stream_capacity ? load->stream_capacity * 2u : 256u;
        cl_stream *grown = realloc(load->streams, capacity * sizeof *grown);
        if (!grown) return CL_NONE;
        load->streams = grown;
        load->stream_capacity = capacity;
    }
    return load->stream_count++;
}

// Its name, a new one if need be; CL_NONE: no memory, or too many.
static uint32_t add_stream(cl_load *load, uint32_t index, uint32_t ssrc) {
    cl_endpoint *endpoint = load->endpoints[index];
    uint32_t slot = slot_of(endpoint, ssrc);
    if (endpoint->streams[slot] != CL_NONE) return endpoint->streams[slot];
    if (endpoint->ssrc_count >= CL_MOST_SSRCS) return CL_NONE;
    uint32_t name = free_stream(load);
    if (name == CL_NONE) return CL_NONE;
    cl_stream *stream = &load->streams[name];
    memset(stream, 0, sizeof *stream);
    stream->ssrc = ssrc;
    stream->endpoint = index;
    stream->is_used = true;
    stream->next = endpoint->first_stream;
    endpoint->first_stream = name;
    endpoint->ssrcs[slot] = ssrc;
    endpoint->streams[slot] = name;
    endpoint->ssrc_count++;
    return name;
}

bool cl_stream_expect(cl_load *load, uint32_t index, uint32_t ssrc, bool is_video, uint32_t retransmission_ssrc) {
    if (!cl_endpoint_at(load, index)) return false;
    uint32_t name = add_stream(load, index, ssrc);
    if (name == CL_NONE) return false;
    load->streams[name].is_video = is_video;
    if (retransmission_ssrc == 0 || retransmission_ssrc == ssrc) return true;
    uint32_t retransmission = add_stream(load, index, retransmission_ssrc);
    if (retransmission == CL_NONE) return false;
    load->streams[name].asks_again = is_video;
    load->streams[retransmission].is_retransmission = true;
    load->streams[retransmission].repairs = name;
    return true;
}

void cl_forget_stream(cl_load *load, uint32_t name) {
    cl_stream *stream = &load->streams[name];
    // What it knew stays counted.
    cl_endpoint *endpoint = load->endpoints[stream->endpoint];
    if (!stream->is_retransmission) {
        load->counts[endpoint->group].packets_expected += cl_sequence_expected(&stream->sequence);
        load->counts[endpoint->group].unrepaired += stream->repair.unrepaired;
    }
    cl_repair_end(&stream->repair);
    stream->is_used = false;
    stream->next = load->free_stream;
    load->free_stream = name;
}

// ---------------------------------------------------------------------------------------------------------- counts

void cl_read_counts(const cl_load *load, uint32_t group, cl_counts *out) {
    memset(out, 0, sizeof *out);
    if (group >= CL_GROUPS) return;
    *out = load->counts[group];
    for (uint32_t name = 0; name < load->stream_count; name++) {
        const cl_stream *stream = &load->streams[name];
        if (!stream->is_used || stream->is_retransmission) continue;
        if (load->endpoints[stream->endpoint]->group != group) continue;
        out->packets_expected += cl_sequence_expected(&stream->sequence);
        out->unrepaired += stream->repair.unrepaired;
        out->streams++;
        if (stream->sequence.is_started) out->streams_started++;
    }
}

uint64_t cl_kernel_drops(cl_load *load) {
    uint64_t drops = load->kernel_drops_of_closed;
    for (uint32_t index = 0; index < load->endpoint_count; index++) {
        if (load->endpoints[index]->is_open) drops += cl_socket_drops(load->endpoints[index]->fd);
    }
    return drops;
}
