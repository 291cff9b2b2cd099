"""Everything `make test` does, step by step, with its time; one line of counts at the end.

A failing step does not hide the ones after it, unless they need what it builds. Each file of the end-to-end tests is a
step of its own: a client library that aborts (native SDKs do, on a bad message) then costs one file, not the run. A
step that hangs is ended, with its children, at its time limit. Steps that mostly wait (for an SDK's pauses, for
timeouts) run two at a time.

`python Tests/run.py WORD…` runs only the steps whose names contain one of the words.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[1]
SWIFT = os.environ.get("SWIFT") or "swift"
PYTEST = [sys.executable, "-m", "pytest", "-q", "--color=no", "-p", "no:cacheprovider"]
OWN_NETWORK = ["bash", "Tests/EndToEnd/own_network.sh"]
MINUTE = 60


@dataclasses.dataclass
class Step:
    name: str
    command: list[str]
    limit: float  # seconds; about three times what it takes on two slow cores
    needs: str | None = None  # the step whose success it depends on
    is_build: bool = False  # counts as a test only when it fails
    waits: bool = False  # leaves a core to another step of its kind


# Files of the end-to-end tests that judge what a busy machine spoils, or fill it themselves.
BUSY = {"chromium_loss", "chromium_page", "firefox", "impairment", "livekit_loss", "livekit_rooms"}
LANES = 2
LONGEST = "end to end: livekit_resume"


def steps() -> list[Step]:
    tests = sorted((ROOT / "Tests/EndToEnd").glob("test_*.py"))
    return [
        Step("layers", ["bash", "Tests/layers.sh"], MINUTE),
        Step("packet core", ["make", "-s", "-C", "Tests/CRelayTests", "test"], 10 * MINUTE),
        Step("build tests", [SWIFT, "build", "--build-tests"], 30 * MINUTE, is_build=True),
        Step("swift test", [SWIFT, "test", "--skip-build"], 10 * MINUTE, needs="build tests"),
        Step("fuzz corpus, C", ["make", "-s", "-C", "Tests/Fuzz/c", "corpus"], 10 * MINUTE),
        Step("fuzz corpus, Swift", ["make", "-s", "-C", "Tests/Fuzz/swift", "corpus"], 20 * MINUTE),
        Step("page", [*PYTEST, "Tests/Page"], 5 * MINUTE),
        Step("mail", [*PYTEST, "Tests/Mail"], 3 * MINUTE, needs="build tests"),
        Step("scheduling", [*PYTEST, "Tests/Scheduling"], 5 * MINUTE, needs="build tests"),
        # SwiftPM builds one product at a time; the end-to-end tests need the server and the load test.
        Step("build server", ["bash", "-c", f'"{SWIFT}" build -c release --product hutong && '
             f'"{SWIFT}" build -c release --product hutong-load'], 40 * MINUTE, is_build=True),
        *(
            Step(f"end to end: {file.stem.removeprefix('test_')}",
                 [*(OWN_NETWORK if file.stem == "test_firefox" else []), *PYTEST, str(file.relative_to(ROOT))],
                 5 * MINUTE, needs="build server", waits=file.stem.removeprefix("test_") not in BUSY)
            for file in tests
        ),
    ]  # fmt: skip


# What test runners say in their closing lines, as (pattern, passed or failed).
PYTEST_COUNT = re.compile(r"(\d+) (passed|failed|error)s?\b")
PYTEST_CLOSING = re.compile(r"^(?:=+ )?(?:\d+ \w+, )*\d+ \w+ in [\d.]+s")
PLAIN_CLOSING = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed")
SWIFT_CLOSING = re.compile(r"Test run with (\d+) tests?\b.* (passed|failed) after")
SWIFT_FAILURE = re.compile(r"^. Test \S.* failed after .* with \d+ issue")


def count(output: str) -> tuple[int, int] | None:
    """(passed, failed) as the step's own closing lines say, or None when it has none."""
    passed = failed = 0
    found = False
    swift_failures = 0
    for line in output.splitlines():
        if plain := PLAIN_CLOSING.match(line):
            found, passed, failed = True, passed + int(plain[1]), failed + int(plain[2])
        elif PYTEST_CLOSING.match(line):
            found = True
            for number, outcome in PYTEST_COUNT.findall(line):
                if outcome == "passed":
                    passed += int(number)
                else:
                    failed += int(number)
        elif closing := SWIFT_CLOSING.search(line):
            found = True
            bad = max(swift_failures, 1) if closing[2] == "failed" else 0
            passed, failed = passed + int(closing[1]) - bad, failed + bad
        elif SWIFT_FAILURE.match(line):
            swift_failures += 1
    return (passed, failed) if found else None


def run(step: Step) -> tuple[int, str]:
    """Status and output of a step; the output is shown as it comes, or at its end if others run beside it."""
    process = subprocess.Popen(
        step.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    late = threading.Event()

    def end() -> None:
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(step.limit, end)
    timer.start()
    lines = []
    try:
        for line in process.stdout:
            lines.append(line)
            # A compiler's progress is thousands of lines; its complaints are few.
            if not step.waits and not (step.is_build and line.startswith("[")):
                print(line, end="", flush=True)
        status = process.wait()
    except KeyboardInterrupt:
        end()
        raise
    finally:
        timer.cancel()
    if late.is_set():
        lines.append(f"ended after {step.limit:.0f} s without an end in sight\n")
        if not step.waits:
            print(lines[-1], end="", flush=True)
    return status, "".join(lines)


class Run:
    """The steps so far: what broke, what they counted."""

    def __init__(self):
        self.passed = self.failed = 0
        self.broken: set[str] = set()
        self.report: list[tuple[str, float, str]] = []
        self.lock = threading.Lock()

    def perform(self, step: Step) -> None:
        title = f"\n── {step.name} ──"
        if step.needs in self.broken:
            with self.lock:
                print(f"{title}\nnot run: {step.needs} failed", flush=True)
                self.note(step, 0.0, False, 0, 1, "not run")
            return
        if not step.waits:
            print(title, flush=True)
        began = time.monotonic()
        status, output = run(step)
        good, bad = count(output) or (0 if step.is_build else int(status == 0), 0)
        if status != 0:
            bad = max(bad, 1)
        with self.lock:
            if step.waits:
                print(f"{title}\n{output}", end="", flush=True)
            self.note(step, time.monotonic() - began, status == 0, good, bad, f"{good} passed, {bad} failed")

    def note(self, step: Step, seconds: float, is_good: bool, good: int, bad: int, outcome: str) -> None:
        if not is_good:
            self.broken.add(step.name)
        self.passed, self.failed = self.passed + good, self.failed + bad
        self.report.append((step.name, seconds, outcome))


def main(words: list[str]) -> int:
    os.environ["SWIFT_BACKTRACE"] = "enable=no"
    started = time.monotonic()
    chosen = [step for step in steps() if not words or any(word in step.name for word in words)]
    result = Run()
    for step in chosen:
        if not step.waits:
            result.perform(step)
    # The longest first, or it would be alone at the end.
    waiting = sorted((step for step in chosen if step.waits), key=lambda step: step.name != LONGEST)
    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(result.perform, waiting))
    print("\n── steps ──")
    for name, seconds, outcome in result.report:
        print(f"{name:<36} {seconds:7.1f} s   {outcome}")
    print(f"{'all':<36} {time.monotonic() - started:7.1f} s\n")
    print(f"{result.passed} passed, {result.failed} failed", flush=True)
    return int(result.failed > 0 or result.passed == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
