"""ISO 8601 durations, repetitions and dates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.language.durations import (
    Cycle,
    Duration,
    DurationError,
    is_cycle,
    is_date,
    is_duration,
    is_time_literal,
    parse_cycle,
    parse_date,
    parse_duration,
)

START = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text, months, delta",
    [
        ("PT4H", 0, timedelta(hours=4)),
        ("P1DT2H", 0, timedelta(days=1, hours=2)),
        ("P1Y2M", 14, timedelta()),
        ("P2W", 0, timedelta(weeks=2)),
        ("PT1.5S", 0, timedelta(seconds=1.5)),
        ("PT0,5H", 0, timedelta(minutes=30)),
        ("-P1D", 0, timedelta(days=-1)),
        ("-P1M", -1, timedelta()),
        (" PT60S ", 0, timedelta(minutes=1)),
        ("P1Y2M3W4DT5H6M7S", 14, timedelta(weeks=3, days=4, hours=5, minutes=6, seconds=7)),
        ("PT0S", 0, timedelta()),
        ("P0D", 0, timedelta()),
    ],
)
def test_durations(text: str, months: int, delta: timedelta) -> None:
    assert parse_duration(text) == Duration(months, delta)
    assert is_duration(text)
    assert is_time_literal(text)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "PT4", "4H", "PT4h", "P1DT", "P1H", "PT1D", "P-1D", "P1.5Y", "P1D2H", "PT4H ; x", "'PT4H'", "P" * 5000,
     "P" + "9" * 20 + "D", "P999999999D", "P१D", "PT1H\n1"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    if is_duration(text):  # well written, but longer than can be counted with a date
        with pytest.raises(DurationError):
            parse_duration(text).add_to(START)
        return
    with pytest.raises(DurationError, match="PT4H"):
        parse_duration(text)


def test_a_month_later_stays_in_the_month() -> None:
    assert Duration(1, timedelta()).add_to(START) == datetime(2026, 2, 28, 8, tzinfo=UTC)
    assert Duration(-2, timedelta()).add_to(START) == datetime(2025, 11, 30, 8, tzinfo=UTC)
    assert Duration(25, timedelta(hours=1)).add_to(START) == datetime(2028, 2, 29, 9, tzinfo=UTC)
    with pytest.raises(DurationError, match="9999"):
        Duration(12 * 9000, timedelta()).add_to(START)
    with pytest.raises(DurationError, match="no fixed length"):
        Duration(1, timedelta()).as_timedelta()


@given(st.integers(0, 5000), st.timedeltas(timedelta(0), timedelta(days=99_999)), st.booleans())
def test_written_and_read_again(months: int, delta: timedelta, backwards: bool) -> None:
    duration = Duration(months, delta)
    duration = -duration if backwards else duration
    assert parse_duration(duration.isoformat()) == duration


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31 09:30:15.25+02:00", datetime(2026, 1, 31, 7, 30, 15, 250_000, tzinfo=UTC)),
        ("2026-01-31T09:30:00-0530", datetime(2026, 1, 31, 15, 0, tzinfo=UTC)),
        ("2026-01-31T09:30:00+08", datetime(2026, 1, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_dates(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected
    assert parse_date(text).tzinfo is not None
    assert is_date(text)


def test_a_time_without_offset_is_taken_in_the_zone_given() -> None:
    zone = timezone(timedelta(hours=8))
    assert parse_date("2026-01-31T09:00", zone=zone) == datetime(2026, 1, 31, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "2026-01-01T25:00", "2026-01-01T10:00+99:00", "0000-01-01"]
)
def test_dates_that_do_not_exist(text: str) -> None:
    with pytest.raises(DurationError, match="does not exist"):
        parse_date(text)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-1-1", "31.01.2026", "2026-01-01T", "2026-01-01Z", "2" * 9000])
def test_what_is_no_date(text: str) -> None:
    assert not is_date(text)
    with pytest.raises(DurationError, match="is not a date"):
        parse_date(text)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("R3/PT10M", Cycle(3, Duration(0, timedelta(minutes=10)))),
        ("R/PT1H", Cycle(None, Duration(0, timedelta(hours=1)))),
        ("R-1/PT1H", Cycle(None, Duration(0, timedelta(hours=1)))),
        ("R0/PT1H", Cycle(0, Duration(0, timedelta(hours=1)))),
        ("R2/2026-01-31T08:00:00Z/P1D", Cycle(2, Duration(0, timedelta(days=1)), START)),
        ("R2/P1M/2026-01-31T08:00:00Z", Cycle(2, Duration(1, timedelta()), None, START)),
        ("R4/2026-01-31T08:00:00Z/2026-01-31T09:00:00Z", Cycle(4, Duration(0, timedelta(hours=1)), START)),
    ],
)
def test_cycles(text: str, expected: Cycle) -> None:
    assert parse_cycle(text) == expected
    assert is_cycle(text)


@pytest.mark.parametrize(
    "text",
    ["", "R", "R3", "R3/", "R3/x", "3/PT1H", "R3/PT1H/PT1H", "R3/PT1H/2026-01-01/PT1H", "R3/PT0S", "R3/-PT1H", "R9999999/PT1H",
     "R3/2026-01-02/2026-01-01", "PT1H", "R-2/PT1H", "R3/" + "P" * 9000],
)  # fmt: skip
def test_what_is_no_cycle(text: str) -> None:
    with pytest.raises(DurationError):
        parse_cycle(text)
