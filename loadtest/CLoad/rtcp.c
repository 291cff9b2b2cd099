// rtcp.c: sender and receiver reports (RFC 3550, 6.4), transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01), our NACKs (RFC 4585), and what the server asks of our sources:
// NACK and PLI (RFC 4585), FIR (RFC 5104).

#include "load.h"

#include <string.h>

#define SENDER_REPORT 200u
#define RECEIVER_REPORT 201u
#define TRANSPORT_FEEDBACK 205u
#define PAYLOAD_FEEDBACK 206u
#define FORMAT_NACK 1u
#define FORMAT_TRANSPORT_CC 15u
#define FORMAT_PLI 1u
#define FORMAT_FIR 4u
// RFC 3550, 6.4.1: the count has five bits.
#define MOST_BLOCKS 31u
#define BLOCK_BYTES 24u
// Seconds from 1900 to 1970.
#define NTP_EPOCH UINT64_C(2208988800)
// Packets that one feedback covers at most: those of 100 ms, and the room that we have.
#define MOST_FEEDBACK 512u
// NACKs of one connection are one datagram each 20 ms at most (libwebrtc's interval): 300 subscribers who all miss
// something must not become a storm. What finds no room waits for the next one.
#define NACK_ROOM 1200u
#define NACK_GAP_NS (20u * NS_PER_MS)
#define NACK_HEADER_BYTES 12u
#define NACK_ENTRY_BYTES 4u

static uint64_t ntp_time(uint64_t now_ns) {
    return (now_ns / NS_PER_S + NTP_EPOCH) << 32 | ((now_ns % NS_PER_S) << 32) / NS_PER_S;
}

static void send_rtcp(cl_load *load, cl_endpoint *endpoint, const uint8_t *plain, size_t length) {
    uint8_t packet[CL_PACKET_BYTES + 256];
    size_t sealed = 0;
    if (cr_srtp_protect_rtcp(endpoint->sending, plain, length, packet, sizeof packet, &sealed) == CR_SRTP_OK) {
        (void)cl_transmit(load, endpoint, packet, sealed);
    }
}

// --------------------------------------------------------------------------------------------------------- reports

static size_t write_block(cl_stream *stream, uint64_t now_ns, uint8_t *out) {
    uint64_t expected = cl_sequence_expected(&stream->sequence);
    uint64_t new_expected = expected - stream->expected_before;
    // Retransmissions do not count (RFC 4588, 4).
    uint64_t received = stream->sequence.received - stream->thrown_away;
    uint64_t new_received = received - stream->received_before;
    stream->expected_before = expected;
    stream->received_before = received;
    uint64_t lost = expected > received ? expected - received : 0;
    uint64_t fraction =
        new_expected > new_received ? (new_expected - new_received) * 256u / new_expected : 0;
    cl_put32(out, stream->ssrc);
    if (fraction > 255) fraction = 255;
    if (lost > 0x7fffff) lost = 0x7fffff;
    cl_put32(out + 4, (uint32_t)fraction << 24 | (uint32_t)lost);
    cl_put32(out + 8, (uint32_t)stream->sequence.highest);
    cl_put32(out + 12, (uint32_t)(stream->jitter >> 4));
    cl_put32(out + 16, stream->last_sender_report);
    uint64_t since = stream->last_sender_report ? now_ns - stream->last_sender_report_ns : 0;
    cl_put32(out + 20, (uint32_t)((since << 16) / NS_PER_S));
    return BLOCK_BYTES;
}

