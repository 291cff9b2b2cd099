// shard.c: one worker's state and the way of a received datagram:
//
//   receive → demux ─┬─ RTP → address → transport → unprotect → bind.c → fanout.c → its stream's burst in a round
//                    └─ STUN, DTLS, RTCP → control.c, waits
//   forward → round.c: audio, then video, one subscriber after another → forward.c → output.c → send queue
//   hand up → control.c ─→ events
//
// A turn does the three in this order, so media goes before feedback. Start here to follow a packet.

#include "shard.h"

#include "demux.h"

#include <stdlib.h>
#include <string.h>

#define CR_MAX_OBJECTS (1u << CR_ID_INDEX_BITS)

static bool is_legal(const cr_shard_config *config) {
    return config->max_transports > 0 && config->max_transports <= CR_MAX_OBJECTS && config->max_streams > 0 &&
           config->max_streams <= CR_MAX_OBJECTS && config->max_forwards > 0 &&
           config->max_forwards <= CR_MAX_OBJECTS && config->max_packets > 0;
}

cr_shard *cr_shard_create(const cr_shard_config *config) {
    if (!is_legal(config)) return NULL;
    cr_shard *shard = calloc(1, sizeof *shard);
    if (!shard) return NULL;
    shard->config = *config;
    shard->events_read = CR_EVENTS_UNREAD;
    cr_pool_create(&shard->pool, config->max_packets);
    cr_srtp_backend_name();  // chooses the cipher and loads its code now, not while the first client waits
    if (!cr_slots_create(&shard->transports, config->max_transports) ||
        !cr_slots_create(&shard->streams, config->max_streams) ||
        !cr_slots_create(&shard->forwards, config->max_forwards) ||
        !cr_hash_create(&shard->by_address, config->hash_seed) || !cr_hash_create(&shard->by_ssrc, ~config->hash_seed)) {
        cr_shard_destroy(shard);
        return NULL;
    }
    return shard;
}

void cr_shard_destroy(cr_shard *shard) {
    if (!shard) return;
    for (uint32_t index = 0; index < shard->transports.capacity; index++) {
        const cr_transport *transport = cr_slots_at(&shard->transports, index);
        if (transport) cr_transport_close(shard, transport->id);
    }
    for (uint32_t index = 0; index < shard->streams.capacity; index++) {
        const cr_stream *stream = cr_slots_at(&shard->streams, index);
        if (stream) cr_stream_close(shard, stream->id);
    }
    cr_slots_destroy(&shard->transports);
    cr_slots_destroy(&shard->streams);
    cr_slots_destroy(&shard->forwards);
    cr_hash_destroy(&shard->by_address);
    cr_hash_destroy(&shard->by_ssrc);
    cr_pool_destroy(&shard->pool);  // with the packets of events, queue and waiting control
    free(shard);
}

// At the beginning of a cache line: the structures count on it.
void *cr_shard_allocate(cr_shard *shard, size_t size) {
    enum { LINE = 64 };
    void *memory = aligned_alloc(LINE, (size + LINE - 1) / LINE * LINE);
    if (!memory) return NULL;
    memset(memory, 0, size);
    shard->statistics.allocated_bytes += size;
    return memory;
}

void cr_shard_free(cr_shard *shard, void *memory, size_t size) {
    if (!memory) return;
    shard->statistics.allocated_bytes -= size;
    free(memory);
}

// ------------------------------------------------------------------------------------------------------- receiving

bool cr_shard_accept(cr_shard *shard, cr_transport *transport, cr_srtp_status status, cr_drop_reason malformed) {
    switch (status) {
    case CR_SRTP_OK: return true;
    case CR_SRTP_REPLAY:
        transport->statistics.replays++;
        cr_shard_drop(shard, CR_DROP_REPLAY);
        return false;
    case CR_SRTP_MALFORMED: cr_shard_drop(shard, malformed); return false;
    case CR_SRTP_AUTHENTICATION:
    case CR_SRTP_FAILED:
        transport->statistics.authentication_failures++;
        cr_shard_drop(shard, CR_DROP_AUTHENTICATION);
        return false;
    }
    return false;
}

void cr_shard_note_authentic(cr_transport *transport, const cr_packet *packet) {
    transport->statistics.packets_in++;
    transport->statistics.bytes_in += packet->length;
    transport->statistics.last_receive_us = packet->arrival_us;
}

