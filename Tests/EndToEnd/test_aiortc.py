"""A third WebRTC stack with our own small signaling client: what livekit's libwebrtc and Chromium forgive, it may not."""

from __future__ import annotations

import asyncio
import statistics
import time

import numpy as np
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.rtp import RtpPacket, is_rtcp

import media
import twcc
from aiortc_participant import AiortcParticipant, NumbersTrack, ToneTrack
from waiting import until

SIZE = (320, 240)


def assert_right(receiver: AiortcParticipant, identity: str) -> None:
    numbers = receiver.video[identity]
    readable = [number for number in numbers if number is not None]
    assert len(readable) >= 0.9 * len(numbers)
    assert media.advance(readable)
    assert receiver.sizes[identity] == {SIZE}
    samples = np.concatenate(receiver.audio[identity])[-media.SAMPLE_RATE :]
    peak, share = media.peak_frequency(samples)
    assert abs(peak - 440) < 3 and share > 0.8


async def test_two_aiortc_participants_hear_and_see_each_other(enter):
    alice, bob = await enter("alice"), await enter("bob")
    for person in (alice, bob):
        await person.publish(ToneTrack(), NumbersTrack(*SIZE))
        await person.connected()
    for here, there in ((alice, "bob"), (bob, "alice")):
        await until(lambda h=here, t=there: h.frames(t) >= 20 and h.seconds(t) >= 2, 15, f"media of {there}")
        assert_right(here, there)


async def test_aiortc_and_the_wheel_meet(enter, join):
    alice, bob = await enter("alice"), await join("bob")
    await alice.publish(ToneTrack(), NumbersTrack(*SIZE))
    await bob.publish_tone()
    await bob.publish_numbers(*SIZE)
    (await bob.sees("alice", 20)).assert_advances(SIZE)
    (await bob.hears("alice", 2)).assert_tone(440)
    await until(lambda: alice.frames("bob") >= 20 and alice.seconds("bob") >= 2, 15, "media of the wheel")
    assert_right(alice, "bob")


async def test_the_join_response_is_what_sdks_need(enter):
    alice = await enter("alice")
    joined = alice.joined
    assert alice.messages[0] == "join"
    assert joined.room.sid.startswith("RM_") and joined.participant.sid.startswith("PA_")
    assert joined.ping_interval >= 1 and joined.ping_timeout > joined.ping_interval
    assert tuple(int(part) for part in joined.server_info.version.split(".")) >= (1, 8, 0)
    assert joined.server_version == joined.server_info.version
    assert joined.server_info.protocol <= 17
    mimes = [codec.mime.lower() for codec in joined.enabled_publish_codecs]
    assert mimes[0].startswith("video/") and "audio/opus" in mimes
    assert joined.subscriber_primary and joined.fast_publish
    await until(lambda: "pong_resp" in alice.messages, 5, "an answer to ping_req")


async def test_answers_are_ice_lite_passive_and_complete(enter):
    alice = await enter("alice")
    await alice.publish(ToneTrack(), NumbersTrack(*SIZE))
    answer = alice.answers[-1].sdp
    assert "a=ice-lite" in answer and "a=setup:passive" in answer
    assert answer.count("m=") == alice.publisher.localDescription.sdp.count("m=")
    assert "a=fingerprint:sha-256 " in answer
    assert set(alice.answers[-1].mid_to_track_id.values()) <= {info.sid for info in alice.published.values()}
    await alice.connected()


async def test_leaving_is_told_to_the_others_at_once(enter):
    alice, bob = await enter("alice"), await enter("bob")
    await until(lambda: len(bob.participants) == 1, 5, "bob sees alice")
    await alice.leave()
    await until(lambda: not bob.participants, 2, "bob is told")


TRANSPORT_SEQUENCE = RTCRtpHeaderExtensionParameters(
    id=5, uri="http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)


async def test_transport_wide_feedback_tells_what_arrived_and_when(enter, monkeypatch):
    """libwebrtc's bandwidth estimate lives by this: wrong times make it collapse on a perfect line."""
    for kind in ("audio", "video"):
        monkeypatch.setitem(HEADER_EXTENSIONS, kind, [*HEADER_EXTENSIONS[kind], TRANSPORT_SEQUENCE])
    alice, _bob = await enter("alice"), await enter("bob")
    await alice.publish(ToneTrack(), NumbersTrack(*SIZE))
    dtls = alice.publisher_dtls
    sent: dict[int, float] = {}
    withheld: set[int] = set()
    feedback: list[twcc.Feedback] = []
    next_sequence = 65_500  # wraps within the test
    send, handle = dtls._send_rtp, dtls._handle_rtcp_data

    async def send_numbered(data: bytes) -> None:
        nonlocal next_sequence
        if not is_rtcp(data):
            packet = RtpPacket.parse(data, dtls._rtp_header_extensions_map)
            packet.extensions.transport_sequence_number = next_sequence & 0xFFFF
            data = packet.serialize(dtls._rtp_header_extensions_map)
            sent[next_sequence] = time.monotonic()
            next_sequence += 1
            if next_sequence % 17 == 0:
                withheld.add(next_sequence - 1)
                return
        await send(data)

    async def handle_feedback(data: bytes) -> None:
        feedback.extend(twcc.read_compound(data))
        await handle(data)

    dtls._send_rtp, dtls._handle_rtcp_data = send_numbered, handle_feedback
    await alice.connected()
    await until(lambda: len(sent) >= 200 and len(feedback) >= 20, 10, "feedback")
    await asyncio.sleep(0.3)
    own = {transceiver.sender._ssrc for transceiver in alice.publisher.getTransceivers()}
    assert {report.media_ssrc for report in feedback} <= own, "libwebrtc ignores feedback that names no stream of its own"
    assert [report.count for report in feedback] == [n & 0xFF for n in range(len(feedback))]
    arrived = {(n - 65_500) % 65_536 + 65_500: at for report in feedback for n, at in report.arrivals.items()}
    told = [n for n in sorted(sent) if n in arrived]
    assert len(told) > 0.9 * len(sent)
    assert {n for n in told if arrived[n] is None} == {n for n in told if n in withheld}
    # Differences only: the server's clock has its own origin.
    delays = [arrived[n] - sent[n] for n in told if arrived[n] is not None]
    spread = max(delays) - min(delays)
    assert spread < 0.1, f"arrival times are {spread * 1000:.1f} ms apart from sending times"
    drift = statistics.mean(delays[-50:]) - statistics.mean(delays[:50])
    assert abs(drift) < 0.02, f"{drift * 1000:.1f} ms drift"
