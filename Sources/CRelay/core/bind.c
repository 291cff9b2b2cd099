// bind.c: finds the stream an RTP packet belongs to (RFC 8843, 9.2 and RFC 8852): by SSRC, else by MID and RID, else by
// MID, else by payload type for clients that announce neither. What it learns is bound, inside one transport only, so
// that no member can reach another's streams (S-19).

#include "shard.h"

#include <string.h>

typedef struct label {
    const uint8_t *bytes;
    size_t length;
} label;

typedef struct labels {
    label mid, rid, repaired;
} labels;

static label label_of(const cr_packet *packet, cr_extension kind) {
    cr_element element = packet->rtp.extensions[kind];
    if (element.offset == 0) return (label){NULL, 0};
    return (label){packet->data + element.offset, element.length};
}

static bool label_is(label value, const char *expected, size_t length) {
    return value.length == length && length > 0 && memcmp(value.bytes, expected, length) == 0;
}

// Named by the packet: MID matches, and RID (or repaired RID) too if the stream has one. A stream without a RID is the
// only one of its MID, whatever RID the sender writes.
static bool names_stream(const labels *names, const cr_stream *stream) {
    if (!label_is(names->mid, stream->config.mid, stream->mid_length)) return false;
    if (stream->rid_length == 0) return true;
    return label_is(names->rid, stream->config.rid, stream->rid_length) ||
           label_is(names->repaired, stream->config.rid, stream->rid_length);
}

// Nothing in the packet speaks against the stream, and the stream still waits for its SSRC. A stream that has a RID is
// one of several with the same payload types: without the RID it would be a guess.
static bool could_be_stream(const labels *names, const cr_stream *stream, bool rtx) {
    if ((rtx ? stream->rtx_ssrc : stream->ssrc) != 0) return false;
    if (names->mid.length > 0 && stream->mid_length > 0) return false;
    if (stream->rid_length == 0) return true;
    return label_is(names->rid, stream->config.rid, stream->rid_length) ||
           label_is(names->repaired, stream->config.rid, stream->rid_length);
}

static cr_stream *search(const cr_transport *transport, const labels *names, uint8_t payload_type, bool *rtx,
                         cr_drop_reason *reason) {
    for (cr_stream *stream = transport->streams; stream; stream = stream->next) {
        if (!names_stream(names, stream)) continue;
        if (cr_stream_format(stream, payload_type, rtx)) return stream;
        *reason = CR_DROP_UNKNOWN_PAYLOAD_TYPE;
    }
    for (cr_stream *stream = transport->streams; stream; stream = stream->next) {
        if (cr_stream_format(stream, payload_type, rtx) && could_be_stream(names, stream, *rtx)) return stream;
    }
    return NULL;
}

cr_stream *cr_bind_packet(cr_shard *shard, cr_transport *transport, const cr_packet *packet, cr_drop_reason *reason) {
    uint32_t ssrc = packet->rtp.ssrc;
    uint64_t known;
    *reason = CR_DROP_UNKNOWN_STREAM;
    if (ssrc == 0) return NULL;  // means "not bound yet" throughout; a sender draws it once in four billion
    if (cr_hash_find(&shard->by_ssrc, cr_key_of_ssrc(transport->id, ssrc), &known)) {
        return cr_stream_find(shard, (cr_id)known);
    }
    labels names = {
        .mid = label_of(packet, CR_EXT_MID),
        .rid = label_of(packet, CR_EXT_RID),
        .repaired = label_of(packet, CR_EXT_REPAIRED_RID),
    };
    bool rtx;
    cr_stream *stream = search(transport, &names, packet->rtp.payload_type, &rtx, reason);
    if (!stream) return NULL;
    if (rtx) {
        cr_stream_bind(shard, stream, ssrc, true);
        return stream;
    }
    if (ssrc == stream->old_ssrc && packet->arrival_us < stream->old_ssrc_until_us) {
        *reason = CR_DROP_TOO_OLD;
        return NULL;
    }
    if (stream->ssrc != 0 && stream->receive.started) {
        // The sender began again under another SSRC; its sequence numbers say nothing about the old ones.
        stream->old_ssrc = stream->ssrc;
        stream->old_ssrc_until_us = packet->arrival_us + CR_OLD_SSRC_US;
        cr_receive_reset(&stream->receive);
        cr_stream_restart(shard, stream);
    }
    cr_stream_bind(shard, stream, ssrc, false);
    return stream;
}
