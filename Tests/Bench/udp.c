// udp.c: the core behind its real loop and socket, on loopback. The subscribers' sockets are bound and never read: their
// small buffers are full, the kernel drops there, and no other thread is woken. Beside it in the same slices what the
// kernel charges for the datagrams alone, one sendto each.

#define _GNU_SOURCE
#include "bench.h"
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BURST_PACKETS 4u   // that wait in the socket when a turn begins
#define SLICE_BURSTS 2u
#define CHECKED_PACKETS 20u
#define SEND_BUFFER_BYTES (4 << 20)

typedef struct network {
    uint32_t subscribers;
    int targets[ROOM_MAX_SUBSCRIBERS];
    struct sockaddr_in target_addresses[ROOM_MAX_SUBSCRIBERS];
    int sender;                // of the bare sendto
    size_t datagram_bytes;     // as the core sends them
} network;

// A room behind a loop, with the socket of its publisher.
typedef struct station {
    network *network;
    room *room;
    cr_loop *loop;
    int publisher;
    uint64_t forwarded;
} station;

static int open_socket(struct sockaddr_in *bound) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof any;
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&any, sizeof any) != 0 ||
        getsockname(descriptor, (struct sockaddr *)&any, &length) != 0) {
        fail("socket: %s", strerror(errno));
    }
    *bound = any;
    return descriptor;
}

static cr_address core_address(const struct sockaddr_in *address) {
    return (cr_address){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1},
                        .port = ntohs(address->sin_port)};
}

static network *network_open(uint32_t subscribers) {
    network *network = calloc(1, sizeof *network);
    network->subscribers = subscribers;
    for (uint32_t index = 0; index < subscribers; index++) {
        network->targets[index] = open_socket(&network->target_addresses[index]);
        // The kernel raises it to the least it allows, which is about one packet.
        setsockopt(network->targets[index], SOL_SOCKET, SO_RCVBUF, &(int){1}, sizeof(int));
    }
    struct sockaddr_in ignored;
    network->sender = open_socket(&ignored);
    // As the core's own socket has it, see io/udp.c.
    setsockopt(network->sender, IPPROTO_IP, IP_MTU_DISCOVER, &(int){IP_PMTUDISC_PROBE}, sizeof(int));
    setsockopt(network->sender, SOL_SOCKET, SO_SNDBUFFORCE, &(int){SEND_BUFFER_BYTES}, sizeof(int));
    return network;
}

static void network_close(network *network) {
    for (uint32_t index = 0; index < network->subscribers; index++) close(network->targets[index]);
    close(network->sender);
    free(network);
}

static station *station_open(network *network, const shape *shape, bool encrypted) {
    station *station = calloc(1, sizeof *station);
    station->network = network;
    struct sockaddr_in publisher_address, loop_address = {.sin_family = AF_INET};
    station->publisher = open_socket(&publisher_address);
    cr_loop_config config = {.bind = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}},
                             .receive_buffer_bytes = SEND_BUFFER_BYTES, .send_buffer_bytes = SEND_BUFFER_BYTES};
    int error;
    station->loop = cr_loop_create(&config, &error);
    if (!station->loop) fail("cr_loop_create: %s", strerror(error));
    loop_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    loop_address.sin_port = htons(cr_loop_port(station->loop));
    if (connect(station->publisher, (struct sockaddr *)&loop_address, sizeof loop_address) != 0) fail("connect");
    cr_address publisher = core_address(&publisher_address), targets[ROOM_MAX_SUBSCRIBERS];
    for (uint32_t index = 0; index < network->subscribers; index++) {
        targets[index] = core_address(&network->target_addresses[index]);
    }
    station->room = room_open(shape, encrypted, network->subscribers, &publisher, targets);
    return station;
}

static void station_close(station *station) {
    room_close(station->room);
    cr_loop_destroy(station->loop);
    close(station->publisher);
    free(station);
}

static void publish(station *station, uint32_t count) {
    for (uint32_t packet = 0; packet < count; packet++) {
        uint8_t bytes[CR_PACKET_BYTES];
        size_t length = room_next_packet(station->room, bytes);
        if (send(station->publisher, bytes, length, 0) != (ssize_t)length) fail("send: %s", strerror(errno));
    }
    station->forwarded += (uint64_t)count * station->room->subscribers;
}

// As a RelayWorker turns: receive, forward and send, handle events, send the rest; until nothing is left.
static void turn(station *station) {
    do {
        cr_loop_turn(station->loop, station->room->shard, 0);
        room_release_events(station->room);
        cr_loop_flush(station->loop, station->room->shard);
    } while (cr_shard_is_busy(station->room->shard));
}

