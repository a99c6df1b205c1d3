"""ISO 8601 durations, repetitions and dates, as timers and forms write them.

Months and years are kept apart from exact time, because their length depends on the date they start from.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from app.workflow.language.lexer import LanguageError

MAX_LITERAL = 200
MAX_REPEATS = 1_000_000

_DURATION = re.compile(
    r"(?P<sign>[+-]?)P"
    r"(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,9}(?:[.,]\d{1,9})?)D)?"
    r"(?:T(?:(?P<hours>\d{1,9}(?:[.,]\d{1,9})?)H)?(?:(?P<minutes>\d{1,9}(?:[.,]\d{1,9})?)M)?(?:(?P<seconds>\d{1,12}(?:[.,]\d{1,9})?)S)?)?",
    re.ASCII,
)
_DATE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?(?P<zone>Z|z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_CYCLE = re.compile(r"R(?P<count>-1|\d*)/(?P<rest>.+)", re.ASCII | re.DOTALL)


class DurationError(LanguageError):
    """The text is not the ISO 8601 form it should be."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time: calendar months plus an exact part."""

    months: int
    delta: timedelta

    def add_to(self, moment: datetime) -> datetime:
        """The moment this much later; the 31st plus a month ends on the month's last day. DurationError past the year 9999."""
        try:
            return _add_months(moment, self.months) + self.delta
        except (OverflowError, ValueError):
            raise DurationError("The time lies beyond the years 1 to 9999.") from None

    def as_timedelta(self) -> timedelta:
        """The exact length. DurationError when months are in it: their length depends on the date."""
        if self.months:
            raise DurationError("Months and years have no fixed length here; write days, hours, minutes or seconds.")
        return self.delta

    def isoformat(self) -> str:
        """The ISO 8601 text of it."""
        negative = self.months < 0 or (self.months == 0 and self.delta < timedelta(0))
        months, delta = (-self.months, -self.delta) if negative else (self.months, self.delta)
        years, months = divmod(months, 12)
        hours, rest = divmod(delta.seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        second = f"{seconds}.{delta.microseconds:06d}".rstrip("0") if delta.microseconds else str(seconds)
        day = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (delta.days, "D")) if n)
        clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (second, "S")) if n not in (0, "0"))
        body = day + (f"T{clock}" if clock else "")
        return f"{'-' if negative else ''}P{body or 'T0S'}"

    def __neg__(self) -> Duration:
        return Duration(-self.months, -self.delta)

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Duration):
            return Duration(self.months + other.months, self.delta + other.delta)
        if isinstance(other, timedelta):
            return Duration(self.months, self.delta + other)
        if isinstance(other, datetime):
            return self.add_to(other)
        if isinstance(other, date):
            return self.add_to(datetime.combine(other, time())).date()
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, (Duration, timedelta)):
            return self + (-other)
        return NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return (-self) + other


