"""Debian's Chromium, headless with fake camera and microphone, driven through the page as a person would.

What the page says about itself (`hutong.state()`, `hutong.stats()`) and what the browser says (probe.js) are both
there; the tests judge by the browser.
"""

from __future__ import annotations

import json
import os
import pathlib

from playwright.async_api import Browser, BrowserType, Page

from impairment import ImpairedNetwork
from waiting import until

CHROMIUM = os.environ.get("HUTONG_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    "--mute-audio",
]
PROBE = pathlib.Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def probe(network: ImpairedNetwork | None = None, protocol: str | None = None) -> str:
    """The script that watches a page. Behind a network the server is reached through it alone, which carries UDP."""
    ports = {str(server): own for server, own in network.ports.items()} if network else {}
    protocol = "udp" if network else protocol
    return PROBE.replace("PORTS", json.dumps(ports)).replace("PROTOCOL", json.dumps(protocol))


async def launch(chromium: BrowserType, camera: pathlib.Path | None = None) -> Browser:
    """`camera` is a Y4M file to show instead of the fake camera's own picture."""
    more = [f"--use-file-for-fake-video-capture={camera}"] if camera else []
    return await chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + more)


class Person:
    """Someone at a browser of their own."""

    def __init__(self, name: str, page: Page):
        self.name, self.page = name, page
        self.console: list[str] = []
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.console.append(f"thrown: {error}"))

    @staticmethod
    async def arrive(
        browser: Browser, name: str, *, locale: str = "en-GB", viewport: dict | None = None,
        network: ImpairedNetwork | None = None, protocol: str | None = None,
    ) -> Person:  # fmt: skip
        """`protocol`: the one that reaches the server, `udp` or `tcp`."""
        context = await browser.new_context(locale=locale, viewport=viewport or DESKTOP)
        await context.grant_permissions(["camera", "microphone"])
        await context.add_init_script(probe(network, protocol))
        return Person(name, await context.new_page())

    async def start_meeting(self, url: str, words: str = "Start meeting now") -> str:
        """Opens the home page, starts a meeting; returns the meeting's link."""
        await self.page.goto(url)
        await self.page.get_by_role("button", name=words).click()
        await self.page.locator("#name").wait_for()
        return self.page.url

    async def join(self, link: str | None = None) -> None:
        """From the meeting's link (or the page already open) to being in the meeting."""
        if link:
            await self.page.goto(link)
        await self.page.locator("#name").fill(self.name)
        await until(self.camera_is_on, 10, f"{self.name}'s camera preview")
        await self.page.locator("form.prejoin-form button[type=submit]").click()
        await until(self.is_connected, 15, f"{self.name} is in the meeting")

    async def camera_is_on(self) -> bool:
        return (await self.state())["local"]["camera"]["status"] == "on"

    async def is_connected(self) -> bool:
        state = await self.state()
        return bool(state["meeting"]) and state["meeting"]["phase"] == "connected"

    async def state(self) -> dict:
        return await self.page.evaluate("hutong.state()")

    async def stats(self) -> dict:
        return await self.page.evaluate("hutong.stats()")

    async def entries(self, *types: str) -> list[dict]:
        """getStats entries of the browser itself."""
        return await self.page.evaluate("(types) => probe.stats(...types)", list(types))

    async def received(self, kind: str) -> list[dict]:
        return [entry for entry in await self.entries("inbound-rtp") if entry["kind"] == kind]

    async def frames_decoded(self) -> int:
        return sum(entry.get("framesDecoded", 0) for entry in await self.received("video"))

    async def audio_energy(self) -> float:
        return sum(entry.get("totalAudioEnergy", 0) for entry in await self.received("audio"))

    async def first_remote_frame_ms(self) -> float | None:
        return await self.page.evaluate(
            "probe.firstRemoteFrameAt === null ? null : probe.firstRemoteFrameAt - probe.joinPressedAt"
        )

    async def sees(self, frames: int = 1, seconds: float = 10) -> None:
        start = await self.frames_decoded()

        async def enough() -> bool:
            return await self.frames_decoded() >= start + frames

        await until(enough, seconds, f"{self.name} decodes {frames} frames; console: {self.console[-5:]}")

    async def hears(self, seconds: float = 10) -> None:
        """The fake microphone beeps once a second."""
        start = await self.audio_energy()

        async def louder() -> bool:
            return await self.audio_energy() > start

        await until(louder, seconds, f"{self.name} hears something")

    async def press(self, control: str) -> None:
        """A button of the meeting's tool bar by its words: `Mute`, `Stop video`, `Share screen`, `Leave` …"""
        await self.page.get_by_role("button", name=control, exact=True).first.click()

    async def other(self, name: str) -> dict | None:
        """What this page knows of the participant called `name`."""
        meeting = (await self.state())["meeting"] or {"participants": {}}
        return next((p for p in meeting["participants"].values() if p["name"] == name), None)

    async def other_track(self, name: str, source: str) -> dict | None:
        person = await self.other(name)
        return next((track for track in person["tracks"] if track["source"] == source), None) if person else None

    def assert_calm(self) -> None:
        """The page threw nothing, and broke no security policy."""
        bad = [line for line in self.console if line.startswith("thrown") or "Content Security Policy" in line]
        assert not bad, bad

    async def go(self) -> None:
        await self.page.context.close()