// No figures without this: what arrives at one subscriber's socket is what the publisher sent.
static void check(station *station) {
    uint32_t subscriber = station->room->subscribers / 2;
    int target = station->network->targets[subscriber];
    uint8_t bytes[CR_PACKET_BYTES];
    while (recv(target, bytes, sizeof bytes, MSG_DONTWAIT) >= 0) continue;
    listener listener = listener_open(station->room, subscriber);
    for (uint32_t packet = 0; packet < CHECKED_PACKETS; packet++) {
        publish(station, 1);
        turn(station);
        ssize_t length = recv(target, bytes, sizeof bytes, MSG_DONTWAIT);
        if (length < 0) fail("nothing arrives at a subscriber's socket");
        listener_check(&listener, bytes, (size_t)length);
        station->network->datagram_bytes = (size_t)length;
    }
    listener_close(&listener);
    room_check_forwards(station->room, station->forwarded);
}

static uint64_t loop_slice(void *context, stopwatch *watch) {
    station *station = context;
    for (uint32_t burst = 0; burst < SLICE_BURSTS; burst++) {
        publish(station, BURST_PACKETS);
        stopwatch_start(watch);
        turn(station);
        stopwatch_stop(watch);
        room_check_forwards(station->room, station->forwarded);
    }
    return (uint64_t)SLICE_BURSTS * BURST_PACKETS * station->room->subscribers;
}

static uint64_t sendto_slice(void *context, stopwatch *watch) {
    network *network = context;
    static const uint8_t bytes[CR_PACKET_BYTES];
    uint32_t rounds = SLICE_BURSTS * BURST_PACKETS;
    bool sent = true;
    stopwatch_start(watch);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t index = 0; index < network->subscribers; index++) {
            sent &= sendto(network->sender, bytes, network->datagram_bytes, 0,
                           (const struct sockaddr *)&network->target_addresses[index],
                           sizeof network->target_addresses[index]) > 0;
        }
    }
    stopwatch_stop(watch);
    if (!sent) fail("sendto: %s", strerror(errno));
    return (uint64_t)rounds * network->subscribers;
}

static reference *open_reference(const network *network, const shape *shape, reference_output output) {
    reference_shape reference = {.subscribers = network->subscribers, .round_packets = BURST_PACKETS,
                                 .rtp_bytes = shape->rtp_bytes, .output = output};
    return reference_open(&reference, network->target_addresses);
}

void bench_udp(const shape *shape, uint32_t subscribers) {
    network *network = network_open(subscribers);
    station *encrypted = station_open(network, shape, true), *plain = station_open(network, shape, false);
    check(encrypted);
    check(plain);
    reference *single = open_reference(network, shape, REFERENCE_SENDMMSG);
    reference *segmented = open_reference(network, shape, REFERENCE_GSO);
    enum { LOOP, LOOP_PLAIN, SINGLE, SEGMENTED, SENDTO, GETPPID, XORSHIFT, COUNT };
    variant variants[COUNT] = {
        [LOOP] = {.name = "packet core and loop", .run = loop_slice, .context = encrypted},
        [LOOP_PLAIN] = {.name = "the same, copying instead of encrypting", .run = loop_slice, .context = plain},
        [SINGLE] = {.name = "reference loop, sendmmsg", .run = reference_slice, .context = single},
        [SEGMENTED] = {.name = "reference loop, four segments a message", .run = reference_slice, .context = segmented},
        [SENDTO] = {.name = "sendto alone", .run = sendto_slice, .context = network},
        [GETPPID] = {.name = "getppid", .run = getppid_slice},
        [XORSHIFT] = {.name = "1000 xorshift steps", .run = xorshift_slice},
    };
    measure(variants, COUNT);
    print_packets(&variants[LOOP], SENDTO + 1);
    print_ratio("core and loop ÷ sendto", &variants[LOOP], &variants[SENDTO]);
    print_ratio("the same, copying ÷ sendto", &variants[LOOP_PLAIN], &variants[SENDTO]);
    print_ratio("core and loop ÷ reference, sendmmsg", &variants[LOOP], &variants[SINGLE]);
    print_ratio("core and loop ÷ reference, segments", &variants[LOOP], &variants[SEGMENTED]);
    print_controls(&variants[GETPPID], COUNT - GETPPID);
    print_interrupted(variants, COUNT);
    reference_close(single);
    reference_close(segmented);
    station_close(encrypted);
    station_close(plain);
    network_close(network);
}
