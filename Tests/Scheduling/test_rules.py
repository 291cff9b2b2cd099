"""Recurrence rules against python-dateutil, the examples of RFC 5545, and what is refused."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from oracle import ask, starts

SEED = 20261121
RULES = 5_000
MOST = 60
WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
ZONES = [
    "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Urumqi",
    "Europe/Dublin", "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/Nuuk", "Etc/UTC",
]  # fmt: skip


def sample(source: random.Random, values: list, most: int) -> str:
    return ",".join(str(value) for value in source.sample(values, source.randint(1, most)))


def random_rule(source: random.Random, zone: str, start: datetime) -> str:
    frequency = source.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={frequency}"]
    if source.random() < 0.5:
        parts.append(f"INTERVAL={source.choice([1, 2, 2, 3, 4, 5, 7, 12, 52, 99])}")
    months = source.random() < 0.3
    if months:
        parts.append(f"BYMONTH={sample(source, list(range(1, 13)), 4)}")
    has_days = source.random() < 0.6
    if has_days:
        days = source.sample(WEEKDAYS, source.randint(1, 5))
        if frequency in ("MONTHLY", "YEARLY") and source.random() < 0.5:
            bound = 5 if frequency == "MONTHLY" or months else 53
            days = [f"{source.choice([1, 1, 2, 3, 4, 5, bound, -1, -1, -2, -bound])}{day}" for day in days]
        parts.append(f"BYDAY={','.join(days)}")
        if frequency == "MONTHLY" and source.random() < 0.4:
            parts.append(f"BYSETPOS={sample(source, [1, 2, 3, 5, 9, 25, -1, -2, -3, -20], 3)}")
    if frequency != "WEEKLY" and source.random() < 0.35:
        parts.append(f"BYMONTHDAY={sample(source, [*range(1, 32), 29, 30, 31, -1, -1, -1], 6)}")
    if source.random() < 0.4:
        parts.append(f"WKST={source.choice(WEEKDAYS)}")
    end = source.random()
    if end < 0.35:
        parts.append(f"COUNT={source.choice([1, 2, 3, 10, 52, 200, source.randint(1, 200)])}")
    elif end < 0.6:
        local = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        until = local + timedelta(minutes=source.randint(0, 60 * 24 * 365 * 5))
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%SZ}")
    source.shuffle(parts)
    return ";".join(parts)


def random_question(source: random.Random) -> dict[str, object]:
    zone = source.choice(ZONES)
    start = datetime(
        source.randint(2020, 2033), 1, 1, source.randint(0, 23), source.choice([0, 15, 30, 59]), source.choice([0, 0, 30])
    ) + timedelta(days=source.randint(0, 365))
    rule = random_rule(source, zone, start)
    return {"rule": rule, "start": f"{start:%Y-%m-%dT%H:%M:%S}", "zone": zone, "search": True, "most": MOST}


def reach(question: dict[str, object]) -> int:
    """Years for which the truth is known. dateutil is slow where matches are rare; a yearly rule needs all 28."""
    return 29 if "FREQ=YEARLY" in question["rule"] else 8


def truth(question: dict[str, object]) -> list[str]:
    """What dateutil gives on the wall, for so many years, UNTIL compared in UTC."""
    start = datetime.fromisoformat(question["start"])
    zone = ZoneInfo(question["zone"])
    parts = dict(part.split("=") for part in question["rule"].split(";"))
    until = parts.pop("UNTIL", None)
    last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if until else None
    # dateutil has no cut-off of its own: an impossible rule is followed to the year 9999.
    parts["UNTIL"] = f"{start.year + reach(question)}1231T235959"
    count = int(parts.pop("COUNT", MOST))
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    found: list[str] = []
    for local in rrulestr(text, dtstart=start):
        if len(found) == min(count, MOST) or last and local.replace(tzinfo=zone).astimezone(UTC) > last:
            break
        found.append(f"{local:%Y-%m-%dT%H:%M:%S}")
    return found


def in_utc(local: str, zone: str) -> str:
    """zoneinfo's reading: the offset before a gap, the first of a fold."""
    return f"{datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_random_rules_agree_with_dateutil():
    source = random.Random(SEED)
    questions = [random_question(source) for _ in range(RULES)]
    answers = ask(questions)
    kinds: Counter[str] = Counter()
    for number, (question, answer) in enumerate(zip(questions, answers, strict=True)):
        assert "code" not in answer, (number, question, answer)
        expected = truth(question)
        # Our search ends 28 years after the start.
        horizon = str(int(question["start"][:4]) + min(reach(question), 28))
        ours = [start for start in answer["starts"] if start < horizon]
        assert ours == [start for start in expected if start < horizon], (number, question)
        assert answer["utc"] == [in_utc(start, question["zone"]) for start in answer["starts"]], (number, question)
        kinds[question["rule"].split("FREQ=")[1].split(";")[0]] += 1
        kinds["empty" if not ours else "full" if len(ours) == MOST else "some"] += 1
    # The rules are worth asking: every frequency, ends of every kind, and not all are empty.
    assert min(kinds[name] for name in ["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "some", "full"]) > RULES / 10, kinds
    assert 0 < kinds["empty"] < RULES / 4, kinds


def test_printed_rules_read_back_the_same():
    source = random.Random(SEED + 1)
    questions = [random_question(source) for _ in range(500)]
    first = ask(questions)
    second = ask([{**question, "rule": answer["text"]} for question, answer in zip(questions, first, strict=True)])
    for one, other in zip(first, second, strict=True):
        assert (one["text"], one["starts"]) == (other["text"], other["starts"])


# RFC 5545, 3.8.5.3: (rule, start, starts or their first few, whether these are all). Times are 09:00:00 in New York.
# Examples outside the subset are in REFUSED.
EXAMPLES = [
    ("FREQ=DAILY;COUNT=10", "1997-09-02", [f"1997-09-{day:02}" for day in range(2, 12)], True),
    ("FREQ=DAILY;INTERVAL=2", "1997-09-02",
     ["1997-09-02", "1997-09-04", "1997-09-06", "1997-09-08"], False),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02",
     ["1997-09-02", "1997-09-12", "1997-09-22", "1997-10-02", "1997-10-12"], True),
    ("FREQ=WEEKLY;COUNT=10", "1997-09-02",
     ["1997-09-02", "1997-09-09", "1997-09-16", "1997-09-23", "1997-09-30", "1997-10-07", "1997-10-14", "1997-10-21",
      "1997-10-28", "1997-11-04"], True),
    ("FREQ=WEEKLY;UNTIL=19971224T000000Z", "1997-09-02",
     ["1997-09-02", "1997-09-09", "1997-09-16", "1997-09-23", "1997-09-30", "1997-10-07", "1997-10-14", "1997-10-21",
      "1997-10-28", "1997-11-04", "1997-11-11", "1997-11-18", "1997-11-25", "1997-12-02", "1997-12-09", "1997-12-16",
      "1997-12-23"], True),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "1997-09-02",
     ["1997-09-02", "1997-09-16", "1997-09-30", "1997-10-14", "1997-10-28", "1997-11-11", "1997-11-25", "1997-12-09",
      "1997-12-23", "1998-01-06", "1998-01-20", "1998-02-03", "1998-02-17"], False),
    ("FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "1997-09-02",
     ["1997-09-02", "1997-09-04", "1997-09-09", "1997-09-11", "1997-09-16", "1997-09-18", "1997-09-23", "1997-09-25",
      "1997-09-30", "1997-10-02"], True),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "1997-09-02",
     ["1997-09-02", "1997-09-04", "1997-09-09", "1997-09-11", "1997-09-16", "1997-09-18", "1997-09-23", "1997-09-25",
      "1997-09-30", "1997-10-02"], True),
    ("FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR", "1997-09-01",
     ["1997-09-01", "1997-09-03", "1997-09-05", "1997-09-15", "1997-09-17", "1997-09-19", "1997-09-29", "1997-10-01",
      "1997-10-03", "1997-10-13", "1997-10-15", "1997-10-17", "1997-10-27", "1997-10-29", "1997-10-31", "1997-11-10",
      "1997-11-12", "1997-11-14", "1997-11-24", "1997-11-26", "1997-11-28", "1997-12-08", "1997-12-10", "1997-12-12",
      "1997-12-22"], True),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "1997-09-02",
     ["1997-09-02", "1997-09-04", "1997-09-16", "1997-09-18", "1997-09-30", "1997-10-02", "1997-10-14",
      "1997-10-16"], True),
    ("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05",
     ["1997-09-05", "1997-10-03", "1997-11-07", "1997-12-05", "1998-01-02", "1998-02-06", "1998-03-06", "1998-04-03",
      "1998-05-01", "1998-06-05"], True),
    ("FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "1997-09-05",
     ["1997-09-05", "1997-10-03", "1997-11-07", "1997-12-05"], True),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "1997-09-07",
     ["1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30", "1998-01-04", "1998-01-25", "1998-03-01", "1998-03-29",
      "1998-05-03", "1998-05-31"], True),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22",
     ["1997-09-22", "1997-10-20", "1997-11-17", "1997-12-22", "1998-01-19", "1998-02-16"], True),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "1997-09-02",
     ["1997-09-02", "1997-09-15", "1997-10-02", "1997-10-15", "1997-11-02", "1997-11-15", "1997-12-02", "1997-12-15",
      "1998-01-02", "1998-01-15"], True),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30",
     ["1997-09-30", "1997-10-01", "1997-10-31", "1997-11-01", "1997-11-30", "1997-12-01", "1997-12-31", "1998-01-01",
      "1998-01-31", "1998-02-01"], True),
    ("FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15", "1997-09-10",
     ["1997-09-10", "1997-09-11", "1997-09-12", "1997-09-13", "1997-09-14", "1997-09-15", "1999-03-10", "1999-03-11",
      "1999-03-12", "1999-03-13"], True),
    ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "1997-09-02",
     ["1997-09-02", "1997-09-09", "1997-09-16", "1997-09-23", "1997-09-30", "1997-11-04", "1997-11-11", "1997-11-18",
      "1997-11-25", "1998-01-06"], False),
    ("FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "1997-06-10",
     [f"{year}-{month}-10" for year in range(1997, 2002) for month in ("06", "07")], True),
    ("FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "1997-03-10",
     ["1997-03-10", "1999-01-10", "1999-02-10", "1999-03-10", "2001-01-10", "2001-02-10", "2001-03-10", "2003-01-10",
      "2003-02-10", "2003-03-10"], True),
    ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", ["1997-05-19", "1998-05-18", "1999-05-17"], False),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13",
     ["1997-03-13", "1997-03-20", "1997-03-27", "1998-03-05", "1998-03-12", "1998-03-19", "1998-03-26", "1999-03-04",
      "1999-03-11", "1999-03-18", "1999-03-25"], False),
    ("FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8", "1997-06-05",
     ["1997-06-05", "1997-06-12", "1997-06-19", "1997-06-26", "1997-07-03", "1997-07-10"], False),
    # With the EXDATE of the RFC left out, the start is not one of them.
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02",
     ["1998-02-13", "1998-03-13", "1998-11-13", "1999-08-13", "2000-10-13"], False),
    ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "1997-09-13",
     ["1997-09-13", "1997-10-11", "1997-11-08", "1997-12-13", "1998-01-10", "1998-02-07", "1998-03-07", "1998-04-11",
      "1998-05-09", "1998-06-13"], False),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1996-11-05",
     ["1996-11-05", "2000-11-07", "2004-11-02"], False),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", ["1997-09-04", "1997-10-07", "1997-11-06"], True),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29",
     ["1997-09-29", "1997-10-30", "1997-11-27", "1997-12-30", "1998-01-29", "1998-02-26", "1998-03-30"], False),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05",
     ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"], True),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05",
     ["1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"], True),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15",
     ["2007-01-15", "2007-01-30", "2007-02-15", "2007-03-15", "2007-03-30"], True),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "start", "expected", "is_all"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_example_of_rfc_5545(rule: str, start: str, expected: list[str], is_all: bool):
    found = [day.removesuffix("T09:00:00") for day in starts(rule, f"{start}T09:00:00")]
    assert (found if is_all else found[: len(expected)]) == expected


