// round.c: the way from packets to subscribers. What comes of a stream waits in a burst; the bursts of all streams of a
// kind make a round, and a round is served one transport after another:
//
//   bursts:       speaker A: 7          transport 1: A7 B20 C3
//                 speaker B: 20    →    transport 2: A7 B20 C3    →   send queue
//                 speaker C: 3          transport 3: A7     C3
//
// So all that one subscriber gets leaves together, in few messages to the kernel, and its keys are in the cache once.
// For this the streams' lists of subscribers are sorted by transport. A round that was begun can be interrupted;
// what comes meanwhile fills the next one. Nothing waits longer than until the kernel took what came
// before.

#include "shard.h"

#include <string.h>

// What a burst's packet has in front of and behind its payload besides: the tag of the AEAD profiles.
#define TAG_BYTES 16u

_Static_assert(CR_PAD_BYTES <= UINT8_MAX >> CR_SENT_PAD_SHIFT, "cr_sent remembers the padding");
_Static_assert(CR_PAD_VOICE_BYTES <= UINT8_MAX >> CR_SENT_PAD_SHIFT, "cr_sent remembers the padding");
_Static_assert(CR_ROUND_STREAMS < UINT16_MAX, "streams remember the place of their bursts");

static cr_rounds *rounds_of(cr_shard *shard, const cr_stream *stream) {
    return &shard->rounds[stream->config.kind];
}

// --------------------------------------------------------------------------------------------------------- filling

bool cr_round_has_room(const cr_shard *shard, const cr_stream *stream) {
    const cr_rounds *rounds = &shard->rounds[stream->config.kind];
    uint32_t filling = !rounds->running;
    uint32_t place = stream->bursts[filling];
    if (rounds->owed > 0 && rounds->owed + stream->subscriber_count > CR_OWED_DATAGRAMS) return false;
    const cr_round *round = &rounds->rounds[filling];
    return place > 0 ? round->bursts[place - 1].count < CR_BURST_PACKETS : round->count < CR_ROUND_STREAMS;
}

static cr_burst *burst_to_fill(cr_rounds *rounds, cr_stream *stream) {
    uint32_t filling = !rounds->running;
    cr_round *round = &rounds->rounds[filling];
    if (stream->bursts[filling] == 0) {
        round->bursts[round->count] = (cr_burst){.stream = stream};
        round->order[round->open++] = (uint16_t)round->count++;
        stream->bursts[filling] = (uint16_t)round->count;
    }
    return &round->bursts[stream->bursts[filling] - 1];
}

void cr_round_add(cr_shard *shard, cr_stream *stream, cr_packet *packet, bool skipped) {
    cr_rounds *rounds = rounds_of(shard, stream);
    cr_burst *burst = burst_to_fill(rounds, stream);
    packet->skipped = skipped;
    packet->next = NULL;
    if (burst->last) {
        burst->last->next = cr_packet_retain(packet);
    } else {
        burst->first = cr_packet_retain(packet);
    }
    burst->last = packet;
    burst->count++;
    burst->owed += stream->subscriber_count;
    rounds->owed += stream->subscriber_count;
}

// ---------------------------------------------------------------------------------------------------------- ending

static void note_unused(cr_shard *shard, const cr_burst *burst, cr_drop_reason reason) {
    for (const cr_packet *packet = burst->first; packet; packet = packet->next) {
        if (!packet->skipped && !packet->used) cr_shard_drop(shard, reason);
    }
}

// The burst is done; its place in the round stays until the round is over.
static void end_burst(cr_shard *shard, cr_rounds *rounds, uint32_t which, cr_burst *burst) {
    note_unused(shard, burst, burst->stream->tapped ? CR_DROP_POOL_EXHAUSTED : CR_DROP_NO_FORWARD);
    while (burst->first) {
        cr_packet *packet = burst->first;
        burst->first = packet->next;
        packet->next = NULL;
        cr_packet_release(&shard->pool, packet);
    }
    rounds->owed -= burst->owed;
    burst->stream->bursts[which] = 0;
    *burst = (cr_burst){0};
}

