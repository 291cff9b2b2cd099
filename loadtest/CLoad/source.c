// source.c: sound and pictures as RTP packets. Synthetic ones, which nobody hears or sees, have the headers that a relay
// reads (VP8 payload descriptor, keyframe bit, audio level); those of a loop are real, encoded beforehand by others.
// At the end of payloads is the sender's clock.

#include "load.h"

#include <stdlib.h>
#include <string.h>

// Packets of one frame at most: a keyframe of a shared screen.
#define MOST_FRAME_PACKETS 128u
// A sender that fell behind sends so many frames at once, and leaves out the rest.
#define MOST_FRAMES_A_TURN 4u
// Keyframes of one source come at least so far apart, as encoders do it; a burst of requests makes one.
#define KEYFRAME_GAP_NS (300u * NS_PER_MS)
// RFC 7741, 4.2: X and S; I, L and T; 15-bit picture id; TL0PICIDX; TID. Then, in a frame's first packet, the first
// bytes of the frame (RFC 6386, 9.1).
#define VP8_DESCRIPTOR_BYTES 6u
#define VP8_FRAME_HEADER_BYTES 10u
#define MOST_EXTENSION_BYTES 48u
#define RTP_HEADER_BYTES 12u
#define RTX_TAG_BYTES 16u

uint32_t cl_loop_add(cl_load *load, const uint8_t *bytes, const uint32_t *sizes, uint32_t count) {
    uint64_t total = 0;
    uint32_t largest = 0;
    for (uint32_t index = 0; index < count; index++) {
        if (sizes[index] <= CL_STAMP_BYTES) return 0;
        if (sizes[index] > largest) largest = sizes[index];
        total += sizes[index];
    }
    if (count == 0 || total > UINT32_MAX) return 0;
    cl_loop *grown = realloc(load->loops, (load->loop_count + 1) * sizeof *grown);
    if (!grown) return 0;
    load->loops = grown;
    cl_loop *loop = &load->loops[load->loop_count];
    *loop = (cl_loop){
        .bytes = malloc(total), .ends = malloc(count * sizeof *loop->ends), .count = count, .largest = largest};
    if (!loop->bytes || !loop->ends) {
        free(loop->bytes);
        free(loop->ends);
        return 0;
    }
    memcpy(loop->bytes, bytes, total);
    uint32_t end = 0;
    for (uint32_t index = 0; index < count; index++) loop->ends[index] = end += sizes[index];
    return ++load->loop_count;
}

static bool fits(const cl_load *load, const cl_source_config *config) {
    if (config->loop == 0) return true;
    if (config->loop > load->loop_count) return false;
    uint32_t largest = load->loops[config->loop - 1].largest;
    if (!config->is_video) return largest <= config->packet_bytes;
    return largest <= (config->packet_bytes - VP8_DESCRIPTOR_BYTES) * MOST_FRAME_PACKETS;
}

bool cl_source_add(cl_load *load, uint32_t index, const cl_source_config *config) {
    cl_endpoint *endpoint = cl_endpoint_at(load, index);
    uint32_t least = CL_STAMP_BYTES + (config->is_video ? VP8_DESCRIPTOR_BYTES + VP8_FRAME_HEADER_BYTES : 0u);
    if (!endpoint || config->frames_per_second == 0 || config->frames_per_second > 1000 || config->payload_type > 127 ||
        config->packet_bytes > CL_PACKET_BYTES - RTP_HEADER_BYTES - MOST_EXTENSION_BYTES - RTX_TAG_BYTES ||
        config->packet_bytes < 2 * least || config->frame_bytes < 2 * least || config->size_variation > 50 ||
        (uint64_t)config->frame_bytes * 2u > (uint64_t)config->packet_bytes * MOST_FRAME_PACKETS ||
        config->keyframe_bytes > config->packet_bytes * MOST_FRAME_PACKETS ||
        (config->is_video && config->keyframe_bytes < 2 * least) || !fits(load, config)) {
        return false;
    }
    uint32_t name = load->free_source;
    if (name != CL_NONE) {
        load->free_source = load->sources[name].next;
    } else {
        if (load->source_count == load->source_capacity) {
            uint32_t capacity = load->source_capacity ? load->source_capacity * 2u : 64u;
            cl_source *grown = realloc(load->sources, capacity * sizeof *grown);
            if (!grown) return false;
            load->sources = grown;
            load->source_capacity = capacity;
        }
        name = load->source_count++;
    }
    cl_source *source = &load->sources[name];
    memset(source, 0, sizeof *source);
    source->config = *config;
    source->config.mid[sizeof source->config.mid - 1] = 0;
    source->kept_slot_bytes =
        (uint16_t)(RTP_HEADER_BYTES + MOST_EXTENSION_BYTES + RTX_TAG_BYTES + config->packet_bytes);
    // Voice is not asked for again: it would come too late.
    if (config->is_video) {
        source->kept = malloc((size_t)CL_RESEND_PACKETS * source->kept_slot_bytes);
        if (!source->kept) {
            source->next = load->free_source;
            load->free_source = name;
            return false;
        }
    }
    source->endpoint = index;
    source->is_used = true;
    source->wants_keyframe = config->is_video;
    source->sequence = (uint16_t)cl_random(load);
    source->timestamp = cl_random(load);
    source->picture_id = (uint16_t)(cl_random(load) & 0x7fffu);
    source->interval_ns = NS_PER_S / config->frames_per_second;
    source->ticks_per_frame = (config->is_video ? 90000u : 48000u) / config->frames_per_second;
    // Not all in step.
    source->due_ns = cl_now_ns() + cl_random(load) % source->interval_ns;
    source->next = endpoint->first_source;
    endpoint->first_source = name;
    return true;
}

