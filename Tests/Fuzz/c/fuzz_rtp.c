// Fuzz target: RTP header, extensions and padding, then the new header for a subscriber, which must parse again and say
// the same. Input: 12 bytes of extension identifiers, one byte of capacity, the packet.

#include "../../../Sources/CRelay/core/demux.h"
#include "../../../Sources/CRelay/core/limits.h"
#include "../../../Sources/CRelay/core/rtp.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition) {
    if (!condition) abort();
}

static void rewrite(const cr_rtp *rtp, const uint8_t *packet, const cr_extension_map *map, size_t capacity) {
    cr_extension_index index;
    if (!cr_extension_index_make(map, &index)) return;
    cr_rtp_fields fields = {.marker = rtp->marker, .payload_type = rtp->payload_type, .sequence = rtp->sequence,
                            .timestamp = rtp->timestamp, .ssrc = rtp->ssrc, .mid = "mid", .mid_length = 3};
    uint8_t *out = malloc(capacity + 1);
    size_t length = cr_rtp_write_header(&fields, rtp, packet, map, out, capacity);
    require(length <= capacity);
    cr_rtp again;
    if (length > 0) {
        require(cr_rtp_parse_header(out, length, &index, &again));
        require(again.header_length == length && again.payload_length == 0 && !again.padded);
        require(again.sequence == rtp->sequence && again.ssrc == rtp->ssrc && again.timestamp == rtp->timestamp);
        require(again.extensions[CR_EXT_RID].offset == 0 && again.extensions[CR_EXT_TRANSPORT_SEQUENCE].offset == 0);
        cr_element before = rtp->extensions[CR_EXT_DEPENDENCY_DESCRIPTOR];
        cr_element after = again.extensions[CR_EXT_DEPENDENCY_DESCRIPTOR];
        if (after.offset) {
            require(after.length == before.length && memcmp(out + after.offset, packet + before.offset, after.length) == 0);
        }
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CR_EXT_COUNT + 1) return 0;
    cr_extension_map map;
    memcpy(map.ids, data, CR_EXT_COUNT);
    size_t capacity = data[CR_EXT_COUNT] * 4u;
    size_t length = size - CR_EXT_COUNT - 1;
    uint8_t *packet = malloc(length ? length : 1);
    memcpy(packet, data + CR_EXT_COUNT + 1, length);
    cr_extension_index index;
    bool mapped = cr_extension_index_make(&map, &index);
    cr_demux(packet, length);
    cr_rtp rtp;
    if (cr_rtp_parse_header(packet, length, mapped ? &index : cr_extension_index_local(), &rtp)) {
        require((size_t)rtp.header_length + rtp.payload_length == length);
        for (int kind = 0; kind < CR_EXT_COUNT; kind++) {
            require((size_t)rtp.extensions[kind].offset + rtp.extensions[kind].length <= rtp.header_length);
        }
        if (cr_rtp_parse_padding(packet, length, &rtp)) {
            require((size_t)rtp.header_length + rtp.payload_length + rtp.padding == length);
        }
        rewrite(&rtp, packet, &map, capacity);
        cr_extension_map local;
        for (uint8_t kind = 0; kind < CR_EXT_COUNT; kind++) local.ids[kind] = (uint8_t)(kind + 1);
        rewrite(&rtp, packet, &local, CR_MAX_HEADER_BYTES);
    }
    free(packet);
    return 0;
}
