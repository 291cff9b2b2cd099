"""The server API with the unmodified `livekit-api` client: every call with its reply, its effect on real clients, and its
errors."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from livekit import api, rtc

from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET
from waiting import until

# The last packet of somebody who was removed leaves within this.
REMOVAL_SECONDS = 1.0
# What a client needs from the server's message to its own event.
HEARD_SECONDS = 3.0
# A full reconnect of the SDK, with what it publishes.
MOVE_SECONDS = 10.0


@pytest.fixture
async def back_end(server):
    """The customer's back end, which holds the API key."""
    async with api.LiveKitAPI(server.url, DEVELOPMENT_KEY, DEVELOPMENT_SECRET) as client:
        yield client.room


def identity_in(room: str, identity: str) -> api.RoomParticipantIdentity:
    return api.RoomParticipantIdentity(room=room, identity=identity)


async def error_of(call) -> tuple[str, str, int]:
    """Code, message and status of the error that a call ends with."""
    with pytest.raises(api.TwirpError) as caught:
        await call
    return caught.value.code, caught.value.message, caught.value.status


NO_ROOM = ("not_found", "requested room does not exist", 404)
NO_PARTICIPANT = ("not_found", "participant does not exist", 404)


async def test_a_room_exists_from_its_creation_to_its_deletion(back_end, room, join):
    created = await back_end.create_room(
        api.CreateRoomRequest(name=room, empty_timeout=60, departure_timeout=30, max_participants=2, metadata="hello")
    )
    assert created.sid.startswith("RM_") and created.name == room and created.metadata == "hello"
    assert (created.empty_timeout, created.departure_timeout, created.max_participants) == (60, 30, 2)
    assert abs(created.creation_time - time.time()) < 60
    again = await back_end.create_room(api.CreateRoomRequest(name=room, metadata="another"))
    assert again.sid == created.sid and again.metadata == "hello"

    alice = await join("alice")
    assert await alice.room.sid == created.sid and alice.room.metadata == "hello"
    await join("bob")
    listed = (await back_end.list_rooms(api.ListRoomsRequest(names=[room, "no such room"]))).rooms
    assert [(found.sid, found.num_participants) for found in listed] == [(created.sid, 2)]
    assert created.sid in {found.sid for found in (await back_end.list_rooms(api.ListRoomsRequest())).rooms}
    with pytest.raises(rtc.ConnectError):
        await join("carol")

    await back_end.delete_room(api.DeleteRoomRequest(room=room))
    (reason,) = await alice.wait_for("disconnected", HEARD_SECONDS)
    assert reason == rtc.DisconnectReason.ROOM_DELETED
    assert not (await back_end.list_rooms(api.ListRoomsRequest(names=[room]))).rooms
    assert await error_of(back_end.delete_room(api.DeleteRoomRequest(room=room))) == NO_ROOM


async def test_room_metadata_reaches_everybody(back_end, room, two):
    changed = await back_end.update_room_metadata(api.UpdateRoomMetadataRequest(room=room, metadata="agenda"))
    assert changed.name == room and changed.metadata == "agenda"
    for person in two:
        await until(lambda person=person: person.room.metadata == "agenda", HEARD_SECONDS, "the room's metadata")


async def test_participants_are_listed_with_their_tracks(back_end, room, two):
    alice, _ = two
    publication = await alice.publish_tone()
    listed = (await back_end.list_participants(api.ListParticipantsRequest(room=room))).participants
    assert {person.identity for person in listed} == {"alice", "bob"}

    async def listed_tracks() -> list[str]:
        return [track.sid for track in (await back_end.get_participant(identity_in(room, "alice"))).tracks]

    await until(listed_tracks, HEARD_SECONDS, "the track")
    shown = await back_end.get_participant(identity_in(room, "alice"))
    assert shown.sid == alice.room.local_participant.sid and shown.state == api.ParticipantInfo.State.ACTIVE
    assert [track.sid for track in shown.tracks] == [publication.sid]
    assert shown.permission.can_publish and shown.permission.can_subscribe


