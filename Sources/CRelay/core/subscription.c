// subscription.c: a forward as an object: opened, closed, read. What it does with packets is in forward.c.

#include "forward.h"
#include "sequence.h"

#include <string.h>

static bool are_legal(const cr_payload_map *payloads, size_t count) {
    if (count > CR_MAX_FORMATS) return false;
    for (size_t index = 0; index < count; index++) {
        if (payloads[index].from > 127 || payloads[index].to > 127 || payloads[index].rtx > 127) return false;
    }
    return true;
}

static bool is_legal(const cr_forward_config *config) {
    if (config->ssrc == 0 || config->ssrc == config->rtx_ssrc) return false;
    if (config->history_packets > CR_MAX_CACHE_PACKETS) return false;
    if ((config->history_packets & (config->history_packets - 1u)) != 0) return false;
    return are_legal(config->payloads, config->payload_count);
}

static bool ssrc_in_use(const cr_transport *transport, uint32_t ssrc) {
    if (ssrc == 0) return false;
    for (const cr_forward *forward = transport->forwards; forward; forward = forward->next) {
        if (forward->ssrc == ssrc || forward->rtx_ssrc == ssrc) return true;
    }
    return false;
}

// A first sequence number that nobody can guess, in the lower half so that the subscriber sees no rollover right away
// (RFC 3711, 3.3.1 leaves the first rollover to luck when early packets are lost).
static uint64_t first_sequence(const cr_shard *shard, cr_transport *transport, uint32_t ssrc) {
    uint64_t sequence;
    if (cr_transport_resume_ssrc(transport, ssrc, &sequence)) return sequence;
    uint64_t mixed = cr_hash_mix(shard->config.hash_seed, cr_key_of_ssrc(transport->id, ssrc));
    return CR_SEQUENCE_CYCLE + (mixed >> 24 & 0x7FFFu);
}

static cr_forward *create(cr_shard *shard, const cr_forward_config *config) {
    cr_forward *forward = cr_shard_allocate(shard, sizeof *forward);
    if (!forward) return NULL;
    size_t history_bytes = config->history_packets * sizeof *forward->history;
    if (history_bytes > 0) forward->history = cr_shard_allocate(shard, history_bytes);
    if (history_bytes > 0 && !forward->history) {
        cr_shard_free(shard, forward, sizeof *forward);
        return NULL;
    }
    forward->history_packets = config->history_packets;
    return forward;
}

static void destroy(cr_shard *shard, cr_forward *forward) {
    cr_shard_free(shard, forward->history, forward->history_packets * sizeof *forward->history);
    cr_shard_free(shard, forward, sizeof *forward);
}

cr_result cr_forward_open(cr_shard *shard, cr_id id, const cr_forward_config *config) {
    cr_result result = cr_slots_check(&shard->forwards, id);
    if (result != CR_OK) return result;
    if (!is_legal(config)) return CR_INVALID;
    cr_transport *transport = cr_transport_find(shard, config->transport);
    cr_stream *stream = cr_stream_find(shard, config->stream);
    if (!transport || !stream) return CR_STALE;
    if (ssrc_in_use(transport, config->ssrc) || ssrc_in_use(transport, config->rtx_ssrc)) return CR_EXISTS;
    cr_forward *forward = create(shard, config);
    if (!forward) return CR_NO_MEMORY;
    forward->transport = transport;
    if (!cr_stream_attach(stream, shard, forward)) {
        destroy(shard, forward);
        return CR_NO_MEMORY;
    }
    forward->id = id;
    forward->stream = stream;
    forward->ssrc = config->ssrc;
    forward->rtx_ssrc = config->rtx_ssrc;
    memcpy(forward->mid, config->mid, sizeof forward->mid);
    while (forward->mid_length < CR_MAX_LABEL && forward->mid[forward->mid_length] != 0) forward->mid_length++;
    forward->payload_count = config->payload_count;
    memcpy(forward->payloads, config->payloads, sizeof forward->payloads);
    forward->fresh = true;
    forward->waits_for_keyframe = stream->config.kind == CR_VIDEO;
    forward->next_sequence = first_sequence(shard, transport, config->ssrc);
    forward->next_rtx_sequence = first_sequence(shard, transport, config->rtx_ssrc);
    forward->next = transport->forwards;
    transport->forwards = forward;
    cr_slots_put(&shard->forwards, id, forward);
    if (forward->waits_for_keyframe) cr_stream_want_keyframe(shard, stream);
    return CR_OK;
}

cr_result cr_forward_set_payloads(cr_shard *shard, cr_id id, const cr_payload_map *payloads, size_t count) {
    cr_forward *forward = cr_forward_find(shard, id);
    if (!forward) return CR_STALE;
    if (!are_legal(payloads, count)) return CR_INVALID;
    if (forward->stream) cr_round_settle(shard, forward->stream);
    // A packet sent again under its own number must have its first payload type, which can no longer be written.
    if (forward->history) memset(forward->history, 0, forward->history_packets * sizeof *forward->history);
    forward->payload_count = (uint8_t)count;
    if (count > 0) memcpy(forward->payloads, payloads, count * sizeof *payloads);
    if (!forward->stream) return CR_OK;
    cr_forward_interrupt(forward, forward->stream, false);
    if (forward->waits_for_keyframe && !forward->paused) cr_stream_want_keyframe(shard, forward->stream);
    return CR_OK;
}

cr_result cr_forward_close(cr_shard *shard, cr_id id) {
    cr_forward *forward = cr_forward_find(shard, id);
    if (!forward) return CR_STALE;
    if (forward->stream) cr_stream_detach(forward->stream, shard, forward);
    if (forward->pending) cr_stream_detach(forward->pending, shard, forward);
    cr_forward **link = &forward->transport->forwards;
    while (*link && *link != forward) link = &(*link)->next;
    if (*link) *link = forward->next;
    cr_transport_retire_ssrc(forward->transport, forward->ssrc, forward->next_sequence);
    cr_transport_retire_ssrc(forward->transport, forward->rtx_ssrc, forward->next_rtx_sequence);
    cr_slots_remove(&shard->forwards, id);
    destroy(shard, forward);
    return CR_OK;
}

cr_result cr_forward_read_statistics(const cr_shard *shard, cr_id id, cr_forward_statistics *out) {
    const cr_forward *forward = cr_forward_find(shard, id);
    if (!forward) return CR_STALE;
    *out = (cr_forward_statistics){
        .stream = forward->stream ? forward->stream->id : CR_ID_NONE,
        .packets = forward->packets,
        .bytes = forward->bytes,
        .retransmissions = forward->retransmissions,
        .retransmissions_missed = forward->retransmissions_missed,
        .last_sequence = (uint16_t)(forward->next_sequence - 1),
        .last_timestamp = forward->last_timestamp,
        .timestamp_offset = forward->timestamp_offset,
        .last_packet_us = forward->packets > 0 ? forward->last_packet_us : 0,
        .waits_for_keyframe = forward->waits_for_keyframe,
    };
    return CR_OK;
}
