"""Checks business time against the wall clock, minute by minute: `python -m tools.sla_oracle 100000 [seed]`.

The oracle shares no code with `app.sla`: it reads a calendar's description itself, asks the time zone what the clock on
the wall shows at every single minute, and counts. A zone's minutes are walked once and kept, so that many calendars can
be laid over the same minutes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import compress, islice
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from app.sla.calendar import Calendar, CalendarError, calendar_from_spec

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 1440
WINDOW_DAYS = 14
OTHER_ZONES = 40
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Days around which there is something to get wrong: clocks that change by an hour or half an hour, at midnight, in the
# south, by rules of a single year, a day that was left out, leap days; and zones whose clocks stand still.
AROUND = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25", "2024-02-29"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2025-12-31"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Asia/Shanghai": ["2026-10-01", "2027-02-06"],
    "Asia/Kathmandu": ["2026-05-05"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "America/Santiago": ["2026-04-04", "2026-09-06"],
    "America/St_Johns": ["2010-03-14", "2010-11-07"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Asia/Pyongyang": ["2015-08-15", "2018-05-05"],
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],
    "America/Caracas": ["2007-12-09", "2016-05-01"],
    "Pacific/Apia": ["2011-12-30", "2012-04-01"],
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],
    "Pacific/Kiritimati": ["2026-01-01"],
    "Etc/GMT+12": ["2028-02-29"],
    "UTC": ["2026-06-30"],
}


@dataclass(frozen=True)
class Case:
    """A calendar's description and the questions to ask of it: `start` and `stop` are minutes of the window."""

    spec: dict[str, Any]
    first: date
    start: int
    stop: int
    wanted: int
    seconds: tuple[int, int]


@lru_cache(maxsize=128)
def walls(zone: str, first: date) -> Callable[[bytearray], tuple[int, ...]]:
    """Walk the window's minutes; returns what picks, for each of them, the entry of the minute that the wall clock shows.

    Entries count from the midnight three days before the window.
    """
    info, moment = ZoneInfo(zone), datetime(first.year, first.month, first.day, tzinfo=UTC)
    base, shown = first.toordinal() - 3, []
    for _ in range(WINDOW_DAYS * DAY_MINUTES):
        local = moment.astimezone(info)
        shown.append((local.toordinal() - base) * DAY_MINUTES + local.hour * 60 + local.minute)
        moment += MINUTE
    return itemgetter(*shown)


def open_minutes(case: Case) -> bytes:
    """One byte for each minute of the window: 1 when the desk is open during it."""
    spec, days = case.spec, WINDOW_DAYS + 6
    table = bytearray(days * DAY_MINUTES)
    for number in range(days):
        day = case.first + timedelta(days=number - 3)
        for text in _hours_of(spec, day):
            opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
            begin, end = number * DAY_MINUTES + opens, number * DAY_MINUTES + closes
            table[begin:end] = b"\x01" * (end - begin)
    return bytes(walls(spec["timezone"], case.first)(table))


def _hours_of(spec: dict[str, Any], day: date) -> list[str]:
    name = day.isoformat()
    if name in spec["extra_days"]:
        return list(spec["extra_days"][name])
    if name in spec["holidays"]:
        return []
    return list(spec["weekly"].get(WEEKDAYS[day.weekday()], []))


def differences(case: Case) -> list[str]:
    """Ask the product and the oracle the same questions; return the answers that differ, in words."""
    calendar, opened = calendar_from_spec(case.spec), open_minutes(case)
    zero = datetime(case.first.year, case.first.month, case.first.day, tzinfo=UTC)
    horizon, begin = zero + len(opened) * MINUTE, zero + case.start * MINUTE
    late, later = (timedelta(seconds=each) for each in case.seconds)
    end = zero + case.stop * MINUTE + later
    counted = opened.count(1, case.start, case.stop) * MINUTE
    counted += later * opened[case.stop] - late * opened[case.start]
    minutes = list(islice(compress(range(case.start, len(opened)), opened[case.start :]), case.wanted))
    due = zero + (minutes[-1] + 1) * MINUTE if len(minutes) == case.wanted else None
    opening = zero + minutes[0] * MINUTE if minutes else None
    answers = [
        ("is_open", calendar.is_open(begin + late), bool(opened[case.start])),
        ("between", calendar.business_time_between(begin + late, end), counted),
        ("backwards", calendar.business_time_between(end, begin + late), -counted),
        ("next_open", _within(calendar, begin, None, horizon), opening),
        ("add", _within(calendar, begin, case.wanted * MINUTE, horizon), due),
    ]
    return [f"{what}: {got}, the oracle says {said}; {case}" for what, got, said in answers if got != said]


