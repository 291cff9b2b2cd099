"""hutong-load against a server that it starts itself: all arrives, the report has its fields, Ctrl-C gives one; and real
media of it in front of an SDK client."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess

import numpy as np
import pytest
from server import REPOSITORY, binary
from waiting import until

LOAD = pathlib.Path(os.environ.get("HUTONG_LOAD_BINARY", REPOSITORY / ".build/release/hutong-load"))
# A join storm of ten, three seconds of media, a server's start and end; and a machine that does other things.
RUN_SECONDS = 60
# Pictures of real media until it begins again: four seconds of 25.
LOOP_PICTURES = 100

FIELDS = {
    "scenario", "participants", "duration_s", "forwards_per_second", "loss_ratio", "delay_ms", "join_ms",
    "first_media_ms", "server", "client", "against", "is_measurement", "reasons", "details",
}  # fmt: skip
SERVER_FIELDS = {
    "cpu_seconds_per_million_forwards", "sendto_ratio", "cpu_share", "rss_bytes", "rss_bytes_per_participant",
}  # fmt: skip
# Janus never uses loopback for media.
OWN_NETWORK = [str(pathlib.Path(__file__).with_name("own_network.sh"))]


def start(*arguments: str, by: list[str] = []) -> subprocess.Popen:
    return subprocess.Popen(
        [*by, LOAD, *arguments, "--server", binary()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*arguments: str, by: list[str] = []) -> tuple[int, str, str]:
    process = start(*arguments, by=by)
    try:
        output, errors = process.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    return process.returncode, output, errors


def has_ended(process: str) -> bool:
    """Gone, or dead and waiting for somebody to notice."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def check(report: dict, listeners: int, packets_per_second: int) -> None:
    """Everybody is there and has lost nothing, if this machine let the client keep up."""
    assert set(report) == FIELDS
    assert set(report["server"]) == SERVER_FIELDS
    assert set(report["client"]) == {"drops", "cpu_share"}
    assert report["against"] is None
    for name in ("delay_ms", "join_ms", "first_media_ms"):
        times = report[name]
        assert set(times) == {"p50", "p90", "p99", "max"}
        assert 0 <= times["p50"] <= times["p90"] <= times["p99"] <= times["max"] * 1.002
    # What it means: the client kept up, nobody else had the server's core, and it says so.
    details = report["details"]
    client = report["client"]
    kept_up = client["drops"] == 0 and client["cpu_share"] <= 0.9 and details["frames_left_out"] == 0
    was_alone = (details["others_share_of_server_core"] or 0) <= 0.1
    assert report["is_measurement"] == (kept_up and was_alone) == (not report["reasons"])
    assert details["failed_joins"] == 0, details["failure"]
    assert details["silent_streams"] == 0
    assert details["authentication_failures"] == 0
    assert details["decrypted"] > 0
    if kept_up:
        assert report["loss_ratio"] == 0
        assert report["forwards_per_second"] == pytest.approx(listeners * packets_per_second, rel=0.1)
    server = report["server"]
    assert server["cpu_seconds_per_million_forwards"] > 0 and server["sendto_ratio"] > 0
    assert 0 < server["cpu_share"] <= 1.05
    assert server["rss_bytes"] > 1_000_000


def test_a_webinar_arrives_whole(tmp_path):
    page = tmp_path / "report.html"
    status, output, errors = run(
        "webinar", "--participants", "10", "--duration", "3", "--json", str(tmp_path / "report.json"),
        "--html", str(page),
    )  # fmt: skip
    assert status == 0, errors
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["scenario"], report["participants"]) == ("webinar", 10)
    assert report["duration_s"] == pytest.approx(3, abs=0.5)
    check(report, 10, 225)
    assert "packets forwarded a second" in output
    assert not errors, "a progress bar where nobody looks"
    assert page.read_text().count("<svg") == 4


def test_open_microphones_arrive_whole():
    status, output, errors = run("audio", "--participants", "5", "--speakers", "4", "--duration", "2", "--json", "-")
    assert status == 0, errors
    check(json.loads(output), 5, 200)


def test_a_meeting_gets_what_it_chose():
    status, output, errors = run("meeting", "--participants", "6", "--duration", "2", "--json", "-")
    assert status == 0, errors
    report = json.loads(output)
    # The large picture to five; five thumbnails to the first, four to the others; three voices, two to who speaks.
    check(report, 1, 5 * 175 + (5 + 5 * 4) * 20 + (3 * 2 + 3 * 3) * 50)


def test_a_storm_does_not_hurt_who_is_there():
    status, output, errors = run(
        "storm", "--participants", "10", "--audience", "4", "--duration", "3", "--json", "-"
    )
    assert status == 0, errors
    report = json.loads(output)
    assert report["details"]["joined"] == 15
    if report["is_measurement"]:
        assert report["details"]["running_loss_ratio"] == 0


def test_janus_is_judged_under_the_same_load():
    status, output, errors = run(
        "webinar", "--participants", "5", "--duration", "2", "--against", "janus", "--json", "-", by=OWN_NETWORK
    )
    assert status == 0, errors
    report = json.loads(output)
    peer = report.pop("against")
    assert set(peer) == set(report)
    assert (report["details"]["server"], peer["details"]["server"]) == ("hutong", "janus")
    for figures in (report, peer):
        assert figures["details"]["joined"] == 6, figures["details"]["failure"]
        assert figures["details"]["silent_streams"] == 0
        assert figures["details"]["authentication_failures"] == 0
        assert figures["server"]["cpu_seconds_per_million_forwards"] > 0
        if figures["client"]["drops"] == 0 and figures["details"]["frames_left_out"] == 0:
            assert figures["loss_ratio"] == 0
            assert figures["forwards_per_second"] == pytest.approx(5 * 225, rel=0.1)


