"""How fast data goes from one Chromium through the server to another, and what it costs the server."""

from __future__ import annotations

import os
import pathlib
import time

import pytest

from tokens import join_token
from waiting import until

PERSON = pathlib.Path(__file__).with_name("data_person.js").read_text(encoding="utf-8")
FLOOD_SECONDS = 8
TARGET_MBITS = 100


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
async def pair(server, browser, room):
    """Two pages, both in the room and ready to send."""
    pages = []
    for name in ("ada", "lin"):
        page = await browser.new_page()
        pages.append(page)
        await page.goto(server.url)
        await page.evaluate(PERSON)
        await page.evaluate(
            "async ([url, token]) => { globalThis.person = await DataPerson.join(url, token); }",
            [server.ws_url, join_token(name, room)],
        )
    yield pages
    for page in pages:
        await page.evaluate("person.leave()")
        await page.close()


async def flood(server, sender, receiver) -> tuple[float, float]:
    """Mbit/s of payload as it arrives, and the processor time the server spends per second meanwhile."""
    before = await receiver.evaluate("person.figures()")
    start, cpu = time.monotonic(), cpu_seconds(server.process.pid)
    sent = await sender.evaluate("(seconds) => person.flood(seconds)", FLOOD_SECONDS)

    async def all_arrived() -> bool:
        return (await receiver.evaluate("person.figures()"))["received"] >= sent

    await until(all_arrived, 30, f"{sent} messages arrive: {await receiver.evaluate('person.figures()')}")
    seconds, cpu = time.monotonic() - start, cpu_seconds(server.process.pid) - cpu
    after = await receiver.evaluate("person.figures()")
    assert after["received"] == sent and after["outOfOrder"] == 0, after
    return (after["receivedBytes"] - before["receivedBytes"]) * 8 / 1e6 / seconds, cpu / seconds


@pytest.mark.show
async def test_data_between_two_browsers(server, pair, figure):
    """A fixed time at full speed, each direction; all of it arrives, once and in order."""
    ada, lin = pair
    for name, sender, receiver in (("there", ada, lin), ("back", lin, ada)):
        rate, cores = await flood(server, sender, receiver)
        figure(f"data, Chromium to Chromium, {name} (Mbit/s)", f"{rate:.0f}", f"≥ {TARGET_MBITS}")
        figure(f"data, Chromium to Chromium, {name}, on one core of the server (Mbit/s)", f"{rate / cores:.0f}")
        assert rate >= TARGET_MBITS
    assert server.metrics()["hutong_data_overflows_total"] == 0
