// shard.c: one worker's state and the way of a received datagram:
//
//   receive → demux ─┬─ STUN ───────────────────────────────────────────→ event
//                    └─ address → transport ─┬─ DTLS ───────────────────→ event
//                                            ├─ RTCP → unprotect ───────→ event
//                                            └─ RTP → unprotect → bind.c → fanout.c
//
// Start here to follow a packet.

#include "shard.h"

#include "bytes.h"
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
    cr_pool_destroy(&shard->pool);  // with the packets of events and queue
    free(shard);
}

void *cr_shard_allocate(cr_shard *shard, size_t size) {
    void *memory = calloc(1, size);
    if (memory) shard->statistics.allocated_bytes += size;
    return memory;
}

void cr_shard_free(cr_shard *shard, void *memory, size_t size) {
    if (!memory) return;
    shard->statistics.allocated_bytes -= size;
    free(memory);
}

// ------------------------------------------------------------------------------------------------------- receiving

static bool drop_unless_ok(cr_shard *shard, cr_transport *transport, cr_srtp_status status, cr_drop_reason malformed) {
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

static void hand_up(cr_shard *shard, cr_event_type type, cr_id id, cr_packet *packet, uint64_t *counter) {
    if (cr_raise_datagram(shard, type, id, packet)) {
        ++*counter;
    } else {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
    }
}

static void note_authentic(cr_transport *transport, const cr_packet *packet) {
    transport->statistics.packets_in++;
    transport->statistics.bytes_in += packet->length;
    transport->statistics.last_receive_us = packet->arrival_us;
}

static void receive_rtp(cr_shard *shard, cr_transport *transport, cr_packet *packet) {
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
    if (!drop_unless_ok(shard, transport, status, CR_DROP_MALFORMED_RTP)) return;
    note_authentic(transport, packet);
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

// RFC 3550, 6.4.1: version, and the length of the first packet in 32-bit words minus one. The rest is parsed in Swift.
static bool rtcp_is_legal(const cr_packet *packet, uint32_t *ssrc) {
    cr_reader reader = cr_reader_make(packet->data, packet->length);
    uint8_t first = cr_read_u8(&reader);
    cr_read_u8(&reader);
    size_t length = 4u * ((size_t)cr_read_u16(&reader) + 1u);
    *ssrc = cr_read_u32(&reader);
    return !reader.failed && first >> 6 == 2 && length <= packet->length;
}

static void receive_rtcp(cr_shard *shard, cr_transport *transport, cr_packet *packet) {
    uint32_t ssrc;
    if (!rtcp_is_legal(packet, &ssrc)) {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTCP);
        return;
    }
    if (!cr_transport_may_use_ssrc(transport, packet->arrival_us, ssrc)) {
        cr_shard_drop(shard, CR_DROP_TOO_MANY_STREAMS);
        return;
    }
    size_t length = packet->length;
    cr_srtp_status status = cr_srtp_unprotect_rtcp(transport->receive_keys, packet->data, &length);
    if (!drop_unless_ok(shard, transport, status, CR_DROP_MALFORMED_RTCP)) return;
    note_authentic(transport, packet);
    packet->length = (uint32_t)length;
    cr_transport_note_ssrc(shard, transport, packet->arrival_us, ssrc);
    if (!rtcp_is_legal(packet, &ssrc)) {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTCP);
        return;
    }
    hand_up(shard, CR_EVENT_RTCP, transport->id, packet, &shard->statistics.rtcp_in);
}

// Everything but STUN: only from an address that passed an ICE check (S-01, S-06).
static void receive_from_peer(cr_shard *shard, cr_protocol protocol, cr_packet *packet) {
    uint64_t owner;
    cr_transport *transport = NULL;
    if (cr_hash_find(&shard->by_address, cr_key_of_address(&packet->address), &owner)) {
        transport = cr_transport_find(shard, (cr_id)owner);
    }
    if (!transport) {
        cr_shard_drop(shard, CR_DROP_UNKNOWN_ADDRESS);
    } else if (protocol == CR_PROTOCOL_DTLS) {
        hand_up(shard, CR_EVENT_DTLS, transport->id, packet, &shard->statistics.dtls_in);
    } else if (!transport->receive_keys) {
        cr_shard_drop(shard, CR_DROP_NO_KEYS);
    } else if (protocol == CR_PROTOCOL_RTCP) {
        receive_rtcp(shard, transport, packet);
    } else {
        receive_rtp(shard, transport, packet);
    }
}

void cr_shard_receive(cr_shard *shard, uint64_t now_us, cr_packet *packet) {
    if (now_us > shard->now_us) shard->now_us = now_us;
    packet->arrival_us = now_us;
    shard->statistics.packets_in++;
    shard->statistics.bytes_in += packet->length;
    cr_protocol protocol = cr_demux(packet->data, packet->length);
    if (packet->length == 0) {
        cr_shard_drop(shard, CR_DROP_EMPTY);
    } else if (packet->truncated) {
        cr_shard_drop(shard, CR_DROP_TOO_LONG);
    } else if (protocol == CR_PROTOCOL_UNKNOWN) {
        cr_shard_drop(shard, CR_DROP_UNKNOWN_PROTOCOL);
    } else if (protocol == CR_PROTOCOL_STUN) {
        hand_up(shard, CR_EVENT_STUN, CR_ID_NONE, packet, &shard->statistics.stun_in);
    } else {
        receive_from_peer(shard, protocol, packet);
    }
    cr_packet_release(&shard->pool, packet);
}

// --------------------------------------------------------------------------------------------------------- sending

bool cr_shard_enqueue(cr_shard *shard, cr_packet *packet) {
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

cr_result cr_shard_send(cr_shard *shard, const cr_address *to, const uint8_t *bytes, size_t length) {
    if (length == 0 || length > CR_PACKET_BYTES) return CR_INVALID;
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return CR_FULL;
    }
    memcpy(packet->data, bytes, length);
    packet->length = (uint32_t)length;
    packet->address = *to;
    return cr_shard_enqueue(shard, packet) ? CR_OK : CR_FULL;
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
        [CR_DROP_SEND_QUEUE_FULL] = "send_queue_full",
        [CR_DROP_SEND_FAILED] = "send_failed",
        [CR_DROP_PROTECT_FAILED] = "protect_failed",
        [CR_DROP_LINK_FULL] = "link_full",
    };
    return (unsigned)reason < CR_DROP_REASONS ? names[reason] : "unknown";
}
