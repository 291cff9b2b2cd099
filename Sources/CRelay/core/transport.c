// transport.c: one client connection: its proved addresses, keys, extensions, and the SSRCs it uses. Who proved an
// address and how the keys came about is Swift's business.

#include "bytes.h"
#include "shard.h"

#include <string.h>

cr_transport *cr_transport_find(const cr_shard *shard, cr_id id) {
    return cr_slots_find(&shard->transports, id);
}

cr_result cr_transport_open(cr_shard *shard, cr_id id) {
    cr_result result = cr_slots_check(&shard->transports, id);
    if (result != CR_OK) return result;
    uint32_t addresses = (shard->transports.used + 1) * CR_MAX_ADDRESSES;
    if (!cr_hash_reserve(&shard->by_address, addresses)) return CR_NO_MEMORY;
    cr_transport *transport = cr_shard_allocate(shard, sizeof *transport);
    if (!transport) return CR_NO_MEMORY;
    transport->id = id;
    transport->rtx_tokens = (uint64_t)CR_RTX_BURST_BYTES * 100u;
    cr_slots_put(&shard->transports, id, transport);
    return CR_OK;
}

static void wipe_keys(cr_transport *transport) {
    cr_srtp_close(transport->receive_keys);
    cr_srtp_close(transport->send_keys);
    transport->receive_keys = transport->send_keys = NULL;
}

static void free_arrivals(cr_shard *shard, cr_transport *transport) {
    cr_shard_free(shard, transport->arrivals, CR_ARRIVALS * sizeof *transport->arrivals);
    transport->arrivals = NULL;
    transport->arrival_first = transport->arrival_count = 0;
}

cr_result cr_transport_close(cr_shard *shard, cr_id id) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    while (transport->forwards) cr_forward_close(shard, transport->forwards->id);
    while (transport->streams) cr_stream_close(shard, transport->streams->id);
    cr_transport_clear_addresses(shard, id);
    wipe_keys(transport);
    free_arrivals(shard, transport);
    cr_slots_remove(&shard->transports, id);
    cr_shard_free(shard, transport, sizeof *transport);
    return CR_OK;
}

bool cr_transport_is_ready(const cr_transport *transport) {
    return transport->send_keys && transport->has_selected;
}

// ----------------------------------------------------------------------------------------------------- addresses

bool cr_shard_proved_address(const cr_shard *shard, const cr_address *address) {
    uint64_t owner;
    return cr_hash_find(&shard->by_address, cr_key_of_address(address), &owner);
}

static bool forget_address(cr_shard *shard, cr_transport *transport, const cr_address *address) {
    for (uint32_t index = 0; index < transport->address_count; index++) {
        if (!cr_address_equals(&transport->addresses[index], address)) continue;
        if (transport->has_selected && cr_address_equals(&transport->selected, address)) transport->has_selected = false;
        cr_hash_remove(&shard->by_address, cr_key_of_address(address));
        transport->address_count--;
        memmove(transport->addresses + index, transport->addresses + index + 1,
                (transport->address_count - index) * sizeof *transport->addresses);
        return true;
    }
    return false;
}

static void evict_address(cr_shard *shard, cr_transport *transport) {
    for (uint32_t index = 0; index < transport->address_count; index++) {
        cr_address candidate = transport->addresses[index];
        if (transport->has_selected && cr_address_equals(&transport->selected, &candidate)) continue;
        forget_address(shard, transport, &candidate);
        return;
    }
}

cr_result cr_transport_add_address(cr_shard *shard, cr_id id, const cr_address *address) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    uint64_t owner;
    bool was_selected = false;
    if (cr_hash_find(&shard->by_address, cr_key_of_address(address), &owner)) {
        cr_transport *other = cr_transport_find(shard, (cr_id)owner);
        if (other == transport) was_selected = other->has_selected && cr_address_equals(&other->selected, address);
        if (other) forget_address(shard, other, address);
    }
    if (transport->address_count == CR_MAX_ADDRESSES) evict_address(shard, transport);
    if (!cr_hash_put(&shard->by_address, cr_key_of_address(address), id)) return CR_NO_MEMORY;
    transport->addresses[transport->address_count++] = *address;
    // The first one serves until ICE nominates: DTLS may begin on any valid pair (RFC 8445, 12.1).
    if (was_selected || !transport->has_selected) {
        transport->has_selected = true;
        transport->selected = *address;
    }
    return CR_OK;
}

