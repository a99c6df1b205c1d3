"""Holidays and days with hours of their own: from a form, a file, or a country's public holidays, and kept as dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.errors import Conflict, Invalid
from app.sla import country, days, ical
from app.sla import service as sla
from app.sla.days import Day

FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)


def event(*lines):
    return "\r\n".join(["BEGIN:VEVENT", "UID:x", *lines, "END:VEVENT"])


def read(*events):
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", *events, "END:VCALENDAR", ""])
    return ical.read(text.encode(), first=FIRST, last=LAST)


def found(*lines):
    reading = read(event(*lines))
    assert reading.problems == []
    return [one.day.isoformat() for one in reading.days]


# ---------------------------------------------------------------- files
def test_single_days_and_spans_and_recurring_days_are_read():
    assert found("DTSTART;VALUE=DATE:20260501", "SUMMARY:Labour Day") == ["2026-05-01"]
    assert found("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227") == [
        "2026-12-24",
        "2026-12-25",
        "2026-12-26",
    ]
    assert found("DTSTART;VALUE=DATE:20261224", "DURATION:P2D") == ["2026-12-24", "2026-12-25"]
    yearly = ("DTSTART;VALUE=DATE:20000501", "RRULE:FREQ=YEARLY")
    assert found(*yearly) == ["2026-05-01", "2027-05-01", "2028-05-01"]
    assert found(*yearly, "EXDATE;VALUE=DATE:20270501") == ["2026-05-01", "2028-05-01"]
    assert found(*yearly, "RDATE;VALUE=DATE:20260502,20300101")[:2] == ["2026-05-01", "2026-05-02"]
    assert found("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY;COUNT=2") == ["2026-01-01", "2027-01-01"]
    assert found("DTSTART;VALUE=DATE:20000101", "RRULE:FREQ=YEARLY;COUNT=2") == []
    assert found("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY;UNTIL=20270101T000000Z") == [
        "2026-01-01",
        "2027-01-01",
    ]
    assert found("DTSTART;VALUE=DATE:20261126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH")[1] == "2027-11-25"


def test_an_event_that_begins_before_the_time_and_reaches_into_it_counts():
    assert found("DTSTART;VALUE=DATE:20251230", "DTEND;VALUE=DATE:20260103") == ["2026-01-01", "2026-01-02"]


def test_a_cancelled_event_is_no_day_off():
    assert found("DTSTART;VALUE=DATE:20260501", "STATUS:CANCELLED") == []


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260501T120000Z",), ("DTSTART;VALUE=DATE:20260501", "DTEND:20260502T120000Z"), ("SUMMARY:No date",),
        ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=SECONDLY"), ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=HOURLY"),
        ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=DAILY;BYHOUR=1,2,3"), ("DTSTART;VALUE=DATE:16010101", "RRULE:FREQ=DAILY"),
        ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=DAILY;INTERVAL=0"), ("DTSTART;VALUE=DATE:20260101", "DURATION:P400D"),
        ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
        ("DTSTART;VALUE=DATE:20260501", "RECURRENCE-ID;VALUE=DATE:20260501"),
        ("DTSTART;VALUE=DATE:20260501", "RRULE:FREQ=YEARLY", "RRULE:FREQ=WEEKLY"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named_and_the_rest_is_taken(lines):
    reading = read(event(*lines), event("DTSTART;VALUE=DATE:20260601", "SUMMARY:Fine"))
    assert [one.name for one in reading.days] == ["Fine"]
    assert len(reading.problems) == 1
    assert reading.problems[0][1]


def test_rules_that_never_match_are_left_without_days():
    reading = read(event("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
    assert (reading.days, reading.problems) == ([], [])


def test_zones_that_a_file_defines_are_not_followed():
    bomb = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
    bomb += "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    assert len(read(bomb, event("DTSTART;VALUE=DATE:20260601")).days) == 1


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\r\nfoo", b"x" * (ical.MAX_BYTES + 1)]
)
def test_what_is_no_calendar_file_is_refused(data):
    with pytest.raises(Invalid):
        ical.read(data, first=FIRST, last=LAST)


def test_a_file_with_too_many_days_is_refused():
    with pytest.raises(Invalid, match="fewer years"):
        read(*(event("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY") for _ in range(3)))


# ---------------------------------------------------------------- countries
def test_public_holidays_come_by_country_region_year_and_language():
    bavaria = {one.day for one in country.public_holidays("DE", region="BY", years=[2026])}
    assert date(2026, 1, 6) in bavaria
    assert date(2026, 1, 6) not in {one.day for one in country.public_holidays("DE", region="HH", years=[2026])}
    names = {one.day: one.name for one in country.public_holidays("DE", years=[2026, 2027], language="en")}
    assert names[date(2027, 1, 1)] == "New Year's Day"


def test_chinas_worked_weekends_come_with_hours():
    found = {one.day: one for one in country.public_holidays("CN", years=[2024], language="zh", hours=("09:00-18:00",))}
    assert found[date(2024, 10, 1)].name == "国庆节"
    assert found[date(2024, 9, 29)].hours == ("09:00-18:00",)


@pytest.mark.parametrize(
    "asked", [{"country": "XX"}, {"region": "nowhere"}, {"years": []}, {"years": [1800]}, {"years": range(2000, 2020)}]
)
def test_unknown_places_and_years_are_refused(asked):
    with pytest.raises(Invalid):
        country.public_holidays(**{"country": "DE", "years": [2026], **asked})


# ---------------------------------------------------------------- kept
@pytest.fixture
def row(session):
    """A calendar, Monday to Friday."""
    return sla.save_calendar("business", name="Business hours")


def test_days_are_kept_with_their_names_and_change_what_is_counted(row):
    days.add_days(row.id, [Day(date(2026, 5, 1), "Labour Day"), Day(date(2026, 5, 2), "Market", ("10:00-12:00",))])
    start = datetime(2026, 4, 30, 17, tzinfo=UTC)
    assert sla.add_business_time(row.id, start, timedelta(hours=2)) == datetime(2026, 5, 2, 11, tzinfo=UTC)
    assert [(one.name, one.hours) for one in days.listed(row)] == [("Labour Day", []), ("Market", ["10:00-12:00"])]
    sla.save_calendar("business", name="Renamed", spec={"weekly": row.weekly, "holidays": row.holidays})
    assert row.day_names == {"2026-05-01": "Labour Day"}


def test_a_day_that_is_given_again_changes_and_a_removed_one_is_as_its_weekday(row):
    days.add_days(row.id, [Day(date(2026, 5, 1), "Labour Day")])
    days.add_days(row.id, [Day(date(2026, 5, 1), "Half a day", ("09:00-12:00",))])
    assert (row.holidays, row.extra_days) == ([], {"2026-05-01": ["09:00-12:00"]})
    new, known = days.fresh(row, [Day(date(2026, 5, 1)), Day(date(2026, 5, 2)), Day(date(2026, 5, 2), "twice")])
    assert ([one.day.day for one in new], [one.day.day for one in known]) == ([2], [1])
    days.remove_days(row.id, ["2026-05-01", "2030-01-01"])
    assert days.listed(row) == []
    assert row.day_names == {}


def test_what_makes_no_sense_is_refused(row):
    with pytest.raises(Invalid):
        days.span(date(2026, 5, 2), date(2026, 5, 1))
    with pytest.raises(Invalid):
        days.add_days(row.id, [])
    with pytest.raises(Invalid):
        days.remove_days(row.id, ["2026-05-01"])
    with pytest.raises(Invalid):
        days.add_days(row.id, days.span(date(2026, 1, 1), date(2026, 1, 1), hours=["18:00-9:00"]))
    with pytest.raises(Conflict):
        days.add_days(row.id, [Day(date(2026, 5, 1))], version=row.version + 1)


@pytest.mark.parametrize(
    "typed,spans",
    [("9:00-12:00, 13:00-18:00", ["9:00-12:00", "13:00-18:00"]), ("09：00 – 12：00，13:00—18:00", ["09:00-12:00", "13:00-18:00"]),
     ("", []), ("9:00 - 12:00;13:00-14:00", ["9:00-12:00", "13:00-14:00"])],
)  # fmt: skip
def test_hours_are_read_as_people_type_them(typed, spans):
    assert sla.hours_of(typed) == spans
