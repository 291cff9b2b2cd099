"""SDK clients on bad lines, publishing and receiving: what is lost is asked for again, on either side of the relay."""

from __future__ import annotations

import asyncio

import pytest

from signal_proxy import SignalProxy
from tokens import join_token
from waiting import until
from wheel import WheelParticipant

LOSS = 0.05
TONE = 440.0


@pytest.fixture
async def bad_line(server, network, room):
    """Joins an SDK client whose media takes the impaired network."""
    joined = []
    async with SignalProxy(server, network) as url:

        async def join_behind(identity: str) -> WheelParticipant:
            joined.append(WheelParticipant(identity))
            return await joined[-1].join(url, join_token(identity, room))

        yield join_behind
        network.clear()
        await asyncio.gather(*(participant.leave() for participant in joined))


async def test_a_perfect_line_through_the_relay_loses_nothing(bad_line, join, server, network):
    before = server.metrics()
    alice, bob = await bad_line("alice"), await join("bob")
    await alice.publish_numbers()
    (await bob.sees("alice", 30)).assert_advances((320, 240))
    counts = network.counts()
    assert counts["up"]["in"] == counts["up"]["out"] > 30, "the SDK's media does not take the relay"
    assert not server.metrics().losses_since(before)


async def test_what_a_publisher_loses_is_asked_for_again(bad_line, join, server, network):
    alice, bob = await bad_line("alice"), await join("bob")
    await alice.publish_tone(TONE)
    await alice.publish_numbers()
    await bob.sees("alice", 10)
    before = server.metrics()
    network.set("up", loss=LOSS)
    start = bob.video["alice"].count
    video = await bob.sees("alice", start + 100, seconds=20)
    after = server.metrics()
    lost = after["hutong_upstream_lost_packets_total"] - before["hutong_upstream_lost_packets_total"]
    recovered = after["hutong_upstream_recovered_packets_total"] - before["hutong_upstream_recovered_packets_total"]
    assert lost > 0 and recovered > 0, f"lost {lost}, recovered {recovered}"
    video.assert_advances((320, 240))
    bob.audio["alice"].assert_tone(TONE)


async def test_what_a_subscriber_loses_is_sent_again(bad_line, join, server, network):
    alice, bob = await join("alice"), await bad_line("bob")
    await alice.publish_tone(TONE)
    await alice.publish_numbers()
    await bob.sees("alice", 10)
    before = server.metrics()
    network.set("down", loss=LOSS)
    video = await bob.sees("alice", bob.video["alice"].count + 100, seconds=20)

    # Of a hundred packets none may be lost once in some hundred runs.
    def are_sent_again() -> bool:
        return server.metrics()["hutong_retransmissions_total"] > before["hutong_retransmissions_total"]

    await until(are_sent_again, 10, "a packet is sent again")
    video.assert_advances((320, 240))
    gaps = [b - a for a, b in zip(video.times[10:], video.times[11:], strict=False)]
    assert max(gaps) < 0.5, f"a gap of {max(gaps):.2f} s"
    bob.audio["alice"].assert_tone(TONE)


async def test_joining_over_a_bad_line(bad_line, join, network):
    """The handshakes themselves survive loss: ICE checks and DTLS flights are repeated."""
    network.set("both", loss=0.2, delay=0.05, jitter=0.02)
    alice, bob = await bad_line("alice"), await join("bob")
    await alice.publish_tone(TONE)
    await bob.hears("alice", 1, seconds=20)


async def test_an_outage_of_ten_seconds_does_not_cost_the_place(bad_line, join, network):
    alice, bob = await bad_line("alice"), await join("bob")
    await alice.publish_tone(TONE)
    await bob.hears("alice", 1)
    network.set("both", blackhole=True)
    await asyncio.sleep(10)
    assert bob.remote_identities() == {"alice"}, "gone from the roster too soon"
    network.clear()
    heard = bob.audio["alice"].seconds
    await bob.hears("alice", heard + 2, seconds=10)
    assert not bob.named("participant_disconnected")
