// Fuzz target: the byte stream of a TCP connection. The same datagrams must come out whatever pieces it comes in, none
// longer than a packet, and nothing may be left in the pool. Input: one byte that seeds the pieces, then the stream.

#include "../../../Sources/CRelay/core/deframe.h"

#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    uint64_t digest;
    size_t count;
    cr_deframe_status bad;
} outcome;

static void require(bool condition) {
    if (!condition) abort();
}

// Pieces of 1 to 16 bytes drawn from `seed`; 0: all at once.
static outcome run(const uint8_t *stream, size_t length, uint32_t seed) {
    outcome outcome = {.digest = 14695981039346656037u};
    cr_pool pool;
    cr_pool_create(&pool, 2);
    cr_deframer deframer = {0};
    for (size_t at = 0; at < length && outcome.bad == CR_DEFRAME_MORE;) {
        uint32_t state = seed + (uint32_t)at * 2654435761u;
        size_t piece = seed == 0 ? length : 1 + (state >> 28);
        if (piece > length - at) piece = length - at;
        // A copy of its own size, so that a read beyond it is seen.
        uint8_t *bytes = malloc(piece);
        memcpy(bytes, stream + at, piece);
        at += piece;
        cr_reader reader = cr_reader_make(bytes, piece);
        cr_packet *packet = NULL;
        cr_deframe_status status;
        while ((status = cr_deframe(&deframer, &pool, &reader, &packet)) == CR_DEFRAME_PACKET) {
            require(packet->length >= CR_TCP_MIN_FRAME_BYTES && packet->length <= CR_PACKET_BYTES);
            for (uint32_t index = 0; index < packet->length; index++) {
                outcome.digest = (outcome.digest ^ packet->data[index]) * 1099511628211u;
            }
            outcome.digest = (outcome.digest ^ packet->length) * 1099511628211u;
            outcome.count++;
            cr_packet_release(&pool, packet);
        }
        require(status != CR_DEFRAME_LOST);
        if (status == CR_DEFRAME_MORE) require(reader.left == 0 && !reader.failed);
        outcome.bad = status;
        free(bytes);
    }
    cr_deframer_reset(&deframer, &pool);
    require(pool.in_use == 0);
    cr_pool_destroy(&pool);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    outcome whole = run(data + 1, size - 1, 0);
    outcome pieces = run(data + 1, size - 1, 1u + data[0]);
    require(whole.digest == pieces.digest && whole.count == pieces.count && whole.bad == pieces.bad);
    return 0;
}
