// mesh.h: what a loop does for the links between shards.

#ifndef CR_MESH_H
#define CR_MESH_H

#include "../core/shard.h"

// Lets readers see what was written into links since the last call, and wakes those who sleep.
void cr_mesh_publish(cr_shard *shard);
// Takes a batch from each inbound link. True: more may wait.
bool cr_mesh_take(cr_shard *shard, uint64_t now_us);

#endif
