"""What 300 people cost: medians of several runs of hutong-load, its server on one core and its client on another.

Ratios are of one run: to a bare `sendto` on the same core before and after, and to Janus under the same load. A run that
says itself that it is no measurement is made again.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable

import pytest

from test_load import OWN_NETWORK, start

RUNS = 5
# For growth, of which each size is one figure of a row.
GROWTH_RUNS = 3
GROWTH_SIZES = (10, 100, 300, 600, 1000)
SECONDS = 8
# Joining of 1000, twice with a peer, and this machine's moods.
LIMIT_SECONDS = 120
# Whatever else runs must not be what is measured; only root may.
REALTIME = ["--realtime"] if os.geteuid() == 0 else []

pytestmark = pytest.mark.show

Report = dict[str, dict]


def measure(*arguments: str, runs: int = RUNS, by: list[str] = []) -> list[Report]:
    reports: list[Report] = []
    reasons: list[str] = []
    for _ in range(2 * runs):
        process = start(*arguments, "--duration", str(SECONDS), *REALTIME, "--json", "-", by=by)
        try:
            output, errors = process.communicate(timeout=LIMIT_SECONDS)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == 0, errors
        report = json.loads(output)
        if report["is_measurement"]:
            reports.append(report)
        else:
            reasons += report["reasons"]
        if len(reports) == runs:
            return reports
    pytest.fail(f"too few of the runs were measurements: {reasons}")


def median(reports: list[Report], value: Callable[[Report], float]) -> float:
    return statistics.median(map(value, reports))


def note_costs(figure, name: str, reports: list[Report], sendtos: str, delay: str, memory: str) -> None:
    figure(f"{name}: packets/s out", f"{median(reports, lambda r: r['forwards_per_second']):,.0f}")
    figure("  loss, worst run", f"{max(r['loss_ratio'] for r in reports):.3%}", "0")
    figure("  CPU a packet in bare sendtos", f"{median(reports, lambda r: r['server']['sendto_ratio']):.2f}", sendtos)
    figure("  server's core", f"{median(reports, lambda r: r['server']['cpu_share']):.0%}")
    figure("  delay p99", f"{median(reports, lambda r: r['delay_ms']['p99']):.1f} ms", delay)
    megabytes = median(reports, lambda r: r["server"]["rss_bytes_per_participant"]) / 1e6
    figure("  memory a person", f"{megabytes:.3f} MB", memory)


def test_webinar_beside_janus(figure):
    reports = measure("webinar", "--participants", "299", "--against", "janus", by=OWN_NETWORK)
    note_costs(figure, "webinar, 299", reports, "<= 1.2", "", "<= 0.11 MB")

    def cost(report: Report) -> float:
        return report["server"]["cpu_seconds_per_million_forwards"]

    ratio = median(reports, lambda report: cost(report) / cost(report["against"]))
    peer = median(reports, lambda report: report["against"]["server"]["sendto_ratio"])
    figure("  CPU a packet, of Janus's under the same load", f"{ratio:.2f}", "<= 0.25")
    figure("  Janus in bare sendtos", f"{peer:.2f}")


def test_ten_open_microphones(figure):
    reports = measure("audio", "--participants", "299", "--speakers", "10")
    note_costs(figure, "audio, 10 to 299", reports, "<= 1.3", "< 5 ms", "")


def test_meeting(figure):
    note_costs(figure, "meeting, 300", measure("meeting", "--participants", "300"), "", "", "< 0.5 MB")


def test_storm(figure):
    reports = measure("storm", "--participants", "300")
    first = median(reports, lambda report: report["first_media_ms"]["p99"])
    figure("storm, 300 in 10 s: first media p99", f"{first:.0f} ms", "< 3000 ms")
    lost = max(report["details"]["running_loss_ratio"] for report in reports)
    figure("  loss of running streams, worst run", f"{lost:.3%}", "0")


def test_growth(figure):
    costs = [
        median(measure("webinar", "--participants", str(size), runs=GROWTH_RUNS), lambda r: r["server"]["sendto_ratio"])
        for size in GROWTH_SIZES
    ]
    figure(
        f"webinar, {', '.join(map(str, GROWTH_SIZES))}: CPU a packet in bare sendtos",
        ", ".join(f"{cost:.2f}" for cost in costs), "within 20 %",
    )  # fmt: skip
