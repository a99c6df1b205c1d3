"""Days that differ from a calendar's week: holidays and days with hours of their own, added and taken away on the record.

What comes from a file or a library is looked at first and then stored as dates: what a later version of the library says
changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app import events
from app.errors import Invalid
from app.sla import service as sla
from app.sla.calendar import WEEKDAYS
from app.sla.models import BusinessCalendar

MAX_DAYS = 2000
MAX_SPAN = 370


@dataclass(frozen=True, slots=True)
class Day:
    """A date that differs from the week: closed without hours."""

    day: date
    name: str = ""
    hours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A day of a calendar as its page shows it."""

    day: date
    name: str
    hours: list[str]


def listed(row: BusinessCalendar) -> list[Listed]:
    """Return the days of a calendar that differ from its week, in order."""
    closed = set(row.holidays) - set(row.extra_days)
    return [
        Listed(date.fromisoformat(day), row.day_names.get(day, ""), row.extra_days.get(day, []))
        for day in sorted(closed | set(row.extra_days))
    ]


def fresh(row: BusinessCalendar, found: Iterable[Day]) -> tuple[list[Day], list[Day]]:
    """Tell apart which of these days a calendar has not yet, and which dates it has already."""
    known = {*row.holidays, *row.extra_days}
    new: dict[date, Day] = {}
    old: dict[date, Day] = {}
    for one in sorted(found, key=lambda one: (one.day, one.name)):
        (old if one.day.isoformat() in known else new).setdefault(one.day, one)
    return list(new.values()), list(old.values())


def span(first: date, last: date, *, name: str = "", hours: Iterable[str] = ()) -> list[Day]:
    """Return each day from `first` to `last`; raises Invalid when that is no span of days, or a very long one."""
    length = (last - first).days
    if not 0 <= length <= MAX_SPAN:
        raise Invalid(
            "bad_span",
            f"The last day comes after the first, by at most {MAX_SPAN} days.",
            fields={"last": "not usable"},
        )
    spans = tuple(hours)
    return [Day(first + timedelta(days=number), name, spans) for number in range(length + 1)]


def add_days(
    calendar_id: int, days: Collection[Day], *, source: str = "", version: int | None = None
) -> BusinessCalendar:
    """Add days to a calendar; a date that it has already gets what is given now.

    Records `calendar_days_added` with where they come from. Raises NotFound, Invalid, and Conflict when the calendar is no
    longer the `version` that was shown.
    """
    row = sla.get_calendar(calendar_id)
    given = {one.day.isoformat(): one for one in days}
    holidays = set(row.holidays) - set(given) | {day for day, one in given.items() if not one.hours}
    extra = {day: hours for day, hours in row.extra_days.items() if day not in given}
    extra |= {day: list(one.hours) for day, one in given.items() if one.hours}
    if not given:
        raise Invalid("no_days", "Choose at least one day.", fields={"day": "required"})
    names = {**row.day_names, **{day: one.name for day, one in given.items()}}
    _store(row, holidays=holidays, extra=extra, names=names, version=version)
    events.record("calendar_days_added", chain=f"calendar:{row.id}", source=source, days=sorted(given))
    return row


def remove_days(calendar_id: int, days: Collection[str], *, version: int | None = None) -> BusinessCalendar:
    """Take days away from a calendar: its week counts on them again.

    Records `calendar_days_removed`. Raises as `add_days` does.
    """
    row = sla.get_calendar(calendar_id)
    gone = set(days) & {*row.holidays, *row.extra_days}
    if not gone:
        raise Invalid("no_days", "Choose at least one day.", fields={"day": "required"})
    extra = {day: hours for day, hours in row.extra_days.items() if day not in gone}
    _store(row, holidays=set(row.holidays) - gone, extra=extra, names=row.day_names, version=version)
    events.record("calendar_days_removed", chain=f"calendar:{row.id}", days=sorted(gone))
    return row


def _store(
    row: BusinessCalendar, *, holidays: set[str], extra: dict[str, Any], names: dict[str, str], version: int | None
) -> None:
    if len(holidays | set(extra)) > MAX_DAYS:
        raise Invalid("too_many_days", f"A calendar has at most {MAX_DAYS} days of its own: remove old ones first.")
    spec = {"weekly": row.weekly, "holidays": sorted(holidays), "extra_days": extra}
    sla.save_calendar(
        row.key, name=row.name, timezone=row.timezone, spec=spec, day_names=names, version=version
    )  # fmt: skip


def usual_hours(row: BusinessCalendar) -> tuple[str, ...]:
    """Return the hours of the first open day of the week: those of a weekend day that is worked in place of another."""
    return next((tuple(row.weekly[day]) for day in WEEKDAYS if row.weekly.get(day)), ())