// Everything but STUN: only from an address that passed an ICE check (S-01, S-06).
cr_transport *cr_shard_transport_at(const cr_shard *shard, const cr_address *address) {
    uint64_t owner;
    if (!cr_hash_find(&shard->by_address, cr_key_of_address(address), &owner)) return NULL;
    return cr_transport_find(shard, (cr_id)owner);
}

static void receive_rtp(cr_shard *shard, cr_packet *packet) {
    cr_transport *transport = cr_shard_transport_at(shard, &packet->address);
    if (!transport || !transport->receive_keys) {
        cr_shard_drop(shard, transport ? CR_DROP_NO_KEYS : CR_DROP_UNKNOWN_ADDRESS);
        return;
    }
    if (!cr_rtp_parse_header(packet->data, packet->length, &transport->extension_index, &packet->rtp)) {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTP);
        return;
    }
    if (!cr_transport_may_use_ssrc(transport, packet->arrival_us, packet->rtp.ssrc)) {
        cr_shard_drop(shard, CR_DROP_TOO_MANY_STREAMS);
        return;
    }
    size_t length = packet->length;
    cr_srtp_status status = cr_srtp_unprotect_rtp(transport->receive_keys, packet->data, &length);
    if (!cr_shard_accept(shard, transport, status, CR_DROP_MALFORMED_RTP)) return;
    cr_shard_note_authentic(transport, packet);
    packet->length = (uint32_t)length;
    cr_transport_note_ssrc(shard, transport, packet->arrival_us, packet->rtp.ssrc);
    cr_transport_note_arrival(transport, packet);
    if (!cr_rtp_parse_padding(packet->data, packet->length, &packet->rtp)) {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTP);
        return;
    }
    cr_drop_reason reason;
    cr_stream *stream = cr_bind_packet(shard, transport, packet, &reason);
    if (!stream) {
        cr_shard_drop(shard, reason);
        return;
    }
    cr_fanout(shard, stream, packet);
}

static void receive_datagram(cr_shard *shard, cr_packet *packet) {
    if (packet->length == 0) {
        cr_shard_drop(shard, CR_DROP_EMPTY);
        return;
    }
    if (packet->truncated) {
        cr_shard_drop(shard, CR_DROP_TOO_LONG);
        return;
    }
    switch (cr_demux(packet->data, packet->length)) {
    case CR_PROTOCOL_RTP: receive_rtp(shard, packet); break;
    case CR_PROTOCOL_RTCP: cr_control_wait(shard, CR_CONTROL_RTCP, packet); break;
    case CR_PROTOCOL_DTLS: cr_control_wait(shard, CR_CONTROL_DTLS, packet); break;
    case CR_PROTOCOL_STUN: cr_control_wait(shard, CR_CONTROL_STUN, packet); break;
    case CR_PROTOCOL_UNKNOWN: cr_shard_drop(shard, CR_DROP_UNKNOWN_PROTOCOL); break;
    }
}

void cr_shard_receive(cr_shard *shard, uint64_t now_us, cr_packet *packet) {
    if (now_us > shard->now_us) shard->now_us = now_us;
    packet->arrival_us = now_us;
    shard->statistics.packets_in++;
    shard->statistics.bytes_in += packet->length;
    receive_datagram(shard, packet);
    cr_packet_release(&shard->pool, packet);
}

bool cr_shard_is_busy(const cr_shard *shard) {
    bool waits = false;
    for (size_t control = 0; control < CR_CONTROLS; control++) waits |= shard->waiting[control].count > 0;
    for (size_t kind = 0; kind < 2; kind++) {
        const cr_rounds *rounds = &shard->rounds[kind];
        waits |= rounds->rounds[0].open > 0 || rounds->rounds[1].open > 0;
    }
    return waits;
}

bool cr_shard_takes_tcp(const cr_shard *shard) {
    bool takes = true;
    for (size_t control = 0; control < CR_CONTROLS; control++) {
        takes &= shard->waiting[control].count < CR_TCP_STOP_RECEIVE;
    }
    return takes;
}

// --------------------------------------------------------------------------------------------------------- sending

static bool enqueue_for_tcp(cr_shard *shard, cr_packet *packet) {
    if (cr_tcp_queue_put(&shard->tcp_queue, packet)) return true;
    cr_shard_drop(shard, CR_DROP_SEND_QUEUE_FULL);
    cr_packet_release(&shard->pool, packet);
    return false;
}

