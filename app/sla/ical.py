"""Reads days off from an iCalendar file (RFC 5545): whole-day events, also recurring ones, as far ahead as is asked for.

The file comes from outside. Its size, the number of its events and the rules that it may unroll are bounded; zones that it
defines are cut out before it is read, for whole days need none. What is not understood is named, never guessed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, vRecur
from icalendar.cal.component import Component

from app.errors import Invalid
from app.sla.days import Day

MAX_BYTES = 500_000
MAX_EVENTS = 3000
MAX_FOUND = 2000
MAX_DAYS_OF_EVENT = 62
MAX_SECONDS = 3.0
OLDEST = date(1970, 1, 1)
_ZONES = re.compile(rb"^BEGIN:VTIMEZONE\r?$.*?^END:VTIMEZONE\r?$\n?", re.DOTALL | re.MULTILINE | re.IGNORECASE)
_UNROLLED = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_OFTEN = frozenset({"DAILY", "WEEKLY"})
_SIMPLE = frozenset({"FREQ", "INTERVAL", "BYDAY", "WKST"})
_FINE = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})


@dataclass(slots=True)
class Reading:
    """What a file says: its days off, and what was not understood, each with the key of the reason."""

    days: list[Day] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


class _NotUnderstood(Exception):
    """Why an event is left out: a key of `app.web.setting_words`."""


def read(data: bytes, *, first: date, last: date) -> Reading:
    """Return the days off between `first` and `last`, both included. Raises Invalid for what is no such file, or too large."""
    reading = Reading()
    begun = time.monotonic()
    for number, event in enumerate(_events(data)):
        if number >= MAX_EVENTS or time.monotonic() - begun > MAX_SECONDS:
            raise Invalid("too_many_events", "The file has too many events or rules: take a smaller one.")
        name = " ".join(str(event.get("SUMMARY", "")).split())[:120]
        try:
            reading.days += _days(event, name, first=first, last=last)
        except _NotUnderstood as why:
            reading.problems.append((name or "–", str(why)))
        if len(reading.days) > MAX_FOUND:
            raise Invalid(
                "too_many_days_found", f"The file has more than {MAX_FOUND} days in this time: choose fewer years."
            )
    return reading


def _events(data: bytes) -> Iterator[Component]:
    if len(data) > MAX_BYTES:
        raise Invalid(
            "file_too_large", f"The file is larger than {MAX_BYTES // 1000} kB.", fields={"file": "too large"}
        )
    try:
        found = Calendar.from_ical(_ZONES.sub(b"", data), multiple=True)
        yield from (event for calendar in found for event in calendar.walk("VEVENT"))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Invalid(
            "no_calendar_file",
            "This is not a calendar file: choose one that ends in .ics.",
            fields={"file": "not readable"},
        ) from None
    if not found:
        raise Invalid(
            "no_calendar_file",
            "This is not a calendar file: choose one that ends in .ics.",
            fields={"file": "not readable"},
        )


def _days(event: Component, name: str, *, first: date, last: date) -> Iterator[Day]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    start = _whole_day(event, "DTSTART")
    length = _length(event, start)
    if "RECURRENCE-ID" in event:
        raise _NotUnderstood("ical_exception")
    begins = first - timedelta(days=length)
    skipped = set(_listed(event, "EXDATE"))
    for begin in sorted({*_occurrences(event, start, first=begins, last=last), *_listed(event, "RDATE")} - skipped):
        for number in range(length):
            day = begin + timedelta(days=number)
            if first <= day <= last:
                yield Day(day, name)


def _whole_day(event: Component, key: str) -> date:
    value = getattr(event.get(key), "dt", None)
    if isinstance(value, datetime):
        raise _NotUnderstood("ical_hours")
    if not isinstance(value, date):
        raise _NotUnderstood("ical_no_date")
    return value


def _length(event: Component, start: date) -> int:
    """Return how many days it takes; the end of an event of whole days is the day after it."""
    days = 1
    if "DTEND" in event:
        days = (_whole_day(event, "DTEND") - start).days
    elif "DURATION" in event:
        days = getattr(getattr(event["DURATION"], "dt", None), "days", 0)
    if not 1 <= max(days, 1) <= MAX_DAYS_OF_EVENT:
        raise _NotUnderstood("ical_long")
    return max(days, 1)


def _occurrences(event: Component, start: date, *, first: date, last: date) -> list[date]:
    rule = event.get("RRULE")
    if rule is None:
        return [start] if first <= start <= last else []
    if isinstance(rule, list):
        raise _NotUnderstood("ical_rules")
    return [at.date() for at in _unrolled(rule, start, first=first, last=last)]


def _unrolled(rule: Any, start: date, *, first: date, last: date) -> list[datetime]:
    """Return the days on which an event begins; rules that could unroll without end are not followed."""
    often = {str(each).upper() for each in rule.get("FREQ", ())}
    if not often <= _UNROLLED or not often or _FINE & {key.upper() for key in rule}:
        raise _NotUnderstood("ical_often")
    if start < OLDEST and often & _OFTEN:
        raise _NotUnderstood("ical_old")
    try:
        return [at for at in _bounded(rule, start, last=last) if at >= _at(first)]
    except (ValueError, TypeError, OverflowError, KeyError, IndexError):
        raise _NotUnderstood("ical_unreadable") from None


def _bounded(rule: Any, start: date, *, last: date) -> Iterator[datetime]:
    """Unroll a rule to `last` at most."""
    parts = {key.upper(): value for key, value in rule.items()}
    ends = [end.date() if isinstance(end, datetime) else end for end in parts.pop("UNTIL", ())]
    counts = [int(count) for count in parts.pop("COUNT", ())]
    if any(int(each) < 1 for each in parts.get("INTERVAL", ())):
        raise _NotUnderstood("ical_unreadable")
    # A rule that never matches is followed to the year 9999: bearable month by month, not day by day.
    if {str(each).upper() for each in parts["FREQ"]} & _OFTEN and not set(parts) <= _SIMPLE:
        raise _NotUnderstood("ical_special")
    text = str(vRecur(parts).to_ical(), "utf-8", "replace")  # type: ignore[no-untyped-call]
    until = _at(min([*ends, last]))
    found = rrulestr(f"{text};UNTIL={until:%Y%m%d}", dtstart=_at(start))
    return islice(found, min(counts)) if counts else iter(found)


def _at(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def _listed(event: Component, key: str) -> Iterator[date]:
    found = event.get(key) or []
    for part in found if isinstance(found, list) else [found]:
        for one in getattr(part, "dts", ()):
            value = one.dt
            if isinstance(value, datetime):
                yield value.date()
            elif isinstance(value, date):
                yield value
