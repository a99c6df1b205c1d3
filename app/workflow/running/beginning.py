"""Start events with a timer: what an instance cannot wait for, because there is none yet. The desk keeps their due times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from app.workflow.importing.starts import CASE_COMES_IN
from app.workflow.language import durations
from app.workflow.running import timing
from app.workflow.running.graph import definition
from app.workflow.running.timing import Schedule
from app.workflow.running.types import Host

#: So many occurrences are gone through one by one, where they cannot be counted by dividing.
MAX_SKIPPED = 5_000


class Clock(Protocol):
    """What a schedule needs of the world."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        ...

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """The moment when that much business time has passed since `start`."""
        ...


@dataclass(frozen=True, slots=True)
class TimedStart:
    """A start event with a timer. `case` is what the diagram says about the case it opens: subject and queue."""

    element_id: str
    name: str
    event: Mapping[str, Any]
    case: Mapping[str, str]


def timed_starts(compiled: bytes, *, digest: str, process_id: str | None) -> list[TimedStart]:
    """The start events of a process that a timer fires."""
    graph = definition(compiled, digest=digest)
    return [
        TimedStart(node.id, node.title, event, node.raw.get("case", {}))
        for node in graph.inner(graph.process(process_id))
        if node.kind == "start"
        for event in node.events[:1]
        if event["t"] == "timer"
    ]


def opening(compiled: bytes, *, digest: str, process_id: str | None) -> str | None:
    """The start event at which a process begins when a case comes in. None: its plain start, or nothing at all.

    Where only messages start it, the interaction that opens the case is that message: the one whose start event names
    `customer_message`, else the first that is drawn.
    """
    graph = definition(compiled, digest=digest)
    node = graph.process(process_id)
    begins = [child for child in graph.inner(node) if child.kind == "start"]
    if node.raw.get("implicit") or not begins or not all(child.events for child in begins):
        return None
    heard = [child for child in begins if child.events[0]["t"] == "message"]
    if any(child.events[0]["t"] in {"timer", "conditional"} for child in begins) and not heard:
        return None
    named = [child for child in heard if child.events[0]["name"] == CASE_COMES_IN]
    return next((child.id for child in (*named, *heard)), None)


def first(start: TimedStart, clock: Clock) -> dict[str, Any] | None:
    """The schedule of a start that is published now, as plain JSON with `due` and `left`; None when all of it is past."""
    host = cast(Host, clock)
    schedule = timing.plan(start.event, names={}, host=host)
    coming = schedule if schedule.due > clock.now() else _coming(schedule, start, clock)[0]
    return timing.to_dict(coming) if coming is not None else None


def after(schedule: Mapping[str, Any], start: TimedStart, clock: Clock) -> tuple[dict[str, Any] | None, int]:
    """The schedule after a firing, and how many occurrences before now were missed; None when it was the last."""
    coming, missed = _coming(timing.from_dict(schedule), start, clock)
    return (timing.to_dict(coming) if coming is not None else None), missed


def _coming(schedule: Schedule, start: TimedStart, clock: Clock) -> tuple[Schedule | None, int]:
    host, now, missed = cast(Host, clock), clock.now(), 0
    here, jumped = _jump(schedule, start, now)
    coming = timing.following(here, event=start.event, host=host)
    while coming is not None and coming.due <= now and missed < MAX_SKIPPED:
        coming, missed = timing.following(coming, event=start.event, host=host), missed + 1
    return coming, missed + jumped


def _jump(schedule: Schedule, start: TimedStart, now: datetime) -> tuple[Schedule, int]:
    """Passes over the occurrences between the last one and now by dividing, where the span is always the same."""
    span = durations.parse_duration(schedule.every) if schedule.every is not None else None
    if span is None or span.months or start.event.get("calendar") or schedule.due >= now:
        return schedule, 0
    count = (now - schedule.due) // span.delta
    count = min(count, schedule.left - 1) if schedule.left is not None else count
    left = schedule.left - count if schedule.left is not None else None
    return replace(schedule, due=schedule.due + span.delta * count, left=left), count