async def test_a_participant_is_changed_for_everybody(back_end, room, two):
    alice, bob = two
    request = api.UpdateParticipantRequest(room=room, identity="alice", name="Alice A.", metadata="speaker")
    request.attributes["hand"] = "up"
    changed = await back_end.update_participant(request)
    assert (changed.name, changed.metadata, dict(changed.attributes)) == ("Alice A.", "speaker", {"hand": "up"})
    shown = bob.room.remote_participants["alice"]
    await until(lambda: shown.attributes.get("hand") == "up", HEARD_SECONDS, "the attribute")
    await until(lambda: (shown.name, shown.metadata) == ("Alice A.", "speaker"), HEARD_SECONDS, "name and metadata")
    own = alice.room.local_participant
    await until(lambda: own.metadata == "speaker", HEARD_SECONDS, "Alice is told herself")

    await back_end.update_participant(api.UpdateParticipantRequest(room=room, identity="alice", attributes={"hand": ""}))
    await until(lambda: "hand" not in shown.attributes, HEARD_SECONDS, "the attribute's end")
    assert shown.name == "Alice A."


async def test_a_revoked_permission_ends_what_it_allowed(back_end, room, two):
    alice, bob = two
    await alice.publish_tone(440)
    await bob.hears("alice")
    permission = api.ParticipantPermission(can_subscribe=True, can_publish_data=True)
    await back_end.update_participant(
        api.UpdateParticipantRequest(room=room, identity="alice", permission=permission)
    )
    await bob.wait_for("track_unpublished", HEARD_SECONDS)
    with pytest.raises(Exception):
        await asyncio.wait_for(alice.publish_tone(880), 15)
    assert not bob.room.remote_participants["alice"].track_publications


async def test_muting_stops_a_microphone(back_end, room, two):
    alice, bob = two
    publication = await alice.publish_tone()
    await bob.hears("alice")
    mute = api.MuteRoomTrackRequest(room=room, identity="alice", track_sid=publication.sid, muted=True)
    reply = await back_end.mute_published_track(mute)
    assert reply.track.sid == publication.sid and reply.track.muted
    await bob.wait_for("track_muted", HEARD_SECONDS)
    await alice.wait_for("track_muted", HEARD_SECONDS)
    mute.muted = False
    code, _, status = await error_of(back_end.mute_published_track(mute))
    assert (code, status) == ("failed_precondition", 412)
    mute.track_sid = "TR_none"
    assert await error_of(back_end.mute_published_track(mute)) == ("not_found", "track does not exist", 404)


async def test_subscriptions_are_chosen_from_outside(back_end, room, two, server):
    alice, bob = two
    publication = await alice.publish_tone()
    await bob.wait_for("track_subscribed")
    update = api.UpdateSubscriptionsRequest(room=room, identity="bob", track_sids=[publication.sid], subscribe=False)
    await back_end.update_subscriptions(update)
    # The SDK has no event for this.
    await until(lambda: not server.metrics()["hutong_meeting_subscriptions"], HEARD_SECONDS, "no subscription")
    update.subscribe = True
    await back_end.update_subscriptions(update)
    await until(lambda: server.metrics()["hutong_meeting_subscriptions"], HEARD_SECONDS, "a subscription")


async def test_a_removed_participant_is_gone_within_a_second(back_end, room, two, figure):
    alice, bob = two
    await alice.publish_numbers()
    received = await bob.sees("alice")
    removed = time.monotonic()
    await back_end.remove_participant(identity_in(room, "alice"))
    (reason,) = await alice.wait_for("disconnected", HEARD_SECONDS)
    assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED
    await bob.wait_for("participant_disconnected", HEARD_SECONDS)
    last = received.times[-1] - removed
    figure("last picture of a removed participant", f"{last * 1000:.0f} ms after the call", "< 1 s")
    assert last < REMOVAL_SECONDS
    assert await error_of(back_end.get_participant(identity_in(room, "alice"))) == NO_PARTICIPANT
    assert await error_of(back_end.remove_participant(identity_in(room, "alice"))) == NO_PARTICIPANT


