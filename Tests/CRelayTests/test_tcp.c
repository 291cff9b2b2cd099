// Connections over loopback: framing both ways, limits, deadlines, slow readers, ends at the worst moment. Time is
// handed in, so deadlines need no waiting.

#define _GNU_SOURCE

#include "../../Sources/CRelay/io/tcp.h"
#include "../../Sources/CRelay/io/udp.h"
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STUN_BYTES = 20 };

typedef struct tcp_world {
    cr_shard *shard;
    cr_udp udp;
    cr_tcp tcp;
    uint64_t now;
} tcp_world;

static const cr_address any_loopback = {.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}};

static void open_world(tcp_world *world, uint32_t packets) {
    cr_shard_config config = {.max_transports = 4, .max_streams = 4, .max_forwards = 4, .max_packets = packets};
    cr_loop_config loop = {.bind = any_loopback};
    *world = (tcp_world){.shard = cr_shard_create(&config), .now = 1000000};
    cr_tcp_prepare(&world->tcp);
    // A port that is free for UDP may be in use for TCP, by a client of another test for example.
    int error = EADDRINUSE;
    for (int attempt = 0; attempt < 20 && error == EADDRINUSE; attempt++) {
        if (attempt > 0) cr_udp_close(&world->udp);
        CHECK_EQ(cr_udp_open(&world->udp, &loop), 0);
        cr_address address = any_loopback;
        address.port = world->udp.port;
        error = cr_tcp_listen(&world->tcp, &address, 1);
    }
    CHECK_EQ(error, 0);
}

static cr_shard_statistics statistics_of(const tcp_world *world) {
    cr_shard_statistics statistics;
    cr_shard_read_statistics(world->shard, &statistics);
    return statistics;
}

static void turn(tcp_world *world) {
    bool more;
    do {
        more = cr_tcp_receive(&world->tcp, world->shard, world->now);
        do {
            cr_shard_forward(world->shard, CR_AUDIO, UINT32_MAX);
            cr_shard_forward(world->shard, CR_VIDEO, UINT32_MAX);
            cr_shard_hand_up(world->shard);
        } while (cr_shard_is_busy(world->shard));
    } while (more);
    cr_tcp_flush(&world->tcp, world->shard);
}

// Each accepted connection is open or has one reason to have ended, and nothing is left in the pool.
static void close_world(tcp_world *world) {
    uint64_t ended = 0;
    for (int reason = 0; reason < CR_TCP_ENDS; reason++) ended += world->tcp.ends[reason];
    CHECK_EQ(world->tcp.accepted, ended + world->tcp.count);
    if (world->tcp.count == 0) {
        CHECK_EQ(world->tcp.queued_packets, 0);
        CHECK_EQ(world->tcp.by_ip.used, 0);
        CHECK_EQ(world->tcp.by_address.used, 0);
        CHECK(world->tcp.connections == NULL && world->tcp.unsent == NULL);
    }
    while (world->shard->event_count > 0) cr_shard_release_events(world->shard);
    if (world->tcp.count == 0) CHECK_EQ(statistics_of(world).packets_in_use, 0);
    cr_tcp_close(&world->tcp);
    cr_udp_close(&world->udp);
    cr_shard_destroy(world->shard);
}

// `receive_buffer` 0: as the system has it.
static int connect_client(const tcp_world *world, int receive_buffer) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(client >= 0);
    if (receive_buffer > 0) setsockopt(client, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(world->udp.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    struct timeval patience = {.tv_sec = 2};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return client;
}

static int open_client(const tcp_world *world) {
    return connect_client(world, 0);
}

static int open_slow_client(const tcp_world *world) {
    return connect_client(world, 8192);
}

static cr_address address_of(int client) {
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    CHECK_EQ(getsockname(client, (struct sockaddr *)&own, &length), 0);
    cr_address address = any_loopback;
    address.port = ntohs(own.sin_port);
    address.kind = CR_TCP;
    return address;
}

static void send_stun(int client, uint8_t number) {
    uint8_t frame[2 + STUN_BYTES] = {0, STUN_BYTES, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, number};
    (void)send(client, frame, sizeof frame, MSG_NOSIGNAL);  // the other side may have closed it
}

static void prove(tcp_world *world, int client) {
    cr_address address = address_of(client);
    cr_transport_open(world->shard, 0);
    CHECK_EQ(cr_transport_add_address(world->shard, 0, &address), CR_OK);
}

static void read_fully(int client, uint8_t *bytes, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t count = recv(client, bytes + at, length - at, 0);
        CHECK(count > 0);
        at += (size_t)count;
    }
}

