"""What the README tells a reader to type works as it stands, and what it points at is there."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys

import pytest

from server import REPOSITORY, binary, environment

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PROGRAM = ".build/release/hutong"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for _, block in BLOCKS
    for line in block.splitlines()
    if line.startswith(PROGRAM)
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_accepted(tmp_path, command):
    # `check` takes the options of `serve` and says whether it would start.
    arguments = ["check" if word == "serve" else word for word in shlex.split(command)[1:]]
    result = subprocess.run(
        [str(binary()), *arguments], capture_output=True, text=True, timeout=10, cwd=tmp_path, env=environment()
    )
    assert result.returncode == 0, result.stderr


async def test_the_sdk_example_sees_who_publishes(server, join, tmp_path):
    (code,) = [block for language, block in BLOCKS if language == "python"]
    assert "ws://127.0.0.1:7880" in code
    script = tmp_path / "example.py"
    script.write_text(code.replace("ws://127.0.0.1:7880", server.ws_url))
    token = subprocess.run(
        [str(binary()), "token", "--dev", "--room", "demo", "--identity", "robot"],
        capture_output=True, text=True, cwd=tmp_path, env=environment(), check=True,
    ).stdout.strip()  # fmt: skip
    alice = await join("alice", "demo")
    await alice.publish_tone()
    with subprocess.Popen([sys.executable, "-u", str(script), token], stdout=subprocess.PIPE, text=True) as example:
        try:
            line = await asyncio.wait_for(asyncio.to_thread(example.stdout.readline), 10)
        finally:
            example.terminate()
    assert line.startswith("alice publishes"), line
    await join.leave_all()


def test_every_path_it_names_exists():
    named = re.findall(r"\]\(([^):]+)\)", README) + re.findall(r"`((?:Sources|Tests|docs)/[^`\s]+)`", README)
    missing = [path for path in named if not (REPOSITORY / path).exists()]
    assert not missing


def test_every_make_target_it_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)\b", README)) <= targets
