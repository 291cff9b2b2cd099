"""Firefox is the second browser engine: it meets an SDK client through the page, both ways.

Firefox never uses loopback for media, so this file runs on a network of its own: `own_network.sh pytest …`.
"""

from __future__ import annotations

import asyncio
import socket

import pytest

from chromium import probe
from data_person import DataPerson
from firefox import Firefox, FirefoxTab
from tokens import join_token
from waiting import until

ROOM = "firefox-room"
MEDIA_HOST = "198.18.0.1"


def has_own_network() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((MEDIA_HOST, 0))
        except OSError:
            return False
    return True


pytestmark = pytest.mark.skipif(not has_own_network(), reason="run it by Tests/EndToEnd/own_network.sh")


@pytest.fixture(scope="module")
async def tab(server, tmp_path_factory):
    firefox = await Firefox(tmp_path_factory.mktemp("firefox")).start()
    opened = await firefox.open(probe())
    yield opened
    await firefox.close()


async def join_page(tab: FirefoxTab, url: str) -> None:
    await tab.goto(f"{url}/?room={ROOM}")

    async def camera_is_on() -> bool:
        return await tab.evaluate("hutong.state().local.camera.status === 'on'")

    await until(camera_is_on, 15, "the camera preview")
    await tab.evaluate(
        """(() => {
            const name = document.getElementById('name');
            name.value = 'Fox';
            name.dispatchEvent(new Event('input', { bubbles: true }));
            document.querySelector('form.prejoin-form button[type=submit]').click();
        })()"""
    )

    async def is_connected() -> bool:
        return await tab.evaluate("(hutong.state().meeting || {}).phase === 'connected'")

    await until(is_connected, 15, "Firefox is in the meeting")


async def inbound(tab: FirefoxTab, kind: str) -> list[dict]:
    entries = await tab.evaluate("probe.stats('inbound-rtp')")
    return [entry for entry in entries if entry["kind"] == kind]


async def test_firefox_and_the_sdk_see_and_hear_each_other(tab, server, join, tmp_path):
    bob = await join("bob", ROOM)
    await bob.publish_tone(440)
    await bob.publish_numbers(320, 240)
    await join_page(tab, server.url)
    fox = (await until(lambda: sorted(bob.remote_identities()), 10, "Fox in Bob's roster"))[0]
    video = await bob.sees(fox, 30, seconds=20)
    assert video.count >= 30
    await bob.hears(fox, 2)

    async def pictures() -> bool:
        lines = await inbound(tab, "video")
        return any(line.get("framesDecoded", 0) >= 30 and line["frameWidth"] == 320 for line in lines)

    async def sound() -> bool:
        return any(line.get("totalAudioEnergy", 0) > 0.01 for line in await inbound(tab, "audio"))

    await until(pictures, 15, "Firefox decodes Bob's frames")
    await until(sound, 10, "Firefox hears Bob")
    await tab.screenshot(tmp_path / "firefox.png")
    await tab.evaluate("document.querySelector('[data-control=leave]').click()")
    await until(lambda: not bob.remote_identities(), 5, "Bob is told that Fox left")


async def test_its_connections_use_the_preferred_cipher(tab, server, join):
    bob = await join("bob", ROOM)
    await join_page(tab, server.url)
    await until(bob.remote_identities, 10, "Fox in Bob's roster")

    def profiles() -> dict[str, float]:
        return server.metrics().by("hutong_srtp_profiles", "profile")

    # Bob's one connection and Firefox's two.
    await until(lambda: profiles()["AEAD_AES_128_GCM"] >= 3, 10, "all connections stand")
    assert all(not count for name, count in profiles().items() if not name.startswith("AEAD"))
    await tab.evaluate("document.querySelector('[data-control=leave]').click()")


async def test_its_data_channels_lose_nothing(tab, server, join):
    """Between two of its tabs, both ways at once."""
    other = await tab.firefox.open()
    people = []
    for name, page in (("fox", tab), ("vixen", other)):
        await page.goto(server.url)
        people.append(await DataPerson.join(page, server.ws_url, join_token(name, "firefox-data")))
    sent = await asyncio.gather(*(person.flood(2) for person in people))
    for person, count in zip(people, reversed(sent), strict=True):
        assert count > 20
        await person.got(count, 30)
        await person.leave()
