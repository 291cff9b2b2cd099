// srtp_source.h: the SSRCs of one SRTP context and what each has to remember: how far its indices got and, for
// receiving, which of the last ones came. A hash table that grows; a packet of a known SSRC allocates nothing.

#ifndef CR_SRTP_SOURCE_H
#define CR_SRTP_SOURCE_H

#include "limits.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct cr_srtp_windows {
    uint64_t rtp[CR_SRTP_WINDOW / 64], rtcp[CR_SRTCP_WINDOW / 64];
} cr_srtp_windows;

// A place without indices is free: a source is entered only together with its first packet.
typedef struct cr_srtp_source {
    uint32_t ssrc;
    uint32_t rtcp_next;        // one above the highest SRTCP index; 0: none yet
    uint64_t rtp_next;         // one above the highest SRTP index; 0: none yet
    cr_srtp_windows *windows;  // NULL for sending
} cr_srtp_source;

typedef struct cr_srtp_sources {
    cr_srtp_source *places;
    uint32_t capacity;  // a power of two, or 0
    uint32_t used;
    uint32_t last;      // place of the one found last: media comes in runs of one SSRC
} cr_srtp_sources;

// NULL when nothing of this SSRC came yet. Valid until the next cr_srtp_source_add or _remove.
cr_srtp_source *cr_srtp_source_find(cr_srtp_sources *sources, uint32_t ssrc);
// For an SSRC that is not there. The caller sets an index of it at once. NULL when there is no memory.
cr_srtp_source *cr_srtp_source_add(cr_srtp_sources *sources, uint32_t ssrc, bool receiving);
void cr_srtp_source_remove(cr_srtp_sources *sources, uint32_t ssrc);
void cr_srtp_sources_free(cr_srtp_sources *sources);

#endif
