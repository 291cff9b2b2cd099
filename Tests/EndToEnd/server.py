"""Runs one `hutong serve --dev` for tests: finds free ports, waits until it is ready, stops it, and judges how it lived.

Ends only the process it started. What it leaves to others: tokens (tokens.py), the meaning of metrics (metrics.py).
"""

from __future__ import annotations

import os
import pathlib
import random
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from email.message import Message

from metrics import Metrics
from tokens import DEVELOPMENT_SECRET

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = 15
STOP_SECONDS = 5
# One port per worker, counted up from the one given; more than the machine's cores is never needed here.
MEDIA_PORTS = 8

CRASH = re.compile(r"Fatal error|Illegal instruction|Thread \d+ crashed|AddressSanitizer|Program crashed|Assertion")
# Two base64url parts of a JWT are enough to recognise one.
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}")


def binary() -> pathlib.Path:
    """The server under test: HUTONG_BINARY, else the release build, else the debug build."""
    candidates = [REPOSITORY / ".build/release/hutong", REPOSITORY / ".build/debug/hutong"]
    if named := os.environ.get("HUTONG_BINARY"):
        candidates = [pathlib.Path(named)]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"no server to test: build it with `make build` ({candidates[0]})")


# Below the range the kernel hands out by itself: a server's port must still be free when it was killed and comes again.
SERVER_PORTS = range(10000, 20000)
MEDIA_PORT_RANGE = range(20000, 32000)


def free_port() -> int:
    for _ in range(200):
        port = random.choice(SERVER_PORTS)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


def free_media_ports(count: int = MEDIA_PORTS) -> int:
    """The first of `count` ports in a row, free for UDP and TCP."""
    for _ in range(200):
        first = random.choice(MEDIA_PORT_RANGE[:-count])
        opened = []
        try:
            for port in range(first, first + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    opened.append(socket.socket(socket.AF_INET, kind))
                    opened[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for probe in opened:
                probe.close()
    raise RuntimeError("no free media ports")


def environment(**settings: str) -> dict[str, str]:
    """The environment without anybody's HUTONG_ settings but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
    # A swift-backtrace process that outlives a crash would hold the log and the test for minutes.
    return {**inherited, "SWIFT_BACKTRACE": "enable=no", **settings}


def passing(listener: socket.socket | None, command: list[str]) -> list[str]:
    """The command with an open socket as its first inherited one: sd_listen_fds(3)."""
    if not listener:
        return command
    return ["bash", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&{listener.fileno()}', "bash", *command]


class Server:
    """A running server. `url` is what a browser opens, `ws_url` what an SDK is given."""

    def __init__(
        self, folder: pathlib.Path, arguments: tuple[str, ...] = (), *, scheme: str = "http", development: bool = True,
        media_host: str = "127.0.0.1", settings: dict[str, str] | None = None, keeps_listening: bool = False,
    ):  # fmt: skip
        """`settings` are variables of the environment, HUTONG_… With `keeps_listening` the socket is ours and stays open
        while the server is away, as systemd does it."""
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=1024) if keeps_listening else None
        self.media_port = free_media_ports()
        self.media_ports = list(range(self.media_port, self.media_port + MEDIA_PORTS))
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self.ws_url = self.url.replace("http", "ws", 1)
        self.log_path = folder / "server.log"
        self.greeting_path = folder / "greeting.txt"
        self.command = [
            str(binary()), "serve", *(["--dev"] if development else []),
            "--listen", f"127.0.0.1:{self.port}",
            "--media", f"{media_host}:{self.media_port}",
            "--data", str(folder / "data"),
            *arguments,
        ]  # fmt: skip
        self.folder = folder
        self.environment = environment(**{"HUTONG_MEETING_DEPARTURE_TIMEOUT": "1s", **(settings or {})})
        self.start()

    def start(self) -> None:
        """Starts it, at first or again: same addresses, same data, and the log goes on."""
        self.log_file = self.log_path.open("ab")
        self.started = time.monotonic()
        with self.greeting_path.open("wb") as greeting:
            self.process = subprocess.Popen(
                passing(self.listener, self.command), stdin=subprocess.DEVNULL, stdout=greeting, stderr=self.log_file,
                cwd=self.folder, env=self.environment, pass_fds=[self.listener.fileno()] if self.listener else [],
            )  # fmt: skip
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
            try:
                self.get("/readyz")
                return
            except OSError:
                time.sleep(0.02)
        self.kill()
        raise AssertionError(f"not ready after {READY_SECONDS} s:\n{self.log()}")

    def get(self, path: str) -> str:
        # Readiness of a server with a certificate of its own; who it is, is another test's concern.
        trust = ssl._create_unverified_context() if self.url.startswith("https") else None
        with urllib.request.urlopen(self.url + path, timeout=5, context=trust) as response:
            return response.read().decode()

    def post(self, path: str, body: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body of a POST, whatever the status is."""
        request = urllib.request.Request(self.url + path, data=body.encode(), headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, Message]:
        """Status, body and headers of a GET, whatever the status is."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return response.status, response.read().decode(), response.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), error.headers

    def metrics(self) -> Metrics:
        return Metrics(self.get("/metrics"))

    def wait_until_empty(self, seconds: float) -> Metrics:
        """Waits until nobody and nothing is left; fails with what is."""
        deadline = time.monotonic() + seconds
        while True:
            metrics = self.metrics()
            left = metrics.occupancy()
            if not any(left.values()):
                return metrics
            assert time.monotonic() < deadline, f"still in use after {seconds} s: {left}"
            time.sleep(0.1)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self) -> None:
        """SIGTERM, and it must be gone in time, with a clean status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {STOP_SECONDS} s of SIGTERM:\n{self.log()[-4000:]}") from None
        self.log_file.close()
        assert status == 0, f"ended with {status}:\n{self.log()[-4000:]}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log_file.close()

    def check_log(self) -> None:
        log = self.log()
        assert not CRASH.search(log), log[-8000:]
        assert not TOKEN.search(log), "a token is in the log"
        assert DEVELOPMENT_SECRET not in log, "the API secret is in the log"
        assert "access_token" not in log, "a query string is in the log"
