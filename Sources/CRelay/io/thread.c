// What a worker's thread wants of the system beside its loop. Here and not in Swift, because glibc hides these calls
// without _GNU_SOURCE.

#define _GNU_SOURCE
#include "crelay.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define NAME_BYTES 16  // of the kernel, the zero included
// A packet loop needs little, but soon: at an equal share with twenty busy processes a relay of ten people was left with
// less than its 8 % of a core and its socket buffer ran over. Ten steps give it nine times the weight of an ordinary
// process, so that a backup at night is not heard; more would put it before the machine's own housekeeping.
#define PACKET_LOOP_NICE (-10)

void cr_thread_configure(const char *name, int core) {
    char shown[NAME_BYTES];
    snprintf(shown, sizeof shown, "%s", name);
#ifdef __linux__
    (void)pthread_setname_np(pthread_self(), shown);
    // Needs CAP_SYS_NICE or RLIMIT_NICE. On Linux the value is the thread's own.
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), PACKET_LOOP_NICE);
    if (core >= 0 && core < CPU_SETSIZE) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((unsigned)core, &set);
        // A container may forbid the core: the scheduler then decides as before.
        (void)sched_setaffinity(0, sizeof set, &set);
    }
#else
    (void)core;
    (void)pthread_setname_np(shown);
#endif
}
