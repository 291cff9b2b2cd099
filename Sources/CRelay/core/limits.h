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
// lost (started, switched, keyframe). What a turn hands up and the taps of a turn must fit.
#define CR_MAX_EVENTS 2048u
#define CR_MAX_DATAGRAM_EVENTS 1536u
// Control datagrams that wait to be handed up, of each protocol; each holds a pool packet. What comes when all places are
// taken is dropped, and everybody sends it again later. Larger makes answers late, smaller throttles a join storm.
#define CR_WAITING_CONTROL 1024u
// Control datagrams of each protocol handed up in one turn. At 5-10 us each in Swift about a millisecond together.
#define CR_CONTROL_PER_TURN 64u
// ... of which so many DTLS records that are no data: a flight of a handshake costs 0.2-1 ms of cryptography. Larger lets
// a join storm delay packets, smaller makes the last of 300 joins wait longer.
#define CR_HANDSHAKES_PER_TURN 2u

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
// The same for SRTCP, as libsrtp has it. Reports are few: 128 are many seconds of them.
#define CR_SRTCP_WINDOW 128u

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
// How long a packet is kept to be sent again. Receivers ask for about a second; longer costs 2 KiB a packet, which is
// 170 KiB a second at the 75 packets/s of a video.
#define CR_CACHE_AGE_US 1100000u
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

// ------------------------------------------------------------------------------------------------------- fan-out

// Streams of one round, and packets of one stream in it. A round is what came while the one before was on its way.
#define CR_ROUND_STREAMS 256u
#define CR_BURST_PACKETS 256u
// Datagrams that the rounds of a kind may owe, about 100 ms of sending. What comes on top is dropped before it is noted as
// received, so that it is repaired like any loss. Larger delivers video that is too late, smaller cuts keyframes.
#define CR_OWED_DATAGRAMS 65536u
// Padding that makes a video packet as long as the longest beside it, so that both leave in one message of the kernel.
// Senders cut a frame into packets that differ by a byte, and extensions of its first or last packet take 4 or 8 more.
// Larger pays bytes on the wire, smaller messages. At most 63: it is kept beside two flags, see cr_sent.
#define CR_PAD_BYTES 8u
// The same for voices of several speakers at once, whose packets are 60 to 160 bytes by what is said. Evenly spread, ten
// of them leave in 2.2 messages instead of 5, and a datagram gets 9 bytes longer, of 175 with all headers. Larger gains
// little more, smaller loses most of it. Who is silent stays short: a packet of 3 bytes goes last, as it is.
#define CR_PAD_VOICE_BYTES 32u

// ------------------------------------------------------------------------------------------------------------- tcp

