// The loop over loopback sockets: receive, send, wake, deadline.

#define _GNU_SOURCE

#include "../../Sources/CRelay/io/udp.h"
#include "check.h"
#include "crelay.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static cr_shard *open_shard(uint32_t packets) {
    cr_shard_config config = {.max_transports = 4, .max_streams = 4, .max_forwards = 4, .max_packets = packets};
    return cr_shard_create(&config);
}

static cr_address loopback(bool ipv4) {
    cr_address address = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};
    if (!ipv4) address = (cr_address){.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    return address;
}

static int open_client(bool ipv4, uint16_t port) {
    int client = socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
    if (ipv4) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        CHECK_EQ(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    } else {
        struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        CHECK_EQ(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    }
    struct timeval patience = {.tv_sec = 2};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return client;
}

static cr_address address_of(int client) {
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    cr_address address = loopback(true);
    CHECK_EQ(getsockname(client, (struct sockaddr *)&own, &length), 0);
    address.port = ntohs(own.sin_port);
    return address;
}

// Every datagram comes up as an event with its sender's address, and an answer to that address comes back.
static void echo(cr_address bind, bool client_ipv4) {
    int error;
    cr_loop_config config = {.bind = bind, .receive_buffer_bytes = 1 << 20, .send_buffer_bytes = 1 << 20};
    cr_loop *loop = cr_loop_create(&config, &error);
    CHECK(loop != NULL);
    cr_shard *shard = open_shard(256);
    int client = open_client(client_ipv4, cr_loop_port(loop));
    enum { COUNT = 100 };
    for (uint8_t number = 0; number < COUNT; number++) CHECK_EQ(send(client, (uint8_t[2]){0, number}, 2, 0), 2);
    size_t answered = 0;
    for (int turn = 0; turn < 50 && answered < COUNT; turn++) {
        cr_loop_turn(loop, shard, cr_loop_now() + 100000);
        size_t count;
        const cr_event *events = cr_shard_events(shard, &count);
        for (size_t index = 0; index < count; index++) {
            CHECK_EQ(events[index].type, CR_EVENT_STUN);
            CHECK_EQ(cr_shard_send(shard, &events[index].from, events[index].bytes, events[index].length), CR_OK);
            answered++;
        }
        cr_shard_release_events(shard);
        cr_loop_flush(loop, shard);
    }
    CHECK_EQ(answered, COUNT);
    for (uint8_t number = 0; number < COUNT; number++) {
        uint8_t bytes[16];
        CHECK_EQ(recv(client, bytes, sizeof bytes, 0), 2);
        CHECK_EQ(bytes[1], number);
    }
    cr_shard_statistics statistics;
    cr_shard_read_statistics(shard, &statistics);
    CHECK_EQ(statistics.packets_out, COUNT);
    CHECK_EQ(statistics.packets_in, COUNT);
    CHECK_EQ(statistics.packets_in_use, 0);
    cr_loop_statistics loop_statistics;
    cr_loop_read_statistics(loop, &loop_statistics);
    CHECK(loop_statistics.receive_calls >= 4 && loop_statistics.send_calls >= 2);
    close(client);
    cr_shard_destroy(shard);
    cr_loop_destroy(loop);
}

TEST(loop_echoes_over_ipv4) {
    echo(loopback(true), true);
}

TEST(loop_echoes_over_ipv6) {
    echo(loopback(false), false);
}

TEST(loop_serves_both_families_on_the_unspecified_address) {
    cr_address any = {0};
    echo(any, true);
    echo(any, false);
}

TEST(loop_reports_what_it_cannot_bind) {
    int error = 0;
    cr_loop_config config = {.bind = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 7}}};
    CHECK(cr_loop_create(&config, &error) == NULL);
    CHECK(error != 0);
    cr_loop_destroy(NULL);
}