def test_lost_packets_are_asked_for_again():
    status, output, errors = run("meeting", "--participants", "8", "--duration", "3", "--loss", "5", "--json", "-")
    assert status == 0, errors
    report = json.loads(output)
    details = report["details"]
    if report["client"]["drops"] == 0:
        assert report["loss_ratio"] == 0, "our own bad network counts as the server's loss"
    # Pictures are 4 of 5 packets here and can be repaired; a twentieth of 20 ones may be lost once more.
    arrived = details["packets_received"]
    assert 0.03 * arrived < details["thrown_away"] < 0.08 * arrived + 200
    assert details["nacks_sent"] >= details["repaired"] > 0.5 * details["thrown_away"]
    assert details["unrepaired"] < 0.05 * details["repaired"]


async def test_real_media_is_seen_and_heard(server, join):
    """An unmodified SDK client in the same room: pictures in their order over the loop's end, and a voice with pauses."""
    process = subprocess.Popen(
        [LOAD, "webinar", "--participants", "1", "--duration", "600", "--media", "real", "--json", "-",
         "--url", server.ws_url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        bob = await join("bob", room="load-webinar")
        video = await bob.sees("load-0", LOOP_PICTURES * 5 // 4, seconds=30)
        audio = await bob.hears("load-0", 5)
        await bob.leave()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=15)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0, errors
    report = json.loads(output)
    assert report["details"]["silent_streams"] == 0
    assert report["delay_ms"]["p50"] > 0
    assert set(video.sizes) == {(1280, 720)}
    readable = [number for number in video.numbers if number is not None]
    assert len(readable) >= 0.9 * video.count, video.numbers
    assert max(readable) < LOOP_PICTURES
    steps = [(b - a) % LOOP_PICTURES for a, b in zip(readable, readable[1:], strict=False)]
    # It goes on by one; a request for a keyframe may begin the loop again.
    assert steps.count(1) >= 0.9 * len(steps), steps
    assert any(a > b for a, b in zip(readable[10:], readable[11:], strict=False)), "the loop's end was not seen"
    # The end of each frame's bytes is whole too: the bar is where this picture has it, and cloth beside it.
    assert video.numbers[-1] is not None
    width, field = 1280, 1280 // 16
    row = video.last[600:700].mean(axis=0)
    left = video.numbers[-1] * 4 % (width - field)
    assert row[left + 8 : left + field - 8].min() > 200, row
    cloth = np.delete(row, slice(max(left - 16, 0), left + field + 16))
    assert 60 < cloth.min() and cloth.max() < 190, row
    loudness = [float(np.sqrt(np.mean(chunk.astype(np.float64) ** 2))) for chunk in audio.chunks[20:]]
    assert np.percentile(loudness, 75) > 500, "no voice"
    assert np.percentile(loudness, 5) < 100, "no pauses"


async def test_ctrl_c_gives_the_report_so_far(server):
    process = subprocess.Popen(
        [LOAD, "webinar", "--participants", "3", "--duration", "600", "--json", "-",
         "--url", server.ws_url, "--pid", str(server.process.pid)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        # Some seconds of three times 225 packets: everybody is there and is being measured.
        await until(lambda: server.metrics()["hutong_forwards_total"] > 3_000, 30, "media")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=15)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert process.returncode == 0, errors
    report = json.loads(output)
    assert set(report) == FIELDS
    assert 0 < report["duration_s"] < 30
    assert report["server"]["rss_bytes"] > 1_000_000


async def test_its_server_ends_with_it():
    process = start("webinar", "--participants", "2", "--duration", "600", "--json", "-")

    def children() -> list[str]:
        try:
            threads = list(pathlib.Path(f"/proc/{process.pid}/task").iterdir())
            return [child for thread in threads for child in (thread / "children").read_text().split()]
        except OSError:
            # A thread ended meanwhile.
            return []

    try:
        [child] = await until(children, 20, "a server of its own")
    finally:
        # The worst end.
        process.kill()
        process.wait()
    await until(lambda: has_ended(child), 10, "the end of the server")


def test_mistakes_are_told_in_one_line():
    for arguments, words in {
        ("webinar", "--participants", "0"): "--participants must be a number from 1 to 5000",
        ("meeting", "--against", "janus"): "--against works with webinar, audio and storm",
        ("webinar", "--loss", "51"): "--loss must be a number of per cent from 0 to 50",
        ("webinar", "--media", "film"): "'synthetic' and 'real'",
        ("webinar", "--secret", "x"): "--key, --secret and --pid belong to a server that runs",
    }.items():
        status, _, errors = run(*arguments)
        assert status != 0
        assert words in errors
    missing = subprocess.run([LOAD, "webinar", "--server", "/nowhere/hutong"], capture_output=True, text=True)
    assert missing.returncode == 1
    assert missing.stderr.count("\n") == 1 and "make build" in missing.stderr
