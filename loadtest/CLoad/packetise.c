// packetise.c: a frame's size into the sizes of its packets.

#include "cload.h"

size_t cl_split_frame(uint32_t bytes, uint32_t most, uint16_t *sizes, size_t capacity) {
    if (bytes == 0 || most == 0 || most > UINT16_MAX) return 0;
    size_t count = (bytes - 1) / most + 1;
    if (count > capacity) return 0;
    uint32_t each = bytes / (uint32_t)count;
    size_t larger = bytes % (uint32_t)count;
    for (size_t index = 0; index < count; index++) {
        sizes[index] = (uint16_t)(each + (index >= count - larger ? 1u : 0u));
    }
    return count;
}