TEST(loop_drops_long_datagrams_and_survives_an_empty_pool) {
    int error;
    cr_loop_config config = {.bind = loopback(true)};
    cr_loop *loop = cr_loop_create(&config, &error);
    cr_shard *shard = open_shard(2);
    int client = open_client(true, cr_loop_port(loop));
    static uint8_t large[4000];
    CHECK_EQ(send(client, large, sizeof large, 0), (long)sizeof large);
    CHECK_EQ(send(client, large, 0, 0), 0);
    cr_loop_turn(loop, shard, cr_loop_now() + 100000);
    cr_loop_turn(loop, shard, 0);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(shard, &statistics);
    CHECK_EQ(statistics.drops[CR_DROP_TOO_LONG], 1);
    CHECK_EQ(statistics.drops[CR_DROP_EMPTY], 1);
    for (int datagram = 0; datagram < 5; datagram++) send(client, large, 2, 0);
    for (int turn = 0; turn < 5; turn++) cr_loop_turn(loop, shard, 0);
    cr_shard_read_statistics(shard, &statistics);
    CHECK_EQ(statistics.stun_in, 2);
    CHECK_EQ(statistics.drops[CR_DROP_POOL_EXHAUSTED], 3);
    close(client);
    cr_shard_destroy(shard);
    cr_loop_destroy(loop);
}

// A publisher behind a socket, and 299 subscriptions of its video (stream 0) and its voice (stream 1).
enum { SUBSCRIBERS = 299, VIDEO_SSRC = 7, VOICE_SSRC = 8 };

typedef struct full_room {
    cr_loop *loop;
    world *world;
    world_peer *publisher;
    int client, sink;
} full_room;

static full_room open_full_room(void) {
    int error;
    cr_loop_config config = {.bind = loopback(true), .receive_buffer_bytes = 1 << 20, .send_buffer_bytes = 1 << 22};
    full_room room = {.loop = cr_loop_create(&config, &error), .world = world_open_sized(16384)};
    room.publisher = world_join(room.world);
    world_peer *subscriber = world_join(room.world);
    cr_shard *shard = room.world->shard;
    room.client = open_client(true, cr_loop_port(room.loop));
    room.sink = open_client(true, cr_loop_port(room.loop));
    cr_address address = address_of(room.client);
    CHECK_EQ(cr_transport_add_address(shard, room.publisher->transport, &address), CR_OK);
    address = address_of(room.sink);
    CHECK_EQ(cr_transport_add_address(shard, subscriber->transport, &address), CR_OK);
    CHECK_EQ(cr_transport_select_address(shard, subscriber->transport, &address), CR_OK);
    for (uint32_t stream = 0; stream < 2; stream++) {
        cr_codec codec = stream == 0 ? CR_CODEC_VP8 : CR_CODEC_OPUS;
        cr_stream_config config = world_stream(room.publisher, codec, VIDEO_SSRC + stream);
        CHECK_EQ(cr_stream_open(shard, world_id(stream), &config), CR_OK);
    }
    for (uint32_t number = 0; number < SUBSCRIBERS; number++) {
        cr_forward_config forward = world_forward(subscriber, world_id(0), 1000 + number);
        forward.rtx_ssrc = 0;
        CHECK_EQ(cr_forward_open(shard, world_id(number), &forward), CR_OK);
    }
    cr_forward_config voice = world_forward(subscriber, world_id(1), 5000);
    CHECK_EQ(cr_forward_open(shard, world_id(SUBSCRIBERS), &voice), CR_OK);
    return room;
}

static void close_full_room(full_room *room) {
    close(room->client);
    close(room->sink);
    world_close(room->world);
    cr_loop_destroy(room->loop);
}

static void publish(const full_room *room, uint32_t ssrc, uint16_t sequence) {
    static const uint8_t payload[60] = {0x10, 0x00};  // VP8: the start of a keyframe
    uint8_t plain[256], sealed[CR_PACKET_BYTES];
    world_rtp rtp = {.payload_type = WORLD_MEDIA, .sequence = sequence, .ssrc = ssrc, .payload = payload,
                     .payload_length = sizeof payload};
    size_t length = world_protect(room->publisher, plain, world_write(&rtp, plain), sealed);
    CHECK_EQ(send(room->client, sealed, length, 0), (long)length);
}

static void turn(const full_room *room) {
    cr_loop_turn(room->loop, room->world->shard, UINT64_MAX);
    world_release(room->world);
    cr_loop_flush(room->loop, room->world->shard);
}

// A keyframe, or a late turn, in a full room: one receive batch makes more packets than the send queue holds.
TEST(loop_sends_a_full_batch_to_a_full_room) {
    full_room room = open_full_room();
    for (uint16_t sequence = 0; sequence < CR_RECEIVE_BATCH; sequence++) publish(&room, VIDEO_SSRC, sequence);
    // More than one turn may send: the rest goes on its way in the next ones, which do not sleep before.
    int turns = 0;
    do {
        turn(&room);
        turns++;
    } while (cr_shard_is_busy(room.world->shard));
    CHECK(turns > 1);
    cr_shard_statistics statistics = world_statistics(room.world);
    CHECK_EQ(statistics.forwards, (uint64_t)SUBSCRIBERS * CR_RECEIVE_BATCH);
    CHECK_EQ(world_drops(room.world, CR_DROP_SEND_QUEUE_FULL), 0);
    cr_loop_statistics loop;
    cr_loop_read_statistics(room.loop, &loop);
    CHECK_EQ(statistics.packets_out, statistics.forwards);
    CHECK(loop.segmented_datagrams > statistics.forwards / 2);
    close_full_room(&room);
}

