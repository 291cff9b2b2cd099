// The loop over loopback sockets: receive, send, wake, deadline.

#define _GNU_SOURCE

#include "check.h"
#include "crelay.h"
#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
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

// A keyframe, or a late turn, in a full room: one receive batch makes more packets than the send queue holds.
TEST(loop_sends_a_full_batch_to_a_full_room) {
    enum { SUBSCRIBERS = 299, BATCH = CR_RECEIVE_BATCH };
    int error;
    cr_loop_config config = {.bind = loopback(true), .receive_buffer_bytes = 1 << 20, .send_buffer_bytes = 1 << 22};
    cr_loop *loop = cr_loop_create(&config, &error);
    world *world = world_open_sized(16384);
    world_peer *publisher = world_join(world), *subscriber = world_join(world);
    int client = open_client(true, cr_loop_port(loop)), sink = open_client(true, cr_loop_port(loop));
    struct sockaddr_in own;
    socklen_t own_length = sizeof own;
    cr_address address = loopback(true);
    CHECK_EQ(getsockname(client, (struct sockaddr *)&own, &own_length), 0);
    address.port = ntohs(own.sin_port);
    CHECK_EQ(cr_transport_add_address(world->shard, publisher->transport, &address), CR_OK);
    CHECK_EQ(getsockname(sink, (struct sockaddr *)&own, &own_length), 0);
    address.port = ntohs(own.sin_port);
    CHECK_EQ(cr_transport_add_address(world->shard, subscriber->transport, &address), CR_OK);
    CHECK_EQ(cr_transport_select_address(world->shard, subscriber->transport, &address), CR_OK);
    cr_stream_config stream = world_stream(publisher, CR_CODEC_OPUS, 7);
    CHECK_EQ(cr_stream_open(world->shard, world_id(0), &stream), CR_OK);
    for (uint32_t number = 0; number < SUBSCRIBERS; number++) {
        cr_forward_config forward = world_forward(subscriber, world_id(0), 1000 + number * 2);
        forward.rtx_ssrc = 0;
        CHECK_EQ(cr_forward_open(world->shard, world_id(number), &forward), CR_OK);
    }
    for (uint16_t sequence = 0; sequence < BATCH; sequence++) {
        uint8_t plain[256], sealed[CR_PACKET_BYTES];
        size_t length = 0;
        size_t plain_length = world_write(
            &(world_rtp){.payload_type = WORLD_MEDIA, .sequence = sequence, .ssrc = 7, .payload = plain, .payload_length = 60},
            sealed);
        memcpy(plain, sealed, plain_length);
        cr_srtp_parts parts = {.header = plain, .header_length = 12, .payload = plain + 12, .payload_length = plain_length - 12};
        CHECK_EQ(cr_srtp_protect_rtp(publisher->sending, &parts, sealed, sizeof sealed, &length), CR_SRTP_OK);
        CHECK_EQ(send(client, sealed, length, 0), (long)length);
    }
    for (int turn = 0; turn < 3; turn++) {
        cr_loop_turn(loop, world->shard, 0);
        cr_loop_flush(loop, world->shard);
    }
    cr_shard_statistics statistics = world_statistics(world);
    CHECK_EQ(statistics.forwards, (uint64_t)SUBSCRIBERS * BATCH);
    CHECK_EQ(world_drops(world, CR_DROP_SEND_QUEUE_FULL), 0);
    close(client);
    close(sink);
    world_close(world);
    cr_loop_destroy(loop);
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
