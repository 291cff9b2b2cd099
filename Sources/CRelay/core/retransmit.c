// retransmit.c: answers a subscriber's loss reports out of the streams' caches: as RTX (RFC 4588) in its own sequence
// space, or, for subscribers without it, the same packet again to the last byte. Bounded per packet (once per round
// trip) and per subscriber (a share of what it is sent), so that asking cannot multiply our output (S-18).

#include "forward.h"

// Tokens are hundredths of a byte, so that the share of a small packet is not rounded away.
#define TOKENS_PER_BYTE 100u
#define MAX_TOKENS ((uint64_t)CR_RTX_BURST_BYTES * TOKENS_PER_BYTE)

static void add_tokens(cr_transport *transport, uint64_t tokens) {
    transport->rtx_tokens += tokens;
    if (transport->rtx_tokens > MAX_TOKENS) transport->rtx_tokens = MAX_TOKENS;
}

void cr_forward_credit(cr_transport *transport, size_t length) {
    add_tokens(transport, length * CR_RTX_SHARE_PERCENT * TOKENS_PER_BYTE / 100u);
}

static void refill(cr_transport *transport, uint64_t now_us) {
    if (now_us <= transport->rtx_filled_us) return;
    uint64_t elapsed_us = now_us - transport->rtx_filled_us;
    if (elapsed_us > 10000000u) elapsed_us = 10000000u;  // long enough to be full; keeps the product small
    add_tokens(transport, elapsed_us * CR_RTX_FLOOR_BYTES_PER_S * TOKENS_PER_BYTE / 1000000u);
    transport->rtx_filled_us = now_us;
}

static cr_forward *forward_of(const cr_transport *transport, uint32_t ssrc) {
    for (cr_forward *forward = transport->forwards; forward; forward = forward->next) {
        if (forward->ssrc == ssrc) return forward;
    }
    return NULL;
}

// The cached packet and its segment, or NULL when either is gone.
static cr_packet *find_sent(const cr_shard *shard, const cr_forward *forward, const cr_sent *sent,
                            const cr_segment **segment) {
    if ((uint8_t)(forward->segment_number - sent->segment) >= CR_SEGMENTS) return NULL;
    *segment = &forward->segments[sent->segment % CR_SEGMENTS];
    const cr_stream *stream = cr_stream_find(shard, (*segment)->stream);
    // In another epoch the same number means another packet: sending that one would put a second text under a nonce.
    if (!stream || stream->epoch != (*segment)->epoch || stream->muted) return NULL;
    return cr_cache_find(&stream->cache, sent->source);
}

static bool send_again(cr_shard *shard, cr_forward *forward, cr_packet *packet, const cr_segment *segment,
                       const cr_sent *sent) {
    const cr_payload_map *map = cr_forward_payload(forward, packet->rtp.payload_type);
    uint64_t cost = (uint64_t)packet->length * TOKENS_PER_BYTE;
    if (!map || cost > forward->transport->rtx_tokens) return false;
    cr_outgoing outgoing = {
        .map = map,
        .ssrc = forward->ssrc,
        .sequence = sent->sequence,
        .payload_type = map->to,
        .padding = sent->flags >> CR_SENT_PAD_SHIFT,
    };
    if (forward->rtx_ssrc != 0 && map->rtx != 0) {
        outgoing.ssrc = forward->rtx_ssrc;
        outgoing.sequence = (uint16_t)forward->next_rtx_sequence++;
        outgoing.payload_type = map->rtx;
        outgoing.retransmission = true;
        outgoing.original = sent->sequence;
        outgoing.padding = 0;  // RFC 4588, 4: the original's is not part of it
    }
    if (cr_output_packet(shard, forward, packet, segment, &outgoing) == 0) return false;
    forward->transport->rtx_tokens -= cost;
    return true;
}

static void answer(cr_shard *shard, cr_forward *forward, uint16_t cool_down_ms, uint16_t sequence) {
    cr_sent *sent = forward->history_packets ? &forward->history[sequence & (forward->history_packets - 1u)] : NULL;
    uint16_t now_ms = (uint16_t)(shard->now_us / 1000u);
    const cr_segment *segment;
    bool known = sent && (sent->flags & CR_SENT_USED) && sent->sequence == sequence;
    if (known && (sent->flags & CR_SENT_AGAIN) && (uint16_t)(now_ms - sent->again_ms) < cool_down_ms) return;
    cr_packet *packet = known ? find_sent(shard, forward, sent, &segment) : NULL;
    if (!packet || !send_again(shard, forward, packet, segment, sent)) {
        forward->retransmissions_missed++;
        shard->statistics.retransmissions_missed++;
        // What is not repaired by sending it again is repaired by a keyframe; a subscriber left to trickle (or to find
        // out) stands still for seconds after a longer outage.
        cr_stream *stream = forward->stream;
        if (known && stream && stream->config.kind == CR_VIDEO && !forward->paused) cr_stream_want_keyframe(shard, stream);
        return;
    }
    sent->flags |= CR_SENT_AGAIN;
    sent->again_ms = now_ms;
    forward->retransmissions++;
    shard->statistics.retransmissions++;
}

cr_result cr_forward_retransmit(cr_shard *shard, uint64_t now_us, uint64_t rtt_us, cr_id transport_id, uint32_t ssrc,
                                const uint16_t *sequences, size_t count) {
    cr_transport *transport = cr_transport_find(shard, transport_id);
    if (!transport) return CR_STALE;
    cr_forward *forward = forward_of(transport, ssrc);
    if (!forward) return CR_STALE;
    if (!cr_transport_is_ready(transport)) return CR_NOT_READY;
    if (now_us > shard->now_us) shard->now_us = now_us;
    refill(transport, now_us);
    uint64_t cool_down_us = rtt_us > CR_RTX_COOL_DOWN_US ? rtt_us : CR_RTX_COOL_DOWN_US;
    if (cool_down_us > CR_NACK_AGE_US) cool_down_us = CR_NACK_AGE_US;
    for (size_t index = 0; index < count; index++) {
        answer(shard, forward, (uint16_t)(cool_down_us / 1000u), sequences[index]);
    }
    return CR_OK;
}
