// srtp_source.c: see srtp_source.h. Linear probing, at most three quarters full; what lies behind a removed source
// moves up, so that no search has to step over graves. No secret seed: SSRCs get here only with a proved packet, and
// cr_transport_may_use_ssrc bounds how many.

#include "srtp_source.h"

#include <stdlib.h>

#define FEWEST_PLACES 4u

static bool is_free(const cr_srtp_source *place) {
    return place->rtp_next == 0 && place->rtcp_next == 0;
}

static uint32_t home(uint32_t capacity, uint32_t ssrc) {
    uint32_t product = ssrc * 0x9E3779B1u;  // 2^32 / golden ratio: neighbours land far apart
    return (product ^ product >> 15) & (capacity - 1);
}

// The place of `ssrc`, or the free one where it would go. There is always a free one.
static uint32_t place_of(const cr_srtp_source *places, uint32_t capacity, uint32_t ssrc) {
    uint32_t at = home(capacity, ssrc);
    while (!is_free(&places[at]) && places[at].ssrc != ssrc) at = (at + 1) & (capacity - 1);
    return at;
}

cr_srtp_source *cr_srtp_source_find(cr_srtp_sources *sources, uint32_t ssrc) {
    if (sources->capacity == 0) return NULL;
    cr_srtp_source *last = &sources->places[sources->last];
    if (last->ssrc == ssrc && !is_free(last)) return last;
    uint32_t at = place_of(sources->places, sources->capacity, ssrc);
    if (is_free(&sources->places[at])) return NULL;
    sources->last = at;
    return &sources->places[at];
}

static bool grow(cr_srtp_sources *sources) {
    uint32_t capacity = sources->capacity ? sources->capacity * 2 : FEWEST_PLACES;
    cr_srtp_source *places = calloc(capacity, sizeof *places);
    if (!places) return false;
    for (uint32_t at = 0; at < sources->capacity; at++) {
        const cr_srtp_source *source = &sources->places[at];
        if (!is_free(source)) places[place_of(places, capacity, source->ssrc)] = *source;
    }
    free(sources->places);
    sources->places = places;
    sources->capacity = capacity;
    sources->last = 0;
    return true;
}

cr_srtp_source *cr_srtp_source_add(cr_srtp_sources *sources, uint32_t ssrc, bool receiving) {
    if ((sources->used + 1) * 4 > sources->capacity * 3 && !grow(sources)) return NULL;
    cr_srtp_windows *windows = receiving ? calloc(1, sizeof *windows) : NULL;
    if (receiving && !windows) return NULL;
    sources->last = place_of(sources->places, sources->capacity, ssrc);
    sources->used++;
    cr_srtp_source *source = &sources->places[sources->last];
    *source = (cr_srtp_source){.ssrc = ssrc, .windows = windows};
    return source;
}

void cr_srtp_source_remove(cr_srtp_sources *sources, uint32_t ssrc) {
    if (!cr_srtp_source_find(sources, ssrc)) return;
    uint32_t mask = sources->capacity - 1, gap = sources->last;
    free(sources->places[gap].windows);
    for (uint32_t at = (gap + 1) & mask; !is_free(&sources->places[at]); at = (at + 1) & mask) {
        // It may move up unless its home lies behind the gap.
        uint32_t from_home = (at - home(sources->capacity, sources->places[at].ssrc)) & mask;
        if (from_home < ((at - gap) & mask)) continue;
        sources->places[gap] = sources->places[at];
        gap = at;
    }
    sources->places[gap] = (cr_srtp_source){0};
    sources->used--;
}

void cr_srtp_sources_free(cr_srtp_sources *sources) {
    for (uint32_t at = 0; at < sources->capacity; at++) free(sources->places[at].windows);
    free(sources->places);
    *sources = (cr_srtp_sources){0};
}
