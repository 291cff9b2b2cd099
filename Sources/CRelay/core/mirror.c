// mirror.c: a stream of one shard as a stream of another. The shard that receives it decrypts, judges and counts its
// packets once and hands a copy of each to every other shard that needs it; there the mirror takes them as they were
// judged, and goes on with cache and forwards as any stream does.
//
//   publisher's shard: fanout.c ─ cr_mirror_hand ─▶ link ─ cr_mirror_take ─▶ fanout.c: subscribers' shard
//
// What belongs to a place in the row of packets travels with them, so that no message can come too early or too late:
// a restart of the sender (epoch) and a pause of its gate (interruptions).

#include "link.h"
#include "shard.h"

#include <string.h>

// --------------------------------------------------------------------------------------------------------- objects

static cr_mirror *find(cr_stream *stream, const cr_link *link) {
    for (uint32_t index = 0; index < stream->mirror_count; index++) {
        if (stream->mirrors[index].link == link) return &stream->mirrors[index];
    }
    return NULL;
}

// One by one: there are as many as other workers in the meeting, and they change seldom.
static bool grow(cr_shard *shard, cr_stream *stream) {
    cr_mirror *grown = cr_shard_allocate(shard, (stream->mirror_capacity + 1) * sizeof *grown);
    if (!grown) return false;
    if (stream->mirror_count > 0) memcpy(grown, stream->mirrors, stream->mirror_count * sizeof *grown);
    cr_shard_free(shard, stream->mirrors, stream->mirror_capacity * sizeof *grown);
    stream->mirrors = grown;
    stream->mirror_capacity++;
    return true;
}

cr_result cr_stream_add_mirror(cr_shard *shard, cr_id id, cr_link *link, cr_id mirror) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    // A mirror of a mirror would be a third shard's business with the first.
    if (!link || stream->config.mirror) return CR_INVALID;
    cr_mirror *present = find(stream, link);
    if (present) {
        present->stream = mirror;
        return CR_OK;
    }
    if (stream->mirror_count == stream->mirror_capacity && !grow(shard, stream)) return CR_NO_MEMORY;
    stream->mirrors[stream->mirror_count++] = (cr_mirror){.link = link, .stream = mirror};
    return CR_OK;
}

cr_result cr_stream_remove_mirror(cr_shard *shard, cr_id id, cr_link *link) {
    cr_stream *stream = cr_stream_find(shard, id);
    cr_mirror *mirror = stream ? find(stream, link) : NULL;
    if (!mirror) return CR_STALE;
    *mirror = stream->mirrors[--stream->mirror_count];
    if (stream->mirror_count == 0) cr_mirror_forget_all(shard, stream);
    return CR_OK;
}

void cr_mirror_forget_all(cr_shard *shard, cr_stream *stream) {
    cr_shard_free(shard, stream->mirrors, stream->mirror_capacity * sizeof *stream->mirrors);
    stream->mirrors = NULL;
    stream->mirror_count = stream->mirror_capacity = 0;
}

void cr_shard_add_link(cr_shard *shard, cr_link *link) {
    link->reader.next = shard->inbound;
    shard->inbound = link;
}

// --------------------------------------------------------------------------------------------------------- handing

