"""Business time against the plainest oracle there is: look at the wall clock once a minute."""

from __future__ import annotations

import random
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from app.sla.calendar import (
    Calendar,
    CalendarError,
    always_open,
    calendar_from_spec,
    calendar_to_spec,
    default_calendar,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTE = timedelta(minutes=1)
# Zones with ordinary, southern, half-hour, midnight and no clock changes, each with days on which clocks change.
CHANGES = {
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Santiago": [date(2026, 4, 4), date(2026, 9, 6)],
    "Pacific/Apia": [date(2011, 12, 30), date(2011, 12, 29)],
    "Asia/Shanghai": [date(2026, 10, 1)],
    "Asia/Kathmandu": [date(2026, 5, 5)],
    "UTC": [date(2026, 2, 28), date(2024, 2, 29)],
}


class Oracle:
    """Counts open minutes one by one, straight from the definition of open."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar.timezone)

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        day, clock = local.date(), local.time()
        if day in self.calendar.extra_days:
            spans = self.calendar.extra_days[day]
        elif day in self.calendar.holidays:
            spans = ()
        else:
            spans = self.calendar.weekly.get(day.weekday(), ())
        return any(opens <= clock and (closes == time(0) or clock < closes) for opens, closes in spans)

    def minutes(self, start: datetime) -> Iterator[tuple[datetime, bool]]:
        moment = start
        while True:
            yield moment, self.is_open(moment)
            moment += MINUTE


def random_spans(rng: random.Random) -> list[tuple[time, time]]:
    marks = sorted(rng.sample(range(0, 24 * 60 + 1, rng.choice([1, 15, 30])), rng.choice([2, 2, 2, 4])))
    clock = [time(mark // 60 % 24, mark % 60) for mark in marks]
    return [(clock[i], clock[i + 1]) for i in range(0, len(clock), 2)]


def random_calendar(rng: random.Random) -> tuple[Calendar, date]:
    zone = rng.choice(list(CHANGES))
    around = rng.choice(CHANGES[zone])
    weekly = {day: random_spans(rng) for day in range(7) if rng.random() < 0.8}
    near = [around + timedelta(days=n) for n in range(-3, 4)]
    holidays = frozenset(day for day in near if rng.random() < 0.15)
    extra = {day: random_spans(rng) if rng.random() < 0.8 else [] for day in near if rng.random() < 0.15}
    return Calendar(zone, weekly, holidays, extra), around


def random_moment(rng: random.Random, around: date) -> datetime:
    return datetime(around.year, around.month, around.day, tzinfo=UTC) + rng.randint(-2 * 1440, 2 * 1440) * MINUTE


@pytest.mark.parametrize("seed", range(60))
def test_open_closed_and_counted_minutes_agree_with_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        calendar, around = random_calendar(rng)
        oracle, start = Oracle(calendar), random_moment(rng, around)
        length = rng.choice([rng.randint(0, 120), rng.randint(0, 2000)])
        counted = 0
        for step, (moment, is_open) in enumerate(oracle.minutes(start)):
            if step == length:
                break
            assert calendar.is_open(moment) is is_open, (calendar, moment)
            counted += is_open
        end = start + length * MINUTE
        assert calendar.business_time_between(start, end) == counted * MINUTE, (calendar, start, end)
        assert calendar.business_time_between(end, start) == -counted * MINUTE


@pytest.mark.parametrize("seed", range(60))
def test_adding_business_time_and_next_open_agree_with_the_oracle(seed: int) -> None:
    rng = random.Random(1000 + seed)
    for _ in range(20):
        calendar, around = random_calendar(rng)
        if not calendar.weekly:
            continue
        oracle, start = Oracle(calendar), random_moment(rng, around)
        wanted = rng.choice([rng.randint(1, 30), rng.randint(1, 600)])
        left, due, opening = wanted, None, None
        for step, (moment, is_open) in enumerate(oracle.minutes(start)):
            opening = opening or (moment if is_open else None)
            left -= is_open
            if left == 0:
                due = moment + MINUTE
                break
            if step > 6 * 1440:
                break
        if opening:
            assert calendar.next_open(start) == opening, (calendar, start)
        if due:
            assert calendar.add_business_time(start, wanted * MINUTE) == due, (calendar, start, wanted)


@pytest.mark.parametrize("seed", range(20))
def test_adding_is_the_inverse_of_counting_to_the_microsecond(seed: int) -> None:
    rng = random.Random(2000 + seed)
    for _ in range(50):
        calendar, around = random_calendar(rng)
        if not calendar.weekly:
            continue
        start = random_moment(rng, around) + timedelta(microseconds=rng.randint(0, 59_999_999))
        wanted = timedelta(microseconds=rng.randint(1, 200 * 3600 * 10**6))
        due = calendar.add_business_time(start, wanted)
        assert calendar.business_time_between(start, due) == wanted
        assert calendar.business_time_between(start, due - timedelta(microseconds=1)) < wanted


def test_the_default_is_monday_to_friday_nine_to_six() -> None:
    calendar = default_calendar("Europe/Berlin")
    friday = datetime(2026, 11, 20, 17, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    monday = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert calendar.add_business_time(friday, timedelta(hours=1)) == friday + timedelta(hours=1)
    assert calendar.add_business_time(friday, timedelta(hours=2)) == monday + timedelta(hours=1)
    assert calendar.next_open(friday + timedelta(hours=1)) == monday
    assert not calendar.is_open(friday + timedelta(hours=1))
    assert calendar.is_open(monday)
    assert calendar.business_time_between(friday, monday) == timedelta(hours=1)


def test_zero_gives_the_start_even_when_closed() -> None:
    sunday = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    assert default_calendar().add_business_time(sunday, timedelta(0)) == sunday


def test_results_are_in_utc_whatever_zone_was_asked_in() -> None:
    asked = datetime(2026, 11, 23, 17, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    due = default_calendar("Asia/Shanghai").add_business_time(asked, timedelta(hours=1))
    assert due.tzinfo is UTC
    assert due == datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def test_a_working_saturday_wins_over_a_holiday() -> None:
    saturday = date(2026, 10, 10)
    calendar = Calendar(
        "Asia/Shanghai",
        {day: [(time(9), time(18))] for day in range(5)},
        frozenset({saturday, date(2026, 10, 1)}),
        {saturday: [(time(9), time(12))]},
    )
    assert calendar.is_open(datetime(2026, 10, 10, 2, 0, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 10, 1, 2, 0, tzinfo=UTC))


def test_a_round_the_clock_calendar_is_plain_elapsed_time() -> None:
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert always_open("Europe/Berlin").add_business_time(start, timedelta(hours=40)) == start + timedelta(hours=40)


def test_a_description_survives_the_round_trip() -> None:
    spec = {
        "timezone": "Asia/Shanghai",
        "weekly": {"mon": ["09:00-12:00", "13:30-18:00"], "sun": ["00:00-24:00"]},
        "holidays": ["2026-10-01", "2026-10-02"],
        "extra_days": {"2026-10-10": ["09:00-18:00"], "2026-12-31": []},
    }
    calendar = calendar_from_spec(spec)
    assert calendar_to_spec(calendar) == spec
    assert calendar_from_spec(calendar_to_spec(calendar)) == calendar
    assert hash(calendar_from_spec(spec)) == hash(calendar)


def test_every_problem_of_a_description_is_told_at_once() -> None:
    spec = {"weekly": {"monday": ["09:00-18:00"], "tue": ["9 to 5", "25:00-26:00"]}, "holidays": ["1st of May"]}
    with pytest.raises(CalendarError) as caught:
        calendar_from_spec(spec)
    for part in ("monday", "9 to 5", "25:00-26:00", "1st of May"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "spans",
    [
        [(time(18), time(9))],
        [(time(9), time(9))],
        [(time(9), time(12)), (time(11), time(18))],
        [(time(9), time(0)), (time(22), time(23))],
    ],
)
def test_empty_and_overlapping_hours_are_refused(spans: list[tuple[time, time]]) -> None:
    with pytest.raises(CalendarError):
        Calendar("UTC", {0: spans})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(CalendarError, match="time zone"):
        Calendar(zone, {})


def test_questions_without_an_answer_are_refused() -> None:
    never, now = Calendar("UTC", {}), datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(CalendarError, match="open"):
        never.next_open(now)
    with pytest.raises(CalendarError, match="open"):
        never.add_business_time(now, MINUTE)
    with pytest.raises(CalendarError, match="negative"):
        default_calendar().add_business_time(now, -MINUTE)
    with pytest.raises(CalendarError, match="time zone"):
        default_calendar().is_open(datetime(2026, 1, 1))


def test_a_typical_question_takes_few_steps() -> None:
    """Steps are counted, not seconds: `make bench` has the time."""
    calendar, start = default_calendar("Europe/Berlin"), datetime(2026, 3, 27, 15, 0, tzinfo=UTC)

    def ask(hours: int) -> None:
        due = calendar.add_business_time(start, timedelta(hours=hours))
        calendar.business_time_between(start, due)

    ask(16)  # what is kept is kept now
    assert calls_of(lambda: ask(16)) < 100


def calls_of(act: Callable[[], None]) -> int:
    """How many functions are called on the way, those of the language itself included."""
    count = 0

    def note(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count
