"""What every end-to-end test starts from: a server of its own per file, networks to impair, and the figures' table.

A server is judged when its file is done: the counters are back to zero, it stops cleanly, its log holds no secret.
"""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
import sys

import aioice.ice
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from impairment import ImpairedNetwork  # noqa: E402
from server import REPOSITORY, Server  # noqa: E402
from tokens import join_token  # noqa: E402

# A client that died without goodbye is gone 30 s later; a little more for the reading.
EMPTY_SECONDS = 35
LOG_FOLDER = REPOSITORY / ".build/end-to-end-logs"

# aiortc leaves loopback out of its candidates, and these tests send to nothing else.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]

FIGURES: list[tuple[str, str, str]] = []
# Test files in which something failed: their server's log is kept.
FAILED_FILES = pytest.StashKey[set]()
EXIT_STATUS = pytest.StashKey[int]()


def pytest_addoption(parser):
    parser.addoption("--show", action="store_true", help="run only the tests that give figures, the slow ones included")


def pytest_collection_modifyitems(config, items):
    def is_wanted(item) -> bool:
        return "figure" in item.fixturenames if config.getoption("--show") else "show" not in item.keywords

    config.hook.pytest_deselected(items=[item for item in items if not is_wanted(item)])
    items[:] = [item for item in items if is_wanted(item)]


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if outcome.get_result().failed:
        item.session.stash[FAILED_FILES].add(item.path)


def pytest_sessionstart(session):
    session.stash[FAILED_FILES] = set()


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Leaves without Python's own shutdown once the SDK is loaded.

    The SDK's threads call into Python until the very end, and an interpreter that is shutting down ends such a thread by
    unwinding it, through Rust frames that must not unwind: now and then the process aborted after its last test.
    """
    if "livekit" in sys.modules and EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])


def pytest_terminal_summary(terminalreporter):
    if FIGURES:
        width = max(len(what) for what, _, _ in FIGURES)
        terminalreporter.section("figures")
        for what, value, target in FIGURES:
            terminalreporter.line(f"{what:<{width}}  {value:>16}  {target}")


@pytest.fixture
def figure():
    """Notes a figure for the closing table: what, the measured value, the target."""

    def note(what: str, value: object, target: str = "") -> None:
        FIGURES.append((what, str(value), target))

    return note


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.path.stem)
    running = Server(
        folder, media_host=getattr(request.module, "MEDIA_HOST", "127.0.0.1"),
        settings=getattr(request.module, "SERVER_SETTINGS", None),
    )  # fmt: skip
    try:
        yield running
        metrics = running.wait_until_empty(EMPTY_SECONDS)
        # One message of ours that would abort an SDK was held back: that is a bug even if no test noticed.
        assert metrics["hutong_signal_invalid_outputs_total"] == 0
        running.stop()
        running.check_log()
    except BaseException:
        request.session.stash[FAILED_FILES].add(request.path)
        raise
    finally:
        if running.process.poll() is None:
            running.kill()
        if request.path in request.session.stash[FAILED_FILES]:
            LOG_FOLDER.mkdir(parents=True, exist_ok=True)
            kept = LOG_FOLDER / f"{request.path.stem}.log"
            shutil.copy(running.log_path, kept)
            print(f"\nserver log kept: {kept}")


@pytest.fixture
def network(server):
    """A bad network in front of `server`, perfect until told otherwise."""
    relay = ImpairedNetwork(server.media_ports, seed=20261121)
    yield relay
    relay.close()


class Joining:
    """Joins unmodified SDK clients under names: `await join("alice")`. `path` is where they knock: `v1` (one peer
    connection, what the SDK does by itself) or `v0`."""

    def __init__(self, server: Server, room: str, path: str):
        self.server, self.room, self.path = server, room, path
        self.joined = []

    async def __call__(self, identity: str, room: str | None = None, token: str | None = None, **options):
        from wheel import WheelParticipant  # the SDK takes a second to load: only where it is used

        participant = WheelParticipant(identity)
        self.joined.append(participant)
        options.setdefault("single_peer_connection", self.path == "v1")
        return await participant.join(
            self.server.ws_url, token or join_token(identity, room or self.room), **options
        )

    async def leave_all(self) -> None:
        await asyncio.gather(*(participant.leave() for participant in self.joined))
        self.joined.clear()


@pytest.fixture
def path() -> str:
    """The protocol's path that SDK clients take; a file that tests both has a fixture of its own."""
    return "v1"


@pytest.fixture
async def join(server, room, path):
    """See `Joining`. Everyone leaves when the test is over."""
    joining = Joining(server, room, path)
    yield joining
    await joining.leave_all()


@pytest.fixture
async def two(join):
    """Alice and Bob, joined."""
    return await join("alice"), await join("bob")


@pytest.fixture
async def enter(server, room):
    """Joins aiortc participants: `await enter("alice")`. All leave when the test is over."""
    from aiortc_participant import AiortcParticipant

    inside = []

    async def enter_room(identity: str, **rewriting) -> AiortcParticipant:
        inside.append(AiortcParticipant(identity, **rewriting))
        return await inside[-1].join(server.ws_url, join_token(identity, room))

    yield enter_room
    await asyncio.gather(*(participant.leave() for participant in inside))


@pytest.fixture(scope="module")
async def browser():
    """A headless Chromium; see chromium.py for who sits in front of it."""
    from playwright.async_api import async_playwright

    from chromium import launch

    async with async_playwright() as playwright:
        running = await launch(playwright.chromium)
        yield running
        await running.close()


@pytest.fixture
async def people(browser):
    """Opens a browser window for each name; all are closed, and must have been calm, when the test is over."""
    from chromium import Person

    arrived = []

    async def arrive(name: str, **options) -> Person:
        arrived.append(await Person.arrive(browser, name, **options))
        return arrived[-1]

    yield arrive
    for person in arrived:
        await person.go()
    for person in arrived:
        person.assert_calm()


@pytest.fixture
def room(request) -> str:
    """A room name of the test's own, so that tests of one file never meet."""
    return f"room-{request.node.name[:40]}"
