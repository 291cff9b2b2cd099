"""Data channels of several stacks through the server: nothing is lost, also on a bad line, and how fast it goes.

What travels on them in LiveKit's protocol is test_livekit_data.py's.
"""

from __future__ import annotations

import json
import os
import pathlib
import time

import pytest
from livekit.protocol import models

from aiortc_participant import AiortcParticipant
from chromium import probe
from data_person import DataPerson
from tokens import join_token
from waiting import until

FLOOD_SECONDS = 8
TARGET_MBITS = 100
LOSS = 0.02
RELIABLE = "_reliable"


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
async def enter_page(server, browser, room):
    """Joins from pages of Chromium: `await enter_page("ada")`. All leave when the test is over."""
    inside = []

    async def enter(name: str, network=None) -> DataPerson:
        page = await browser.new_page()
        await page.add_init_script(probe(network))
        await page.goto(server.url)
        inside.append(await DataPerson.join(page, server.ws_url, join_token(name, room)))
        return inside[-1]

    yield enter
    for person in inside:
        await person.leave()
        await person.page.context.close()


class AiortcData:
    """An aiortc participant with a reliable channel; `received` are the payloads heard."""

    def __init__(self, participant: AiortcParticipant):
        self.participant = participant
        self.received: list[bytes] = []
        for connection in (participant.subscriber, participant.publisher):
            connection.on("datachannel", lambda channel: channel.on("message", self.on_message))

    async def open(self) -> None:
        self.channel = self.participant.publisher.createDataChannel(RELIABLE)
        self.channel.on("message", self.on_message)
        await self.participant.offer()
        await until(lambda: self.channel.readyState == "open", 10, "the channel is open")

    def on_message(self, message: bytes) -> None:
        self.received.append(models.DataPacket.FromString(message).user.payload)

    def send(self, payload: bytes) -> None:
        self.channel.send(models.DataPacket(user=models.UserPacket(payload=payload)).SerializeToString())


@pytest.fixture
async def enter_aiortc(server, room):
    """The same with aiortc."""
    inside = []

    async def enter(name: str, network=None) -> AiortcData:
        rewriting = {"rewrite_candidates": network.rewrite_candidates} if network else {}
        participant = AiortcParticipant(name, **rewriting)
        inside.append(participant)
        data = AiortcData(participant)
        await participant.join(server.ws_url, join_token(name, room))
        await data.open()
        return data

    yield enter
    for participant in inside:
        await participant.leave()


async def test_aiortc_both_ways_on_a_bad_line(enter_aiortc, network):
    network.set("up", loss=LOSS, jitter=0.005, reorder=True)
    network.set("down", loss=LOSS, jitter=0.005, reorder=True)
    alice, bob = await enter_aiortc("alice", network), await enter_aiortc("bob")
    sent = [number.to_bytes(4, "big") * (1 + number * 29 % 3_700) for number in range(100)]
    for payload in sent:
        alice.send(payload)
        bob.send(payload)
    await until(lambda: len(bob.received) >= len(sent), 60, "everything arrives at Bob")
    await until(lambda: len(alice.received) >= len(sent), 60, "everything arrives at Alice")
    assert bob.received == sent and alice.received == sent
    assert network.counts()["up"]["lost"] > 0 and network.counts()["down"]["lost"] > 0


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_browser_on_a_bad_line(server, enter_page, network, direction):
    """Either end of the path that loses: the browser's own SCTP sends again, or the server's."""
    ada, lin = await enter_page("ada", network), await enter_page("lin")
    sender, receiver = (ada, lin) if direction == "up" else (lin, ada)
    network.set("up", loss=LOSS, delay=0.005)
    network.set("down", loss=LOSS, delay=0.005)
    sent = await sender.flood(2)
    assert sent > 20
    await receiver.got(sent, 60)
    assert network.counts()[direction]["lost"] > 0
    assert server.metrics()["hutong_data_overflows_total"] == 0


@pytest.mark.show
async def test_how_fast_it_goes_between_two_browsers(server, enter_page, figure):
    """A fixed time at full speed, each direction. Payload as it arrives, and the server's processor time for it."""
    ada, lin = await enter_page("ada"), await enter_page("lin")
    for name, sender, receiver in (("there", ada, lin), ("back", lin, ada)):
        before = await receiver.figures()
        start, cpu = time.monotonic(), cpu_seconds(server.process.pid)
        after = await receiver.got(await sender.flood(FLOOD_SECONDS), 30)
        seconds, cpu = time.monotonic() - start, cpu_seconds(server.process.pid) - cpu
        megabits = (after["receivedBytes"] - before["receivedBytes"]) * 8 / 1e6
        figure(f"data, Chromium to Chromium, {name} (Mbit/s)", f"{megabits / seconds:.0f}", f"≥ {TARGET_MBITS}")
        figure(f"data, Chromium to Chromium, {name}, for each core of the server (Mbit/s)", f"{megabits / cpu:.0f}")
        assert megabits / seconds >= TARGET_MBITS
    assert server.metrics()["hutong_data_overflows_total"] == 0
