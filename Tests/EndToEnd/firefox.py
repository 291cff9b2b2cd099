"""Debian's Firefox ESR, headless with fake devices, driven by WebDriver BiDi over a WebSocket: no driver binary needed."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import re
import signal
import subprocess

import websockets

FIREFOX = os.environ.get("HUTONG_FIREFOX", "/usr/bin/firefox-esr")
START_SECONDS = 30
PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.autoplay.default": 0,
    "browser.shell.checkDefaultBrowser": False,
    # Nothing but the server under test is spoken to.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "toolkit.telemetry.enabled": False,
    "media.gmp-manager.url": "",
}
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """One browser; `open` gives tabs."""

    def __init__(self, folder: pathlib.Path):
        profile = folder / "profile"
        profile.mkdir(parents=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        command = [FIREFOX, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        self.output = (folder / "firefox.log").open("w+")
        # Firefox has children; a session of its own lets all of them be ended, and nothing else.
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "HOME": str(folder), "MOZ_HEADLESS": "1"},
        )  # fmt: skip
        self.number = 0
        self.answers: dict[int, asyncio.Future] = {}

    async def start(self) -> Firefox:
        for _ in range(START_SECONDS * 10):
            self.output.seek(0)
            if match := LISTENING.search(self.output.read()):
                break
            assert self.process.poll() is None, "Firefox ended"
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("Firefox does not listen")
        self.socket = await websockets.connect(f"{match[1]}/session", max_size=None)
        self.reader = asyncio.create_task(self.read())
        await self.command("session.new", capabilities={})
        return self

    async def read(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            if answer := self.answers.pop(message.get("id"), None):
                answer.set_result(message)

    async def command(self, method: str, **params) -> dict:
        self.number += 1
        answer = self.answers[self.number] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        message = await asyncio.wait_for(answer, 30)
        assert message["type"] == "success", message
        return message["result"]

    async def open(self, preload: str = "") -> FirefoxTab:
        if preload:
            await self.command("script.addPreloadScript", functionDeclaration=f"() => {{ {preload} }}")
        created = await self.command("browsingContext.create", type="tab")
        return FirefoxTab(self, created["context"])

    async def close(self) -> None:
        self.reader.cancel()
        await self.socket.close()
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, 10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.output.close()


class FirefoxTab:
    def __init__(self, firefox: Firefox, context: str):
        self.firefox, self.context = firefox, context

    async def goto(self, url: str) -> None:
        await self.firefox.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def evaluate(self, expression: str):
        """The value of a JavaScript expression; promises are awaited. Values travel as JSON."""
        result = await self.firefox.command(
            "script.evaluate",
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))",
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    async def screenshot(self, path: pathlib.Path) -> None:
        import base64

        result = await self.firefox.command("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(result["data"]))
