// clock.h: the time that OpenSSL sees while it works for us.

#ifndef CC_CLOCK_H
#define CC_CLOCK_H

#include <stdint.h>

// Between these two calls, on this thread, gettimeofday() answers `now_us` (plus a constant) instead of the wall clock.
void cc_clock_enter(uint64_t now_us);
void cc_clock_leave(void);

#endif
