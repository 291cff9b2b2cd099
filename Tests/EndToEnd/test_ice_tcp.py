"""People whose network blocks UDP: they have the server's TCP candidates alone, and the meeting is the same."""

from __future__ import annotations

import asyncio
import socket

import pytest
from livekit.rtc._proto.room_pb2 import SimulateScenarioKind as Scenario

from chromium import Person
from signal_proxy import SignalProxy
from tokens import join_token
from waiting import until
from wheel import WheelParticipant

TONE = 440.0
RESUME_SECONDS = 12.0


async def protocols(person: Person) -> set[str]:
    """What the person's connections use to reach the server."""
    transports = [t for t in await person.entries("transport") if t.get("dtlsState") == "connected"]
    assert transports, "no connected transport"
    pairs = {entry["id"]: entry for entry in await person.entries("candidate-pair")}
    remotes = {entry["id"]: entry for entry in await person.entries("remote-candidate")}
    return {remotes[pairs[t["selectedCandidatePairId"]]["remoteCandidateId"]]["protocol"] for t in transports}


async def sdk_protocols(participant: WheelParticipant) -> set[str]:
    """The same of an SDK client."""
    stats = await participant.room.get_rtc_stats()
    used = set()
    for entries in (stats.publisher_stats, stats.subscriber_stats):

        def of(kind: str, entries=entries) -> list:
            return [getattr(entry, kind) for entry in entries if entry.HasField(kind)]

        pairs = {entry.rtc.id: entry.candidate_pair for entry in of("candidate_pair")}
        remotes = {entry.rtc.id: entry.candidate for entry in of("remote_candidate")}
        chosen = [entry.transport.selected_candidate_pair_id for entry in of("transport")]
        used |= {remotes[pairs[pair].remote_candidate_id].protocol for pair in chosen if pair in pairs}
    return used


async def test_a_browser_without_udp_sees_hears_and_is_seen(server, people):
    before = server.metrics()
    ada, lin = await people("Ada"), await people("Lin", protocol="tcp")
    link = await ada.start_meeting(server.url)
    await ada.join()
    await lin.join(link)
    await asyncio.gather(ada.sees(frames=40), lin.sees(frames=40), ada.hears(), lin.hears())
    assert await protocols(lin) == {"tcp"}
    assert await protocols(ada) == {"udp"}, "UDP works and is not preferred"
    assert server.metrics()["hutong_tcp_connections"] > 0
    assert not server.metrics().losses_since(before)
    await lin.go()

    def no_more() -> bool:
        return server.metrics()["hutong_transports"] == 2

    await until(no_more, 5, "Lin's connections are gone")


async def test_an_sdk_without_udp_sees_hears_and_is_seen(server, join, room):
    alice = WheelParticipant("alice")
    async with SignalProxy(server, blocked="udp") as url:
        await alice.join(url, join_token("alice", room))
        bob = await join("bob")
        before = server.metrics()
        for person, tone in ((alice, TONE), (bob, 2 * TONE)):
            await person.publish_tone(tone)
            await person.publish_numbers()
        for person, other, tone in ((alice, "bob", 2 * TONE), (bob, "alice", TONE)):
            (await person.sees(other, 40)).assert_advances((320, 240))
            (await person.hears(other)).assert_tone(tone)
        assert await sdk_protocols(alice) == {"tcp"}
        assert await sdk_protocols(bob) == {"udp"}
        heard: list[bytes] = []
        alice.room.on("data_received", lambda packet: heard.append(packet.data))
        payload = bytes(10_000)
        for _ in range(20):
            await bob.room.local_participant.publish_data(payload, reliable=True)
        await until(lambda: heard == [payload] * 20, 5, "data over TCP")
        assert not server.metrics().losses_since(before)
        await alice.leave()


@pytest.mark.parametrize("path", ["v0", "v1"])
async def test_a_client_asks_for_tcp(server, join, path):
    """SimulateScenario's candidate protocol: the client comes back, and what it is told of is TCP alone."""
    alice, bob = await join("alice"), await join("bob")
    await alice.publish_numbers()
    await bob.sees("alice", 10)
    assert await sdk_protocols(alice) == {"udp"}
    await alice.room.simulate_scenario(Scenario.SIMULATE_FORCE_TCP)

    async def uses_tcp() -> bool:
        return await sdk_protocols(alice) == {"tcp"}

    await until(uses_tcp, RESUME_SECONDS, "Alice uses TCP")
    # The SDK has joined anew, and what it published stands in a place that Bob had already.
    await bob.sees("alice", bob.video_count("alice") + 20)


async def test_strangers_are_sent_away(server):
    def ended(reason: str) -> float:
        return server.metrics().by("hutong_tcp_closed_total", "reason")[reason]

    before = ended("framing")
    with socket.create_connection(("127.0.0.1", server.media_port), timeout=2) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try:
            assert stranger.recv(1) == b""
        except ConnectionResetError:
            pass
    await until(lambda: ended("framing") == before + 1, 2, "the stranger is counted")