// The header as a stream without a transport reads it: only what a subscriber may get, under our own identifiers.
static size_t write_header(const cr_packet *packet, uint8_t *out) {
    static const cr_extension_map local = {.ids = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    _Static_assert(CR_EXT_COUNT == 12, "the identifiers of cr_extension_index_local");
    cr_rtp_fields fields = {
        .marker = packet->rtp.marker,
        .payload_type = packet->rtp.payload_type,
        .sequence = packet->rtp.sequence,
        .timestamp = packet->rtp.timestamp,
        .ssrc = packet->rtp.ssrc,
    };
    return cr_rtp_write_header(&fields, &packet->rtp, packet->data, &local, out, CR_MAX_HEADER_BYTES);
}

bool cr_mirror_hand(cr_shard *shard, const cr_stream *stream, const cr_packet *packet, bool skipped) {
    if (stream->mirror_count == 0) return false;
    uint8_t header[CR_MAX_HEADER_BYTES];
    size_t header_length = write_header(packet, header);
    size_t payload_length = skipped ? 0 : packet->rtp.payload_length;
    bool fits = header_length > 0 && header_length + payload_length <= CR_PACKET_BYTES;
    for (uint32_t index = 0; index < stream->mirror_count; index++) {
        cr_link *link = stream->mirrors[index].link;
        cr_handover *slot = fits ? cr_link_place(link) : NULL;
        if (!slot) {
            cr_shard_drop(shard, fits ? CR_DROP_LINK_FULL : CR_DROP_TOO_LONG);
            continue;
        }
        slot->stream = stream->mirrors[index].stream;
        slot->epoch = stream->epoch;
        slot->interruptions = stream->interruptions;
        slot->length = (uint32_t)(header_length + payload_length);
        slot->sequence = packet->sequence;
        slot->arrival_us = packet->arrival_us;
        memcpy(slot->bytes, header, header_length);
        if (payload_length > 0) {
            memcpy(slot->bytes + header_length, packet->data + packet->rtp.header_length, payload_length);
        }
        cr_link_commit(link);
        shard->statistics.handed_out++;
        if (link->sender.is_listed) continue;
        link->sender.is_listed = true;
        link->sender.next = shard->written;
        shard->written = link;
    }
    return true;
}

cr_link *cr_shard_publish(cr_shard *shard) {
    cr_link *link = shard->written;
    if (!link) return NULL;
    shard->written = link->sender.next;
    link->sender.is_listed = false;
    cr_link_publish(link);
    return link;
}

// ---------------------------------------------------------------------------------------------------------- taking

// What happened at the source before this packet.
static void follow(cr_shard *shard, cr_stream *stream, const cr_handover *slot) {
    bool restarted = stream->receive.started && slot->epoch != stream->source_epoch;
    bool interrupted = stream->receive.started && slot->interruptions != stream->source_interruptions;
    stream->source_epoch = slot->epoch;
    stream->source_interruptions = slot->interruptions;
    if (restarted) {
        cr_receive_reset(&stream->receive);
        cr_stream_restart(shard, stream);
    } else if (interrupted) {
        cr_round_settle(shard, stream);
        for (uint32_t index = 0; index < stream->subscriber_count; index++) {
            cr_forward_interrupt(stream->subscribers[index].forward, stream, false);
        }
    }
    if (!stream->receive.started) {
        stream->receive.started = true;
        stream->receive.base = stream->receive.highest = slot->sequence;
    }
    if (slot->sequence > stream->receive.highest) stream->receive.highest = slot->sequence;
}

static void take(cr_shard *shard, uint64_t now_us, const cr_handover *slot) {
    if (now_us > shard->now_us) shard->now_us = now_us;
    shard->statistics.handed_in++;
    cr_stream *stream = cr_stream_find(shard, slot->stream);
    if (!stream || !stream->config.mirror) {
        // Closed while this was on its way: its last subscriber is gone.
        cr_shard_drop(shard, CR_DROP_NO_FORWARD);
        return;
    }
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return;
    }
    memcpy(packet->data, slot->bytes, slot->length);
    packet->length = slot->length;
    packet->arrival_us = slot->arrival_us;
    packet->address = (cr_address){0};
    if (cr_rtp_parse_header(packet->data, packet->length, cr_extension_index_local(), &packet->rtp) &&
        cr_rtp_parse_padding(packet->data, packet->length, &packet->rtp)) {
        follow(shard, stream, slot);
        stream->ssrc = packet->rtp.ssrc;
        packet->sequence = slot->sequence;
        cr_fanout(shard, stream, packet);
    } else {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTP);
    }
    cr_packet_release(&shard->pool, packet);
}

bool cr_mirror_take(cr_shard *shard, uint64_t now_us, cr_link *link) {
    const cr_handover *slot = cr_link_peek(link);
    if (!slot) return false;
    take(shard, now_us, slot);
    cr_link_advance(link);
    return true;
}
