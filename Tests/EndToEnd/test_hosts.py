"""Meetings with hosts, with the unmodified SDK on both of the protocol's paths: the waiting room byte by byte, muting that
holds, roles that nobody forges, the end for everybody and for one member."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from livekit import rtc

from signal_proxy import SignalProxy
from tokens import join_token
from waiting import until
from wheel import WheelParticipant

CHAT = "quarterly-figures"


@pytest.fixture(params=["v1", "v0"])
def path(request) -> str:
    return request.param


@pytest.fixture
def room(room, path) -> str:
    """A meeting remembers whom its hosts admitted, so each test has its own."""
    return f"{room}-{path}"


class RecordingProxy(SignalProxy):
    """Keeps every message of the server's that passes."""

    def __init__(self, server):
        super().__init__(server)
        self.frames: list[bytes] = []

    def rewrite(self, data: bytes) -> bytes:
        self.frames.append(data)
        return data


def token(identity: str, room: str, role: str, **hutong) -> str:
    return join_token(identity, room, claims={"hutong": {"role": role, **hutong}})


def admin_token(room: str | None) -> str:
    return join_token("", room or "", grant={"roomJoin": None, "room": room, "roomAdmin": True})


def control(server, bearer: str, room: str, name: str, **body) -> tuple[int, dict]:
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    status, text = server.post(f"/api/v1/meetings/{room}/controls/{name}", json.dumps(body), headers)
    return status, json.loads(text)


async def test_a_waiting_guest_knows_nothing_until_admitted(server, join, room, path):
    host_token = token("host-person", room, "host", meeting={"waitingRoom": "guests"})
    host = await join("host-person", token=host_token)
    await host.publish_tone(440)
    await host.publish_numbers(160, 120)
    async with (proxy := RecordingProxy(server)) as url:
        guest = WheelParticipant("guest")
        packets: list[rtc.DataPacket] = []
        guest.room.on("data_received", packets.append)
        await guest.join(url, token("guest", room, "guest"), single_peer_connection=path == "v1")
        await host.room.local_participant.publish_data(CHAT, topic="lk.chat")
        await host.room.local_participant.set_metadata("desk-seven")
        await asyncio.sleep(4)
        assert guest.room.local_participant.attributes["hutong.waiting"] == "1"
        assert guest.remote_identities() == set() and host.remote_identities() == set() and packets == []
        assert server.metrics()["hutong_subscriptions"] == 0
        tracks = list(host.room.local_participant.track_publications)
        secrets = ["host-person", host.room.local_participant.sid, CHAT, "desk-seven", *tracks]
        assert len(tracks) == 2 and len(proxy.frames) >= 3
        everything = b"".join(proxy.frames)
        assert [secret for secret in secrets if secret.encode() in everything] == []

        assert control(server, host_token, room, "admit", identities=["guest"]) == (200, {"changed": True})
        (await guest.hears("host-person")).assert_tone(440)
        await guest.sees("host-person")
        await until(lambda: "guest" in host.remote_identities(), 5, "the host sees the guest")
        await guest.publish_tone(880)
        (await host.hears("guest")).assert_tone(880)
        assert packets == []
        await guest.leave()


async def test_who_may_not_unmute_is_not_heard(server, join, room):
    host_token = token("host", room, "host")
    host, member = await join("host", token=host_token), await join("member", token=token("member", room, "member"))
    publication = await member.publish_tone(440)
    await host.hears("member", 1)
    status, _ = control(server, host_token, room, "mute", identities=["member"], allowSelfUnmute=False)
    assert status == 200
    await host.wait_for("track_muted")
    await asyncio.sleep(0.5)
    for _ in range(3):
        publication.track.unmute()
        await asyncio.sleep(0.5)
    host.audio["member"].chunks.clear()
    await asyncio.sleep(1)
    heard = host.audio["member"].chunks
    # What the decoder makes of nothing.
    assert not heard or max(abs(int(chunk.max())) for chunk in heard) < 100
    assert host.named("track_unmuted") == []
    notices: list[rtc.DataPacket] = []
    member.room.on("data_received", notices.append)
    assert control(server, host_token, room, "ask-unmute", identities=["member"])[0] == 200
    await until(lambda: notices, 5, "the member is asked")
    assert notices[0].topic == "hutong.notice" and json.loads(notices[0].data)["code"] == "ask_unmute"
    publication.track.mute()
    publication.track.unmute()
    await host.wait_for("track_unmuted")
    host.audio["member"].chunks.clear()
    (await host.hears("member", 2)).assert_tone(440)


async def test_roles_are_seen_and_not_forged(server, join, room):
    host_token, guest_token = token("host", room, "host"), token("guest", room, "guest")
    host, guest = await join("host", token=host_token), await join("guest", token=guest_token)
    await until(lambda: "guest" in host.remote_identities(), 5, "the host sees the guest")
    await guest.room.local_participant.set_attributes({"hutong.role": "host", "team": "red"})
    seen = host.room.remote_participants["guest"]
    await until(lambda: "team" in seen.attributes, 5, "the rest of the attributes arrives")
    assert seen.attributes == {"hutong.role": "guest", "team": "red"}
    status, problem = control(server, guest_token, room, "end")
    assert status == 403 and problem["code"] == "not_host" and set(problem["texts"]) == {"en", "zh-CN"}
    assert control(server, guest_token, room, "raise-hand", identity="guest")[0] == 200
    await until(lambda: "hutong.hand" in seen.attributes, 5, "the hand is up")


async def test_the_end_is_for_everybody_and_for_their_tokens(server, join, room):
    host_token, member_token = token("host", room, "host"), token("member", room, "member")
    await join("host", token=host_token)
    member = await join("member", token=member_token)
    assert control(server, host_token, room, "end")[0] == 200
    await member.wait_for("disconnected")
    with pytest.raises(rtc.ConnectError):
        await WheelParticipant("member").join(server.ws_url, member_token)
    assert control(server, host_token, room, "end")[1]["code"] == "ended"


async def test_a_locked_out_member_falls_silent_within_a_second(server, join, room, figure):
    host = await join("host", token=token("host", room, "host"))
    old = token("phone", room, "member", member=f"zhang-{room}", epoch=1)
    member = await join("phone", token=old)
    await member.publish_tone(440)
    await host.hears("phone", 1)
    started = time.monotonic()
    headers = {"Authorization": f"Bearer {admin_token(None)}"}
    body = json.dumps({"member": f"zhang-{room}", "epoch": 2})
    assert server.post("/api/v1/lock-outs", body, headers) == (200, '{"ended":1}')
    # Nothing is forwarded of a track that the relay has closed.
    await until(lambda: server.metrics()["hutong_publications"] == 0, 1, "the member's track is closed")
    seconds = time.monotonic() - started
    figure("lock-out, call to closed track", f"{seconds * 1000:.0f} ms", "< 1 s")
    assert seconds < 1
    await member.wait_for("disconnected")
    assert server.status(f"/rtc/validate?access_token={old}&protocol=16&sdk=js")[0] == 401
    newer = token("phone", room, "member", member=f"zhang-{room}", epoch=2)
    assert server.status(f"/rtc/validate?access_token={newer}&protocol=16&sdk=js")[0] == 200