static bool is_closed(int client) {
    uint8_t byte;
    ssize_t count = recv(client, &byte, 1, 0);
    return count == 0 || (count < 0 && errno == ECONNRESET);
}

TEST(tcp_datagrams_come_in_and_go_out_framed) {
    tcp_world world;
    open_world(&world, 512);
    int client = open_client(&world);
    turn(&world);
    uint8_t segment[100 * (2 + STUN_BYTES)];
    for (uint8_t number = 0; number < 100; number++) {
        uint8_t frame[2 + STUN_BYTES] = {0, STUN_BYTES, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, number};
        memcpy(segment + number * sizeof frame, frame, sizeof frame);
    }
    CHECK_EQ(send(client, segment, sizeof segment, 0), (long)sizeof segment);
    turn(&world);
    size_t count;
    const cr_event *events = cr_shard_events(world.shard, &count);
    CHECK_EQ(count, 100);
    cr_address address = address_of(client);
    for (size_t index = 0; index < count; index++) {
        CHECK_EQ(events[index].type, CR_EVENT_STUN);
        CHECK_BYTES(&events[index].from, &address, sizeof address);
        CHECK_EQ(events[index].length, STUN_BYTES);
        CHECK_EQ(events[index].bytes[8], index);
        CHECK_EQ(cr_shard_send(world.shard, &events[index].from, events[index].bytes, events[index].length), CR_OK);
    }
    cr_shard_release_events(world.shard);
    turn(&world);
    uint8_t answers[sizeof segment];
    read_fully(client, answers, sizeof answers);
    CHECK_BYTES(answers, segment, sizeof segment);
    cr_shard_statistics statistics = statistics_of(&world);
    CHECK_EQ(statistics.packets_in, 100);
    CHECK_EQ(statistics.packets_out, 100);
    CHECK_EQ(statistics.bytes_out, 100 * STUN_BYTES);
    CHECK(world.tcp.receive_calls < 10 && world.tcp.send_calls < 10);
    close(client);
    turn(&world);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_PEER], 1);
    close_world(&world);
}

TEST(tcp_is_another_address_than_udp) {
    tcp_world world;
    open_world(&world, 16);
    cr_address tcp = any_loopback, udp = any_loopback;
    tcp.port = udp.port = 5000;
    tcp.kind = CR_TCP;
    CHECK_EQ(cr_transport_open(world.shard, 0), CR_OK);
    CHECK_EQ(cr_transport_open(world.shard, 1), CR_OK);
    CHECK_EQ(cr_transport_add_address(world.shard, 0, &tcp), CR_OK);
    CHECK(cr_shard_proved_address(world.shard, &tcp) && !cr_shard_proved_address(world.shard, &udp));
    CHECK_EQ(cr_transport_add_address(world.shard, 1, &udp), CR_OK);
    CHECK_EQ(cr_transport_add_address(world.shard, 0, &udp), CR_OK);
    CHECK_EQ(cr_transport_select_address(world.shard, 1, &udp), CR_INVALID);
    CHECK_EQ(cr_transport_select_address(world.shard, 0, &tcp), CR_OK);
    // Nobody is connected there.
    CHECK_EQ(cr_transport_send(world.shard, 0, (uint8_t[1]){22}, 1), CR_OK);
    turn(&world);
    CHECK_EQ(statistics_of(&world).drops[CR_DROP_TCP_GONE], 1);
    close_world(&world);
}