async def test_a_participant_is_moved_to_another_room(back_end, room, join):
    alice, bob = await join("alice"), await join("bob")
    carol = await join("carol", room=f"{room}-2")
    await alice.publish_tone(440)
    await bob.hears("alice")
    move = api.MoveParticipantRequest(room=room, identity="alice", destination_room=f"{room}-2")
    await back_end.move_participant(move)
    await bob.wait_for("participant_disconnected", HEARD_SECONDS)
    await carol.hears("alice", seconds=MOVE_SECONDS)
    await until(lambda: alice.remote_identities() == {"carol"}, MOVE_SECONDS, "alice sees carol only")
    assert not alice.named("disconnected")
    assert await error_of(back_end.move_participant(move)) == NO_PARTICIPANT


async def test_a_participant_is_shown_in_another_room(back_end, room, join):
    alice, bob = await join("alice"), await join("bob")
    await alice.publish_tone(440)
    await bob.hears("alice")
    forward = api.ForwardParticipantRequest(room=room, identity="alice", destination_room=f"{room}-hall")
    await back_end.forward_participant(forward)
    carol = await join("carol", room=f"{room}-hall")
    (await carol.hears("alice", 2)).assert_tone(440)
    await alice.publish_numbers()
    await carol.sees("alice")
    code, _, status = await error_of(back_end.forward_participant(forward))
    assert (code, status) == ("already_exists", 409)
    await alice.leave()
    await carol.wait_for("participant_disconnected", HEARD_SECONDS)


async def test_calls_about_nobody_and_nowhere(back_end, room, join):
    nowhere = identity_in(room, "alice")
    assert await error_of(back_end.get_participant(nowhere)) == NO_ROOM
    assert await error_of(back_end.remove_participant(nowhere)) == NO_ROOM
    assert await error_of(back_end.list_participants(api.ListParticipantsRequest(room=room))) == NO_ROOM
    assert await error_of(back_end.send_data(api.SendDataRequest(room=room, data=b"x"))) == NO_ROOM
    assert await error_of(back_end.update_room_metadata(api.UpdateRoomMetadataRequest(room=room))) == NO_ROOM
    await join("bob")
    assert await error_of(back_end.get_participant(nowhere)) == NO_PARTICIPANT
    update = api.UpdateParticipantRequest(room=room, identity="alice", name="x")
    assert await error_of(back_end.update_participant(update)) == NO_PARTICIPANT
    huge = api.UpdateParticipantRequest(room=room, identity="bob", metadata="x" * (512 * 1024 + 1))
    assert await error_of(back_end.update_participant(huge)) == ("invalid_argument", "metadata is too long", 400)
    code, _, status = await error_of(back_end.create_room(api.CreateRoomRequest()))
    assert (code, status) == ("invalid_argument", 400)


async def post(server, method: str, body, token: str | None, **options) -> tuple[int, dict]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/twirp/{method}", json=body, headers=headers, **options) as response,
    ):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return response.status, await response.json()


def token_with(**grants) -> str:
    grants = api.VideoGrants(**grants)
    return api.AccessToken(DEVELOPMENT_KEY, DEVELOPMENT_SECRET).with_grants(grants).to_jwt()


async def test_json_in_both_spellings_and_the_errors_of_twirp(server, room):
    create = token_with(room_create=True)
    for body in [{"name": room, "maxParticipants": 5}, {"name": room, "max_participants": 5, "tags": {"a": "b"}}]:
        status, created = await post(server, "livekit.RoomService/CreateRoom", body, create)
        assert (status, created["name"], created["max_participants"]) == (200, room, 5)
    refusals = {
        ("livekit.RoomService/CreateRoom", None): (401, "unauthenticated"),
        ("livekit.RoomService/CreateRoom", token_with(room_list=True)): (403, "permission_denied"),
        ("livekit.RoomService/GetParticipant", token_with(room_admin=True, room="other")): (403, "permission_denied"),
        ("livekit.RoomService/Sing", create): (404, "bad_route"),
        ("livekit.Ingress/ListIngress", create): (501, "unimplemented"),
    }
    for (method, token), (status, code) in refusals.items():
        answered, error = await post(server, method, {"name": room, "room": room}, token)
        assert (answered, error["code"]) == (status, code)
        assert error["msg"] and error["meta"] == {}
    assert (await post(server, "livekit.RoomService/DeleteRoom", {"room": room}, create)) == (200, {})
    calls = server.metrics().by("hutong_api_requests_total", "code")
    assert calls["ok"] >= 2 and calls["bad_route"] >= 1