TEST(loop_lets_audio_past_video_that_is_on_its_way) {
    full_room room = open_full_room();
    for (uint16_t sequence = 0; sequence < CR_RECEIVE_BATCH; sequence++) publish(&room, VIDEO_SSRC, sequence);
    turn(&room);
    CHECK(cr_shard_is_busy(room.world->shard));
    uint64_t before = world_statistics(room.world).forwards;
    publish(&room, VOICE_SSRC, 1);
    turn(&room);
    cr_forward_statistics voice;
    CHECK_EQ(cr_forward_read_statistics(room.world->shard, world_id(SUBSCRIBERS), &voice), CR_OK);
    CHECK_EQ(voice.packets, 1);
    CHECK(world_statistics(room.world).forwards > before + 1);  // video goes on
    CHECK(cr_shard_is_busy(room.world->shard));
    while (cr_shard_is_busy(room.world->shard)) turn(&room);
    close_full_room(&room);
}

// ------------------------------------------------------------------------------------------------ messages of several

// A socket of the core without a loop, two clients, and what is queued for them.
typedef struct wire {
    cr_udp udp;
    cr_shard *shard;
    int clients[2];
    cr_address addresses[2];
} wire;

static wire open_wire(void) {
    wire w = {.shard = open_shard(512)};
    cr_loop_config config = {.bind = loopback(true), .receive_buffer_bytes = 1 << 20, .send_buffer_bytes = 1 << 20};
    CHECK_EQ(cr_udp_open(&w.udp, &config), 0);
    for (int client = 0; client < 2; client++) {
        w.clients[client] = open_client(true, w.udp.port);
        w.addresses[client] = address_of(w.clients[client]);
    }
    return w;
}

static void close_wire(wire *w) {
    for (int client = 0; client < 2; client++) close(w->clients[client]);
    cr_udp_close(&w->udp);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(w->shard, &statistics);
    CHECK_EQ(statistics.packets_in_use, 0);
    cr_shard_destroy(w->shard);
}

static void queue(wire *w, int client, size_t length, uint8_t number) {
    uint8_t bytes[CR_PACKET_BYTES] = {0};
    bytes[0] = bytes[length - 1] = number;
    CHECK_EQ(cr_shard_send(w->shard, &w->addresses[client], bytes, length), CR_OK);
}

static void expect_datagram(const wire *w, int client, size_t length, uint8_t number) {
    uint8_t bytes[CR_PACKET_BYTES];
    CHECK_EQ(recv(w->clients[client], bytes, sizeof bytes, 0), (long)length);
    CHECK_EQ(bytes[0], number);
    CHECK_EQ(bytes[length - 1], number);
}

static uint64_t sent_by(const wire *w) {
    cr_shard_statistics statistics;
    cr_shard_read_statistics(w->shard, &statistics);
    return statistics.packets_out;
}

static const struct {
    int client;
    size_t length;
} grouped[] = {
    // Eight, then two and a shorter one; a longer one is alone; three; one; too long for company, both.
    {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000}, {0, 1000},
    {0, 400},  {0, 401},  {1, 500},  {1, 500},  {1, 500},  {0, 500},  {0, 1400}, {0, 1400},
};
enum { GROUPED = sizeof grouped / sizeof grouped[0] };

static void queue_grouped(wire *w) {
    for (uint8_t number = 0; number < GROUPED; number++) {
        queue(w, grouped[number].client, grouped[number].length, number);
    }
}

static void expect_grouped(const wire *w) {
    for (uint8_t number = 0; number < GROUPED; number++) {
        expect_datagram(w, grouped[number].client, grouped[number].length, number);
    }
}