static void check_refusal(const uint8_t *bytes, size_t length, bool after_stun, cr_tcp_end reason) {
    tcp_world world;
    open_world(&world, 16);
    int client = open_client(&world);
    if (after_stun) send_stun(client, 0);
    CHECK_EQ(send(client, bytes, length, 0), (long)length);
    turn(&world);
    turn(&world);
    CHECK_EQ(world.tcp.ends[reason], 1);
    CHECK_EQ(world.tcp.count, 0);
    CHECK(is_closed(client));
    close(client);
    close_world(&world);
}

TEST(tcp_strangers_are_closed) {
    check_refusal((const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18, false, CR_TCP_END_FRAMING);
    check_refusal((uint8_t[7]){22, 3, 1, 2, 0, 1, 0}, 7, false, CR_TCP_END_FRAMING);
    check_refusal((uint8_t[2]){8, 1}, 2, true, CR_TCP_END_FRAMING);
    uint8_t dtls[15] = {0, 13, 22, 0xfe, 0xfd};
    check_refusal(dtls, sizeof dtls, false, CR_TCP_END_NOT_STUN);
}

// Media that no check has announced is dropped as on UDP; the connection stays for the check that may come.
TEST(tcp_media_needs_a_proved_address) {
    tcp_world world;
    open_world(&world, 16);
    int client = open_client(&world);
    send_stun(client, 0);
    uint8_t dtls[15] = {0, 13, 22, 0xfe, 0xfd};
    CHECK_EQ(send(client, dtls, sizeof dtls, 0), (long)sizeof dtls);
    turn(&world);
    turn(&world);
    CHECK_EQ(statistics_of(&world).drops[CR_DROP_UNKNOWN_ADDRESS], 1);
    prove(&world, client);
    CHECK_EQ(send(client, dtls, sizeof dtls, 0), (long)sizeof dtls);
    turn(&world);
    CHECK_EQ(statistics_of(&world).dtls_in, 1);
    CHECK_EQ(world.tcp.count, 1);
    close(client);
    turn(&world);
    close_world(&world);
}

static void pass(tcp_world *world, uint64_t span_us) {
    for (uint64_t end_us = world->now + span_us; world->now < end_us; world->now += CR_TCP_SWEEP_US) turn(world);
}

TEST(tcp_deadlines) {
    tcp_world world;
    open_world(&world, 64);
    int silent = open_client(&world), half = open_client(&world);
    int stranger = open_client(&world), member = open_client(&world);
    CHECK_EQ(send(half, (uint8_t[3]){0, 20, 0}, 3, 0), 3);
    send_stun(stranger, 1);
    send_stun(member, 2);
    turn(&world);
    prove(&world, member);
    CHECK(world.tcp.next_sweep_us <= world.now + CR_TCP_SWEEP_US);
    pass(&world, CR_TCP_FIRST_FRAME_US - CR_TCP_SWEEP_US);
    CHECK_EQ(world.tcp.count, 4);
    pass(&world, 2 * CR_TCP_SWEEP_US);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_SILENT], 2);
    CHECK(is_closed(silent) && is_closed(half));
    for (int second = 0; second < 12; second++) {
        send_stun(stranger, 1);  // asking alone keeps nobody
        pass(&world, 1000000);
        cr_shard_release_events(world.shard);
    }
    CHECK_EQ(world.tcp.ends[CR_TCP_END_UNPROVED], 1);
    CHECK(is_closed(stranger));
    CHECK_EQ(world.tcp.count, 1);
    pass(&world, CR_TCP_IDLE_US - 18000000);
    CHECK_EQ(world.tcp.count, 1);
    pass(&world, 4000000);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_IDLE], 1);
    CHECK(is_closed(member));
    CHECK_EQ(world.tcp.next_sweep_us, UINT64_MAX);
    close(silent);
    close(half);
    close(stranger);
    close(member);
    close_world(&world);
}

