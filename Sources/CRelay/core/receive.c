// receive.c: the receive window, the list of missing packets with its retry times, and jitter.

#include "receive.h"

#include "sequence.h"

#include <string.h>

_Static_assert((CR_RECEIVE_WINDOW & (CR_RECEIVE_WINDOW - 1)) == 0, "the window is indexed by low bits");

static bool window_has(const cr_receive *receive, uint64_t extended) {
    return receive->window[extended / 64 % (CR_RECEIVE_WINDOW / 64)] >> (extended % 64) & 1u;
}

static void window_set(cr_receive *receive, uint64_t extended, bool value) {
    uint64_t *word = &receive->window[extended / 64 % (CR_RECEIVE_WINDOW / 64)];
    uint64_t bit = (uint64_t)1 << (extended % 64);
    *word = value ? *word | bit : *word & ~bit;
}

void cr_receive_reset(cr_receive *receive) {
    bool repair = receive->repair;
    memset(receive, 0, sizeof *receive);
    receive->repair = repair;
}

static void begin(cr_receive *receive, uint16_t sequence, uint64_t *extended) {
    receive->started = true;
    receive->suspicious = false;
    receive->has_transit = false;
    receive->missing_count = 0;
    memset(receive->window, 0, sizeof receive->window);
    receive->highest = receive->base = CR_SEQUENCE_CYCLE + sequence;
    window_set(receive, receive->highest, true);
    *extended = receive->highest;
}

static void missing_drop_oldest(cr_receive *receive, uint32_t count) {
    receive->missing_count -= count;
    memmove(receive->missing, receive->missing + count, receive->missing_count * sizeof *receive->missing);
    receive->gave_up = 1;
}

// Remembers the gap before `extended`. A gap larger than the list is given up as a whole.
static void missing_add(cr_receive *receive, uint64_t now_us, uint64_t extended, uint32_t gap) {
    if (!receive->repair) return;
    if (gap > CR_MAX_MISSING) {
        missing_drop_oldest(receive, receive->missing_count);
        return;
    }
    if (receive->missing_count + gap > CR_MAX_MISSING) {
        missing_drop_oldest(receive, receive->missing_count + gap - CR_MAX_MISSING);
    }
    for (uint64_t sequence = extended - gap; sequence < extended; sequence++) {
        receive->missing[receive->missing_count++] = (cr_missing){.sequence = sequence, .since_us = now_us};
    }
}

static void missing_remove(cr_receive *receive, uint64_t extended) {
    for (uint32_t index = 0; index < receive->missing_count; index++) {
        if (receive->missing[index].sequence != extended) continue;
        receive->missing_count--;
        memmove(receive->missing + index, receive->missing + index + 1,
                (receive->missing_count - index) * sizeof *receive->missing);
        return;
    }
}

static cr_place note_ahead(cr_receive *receive, uint64_t now_us, uint64_t ahead, uint64_t *extended,
                           uint32_t *newly_missing) {
    uint64_t sequence = receive->highest + ahead;
    if (ahead >= CR_RECEIVE_WINDOW) {
        memset(receive->window, 0, sizeof receive->window);
    } else {
        for (uint64_t next = receive->highest + 1; next < sequence; next++) window_set(receive, next, false);
    }
    window_set(receive, sequence, true);
    receive->highest = sequence;
    *newly_missing = (uint32_t)(ahead - 1);
    receive->lost += ahead - 1;
    if (ahead > 1) missing_add(receive, now_us, sequence, *newly_missing);
    *extended = sequence;
    return CR_PLACE_NEW;
}

static cr_place note_behind(cr_receive *receive, uint64_t behind, uint64_t *extended) {
    uint64_t sequence = receive->highest - behind;
    if (window_has(receive, sequence)) {
        receive->duplicates++;
        return CR_PLACE_DUPLICATE;
    }
    window_set(receive, sequence, true);
    if (sequence < receive->base) {
        // Older than the first one seen: it was never missed. Numbers between it and the old base are now.
        receive->lost += receive->base - sequence - 1;
        receive->base = sequence;
    } else {
        receive->recovered++;
        missing_remove(receive, sequence);
    }
    *extended = sequence;
    return CR_PLACE_LATE;
}