TEST(udp_sends_what_goes_to_one_address_in_few_messages) {
    wire w = open_wire();
    CHECK(w.udp.segments);
    queue_grouped(&w);
    cr_udp_flush(&w.udp, w.shard);
    expect_grouped(&w);
    CHECK_EQ(w.udp.segmented_messages, 3);
    CHECK_EQ(w.udp.segmented_datagrams, 8 + 3 + 3);
    CHECK_EQ(w.udp.segmented_refusals, 0);
    CHECK_EQ(w.udp.send_calls, 1);
    CHECK_EQ(sent_by(&w), GROUPED);
    close_wire(&w);
}

TEST(udp_sends_bulk_in_larger_messages) {
    wire w = open_wire();
    cr_id transport = 1u << CR_ID_INDEX_BITS;
    CHECK_EQ(cr_transport_open(w.shard, transport), CR_OK);
    CHECK_EQ(cr_transport_add_address(w.shard, transport, &w.addresses[0]), CR_OK);
    uint8_t record[1200] = {0};
    for (uint8_t number = 0; number < 60; number++) {
        record[0] = record[sizeof record - 1] = number;
        CHECK_EQ(cr_transport_send(w.shard, transport, record, sizeof record), CR_OK);
    }
    queue(&w, 0, sizeof record, 60);  // not bulk
    cr_udp_flush(&w.udp, w.shard);
    for (uint8_t number = 0; number <= 60; number++) expect_datagram(&w, 0, sizeof record, number);
    CHECK_EQ(w.udp.segmented_messages, 2);  // 54 in 65,000 bytes, then 6
    CHECK_EQ(w.udp.segmented_datagrams, 60);
    CHECK_EQ(cr_transport_close(w.shard, transport), CR_OK);
    close_wire(&w);
}

// What the kernel does when the interface has no checksum offload (EIO) and for several other reasons.
static int refuse_segments(int socket, struct mmsghdr *messages, unsigned count, int flags) {
    for (unsigned done = 0; done < count; done++) {
        if (messages[done].msg_hdr.msg_controllen > 0) {
            errno = EIO;
            return done > 0 ? (int)done : -1;
        }
        int sent = sendmmsg(socket, &messages[done], 1, flags);
        if (sent != 1) return done > 0 ? (int)done : sent;
    }
    return (int)count;
}

TEST(udp_gives_segments_up_when_the_kernel_refuses_one) {
    wire w = open_wire();
    w.udp.send_messages = refuse_segments;
    queue_grouped(&w);
    cr_udp_flush(&w.udp, w.shard);
    expect_grouped(&w);
    CHECK_EQ(w.udp.segmented_messages, 0);
    CHECK_EQ(w.udp.segmented_refusals, 3);  // those that were made up already
    CHECK(!w.udp.segments);
    queue_grouped(&w);
    cr_udp_flush(&w.udp, w.shard);
    expect_grouped(&w);
    CHECK_EQ(w.udp.segmented_refusals, 3);
    CHECK_EQ(sent_by(&w), 2 * GROUPED);
    close_wire(&w);
}

// It is the address that is refused, not the segments: no client may cost all others theirs.
TEST(udp_keeps_segments_when_nothing_reaches_an_address) {
    wire w = open_wire();
    w.addresses[1].port = 0;
    queue(&w, 1, 100, 1);
    queue(&w, 1, 100, 2);
    queue(&w, 0, 100, 3);
    cr_udp_flush(&w.udp, w.shard);
    expect_datagram(&w, 0, 100, 3);
    CHECK(w.udp.segments);
    CHECK_EQ(w.udp.segmented_refusals, 1);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(w.shard, &statistics);
    CHECK_EQ(statistics.drops[CR_DROP_SEND_FAILED], 2);
    close_wire(&w);
}

static int refusal;  // what the third message meets

static int refuse_third(int socket, struct mmsghdr *messages, unsigned count, int flags) {
    static unsigned seen;
    if (seen >= 2) {
        seen = 0;
        errno = refusal;
        return -1;
    }
    unsigned room = count < 2 - seen ? count : 2 - seen;
    int sent = sendmmsg(socket, messages, room, flags);
    seen += sent > 0 ? (unsigned)sent : 0;
    return sent;
}

