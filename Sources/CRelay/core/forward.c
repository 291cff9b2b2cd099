// forward.c: one subscription: which packets of its stream are sent, under which outgoing numbers, and when it changes
// to another stream. Outgoing sequence numbers never go back and have no gap the subscriber could blame on us: a packet
// dropped on purpose shifts those after it, and a late packet finds the shift that held at its place.

#include "forward.h"

#include "sequence.h"

#include <string.h>

cr_forward *cr_forward_find(const cr_shard *shard, cr_id id) {
    return cr_slots_find(&shard->forwards, id);
}

const cr_payload_map *cr_forward_payload(const cr_forward *forward, uint8_t payload_type) {
    for (uint8_t index = 0; index < forward->payload_count; index++) {
        if (forward->payloads[index].from == payload_type) return &forward->payloads[index];
    }
    return NULL;
}

// --------------------------------------------------------------------------------------------------------- numbers

// A segment is a stretch of one source with constant shifts of timestamp and VP8 numbers. It begins with the sequence
// number after the last one used; timestamps of a new source go on as much later as the clock on the wall says.
static void begin_segment(cr_shard *shard, cr_forward *forward, const cr_stream *stream, const cr_format *format,
                          const cr_packet *packet) {
    if (forward->new_clock && forward->sent_any) {
        uint64_t elapsed_us = shard->now_us - forward->last_packet_us;
        uint32_t ticks = cr_timestamp_from_us(elapsed_us, format->clock_rate);
        uint32_t timestamp = forward->last_timestamp + (ticks > 0 ? ticks : 1);
        forward->timestamp_offset = timestamp - packet->rtp.timestamp;
    }
    forward->fresh = forward->new_clock = false;
    forward->segment_number++;
    forward->segment_start = packet->sequence;
    forward->highest_incoming = packet->sequence;
    forward->run = (cr_run){.start = packet->sequence, .shift = packet->sequence - forward->next_sequence};
    forward->older_count = 0;
    cr_segment *segment = &forward->segment;
    *segment = (cr_segment){
        .stream = stream->id,
        .epoch = stream->epoch,
        .timestamp_offset = forward->timestamp_offset,
    };
    const cr_frame *frame = &packet->frame;
    if (forward->sent_any && frame->picture_id_offset) {
        segment->picture_shift = (uint16_t)(frame->picture_id - (uint16_t)(forward->last_picture_id + 1u));
    }
    if (forward->sent_any && frame->tl0_offset) {
        segment->tl0_shift = (uint8_t)(frame->tl0 - (uint8_t)(forward->last_tl0 + 1u));
    }
    forward->segments[forward->segment_number % CR_SEGMENTS] = *segment;
}

// The outgoing number of an incoming one. False: it belongs before the segment or before the runs we remember.
static bool map_sequence(const cr_forward *forward, uint64_t sequence, uint64_t *out) {
    if (sequence >= forward->run.start) {
        *out = sequence - forward->run.shift;
        return true;
    }
    if (sequence < forward->segment_start) return false;
    for (uint8_t index = forward->older_count; index > 0; index--) {
        const cr_run *run = &forward->older[index - 1];
        if (sequence < run->start) continue;
        *out = sequence - run->shift;
        return true;
    }
    return false;
}

void cr_forward_skip(cr_forward *forward, const cr_stream *stream, uint64_t sequence) {
    // A late packet that is not sent leaves its gap: the numbers around it were given away already.
    if (forward->stream != stream || forward->fresh || sequence <= forward->highest_incoming) return;
    forward->highest_incoming = sequence;
    cr_run last = forward->run;
    forward->run = (cr_run){.start = sequence + 1, .shift = last.shift + 1};
    // Nothing was sent in the last run: it just begins later. Keep the runs in front of it, if there are any.
    if (last.start == sequence) return;
    if (forward->older_count == CR_MAX_RUNS - 1) {
        memmove(forward->older, forward->older + 1, (CR_MAX_RUNS - 2) * sizeof *forward->older);
        forward->older_count--;
    }
    forward->older[forward->older_count++] = last;
}

// ------------------------------------------------------------------------------------------------------------ send

