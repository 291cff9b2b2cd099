// limits.h: every number of the packet core that has a meaning, with its unit and what a larger or a smaller one costs.
// The limits a caller must know (labels, formats) stay in crelay.h.

#ifndef CR_LIMITS_H
#define CR_LIMITS_H

#include <stdint.h>

// ---------------------------------------------------------------------------------------------------- datagrams

// Bytes of one datagram buffer. An Ethernet frame carries 1472 bytes of UDP and WebRTC keeps under 1200, so 2048 leaves
// room for tags and rewritten extensions. Larger wastes the cache, smaller would cut jumbo datagrams of odd peers.
#define CR_PACKET_BYTES 2048u
// Packets of one slab: about 150 KiB. Larger grows in visible steps, smaller calls malloc too often while a room fills.
#define CR_SLAB_PACKETS 64u
// Datagrams waiting for a flush. One packet to 1000 subscribers must fit several times; each holds a pool packet.
#define CR_SEND_QUEUE_PACKETS 8192u
// Bytes an SRTP or SRTCP packet may grow by: a 16-byte AEAD tag and the 4-byte SRTCP index (RFC 7714, section 9).
#define CR_SRTP_TRAILER_BYTES 20u
// RTP header with its extension block as we write it. Ten times what browsers use; elements that do not fit are left out.
#define CR_MAX_HEADER_BYTES 640u

// -------------------------------------------------------------------------------------------------------- events

// Events kept until they are released, and how many of them may be datagrams. The rest stays free for what must not be
// lost (started, switched, keyframe). Larger lets handshakes delay media, smaller throttles a join storm.
#define CR_MAX_EVENTS 2048u
#define CR_MAX_DATAGRAM_EVENTS 1536u
// When so many events wait, the loop leaves further datagrams in the socket.
#define CR_EVENTS_STOP_RECEIVE 1024u

// --------------------------------------------------------------------------------------------------- transports

// Proved addresses of one transport (S-23). A client has a few candidate pairs; more only helps exhaustion.
#define CR_MAX_ADDRESSES 8u
// SSRCs one transport may use at a time (S-20). Every one costs an SRTP stream; three simulcast layers with RTX use six.
#define CR_MAX_SSRCS 64u
// A silent, unbound SSRC gives its place to a new one after this long. Shorter lets a flood of SSRCs churn key setups.
#define CR_SSRC_IDLE_US 5000000u
// Outgoing SSRCs whose SRTP state is kept after their forward closed, so that opening one again continues its sequence
// numbers and never repeats a nonce. Larger keeps more SRTP streams, smaller relies more on callers choosing fresh SSRCs.
#define CR_RETIRED_SSRCS 64u
// Arrivals between two reads. Feedback leaves every 50-100 ms; 1024 covers 10,000 packets/s. 16 bytes each.
#define CR_ARRIVALS 1024u
// Packets the replay window of SRTP looks back (RFC 3711, 3.3.2 asks for 64 at least, S-08 for 128). Late RTX needs more.
#define CR_SRTP_WINDOW 1024u

// ------------------------------------------------------------------------------------------------------ receiving

// Sequence numbers a packet may be late. A power of two. At 1000 packets/s about one second, as long as NACK tries.
#define CR_RECEIVE_WINDOW 1024u
// A forward jump over this many numbers is a restart of the sender (RFC 3550, A.1, MAX_DROPOUT).
#define CR_MAX_DROPOUT 3000
// Packets of the SSRC a sender just gave up are late ones, not another restart, for this long.
#define CR_OLD_SSRC_US 2000000u
// Gaps remembered per stream. A gap larger than this is not worth repairing packet by packet: a keyframe is cheaper.
#define CR_MAX_MISSING 256u
// Requests for one packet and how long it is worth having. More tries fill a dead link with NACKs.
#define CR_NACK_TRIES 10u
#define CR_NACK_AGE_US 1000000u
// Least time between two requests for one packet, also on a LAN whose round trip is under a millisecond.
#define CR_NACK_INTERVAL_US 10000u
// A forward that waits for a keyframe asks again after this long. Shorter floods the controller above, which limits the
// requests itself; longer keeps a black picture after a lost request.
#define CR_KEYFRAME_ASK_US 250000u
// RED blocks of one packet (RFC 2198). Chromium sends 2 or 3; S-13 sends 64.
#define CR_RED_BLOCKS 8u
// Largest retransmission cache and history, in packets. Half of the sequence space would be ambiguous.
#define CR_MAX_CACHE_PACKETS 8192u
// dBov below zero from which a packet counts as speech: quieter lets breathing win the stage, louder loses soft voices.
#define CR_AUDIO_ACTIVE_LEVEL 35u
#define CR_AUDIO_SILENCE 127u

// ----------------------------------------------------------------------------------------------------- forwarding

// Places where purposely dropped packets shifted the outgoing numbers. Older late packets are refused.
#define CR_MAX_RUNS 16u
// Switches of source during which earlier packets can still be sent again. A power of two.
#define CR_SEGMENTS 8u
// Retransmissions of one subscriber: this share of what it is sent (S-18), never less than the floor, saved up to the
// burst. A larger share lets a NACK storm double our output, a smaller floor starves a single lossy thumbnail.
#define CR_RTX_SHARE_PERCENT 15u
#define CR_RTX_FLOOR_BYTES_PER_S 25000u
#define CR_RTX_BURST_BYTES 64000u
// Least cool-down of one retransmitted packet, for subscribers whose round trip is not known yet.
#define CR_RTX_COOL_DOWN_US 10000u

// ---------------------------------------------------------------------------------------------------------- links

// Packets on their way from one shard to another, a power of two: 2 MiB once the first of them is handed over. A worker
// that receives 20,000 packets/s fills it in 50 ms, longer than any turn of the reader; larger only delays the loss when
// the reader cannot keep up, smaller drops when it does not get its core for a moment.
#define CR_LINK_SLOTS 1024u

// ------------------------------------------------------------------------------------------------------------- io

// Datagrams of one system call. More gains nothing (limits.md, B) and holds more buffers.
#define CR_RECEIVE_BATCH 32u
#define CR_SEND_BATCH 64u
// Queued packets at which a turn sends in between, so that they are still in the L2 cache.
#define CR_FLUSH_PACKETS 64u
// A turn receives for about this long before events and timers get a look.
#define CR_TURN_US 1000u

#endif