// Consent is gone, or the transport: the connection has a while to prove itself again.
TEST(tcp_closes_what_is_not_proved_any_more) {
    tcp_world world;
    open_world(&world, 64);
    int client = open_client(&world);
    send_stun(client, 0);
    turn(&world);
    prove(&world, client);
    pass(&world, CR_TCP_UNPROVED_US);
    CHECK_EQ(cr_transport_clear_addresses(world.shard, 0), CR_OK);
    pass(&world, CR_TCP_UNPROVED_US - 2 * CR_TCP_SWEEP_US);
    CHECK_EQ(world.tcp.count, 1);
    pass(&world, 4 * CR_TCP_SWEEP_US);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_UNPROVED], 1);
    close(client);
    close_world(&world);
}

TEST(tcp_one_address_has_its_share) {
    enum { MORE = 5, CLIENTS = CR_TCP_CONNECTIONS_PER_IP + MORE };
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
    setrlimit(RLIMIT_NOFILE, &limit);
    tcp_world world;
    open_world(&world, 64);
    static int clients[CLIENTS];
    for (int number = 0; number < CLIENTS; number++) {
        clients[number] = open_client(&world);
        if (number % 64 == 63) turn(&world);
    }
    for (int again = 0; again < 10; again++) turn(&world);
    CHECK_EQ(world.tcp.count, CR_TCP_CONNECTIONS_PER_IP);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_TOO_MANY_PER_IP], MORE);
    CHECK(is_closed(clients[CLIENTS - 1]));
    close(clients[0]);
    turn(&world);
    int late = open_client(&world);
    turn(&world);
    CHECK_EQ(world.tcp.count, CR_TCP_CONNECTIONS_PER_IP);
    close(late);
    for (int number = 1; number < CLIENTS; number++) close(clients[number]);
    for (int again = 0; again < 200 && world.tcp.count > 0; again++) turn(&world);
    CHECK_EQ(world.tcp.count, 0);
    close_world(&world);
}

// No descriptor left: the listening socket rests instead of spinning, and comes back.
TEST(tcp_rests_without_descriptors) {
    tcp_world world;
    open_world(&world, 64);
    int first = open_client(&world), second = open_client(&world);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)second;
    setrlimit(RLIMIT_NOFILE, &none);
    turn(&world);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_EQ(world.tcp.count, 0);
    CHECK(!world.tcp.is_accepting);
    CHECK(world.tcp.next_sweep_us < UINT64_MAX);
    pass(&world, 3 * CR_TCP_SWEEP_US);
    CHECK_EQ(world.tcp.count, 2);
    close(first);
    close(second);
    turn(&world);
    close_world(&world);
}

// Numbered datagrams of different lengths, as far as the connection takes them.
static void queue_numbers(tcp_world *world, const cr_address *to, uint32_t first, uint32_t end) {
    for (uint32_t number = first; number < end; number++) {
        uint8_t datagram[1200];
        memset(datagram, (int)number, sizeof datagram);
        memcpy(datagram, &number, sizeof number);
        CHECK_EQ(cr_shard_send(world->shard, to, datagram, 600 + number * 7 % 600), CR_OK);
        if (number % 32 == 31) cr_tcp_flush(&world->tcp, world->shard);
    }
    cr_tcp_flush(&world->tcp, world->shard);
}

static uint32_t read_number(int client) {
    uint8_t header[2], datagram[1200];
    read_fully(client, header, 2);
    size_t length = (size_t)header[0] << 8 | header[1];
    CHECK(length >= 600 && length < 1200);
    read_fully(client, datagram, length);
    uint32_t number;
    memcpy(&number, datagram, sizeof number);
    CHECK_EQ(length, 600 + number * 7 % 600);
    for (size_t index = sizeof number; index < length; index++) CHECK_EQ(datagram[index], (uint8_t)number);
    return number;
}