static void remember(cr_forward *forward, uint64_t outgoing, const cr_packet *packet) {
    if (forward->history_packets == 0) return;
    forward->history[outgoing & (forward->history_packets - 1u)] = (cr_sent){
        .sequence = (uint16_t)outgoing,
        .source = (uint16_t)packet->sequence,
        .segment = forward->segment_number,
        .flags = (uint8_t)(CR_SENT_USED | (uint32_t)packet->pad << CR_SENT_PAD_SHIFT),
    };
}

static void note_sent(cr_shard *shard, cr_forward *forward, const cr_packet *packet, const cr_payload_map *map) {
    forward->packets++;
    forward->bytes += map->unwrap_red ? packet->frame.primary_length : packet->rtp.payload_length;
    shard->statistics.forwards++;
    if (forward->packets == 1) cr_raise(shard, CR_EVENT_FORWARD_STARTED, forward->id, &forward->notices);
    if (forward->switching) {
        forward->switching = false;
        cr_raise(shard, CR_EVENT_FORWARD_SWITCHED, forward->id, &forward->notices);
    }
}

static bool send_packet(cr_shard *shard, cr_forward *forward, cr_packet *packet, const cr_payload_map *map) {
    uint64_t outgoing;
    if (!map_sequence(forward, packet->sequence, &outgoing)) return false;
    const cr_segment *segment = &forward->segment;
    forward->sent_any = true;
    if (packet->sequence > forward->highest_incoming) forward->highest_incoming = packet->sequence;
    if (outgoing >= forward->next_sequence) {
        forward->next_sequence = outgoing + 1;
        forward->last_timestamp = packet->rtp.timestamp + segment->timestamp_offset;
        forward->last_picture_id = (uint16_t)(packet->frame.picture_id - segment->picture_shift);
        forward->last_tl0 = (uint8_t)(packet->frame.tl0 - segment->tl0_shift);
        forward->last_packet_us = shard->now_us;
    }
    remember(forward, outgoing, packet);
    cr_outgoing header = {
        .map = map,
        .ssrc = forward->ssrc,
        .sequence = (uint16_t)outgoing,
        .payload_type = map->to,
        .padding = packet->pad,
    };
    size_t length = cr_output_packet(shard, forward, packet, segment, &header);
    if (length > 0) {
        note_sent(shard, forward, packet, map);
        cr_forward_credit(forward->transport, length);
    }
    return true;
}

// A keyframe whose first packet came late (by retransmission): what followed it is in the cache and was not sent yet.
// What came later than it is not meant: that is on its way.
static void catch_up(cr_shard *shard, cr_forward *forward, const cr_stream *stream, const cr_packet *keyframe) {
    for (uint64_t sequence = keyframe->sequence + 1; sequence <= keyframe->highest; sequence++) {
        cr_packet *packet = cr_cache_find(&stream->cache, (uint16_t)sequence);
        if (!packet || packet->sequence != sequence) continue;
        const cr_payload_map *map = cr_forward_payload(forward, packet->rtp.payload_type);
        if (map && !(map->unwrap_red && packet->frame.primary_length == 0)) send_packet(shard, forward, packet, map);
    }
}

// Unless one came behind the packet already, and is on its way.
static void want_keyframe_after(cr_shard *shard, cr_stream *stream, const cr_packet *packet) {
    if (packet->sequence > stream->last_keyframe) cr_stream_want_keyframe(shard, stream);
}

// Whether the packet may be sent at all; changes the source or ends the wait when it is the keyframe waited for.
static bool admit(cr_shard *shard, cr_forward *forward, cr_stream *stream, const cr_format *format,
                  const cr_packet *packet) {
    bool can_begin = packet->frame.keyframe || !cr_codec_has_keyframes((cr_codec)format->codec);
    if (forward->pending == stream) {
        if (!can_begin) {
            want_keyframe_after(shard, stream, packet);
            return false;
        }
        if (forward->stream) cr_stream_detach(forward->stream, shard, forward);
        cr_forward_adopt(forward, stream);
        forward->waits_for_keyframe = false;
        return true;
    }
    if (!forward->waits_for_keyframe) return true;
    if (!can_begin) {
        want_keyframe_after(shard, stream, packet);
        return false;
    }
    forward->waits_for_keyframe = false;
    return true;
}

