"""Webhooks: what receivers are told, in which order, and that nothing is missed whoever is away meanwhile."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from livekit import api

from tokens import DEVELOPMENT_KEY, DEVELOPMENT_SECRET, join_token
from waiting import until
from webhook_receiver import WebhookReceiver
from wheel import WheelParticipant

RECEIVER = WebhookReceiver()
ABSENT = WebhookReceiver()
ABSENT.down()
SERVER_SETTINGS = {"HUTONG_WEBHOOKS_URLS": f"{RECEIVER.url},{ABSENT.url}", "HUTONG_LOG_LEVEL": "debug"}
# The receiver comes back between two tries of the server, which are at most 30 s apart.
RETRY_SECONDS = 35


@pytest.fixture(autouse=True)
def receiver():
    yield RECEIVER
    RECEIVER.status = 200
    if RECEIVER.server is None:
        RECEIVER.up()
    RECEIVER.received.clear()


def operator_token(**grant) -> str:
    video = {"roomJoin": None, "room": None, "canUpdateOwnMetadata": None, "roomAdmin": True, "roomList": True, **grant}
    return join_token("operator", "", grant=video)


def queued(server) -> float:
    """What waits for the receiver that is at home in these tests."""
    return server.metrics().by("hutong_webhook_queue", "receiver")["0"]


def are_all_stored(server) -> bool:
    metrics = server.metrics()
    return metrics["hutong_participants"] == 0 and metrics["hutong_webhook_unstored"] == 0


async def test_every_moment_of_a_meeting_is_told_in_order(join, room, receiver):
    alice = await join("alice")
    publication = await alice.publish_tone()
    bob = await join("bob")
    await bob.hears("alice", 0.2)
    await alice.room.local_participant.unpublish_track(publication.sid)
    await until(lambda: "track_unpublished" in receiver.names(room), 5, "track_unpublished")
    await bob.leave()
    await until(lambda: "participant_left" in receiver.names(room), 5, "participant_left")
    await alice.leave()
    await until(lambda: "room_finished" in receiver.names(room), 10, "room_finished")

    events = [received.event for received in receiver.of_room(room)]
    assert [(event.event, event.participant.identity) for event in events] == [
        ("room_started", ""),
        ("participant_joined", "alice"),
        ("track_published", "alice"),
        ("participant_joined", "bob"),
        ("track_unpublished", "alice"),
        ("participant_left", "bob"),
        ("participant_left", "alice"),
        ("room_finished", ""),
    ]
    receiver.assert_complete()
    started, joined, published, second, unpublished, left, _, finished = events
    assert started.room.creation_time > 0 and started.room.num_participants == 0
    assert joined.participant.state == api.ParticipantInfo.State.ACTIVE and joined.participant.sid.startswith("PA_")
    assert published.track.sid == unpublished.track.sid == publication.sid
    assert published.track.mime_type.startswith("audio/") and published.track.source == api.TrackSource.MICROPHONE
    assert second.room.num_participants == 2 and second.room.num_publishers == 1
    assert left.participant.state == api.ParticipantInfo.State.DISCONNECTED
    assert left.participant.disconnect_reason == api.DisconnectReason.CLIENT_INITIATED
    assert left.room.num_participants == 1 and finished.room.num_participants == 0


async def test_a_dead_receiver_costs_the_others_nothing(server, join, room, receiver):
    for number in range(3):
        person = await join(f"p{number}")
        await person.leave()
    await until(lambda: "room_finished" in receiver.names(room), 10, "room_finished")
    # 3 × joined, 3 × left, started, finished
    assert len(receiver.of_room(room)) == 8
    depths = server.metrics().by("hutong_webhook_queue", "receiver")
    assert depths["0"] == 0 and depths["1"] >= 8
    assert server.metrics().by("hutong_webhook_sent_total", "receiver")["1"] == 0


async def test_a_receiver_that_refuses_an_event_gets_it_again_and_then_the_next(server, join, room, receiver):
    receiver.status = 503
    before = receiver.requests
    alice = await join("alice")
    await until(lambda: receiver.requests >= before + 2, 10, "a second try")
    assert not receiver.of_room(room)
    receiver.status = 200
    await alice.leave()
    await until(lambda: "room_finished" in receiver.names(room), RETRY_SECONDS, "room_finished")
    assert receiver.names(room) == ["room_started", "participant_joined", "participant_left", "room_finished"]


async def test_delivered_events_can_be_sent_again(server, join, room, receiver):
    alice = await join("alice")
    await alice.leave()
    await until(lambda: "room_finished" in receiver.names(room), 10, "room_finished")
    first = receiver.of_room(room)
    headers = {"Authorization": f"Bearer {operator_token()}"}

    def replay(**body) -> tuple[int, dict]:
        status, text = server.post("/api/webhooks/replay", json.dumps(body), headers)
        return status, json.loads(text)

    # Both receivers had them; one is away, and they still wait for it.
    assert replay(room=first[0].meeting) == (202, {"queued": len(first)})
    await until(lambda: len(receiver.of_room(room)) == 2 * len(first), 10, "all of them again")
    assert [received.body for received in receiver.of_room(room)] == [received.body for received in first] * 2
    assert replay(room=room, **{"from": 2, "to": 3}) == (202, {"queued": 2})
    await until(lambda: len(receiver.of_room(room)) == 2 * len(first) + 2, 10, "two of them again")
    assert replay(**{"from": first[-1].event.id, "to": first[-1].event.id}) == (202, {"queued": 1})
    await until(lambda: len(receiver.of_room(room)) == 2 * len(first) + 3, 10, "one of them again")
    assert replay(room="nowhere") == (202, {"queued": 0})
    assert replay(**{"from": "EV_unknown"})[0] == 404
    assert replay(**{"from": [1]})[0] == 400
    assert server.post("/api/webhooks/replay", "{", headers)[0] == 400

    for token, status in [
        ("", 401), ("x", 401), (operator_token(roomList=None), 403), (operator_token(roomAdmin=None), 403),
        (operator_token(room=room), 403), (join_token("alice", room), 403),
    ]:  # fmt: skip
        refusal = server.post("/api/webhooks/replay", "{}", {"Authorization": f"Bearer {token}"})
        assert refusal[0] == json.loads(refusal[1])["status"] == status
        assert server.status("/api/webhooks", {"Authorization": f"Bearer {token}"})[0] == status

    status, text, _ = server.status("/api/webhooks", headers)
    listing = json.loads(text)["receivers"]
    assert status == 200 and listing[0]["queued"] == 0 and listing[1]["queued"] > 0
    assert listing[0]["url"].endswith("/…") and "receiver-secret" not in text


async def outage(server, receiver, seconds: float, rooms: list[str]) -> dict[str, list[str]]:
    """The receiver is away for so long and the server is killed in the middle, while people come, publish and go. Returns
    what came in the end."""
    receiver.down()
    end = time.monotonic() + seconds
    visits: dict[str, int] = dict.fromkeys(rooms, 0)

    async def visit(name: str) -> None:
        """One speaks and one listens; when he hears, everything about both has happened."""
        number = visits[name]
        speaker, listener = (f"{who}-{number}" for who in ("speaker", "listener"))
        people = [WheelParticipant(identity) for identity in (speaker, listener)]
        for person in people:
            await person.join(server.ws_url, join_token(person.identity, name))
        await people[0].publish_tone()
        await people[1].wait_for("track_subscribed")
        await asyncio.gather(*(person.leave() for person in people))
        visits[name] += 1

    async def visit_until(moment: float) -> None:
        while time.monotonic() < moment:
            await asyncio.gather(*(visit(name) for name in rooms))

    await visit_until(end - seconds / 2)
    await until(lambda: are_all_stored(server), 10, "everybody gone and every event in the outbox")
    server.kill()
    server.start()
    await visit_until(end)
    await until(lambda: server.metrics()["hutong_rooms"] == 0, 10, "every room finished")
    assert not receiver.received and all(visits.values())
    receiver.up()
    await until(lambda: queued(server) == 0, RETRY_SECONDS, "everything delivered")
    meetings = receiver.assert_complete()
    for name, count in visits.items():
        speakers, listeners = ({f"{who}-{number}" for number in range(count)} for who in ("speaker", "listener"))
        for kind, identities in [
            ("participant_joined", speakers | listeners), ("track_published", speakers),
            ("track_unpublished", speakers), ("participant_left", speakers | listeners),
        ]:  # fmt: skip
            told = [r.event.participant.identity for r in receiver.of_room(name) if r.event.event == kind]
            assert set(told) == identities, f"{kind} of {name}"
    return meetings


async def test_nothing_is_missed_while_the_receiver_is_down_and_the_server_is_killed(server, room, receiver):
    await outage(server, receiver, 5, [f"{room}-{n}" for n in range(2)])


async def test_a_killed_meeting_is_told_as_finished_after_the_restart(server, room, receiver):
    alice = await WheelParticipant("alice").join(server.ws_url, join_token("alice", room))
    await until(lambda: "participant_joined" in receiver.names(room), 5, "participant_joined")
    first = receiver.of_room(room)[0].meeting
    server.kill()
    await alice.leave()
    server.start()
    await until(lambda: "room_finished" in receiver.names(room), 10, "room_finished")
    assert receiver.assert_complete()[first] == ["room_started", "participant_joined", "room_finished"]


async def test_a_server_that_stops_tells_the_end_of_its_meetings_before_it_is_gone(server, room, receiver):
    alice = await WheelParticipant("alice").join(server.ws_url, join_token("alice", room))
    await until(lambda: "participant_joined" in receiver.names(room), 5, "participant_joined")
    meeting = receiver.of_room(room)[0].meeting
    await asyncio.to_thread(server.stop)
    told = [received.event.event for received in receiver.of_room(room) if received.meeting == meeting]
    assert told == ["room_started", "participant_joined", "participant_left", "room_finished"]
    await alice.leave()
    server.start()


async def test_no_secret_of_a_receiver_reaches_the_log(server):
    assert "webhook receiver does not answer" in server.log()
    assert "receiver-secret" not in server.log() and DEVELOPMENT_SECRET not in server.log()


@pytest.mark.show
async def test_webhooks_survive_a_minute_without_receiver_and_a_kill(server, room, receiver, figure):
    meetings = await outage(server, receiver, 60, [f"{room}-{n}" for n in range(2)])
    events = sum(len(names) for names in meetings.values())
    arrivals = len(receiver.received)
    figure("webhooks: receiver down 60 s, server killed", f"{events} of {events}", "every event")
    figure("webhooks: events that arrived more than once", arrivals - events, "allowed")
