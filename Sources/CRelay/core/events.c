// events.c: the list of what Swift has to think about. Datagrams are bounded and dropped when there are too many; what
// objects have to say is coalesced (one per object and kind) and, when the list is full, owed until the next release.

#include "shard.h"

const cr_event *cr_shard_events(const cr_shard *shard, size_t *count) {
    // The one thing that changes in a shard that is only read: how far the reader saw. Events raised while it works
    // through these must survive its release.
    ((cr_shard *)(uintptr_t)shard)->events_read = shard->event_count;
    *count = shard->event_count;
    return shard->events;
}

static cr_notices *notices_of(const cr_shard *shard, const cr_event *event) {
    switch (event->type) {
    case CR_EVENT_STREAM_STARTED:
    case CR_EVENT_STREAM_LOSS:
    case CR_EVENT_KEYFRAME_WANTED:
    case CR_EVENT_KEYFRAME: {
        cr_stream *stream = cr_stream_find(shard, event->id);
        return stream ? &stream->notices : NULL;
    }
    case CR_EVENT_FORWARD_STARTED:
    case CR_EVENT_FORWARD_SWITCHED: {
        cr_forward *forward = cr_forward_find(shard, event->id);
        return forward ? &forward->notices : NULL;
    }
    case CR_EVENT_STUN:
    case CR_EVENT_DTLS:
    case CR_EVENT_RTCP:
    case CR_EVENT_PACKET: break;
    }
    return NULL;
}

static void pay(cr_shard *shard, cr_id id, cr_notices *notices) {
    uint16_t owed = notices->owed;
    notices->owed = 0;
    for (unsigned type = 0; type < 16; type++) {
        if (owed >> type & 1u) cr_raise(shard, (cr_event_type)type, id, notices);
    }
}

static void pay_owed_events(cr_shard *shard) {
    shard->owes_events = false;
    for (uint32_t index = 0; index < shard->streams.capacity; index++) {
        cr_stream *stream = cr_slots_at(&shard->streams, index);
        if (stream && stream->notices.owed) pay(shard, stream->id, &stream->notices);
    }
    for (uint32_t index = 0; index < shard->forwards.capacity; index++) {
        cr_forward *forward = cr_slots_at(&shard->forwards, index);
        if (forward && forward->notices.owed) pay(shard, forward->id, &forward->notices);
    }
}

void cr_shard_release_events(cr_shard *shard) {
    uint32_t released = shard->events_read < shard->event_count ? shard->events_read : shard->event_count;
    for (uint32_t index = 0; index < released; index++) {
        cr_notices *notices = notices_of(shard, &shard->events[index]);
        if (notices) {
            notices->raised &= (uint16_t)~(1u << shard->events[index].type);
        } else if (shard->event_packets[index]) {
            shard->datagram_events--;
        }
        cr_packet_release(&shard->pool, shard->event_packets[index]);
    }
    shard->event_count -= released;
    for (uint32_t index = 0; released > 0 && index < shard->event_count; index++) {
        shard->events[index] = shard->events[index + released];
        shard->event_packets[index] = shard->event_packets[index + released];
    }
    shard->events_read = CR_EVENTS_UNREAD;
    if (shard->owes_events) pay_owed_events(shard);
}

bool cr_raise_datagram(cr_shard *shard, cr_event_type type, cr_id id, cr_packet *packet) {
    if (shard->datagram_events >= CR_MAX_DATAGRAM_EVENTS || shard->event_count >= CR_MAX_EVENTS) return false;
    shard->event_packets[shard->event_count] = cr_packet_retain(packet);
    shard->events[shard->event_count++] = (cr_event){
        .type = type,
        .id = id,
        .from = packet->address,
        .bytes = packet->data,
        .length = packet->length,
        .arrival_us = packet->arrival_us,
    };
    shard->datagram_events++;
    return true;
}

void cr_raise(cr_shard *shard, cr_event_type type, cr_id id, cr_notices *notices) {
    uint16_t bit = (uint16_t)(1u << type);
    if (notices->raised & bit) return;
    if (shard->event_count >= CR_MAX_EVENTS) {
        notices->owed |= bit;
        shard->owes_events = true;
        return;
    }
    notices->raised |= bit;
    shard->event_packets[shard->event_count] = NULL;
    shard->events[shard->event_count++] = (cr_event){.type = type, .id = id, .arrival_us = shard->now_us};
}