TEST(tcp_a_slow_reader_is_bounded_and_delays_nobody) {
    enum { COUNT = 3000 };
    tcp_world world;
    open_world(&world, 4096);
    int slow = open_slow_client(&world), quick = open_client(&world);
    turn(&world);
    cr_address slow_address = address_of(slow), quick_address = address_of(quick);
    queue_numbers(&world, &slow_address, 0, COUNT);
    CHECK(world.tcp.queued_packets > 200 && world.tcp.queued_packets <= CR_TCP_SEND_BYTES / 600);
    uint64_t dropped = statistics_of(&world).drops[CR_DROP_TCP_FULL];
    CHECK(dropped > COUNT / 2);
    uint64_t calls = world.tcp.send_calls;
    queue_numbers(&world, &slow_address, COUNT, COUNT + 32);
    CHECK_EQ(world.tcp.send_calls, calls);  // a full connection costs no system call
    queue_numbers(&world, &quick_address, 0, 20);
    for (uint32_t number = 0; number < 20; number++) CHECK_EQ(read_number(quick), number);
    // It wakes up: what it gets is whole datagrams in order, and then the present.
    uint32_t last = 0, got = 1;
    CHECK_EQ(read_number(slow), 0);
    while (world.tcp.queued_packets > 0) {
        uint32_t number = read_number(slow);
        CHECK(number > last);
        last = number;
        got++;
        turn(&world);
    }
    queue_numbers(&world, &slow_address, 5000, 5001);
    uint32_t number;
    while ((number = read_number(slow)) != 5000) got++;
    cr_shard_statistics statistics = statistics_of(&world);
    CHECK_EQ(statistics.packets_out, got + 20 + 1);
    CHECK_EQ(statistics.drops[CR_DROP_TCP_FULL] + statistics.packets_out, COUNT + 32 + 20 + 1);
    close(slow);
    close(quick);
    turn(&world);
    close_world(&world);
}

// What keeps the client connected finds room where media finds none.
TEST(tcp_media_leaves_room_for_answers) {
    tcp_world world;
    open_world(&world, 8192);
    int slow = open_slow_client(&world);
    turn(&world);
    cr_address address = address_of(slow);
    uint8_t media[100] = {0x80, 96}, stun[STUN_BYTES] = {1, 1};
    for (int number = 0; number < 20000; number++) {
        CHECK_EQ(cr_shard_send(world.shard, &address, media, sizeof media), CR_OK);
        if (number % 64 == 63) cr_tcp_flush(&world.tcp, world.shard);
    }
    cr_tcp_flush(&world.tcp, world.shard);
    uint64_t dropped = statistics_of(&world).drops[CR_DROP_TCP_FULL];
    CHECK(dropped > 0);
    CHECK_EQ(world.tcp.queued_packets, (CR_TCP_SEND_BYTES - CR_TCP_RESERVED_BYTES) / CR_TCP_LEAST_COST);
    for (uint32_t number = 0; number < CR_TCP_RESERVED_BYTES / CR_TCP_LEAST_COST; number++) {
        CHECK_EQ(cr_shard_send(world.shard, &address, stun, sizeof stun), CR_OK);
    }
    cr_tcp_flush(&world.tcp, world.shard);
    CHECK_EQ(statistics_of(&world).drops[CR_DROP_TCP_FULL], dropped);
    CHECK_EQ(cr_shard_send(world.shard, &address, stun, sizeof stun), CR_OK);
    cr_tcp_flush(&world.tcp, world.shard);
    CHECK_EQ(statistics_of(&world).drops[CR_DROP_TCP_FULL], dropped + 1);
    close(slow);
    turn(&world);
    close_world(&world);
}

TEST(tcp_slow_readers_leave_the_pool_to_others) {
    tcp_world world;
    open_world(&world, 400);
    int slow = open_slow_client(&world);
    turn(&world);
    cr_address address = address_of(slow);
    queue_numbers(&world, &address, 0, 2000);
    CHECK_EQ(world.tcp.queued_packets, 400 / CR_TCP_POOL_PART);
    CHECK_EQ(statistics_of(&world).packets_in_use, 400 / CR_TCP_POOL_PART);
    close(slow);
    turn(&world);
    close_world(&world);
}