def _add_months(moment: datetime, months: int) -> datetime:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1] if 1 <= year <= 9999 else 1
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repetition: `count` times (None: without end), each `every` after the one before.

    `start` is the moment of the first one; without it the first one comes one `every` after the timer began.
    `end`, when given, is the moment after which none comes.
    """

    count: int | None
    every: Duration
    start: datetime | None = None
    end: datetime | None = None


def is_duration(text: str) -> bool:
    """Whether the text is written like an ISO 8601 duration (`P1DT2H`)."""
    return len(text) <= MAX_LITERAL and _DURATION.fullmatch(text.strip()) is not None and _has_parts(text.strip())


def is_date(text: str) -> bool:
    """Whether the text is written like an ISO 8601 date or date and time."""
    return len(text) <= MAX_LITERAL and _DATE.fullmatch(text.strip()) is not None


def is_cycle(text: str) -> bool:
    """Whether the text is written like an ISO 8601 repetition (`R3/PT10M`)."""
    match = _CYCLE.fullmatch(text.strip()) if len(text) <= MAX_LITERAL else None
    return match is not None and all(is_duration(part) or is_date(part) for part in match["rest"].split("/"))


def is_time_literal(text: str) -> bool:
    """Whether the whole text is a duration, date or repetition, and so needs no quotes."""
    return is_duration(text) or is_date(text) or is_cycle(text)


def _has_parts(text: str) -> bool:
    return any(ch.isdigit() for ch in text) and not text.endswith("T")


def parse_duration(text: str) -> Duration:
    """Read `P1Y2M3W4DT5H6M7.5S` (any part may be missing, a minus may stand before). DurationError otherwise."""
    if not is_duration(text):
        raise DurationError(f"{_shown(text)} is not a duration; write for example PT4H, P2D or P1DT12H.")
    match = _DURATION.fullmatch(text.strip())
    parts = (
        {key: float((value or "0").replace(",", ".")) for key, value in match.groupdict().items() if key != "sign"}
        if match
        else {}
    )
    sign = -1 if text.strip().startswith("-") else 1
    try:
        delta = timedelta(
            weeks=parts["weeks"],
            days=parts["days"],
            hours=parts["hours"],
            minutes=parts["minutes"],
            seconds=parts["seconds"],
        )
    except OverflowError:
        raise DurationError(f"{_shown(text)} is longer than can be counted.") from None
    return Duration(sign * int(parts["years"] * 12 + parts["months"]), sign * delta)


def parse_date(text: str, *, zone: Any = UTC) -> datetime:
    """Read `2026-01-31`, `2026-01-31T09:30:00Z` or with an offset, as an aware time.

    A time without an offset is taken in `zone` (UTC unless given). DurationError when it is no such date.
    """
    match = _DATE.fullmatch(text.strip()) if len(text) <= MAX_LITERAL else None
    if match is None:
        raise DurationError(f"{_shown(text)} is not a date; write for example 2026-01-31 or 2026-01-31T09:30:00Z.")
    try:
        day = date.fromisoformat(match["date"])
        clock = time(
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            int((match["fraction"] or "0").ljust(6, "0")[:6]),
        )
        return datetime.combine(day, clock, tzinfo=_zone(match["zone"]) or zone)
    except ValueError:
        raise DurationError(f"{_shown(text)} names a day or time that does not exist.") from None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def parse_cycle(text: str) -> Cycle:
    """Read `R3/PT10M`, `R/2026-01-01T00:00Z/P1D`, `R2/P1D/2026-02-01`; `R/` and `R-1` mean without end. DurationError otherwise."""
    match = _CYCLE.fullmatch(text.strip()) if len(text) <= MAX_LITERAL else None
    if match is None:
        raise DurationError(
            f"{_shown(text)} is not a repetition; write for example R3/PT10M or R/2026-01-01T08:00:00Z/P1D."
        )
    count = None if match["count"] in {"", "-1"} else int(match["count"])
    if count is not None and count > MAX_REPEATS:
        raise DurationError(f"A timer repeats at most {MAX_REPEATS} times.")
    every, start, end = _interval(match["rest"].split("/"), text)
    if every.months <= 0 and every.delta <= timedelta(0):
        raise DurationError(f"{_shown(text)} repeats without any time between; write a duration above zero.")
    return Cycle(count, every, start, end)


def _interval(parts: list[str], text: str) -> tuple[Duration, datetime | None, datetime | None]:
    kinds = ["duration" if is_duration(part) else "date" if is_date(part) else "?" for part in parts]
    if kinds == ["duration"]:
        return parse_duration(parts[0]), None, None
    if kinds == ["date", "duration"]:
        return parse_duration(parts[1]), parse_date(parts[0]), None
    if kinds == ["duration", "date"]:
        return parse_duration(parts[0]), None, parse_date(parts[1])
    if kinds == ["date", "date"]:
        first, second = parse_date(parts[0]), parse_date(parts[1])
        return Duration(0, second - first), first, None
    raise DurationError(f"{_shown(text)} is not a repetition; after R3/ comes a duration, or a start and a duration.")


def _shown(text: str) -> str:
    cleaned = " ".join(text[:60].split())
    return f"“{cleaned}{'…' if len(text) > 60 else ''}”"