bool cr_shard_enqueue(cr_shard *shard, cr_packet *packet) {
    if (packet->address.kind == CR_TCP) return enqueue_for_tcp(shard, packet);
    if (shard->queue_count == CR_SEND_QUEUE_PACKETS) {
        cr_shard_drop(shard, CR_DROP_SEND_QUEUE_FULL);
        cr_packet_release(&shard->pool, packet);
        return false;
    }
    shard->queue[(shard->queue_first + shard->queue_count++) % CR_SEND_QUEUE_PACKETS] = packet;
    return true;
}

cr_packet *cr_shard_dequeue(cr_shard *shard) {
    if (shard->queue_count == 0) return NULL;
    cr_packet *packet = shard->queue[shard->queue_first];
    shard->queue_first = (shard->queue_first + 1) % CR_SEND_QUEUE_PACKETS;
    shard->queue_count--;
    return packet;
}

cr_result cr_shard_queue_copy(cr_shard *shard, const cr_address *to, const uint8_t *bytes, size_t length, bool bulk) {
    if (length == 0 || length > CR_PACKET_BYTES) return CR_INVALID;
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return CR_FULL;
    }
    memcpy(packet->data, bytes, length);
    packet->length = (uint32_t)length;
    packet->address = *to;
    packet->bulk = bulk;
    return cr_shard_enqueue(shard, packet) ? CR_OK : CR_FULL;
}

cr_result cr_shard_send(cr_shard *shard, const cr_address *to, const uint8_t *bytes, size_t length) {
    return cr_shard_queue_copy(shard, to, bytes, length, false);
}

// ------------------------------------------------------------------------------------------------------ statistics

void cr_shard_read_statistics(const cr_shard *shard, cr_shard_statistics *out) {
    *out = shard->statistics;
    out->transports = shard->transports.used;
    out->streams = shard->streams.used;
    out->forward_count = shard->forwards.used;
    out->packets_in_use = shard->pool.in_use;
}

const char *cr_drop_reason_name(cr_drop_reason reason) {
    static const char *const names[CR_DROP_REASONS] = {
        [CR_DROP_EMPTY] = "empty",
        [CR_DROP_TOO_LONG] = "too_long",
        [CR_DROP_UNKNOWN_PROTOCOL] = "unknown_protocol",
        [CR_DROP_UNKNOWN_ADDRESS] = "unknown_address",
        [CR_DROP_NO_KEYS] = "no_keys",
        [CR_DROP_MALFORMED_RTP] = "malformed_rtp",
        [CR_DROP_MALFORMED_RTCP] = "malformed_rtcp",
        [CR_DROP_AUTHENTICATION] = "authentication",
        [CR_DROP_REPLAY] = "replay",
        [CR_DROP_UNKNOWN_STREAM] = "unknown_stream",
        [CR_DROP_TOO_MANY_STREAMS] = "too_many_streams",
        [CR_DROP_UNKNOWN_PAYLOAD_TYPE] = "unknown_payload_type",
        [CR_DROP_DUPLICATE] = "duplicate",
        [CR_DROP_TOO_OLD] = "too_old",
        [CR_DROP_PADDING_ONLY] = "padding_only",
        [CR_DROP_MUTED] = "muted",
        [CR_DROP_NO_FORWARD] = "no_forward",
        [CR_DROP_POOL_EXHAUSTED] = "pool_exhausted",
        [CR_DROP_BACKLOG] = "backlog",
        [CR_DROP_STUN_OVERFLOW] = "stun_overflow",
        [CR_DROP_DTLS_OVERFLOW] = "dtls_overflow",
        [CR_DROP_RTCP_OVERFLOW] = "rtcp_overflow",
        [CR_DROP_SEND_QUEUE_FULL] = "send_queue_full",
        [CR_DROP_SEND_WOULD_BLOCK] = "send_would_block",
        [CR_DROP_SEND_NO_BUFFERS] = "send_no_buffers",
        [CR_DROP_SEND_FAILED] = "send_failed",
        [CR_DROP_PROTECT_FAILED] = "protect_failed",
        [CR_DROP_TCP_GONE] = "tcp_gone",
        [CR_DROP_TCP_FULL] = "tcp_full",
        [CR_DROP_LINK_FULL] = "link_full",
    };
    return (unsigned)reason < CR_DROP_REASONS ? names[reason] : "unknown";
}
