// loop.c: waits for datagrams, connections, a wake or a deadline, and runs one turn of a shard. The only place that
// reads the clock.

#define _GNU_SOURCE

#include "mesh.h"
#include "tcp.h"
#include "udp.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct cr_loop {
    int epoll;
    int wake_event;
    cr_udp udp;
    cr_tcp tcp;
    cr_address bound;    // where the UDP socket is, port and all
    atomic_bool asleep;  // a waker has to write the eventfd
    atomic_bool woken;   // something was posted since the last turn began
    bool more_waits;     // the last turn ended by its time limit
    bool tcp_is_ready;   // some connection has something for us
    uint64_t busy_since_us;
    cr_loop_statistics statistics;
};

uint64_t cr_loop_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static bool watch(const cr_loop *loop, int descriptor) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

cr_loop *cr_loop_create(const cr_loop_config *config, int *error) {
    cr_loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        *error = ENOMEM;
        return NULL;
    }
    loop->udp.socket = -1;
    cr_tcp_prepare(&loop->tcp);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int failure = loop->epoll < 0 || loop->wake_event < 0 ? errno : cr_udp_open(&loop->udp, config);
    if (failure == 0 && (!watch(loop, loop->udp.socket) || !watch(loop, loop->wake_event))) failure = errno;
    if (failure != 0) {
        cr_loop_destroy(loop);
        *error = failure;
        return NULL;
    }
    loop->bound = config->bind;
    loop->bound.port = loop->udp.port;
    *error = 0;
    return loop;
}

int cr_loop_listen(cr_loop *loop, uint64_t hash_seed) {
    int error = cr_tcp_listen(&loop->tcp, &loop->bound, hash_seed);
    if (error == 0 && !watch(loop, loop->tcp.epoll)) {
        error = errno;
        cr_tcp_close(&loop->tcp);
    }
    return error;
}

void cr_loop_destroy(cr_loop *loop) {
    if (!loop) return;
    cr_udp_close(&loop->udp);
    cr_tcp_close(&loop->tcp);
    if (loop->wake_event >= 0) close(loop->wake_event);
    if (loop->epoll >= 0) close(loop->epoll);
    free(loop);
}

uint16_t cr_loop_port(const cr_loop *loop) {
    return loop->udp.port;
}

static int timeout_ms(uint64_t deadline_us) {
    if (deadline_us == UINT64_MAX) return -1;
    uint64_t now_us = cr_loop_now();
    if (deadline_us <= now_us) return 0;
    uint64_t wait_ms = (deadline_us - now_us + 999u) / 1000u;  // never early: a timer that is not due would spin
    return wait_ms > 60000u ? 60000 : (int)wait_ms;
}

static void note_busy(cr_loop *loop) {
    static const uint64_t bounds_us[] = {50, 100, 250, 500, 1000, 2500, 5000, 10000, 50000};
    if (loop->busy_since_us == 0) return;
    uint64_t busy_us = cr_loop_now() - loop->busy_since_us;
    size_t bucket = 0;
    while (bucket < sizeof bounds_us / sizeof bounds_us[0] && busy_us > bounds_us[bucket]) bucket++;
    loop->statistics.busy_buckets[bucket]++;
    loop->statistics.busy_total_us += busy_us;
}

// Sleeps unless somebody woke us since. `asleep` goes up before `woken` is looked at and the waker does it the other way
// round, both sequentially consistent: one of the two sees the other.
static void wait(cr_loop *loop, bool may_sleep, uint64_t deadline_us) {
    struct epoll_event ready[3];  // UDP, TCP, wake
    atomic_store(&loop->asleep, true);
    bool sleeps = may_sleep && !atomic_load(&loop->woken);
    int count = epoll_wait(loop->epoll, ready, 3, sleeps ? timeout_ms(deadline_us) : 0);
    atomic_store(&loop->asleep, false);
    if (atomic_exchange(&loop->woken, false)) loop->statistics.wakes++;
    for (int index = 0; index < count; index++) {
        if (ready[index].data.fd == loop->tcp.epoll) loop->tcp_is_ready = true;
        if (ready[index].data.fd != loop->wake_event) continue;
        uint64_t value;
        (void)!read(loop->wake_event, &value, sizeof value);  // only resets it; what was posted is found elsewhere
    }
}

