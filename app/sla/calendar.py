"""Business calendars: when a desk is open, and arithmetic in open time.

Owns the pure part of business time. A moment is *open* when the wall clock of the calendar's time zone, read at that
moment, falls in one of the day's opening spans; open time is the real time that passes while it is open. On the days
when clocks change, a span is therefore an hour shorter or longer, exactly as people at the desk live it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Span = tuple[time, time]
Interval = tuple[datetime, datetime]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0, 0)
_DAY = timedelta(days=1)
_ZERO = timedelta(0)
# Local dates differ from UTC dates by at most this much anywhere on Earth.
_MAX_OFFSET = timedelta(hours=15)
_CACHED_DAYS = 4096
_SEARCH_DAYS = 3660
_SPAN = re.compile(r"^\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$")


class CalendarError(ValueError):
    """The calendar's description is wrong, or a question to it has no answer; the text says what to change."""


@dataclass(frozen=True)
class Calendar:
    """Opening hours of a week in one time zone, with the days that differ from it.

    `weekly` maps weekday (0 = Monday) to spans of wall-clock times; an end of 00:00 means midnight at the end of the
    day. `holidays` are closed; `extra_days` replaces the weekly hours of single dates (a working Saturday, a half day)
    and wins over `holidays`. Raises CalendarError for an unknown zone and for spans that are empty or overlap.
    """

    timezone: str
    weekly: Mapping[int, Iterable[Span]]
    holidays: frozenset[date] = frozenset()
    extra_days: Mapping[date, Iterable[Span]] = field(default_factory=dict)
    _zone: ZoneInfo = field(init=False, repr=False, compare=False)
    _days: dict[date, tuple[Interval, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        weekly = {day: _checked_spans(spans, WEEKDAYS[day]) for day, spans in sorted(self.weekly.items())}
        extra = {day: _checked_spans(spans, day.isoformat()) for day, spans in sorted(self.extra_days.items())}
        object.__setattr__(self, "weekly", MappingProxyType(weekly))
        object.__setattr__(self, "extra_days", MappingProxyType(extra))
        object.__setattr__(self, "holidays", frozenset(self.holidays))
        object.__setattr__(self, "_zone", _zone(self.timezone))

    def __hash__(self) -> int:
        return hash((self.timezone, tuple(self.weekly.items()), self.holidays, tuple(self.extra_days.items())))

    def is_open(self, at: datetime) -> bool:
        """Whether the desk is open at this moment (an aware time)."""
        moment = _utc(at)
        local = moment.astimezone(self._zone).date()
        return any(opens <= moment < closes for opens, closes in self._intervals(local))

    def next_open(self, at: datetime) -> datetime:
        """The earliest open moment that is not before `at`, in UTC; CalendarError when there is none in ten years."""
        moment = _utc(at)
        for opens, closes in self._from(moment):
            if closes > moment:
                return max(opens, moment)
        raise self._never_open()

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest moment by which `duration` of open time has passed since `start`, in UTC.

        A duration of zero gives `start` itself, open or not. Raises CalendarError for a negative duration and when the
        calendar has too few open hours in the ten years after `start`.
        """
        moment = _utc(start)
        if duration < _ZERO:
            raise CalendarError("A business duration cannot be negative; give a time limit of zero or more.")
        if not duration:
            return moment
        left = duration
        for opens, closes in self._from(moment):
            begin = max(opens, moment)
            open_for = closes - begin
            if open_for >= left:
                return begin + left
            if open_for > _ZERO:
                left -= open_for
        raise self._never_open()

    def business_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Open time that passes from `start` to `end`; negative when `end` comes first."""
        first, last = _utc(start), _utc(end)
        if last < first:
            return -self.business_time_between(last, first)
        total = _ZERO
        # The days beside them too: clocks that go back over midnight let moments of two days take turns.
        day = _beside(first.astimezone(self._zone).date(), -_DAY)
        final = _beside(last.astimezone(self._zone).date(), _DAY)
        while day <= final:
            for opens, closes in self._intervals(day):
                begin, stop = max(opens, first), min(closes, last)
                if stop > begin:
                    total += stop - begin
            if day == date.max:
                break
            day += _DAY
        return total

    def _from(self, moment: datetime) -> Iterable[Interval]:
        """Yield intervals in the order in which they pass; where clocks go back over midnight those of two days take turns."""
        day = _beside(moment.astimezone(self._zone).date(), -_DAY)
        held = self._intervals(day)
        for _ in range(_SEARCH_DAYS):
            if date.max - day < _DAY:
                break
            day += _DAY
            following = self._intervals(day)
            if held and following and following[0][0] < held[-1][1]:
                held = tuple(sorted((*held, *following)))
                continue
            yield from held
            held = following
        yield from held

    def _intervals(self, day: date) -> tuple[Interval, ...]:
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            known = self._days[day] = self._compute(day)
        return known

    def _spans(self, day: date) -> tuple[Span, ...]:
        if day in self.extra_days:
            return tuple(self.extra_days[day])
        if day in self.holidays:
            return ()
        return tuple(self.weekly.get(day.weekday(), ()))

    def _compute(self, day: date) -> tuple[Interval, ...]:
        spans = self._spans(day)
        if not spans:
            return ()
        found = []
        for begin, stop, offset in _pieces(self._zone, day):
            for opens, closes in spans:
                first = max(begin, _at(day, opens) - offset)
                last = min(stop, _at(day + _DAY if closes == _MIDNIGHT else day, closes) - offset)
                if first < last:
                    found.append((first, last))
        return tuple(sorted(found))

    def _never_open(self) -> CalendarError:
        return CalendarError(
            f"The calendar ({self.timezone}) has too few open hours for this time limit in ten years; "
            "give it weekly opening hours."
        )


def default_calendar(timezone: str = "UTC") -> Calendar:
    """Monday to Friday, 9 to 18, no holidays."""
    return Calendar(timezone, {day: [(time(9), time(18))] for day in range(5)})


def always_open(timezone: str = "UTC") -> Calendar:
    """Round the clock on every day: business time is then plain elapsed time."""
    return Calendar(timezone, {day: [(_MIDNIGHT, _MIDNIGHT)] for day in range(7)})


def calendar_from_spec(spec: Mapping[str, Any]) -> Calendar:
    """Build a calendar from its JSON description.

    `{"timezone": "Asia/Shanghai", "weekly": {"mon": ["09:00-12:00", "13:00-18:00"]}, "holidays": ["2026-10-01"],
    "extra_days": {"2026-10-10": ["09:00-18:00"]}}`; "00:00-24:00" is a whole day. Raises CalendarError that names
    every problem found.
    """
    problems: list[str] = []
    weekly: dict[int, list[Span]] = {}
    for name, spans in _mapping(spec, "weekly", problems).items():
        if name in WEEKDAYS:
            weekly[WEEKDAYS.index(name)] = _parse_spans(spans, name, problems)
        else:
            problems.append(f"“{name}” is not a weekday; use {', '.join(WEEKDAYS)}.")
    extra: dict[date, list[Span]] = {}
    for name, spans in _mapping(spec, "extra_days", problems).items():
        day = _parse_date(name, problems)
        if day:
            extra[day] = _parse_spans(spans, name, problems)
    holidays = {day for name in spec.get("holidays") or () if (day := _parse_date(name, problems))}
    if problems:
        raise CalendarError(" ".join(problems))
    return Calendar(str(spec.get("timezone") or "UTC"), weekly, frozenset(holidays), extra)


def calendar_to_spec(calendar: Calendar) -> dict[str, Any]:
    """The JSON description that `calendar_from_spec` reads back to an equal calendar."""
    return {
        "timezone": calendar.timezone,
        "weekly": {WEEKDAYS[day]: _span_texts(spans) for day, spans in calendar.weekly.items()},
        "holidays": sorted(day.isoformat() for day in calendar.holidays),
        "extra_days": {day.isoformat(): _span_texts(spans) for day, spans in calendar.extra_days.items()},
    }


def _pieces(zone: ZoneInfo, day: date) -> list[tuple[datetime, datetime, timedelta]]:
    """Stretches of constant UTC offset that cover every moment whose local date may be `day`."""
    midnight = _at(day, _MIDNIGHT)
    edges = [midnight - _MAX_OFFSET, midnight + _DAY + _MAX_OFFSET]
    if _offset(zone, edges[0]) == _offset(zone, edges[1]) == _offset(zone, midnight):
        return [(edges[0], edges[1], _offset(zone, midnight))]
    hours = int((edges[1] - edges[0]) / timedelta(hours=1))
    marks = [edges[0] + timedelta(hours=hour) for hour in range(hours + 1)]
    changes = [
        _change(zone, before, after)
        for before, after in pairwise(marks)
        if _offset(zone, before) != _offset(zone, after)
    ]
    bounds = [edges[0], *changes, edges[1]]
    return [(a, b, _offset(zone, a)) for a, b in pairwise(bounds)]


def _beside(day: date, step: timedelta) -> date:
    """The day before or after; at the ends of the calendar the day itself."""
    try:
        return day + step
    except OverflowError:
        return day


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the zone leaves the offset that it had at `before`."""
    seconds = range(int((after - before).total_seconds()) + 1)
    old = _offset(zone, before)
    index = bisect_right(seconds, 0, key=lambda s: int(_offset(zone, before + timedelta(seconds=s)) != old))
    return before + timedelta(seconds=index)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _ZERO


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, UTC)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.utcoffset() is None:
        raise CalendarError("A calendar needs times with a time zone; this one has none.")
    return moment.astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CalendarError(f"“{name}” is not a known time zone; use a name such as Europe/Berlin.") from error


def _checked_spans(spans: Iterable[Span], where: str) -> tuple[Span, ...]:
    ordered = tuple(sorted((opens, closes) for opens, closes in spans))
    previous = _MIDNIGHT
    for number, (opens, closes) in enumerate(ordered):
        ends = time.max if closes == _MIDNIGHT else closes
        if opens >= ends:
            raise CalendarError(f"{where}: opening hours must end after they begin; split a night shift at midnight.")
        if number and opens < previous:
            raise CalendarError(f"{where}: opening hours overlap; merge them.")
        previous = ends
    return ordered


def _mapping(spec: Mapping[str, Any], key: str, problems: list[str]) -> Mapping[str, Any]:
    value = spec.get(key) or {}
    if isinstance(value, Mapping):
        return value
    problems.append(f"“{key}” must map days to opening hours.")
    return {}


def _parse_date(text: object, problems: list[str]) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        problems.append(f"“{text}” is not a date; write it as 2026-12-31.")
        return None


def _parse_spans(texts: Any, where: str, problems: list[str]) -> list[Span]:
    spans = []
    for text in texts if isinstance(texts, (list, tuple)) else [texts]:
        match = _SPAN.match(str(text))
        numbers = [int(part) for part in match.groups()] if match else []
        if numbers and numbers[2:] == [24, 0]:
            numbers[2] = 0
        if not numbers or max(numbers[0], numbers[2]) > 23 or max(numbers[1], numbers[3]) > 59:
            problems.append(f"{where}: “{text}” is not a time span; write it as 09:00-18:00.")
            continue
        spans.append((time(numbers[0], numbers[1]), time(numbers[2], numbers[3])))
    return spans


def _span_texts(spans: Iterable[Span]) -> list[str]:
    return [f"{opens:%H:%M}-{'24:00' if closes == _MIDNIGHT else f'{closes:%H:%M}'}" for opens, closes in spans]
