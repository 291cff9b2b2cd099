// stream.c: one incoming encoding as an object: its keys for demultiplexing, its gates, its statistics, and the forwards
// that take from it. What happens to each packet is fanout.c's business.

#include "bytes.h"
#include "sequence.h"
#include "shard.h"

#include <string.h>

cr_stream *cr_stream_find(const cr_shard *shard, cr_id id) {
    return cr_slots_find(&shard->streams, id);
}

static uint8_t label_length(const char label[CR_MAX_LABEL]) {
    uint8_t length = 0;
    while (length < CR_MAX_LABEL && label[length] != 0) length++;
    return length;
}

static bool is_legal(const cr_stream_config *config) {
    if (config->format_count > CR_MAX_FORMATS || config->kind > CR_VIDEO) return false;
    if (config->cache_packets > CR_MAX_CACHE_PACKETS) return false;
    if (config->mirror && config->transport != CR_ID_NONE) return false;
    if ((config->cache_packets & (config->cache_packets - 1u)) != 0) return false;
    for (uint32_t index = 0; index < config->format_count; index++) {
        const cr_format *format = &config->formats[index];
        if (format->payload_type > 127 || format->rtx_payload_type > 127 || format->codec > CR_CODEC_AV1 ||
            format->clock_rate == 0) {
            return false;
        }
    }
    return true;
}

static void append_to_transport(cr_transport *transport, cr_stream *stream) {
    cr_stream **last = &transport->streams;
    while (*last) last = &(*last)->next;
    *last = stream;
}

static void remove_from_transport(cr_transport *transport, const cr_stream *stream) {
    cr_stream **link = &transport->streams;
    while (*link && *link != stream) link = &(*link)->next;
    if (*link) *link = stream->next;
}

cr_result cr_stream_open(cr_shard *shard, cr_id id, const cr_stream_config *config) {
    cr_result result = cr_slots_check(&shard->streams, id);
    if (result != CR_OK) return result;
    if (!is_legal(config)) return CR_INVALID;
    cr_transport *transport = cr_transport_find(shard, config->transport);
    if (!transport && config->transport != CR_ID_NONE) return CR_STALE;
    // Two SSRCs each, so that binding one in the packet path never allocates.
    if (!cr_hash_reserve(&shard->by_ssrc, (shard->streams.used + 1) * 2)) return CR_NO_MEMORY;
    cr_stream *stream = cr_shard_allocate(shard, sizeof *stream);
    if (!stream) return CR_NO_MEMORY;
    if (!cr_cache_create(&stream->cache, config->cache_packets)) {
        cr_shard_free(shard, stream, sizeof *stream);
        return CR_NO_MEMORY;
    }
    shard->statistics.allocated_bytes += config->cache_packets * sizeof(cr_packet *);
    stream->id = id;
    stream->config = *config;
    stream->transport = transport;
    stream->mid_length = label_length(config->mid);
    stream->rid_length = label_length(config->rid);
    stream->receive.repair = config->nack;
    cr_audio_reset(&stream->audio);
    for (uint8_t index = 0; index < config->format_count; index++) {
        const cr_format *format = &config->formats[index];
        stream->formats_by_type[format->payload_type] = (uint8_t)(index + 1);
        if (format->rtx_payload_type) {
            stream->formats_by_type[format->rtx_payload_type] = (uint8_t)(CR_RTX_FORMAT | (index + 1u));
        }
    }
    cr_slots_put(&shard->streams, id, stream);
    if (transport) append_to_transport(transport, stream);
    if (transport && !cr_transport_prepare_arrivals(shard, transport)) {
        cr_stream_close(shard, id);
        return CR_NO_MEMORY;
    }
    if (config->ssrc) cr_stream_bind(shard, stream, config->ssrc, false);
    if (config->rtx_ssrc) cr_stream_bind(shard, stream, config->rtx_ssrc, true);
    return CR_OK;
}

static void unbind(cr_shard *shard, cr_stream *stream, uint32_t ssrc) {
    if (ssrc == 0 || !stream->transport) return;
    uint64_t owner;
    cr_key key = cr_key_of_ssrc(stream->transport->id, ssrc);
    if (cr_hash_find(&shard->by_ssrc, key, &owner) && (cr_id)owner == stream->id) cr_hash_remove(&shard->by_ssrc, key);
}