TEST(tcp_ends_while_sending) {
    tcp_world world;
    open_world(&world, 4096);
    int slow = open_slow_client(&world);
    turn(&world);
    cr_address address = address_of(slow);
    queue_numbers(&world, &address, 0, 1000);
    CHECK(world.tcp.queued_packets > 0);
    // A reset, and more to send before anybody looked.
    struct linger hard = {.l_onoff = 1};
    setsockopt(slow, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(slow);
    queue_numbers(&world, &address, 1000, 1010);
    turn(&world);
    CHECK_EQ(world.tcp.count, 0);
    CHECK_EQ(world.tcp.ends[CR_TCP_END_PEER], 1);
    queue_numbers(&world, &address, 1010, 1020);
    cr_shard_statistics statistics = statistics_of(&world);
    CHECK(statistics.drops[CR_DROP_TCP_GONE] > 100);
    CHECK_EQ(statistics.drops[CR_DROP_TCP_GONE] + statistics.drops[CR_DROP_TCP_FULL] + statistics.packets_out, 1020);
    close_world(&world);
}

// Written to after the reset was known to the kernel and before it was known to us.
TEST(tcp_a_failed_write_ends_with_the_next_read) {
    tcp_world world;
    open_world(&world, 64);
    int client = open_client(&world);
    turn(&world);
    cr_address address = address_of(client);
    struct linger hard = {.l_onoff = 1};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(client);
    queue_numbers(&world, &address, 0, 10);
    queue_numbers(&world, &address, 10, 20);
    CHECK_EQ(statistics_of(&world).drops[CR_DROP_TCP_GONE], 20);
    CHECK_EQ(world.tcp.count, 1);
    turn(&world);
    CHECK_EQ(world.tcp.count, 0);
    close_world(&world);
}

// The whole loop: a connection and its datagrams end the wait, and so does the deadline of a silent one.
TEST(loop_serves_tcp_beside_udp) {
    tcp_world free_port;
    open_world(&free_port, 16);
    cr_loop_config config = {.bind = any_loopback};
    config.bind.port = free_port.udp.port;
    close_world(&free_port);
    int error;
    cr_loop *loop = cr_loop_create(&config, &error);
    cr_shard_config shard_config = {.max_transports = 4, .max_streams = 4, .max_forwards = 4, .max_packets = 64};
    cr_shard *shard = cr_shard_create(&shard_config);
    CHECK_EQ(cr_loop_listen(loop, 1), 0);
    tcp_world where = {.udp = {.port = cr_loop_port(loop)}};
    int client = open_client(&where);
    send_stun(client, 9);
    size_t count = 0;
    for (int again = 0; again < 10 && count == 0; again++) {
        cr_loop_turn(loop, shard, cr_loop_now() + 1000000);
        const cr_event *events = cr_shard_events(shard, &count);
        if (count > 0) CHECK_EQ(cr_shard_send(shard, &events[0].from, events[0].bytes, events[0].length), CR_OK);
        cr_shard_release_events(shard);
        cr_loop_flush(loop, shard);
    }
    CHECK_EQ(count, 1);
    uint8_t answer[2 + STUN_BYTES];
    read_fully(client, answer, sizeof answer);
    CHECK_EQ(answer[10], 9);
    cr_loop_statistics statistics;
    cr_loop_read_statistics(loop, &statistics);
    CHECK_EQ(statistics.tcp_accepted, 1);
    CHECK_EQ(statistics.tcp_connections, 1);
    uint64_t before = cr_loop_now();
    cr_loop_turn(loop, shard, UINT64_MAX);  // the sweep
    CHECK(cr_loop_now() - before < 2 * CR_TCP_SWEEP_US);
    CHECK_EQ(strcmp(cr_tcp_end_name(CR_TCP_END_NOT_STUN), "not_stun"), 0);
    close(client);
    cr_loop_destroy(loop);
    cr_shard_destroy(shard);
}

TEST(tcp_says_that_its_port_is_taken) {
    tcp_world world;
    open_world(&world, 16);
    cr_tcp second;
    cr_tcp_prepare(&second);
    cr_address address = any_loopback;
    address.port = world.udp.port;
    CHECK_EQ(cr_tcp_listen(&second, &address, 1), EADDRINUSE);
    CHECK_EQ(second.epoll, -1);
    close_world(&world);
}
