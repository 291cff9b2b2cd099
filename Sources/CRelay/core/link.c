// link.c: the ring of link.h. The only atomics of core/: a release store of one side's index pairs with the other side's
// acquire load of it, and everything else belongs to one side. Each side looks at the other's index only when what it
// knew of it is used up, so that two busy threads do not pull one cache line to and fro for every packet.

#include "link.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((CR_LINK_SLOTS & (CR_LINK_SLOTS - 1u)) == 0, "slots are found by the low bits of a running index");

cr_link *cr_link_create(cr_loop *receiver) {
    cr_link *link = aligned_alloc(alignof(cr_link), sizeof *link);
    if (!link) return NULL;
    memset(link, 0, sizeof *link);
    link->receiver = receiver;
    return link;
}

void cr_link_destroy(cr_link *link) {
    if (!link) return;
    free(link->sender.slots);
    free(link);
}

// ---------------------------------------------------------------------------------------------------------- sender

cr_handover *cr_link_place(cr_link *link) {
    // Most pairs of workers never share a meeting: the memory comes with the first packet. The reader sees it with the
    // first index that is published after it.
    if (!link->sender.slots) link->sender.slots = malloc(CR_LINK_SLOTS * sizeof(cr_handover));
    if (!link->sender.slots) return NULL;
    if (link->sender.written - link->sender.known_freed == CR_LINK_SLOTS) {
        link->sender.known_freed = atomic_load_explicit(&link->freed, memory_order_acquire);
    }
    if (link->sender.written - link->sender.known_freed == CR_LINK_SLOTS) return NULL;
    return &link->sender.slots[link->sender.written % CR_LINK_SLOTS];
}

void cr_link_commit(cr_link *link) {
    link->sender.written++;
}

void cr_link_publish(cr_link *link) {
    atomic_store_explicit(&link->published, link->sender.written, memory_order_release);
}

// ---------------------------------------------------------------------------------------------------------- reader

const cr_handover *cr_link_peek(cr_link *link) {
    if (link->reader.read == link->reader.known_published) {
        link->reader.known_published = atomic_load_explicit(&link->published, memory_order_acquire);
        if (link->reader.read == link->reader.known_published) return NULL;
        link->reader.slots = link->sender.slots;
    }
    return &link->reader.slots[link->reader.read % CR_LINK_SLOTS];
}

void cr_link_advance(cr_link *link) {
    link->reader.read++;
}

void cr_link_free(cr_link *link) {
    atomic_store_explicit(&link->freed, link->reader.read, memory_order_release);
}