static void send_reports(cl_load *load, cl_endpoint *endpoint, uint64_t now_ns) {
    uint8_t plain[1200];
    uint8_t blocks[MOST_BLOCKS * BLOCK_BYTES];
    uint32_t count = 0;
    uint32_t next = endpoint->first_stream;
    while (next != CL_NONE && count < MOST_BLOCKS) {
        cl_stream *stream = &load->streams[next];
        next = stream->next;
        if (stream->is_retransmission || !stream->sequence.is_started) continue;
        (void)write_block(stream, now_ns, blocks + count * BLOCK_BYTES);
        count++;
    }
    size_t length = 0;
    for (uint32_t name = endpoint->first_source; name != CL_NONE; name = load->sources[name].next) {
        const cl_source *source = &load->sources[name];
        if (source->packets == 0) continue;
        uint64_t ntp = ntp_time(now_ns);
        plain[length] = 0x80;
        plain[length + 1] = SENDER_REPORT;
        cl_put16(plain + length + 2, 6);
        cl_put32(plain + length + 4, source->config.ssrc);
        cl_put32(plain + length + 8, (uint32_t)(ntp >> 32));
        cl_put32(plain + length + 12, (uint32_t)ntp);
        // The timestamp is that of the next frame.
        uint64_t early_us = source->due_ns > now_ns ? (source->due_ns - now_ns) / 1000u : 0;
        uint32_t rate = source->config.is_video ? 90000u : 48000u;
        cl_put32(plain + length + 16, source->timestamp - (uint32_t)(early_us * rate / 1000000u));
        cl_put32(plain + length + 20, (uint32_t)source->packets);
        cl_put32(plain + length + 24, source->octets);
        length += 28;
        if (length > 200) break;
    }
    if (count > 0) {
        plain[length] = (uint8_t)(0x80u | count);
        plain[length + 1] = RECEIVER_REPORT;
        cl_put16(plain + length + 2, 1u + count * BLOCK_BYTES / 4u);
        cl_put32(plain + length + 4, endpoint->reporter_ssrc);
        memcpy(plain + length + 8, blocks, count * BLOCK_BYTES);
        length += 8 + count * BLOCK_BYTES;
    }
    if (length == 0) return;
    send_rtcp(load, endpoint, plain, length);
    cl_counts_of(load, endpoint)->reports_sent++;
}

// ------------------------------------------------------------------------------------------- transport-wide feedback

// Status symbols: 0 not received, 1 a small delta, 2 a large or negative one (section 3.1.1).
static void send_feedback(cl_load *load, cl_endpoint *endpoint) {
    cl_arrival *arrivals = endpoint->arrivals;
    uint32_t arrived = endpoint->arrival_count;
    endpoint->arrival_count = 0;
    uint16_t base = arrivals[0].sequence;
    for (uint32_t index = 1; index < arrived; index++) {
        if ((int16_t)(arrivals[index].sequence - base) < 0) base = arrivals[index].sequence;
    }
    uint8_t symbols[MOST_FEEDBACK] = {0};
    uint64_t times[MOST_FEEDBACK] = {0};
    uint32_t covered = 0;
    for (uint32_t index = 0; index < arrived; index++) {
        uint16_t at = (uint16_t)(arrivals[index].sequence - base);
        if (at >= MOST_FEEDBACK) continue;
        symbols[at] = 1;
        times[at] = arrivals[index].arrival_ns / 250000u;  // ticks of 250 us
        if (at + 1u > covered) covered = at + 1u;
    }
    // The reference time counts 64 ms, which are 256 ticks.
    uint64_t reference = times[0] / 256u;
    uint64_t before = reference * 256u;
    uint8_t plain[20 + MOST_FEEDBACK / 7u * 2u + 2u + MOST_FEEDBACK * 2u + 4u];
    uint8_t deltas[MOST_FEEDBACK * 2u];
    size_t delta_bytes = 0;
    for (uint32_t at = 0; at < covered; at++) {
        if (symbols[at] == 0) continue;
        int64_t delta = (int64_t)times[at] - (int64_t)before;
        if (delta >= 0 && delta <= 255) {
            deltas[delta_bytes++] = (uint8_t)delta;
        } else if (delta >= INT16_MIN && delta <= INT16_MAX) {
            symbols[at] = 2;
            cl_put16(deltas + delta_bytes, (uint16_t)delta);
            delta_bytes += 2;
        } else {
            symbols[at] = 0;
            continue;
        }
        before = times[at];
    }
    plain[0] = 0x80u | FORMAT_TRANSPORT_CC;
    plain[1] = TRANSPORT_FEEDBACK;
    cl_put32(plain + 4, endpoint->reporter_ssrc);
    cl_put32(plain + 8, endpoint->last_media_ssrc);
    cl_put16(plain + 12, base);
    cl_put16(plain + 14, covered);
    cl_put32(plain + 16, (uint32_t)(reference & 0xffffffu) << 8 | endpoint->feedback_count++);
    size_t length = 20;
    // Vectors of seven two-bit symbols.
    for (uint32_t at = 0; at < covered; at += 7u) {
        uint32_t chunk = 0xc000u;
        for (uint32_t index = 0; index < 7u && at + index < covered; index++) {
            chunk |= (uint32_t)symbols[at + index] << (12u - 2u * index);
        }
        cl_put16(plain + length, chunk);
        length += 2;
    }
    memcpy(plain + length, deltas, delta_bytes);
    length += delta_bytes;
    while (length % 4 != 0) plain[length++] = 0;
    cl_put16(plain + 2, (uint32_t)(length / 4 - 1));
    send_rtcp(load, endpoint, plain, length);
    cl_counts_of(load, endpoint)->feedback_sent++;
}

