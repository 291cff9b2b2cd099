"""Removal is final: whoever is removed is gone at once, and its token lets nobody in again, whatever happens to the
server."""

from __future__ import annotations

import json
import time

import pytest
from livekit import api, rtc

from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET, join_token
from waiting import until
from wheel import WheelParticipant

REASON = "access token was revoked"


@pytest.fixture
async def rooms(server):
    """The server API as a customer's back end would use it."""
    client = api.LiveKitAPI(server.url, DEVELOPMENT_KEY, DEVELOPMENT_SECRET)
    yield client.room
    await client.aclose()


def validate(server, token: str, **query: str) -> tuple[int, str]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return server.status(f"/rtc/validate?access_token={token}&protocol=16&sdk=js{more}")[:2]


def list_participants(server, token: str, room: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return server.post("/twirp/livekit.RoomService/ListParticipants", json.dumps({"room": room}), headers)[0]


async def test_a_removed_participants_token_is_dead_also_after_a_kill(server, rooms, join, room):
    # She was one of the room's administrators.
    token = join_token("alice", room, grant={"roomAdmin": True})
    alice, bob = await join("alice", token=token), await join("bob")
    await alice.publish_tone()
    await bob.hears("alice", 0.2)
    assert validate(server, token) == (200, "success") and list_participants(server, token, room) == 200

    removed = time.monotonic()
    await rooms.remove_participant(api.RoomParticipantIdentity(room=room, identity="alice"))
    assert validate(server, token) == (401, REASON)
    assert validate(server, token, reconnect="1", sid=alice.room.local_participant.sid) == (401, REASON)
    # Nothing can be forwarded of a track that the relay has closed.
    await until(lambda: server.metrics()["hutong_publications"] == 0, 1, "alice's track is closed")
    assert time.monotonic() - removed < 1
    await until(lambda: "alice" not in bob.remote_identities(), 2, "bob sees that alice is gone")
    assert list_participants(server, token, room) == 401
    with pytest.raises(rtc.ConnectError):
        await WheelParticipant("alice").join(server.ws_url, token)
    # Only alice, only here, only with what she had.
    assert validate(server, join_token("carol", room))[0] == 200
    assert validate(server, join_token("alice", f"{room}-other"))[0] == 200

    server.kill()
    server.start()
    assert validate(server, token) == (401, REASON)
    # A back end that wants her back gives her a new one; tokens.py dates them five seconds back.
    await until(lambda: validate(server, join_token("alice", room))[0] == 200, 10, "a new token lets in")
    assert validate(server, token) == (401, REASON)


async def test_the_remover_may_name_the_moment(server, rooms, join, room):
    now = int(time.time())
    older = join_token("alice", room, claims={"nbf": now - 100})
    newer = join_token("alice", room, claims={"nbf": now - 50})
    await join("alice", token=newer)
    request = api.RoomParticipantIdentity(room=room, identity="alice", revoke_token_ts=now - 75)
    await rooms.remove_participant(request)
    assert validate(server, older) == (401, REASON)
    assert validate(server, newer)[0] == 200
