// repair.c: which packets of a stream are missing, and when each is asked for again (RFC 4585, 6.2.1), as browsers do it.
// Writing the NACKs is left to rtcp.c, reading what comes of them to receive.c.

#include "cload.h"

#include <stdlib.h>
#include <string.h>

static void remove_at(cl_repair *repair, uint32_t index) {
    repair->count--;
    memmove(repair->gaps + index, repair->gaps + index + 1, (repair->count - index) * sizeof *repair->gaps);
}

static void note_gaps(cl_repair *repair, uint16_t first, uint32_t missing, uint64_t now_ns) {
    if (!repair->gaps) repair->gaps = malloc(CL_MOST_GAPS * sizeof *repair->gaps);
    if (!repair->gaps) {
        repair->unrepaired += missing;
        return;
    }
    if (missing > CL_MOST_GAPS) {
        repair->unrepaired += missing - CL_MOST_GAPS;
        first = (uint16_t)(first + missing - CL_MOST_GAPS);
        missing = CL_MOST_GAPS;
    }
    uint32_t room = CL_MOST_GAPS - repair->count;
    if (missing > room) {
        // The oldest are the least worth having.
        uint32_t dropped = missing - room;
        repair->unrepaired += dropped;
        repair->count -= dropped;
        memmove(repair->gaps, repair->gaps + dropped, repair->count * sizeof *repair->gaps);
    }
    for (uint32_t index = 0; index < missing; index++) {
        repair->gaps[repair->count++] =
            (cl_gap){.due_ns = now_ns + CL_REORDER_NS, .number = (uint16_t)(first + index)};
    }
}

bool cl_repair_came(cl_repair *repair, uint16_t number, uint64_t now_ns) {
    uint16_t ahead = (uint16_t)(number - repair->newest);
    bool is_next = ahead == 1;
    if (is_next || !repair->is_started) {
        repair->is_started = true;
        repair->newest = number;
        return false;
    }
    if (ahead == 0) return false;
    if (ahead < 0x8000u) {
        note_gaps(repair, (uint16_t)(repair->newest + 1u), ahead - 1u, now_ns);
        repair->newest = number;
        return true;
    }
    (void)cl_repair_fill(repair, number, NULL);
    return false;
}

bool cl_repair_fill(cl_repair *repair, uint16_t number, cl_gap *was) {
    for (uint32_t index = 0; index < repair->count; index++) {
        if (repair->gaps[index].number != number) continue;
        if (was) *was = repair->gaps[index];
        remove_at(repair, index);
        return true;
    }
    return false;
}

size_t cl_repair_due(cl_repair *repair, uint64_t now_ns, uint64_t wait_ns, uint16_t *numbers, size_t capacity) {
    size_t count = 0;
    for (uint32_t index = 0; index < repair->count;) {
        cl_gap *gap = &repair->gaps[index];
        if (gap->due_ns > now_ns) {
            index++;
        } else if (gap->tries == CL_NACK_TRIES) {
            repair->unrepaired++;
            remove_at(repair, index);
        } else {
            if (count == capacity) break;
            gap->tries++;
            gap->asked_ns = now_ns;
            gap->due_ns = now_ns + wait_ns;
            numbers[count++] = gap->number;
            index++;
        }
    }
    return count;
}

uint64_t cl_repair_next_ns(const cl_repair *repair) {
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t index = 0; index < repair->count; index++) {
        if (repair->gaps[index].due_ns < next_ns) next_ns = repair->gaps[index].due_ns;
    }
    return next_ns;
}

void cl_repair_end(cl_repair *repair) {
    free(repair->gaps);
    repair->gaps = NULL;
    repair->count = 0;
}