// The newest word wins: a stream that had the SSRC before loses it.
void cr_stream_bind(cr_shard *shard, cr_stream *stream, uint32_t ssrc, bool rtx) {
    uint32_t *place = rtx ? &stream->rtx_ssrc : &stream->ssrc;
    unbind(shard, stream, *place);
    *place = ssrc;
    if (!stream->transport) return;
    uint64_t owner;
    cr_key key = cr_key_of_ssrc(stream->transport->id, ssrc);
    if (cr_hash_find(&shard->by_ssrc, key, &owner) && (cr_id)owner != stream->id) {
        cr_stream *loser = cr_stream_find(shard, (cr_id)owner);
        if (loser && loser->ssrc == ssrc) loser->ssrc = 0;
        if (loser && loser->rtx_ssrc == ssrc) loser->rtx_ssrc = 0;
    }
    cr_hash_put(&shard->by_ssrc, key, stream->id);
}

cr_result cr_stream_close(cr_shard *shard, cr_id id) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    cr_round_discard(shard, stream, CR_DROP_NO_FORWARD);
    for (uint32_t index = 0; index < stream->subscriber_count; index++) {
        cr_forward_forget_stream(stream->subscribers[index].forward, stream);
    }
    cr_shard_free(shard, stream->subscribers, stream->subscriber_capacity * sizeof *stream->subscribers);
    cr_mirror_forget_all(shard, stream);
    unbind(shard, stream, stream->ssrc);
    unbind(shard, stream, stream->rtx_ssrc);
    if (stream->transport) remove_from_transport(stream->transport, stream);
    shard->statistics.allocated_bytes -= stream->cache.capacity * sizeof(cr_packet *);
    cr_cache_destroy(&stream->cache, &shard->pool);
    cr_slots_remove(&shard->streams, id);
    cr_shard_free(shard, stream, sizeof *stream);
    return CR_OK;
}

bool cr_stream_attach(cr_stream *stream, cr_shard *shard, cr_forward *forward) {
    if (stream->subscriber_count == stream->subscriber_capacity) {
        uint32_t capacity = stream->subscriber_capacity ? stream->subscriber_capacity * 2 : 4;
        cr_subscriber *grown = cr_shard_allocate(shard, capacity * sizeof *grown);
        if (!grown) return false;
        if (stream->subscriber_count > 0) {
            memcpy(grown, stream->subscribers, stream->subscriber_count * sizeof *grown);
        }
        cr_shard_free(shard, stream->subscribers, stream->subscriber_capacity * sizeof *grown);
        stream->subscribers = grown;
        stream->subscriber_capacity = capacity;
    }
    cr_transport *transport = forward->transport;
    uint32_t order = transport->id & ((1u << CR_ID_INDEX_BITS) - 1);
    uint32_t place = stream->subscriber_count++;
    for (; place > 0 && stream->subscribers[place - 1].order > order; place--) {
        stream->subscribers[place] = stream->subscribers[place - 1];
    }
    stream->subscribers[place] = (cr_subscriber){.forward = forward, .transport = transport, .order = order};
    cr_round_note_attached(shard, stream, place);
    return true;
}

void cr_stream_detach(cr_stream *stream, cr_shard *shard, const cr_forward *forward) {
    uint32_t place = 0;
    while (place < stream->subscriber_count && stream->subscribers[place].forward != forward) place++;
    if (place == stream->subscriber_count) return;
    stream->subscriber_count--;
    memmove(stream->subscribers + place, stream->subscribers + place + 1,
            (stream->subscriber_count - place) * sizeof *stream->subscribers);
    cr_round_note_detached(shard, stream, place);
}

void cr_stream_want_keyframe(cr_shard *shard, cr_stream *stream) {
    if (stream->keyframe_asked && shard->now_us < stream->keyframe_asked_us + CR_KEYFRAME_ASK_US) return;
    stream->keyframe_asked = true;
    stream->keyframe_asked_us = shard->now_us;
    cr_raise(shard, CR_EVENT_KEYFRAME_WANTED, stream->id, &stream->notices);
}

// What was cached and mapped so far belongs to numbers that will come again with other content.
void cr_stream_restart(cr_shard *shard, cr_stream *stream) {
    cr_round_settle(shard, stream);
    stream->epoch++;
    stream->last_keyframe = 0;
    cr_cache_clear(&stream->cache, &shard->pool);
    for (uint32_t index = 0; index < stream->subscriber_count; index++) {
        cr_forward_interrupt(stream->subscribers[index].forward, stream, true);
    }
}

