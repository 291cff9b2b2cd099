// memory.c: the shell for tests: datagrams enter and leave by function calls, so a whole meeting runs in virtual time.
// Each datagram is a turn of its own.

#include "../core/link.h"
#include "../core/shard.h"

#include <string.h>

static void forward_all(cr_shard *shard) {
    cr_shard_forward(shard, CR_AUDIO, UINT32_MAX);
    cr_shard_forward(shard, CR_VIDEO, UINT32_MAX);
}

void cr_memory_receive(cr_shard *shard, uint64_t now_us, const cr_address *from, const uint8_t *bytes, size_t length) {
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        shard->statistics.packets_in++;
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return;
    }
    packet->truncated = length > CR_PACKET_BYTES;
    packet->length = packet->truncated ? CR_PACKET_BYTES : (uint32_t)length;
    if (packet->length > 0) memcpy(packet->data, bytes, packet->length);
    packet->address = *from;
    cr_shard_receive(shard, now_us, packet);
    forward_all(shard);
    cr_shard_hand_up(shard);
}

size_t cr_memory_send(cr_shard *shard, cr_address *to, uint8_t *out, size_t capacity) {
    cr_packet *packet = cr_shard_dequeue(shard);
    if (!packet) packet = cr_tcp_queue_take(&shard->tcp_queue);
    if (!packet) return 0;
    size_t length = packet->length;
    *to = packet->address;
    if (length <= capacity) {
        memcpy(out, packet->data, length);
        shard->statistics.packets_out++;
        shard->statistics.bytes_out += length;
    } else {
        cr_shard_drop(shard, CR_DROP_SEND_FAILED);
    }
    cr_packet_release(&shard->pool, packet);
    return length;
}

bool cr_memory_publish(cr_shard *shard) {
    bool any = false;
    while (cr_shard_publish(shard)) any = true;
    return any;
}

size_t cr_memory_take(cr_shard *shard, uint64_t now_us) {
    size_t count = 0;
    for (cr_link *link = shard->inbound; link; link = link->reader.next) {
        for (; cr_mirror_take(shard, now_us, link); count++) forward_all(shard);
        cr_link_free(link);
    }
    return count;
}