cr_result cr_transport_select_address(cr_shard *shard, cr_id id, const cr_address *address) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    for (uint32_t index = 0; index < transport->address_count; index++) {
        if (!cr_address_equals(&transport->addresses[index], address)) continue;
        transport->has_selected = true;
        transport->selected = *address;
        return CR_OK;
    }
    return CR_INVALID;
}

cr_result cr_transport_clear_addresses(cr_shard *shard, cr_id id) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    while (transport->address_count > 0) {
        cr_address last = transport->addresses[transport->address_count - 1];
        forget_address(shard, transport, &last);
    }
    transport->has_selected = false;
    return CR_OK;
}

// ------------------------------------------------------------------------------------------------- keys, sending

cr_result cr_transport_set_keys(cr_shard *shard, cr_id id, cr_srtp_profile profile, const uint8_t *receive_key,
                                const uint8_t *send_key, size_t key_length) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    if (key_length == 0 || key_length != cr_srtp_key_bytes(profile)) return CR_INVALID;
    cr_srtp *receive_keys = cr_srtp_open(profile, CR_SRTP_RECEIVE, receive_key, key_length);
    cr_srtp *send_keys = cr_srtp_open(profile, CR_SRTP_SEND, send_key, key_length);
    if (!receive_keys || !send_keys) {
        cr_srtp_close(receive_keys);
        cr_srtp_close(send_keys);
        return CR_NO_MEMORY;
    }
    wipe_keys(transport);
    transport->receive_keys = receive_keys;
    transport->send_keys = send_keys;
    return CR_OK;
}

cr_result cr_transport_send(cr_shard *shard, cr_id id, const uint8_t *bytes, size_t length) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    if (!transport->has_selected) return CR_NOT_READY;
    cr_result result = cr_shard_queue_copy(shard, &transport->selected, bytes, length, true);
    if (result == CR_OK) {
        transport->statistics.packets_out++;
        transport->statistics.bytes_out += length;
    }
    return result;
}

cr_result cr_transport_send_rtcp(cr_shard *shard, cr_id id, const uint8_t *bytes, size_t length) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    if (!cr_transport_is_ready(transport)) return CR_NOT_READY;
    if (length < 8 || length > CR_PACKET_BYTES - CR_SRTP_TRAILER_BYTES) return CR_INVALID;
    cr_packet *packet = cr_pool_take(&shard->pool);
    if (!packet) {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
        return CR_FULL;
    }
    size_t protected_length;
    if (cr_srtp_protect_rtcp(transport->send_keys, bytes, length, packet->data, CR_PACKET_BYTES, &protected_length) !=
        CR_SRTP_OK) {
        cr_packet_release(&shard->pool, packet);
        cr_shard_drop(shard, CR_DROP_PROTECT_FAILED);
        return CR_INVALID;
    }
    packet->length = (uint32_t)protected_length;
    packet->address = transport->selected;
    if (!cr_shard_enqueue(shard, packet)) return CR_FULL;
    transport->statistics.packets_out++;
    transport->statistics.bytes_out += protected_length;
    return CR_OK;
}

cr_result cr_transport_set_extensions(cr_shard *shard, cr_id id, const cr_extension_map *map) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    cr_extension_index index;
    if (!cr_extension_index_make(map, &index)) return CR_INVALID;
    if (memcmp(&transport->extensions, map, sizeof *map) != 0) {
        // A packet sent again under its own number must have its first extension bytes, which can no longer be written.
        for (cr_forward *forward = transport->forwards; forward; forward = forward->next) {
            if (forward->history) memset(forward->history, 0, forward->history_packets * sizeof *forward->history);
        }
    }
    transport->extensions = *map;
    transport->extension_index = index;
    return cr_transport_prepare_arrivals(shard, transport) ? CR_OK : CR_NO_MEMORY;
}

// ----------------------------------------------------------------------------------------------- arrivals, SSRCs

bool cr_transport_prepare_arrivals(cr_shard *shard, cr_transport *transport) {
    if (transport->arrivals || !transport->streams || transport->extensions.ids[CR_EXT_TRANSPORT_SEQUENCE] == 0) {
        return true;
    }
    transport->arrivals = cr_shard_allocate(shard, CR_ARRIVALS * sizeof *transport->arrivals);
    return transport->arrivals != NULL;
}