// ----------------------------------------------------------------------------------------------------------- NACKs

// Generic NACK (RFC 4585, 6.2.1): a number, and one bit for each of the 16 after it.
static size_t write_nack(uint32_t reporter, uint32_t ssrc, const uint16_t *numbers, size_t count, uint8_t *out) {
    size_t length = NACK_HEADER_BYTES;
    for (size_t index = 0; index < count;) {
        uint16_t first = numbers[index++];
        uint32_t more = 0;
        for (; index < count; index++) {
            uint16_t after = (uint16_t)(numbers[index] - first);
            if (after == 0 || after > 16) break;
            more |= 1u << (after - 1u);
        }
        cl_put16(out + length, first);
        cl_put16(out + length + 2, more);
        length += NACK_ENTRY_BYTES;
    }
    out[0] = 0x80u | FORMAT_NACK;
    out[1] = TRANSPORT_FEEDBACK;
    cl_put16(out + 2, (uint32_t)(length / 4 - 1));
    cl_put32(out + 4, reporter);
    cl_put32(out + 8, ssrc);
    return length;
}

static void send_nacks(cl_load *load, cl_endpoint *endpoint, uint64_t now_ns) {
    uint64_t wait_ns = endpoint->rtt_ns > CL_LEAST_RTT_NS ? endpoint->rtt_ns : CL_LEAST_RTT_NS;
    uint8_t plain[NACK_ROOM];
    size_t length = 0;
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t name = endpoint->first_stream; name != CL_NONE; name = load->streams[name].next) {
        cl_stream *stream = &load->streams[name];
        if (stream->repair.count == 0) continue;
        size_t room = NACK_ROOM - length;
        if (room >= NACK_HEADER_BYTES + NACK_ENTRY_BYTES) {
            uint16_t numbers[CL_MOST_GAPS];
            size_t most = (room - NACK_HEADER_BYTES) / NACK_ENTRY_BYTES;
            if (most > CL_MOST_GAPS) most = CL_MOST_GAPS;
            size_t count = cl_repair_due(&stream->repair, now_ns, wait_ns, numbers, most);
            if (count > 0) {
                length += write_nack(endpoint->reporter_ssrc, stream->ssrc, numbers, count, plain + length);
                cl_counts_of(load, endpoint)->nacks_sent += count;
            }
        }
        uint64_t stream_next_ns = cl_repair_next_ns(&stream->repair);
        if (stream_next_ns < next_ns) next_ns = stream_next_ns;
    }
    endpoint->nack_due_ns = next_ns;
    if (length == 0) return;
    endpoint->nack_allowed_ns = now_ns + NACK_GAP_NS;
    send_rtcp(load, endpoint, plain, length);
}