cr_place cr_receive_note(cr_receive *receive, uint64_t now_us, uint16_t sequence, bool retransmitted,
                         uint64_t *extended, uint32_t *newly_missing) {
    *newly_missing = 0;
    *extended = 0;
    if (!receive->started) {
        begin(receive, sequence, extended);
        return CR_PLACE_NEW;
    }
    int32_t difference = cr_sequence_difference(sequence, (uint16_t)receive->highest);
    if (difference > 0 && difference <= CR_MAX_DROPOUT) {
        receive->suspicious = false;
        return note_ahead(receive, now_us, (uint64_t)difference, extended, newly_missing);
    }
    if (difference <= 0 && difference > -(int32_t)CR_RECEIVE_WINDOW) {
        return note_behind(receive, (uint64_t)-difference, extended);
    }
    if (retransmitted) return CR_PLACE_TOO_OLD;
    // RFC 3550, A.1: two packets in a row far away mean that the other side restarted without telling us.
    if (receive->suspicious && sequence == receive->suspect_next) {
        begin(receive, sequence, extended);
        return CR_PLACE_RESTARTED;
    }
    receive->suspicious = true;
    receive->suspect_next = (uint16_t)(sequence + 1);
    return difference < 0 && difference > -CR_MAX_DROPOUT ? CR_PLACE_TOO_OLD : CR_PLACE_SUSPECT;
}

void cr_receive_note_arrival(cr_receive *receive, uint64_t now_us, uint32_t timestamp, uint32_t clock_rate) {
    uint32_t transit = cr_timestamp_from_us(now_us, clock_rate) - timestamp;
    if (receive->has_transit) {
        int64_t difference = cr_timestamp_difference(transit, receive->transit);
        uint64_t distance = (uint64_t)(difference < 0 ? -difference : difference);
        // J += (|D| - J) / 16, in sixteenths (RFC 3550, A.8). A jump of the sender's clock must not overflow it.
        if (distance < (uint64_t)clock_rate * 60u) {
            receive->jitter_sixteenths += (uint32_t)distance - ((receive->jitter_sixteenths + 8u) >> 4);
        }
    }
    receive->transit = transit;
    receive->has_transit = true;
}

size_t cr_receive_missing(cr_receive *receive, uint64_t now_us, uint64_t rtt_us, uint16_t *out, size_t capacity,
                          uint64_t *next_us, bool *given_up) {
    uint64_t interval = rtt_us > CR_NACK_INTERVAL_US ? rtt_us : CR_NACK_INTERVAL_US;
    if (interval > CR_NACK_AGE_US) interval = CR_NACK_AGE_US;
    size_t written = 0;
    uint32_t kept = 0;
    *given_up = receive->gave_up != 0;
    receive->gave_up = 0;
    *next_us = UINT64_MAX;
    for (uint32_t index = 0; index < receive->missing_count; index++) {
        cr_missing missing = receive->missing[index];
        bool too_late = now_us >= missing.since_us + CR_NACK_AGE_US ||
                        receive->highest - missing.sequence >= CR_RECEIVE_WINDOW;
        bool due = missing.tries == 0 || now_us >= missing.asked_us + interval;
        if (too_late || (due && missing.tries >= CR_NACK_TRIES)) {
            *given_up = true;
            continue;
        }
        if (due && written < capacity) {
            out[written++] = (uint16_t)missing.sequence;
            missing.asked_us = now_us;
            missing.tries++;
            due = false;
        }
        uint64_t next = due ? now_us : missing.asked_us + interval;
        if (next < *next_us) *next_us = next;
        receive->missing[kept++] = missing;
    }
    receive->missing_count = kept;
    return written;
}