// Least bytes of a datagram over TCP, the null packets of RFC 4571 aside: an RTCP header, the shortest thing we speak.
// Shorter ones only help to make much work of few bytes.
#define CR_TCP_MIN_FRAME_BYTES 8u
// Datagrams that wait for the flush towards TCP. One receive batch to a full room (32 × 299) must fit.
#define CR_TCP_QUEUE_PACKETS 16384u
// When so many control datagrams of a protocol wait, connections are left unread: unlike UDP they can be.
#define CR_TCP_STOP_RECEIVE (CR_WAITING_CONTROL / 2u)
// Bytes read from a connection at a time. The datagrams in them, each at least CR_TCP_MIN_FRAME_BYTES + 2, must fit
// between CR_TCP_STOP_RECEIVE and CR_WAITING_CONTROL; smaller costs system calls.
#define CR_TCP_READ_BYTES 4096u
// Connections that are read, and that are accepted, before the clock is looked at.
#define CR_TCP_READ_BATCH 16u
#define CR_TCP_ACCEPT_BATCH 16u
// Connections the kernel keeps for us between two turns. Larger hides a flood, smaller refuses a class that begins.
#define CR_TCP_BACKLOG 256
// Connections of one worker: twice its transports, since a client for whom UDP works opens one as well and leaves it.
// Larger asks for more descriptors than systems give, smaller lets a few strangers fill it.
#define CR_TCP_CONNECTIONS 8192u
// Connections from one IPv4 address or IPv6 /64. A school of 300 people behind one NAT, two and more each, must fit.
#define CR_TCP_CONNECTIONS_PER_IP 1024u
// From accepting to the first whole datagram. A client sends its check at once; TCP repeats a lost one after 1 and 3 s.
#define CR_TCP_FIRST_FRAME_US 5000000u
// How long a connection may live whose address no ICE check has proved (or does any more). A client may connect before
// its answer has reached it; longer lets strangers hold connections.
#define CR_TCP_UNPROVED_US 15000000u
// Silence after which a connection is dead. ICE asks for consent every 5 s and gives up after 30 (RFC 7675).
#define CR_TCP_IDLE_US 60000000u
// How often the deadlines above are looked at.
#define CR_TCP_SWEEP_US 500000u
// Bytes that wait for one slow reader. A keyframe of a shared screen must fit; larger is delay that nobody can use: at
// 1 Mbit/s this much is two seconds already.
#define CR_TCP_SEND_BYTES 262144u
// Of them, those that media leaves to the rest: answers to ICE, without which the client would take us for dead, and DTLS.
#define CR_TCP_RESERVED_BYTES 32768u
// What a datagram counts at least, since a short one holds a whole packet of the pool too.
#define CR_TCP_LEAST_COST 512u
// All slow readers together hold at most this part of the packet pool, so that they never take it from the others.
#define CR_TCP_POOL_PART 4u
// Bytes that the kernel takes from us beyond what it has sent. What waits with us can still be counted and dropped.
#define CR_TCP_UNSENT_BYTES 32768
// Sent bytes unacknowledged for so long end the connection: the kernel's own 15 minutes would keep dead ones.
#define CR_TCP_UNACKNOWLEDGED_MS 30000

// ---------------------------------------------------------------------------------------------------------- links

// Packets on their way from one shard to another, a power of two: 2 MiB once the first of them is handed over. A worker
// that receives 20,000 packets/s fills it in 50 ms, longer than any turn of the reader; larger only delays the loss when
// the reader cannot keep up, smaller drops when it does not get its core for a moment.
#define CR_LINK_SLOTS 1024u

// ------------------------------------------------------------------------------------------------------------- io

// Messages of one system call. More gains nothing (limits.md, B) and holds more buffers.
#define CR_RECEIVE_BATCH 32u
#define CR_SEND_BATCH 64u
// Bytes of a received message behind its first packet's buffer: with UDP_GRO the kernel hands over up to 64 KiB at once.
#define CR_GRO_BYTES 65536u
// Datagrams of one system call; each needs a span of memory.
#define CR_SEND_BATCH_PACKETS 512u
// Datagrams in one message to the kernel (UDP_SEGMENT). For media about what senders emit at once: more would be a burst
// on the subscriber's line and gains little (limits.md, B). For data the kernel's own limits.
#define CR_GSO_MEDIA_SEGMENTS 8u
#define CR_GSO_MEDIA_BYTES 10240u
#define CR_GSO_BULK_SEGMENTS 64u
#define CR_GSO_BULK_BYTES 65000u
// Longest datagram in such a message. The kernel refuses segments longer than the interface's MTU, and then segmentation
// is given up for good: no sender may cause that with long packets. Larger fails on tunnels, smaller misses video.
#define CR_GSO_SEGMENT_BYTES 1300u
// Queued packets at which a turn sends in between, so that they are still in the L2 cache.
#define CR_FLUSH_PACKETS 64u
// A turn receives and forwards for about this long before events and timers get a look ...
#define CR_TURN_US 1000u
// ... of which it receives so long when the socket does not get empty, and gives video at least so long after audio.
#define CR_RECEIVE_US 250u
#define CR_VIDEO_US 500u

#endif