// ------------------------------------------------------------------------------------------------------------- due

void cl_report_due(cl_load *load, uint64_t now_ns) {
    for (uint32_t index = 0; index < load->endpoint_count; index++) {
        cl_endpoint *endpoint = load->endpoints[index];
        if (!endpoint->is_open || !endpoint->sending) continue;
        if (endpoint->report_due_ns <= now_ns) {
            endpoint->report_due_ns = now_ns + CL_REPORT_NS;
            send_reports(load, endpoint, now_ns);
        }
        if (endpoint->arrival_count > 0 && endpoint->feedback_due_ns <= now_ns) {
            endpoint->feedback_due_ns = now_ns + CL_FEEDBACK_NS;
            send_feedback(load, endpoint);
        }
        if (endpoint->nack_due_ns <= now_ns && endpoint->nack_allowed_ns <= now_ns) send_nacks(load, endpoint, now_ns);
    }
}

// ------------------------------------------------------------------------------------------------------- receiving

static void want_keyframe(cl_load *load, cl_endpoint *endpoint, uint32_t ssrc) {
    cl_source *source = cl_endpoint_source(load, endpoint, ssrc);
    if (source) source->wants_keyframe = source->config.is_video;
    cl_counts_of(load, endpoint)->plis++;
}

static void answer_nack(cl_load *load, cl_endpoint *endpoint, const uint8_t *body, size_t length) {
    cl_source *source = cl_endpoint_source(load, endpoint, cl_get32(body + 4));
    for (size_t at = 8; at + 4 <= length; at += 4) {
        uint16_t number = cl_get16(body + at);
        uint32_t more = (uint32_t)cl_get16(body + at + 2) << 1 | 1u;
        for (uint32_t bit = 0; bit < 17u; bit++) {
            if (!(more >> bit & 1u)) continue;
            cl_counts_of(load, endpoint)->nacks++;
            if (source) cl_resend(load, endpoint, source, (uint16_t)(number + bit));
        }
    }
}

static void receive_part(cl_load *load, cl_endpoint *endpoint, unsigned type, unsigned format, const uint8_t *body,
                         size_t length, uint64_t arrival_ns) {
    if (type == SENDER_REPORT && length >= 24) {
        uint32_t name = cl_endpoint_stream(endpoint, cl_get32(body));
        if (name == CL_NONE) return;
        load->streams[name].last_sender_report = (cl_get32(body + 4) << 16) | (cl_get32(body + 8) >> 16);
        load->streams[name].last_sender_report_ns = arrival_ns;
    } else if (type == TRANSPORT_FEEDBACK && format == FORMAT_NACK && length >= 12) {
        answer_nack(load, endpoint, body, length);
    } else if (type == PAYLOAD_FEEDBACK && format == FORMAT_PLI && length >= 8) {
        want_keyframe(load, endpoint, cl_get32(body + 4));
    } else if (type == PAYLOAD_FEEDBACK && format == FORMAT_FIR && length >= 16) {
        want_keyframe(load, endpoint, cl_get32(body + 8));
    }
}

void cl_receive_rtcp(cl_load *load, cl_endpoint *endpoint, const uint8_t *bytes, size_t length, uint64_t arrival_ns) {
    cl_counts_of(load, endpoint)->rtcp_received++;
    while (length >= 4) {
        size_t part = 4u * (cl_get16(bytes + 2) + 1u);
        if (part > length) return;
        receive_part(load, endpoint, bytes[1], bytes[0] & 0x1fu, bytes + 4, part - 4, arrival_ns);
        bytes += part;
        length -= part;
    }
}
