"""The cases where engines differ (docs of the design, 3.3), zones against Python's zoneinfo, and how long it takes."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from oracle import ask

CASES = [
    # A weekly Sunday 02:30 across the gap of New York: moved once, back a week later.
    ("FREQ=WEEKLY", "2026-03-01T02:30:00", "America/New_York",
     ["2026-03-01T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-15T06:30:00Z"]),
    # 01:30 comes twice on 2026-11-01: the first.
    ("FREQ=DAILY", "2026-10-31T01:30:00", "America/New_York",
     ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
    # The last weekday of the month.
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01T09:00:00", "Asia/Shanghai",
     ["2026-01-30T01:00:00Z", "2026-02-27T01:00:00Z", "2026-03-31T01:00:00Z", "2026-04-30T01:00:00Z"]),
    # Monthly on the 31st leaves short months out.
    ("FREQ=MONTHLY", "2026-01-31T09:00:00", "Asia/Shanghai",
     ["2026-01-31T01:00:00Z", "2026-03-31T01:00:00Z", "2026-05-31T01:00:00Z"]),
    # China had daylight saving time until 1991; Urumqi keeps its own.
    ("FREQ=DAILY", "1988-07-01T09:00:00", "Asia/Shanghai", ["1988-07-01T00:00:00Z"]),
    ("FREQ=DAILY", "2026-07-01T09:00:00", "Asia/Shanghai", ["2026-07-01T01:00:00Z"]),
    ("FREQ=DAILY", "2026-07-01T09:00:00", "Asia/Urumqi", ["2026-07-01T03:00:00Z"]),
    # Half an hour of daylight saving time, and a day that a country left out.
    ("FREQ=DAILY", "2026-10-04T02:15:00", "Australia/Lord_Howe", ["2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z"]),
    ("FREQ=DAILY", "2011-12-29T10:00:00", "Pacific/Apia",
     ["2011-12-29T20:00:00Z", "2011-12-30T20:00:00Z", "2011-12-30T20:00:00Z"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "start", "zone", "expected"), CASES)
def test_cases_where_engines_differ(rule: str, start: str, zone: str, expected: list[str]):
    answer = ask([{"rule": rule, "start": start, "zone": zone}])[0]
    assert answer["utc"][: len(expected)] == expected


def test_every_zone_agrees_with_zoneinfo():
    source = random.Random(7)
    names = sorted(name for name in available_timezones() if name not in ("localtime", "Factory"))
    questions = []
    for name in names:
        moments = [datetime(1901, 1, 1) + timedelta(minutes=source.randint(0, 298 * 525_960)) for _ in range(60)]
        # Around changes of the clocks, where there is something to get wrong.
        changes = [moment for moment in turns(ZoneInfo(name)) for moment in around(moment)]
        texts = [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in moments + changes]
        questions.append({"zone": name, "local": texts})
    for question, answer in zip(questions, ask(questions), strict=True):
        zone = ZoneInfo(question["zone"])
        for local, utc in zip(question["local"], answer["utc"], strict=True):
            moment = datetime.fromisoformat(local).replace(tzinfo=zone)
            assert utc == f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", (question["zone"], local)
    assert len(names) > 400


def turns(zone: ZoneInfo) -> list[datetime]:
    """Days on which the offset changes, 2024 to 2027 and 2090 (past every table), as local midnights."""
    found = []
    for year in (2024, 2025, 2026, 2027, 2090):
        days = [datetime(year, 1, 1) + timedelta(days=number) for number in range(366)]
        offsets = [day.replace(tzinfo=zone).utcoffset() for day in days]
        found += [day for day, one, other in zip(days, offsets, offsets[1:], strict=False) if one != other]
    return found


def around(day: datetime) -> list[datetime]:
    return [day + timedelta(minutes=minutes) for minutes in range(0, 27 * 60, 15)]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../../etc/passwd", "zone_name"),
        ("/etc/passwd", "zone_name"),
        ("Asia/../Asia/Shanghai", "zone_name"),
        ("Asia//Shanghai", "zone_name"),
        ("Asia/Shanghai\u0000", "zone_name"),
        ("", "zone_name"),
        ("A" * 65, "zone_name"),
        ("zone.tab", "zone_name"),
        ("Asia/Nowhere", "zone_unknown"),
        ("Asia", "zone_unknown"),
        ("localtime", "zone_name"),
    ],
)
def test_refuses_zones_that_are_none(name: str, code: str):
    assert ask([{"zone": name, "local": []}])[0].get("code") == code


def test_is_fast():
    """In the debug build, so with a wide margin: it tells a loop without end, not a slow one."""
    weekly = {"rule": "FREQ=WEEKLY;COUNT=156", "start": "2026-01-05T09:00:00", "zone": "America/New_York", "search": True}
    impossible = {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "start": "2026-01-05T09:00:00", "search": True}
    spinning = {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "start": "2026-01-05T09:00:00", "search": True}
    answers = ask([{**question, "repeats": 10} for question in (weekly, impossible, spinning)])
    assert [len(answer["starts"]) for answer in answers] == [156, 0, 0]
    for answer in answers:
        print(f"{answer['nanoseconds'] / 1e6:.2f} ms")
        assert answer["nanoseconds"] < 500e6
