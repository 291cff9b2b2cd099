// fanout.c: one plain packet of a stream on its way to the subscribers:
//
//   format → (retransmission unwrapped) → sequence window → gate → payload facts → cache → tap → mirrors → round.c
//
// Every packet that enters is sent to at least one forward, handed to a tap or a mirror, or counted under one drop reason.

#include "bytes.h"
#include "shard.h"

#include <string.h>

// RFC 4588, 4: the payload begins with the original sequence number. The header moves two bytes towards the payload and
// gets back what the original had. False: a retransmission of nothing, which senders use as a bandwidth probe.
static bool unwrap_retransmission(const cr_stream *stream, const cr_format *format, cr_packet *packet) {
    cr_rtp *rtp = &packet->rtp;
    if (rtp->payload_length < 2) return false;
    cr_reader reader = cr_reader_make(packet->data + rtp->header_length, rtp->payload_length);
    uint16_t original = cr_read_u16(&reader);
    memmove(packet->data + 2, packet->data, rtp->header_length);
    packet->data += 2;
    packet->length -= 2;
    rtp->payload_length = (uint16_t)(rtp->payload_length - 2);
    rtp->sequence = original;
    rtp->ssrc = stream->ssrc;
    rtp->payload_type = format->payload_type;
    // The bytes follow, for taps that read them.
    cr_writer writer = cr_writer_make(packet->data, CR_RTP_HEADER_BYTES);
    cr_write_u8(&writer, packet->data[0]);
    cr_write_u8(&writer, (uint8_t)((rtp->marker ? 0x80u : 0u) | format->payload_type));
    cr_write_u16(&writer, original);
    cr_write_u32(&writer, rtp->timestamp);
    cr_write_u32(&writer, rtp->ssrc);
    return true;
}

static bool place_packet(cr_shard *shard, cr_stream *stream, cr_packet *packet, bool retransmitted) {
    if (stream->config.mirror) {  // judged by the shard that received it
        packet->highest = stream->receive.highest;
        return true;
    }
    uint32_t newly_missing;
    cr_place place = cr_receive_note(&stream->receive, packet->arrival_us, packet->rtp.sequence, retransmitted,
                                     &packet->sequence, &newly_missing);
    packet->highest = stream->receive.highest;
    shard->statistics.packets_lost += newly_missing;
    switch (place) {
    case CR_PLACE_NEW:
        if (newly_missing > 0 && stream->config.nack && !stream->muted) {
            cr_raise(shard, CR_EVENT_STREAM_LOSS, stream->id, &stream->notices);
        }
        return true;
    case CR_PLACE_LATE:
        shard->statistics.packets_recovered++;
        return true;
    case CR_PLACE_RESTARTED:
        cr_stream_restart(shard, stream);
        return true;
    case CR_PLACE_DUPLICATE:
        cr_shard_drop(shard, CR_DROP_DUPLICATE);
        return false;
    case CR_PLACE_TOO_OLD:
    case CR_PLACE_SUSPECT:
        cr_shard_drop(shard, CR_DROP_TOO_OLD);
        return false;
    }
    return false;
}

static void skip_packet(cr_shard *shard, cr_stream *stream, cr_packet *packet, cr_drop_reason reason) {
    cr_shard_drop(shard, reason);
    cr_mirror_hand(shard, stream, packet, true);
    if (stream->subscriber_count > 0) cr_round_add(shard, stream, packet, true);
}

static void note_statistics(cr_stream *stream, const cr_format *format, const cr_packet *packet, bool retransmitted) {
    stream->packets++;
    stream->bytes += packet->rtp.payload_length;
    stream->last_packet_us = packet->arrival_us;
    if (packet->sequence == stream->receive.highest) {
        stream->last_timestamp = packet->rtp.timestamp;
        stream->last_payload_type = packet->rtp.payload_type;
    }
    // Retransmissions come when they come: their delay is no jitter of the path.
    if (!retransmitted) {
        cr_receive_note_arrival(&stream->receive, packet->arrival_us, packet->rtp.timestamp, format->clock_rate);
    }
}

// The facts of the payload that forwards need. False: a RED packet that lies about its lengths.
static bool note_payload(cr_shard *shard, cr_stream *stream, const cr_format *format, cr_packet *packet) {
    const uint8_t *payload = packet->data + packet->rtp.header_length;
    bool legal = cr_payload_parse((cr_codec)format->codec, payload, packet->rtp.payload_length, &packet->frame);
    if (!legal && format->codec == CR_CODEC_RED) return false;
    if (packet->frame.keyframe &&
        (stream->keyframes == 0 || stream->last_keyframe_timestamp != packet->rtp.timestamp)) {
        stream->keyframes++;
        stream->last_keyframe_us = packet->arrival_us;
        stream->last_keyframe_timestamp = packet->rtp.timestamp;
        stream->last_keyframe = packet->sequence;
        stream->keyframe_asked = false;
        cr_raise(shard, CR_EVENT_KEYFRAME, stream->id, &stream->notices);
    }
    cr_element level = packet->rtp.extensions[CR_EXT_AUDIO_LEVEL];
    if (level.offset != 0 && level.length >= 1) {
        cr_reader reader = cr_reader_make(packet->data + level.offset, level.length);
        cr_audio_note(&stream->audio, cr_read_u8(&reader) & 0x7Fu);  // RFC 6464, 3: the first bit is V
    }
    return true;
}

void cr_fanout(cr_shard *shard, cr_stream *stream, cr_packet *packet) {
    bool retransmitted;
    const cr_format *format = cr_stream_format(stream, packet->rtp.payload_type, &retransmitted);
    if (!format) {
        cr_shard_drop(shard, CR_DROP_UNKNOWN_PAYLOAD_TYPE);
        return;
    }
    // Before it is noted as received: what is dropped here is asked for again like any loss.
    if (!cr_round_has_room(shard, stream)) {
        cr_shard_drop(shard, CR_DROP_BACKLOG);
        return;
    }
    if (!stream->announced) {
        stream->announced = true;
        cr_raise(shard, CR_EVENT_STREAM_STARTED, stream->id, &stream->notices);
    }
    if (retransmitted && !unwrap_retransmission(stream, format, packet)) {
        cr_shard_drop(shard, CR_DROP_PADDING_ONLY);
        return;
    }
    if (!place_packet(shard, stream, packet, retransmitted)) return;
    if (packet->rtp.payload_length == 0) {
        skip_packet(shard, stream, packet, CR_DROP_PADDING_ONLY);
        return;
    }
    note_statistics(stream, format, packet, retransmitted);
    if (stream->muted) {
        cr_shard_drop(shard, CR_DROP_MUTED);
        return;
    }
    if (!note_payload(shard, stream, format, packet)) {
        skip_packet(shard, stream, packet, CR_DROP_MALFORMED_RTP);
        return;
    }
    cr_cache_put(&stream->cache, &shard->pool, packet);
    packet->used = stream->tapped && cr_raise_datagram(shard, CR_EVENT_PACKET, stream->id, packet);
    packet->used |= cr_mirror_hand(shard, stream, packet, false);
    if (stream->subscriber_count > 0) {
        cr_round_add(shard, stream, packet, false);
    } else if (!packet->used) {
        cr_shard_drop(shard, stream->tapped ? CR_DROP_POOL_EXHAUSTED : CR_DROP_NO_FORWARD);
    }
}
