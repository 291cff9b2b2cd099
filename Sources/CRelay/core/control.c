// control.c: datagrams that Swift thinks about: STUN, DTLS, RTCP. They wait until the media that came with them is on its
// way, and become events so many in a turn that answering them delays no packet for long. Each protocol has its own
// places, so that feedback of many cannot keep a handshake out, nor either the publishers' media. What one transport sent
// by one protocol stays in order.

#include "bytes.h"
#include "shard.h"

#define DTLS_APPLICATION_DATA 23u  // RFC 6347, 4.1: content type

void cr_control_wait(cr_shard *shard, cr_control control, cr_packet *packet) {
    static const cr_drop_reason overflows[CR_CONTROLS] = {
        [CR_CONTROL_STUN] = CR_DROP_STUN_OVERFLOW,
        [CR_CONTROL_DTLS] = CR_DROP_DTLS_OVERFLOW,
        [CR_CONTROL_RTCP] = CR_DROP_RTCP_OVERFLOW,
    };
    cr_waiting *waiting = &shard->waiting[control];
    if (waiting->count == CR_WAITING_CONTROL) {
        cr_shard_drop(shard, overflows[control]);
        return;
    }
    waiting->packets[waiting->count++] = cr_packet_retain(packet);
}

static void hand_up(cr_shard *shard, cr_event_type type, cr_id id, cr_packet *packet, uint64_t *counter) {
    if (cr_raise_datagram(shard, type, id, packet)) {
        ++*counter;
    } else {
        cr_shard_drop(shard, CR_DROP_POOL_EXHAUSTED);
    }
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

static void hand_up_rtcp(cr_shard *shard, cr_transport *transport, cr_packet *packet) {
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
    if (!cr_shard_accept(shard, transport, status, CR_DROP_MALFORMED_RTCP)) return;
    cr_shard_note_authentic(transport, packet);
    packet->length = (uint32_t)length;
    cr_transport_note_ssrc(shard, transport, packet->arrival_us, ssrc);
    if (!rtcp_is_legal(packet, &ssrc)) {
        cr_shard_drop(shard, CR_DROP_MALFORMED_RTCP);
        return;
    }
    hand_up(shard, CR_EVENT_RTCP, transport->id, packet, &shard->statistics.rtcp_in);
}

// False: the packet has to wait for another turn.
static bool take(cr_shard *shard, cr_control control, cr_packet *packet, uint32_t *handshakes) {
    if (control == CR_CONTROL_STUN) {
        hand_up(shard, CR_EVENT_STUN, CR_ID_NONE, packet, &shard->statistics.stun_in);
        return true;
    }
    cr_transport *transport = cr_shard_transport_at(shard, &packet->address);
    if (!transport) {
        cr_shard_drop(shard, CR_DROP_UNKNOWN_ADDRESS);
    } else if (control == CR_CONTROL_DTLS) {
        bool data = packet->data[0] == DTLS_APPLICATION_DATA;
        if (transport->control_held == shard->control_turn || (!data && *handshakes == CR_HANDSHAKES_PER_TURN)) {
            transport->control_held = shard->control_turn;  // nothing of it overtakes what waits
            return false;
        }
        *handshakes += !data;
        hand_up(shard, CR_EVENT_DTLS, transport->id, packet, &shard->statistics.dtls_in);
    } else if (!transport->receive_keys) {
        cr_shard_drop(shard, CR_DROP_NO_KEYS);
    } else {
        hand_up_rtcp(shard, transport, packet);
    }
    return true;
}

static void hand_up_waiting(cr_shard *shard, cr_control control) {
    cr_waiting *waiting = &shard->waiting[control];
    uint32_t handshakes = 0, taken = 0, kept = 0;
    for (uint32_t index = 0; index < waiting->count; index++) {
        cr_packet *packet = waiting->packets[index];
        if (taken < CR_CONTROL_PER_TURN && take(shard, control, packet, &handshakes)) {
            taken++;
            cr_packet_release(&shard->pool, packet);
        } else {
            waiting->packets[kept++] = packet;
        }
    }
    waiting->count = kept;
}

void cr_shard_hand_up(cr_shard *shard) {
    shard->control_turn++;
    if (shard->control_turn == 0) shard->control_turn = 1;  // 0: no turn, where transports begin
    for (size_t control = 0; control < CR_CONTROLS; control++) hand_up_waiting(shard, (cr_control)control);
}
