"""`make test` counts what its steps say: a runner that misreads a closing line would hide a failure."""

from __future__ import annotations

import sys

import pytest

from server import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "Tests"))

from run import Step, count, run  # noqa: E402

OUTPUTS = {
    "nothing to count": ("make: Nothing to be done\n", None),
    "plain": ("ok  rtp\n94 passed, 0 failed\n", (94, 0)),
    "plain with a failure": ("90 passed, 4 failed\n", (90, 4)),
    "pytest": ("....\n9 passed in 6.96s\n", (9, 0)),
    "pytest, all kinds": ("2 failed, 7 passed, 1 deselected, 1 error in 10.43s (0:00:10)\n", (7, 3)),
    "pytest with a ruler": ("===== 3 passed, 1 warning in 0.12s =====\n", (3, 0)),
    "Swift Testing": ("✔ Test run with 41 tests in 6 suites passed after 0.5 seconds.\n", (41, 0)),
    "Swift Testing with failures": (
        "✘ Test wraps() failed after 0.001 seconds with 1 issue.\n"
        "✘ Test order() failed after 0.001 seconds with 2 issues.\n"
        "✘ Test run with 41 tests in 6 suites failed after 0.5 seconds with 3 issues.\n",
        (39, 2),
    ),
    "words that only look like it": ("3 passed the gate in 4 hours\n", None),
}


@pytest.mark.parametrize("what", OUTPUTS)
def test_closing_lines_are_read(what):
    output, expected = OUTPUTS[what]
    assert count(output) == expected


def test_a_step_that_hangs_is_ended_with_its_children(capfd):
    status, _ = run(Step("hang", ["bash", "-c", "sleep 60 & sleep 60"], limit=0.5))
    assert status != 0


def test_a_step_has_no_stdin():
    status, output = run(Step("cat", ["cat"], limit=10))
    assert (status, output) == (0, "")