TEST(udp_never_waits_and_counts_what_the_kernel_has_no_room_for) {
    static const struct {
        int error;
        cr_drop_reason reason;
    } cases[2] = {{EAGAIN, CR_DROP_SEND_WOULD_BLOCK}, {ENOBUFS, CR_DROP_SEND_NO_BUFFERS}};
    for (size_t index = 0; index < 2; index++) {
        wire w = open_wire();
        w.udp.send_messages = refuse_third;
        refusal = cases[index].error;
        queue_grouped(&w);
        cr_udp_flush(&w.udp, w.shard);
        for (uint8_t number = 0; number < 11; number++) expect_datagram(&w, 0, grouped[number].length, number);
        cr_shard_statistics statistics;
        cr_shard_read_statistics(w.shard, &statistics);
        CHECK_EQ(statistics.drops[cases[index].reason], GROUPED - 11);
        CHECK_EQ(statistics.packets_out, 11);
        CHECK(w.udp.segments);
        close_wire(&w);
    }
}

// A client that sends as libwebrtc may: many datagrams in one message, which reaches us as one.
static void send_joined(int client, uint8_t *bytes, size_t length, uint16_t segment) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof segment)];
    } control = {0};
    struct iovec span = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &span, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(header), &segment, sizeof segment);
    CHECK_EQ(sendmsg(client, &message, 0), (long)length);
}

TEST(udp_cuts_what_the_kernel_joined) {
    static const uint16_t segments[] = {1000, 1200, 37, 1024};
    for (size_t index = 0; index < sizeof segments / sizeof segments[0]; index++) {
        wire w = open_wire();
        uint16_t segment = segments[index];
        size_t length = segment * 20u + 30;
        uint8_t *bytes = calloc(1, length);
        for (size_t at = 0; at < length; at++) {
            bytes[at] = at % segment == 0 ? 0 : (uint8_t)(at / segment + at % segment * 7);
        }
        send_joined(w.clients[0], bytes, length, segment);
        while (cr_udp_receive(&w.udp, w.shard, 1) > 0) continue;
        cr_shard_hand_up(w.shard);
        size_t count;
        const cr_event *events = cr_shard_events(w.shard, &count);
        CHECK_EQ(count, 21);
        for (size_t event = 0; event < count; event++) {
            CHECK_EQ(events[event].length, event < 20 ? segment : 30);
            CHECK_BYTES(events[event].bytes, bytes + event * segment, events[event].length);
            CHECK_BYTES(&events[event].from, &w.addresses[0], sizeof w.addresses[0]);
        }
        CHECK_EQ(w.udp.coalesced_messages, 1);
        CHECK_EQ(w.udp.coalesced_datagrams, 21);
        cr_shard_release_events(w.shard);
        free(bytes);
        close_wire(&w);
    }
}

TEST(udp_cuts_as_far_as_the_pool_goes) {
    wire w = open_wire();
    cr_shard_destroy(w.shard);
    w.shard = open_shard(3);
    uint8_t bytes[10 * 900] = {0};
    send_joined(w.clients[0], bytes, sizeof bytes, 900);
    CHECK_EQ(cr_udp_receive(&w.udp, w.shard, 1), 1);
    cr_shard_hand_up(w.shard);
    cr_shard_statistics statistics;
    cr_shard_read_statistics(w.shard, &statistics);
    CHECK_EQ(statistics.packets_in, 10);
    CHECK_EQ(statistics.stun_in + statistics.drops[CR_DROP_POOL_EXHAUSTED], 10);
    CHECK(statistics.stun_in >= 1);
    size_t count;
    cr_shard_events(w.shard, &count);
    cr_shard_release_events(w.shard);
    close_wire(&w);
}

static void *wake_later(void *loop) {
    usleep(50000);
    cr_loop_wake(loop);
    return NULL;
}

TEST(loop_keeps_deadlines_and_wakes) {
    int error;
    cr_loop_config config = {.bind = loopback(true)};
    cr_loop *loop = cr_loop_create(&config, &error);
    cr_shard *shard = open_shard(16);
    uint64_t before = cr_loop_now();
    uint64_t began = cr_loop_turn(loop, shard, before + 30000);
    CHECK(began >= before + 30000 && began < before + 500000);
    cr_loop_wake(loop);  // nobody sleeps: the next turn just does not
    before = cr_loop_now();
    cr_loop_turn(loop, shard, UINT64_MAX);
    CHECK(cr_loop_now() - before < 500000);
    pthread_t thread;
    pthread_create(&thread, NULL, wake_later, loop);
    cr_loop_turn(loop, shard, UINT64_MAX);
    pthread_join(thread, NULL);
    cr_loop_statistics statistics;
    cr_loop_read_statistics(loop, &statistics);
    CHECK_EQ(statistics.wakes, 2);
    CHECK_EQ(statistics.turns, 3);
    cr_shard_destroy(shard);
    cr_loop_destroy(loop);
}
