"""One room over two packet loops: people on different ones notice nothing of it, and nothing is left when they go."""

from __future__ import annotations

import asyncio
import random

import pytest
from aiortc import rtcdtlstransport

from aiortc_participant import ToneTrack
from tokens import join_token
from waiting import until
from wheel import Crowd

# From the second participant on wherever there is most room: in turn.
SERVER_SETTINGS = {"HUTONG_MEDIA_WORKERS": "2", "HUTONG_MEDIA_SPREAD_FROM": "1"}
PEOPLE = 4
GONE_SECONDS = 40.0
MESSAGES = 300


def per_worker(server, name: str) -> dict[str, float]:
    return server.metrics().by(name, "worker")


async def test_everybody_sees_and_hears_everybody(server, room, figure):
    before = server.metrics()
    names = [f"person-{n}" for n in range(PEOPLE)]
    paths = {name: "v1" if n % 2 else "v0" for n, name in enumerate(names)}
    with Crowd(server.ws_url, {name: join_token(name, room) for name in names}, paths) as crowd:
        assert set((await crowd.lines()).values()) == {"joined\n"}
        missing = {name: line.strip() for name, line in (await crowd.lines()).items() if line != "[]\n"}
        losses = server.metrics().losses_since(before)
        transports = per_worker(server, "hutong_transports")
        mirrors = per_worker(server, "hutong_mirrors")
        handed = server.metrics()["hutong_handed_packets_total"]
        complaints = crowd.complaints() if missing else ""
    figure("4 participants on 2 packet loops see and hear each other", not missing, "True")
    figure("  packets handed between the loops", int(handed))
    assert not missing, complaints
    assert not losses
    assert all(transports[worker] >= 2 for worker in ("0", "1")), transports
    # Each has at least one person with two tracks, of whom somebody on the other gets both.
    assert all(mirrors[worker] >= 2 for worker in ("0", "1")), mirrors
    server.wait_until_empty(5)


async def test_a_costly_connection_takes_the_room_of_four(enter, server, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rtcdtlstransport, "SRTP_PROFILES", [rtcdtlstransport.SRTP_AES128_CM_SHA1_80])
        # A v0 participant that publishes and may receive: two connections.
        alice = await enter("alice")
        await alice.publish(ToneTrack())
        await alice.connected()
    profiles = server.metrics().by("hutong_srtp_profiles", "profile")
    assert profiles["AES128_CM_SHA1_80"] == sum(profiles.values()) >= 1
    before = per_worker(server, "hutong_transports")
    [home] = [worker for worker, count in before.items() if count > 0]
    # By their number alone the fourth would come here: each has one connection, she has two.
    for name in ("bob", "carol", "dave", "eve"):
        await enter(name)
    after = per_worker(server, "hutong_transports")
    assert after[home] == before[home], (before, after)


@pytest.mark.parametrize("path", ["v0", "v1"])
async def test_mute_and_unmute_and_leave(join, server, path):
    alice, bob = await join("alice"), await join("bob")
    assert all(count > 0 for count in per_worker(server, "hutong_transports").values())
    publication = await alice.publish_numbers()
    await bob.sees("alice", 20)
    publication.track.mute()
    await bob.wait_for("track_muted")
    await asyncio.sleep(0.5)
    frozen = bob.video_count("alice")
    await asyncio.sleep(1)
    assert bob.video_count("alice") <= frozen + 1
    publication.track.unmute()
    await bob.sees("alice", frozen + 20)
    await alice.room.local_participant.unpublish_track(publication.sid)
    await bob.wait_for("track_unsubscribed")
    await until(lambda: server.metrics()["hutong_mirrors"] == 0, 5, "no mirror of a track that is gone")


@pytest.mark.parametrize("path", ["v0", "v1"])
async def test_data_goes_both_ways_in_order(join, path):
    people = [await join(name) for name in ("alice", "bob", "carol")]
    heard = {person.identity: [] for person in people}
    for person in people:
        await until(lambda person=person: len(person.remote_identities()) == 2, 5, "three people")
        person.room.on("data_received", lambda packet, own=person.identity: heard[own].append(packet.data))
    payloads = {
        person.identity: [f"{person.identity} {n} ".encode() + random.randbytes(n * 7 % 9000) for n in range(MESSAGES)]
        for person in people
    }

    async def talk(person) -> None:
        for payload in payloads[person.identity]:
            await person.room.local_participant.publish_data(payload, reliable=True)

    await asyncio.gather(*(talk(person) for person in people))
    for person in people:
        own = heard[person.identity]
        await until(lambda own=own: len(own) >= 2 * MESSAGES, 30, f"{person.identity} hears everything")
        for other in people:
            if other is not person:
                sent = payloads[other.identity]
                assert [data for data in own if data.startswith(other.identity.encode())] == sent


@pytest.mark.parametrize("path", ["v0", "v1"])
async def test_who_is_killed_leaves_nothing_behind(join, server, room, path):
    bob = await join("bob")
    await bob.publish_tone(440.0)
    names = {name: join_token(name, room) for name in ("alice", "carol")}
    with Crowd(server.ws_url, names, dict.fromkeys(names, path)) as crowd:
        assert set((await crowd.lines()).values()) == {"joined\n"}
        await bob.sees("alice", 5)
        await bob.sees("carol", 5)
        assert all(count > 0 for count in per_worker(server, "hutong_mirrors").values())
        for process in crowd.people.values():
            process.kill()
        await until(lambda: not bob.remote_identities(), GONE_SECONDS, "the dead are gone")
    await until(lambda: server.metrics()["hutong_mirrors"] == 0, 5, "no mirrors")
    await bob.leave()
    server.wait_until_empty(5)