static void remove_from_order(cr_round *round, uint32_t place) {
    round->open--;
    for (uint32_t index = place; index < round->open; index++) round->order[index] = round->order[index + 1];
}

static void end_burst_of(cr_shard *shard, cr_rounds *rounds, uint32_t which, const cr_stream *stream) {
    cr_round *round = &rounds->rounds[which];
    uint32_t number = stream->bursts[which] - 1u;
    end_burst(shard, rounds, which, &round->bursts[number]);
    for (uint32_t place = 0; place < round->open; place++) {
        if (round->order[place] != number) continue;
        remove_from_order(round, place);
        break;
    }
    if (number + 1 == round->count) round->count--;
    if (round->open == 0) round->count = 0;
}

// --------------------------------------------------------------------------------------------------------- padding
//
// Datagrams to one address leave in one message of the kernel when they are equally long. The last may be shorter, which
// is what it stays:
//
//   voices, longest first:   ████████████   ██████████▒▒   █████████▒▒▒   ████        ▒ padding

static bool is_served(const cr_burst *burst) {
    return burst->next_subscriber >= burst->stream->subscriber_count;
}

// Packets that one subscriber gets one after another and that fit one message.
typedef struct row {
    cr_packet *packets[CR_GSO_MEDIA_SEGMENTS];
    size_t lengths[CR_GSO_MEDIA_SEGMENTS];
    size_t least, most;  // of those that are padded
    uint32_t count;
    bool ended;          // by a packet so much shorter that it can only be the last
} row;

static void row_clear(row *row) {
    row->count = 0;
    row->ended = false;
    row->least = SIZE_MAX;
    row->most = 0;
}

static void row_end(row *row) {
    for (uint32_t index = 0; index < row->count; index++) {
        bool is_last = index + 1 == row->count;
        row->packets[index]->pad = is_last ? 0 : (uint8_t)(row->most - row->lengths[index]);
    }
    row_clear(row);
}

static void row_add(row *row, cr_packet *packet, size_t length, size_t most_padding) {
    size_t least = length < row->least ? length : row->least, most = length > row->most ? length : row->most;
    bool differs_little = most - least <= most_padding && most + TAG_BYTES <= CR_GSO_SEGMENT_BYTES;
    bool joins = row->count < CR_GSO_MEDIA_SEGMENTS && !row->ended && (differs_little || length < row->most);
    if (!joins) row_end(row);
    if (joins && !differs_little) {
        row->ended = true;
    } else {
        row->least = joins ? least : length;
        row->most = joins ? most : length;
    }
    row->packets[row->count] = packet;
    row->lengths[row->count++] = length;
}

// Headers differ between subscribers, but most have the same extensions: measured once for all those. False: known.
static bool measure_headers(cr_burst *burst, const cr_forward *forward) {
    const cr_extension_map *extensions = &forward->transport->extensions;
    if (burst->measured && burst->mid_length == forward->mid_length &&
        memcmp(&burst->extensions, extensions, sizeof *extensions) == 0) {
        return false;
    }
    burst->measured = true;
    burst->mid_length = forward->mid_length;
    burst->extensions = *extensions;
    cr_rtp_fields fields = {.mid = forward->mid, .mid_length = forward->mid_length};
    for (cr_packet *packet = burst->first; packet; packet = packet->next) {
        uint8_t header[CR_MAX_HEADER_BYTES];
        packet->sent_header_length = (uint16_t)cr_rtp_write_header(&fields, &packet->rtp, packet->data, extensions,
                                                                   header, sizeof header);
    }
    return true;
}

// A frame's packets differ by little. Those of other streams beside it are not looked at.
static void pad_frame(cr_burst *burst, const cr_forward *forward) {
    if (!measure_headers(burst, forward)) return;
    row row;
    row_clear(&row);
    for (cr_packet *packet = burst->first; packet; packet = packet->next) {
        if (packet->skipped) {
            row_end(&row);
        } else {
            row_add(&row, packet, packet->sent_header_length + packet->rtp.payload_length, CR_PAD_BYTES);
        }
    }
    row_end(&row);
}

