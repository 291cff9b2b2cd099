// machine.c: cores, the price of a bare sendto on one of them, and a program started on one of them.

#define _GNU_SOURCE

#include "cload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// What the price of a send is quoted for: a packet of video. The price hardly depends on it.
#define SENDTO_BYTES 1200u

uint64_t cl_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

uint64_t cl_monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000) + (uint64_t)now.tv_nsec / 1000u;
}

size_t cl_allowed_cores(int *out, size_t capacity) {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 0;
    size_t count = 0;
    for (int core = 0; core < CPU_SETSIZE && count < capacity; core++) {
        if (CPU_ISSET(core, &cores)) out[count++] = core;
    }
    return count;
}

static bool pin(int core) {
    if (core < 0 || core >= CPU_SETSIZE) return false;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return sched_setaffinity(0, sizeof cores, &cores) == 0;
}

bool cl_pin_thread(int core) { return pin(core); }

bool cl_make_realtime(void) {
    // The least of real time is before everything ordinary.
    struct sched_param parameters = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    return sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
}

bool cl_core_times(int core, double *busy, double *idle) {
    FILE *file = fopen("/proc/stat", "re");
    if (!file) return false;
    char name[16];
    char line[512];
    (void)snprintf(name, sizeof name, "cpu%d ", core);
    bool is_found = false;
    while (!is_found && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) != 0) continue;
        // proc(5): user nice system idle iowait irq softirq steal; what guests use is in user already.
        double ticks[8] = {0};
        is_found = sscanf(line + strlen(name), "%lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2],
                          &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) == 8;
        double per_second = (double)sysconf(_SC_CLK_TCK);
        *busy = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) / per_second;
        *idle = (ticks[3] + ticks[4]) / per_second;
    }
    (void)fclose(file);
    return is_found;
}

typedef struct sendto_timing {
    int core;
    uint32_t count;
    double nanoseconds;
} sendto_timing;

static uint64_t thread_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void *time_sendto(void *context) {
    sendto_timing *timing = context;
    if (timing->core >= 0) (void)pin(timing->core);
    int sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    // Nobody reads: the smallest buffer, so that the packet goes the whole way and is dropped at its end.
    int least = 1;
    if (sink >= 0 && sender >= 0 && bind(sink, (struct sockaddr *)&address, sizeof address) == 0 &&
        getsockname(sink, (struct sockaddr *)&address, &length) == 0 &&
        setsockopt(sink, SOL_SOCKET, SO_RCVBUF, &least, sizeof least) == 0) {
        uint8_t packet[SENDTO_BYTES] = {0};
        uint32_t warm_up = timing->count / 10u + 1u;
        uint64_t start = 0;
        for (uint32_t sent = 0; sent < warm_up + timing->count; sent++) {
            if (sent == warm_up) start = thread_ns();
            (void)sendto(sender, packet, sizeof packet, 0, (struct sockaddr *)&address, sizeof address);
        }
        timing->nanoseconds = (double)(thread_ns() - start) / (double)timing->count;
    }
    if (sink >= 0) close(sink);
    if (sender >= 0) close(sender);
    return NULL;
}

double cl_time_sendto(int core, uint32_t count) {
    if (count == 0) return 0;
    sendto_timing timing = {.core = core, .count = count};
    pthread_t thread;
    if (pthread_create(&thread, NULL, time_sendto, &timing) != 0) return 0;
    pthread_join(thread, NULL);
    return timing.nanoseconds;
}

int cl_spawn(const char *path, char *const arguments[], char *const environment[], int core, bool is_realtime,
             int output) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child != 0) return child;
    // Between fork and exec of a program with threads only async-signal-safe calls are allowed.
    if (core >= 0) (void)pin(core);
    if (is_realtime && !cl_make_realtime()) _exit(127);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
    // Ctrl-C on the terminal is for us; we end the server when the report is done.
    (void)setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (output >= 0) {
        (void)dup2(output, STDOUT_FILENO);
        (void)dup2(output, STDERR_FILENO);
    }
    execve(path, arguments, environment);
    _exit(127);
}
