// bench.h: the blocks of the table and how their rows are printed.

#ifndef BENCH_H
#define BENCH_H

#include "measure.h"
#include "room.h"

// memory.c: no kernel.
void bench_memory(const shape *shape, uint32_t subscribers);
void bench_objects(void);
// A number of forwarded packets for a tool that counts instructions (instructions.sh), or counted step by step. False: no
// such case, or no steps on this machine.
bool bench_instructions(const char *name, bool stepping);
// udp.c: over loopback sockets.
void bench_udp(const shape *shape, uint32_t subscribers);
// The same for audiences from 10 to as many.
void bench_growth(const shape *shape, uint32_t subscribers);
// workers.c: by one loop and by two.
void bench_workers(const shape *shape, uint32_t subscribers);

// bench.c
void print_packets(const variant *variants, size_t count);
// Of the lower quartiles: what two machines can compare.
void print_ratio(const char *name, const variant *measured, const variant *unit);
void print_controls(const variant *variants, size_t count);
// Says so when another load had the core in more than a tenth of the slices.
void print_interrupted(const variant *variants, size_t count);

#endif
