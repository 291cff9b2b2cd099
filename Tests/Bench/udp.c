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
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLICE_PACKETS 8u   // of the publisher, about
#define REFERENCE_BURST 4u // packets of a round of the reference loop
#define VOICE_BYTES 72u    // RTP packets of Opus at 32 kbit/s: 72 to 119
#define VOICE_SPREAD_BYTES 48u
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
    uint32_t next_voice;
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

static void publish_bytes(station *station, const uint8_t *bytes, size_t length) {
    if (send(station->publisher, bytes, length, 0) != (ssize_t)length) fail("send: %s", strerror(errno));
    station->forwarded += station->room->subscribers;
}

static void publish(station *station, uint32_t count) {
    for (uint32_t packet = 0; packet < count; packet++) {
        uint8_t bytes[CR_PACKET_BYTES];
        size_t length = room_next_packet(station->room, bytes);
        publish_bytes(station, bytes, length);
    }
}

// Of as many voices. Opus makes every packet as long as it likes.
static void publish_voices(station *station, uint32_t count) {
    static uint64_t state = 88172645463325252u;
    for (uint32_t packet = 0; packet < count; packet++) {
        uint8_t bytes[CR_PACKET_BYTES];
        size_t rtp_bytes = VOICE_BYTES + xorshift(&state) % VOICE_SPREAD_BYTES;
        size_t length = room_next_voice(station->room, station->next_voice, rtp_bytes, bytes);
        station->next_voice = (station->next_voice + 1) % station->room->voices;
        publish_bytes(station, bytes, length);
    }
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

// What waits in the socket when a turn begins.
typedef struct burst {
    station *station;
    uint32_t packets;  // of the room's stream
    uint32_t voices;
} burst;

static uint64_t loop_slice(void *context, stopwatch *watch) {
    const burst *burst = context;
    station *station = burst->station;
    uint32_t packets = burst->packets + burst->voices;
    uint32_t bursts = (SLICE_PACKETS + packets - 1) / packets;
    for (uint32_t index = 0; index < bursts; index++) {
        publish(station, burst->packets);
        publish_voices(station, burst->voices);
        stopwatch_start(watch);
        turn(station);
        stopwatch_stop(watch);
        room_check_forwards(station->room, station->forwarded);
    }
    return (uint64_t)bursts * packets * station->room->subscribers;
}

static uint64_t sendto_slice(void *context, stopwatch *watch) {
    network *network = context;
    static const uint8_t bytes[CR_PACKET_BYTES];
    bool sent = true;
    stopwatch_start(watch);
    for (uint32_t round = 0; round < SLICE_PACKETS; round++) {
        for (uint32_t index = 0; index < network->subscribers; index++) {
            sent &= sendto(network->sender, bytes, network->datagram_bytes, 0,
                           (const struct sockaddr *)&network->target_addresses[index],
                           sizeof network->target_addresses[index]) > 0;
        }
    }
    stopwatch_stop(watch);
    if (!sent) fail("sendto: %s", strerror(errno));
    return (uint64_t)SLICE_PACKETS * network->subscribers;
}

// How many datagrams left in one message, on average of the whole run.
static void print_messages(const station *station) {
    cr_loop_statistics statistics;
    cr_loop_read_statistics(station->loop, &statistics);
    cr_shard_statistics shard;
    cr_shard_read_statistics(station->room->shard, &shard);
    double messages = (double)(shard.packets_out - statistics.segmented_datagrams + statistics.segmented_messages);
    printf("    %.0f %% of the datagrams left in messages of several; %.1f a message in all, of %.1f bytes each\n",
           100.0 * (double)statistics.segmented_datagrams / (double)shard.packets_out,
           (double)shard.packets_out / messages, (double)shard.bytes_out / (double)shard.packets_out);
}

static reference *open_reference(const network *network, const shape *shape, reference_output output) {
    reference_shape reference = {.subscribers = network->subscribers, .round_packets = REFERENCE_BURST,
                                 .rtp_bytes = shape->rtp_bytes, .output = output};
    return reference_open(&reference, network->target_addresses);
}

void bench_udp(const shape *shape, uint32_t subscribers) {
    static const struct {
        const char *name;
        uint32_t packets, voices;
    } video[] = {{"video, packet by packet", 1, 0}, {"bursts of 4", 4, 0}, {"bursts of 8", 8, 0},
                 {"bursts of 5 and a voice", 5, 1}},
      voice[] = {{"voices, packet by packet", 0, 1}, {"a packet of 4 voices at once", 0, 4},
                 {"a packet of 10 voices at once", 0, 10}};
    bool is_video = shape->codec != CR_CODEC_OPUS;
    enum { MOST = 4, REFERENCES = 2, CONTROLS = 3 };
    size_t count = is_video ? sizeof video / sizeof video[0] : sizeof voice / sizeof voice[0];
    network *network = network_open(subscribers);
    station *stations[2] = {station_open(network, shape, true), station_open(network, shape, false)};
    burst bursts[2 * MOST];
    variant variants[2 * MOST + REFERENCES + CONTROLS] = {0};
    char names[2 * MOST][64];
    for (size_t index = 0; index < 2 * count; index++) {
        bool plain = index >= count;
        size_t row = index % count;
        bursts[index] = (burst){.station = stations[plain], .packets = is_video ? video[row].packets : voice[row].packets,
                                .voices = is_video ? video[row].voices : voice[row].voices};
        snprintf(names[index], sizeof names[index], "%s%s", is_video ? video[row].name : voice[row].name,
                 plain ? ", copying" : "");
        variants[index] = (variant){.name = names[index], .run = loop_slice, .context = &bursts[index]};
    }
    for (size_t index = 0; index < 2; index++) {
        check(stations[index]);
        room_add_voices(stations[index]->room, is_video ? 1 : ROOM_MAX_VOICES);
    }
    reference *single = open_reference(network, shape, REFERENCE_SENDMMSG);
    reference *segmented = open_reference(network, shape, REFERENCE_GSO);
    variant *references = variants + 2 * count;
    references[0] = (variant){.name = "reference loop, sendmmsg", .run = reference_slice, .context = single};
    references[1] = (variant){.name = "reference loop, four segments a message", .run = reference_slice,
                              .context = segmented};
    variant *controls = references + REFERENCES;
    controls[0] = (variant){.name = "sendto alone", .run = sendto_slice, .context = network};
    controls[1] = (variant){.name = "getppid", .run = getppid_slice};
    controls[2] = (variant){.name = "1000 xorshift steps", .run = xorshift_slice};
    measure(variants, 2 * count + REFERENCES + CONTROLS);
    print_packets(variants, 2 * count + REFERENCES + 1);
    for (size_t index = 0; index < 2 * count; index++) {
        char ratio[80];
        snprintf(ratio, sizeof ratio, "%s ÷ sendto", names[index]);
        print_ratio(ratio, &variants[index], &controls[0]);
    }
    print_ratio("packet by packet ÷ reference, sendmmsg", &variants[0], &references[0]);
    print_ratio("four at once ÷ reference, four segments", &variants[1], &references[1]);
    print_messages(stations[1]);
    print_controls(&controls[1], CONTROLS - 1);
    print_interrupted(variants, 2 * count + REFERENCES + CONTROLS);
    reference_close(single);
    reference_close(segmented);
    for (size_t index = 0; index < 2; index++) station_close(stations[index]);
    network_close(network);
}

void bench_growth(const shape *shape, uint32_t subscribers) {
    static const uint32_t sizes[] = {10, 100, 300, 600, 1000};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    // A socket for each subscriber of each size.
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    network *networks[SIZES];
    burst bursts[SIZES];
    char names[SIZES][64];
    variant variants[SIZES + 1] = {0};
    size_t count = 0;
    for (; count < SIZES && sizes[count] <= subscribers; count++) {
        networks[count] = network_open(sizes[count]);
        bursts[count] = (burst){.station = station_open(networks[count], shape, true), .packets = SLICE_PACKETS};
        check(bursts[count].station);
        snprintf(names[count], sizeof names[count], "%u subscribers, bursts of %u", sizes[count], SLICE_PACKETS);
        variants[count] = (variant){.name = names[count], .run = loop_slice, .context = &bursts[count]};
    }
    variant *sendto_alone = &variants[count];
    *sendto_alone = (variant){.name = "sendto alone", .run = sendto_slice, .context = networks[count - 1]};
    measure(variants, count + 1);
    print_packets(variants, count + 1);
    for (size_t index = 0; index < count; index++) {
        char ratio[80];
        snprintf(ratio, sizeof ratio, "%s ÷ sendto", names[index]);
        print_ratio(ratio, &variants[index], sendto_alone);
    }
    print_interrupted(variants, count + 1);
    for (size_t index = 0; index < count; index++) {
        station_close(bursts[index].station);
        network_close(networks[index]);
    }
}