def _within(calendar: Calendar, begin: datetime, wanted: timedelta | None, horizon: datetime) -> datetime | None:
    """What the product answers, None when that lies beyond the minutes that were walked."""
    try:
        found = calendar.next_open(begin) if wanted is None else calendar.add_business_time(begin, wanted)
    except CalendarError:
        return None
    return found if found < horizon or (wanted is not None and found == horizon) else None


# ---------------------------------------------------------------- random cases
def cases(count: int, seed: int = 1) -> Iterator[Case]:
    """Yield random cases: the same ones for the same seed and the same time zone data."""
    rng = random.Random(seed)  # noqa: S311 -- makes test cases, guards nothing
    places = [(zone, date.fromisoformat(day)) for zone, days in AROUND.items() for day in days]
    others = rng.sample(sorted(available_timezones()), OTHER_ZONES)
    places += [(zone, date(2006, 1, 1) + timedelta(days=rng.randrange(30 * 365))) for zone in others]
    for _ in range(count):
        zone, around = rng.choice(places)
        first = around - timedelta(days=4)
        start = rng.randrange(7 * DAY_MINUTES)
        stop = min(start + rng.choice([rng.randint(0, 300), rng.randint(0, 6 * DAY_MINUTES)]), 13 * DAY_MINUTES)
        wanted = rng.choice([rng.randint(1, 60), rng.randint(1, 1200), rng.randint(1, 3000)])
        seconds = (rng.randrange(60), rng.randrange(60)) if stop > start else (0, 0)
        yield Case(spec(rng, zone, first), first, start, stop, wanted, seconds)


def spec(rng: random.Random, zone: str, first: date) -> dict[str, Any]:
    """Return a random description of a calendar for a zone and the days from `first` on."""
    days = [(first + timedelta(days=number)).isoformat() for number in range(12)]
    weekly = {day: _hours(rng) for day in WEEKDAYS if rng.random() < 0.85}
    if rng.random() < 0.3:
        weekly = _with_nights(rng, weekly)
    holidays = [day for day in days if rng.random() < 0.12]
    extra = {day: _hours(rng) if rng.random() < 0.8 else [] for day in days if rng.random() < 0.12}
    return {"timezone": zone, "weekly": weekly, "holidays": holidays, "extra_days": extra}


def _hours(rng: random.Random) -> list[str]:
    if rng.random() < 0.05:
        return ["00:00-24:00"]
    step = rng.choice([1, 15, 30])
    marks = sorted(rng.sample(range(0, DAY_MINUTES + 1, step), rng.choice([0, 2, 2, 2, 4, 4, 6])))
    return [f"{_clock(marks[i])}-{_clock(marks[i + 1])}" for i in range(0, len(marks), 2)]


def _with_nights(rng: random.Random, weekly: dict[str, list[str]]) -> dict[str, list[str]]:
    """Add night shifts, split at midnight as calendars want them."""
    evening, morning = rng.randint(18 * 60, DAY_MINUTES - 1), rng.randint(1, 8 * 60)
    nights = dict(weekly)
    for number, day in enumerate(WEEKDAYS):
        if rng.random() < 0.6:
            nights[day] = [f"{_clock(evening)}-24:00"]
            after = WEEKDAYS[(number + 1) % 7]
            nights[after] = [f"00:00-{_clock(morning)}", *([f"{_clock(evening)}-24:00"] if after in nights else [])]
    return nights


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def main(arguments: list[str]) -> int:
    """Run as many cases as asked and say how many answers differ; the first ten of those are shown."""
    given = [int(each) for each in arguments]
    count, seed = (given + [100_000, 1][len(given) :])[:2]
    wrong = [each for case in cases(count, seed) for each in differences(case)]
    for each in wrong[:10]:
        print(each)
    print(f"cases {count}, differences {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
