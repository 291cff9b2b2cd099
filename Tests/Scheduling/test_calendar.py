"""Invitations and feeds as Python's icalendar reads them: what they mean, not how they are spelt."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar

from oracle import ask

SHANGHAI = "Asia/Shanghai"


def write(form: str = "invitation", zone: str = SHANGHAI, **more: object) -> str:
    calendar = {"form": form, "start": "2026-11-23T10:00:00", "minutes": 60, **more}
    answer = ask([{"zone": zone, "calendar": calendar}])[0]
    assert "code" not in answer, answer
    return answer["calendar"]


def events(text: str) -> list:
    check_form(text)
    return Calendar.from_ical(text).walk("VEVENT")


def check_form(text: str) -> None:
    assert text.endswith("\r\n")
    for line in text.removesuffix("\r\n").split("\r\n"):
        assert len(line.encode()) <= 75, line
        assert not any(ord(character) < 32 or ord(character) == 127 for character in line), line


def listed(event, name: str) -> list[datetime]:
    values = event.get(name, [])
    return [date.dt for part in (values if isinstance(values, list) else [values]) for date in part.dts]


def meant(event, most: int = 100) -> list[datetime]:
    """The starts that a calendar without our code shows, in its own zone."""
    start = event.decoded("DTSTART")
    zone = start.tzinfo
    plain = start.replace(tzinfo=None)
    found = {plain}
    if "RRULE" in event:
        parts = event["RRULE"].to_ical().decode().split(";")
        until = [part.removeprefix("UNTIL=") for part in parts if part.startswith("UNTIL=")]
        rest = ";".join(part for part in parts if not part.startswith("UNTIL="))
        last = datetime.strptime(until[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if until else None
        for local in rrulestr(rest, dtstart=plain):
            if len(found) == most or last and local.replace(tzinfo=zone).astimezone(UTC) > last:
                break
            found.add(local)
    found |= {date.replace(tzinfo=None) for date in listed(event, "RDATE")}
    found -= {date.replace(tzinfo=None) for date in listed(event, "EXDATE")}
    return sorted(found)


def test_an_invitation_means_what_was_booked():
    text = write(
        rule="FREQ=WEEKLY;COUNT=5", cancelled=["2026-12-07T10:00:00"], moved={"2026-12-14T10:00:00": "2026-12-15T16:00:00"},
        title="周会；计划, \\ 与 \"预算\"", notes="第一行\n第二行", reminder=15,
    )  # fmt: skip
    master, moved = events(text)
    assert Calendar.from_ical(text)["METHOD"] == "REQUEST"
    assert master["UID"] == moved["UID"] == "m1@hutong.example"
    assert master["SEQUENCE"] == 3
    assert master["SUMMARY"] == "周会；计划, \\ 与 \"预算\""
    assert master["DESCRIPTION"] == "第一行\n第二行"
    assert master["LOCATION"] == master["CONFERENCE"] == "https://hutong.example/m/1"
    assert master.decoded("DTSTART") == datetime(2026, 11, 23, 10, tzinfo=ZoneInfo(SHANGHAI))
    assert master.decoded("DURATION") == timedelta(minutes=60)
    assert [start.day for start in meant(master)] == [23, 30, 14, 21]
    assert moved.decoded("RECURRENCE-ID") == datetime(2026, 12, 14, 10, tzinfo=ZoneInfo(SHANGHAI))
    assert moved.decoded("DTSTART") == datetime(2026, 12, 15, 16, tzinfo=ZoneInfo(SHANGHAI))
    assert master["ORGANIZER"] == "mailto:host@hutong.example" and master["ORGANIZER"].params["CN"] == "林知夏"
    attendee = master["ATTENDEE"]
    assert attendee == "mailto:ada@hutong.example"
    assert (attendee.params["PARTSTAT"], attendee.params["RSVP"]) == ("NEEDS-ACTION", "TRUE")
    assert master.walk("VALARM")[0].decoded("TRIGGER") == timedelta(minutes=-15)


def test_one_occurrence_and_its_cancellation():
    rule = {"rule": "FREQ=WEEKLY;COUNT=5", "original": "2026-11-30T10:00:00"}
    (one,) = events(write("occurrence", **rule))
    (gone,) = events(write("cancellation", **rule))
    for event in (one, gone):
        assert event.decoded("RECURRENCE-ID") == datetime(2026, 11, 30, 10, tzinfo=ZoneInfo(SHANGHAI))
        assert "RRULE" not in event
    assert (one["STATUS"], gone["STATUS"]) == ("CONFIRMED", "CANCELLED")
    (all_gone,) = events(write("cancellation", rule="FREQ=WEEKLY;COUNT=5"))
    assert all_gone["STATUS"] == "CANCELLED" and "RECURRENCE-ID" not in all_gone


def test_an_occurrence_that_is_none_is_refused():
    calendar = {"form": "occurrence", "start": "2026-11-23T10:00:00", "minutes": 60, "original": "2026-11-24T10:00:00"}
    assert ask([{"zone": SHANGHAI, "calendar": calendar}])[0]["code"] == "series_unknown_occurrence"


def test_workdays_reach_calendars_that_know_no_table():
    (event,) = events(write(start="2026-09-18T09:30:00", rule="FREQ=DAILY;COUNT=12", workdays=True))
    # Sunday 20 September and Saturday 10 October are worked; the 25th and the first week of October are not.
    days = ["09-18", "09-20", "09-21", "09-22", "09-23", "09-24", "09-28", "09-29", "09-30", "10-08", "10-09", "10-10"]
    assert [f"{start:%m-%d}" for start in meant(event)] == days
    (event,) = events(write(start="2026-09-26T09:30:00", rule="FREQ=DAILY", workdays=True))
    assert f"{event.decoded('DTSTART'):%m-%d}" == "09-28"
    shown = [f"{start:%m-%d}" for start in meant(event, 30)]
    assert shown[:5] == ["09-28", "09-29", "09-30", "10-08", "10-09"] and "10-10" in shown


def test_a_start_off_the_rule_is_moved_onto_it():
    (event,) = events(write(start="2026-11-23T10:00:00", rule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;COUNT=3"))
    assert [f"{start:%m-%d}" for start in meant(event)] == ["11-27", "12-11", "12-25"]


def test_additions():
    (event,) = events(write(rule="FREQ=WEEKLY;COUNT=2", additions=["2026-11-26T08:00:00"]))
    assert [f"{start:%m-%dT%H}" for start in meant(event)] == ["11-23T10", "11-26T08", "11-30T10"]


@pytest.mark.parametrize(
    "zone",
    ["Asia/Shanghai", "America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Sydney", "Australia/Lord_Howe",
     "Africa/Casablanca", "America/Nuuk", "Asia/Jerusalem", "Asia/Kathmandu", "Etc/UTC"],
)  # fmt: skip
def test_the_zone_is_described_as_it_is(zone: str):
    """Read by VTIMEZONE alone, without a look at the name, times are what the tz database says."""
    text = write(zone=zone, start="2026-01-15T12:00:00", rule="FREQ=WEEKLY;COUNT=150")
    check_form(text)
    (described,) = Calendar.from_ical(text.replace(zone, "Custom/Zone")).walk("VTIMEZONE")
    reading = described.to_tz(lookup_tzid=False)
    truth = ZoneInfo(zone)
    for number in range(0, 3 * 365):
        local = datetime(2026, 1, 15, 12) + timedelta(days=number)
        assert local.replace(tzinfo=reading).utcoffset() == local.replace(tzinfo=truth).utcoffset(), local


def test_shanghai_is_one_standard():
    text = write()
    assert text.count("BEGIN:STANDARD") == 1 and "DAYLIGHT" not in text


def test_new_york_is_two_rules():
    text = write(zone="America/New_York")
    assert text.count("BEGIN:STANDARD") == text.count("BEGIN:DAYLIGHT") == 1
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU" in text and "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU" in text


def test_a_feed():
    text = write("feed", rule="FREQ=WEEKLY;COUNT=3", moved={"2026-11-30T10:00:00": "2026-12-01T10:00:00"})
    calendar = Calendar.from_ical(text)
    assert calendar["METHOD"] == "PUBLISH" and calendar["NAME"] == "日程"
    assert calendar.decoded("REFRESH-INTERVAL") == timedelta(minutes=15)
    assert calendar["X-PUBLISHED-TTL"] == "PT15M"
    master, moved = events(text)
    assert "ATTENDEE" not in master and "RECURRENCE-ID" in moved


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028", "\u0085", "\u000b"])
@pytest.mark.parametrize("field", ["title", "notes", "name"])
def test_text_cannot_add_lines_or_parameters(field: str, line_end: str):
    attack = f'x";ROLE=CHAIR:mailto:eve@evil.example{line_end}ATTENDEE:mailto:eve@evil.example{line_end}END:VEVENT'
    text = write(**{field: attack})
    (event,) = events(text)
    assert event["ATTENDEE"] == "mailto:ada@hutong.example"
    assert event["ATTENDEE"].params["ROLE"] == "REQ-PARTICIPANT"
    assert event["ORGANIZER"] == "mailto:host@hutong.example"
    assert len(Calendar.from_ical(text).subcomponents) == 2


def test_folding_keeps_every_character_whole():
    for width in range(70, 80):
        title = "x" * width + "汉字😀é" * 40
        assert events(write(title=title))[0]["SUMMARY"] == title