// Reads what waits in the socket and in links, and hands on what other shards need. Returns the time afterwards.
static uint64_t receive(cr_loop *loop, cr_shard *shard, uint64_t now_us) {
    uint64_t end_us = now_us + CR_RECEIVE_US;
    do {
        bool more = cr_udp_receive(&loop->udp, shard, now_us) == CR_RECEIVE_BATCH;
        loop->more_waits = cr_mesh_take(shard, now_us) || more;
        cr_mesh_publish(shard);
        now_us = cr_loop_now();
    } while (loop->more_waits && now_us < end_us);
    return now_us;
}

// After UDP, so that no connection delays it, and at least a little each turn, so that no flood of UDP starves TCP.
static void receive_tcp(cr_loop *loop, cr_shard *shard, uint64_t now_us) {
    uint64_t end_us = now_us + CR_RECEIVE_US;
    bool more = loop->tcp_is_ready || now_us >= loop->tcp.next_sweep_us;
    loop->tcp_is_ready = false;
    // What still waits keeps the descriptor ready: the next turn does not sleep.
    for (; more && cr_shard_takes_tcp(shard) && now_us < end_us; now_us = cr_loop_now()) {
        more = cr_tcp_receive(&loop->tcp, shard, now_us);
    }
}

// Forwards and sends until nothing is left or the time is over, but always a little. Returns the time afterwards.
static uint64_t forward(cr_loop *loop, cr_shard *shard, cr_kind kind, uint64_t end_us) {
    uint64_t now_us;
    bool more;
    do {
        more = cr_shard_forward(shard, kind, CR_FLUSH_PACKETS);
        cr_loop_flush(loop, shard);
        now_us = cr_loop_now();
    } while (more && now_us < end_us);
    return now_us;
}

void cr_loop_wait(cr_loop *loop, cr_shard *shard, uint64_t deadline_us) {
    note_busy(loop);
    // Events that commands raised after the last release, datagrams left in the socket or in links and packets left on
    // their way are due now.
    bool may_sleep = shard->event_count == 0 && !loop->more_waits && !cr_shard_is_busy(shard);
    wait(loop, may_sleep, deadline_us < loop->tcp.next_sweep_us ? deadline_us : loop->tcp.next_sweep_us);
    loop->busy_since_us = cr_loop_now();
    loop->statistics.turns++;
}

uint64_t cr_loop_work(cr_loop *loop, cr_shard *shard) {
    uint64_t begin_us = cr_loop_now();
    receive_tcp(loop, shard, receive(loop, shard, begin_us));
    uint64_t end_us = begin_us + CR_TURN_US;
    uint64_t now_us = forward(loop, shard, CR_AUDIO, end_us);
    if (now_us + CR_VIDEO_US > end_us) end_us = now_us + CR_VIDEO_US;
    forward(loop, shard, CR_VIDEO, end_us);
    cr_shard_hand_up(shard);
    return begin_us;
}

uint64_t cr_loop_turn(cr_loop *loop, cr_shard *shard, uint64_t deadline_us) {
    cr_loop_wait(loop, shard, deadline_us);
    return cr_loop_work(loop, shard);
}

void cr_loop_flush(cr_loop *loop, cr_shard *shard) {
    cr_mesh_publish(shard);
    cr_udp_flush(&loop->udp, shard);
    cr_tcp_flush(&loop->tcp, shard);
}

void cr_loop_wake(cr_loop *loop) {
    atomic_store(&loop->woken, true);
    if (!atomic_exchange(&loop->asleep, false)) return;
    uint64_t one = 1;
    (void)!write(loop->wake_event, &one, sizeof one);  // fails only when the counter is full: then it is readable anyway
}

void cr_loop_read_statistics(const cr_loop *loop, cr_loop_statistics *out) {
    *out = loop->statistics;
    out->receive_calls = loop->udp.receive_calls + loop->tcp.receive_calls;
    out->send_calls = loop->udp.send_calls + loop->tcp.send_calls;
    out->kernel_drops = loop->udp.kernel_drops_total;
    out->segmented_messages = loop->udp.segmented_messages;
    out->segmented_datagrams = loop->udp.segmented_datagrams;
    out->segmented_refusals = loop->udp.segmented_refusals;
    out->coalesced_messages = loop->udp.coalesced_messages;
    out->coalesced_datagrams = loop->udp.coalesced_datagrams;
    out->tcp_connections = loop->tcp.count;
    out->tcp_queued_packets = loop->tcp.queued_packets;
    out->tcp_accepted = loop->tcp.accepted;
    memcpy(out->tcp_ends, loop->tcp.ends, sizeof out->tcp_ends);
}