void cl_forget_source(cl_load *load, uint32_t name) {
    cl_source *source = &load->sources[name];
    free(source->kept);
    source->kept = NULL;
    source->is_used = false;
    source->next = load->free_source;
    load->free_source = name;
}

cl_source *cl_endpoint_source(cl_load *load, const cl_endpoint *endpoint, uint32_t ssrc) {
    for (uint32_t name = endpoint->first_source; name != CL_NONE; name = load->sources[name].next) {
        if (load->sources[name].config.ssrc == ssrc) return &load->sources[name];
    }
    return NULL;
}

static size_t write_extensions(cl_endpoint *endpoint, const cl_source *source, uint64_t now_ns, uint8_t *out) {
    const cl_extensions *ids = &endpoint->extensions;
    size_t at = 4;
    size_t mid = strlen(source->config.mid);
    if (ids->mid && mid > 0) {
        out[at++] = (uint8_t)((unsigned)ids->mid << 4 | (unsigned)(mid - 1));
        memcpy(out + at, source->config.mid, mid);
        at += mid;
    }
    if (ids->audio_level && !source->config.is_video) {
        out[at++] = (uint8_t)(ids->audio_level << 4);
        bool is_voice = source->config.audio_level < 127;
        out[at++] = (uint8_t)((is_voice ? 0x80u : 0u) | (source->config.audio_level & 0x7fu));
    }
    if (ids->absolute_send_time) {
        // 6.18 fixed point seconds.
        uint64_t time = (now_ns / 1000u << 18) / 1000000u;
        out[at++] = (uint8_t)(ids->absolute_send_time << 4 | 2);
        out[at++] = (uint8_t)(time >> 16);
        cl_put16(out + at, (uint32_t)time & 0xffffu);
        at += 2;
    }
    if (ids->transport_sequence) {
        out[at++] = (uint8_t)(ids->transport_sequence << 4 | 1);
        cl_put16(out + at, endpoint->transport_sequence++);
        at += 2;
    }
    if (at == 4) return 0;
    while (at % 4 != 0) out[at++] = 0;
    cl_put16(out, 0xbede);
    cl_put16(out + 2, (uint32_t)(at / 4 - 1));
    return at;
}

static void send_packet(cl_load *load, cl_endpoint *endpoint, cl_source *source, uint8_t *payload, size_t length,
                        bool is_last, uint64_t now_ns) {
    uint8_t header[RTP_HEADER_BYTES + MOST_EXTENSION_BYTES];
    size_t extensions = write_extensions(endpoint, source, now_ns, header + RTP_HEADER_BYTES);
    header[0] = extensions ? 0x90 : 0x80;
    header[1] = (uint8_t)((is_last && source->config.is_video ? 0x80u : 0u) | source->config.payload_type);
    cl_put16(header + 2, source->sequence);
    cl_put32(header + 4, source->timestamp);
    cl_put32(header + 8, source->config.ssrc);

    uint64_t stamp = cl_now_ns();
    if (!source->config.loop || is_last) {
        cl_put32(payload + length - 12, CL_STAMP_MARK);
        cl_put32(payload + length - 8, (uint32_t)(stamp >> 32));
        cl_put32(payload + length - 4, (uint32_t)stamp);
    }
    cr_srtp_parts parts = {
        .header = header,
        .header_length = RTP_HEADER_BYTES + extensions,
        .payload = payload,
        .payload_length = length,
    };
    uint8_t packet[CL_PACKET_BYTES + 256];
    size_t sealed = 0;
    uint16_t number = source->sequence++;
    if (cr_srtp_protect_rtp(endpoint->sending, &parts, packet, sizeof packet, &sealed) != CR_SRTP_OK) {
        cl_counts_of(load, endpoint)->send_failures++;
        return;
    }
    if (source->kept && sealed <= source->kept_slot_bytes) {
        size_t slot = number % CL_RESEND_PACKETS;
        memcpy(source->kept + slot * source->kept_slot_bytes, packet, sealed);
        source->kept_lengths[slot] = (uint16_t)sealed;
        source->kept_numbers[slot] = number;
    }
    (void)cl_transmit(load, endpoint, packet, sealed);
    cl_counts_of(load, endpoint)->packets_sent++;
    source->packets++;
    source->octets += (uint32_t)length;
}