bool cr_forward_packet(cr_shard *shard, cr_forward *forward, cr_stream *stream, cr_packet *packet) {
    if (forward->paused) return false;
    bool rtx;
    const cr_format *format = cr_stream_format(stream, packet->rtp.payload_type, &rtx);
    const cr_payload_map *map = cr_forward_payload(forward, packet->rtp.payload_type);
    if (!map || !format || (map->unwrap_red && packet->frame.primary_length == 0)) {
        cr_forward_skip(forward, stream, packet->sequence);
        return false;
    }
    if (!cr_transport_is_ready(forward->transport)) {
        cr_forward_interrupt(forward, stream, false);
        return false;
    }
    if (!admit(shard, forward, stream, format, packet)) return false;
    bool begins = forward->fresh;
    if (begins) begin_segment(shard, forward, stream, format, packet);
    if (!send_packet(shard, forward, packet, map)) return false;
    if (begins && packet->sequence < packet->highest) catch_up(shard, forward, stream, packet);
    return true;
}

// ------------------------------------------------------------------------------------------------- change of source

void cr_forward_adopt(cr_forward *forward, cr_stream *stream) {
    forward->stream = stream;
    forward->pending = NULL;
    forward->fresh = forward->new_clock = forward->switching = true;
    forward->waits_for_keyframe = stream->config.kind == CR_VIDEO;
}

void cr_forward_interrupt(cr_forward *forward, const cr_stream *stream, bool new_clock) {
    if (forward->stream != stream) return;
    forward->fresh = true;
    forward->new_clock |= new_clock;
    forward->waits_for_keyframe = stream->config.kind == CR_VIDEO;
}

void cr_forward_forget_stream(cr_forward *forward, const cr_stream *stream) {
    if (forward->pending == stream) forward->pending = NULL;
    if (forward->stream != stream) return;
    forward->stream = NULL;
    forward->fresh = true;
    if (forward->pending) cr_forward_adopt(forward, forward->pending);
}

cr_result cr_forward_set_source(cr_shard *shard, cr_id id, cr_id stream_id) {
    cr_forward *forward = cr_forward_find(shard, id);
    cr_stream *stream = cr_stream_find(shard, stream_id);
    if (!forward || !stream) return CR_STALE;
    if (forward->pending == stream) return CR_OK;
    if (forward->stream == stream) {
        if (!forward->pending) return CR_OK;
        cr_stream_detach(forward->pending, shard, forward);
        forward->pending = NULL;
        cr_raise(shard, CR_EVENT_FORWARD_SWITCHED, forward->id, &forward->notices);
        return CR_OK;
    }
    if (!cr_stream_attach(stream, shard, forward)) return CR_NO_MEMORY;
    if (forward->pending) cr_stream_detach(forward->pending, shard, forward);
    bool carries = forward->stream && forward->sent_any && !forward->paused && !forward->waits_for_keyframe;
    if (carries && stream->config.kind == CR_VIDEO) {
        forward->pending = stream;
    } else {
        if (forward->stream) cr_stream_detach(forward->stream, shard, forward);
        cr_forward_adopt(forward, stream);
    }
    if (stream->config.kind == CR_VIDEO && !forward->paused) cr_stream_want_keyframe(shard, stream);
    return CR_OK;
}

cr_result cr_forward_set_paused(cr_shard *shard, cr_id id, bool paused) {
    cr_forward *forward = cr_forward_find(shard, id);
    if (!forward) return CR_STALE;
    if (forward->paused == paused) return CR_OK;
    forward->paused = paused;
    if (paused && forward->pending) {
        if (forward->stream) cr_stream_detach(forward->stream, shard, forward);
        cr_forward_adopt(forward, forward->pending);
    }
    if (!forward->stream) return CR_OK;
    cr_forward_interrupt(forward, forward->stream, false);
    if (!paused && forward->waits_for_keyframe) cr_stream_want_keyframe(shard, forward->stream);
    return CR_OK;
}
