// Gives libssl our monotonic time for its retransmission timer.
//
// libssl has no way to be told the time: it calls gettimeofday(), the wall clock, so a step of that clock would freeze
// or flood a handshake, and no test could run one in virtual time. A function of this name in the executable comes
// before libc's for every shared library, so libssl (3.0) and libcrypto (3.2 and later) end up here. Only on a thread
// that is inside a call of dtls.c is the answer ours; everybody else gets the wall clock as before.
//
// Should a future OpenSSL read another clock, nothing breaks in production: it would run at the same pace, and the
// deadlines that cc_dtls_timeout gives are computed from what it says. Only tests in virtual time would miss
// retransmissions, and they check for them.

#define _POSIX_C_SOURCE 200809L  // clock_gettime, with -std=c17 too

#include "clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

// Not 0: libssl takes a deadline of zero seconds for "no timer is running", and a test may start its clock at 0.
#define ORIGIN_SECONDS 1000000

static _Thread_local struct {
    bool is_set;
    uint64_t now_us;
} thread_clock;

void cc_clock_enter(uint64_t now_us) {
    thread_clock.is_set = true;
    thread_clock.now_us = now_us;
}

void cc_clock_leave(void) { thread_clock.is_set = false; }

// The prototype of <sys/time.h> carries attributes that differ between C libraries; parameters are the same.
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;  // obsolete; nobody has passed one since POSIX said its effect is undefined
    if (thread_clock.is_set) {
        time->tv_sec = (time_t)(thread_clock.now_us / 1000000u) + ORIGIN_SECONDS;
        time->tv_usec = (suseconds_t)(thread_clock.now_us % 1000000u);
        return 0;
    }
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