static uint32_t synthetic_bytes(cl_load *load, const cl_source_config *config, bool is_keyframe) {
    if (is_keyframe) return config->keyframe_bytes;
    if (config->size_variation == 0) return config->frame_bytes;
    uint32_t most = config->frame_bytes * config->size_variation / 100u;
    return config->frame_bytes + cl_random(load) % (2u * most + 1u) - most;
}

static void write_descriptor(const cl_source *source, bool is_first, uint8_t *out) {
    out[0] = is_first ? 0x90 : 0x80;
    out[1] = 0xe0;
    cl_put16(out + 2, 0x8000u | source->picture_id);
    // Every frame is of the base layer, so both numbers rise together.
    out[4] = (uint8_t)source->picture_id;
    out[5] = 0;
}

static void write_frame_header(bool is_keyframe, uint8_t *out) {
    // A keyframe's tag has bit 0 clear, then come the start code and the size, here 1280 x 720.
    static const uint8_t key[VP8_FRAME_HEADER_BYTES] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2};
    if (is_keyframe) {
        memcpy(out, key, sizeof key);
    } else {
        out[0] = 0x11;
    }
}

static void send_frame(cl_load *load, cl_endpoint *endpoint, cl_source *source, uint64_t now_ns) {
    const cl_source_config *config = &source->config;
    cl_counts *counts = cl_counts_of(load, endpoint);
    bool is_keyframe =
        config->is_video && source->wants_keyframe && now_ns - source->last_keyframe_ns >= KEYFRAME_GAP_NS;
    const uint8_t *encoded = NULL;
    uint32_t bytes;
    uint32_t descriptor = config->is_video ? VP8_DESCRIPTOR_BYTES : 0;
    // What comes on top of a packet's share of the frame; in synthetic media it is written over it.
    uint32_t on_top = config->loop ? descriptor : 0;
    if (config->loop) {
        const cl_loop *loop = &load->loops[config->loop - 1];
        if (is_keyframe) source->loop_frame = 0;
        is_keyframe = config->is_video && source->loop_frame == 0;
        uint32_t start = source->loop_frame == 0 ? 0 : loop->ends[source->loop_frame - 1];
        encoded = loop->bytes + start;
        bytes = loop->ends[source->loop_frame] - start;
        source->loop_frame = (source->loop_frame + 1) % loop->count;
    } else {
        bytes = synthetic_bytes(load, config, is_keyframe);
    }
    uint16_t sizes[MOST_FRAME_PACKETS];
    size_t count = cl_split_frame(bytes, config->packet_bytes - on_top, sizes, MOST_FRAME_PACKETS);
    uint8_t payload[CL_PACKET_BYTES];
    // Whatever is in synthetic media: AES does not care.
    if (!encoded) memset(payload, (int)(source->frame & 0x7fu), config->packet_bytes);
    for (size_t index = 0; index < count; index++) {
        if (config->is_video) write_descriptor(source, index == 0, payload);
        if (encoded) {
            memcpy(payload + descriptor, encoded, sizes[index]);
            encoded += sizes[index];
        } else if (config->is_video && index == 0) {
            write_frame_header(is_keyframe, payload + descriptor);
        }
        send_packet(load, endpoint, source, payload, on_top + sizes[index], index + 1 == count, now_ns);
    }
    if (is_keyframe) {
        source->wants_keyframe = false;
        source->last_keyframe_ns = now_ns;
        counts->keyframes_sent++;
    }
    counts->frames_sent++;
    source->frame++;
    source->picture_id = (source->picture_id + 1u) & 0x7fffu;
}

void cl_send_due(cl_load *load, uint64_t now_ns) {
    for (uint32_t name = 0; name < load->source_count; name++) {
        cl_source *source = &load->sources[name];
        if (!source->is_used || source->due_ns > now_ns) continue;
        cl_endpoint *endpoint = load->endpoints[source->endpoint];
        for (uint32_t frames = 0; source->due_ns <= now_ns; frames++) {
            if (endpoint->sending && frames < MOST_FRAMES_A_TURN) {
                send_frame(load, endpoint, source, now_ns);
            } else if (endpoint->sending) {
                cl_counts_of(load, endpoint)->frames_left_out++;
            }
            source->timestamp += source->ticks_per_frame;
            source->due_ns += source->interval_ns;
        }
    }
}

void cl_resend(cl_load *load, cl_endpoint *endpoint, cl_source *source, uint16_t number) {
    size_t slot = number % CL_RESEND_PACKETS;
    if (!source->kept || source->kept_lengths[slot] == 0 || source->kept_numbers[slot] != number) return;
    // As it was: the receiver has not seen this number, so replay protection lets it pass.
    (void)cl_transmit(load, endpoint, source->kept + slot * source->kept_slot_bytes, source->kept_lengths[slot]);
    cl_counts_of(load, endpoint)->resent++;
}