void cr_transport_note_arrival(cr_transport *transport, const cr_packet *packet) {
    cr_element element = packet->rtp.extensions[CR_EXT_TRANSPORT_SEQUENCE];
    if (!transport->arrivals || element.offset == 0) return;
    cr_reader reader = cr_reader_make(packet->data + element.offset, element.length);
    uint16_t sequence = cr_read_u16(&reader);
    if (reader.failed) return;
    uint32_t place = (transport->arrival_first + transport->arrival_count) % CR_ARRIVALS;
    transport->arrivals[place] = (cr_arrival){.sequence = sequence, .arrival_us = packet->arrival_us};
    if (transport->arrival_count < CR_ARRIVALS) {
        transport->arrival_count++;
    } else {
        transport->arrival_first = (transport->arrival_first + 1) % CR_ARRIVALS;
    }
}

size_t cr_transport_read_arrivals(cr_shard *shard, cr_id id, cr_arrival *out, size_t capacity) {
    cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return 0;
    size_t count = 0;
    while (count < capacity && transport->arrival_count > 0) {
        out[count++] = transport->arrivals[transport->arrival_first];
        transport->arrival_first = (transport->arrival_first + 1) % CR_ARRIVALS;
        transport->arrival_count--;
    }
    return count;
}

static bool is_evictable(const cr_ssrc_use *use, uint64_t now_us) {
    return now_us >= use->last_us + CR_SSRC_IDLE_US;
}

// Asked before decryption, which would create state for the SSRC: a flood costs a short search only (S-20).
bool cr_transport_may_use_ssrc(const cr_transport *transport, uint64_t now_us, uint32_t ssrc) {
    if (transport->ssrc_count < CR_MAX_SSRCS) return true;
    bool room = false;
    for (uint32_t index = 0; index < transport->ssrc_count; index++) {
        if (transport->ssrcs[index].ssrc == ssrc) return true;
        room = room || is_evictable(&transport->ssrcs[index], now_us);
    }
    return room;
}

void cr_transport_note_ssrc(cr_shard *shard, cr_transport *transport, uint64_t now_us, uint32_t ssrc) {
    uint32_t oldest = 0;
    for (uint32_t index = 0; index < transport->ssrc_count; index++) {
        if (transport->ssrcs[index].ssrc == ssrc) {
            transport->ssrcs[index].last_us = now_us;
            return;
        }
        if (transport->ssrcs[index].last_us < transport->ssrcs[oldest].last_us) oldest = index;
    }
    if (transport->ssrc_count < CR_MAX_SSRCS) {
        oldest = transport->ssrc_count++;
    } else {
        uint64_t bound;
        uint32_t gone = transport->ssrcs[oldest].ssrc;
        // One that a stream still uses keeps its replay window: only its place in this list is given away.
        if (!cr_hash_find(&shard->by_ssrc, cr_key_of_ssrc(transport->id, gone), &bound)) {
            cr_srtp_forget(transport->receive_keys, gone);
        }
    }
    transport->ssrcs[oldest] = (cr_ssrc_use){.ssrc = ssrc, .last_us = now_us};
}

void cr_transport_retire_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t next_sequence) {
    if (ssrc == 0) return;
    cr_retired_ssrc *place = &transport->retired[transport->retired_next];
    if (transport->retired_count == CR_RETIRED_SSRCS && place->ssrc != 0) {
        cr_srtp_forget(transport->send_keys, place->ssrc);
    }
    if (transport->retired_count < CR_RETIRED_SSRCS) transport->retired_count++;
    *place = (cr_retired_ssrc){.ssrc = ssrc, .next_sequence = next_sequence};
    transport->retired_next = (transport->retired_next + 1) % CR_RETIRED_SSRCS;
}

bool cr_transport_resume_ssrc(cr_transport *transport, uint32_t ssrc, uint64_t *next_sequence) {
    for (uint32_t index = 0; index < transport->retired_count; index++) {
        if (ssrc == 0 || transport->retired[index].ssrc != ssrc) continue;
        *next_sequence = transport->retired[index].next_sequence;
        transport->retired[index].ssrc = 0;
        return true;
    }
    return false;
}

cr_result cr_transport_read_statistics(const cr_shard *shard, cr_id id, cr_transport_statistics *out) {
    const cr_transport *transport = cr_transport_find(shard, id);
    if (!transport) return CR_STALE;
    *out = transport->statistics;
    return CR_OK;
}
