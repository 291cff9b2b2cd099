"""Rude clients on the signaling socket: each is cut off for itself, the meeting goes on, nothing of them stays."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time

import aiohttp
import pytest
from livekit.protocol import rtc

from tokens import join_token
from waiting import until

SEED = 20261121
QUERY = "sdk=python&version=1.0.0&protocol=16&auto_subscribe=1"


@pytest.fixture
async def connect(server, room):
    """A bare WebSocket with a good token."""
    async with aiohttp.ClientSession() as http:

        async def open_socket(identity: str = "mallory", query: str = QUERY) -> aiohttp.ClientWebSocketResponse:
            headers = {"Authorization": f"Bearer {join_token(identity, room)}"}
            return await http.ws_connect(f"{server.ws_url}/rtc?{query}", headers=headers, max_msg_size=0)

        yield open_socket


async def closed(socket: aiohttp.ClientWebSocketResponse, seconds: float = 10) -> int | None:
    """Reads until the server closes; returns the close code."""

    async def read() -> None:
        async for _ in socket:
            pass

    await asyncio.wait_for(read(), seconds)
    return socket.close_code


async def bystanders(join):
    alice, bob = await join("alice"), await join("bob")
    await alice.publish_tone()
    await bob.hears("alice", 0.5)
    return bob


async def undisturbed(bob) -> None:
    await bob.hears("alice", bob.audio["alice"].seconds + 1, seconds=3)


async def test_a_message_too_large_is_cut_off(connect, join):
    bob = await bystanders(join)
    mallory = await connect()
    # The server may close while we still send: that is the refusal.
    try:
        await mallory.send_bytes(bytes(8 << 20))
    except (ConnectionError, aiohttp.ClientError):
        pass
    assert await closed(mallory) in (1009, 1006, None)
    await undisturbed(bob)


async def test_garbage_is_counted_and_costs_only_its_sender(connect, join, server):
    bob = await bystanders(join)
    source = random.Random(SEED)
    for _ in range(10):
        mallory = await connect()
        try:
            for _ in range(50):
                await mallory.send_bytes(source.randbytes(source.randrange(1, 600)))
            await mallory.send_str("{" * 1000)
            await mallory.send_str(json.dumps({"offer": {"type": "offer", "sdp": "v=0\r\n" + "a=x\r\n" * 1000}}))
        except (ConnectionError, aiohttp.ClientError):
            pass
        await mallory.close()
    assert server.status("/healthz")[0] == 200
    await undisturbed(bob)


HOSTILE_SDP = {
    "empty": "",
    "no sections": "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
    "a thousand sections": "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" * 1500,
    "a long line": "v=0\r\na=" + "x" * 100_000 + "\r\n",
    "numbers out of range": "v=0\r\no=- 99999999999999999999999 -1 IN IP4 x\r\ns=-\r\nt=0 0\r\n"
    "m=video 99999999 UDP/TLS/RTP/SAVPF 300 -1 96\r\na=rtpmap:96 VP8/99999999999999999999\r\na=extmap:9999999 x\r\n"
    "a=ssrc:99999999999999999999 cname:x\r\na=ssrc-group:FID 1\r\na=mid:\r\na=fmtp:96 apt=96\r\n",
    "ten thousand candidates": "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    + "a=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n" * 5_000,
}


@pytest.mark.parametrize("what", HOSTILE_SDP)
async def test_a_hostile_offer_is_refused(connect, join, what):
    bob = await bystanders(join)
    mallory = await connect()
    await mallory.receive()
    offer = rtc.SessionDescription(type="offer", sdp=HOSTILE_SDP[what], id=1)
    await mallory.send_bytes(rtc.SignalRequest(offer=offer).SerializeToString())
    await asyncio.sleep(0.5)
    await undisturbed(bob)
    await mallory.close()


async def test_a_flood_of_messages_ends_the_session_not_the_meeting(connect, join):
    bob = await bystanders(join)
    mallory = await connect()
    trickle = rtc.TrickleRequest(candidateInit='{"candidate":"x","sdpMid":"0","sdpMLineIndex":0}')
    data = rtc.SignalRequest(trickle=trickle).SerializeToString()
    try:
        for _ in range(5000):
            await mallory.send_bytes(data)
        await closed(mallory)
    except (ConnectionError, aiohttp.ClientError):
        pass
    await until(lambda: "mallory" not in bob.remote_identities(), 10, "the flooder is gone")
    await undisturbed(bob)


async def test_half_requests_do_not_keep_others_out(server, join):
    strangers = []
    try:
        for _ in range(100):
            stranger = socket.create_connection(("127.0.0.1", server.port))
            stranger.sendall(b"GET /rtc?access_token=")
            strangers.append(stranger)
        started = time.monotonic()
        await join("alice")
        assert time.monotonic() - started < 2
    finally:
        for stranger in strangers:
            stranger.close()
