"""Attacks on the media ports while people talk (reliability.md, 3.1): nothing is answered, nothing is forwarded,
everything is counted, and nobody in the meeting notices."""

from __future__ import annotations

import asyncio
import random
import re

from aiortc_participant import AiortcParticipant, NumbersTrack, ToneTrack
from stranger import Flood, Stranger, alert, binding_request, client_hello, odd_media, rtp
from tokens import join_token
from waiting import until

SEED = 20261121


async def talking(enter) -> tuple[AiortcParticipant, AiortcParticipant]:
    """Alice publishes, Bob receives."""
    alice, bob = await enter("alice"), await enter("bob")
    await alice.publish(ToneTrack(), NumbersTrack())
    await until(lambda: bob.frames("alice") >= 5 and bob.seconds("alice") >= 0.5, 15, "media before the attack")
    return alice, bob


async def still_flowing(bob: AiortcParticipant) -> None:
    frames, seconds = bob.frames("alice"), bob.seconds("alice")
    await until(lambda: bob.frames("alice") >= frames + 10 and bob.seconds("alice") >= seconds + 1, 5, "media goes on")


def credentials(sdp: str) -> tuple[str, str]:
    return re.search(r"a=ice-ufrag:(\S+)", sdp)[1], re.search(r"a=ice-pwd:(\S+)", sdp)[1]


async def test_client_hellos_of_a_stranger_do_not_race_the_handshake(server, room):
    before = server.metrics()
    targets = [("127.0.0.1", port) for port in server.media_ports[:2]]
    flood = Flood(targets, [client_hello()], per_second=1000)
    people = [AiortcParticipant(f"person-{n}") for n in range(10)]
    with flood:
        try:
            for person in people:
                await person.join(server.ws_url, join_token(person.identity, room))
                await person.publish(ToneTrack())
                await person.connected()
        finally:
            await asyncio.gather(*(person.leave() for person in people))
    assert flood.replies() == []
    assert server.metrics().drop_since(before, "unknown_address") > 100


async def test_media_of_a_stranger_goes_nowhere(server, enter):
    alice, bob = await talking(enter)
    before = server.metrics()
    ssrc = alice.publisher.getTransceivers()[0].sender._ssrc
    with Stranger(alice.media_address()) as stranger:
        for sequence in range(500):
            stranger.send(rtp(sequence, ssrc))
        assert stranger.replies() == []
    assert server.metrics().drop_since(before, "unknown_address") >= 500
    await still_flowing(bob)


async def test_forged_packets_from_the_right_address_fail_authentication(server, enter):
    alice, bob = await talking(enter)
    before = server.metrics()
    ssrc = alice.publisher.getTransceivers()[1].sender._ssrc
    source = random.Random(SEED)
    for _ in range(500):
        # Numbers the replay window has not seen yet reach the authentication; the others fail before it.
        await alice.publisher_path.send(rtp(source.randrange(1 << 16), ssrc, 97, source.randbytes(100)))
    await still_flowing(bob)
    after = server.metrics()
    refused = {reason: after.drop_since(before, reason) for reason in ("authentication", "replay", "too_old")}
    assert refused["authentication"] > 50 and sum(refused.values()) == 500, refused


async def test_every_length_of_malformed_media_is_dropped(server, enter):
    alice, bob = await talking(enter)
    for index, datagram in enumerate(odd_media(SEED)):
        await alice.publisher_path.send(datagram)
        if index % 50 == 0:
            await asyncio.sleep(0.002)
    await still_flowing(bob)
    assert server.status("/healthz")[0] == 200


async def test_replayed_packets_are_dropped(server, enter):
    captured: list[bytes] = []
    alice, bob = await talking(enter)
    path = alice.publisher_dtls.transport
    send = path._send

    async def capture(datagram: bytes) -> None:
        if datagram and 128 <= datagram[0] <= 191:
            captured.append(datagram)
        await send(datagram)

    path._send = capture
    await asyncio.sleep(1.5)
    path._send = send
    before = server.metrics()
    for datagram in captured:
        await send(datagram)
    await still_flowing(bob)
    after = server.metrics()
    dropped = sum(after.drop_since(before, reason) for reason in ("replay", "too_old", "duplicate"))
    assert len(captured) > 50 and dropped >= len(captured), f"{dropped} of {len(captured)}: {after.drops()}"


async def test_handshake_records_in_a_live_session_change_nothing(enter):
    alice, bob = await talking(enter)
    for datagram in (client_hello(), alert(2, 40), alert(1, 0), b"\x14\xfe\xfd" + bytes(8) + b"\x00\x01\x01", b"\x16" * 60):
        for _ in range(5):
            await alice.publisher_path.send(datagram)
    await still_flowing(bob)
    assert alice.publisher.connectionState == "connected"


async def test_a_wrong_fingerprint_gets_no_media_through(server, enter):
    def forge(sdp: str) -> str:
        return re.sub(r"(a=fingerprint:sha-\d+ )(\S\S)", lambda m: m[1] + ("00" if m[2] != "00" else "01"), sdp)

    bob = await enter("bob")
    mallory = await enter("mallory", rewrite_offer=forge)
    before = server.metrics()
    await mallory.publish(ToneTrack(), NumbersTrack())
    await until(
        lambda: server.metrics().failures_since(before, "fingerprint-mismatch") >= 1, 10, "the refusal is counted"
    )
    await asyncio.sleep(1)
    assert not bob.frames("mallory") and not bob.seconds("mallory")


async def test_checks_without_the_password_are_not_answered(server, enter):
    alice, bob = await talking(enter)
    ufrag, password = credentials(alice.answers[-1].sdp)
    own_ufrag, _ = credentials(alice.publisher.localDescription.sdp)
    username = f"{ufrag}:{own_ufrag}"
    with Stranger(alice.media_address()) as stranger:
        for _ in range(20):
            stranger.send(binding_request(username, "not-the-password-of-this-one"))
        assert stranger.replies() == []
        request = binding_request(username, None)
        stranger.send(request)
        assert sum(len(reply) for reply in stranger.replies()) <= len(request)
        stranger.send(binding_request("nobody:nobody", password))
        assert sum(len(reply) for reply in stranger.replies()) <= len(request)
    await still_flowing(bob)


async def test_no_turn_server_answers(server, enter):
    alice, bob = await talking(enter)
    with Stranger(alice.media_address()) as stranger:
        for method in (0x0003, 0x0008, 0x0016, 0x0009):  # Allocate, CreatePermission, Send, ChannelBind
            stranger.send(method.to_bytes(2, "big") + bytes.fromhex("00002112a442") + bytes(12))
        stranger.send(bytes.fromhex("40000004") + b"test")  # ChannelData
        assert [reply for reply in stranger.replies() if reply[0] == 0x01 and reply[1] & 0x10 == 0] == []
    await still_flowing(bob)