const cr_format *cr_stream_format(const cr_stream *stream, uint8_t payload_type, bool *rtx) {
    uint8_t code = stream->formats_by_type[payload_type & 0x7Fu];
    *rtx = (code & CR_RTX_FORMAT) != 0;
    code &= (uint8_t)~CR_RTX_FORMAT;
    return code ? &stream->config.formats[code - 1] : NULL;
}

cr_result cr_stream_set_muted(cr_shard *shard, cr_id id, bool muted) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    if (stream->muted == muted) return CR_OK;
    stream->muted = muted;
    stream->interruptions++;
    cr_round_discard(shard, stream, CR_DROP_MUTED);
    for (uint32_t index = 0; index < stream->subscriber_count; index++) {
        cr_forward_interrupt(stream->subscribers[index].forward, stream, false);
    }
    if (!muted && stream->config.kind == CR_VIDEO && stream->subscriber_count > 0) {
        cr_stream_want_keyframe(shard, stream);
    }
    return CR_OK;
}

cr_result cr_stream_set_tap(cr_shard *shard, cr_id id, bool tapped) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    stream->tapped = tapped;
    return CR_OK;
}

cr_result cr_stream_push(cr_shard *shard, uint64_t now_us, cr_id id, const uint8_t *rtp, size_t length) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    if (length > CR_PACKET_BYTES || stream->config.mirror) return CR_INVALID;
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return CR_FULL;
    }
    cr_writer writer = cr_writer_make(packet->buffer, sizeof packet->buffer);
    cr_write_bytes(&writer, rtp, length);
    packet->length = (uint32_t)length;
    packet->arrival_us = now_us;
    packet->address = (cr_address){0};
    if (now_us > shard->now_us) shard->now_us = now_us;
    const cr_extension_index *index =
        stream->transport ? &stream->transport->extension_index : cr_extension_index_local();
    bool legal = cr_rtp_parse_header(packet->data, length, index, &packet->rtp) &&
                 cr_rtp_parse_padding(packet->data, length, &packet->rtp);
    if (legal) {
        if (stream->ssrc == 0) stream->ssrc = packet->rtp.ssrc;
        cr_fanout(shard, stream, packet);
        cr_round_settle(shard, stream);
    }
    cr_packet_release(&shard->pool, packet);
    return legal ? CR_OK : CR_INVALID;
}

size_t cr_stream_missing(cr_shard *shard, cr_id id, uint64_t now_us, uint64_t rtt_us, uint16_t *out, size_t capacity,
                         uint64_t *next_us) {
    *next_us = UINT64_MAX;
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return 0;
    if (now_us > shard->now_us) shard->now_us = now_us;
    bool given_up;
    size_t count = cr_receive_missing(&stream->receive, now_us, rtt_us, out, capacity, next_us, &given_up);
    if (given_up && stream->config.kind == CR_VIDEO) cr_stream_want_keyframe(shard, stream);
    return count;
}

cr_result cr_stream_read_statistics(const cr_shard *shard, cr_id id, cr_stream_statistics *out) {
    const cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    const cr_receive *receive = &stream->receive;
    *out = (cr_stream_statistics){
        .ssrc = stream->ssrc,
        .rtx_ssrc = stream->rtx_ssrc,
        .packets = stream->packets,
        .bytes = stream->bytes,
        .lost = receive->lost,
        .recovered = receive->recovered,
        .duplicates = receive->duplicates,
        .jitter = receive->jitter_sixteenths >> 4,
        .last_packet_us = stream->last_packet_us,
        .last_timestamp = stream->last_timestamp,
        .last_payload_type = stream->last_payload_type,
        .keyframes = stream->keyframes,
        .last_keyframe_us = stream->last_keyframe_us,
    };
    if (receive->started) {
        // Inside, numbers begin one cycle up; RFC 3550, A.1 begins with cycle zero.
        out->extended_highest_sequence = (uint32_t)(receive->highest - CR_SEQUENCE_CYCLE);
        out->base_extended_sequence = (uint32_t)(receive->base - CR_SEQUENCE_CYCLE);
    }
    return CR_OK;
}

cr_result cr_stream_read_audio(cr_shard *shard, cr_id id, cr_audio_window *out) {
    cr_stream *stream = cr_stream_find(shard, id);
    if (!stream) return CR_STALE;
    *out = cr_audio_read(&stream->audio);
    return CR_OK;
}