static void add_voice(row *row, const cr_forward *forward, cr_packet *packet) {
    const cr_payload_map *map = cr_forward_payload(forward, packet->rtp.payload_type);
    if (!map || packet->skipped || forward->paused) return;
    size_t length = map->unwrap_red ? packet->frame.primary_length : packet->rtp.payload_length;
    if (length > 0) row_add(row, packet, packet->sent_header_length + length, CR_PAD_VOICE_BYTES);
}

// Of all speakers whom this subscriber hears, in the order in which they are served. Chosen anew for each subscriber: none
// hears himself, and headers differ.
static void pad_voices(cr_round *round, uint32_t order) {
    row row;
    row_clear(&row);
    for (uint32_t place = 0; place < round->open; place++) {
        cr_burst *burst = &round->bursts[round->order[place]];
        if (is_served(burst)) continue;
        const cr_subscriber *subscriber = &burst->stream->subscribers[burst->next_subscriber];
        if (subscriber->order != order) continue;
        measure_headers(burst, subscriber->forward);
        for (cr_packet *packet = burst->first; packet; packet = packet->next) {
            add_voice(&row, subscriber->forward, packet);
        }
    }
    row_end(&row);
}

// --------------------------------------------------------------------------------------------------------- serving

static void serve(cr_shard *shard, cr_rounds *rounds, cr_burst *burst) {
    cr_stream *stream = burst->stream;
    cr_forward *forward = stream->subscribers[burst->next_subscriber++].forward;
    uint32_t made = burst->count < burst->owed ? burst->count : burst->owed;
    burst->owed -= made;
    rounds->owed -= made;
    if (burst->count > 1 && stream->config.kind == CR_VIDEO) pad_frame(burst, forward);
    for (cr_packet *packet = burst->first; packet; packet = packet->next) {
        if (packet->skipped) {
            cr_forward_skip(forward, stream, packet->sequence);
        } else {
            packet->used |= cr_forward_packet(shard, forward, stream, packet);
        }
    }
}

// What the subscriber after the next one needs, and of the next one what its lines, asked for a step ago, point to.
static void prefetch(const cr_burst *burst) {
    enum { LINE = 64 };
    const cr_stream *stream = burst->stream;
    const cr_subscriber *subscriber = &stream->subscribers[burst->next_subscriber];
    uint32_t left = stream->subscriber_count - burst->next_subscriber;
    if (left > 1) {
        const cr_forward *next = subscriber[1].forward;
        if (next->history_packets > 0) {
            __builtin_prefetch(&next->history[next->next_sequence & (next->history_packets - 1u)], 1);
        }
        if (subscriber[1].transport->send_keys) __builtin_prefetch(subscriber[1].transport->send_keys);
    }
    if (left > 2) {
        const uint8_t *forward = (const uint8_t *)subscriber[2].forward;
        const uint8_t *transport = (const uint8_t *)subscriber[2].transport;
        for (size_t line = 0; line < 3; line++) __builtin_prefetch(forward + line * LINE, 1);
        for (size_t line = 0; line < 2; line++) __builtin_prefetch(transport + line * LINE, 1);
    }
}

// The next transport of the round, in the order of the lists; ends bursts that everybody has. False: the round is over.
static bool next_transport(cr_shard *shard, cr_rounds *rounds, uint32_t *order) {
    cr_round *round = &rounds->rounds[rounds->running];
    *order = UINT32_MAX;
    for (uint32_t place = 0; place < round->open;) {
        cr_burst *burst = &round->bursts[round->order[place]];
        if (is_served(burst)) {
            end_burst(shard, rounds, rounds->running, burst);
            remove_from_order(round, place);
            continue;
        }
        uint32_t mine = burst->stream->subscribers[burst->next_subscriber].order;
        if (mine < *order) *order = mine;
        place++;
    }
    if (round->open == 0) round->count = 0;
    return round->open > 0;
}

