// step.c: see step.h. With the trap flag set the processor stops behind each instruction, and the kernel sends SIGTRAP.
// A breakpoint sends the same signal and serves to set the flag, and to clear it.

#define _GNU_SOURCE
#include "step.h"

#if defined(__x86_64__)

#include <link.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100  // of EFLAGS
#define MOST_RANGES 8u

typedef struct code_range {
    uintptr_t first, end;
} code_range;

static code_range ranges[MOST_RANGES];
static size_t range_count;
static step_count counted;
static uintptr_t last;

static int note_library(struct dl_phdr_info *library, size_t size, void *context) {
    (void)size, (void)context;
    if (!strstr(library->dlpi_name, "IPSec_MB") && !strstr(library->dlpi_name, "libcrypto")) return 0;
    for (size_t index = 0; index < library->dlpi_phnum && range_count < MOST_RANGES; index++) {
        const ElfW(Phdr) *part = &library->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        uintptr_t first = library->dlpi_addr + part->p_vaddr;
        ranges[range_count++] = (code_range){first, first + part->p_memsz};
    }
    return 0;
}

static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (info->si_code != TRAP_TRACE) {
        registers[REG_EFL] ^= TRAP_FLAG;
        return;
    }
    // Where it goes on. A string instruction that repeats itself stops behind each round; it is one all the same.
    uintptr_t at = (uintptr_t)registers[REG_RIP];
    if (at == last) return;
    last = at;
    counted.all++;
    for (size_t index = 0; index < range_count; index++) {
        counted.cipher += at >= ranges[index].first && at < ranges[index].end;
    }
}

bool step_through(void (*call)(void *context), void *context, step_count *out) {
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
    if (sigaction(SIGTRAP, &action, &before) != 0) return false;
    range_count = 0;
    dl_iterate_phdr(note_library, NULL);
    counted = (step_count){0};
    __builtin_debugtrap();
    call(context);
    __builtin_debugtrap();
    *out = counted;
    return sigaction(SIGTRAP, &before, NULL) == 0;
}

#else

bool step_through(void (*call)(void *context), void *context, step_count *out) {
    (void)call, (void)context, (void)out;
    return false;
}

#endif
