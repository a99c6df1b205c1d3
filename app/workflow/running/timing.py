"""When a timer is due: dates, durations and cycles on the host's clock, plain or in business time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.workflow.language import durations
from app.workflow.language.durations import Duration, DurationError
from app.workflow.running import expressions
from app.workflow.running.types import Host


@dataclass(frozen=True, slots=True)
class Schedule:
    """A running timer: when it is due, how often it still fires (None: without end), the span between, the last day,
    and for a plain duration since when it counts.
    """

    due: datetime
    left: int | None
    every: str | None = None
    until: str | None = None
    since: datetime | None = None


def plan(event: Mapping[str, Any], *, names: Mapping[str, Any], host: Host) -> Schedule:
    """The schedule of a timer that starts now. Raises DurationError or ExpressionError for a text that is no time."""
    value = expressions.resolve(event["text"], names)
    if event["kind"] == "date":
        return Schedule(_moment(value), 1)
    if event["kind"] == "duration":
        now = host.now()
        return Schedule(_after(now, _span(value), event=event, host=host), 1, since=now)
    return _cycle(str(value), event=event, host=host)


def _cycle(text: str, *, event: Mapping[str, Any], host: Host) -> Schedule:
    cycle = durations.parse_cycle(text)
    if cycle.count == 0:
        raise DurationError(f"The timer repeats zero times ({text}); write how often it fires, for example R3/PT10M.")
    due = cycle.start or _after(host.now(), cycle.every, event=event, host=host)
    until = cycle.end.isoformat() if cycle.end else None
    return Schedule(due, cycle.count, cycle.every.isoformat(), until)


def again(schedule: Schedule, event: Mapping[str, Any], *, names: Mapping[str, Any], host: Host) -> Schedule:
    """The schedule of a running duration as it would be had it begun with what `names` say now: its clock is not
    started anew. Dates and cycles stay. Raises DurationError or ExpressionError for a text that is no time.
    """
    if event["kind"] != "duration" or schedule.since is None:
        return schedule
    span = _span(expressions.resolve(event["text"], names))
    return replace(schedule, due=_after(schedule.since, span, event=event, host=host))


def following(schedule: Schedule, *, event: Mapping[str, Any], host: Host) -> Schedule | None:
    """The schedule after a firing, counted from the due time so that it does not drift; None when it was the last."""
    left = None if schedule.left is None else schedule.left - 1
    if schedule.every is None or left == 0:
        return None
    due = _after(schedule.due, durations.parse_duration(schedule.every), event=event, host=host)
    if schedule.until is not None and due > datetime.fromisoformat(schedule.until):
        return None
    return Schedule(due, left, schedule.every, schedule.until)


def _after(start: datetime, span: Duration, *, event: Mapping[str, Any], host: Host) -> datetime:
    if event.get("calendar"):
        return host.add_business_time(start, span.as_timedelta())
    return span.add_to(start)


def _span(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, timedelta):
        return Duration(0, value)
    if isinstance(value, str):
        return durations.parse_duration(value)
    raise DurationError(f"The timer needs a duration such as PT4H, but its expression gave {type(value).__name__}.")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    if isinstance(value, str):
        return durations.parse_date(value)
    raise DurationError(f"The timer needs a date, but its expression gave {type(value).__name__}.")


def iso_text(value: Any) -> str:
    """A due time as text: the ISO form of a duration or date that an expression gave, or the text itself."""
    if isinstance(value, timedelta):
        value = Duration(0, value)
    return value.isoformat() if isinstance(value, (Duration, date)) else str(value)


def to_dict(schedule: Schedule) -> dict[str, Any]:
    """The JSON form kept on a waiting token."""
    raw: dict[str, Any] = {"due": schedule.due.isoformat(), "left": schedule.left}
    if schedule.every is not None:
        raw["every"] = schedule.every
    if schedule.until is not None:
        raw["until"] = schedule.until
    if schedule.since is not None:
        raw["since"] = schedule.since.isoformat()
    return raw


def from_dict(raw: Mapping[str, Any]) -> Schedule:
    """Restores a schedule from a waiting token."""
    since = datetime.fromisoformat(raw["since"]) if "since" in raw else None
    return Schedule(datetime.fromisoformat(raw["due"]), raw["left"], raw.get("every"), raw.get("until"), since)
