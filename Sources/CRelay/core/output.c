// output.c: writes one packet for one subscriber: new header, shared payload, protected straight into a send buffer, and
// queued. The same function serves the first sending and every later one, so that both give the same bytes.

#include "bytes.h"
#include "shard.h"

// VP8 numbers are written into the shared payload for the moment of sealing and taken back: the packet stays as it was
// received for the other subscribers, the cache and taps.
static void patch_payload(cr_packet *packet, uint8_t *payload, const cr_segment *segment) {
    const cr_frame *frame = &packet->frame;
    cr_vp8_patch(payload, packet->rtp.payload_length, frame, (uint16_t)(frame->picture_id - segment->picture_shift),
                 (uint8_t)(frame->tl0 - segment->tl0_shift));
}

static void restore_payload(cr_packet *packet, uint8_t *payload) {
    cr_vp8_patch(payload, packet->rtp.payload_length, &packet->frame, packet->frame.picture_id, packet->frame.tl0);
}

static bool protect(cr_forward *forward, cr_packet *packet, const cr_segment *segment, const cr_outgoing *outgoing,
                    cr_packet *out) {
    cr_rtp_fields fields = {
        .marker = packet->rtp.marker,
        .padded = outgoing->padding > 0,
        .payload_type = outgoing->payload_type,
        .sequence = outgoing->sequence,
        .timestamp = packet->rtp.timestamp + segment->timestamp_offset,
        .ssrc = outgoing->ssrc,
        .mid = forward->mid,
        .mid_length = forward->mid_length,
    };
    cr_transport *transport = forward->transport;
    uint8_t header[CR_MAX_HEADER_BYTES];
    uint8_t original[2];
    cr_writer writer = cr_writer_make(original, sizeof original);
    cr_write_u16(&writer, outgoing->original);
    uint8_t *payload = packet->data + packet->rtp.header_length;
    cr_srtp_parts parts = {
        .header = header,
        .header_length = cr_rtp_write_header(&fields, &packet->rtp, packet->data, &transport->extensions, header,
                                             sizeof header),
        .prefix = original,
        .prefix_length = outgoing->retransmission ? sizeof original : 0,
        .payload = payload,
        .payload_length = packet->rtp.payload_length,
        .padding_length = outgoing->padding,
    };
    if (outgoing->map->unwrap_red) {
        parts.payload = payload + packet->frame.primary_offset;
        parts.payload_length = packet->frame.primary_length;
    }
    if (parts.header_length == 0) return false;
    bool patched = segment->picture_shift != 0 || segment->tl0_shift != 0;
    if (patched) patch_payload(packet, payload, segment);
    size_t length = 0;
    cr_srtp_status status = cr_srtp_protect_rtp(transport->send_keys, &parts, out->data, CR_PACKET_BYTES, &length);
    if (patched) restore_payload(packet, payload);
    out->length = (uint32_t)length;
    return status == CR_SRTP_OK;
}

size_t cr_output_packet(cr_shard *shard, cr_forward *forward, cr_packet *packet, const cr_segment *segment,
                        const cr_outgoing *outgoing) {
    cr_packet *out = cr_pool_take(&shard->pool);
    if (!out) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return 0;
    }
    if (!protect(forward, packet, segment, outgoing, out)) {
        cr_shard_drop(shard, CR_DROP_PROTECT_FAILED);
        cr_packet_release(&shard->pool, out);
        return 0;
    }
    out->address = forward->transport->selected;
    size_t length = out->length;
    if (!cr_shard_enqueue(shard, out)) return 0;
    forward->transport->statistics.packets_out++;
    forward->transport->statistics.bytes_out += length;
    return length;
}
