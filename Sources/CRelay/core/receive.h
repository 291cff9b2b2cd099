// receive.h: one incoming encoding as a row of sequence numbers: what is new, late, doubled or missing, and the jitter of
// its arrival (RFC 3550, A.1, A.3, A.8). Knows no packets and no objects.

#ifndef CR_RECEIVE_H
#define CR_RECEIVE_H

#include "limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cr_place {
    CR_PLACE_NEW,        // ahead of all others
    CR_PLACE_LATE,       // fills a gap
    CR_PLACE_DUPLICATE,
    CR_PLACE_TOO_OLD,    // behind the window
    CR_PLACE_SUSPECT,    // a jump; if the next number follows, the sender was restarted
    CR_PLACE_RESTARTED,  // the second packet of a restart: everything begins anew with it
} cr_place;

typedef struct cr_missing {
    uint64_t sequence;
    uint64_t since_us;
    uint64_t asked_us;
    uint32_t tries;
} cr_missing;

typedef struct cr_receive {
    bool started;
    bool repair;             // gaps are remembered and asked for
    bool has_transit;
    bool suspicious;
    uint16_t suspect_next;   // RFC 3550, A.1: bad_seq
    uint16_t gave_up;        // gaps dropped since the last cr_receive_missing
    uint32_t transit;
    uint32_t jitter_sixteenths;
    uint32_t missing_count;
    uint64_t highest, base;  // extended, see CR_SEQUENCE_CYCLE
    uint64_t lost, recovered, duplicates;
    uint64_t window[CR_RECEIVE_WINDOW / 64];
    cr_missing missing[CR_MAX_MISSING];
} cr_receive;

void cr_receive_reset(cr_receive *receive);
// Judges and remembers one number. `*extended` is set for NEW, LATE and RESTARTED, `*newly_missing` to the size of the
// gap in front of a NEW one. A retransmitted packet cannot make a restart.
cr_place cr_receive_note(cr_receive *receive, uint64_t now_us, uint16_t sequence, bool retransmitted,
                         uint64_t *extended, uint32_t *newly_missing);
void cr_receive_note_arrival(cr_receive *receive, uint64_t now_us, uint32_t timestamp, uint32_t clock_rate);
// See cr_stream_missing. `*given_up` tells whether some number will never come.
size_t cr_receive_missing(cr_receive *receive, uint64_t now_us, uint64_t rtt_us, uint16_t *out, size_t capacity,
                          uint64_t *next_us, bool *given_up);

#endif