// Stops where enough is queued; the same transport goes on then.
static void serve_transport(cr_shard *shard, cr_rounds *rounds, uint32_t order, uint32_t limit) {
    cr_round *round = &rounds->rounds[rounds->running];
    if (round->mixes_voices) pad_voices(round, order);
    for (uint32_t place = 0; place < round->open; place++) {
        cr_burst *burst = &round->bursts[round->order[place]];
        const cr_subscriber *subscribers = burst->stream->subscribers;
        while (cr_shard_queued(shard) < limit && !is_served(burst) && subscribers[burst->next_subscriber].order == order) {
            prefetch(burst);
            serve(shard, rounds, burst);
        }
    }
}

// So that few voices of one row differ much, and what ends it is the shorter one.
static void sort_by_length(cr_round *round) {
    for (uint32_t place = 1; place < round->open; place++) {
        uint16_t moving = round->order[place];
        uint16_t length = round->bursts[moving].first->rtp.payload_length;
        uint32_t hole = place;
        for (; hole > 0 && round->bursts[round->order[hole - 1]].first->rtp.payload_length < length; hole--) {
            round->order[hole] = round->order[hole - 1];
        }
        round->order[hole] = moving;
    }
}

bool cr_shard_forward(cr_shard *shard, cr_kind kind, uint32_t limit) {
    cr_rounds *rounds = &shard->rounds[kind];
    uint32_t order;
    for (;;) {
        while (next_transport(shard, rounds, &order)) {
            if (cr_shard_queued(shard) >= limit) return true;
            serve_transport(shard, rounds, order, limit);
        }
        rounds->running = !rounds->running;
        cr_round *round = &rounds->rounds[rounds->running];
        if (round->open == 0) return false;
        round->mixes_voices = kind == CR_AUDIO && round->open > 1;
        if (round->mixes_voices) sort_by_length(round);
    }
}

// -------------------------------------------------------------------------------------------------- one stream alone

// In the order in which it came: the round that runs, then the one that fills.
static void end_both(cr_shard *shard, cr_stream *stream, bool serves) {
    cr_rounds *rounds = rounds_of(shard, stream);
    for (uint32_t step = 0; step < 2; step++) {
        uint32_t which = step == 0 ? rounds->running : !rounds->running;
        if (stream->bursts[which] == 0) continue;
        cr_burst *burst = &rounds->rounds[which].bursts[stream->bursts[which] - 1];
        while (serves && !is_served(burst)) serve(shard, rounds, burst);
        end_burst_of(shard, rounds, which, stream);
    }
}

void cr_round_settle(cr_shard *shard, cr_stream *stream) {
    end_both(shard, stream, true);
}

void cr_round_discard(cr_shard *shard, cr_stream *stream, cr_drop_reason reason) {
    const cr_rounds *rounds = rounds_of(shard, stream);
    for (uint32_t which = 0; which < 2; which++) {
        if (stream->bursts[which] == 0) continue;
        const cr_burst *burst = &rounds->rounds[which].bursts[stream->bursts[which] - 1];
        note_unused(shard, burst, reason);
        for (cr_packet *packet = burst->first; packet; packet = packet->next) packet->used = true;
    }
    end_both(shard, stream, false);
}

// Only the round that runs has got anywhere. Who comes into the part that is done missed what is on its way; who leaves
// it must not let another be passed over.
static cr_burst *running_burst(cr_shard *shard, const cr_stream *stream) {
    cr_rounds *rounds = rounds_of(shard, stream);
    uint32_t place = stream->bursts[rounds->running];
    return place > 0 ? &rounds->rounds[rounds->running].bursts[place - 1] : NULL;
}

void cr_round_note_attached(cr_shard *shard, const cr_stream *stream, uint32_t index) {
    cr_burst *burst = running_burst(shard, stream);
    if (burst && index < burst->next_subscriber) burst->next_subscriber++;
}

void cr_round_note_detached(cr_shard *shard, const cr_stream *stream, uint32_t index) {
    cr_burst *burst = running_burst(shard, stream);
    if (burst && index < burst->next_subscriber) burst->next_subscriber--;
}