@pytest.mark.parametrize(
    ("rule", "count", "first", "last"),
    [
        ("FREQ=DAILY;UNTIL=19971224T000000Z", 113, "1997-09-02", "1997-12-23"),
        ("FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", 93, "1998-01-01", "2000-01-31"),
        ("FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", 93, "1998-01-01", "2000-01-31"),
    ],
)
def test_long_example_of_rfc_5545(rule: str, count: int, first: str, last: str):
    found = starts(rule, f"{'1997-09-02' if first < '1998' else first}T09:00:00")
    assert (len(found), found[0][:10], found[-1][:10]) == (count, first, last)


REFUSED = [
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "rrule_bymonthday_range"),
    ("FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "rrule_part_unsupported"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "rrule_part_unsupported"),
    ("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "rrule_freq_unsupported"),
    ("FREQ=MINUTELY;INTERVAL=15;COUNT=6", "rrule_freq_unsupported"),
    ("FREQ=SECONDLY", "rrule_freq_unsupported"),
    ("FREQ=DAILY;BYHOUR=9,10", "rrule_part_unsupported"),
    ("FREQ=MONTHLY;RSCALE=CHINESE", "rrule_part_unsupported"),
]


@pytest.mark.parametrize(("rule", "code"), REFUSED)
def test_refuses_what_is_outside_the_subset(rule: str, code: str):
    assert ask([{"rule": rule, "start": "1997-09-02T09:00:00"}])[0]["code"] == code


def test_nothing_in_a_question_ends_the_program():
    source = random.Random(SEED + 2)
    letters = "FREQ=DAILY;BYDAY=MO,-1+9\x00é😀\n INTERVAL:UNTIL20261121T000000Z"
    questions = [
        {"rule": "".join(source.choices(letters, k=source.randint(0, 60))), "start": "2026-01-01T09:00:00"}
        for _ in range(2_000)
    ]
    assert all("code" in answer or "starts" in answer for answer in ask(questions))
