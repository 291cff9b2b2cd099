// mesh.c: the loops of one process among each other: what a round has written into links is published once for each
// link, and its reader woken if it sleeps; what others have written is taken in batches as datagrams are.

#include "mesh.h"

#include "../core/link.h"

void cr_mesh_publish(cr_shard *shard) {
    const cr_link *link;
    while ((link = cr_shard_publish(shard))) {
        if (link->receiver) cr_loop_wake(link->receiver);
    }
}

bool cr_mesh_take(cr_shard *shard, uint64_t now_us) {
    bool more = false;
    for (cr_link *link = shard->inbound; link; link = link->reader.next) {
        uint32_t count = 0;
        while (count < CR_RECEIVE_BATCH && cr_mirror_take(shard, now_us, link)) count++;
        if (count == 0) continue;
        cr_link_free(link);
        more |= count == CR_RECEIVE_BATCH;
    }
    return more;
}
