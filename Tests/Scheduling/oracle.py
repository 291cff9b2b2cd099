"""The Scheduling module from Python: `schedule-oracle` answers questions as JSON lines (Tests/Support/ScheduleOracle)."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("HUTONG_SCHEDULE_ORACLE", ROOT / ".build/debug/schedule-oracle"))

Answer = dict[str, object]


def ask(questions: list[dict[str, object]]) -> list[Answer]:
    """All answers, in order; the program must end well."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, timeout=120, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def starts(rule: str, start: str, zone: str = "America/New_York", most: int = 200, **more: object) -> list[str]:
    """Local starts, followed as far as the search goes."""
    answer = ask([{"rule": rule, "start": start, "zone": zone, "search": True, "most": most, **more}])[0]
    assert "code" not in answer, answer
    return answer["starts"]
