"""The clocks of service levels: rows that run, rest, are met or breached, each change on the case's record.

A clock keeps the stretches in which it ran, so that its due time can be told again at any moment, and after a change of the
promise. Whoever calls holds the case's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from app import events, schedule
from app.clock import utcnow
from app.db import run, session
from app.sla import service as sla
from app.sla import ticking
from app.sla.models import SlaClock, SlaPolicy

JOB = "sla"


class ClockState(StrEnum):
    """Where a clock stands; whether it is late is told by `breached_at`."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    DROPPED = "dropped"


def alarm(clock_id: int) -> str:
    """Return the key of a clock's timer."""
    return f"sla:{clock_id}"


def open_clocks(case_id: int) -> list[SlaClock]:
    """Return the clocks of a case that have not ended."""
    wanted = select(SlaClock).where(SlaClock.case_id == case_id, SlaClock.ended_at.is_(None))
    return list(session().scalars(wanted.order_by(SlaClock.id)))


def of_case(case_id: int) -> list[Any]:
    """Return all clocks of a case as rows, in the order in which they began."""
    return list(run("select * from sla_clocks where case_id = %(case)s order by id", {"case": case_id}))


def find(clock_id: int) -> SlaClock | None:
    """Return a clock, if there is one."""
    return session().get(SlaClock, clock_id)


def start(case_id: int, kind: str, *, policy: SlaPolicy, calendar_id: int, at: datetime) -> SlaClock:
    """Start a clock. Records `sla_started`."""
    clock = ticking.begin(kind, policy=policy, calendar_id=calendar_id, at=at)
    clock.case_id = case_id
    session().add(clock)
    _count(clock, policy)
    _record(clock, "sla_started", due=_text(clock.due_at))
    return clock


def promise(clock: SlaClock, policy: SlaPolicy, *, calendar_id: int) -> None:
    """Count a clock again, from when it began, by another promise. Records `sla_changed` when its due time moves."""
    before = (clock.policy_id, clock.due_at, clock.target)
    ticking.promise(clock, policy, calendar_id=calendar_id)
    _count(clock, policy)
    if before != (clock.policy_id, clock.due_at, clock.target):
        _record(clock, "sla_changed", due=_text(clock.due_at))


def pause(clock: SlaClock, *, why: str) -> None:
    """Let a clock rest. Records `sla_paused`."""
    if not ticking.rest(clock, utcnow(), why=why):
        return
    schedule.cancel_timer(alarm(clock.id))
    _record(clock, "sla_paused", reason=why)


def resume(clock: SlaClock, policy: SlaPolicy) -> None:
    """Let a clock run again. Records `sla_resumed`."""
    if not ticking.run(clock, utcnow()):
        return
    _count(clock, policy)
    _record(clock, "sla_resumed", due=_text(clock.due_at))


def end(clock: SlaClock, state: ClockState) -> None:
    """End a clock, met or not needed any more. Records `sla_met`, with whether it was late, or `sla_dropped`."""
    if ticking.end(clock, state, utcnow()) and clock.breached_at is None:
        breach(clock)
    schedule.cancel_timer(alarm(clock.id))
    _record(clock, "sla_met" if state is ClockState.MET else "sla_dropped", late=clock.breached_at is not None)


def warn(clock: SlaClock) -> None:
    """Note that a clock's time is nearly up. Records `sla_warned`."""
    clock.warned_at = utcnow()
    set_alarm(clock)
    _record(clock, "sla_warned", due=_text(clock.due_at))


def breach(clock: SlaClock) -> None:
    """Note that a clock's time is up; it goes on until it is met. Records `sla_breached`."""
    clock.breached_at = utcnow()
    set_alarm(clock)
    _record(clock, "sla_breached", due=_text(clock.due_at))


def set_alarm(clock: SlaClock) -> None:
    """Ring when the clock has to warn, else when its time is up; not at all when it rests or has done both."""
    at = None
    if clock.state == ClockState.RUNNING and clock.breached_at is None:
        at = clock.due_at if clock.warned_at or clock.warn_at is None else clock.warn_at
    if at is None:
        schedule.cancel_timer(alarm(clock.id))
    else:
        schedule.set_timer(alarm(clock.id), at, job=JOB, ref=clock.id)


def _count(clock: SlaClock, policy: SlaPolicy) -> None:
    ticking.count(clock, sla.calendar(clock.calendar_id), warn_percent=policy.warn_percent)
    session().flush()
    set_alarm(clock)


def _record(clock: SlaClock, kind: str, **data: object) -> None:
    session().flush()
    events.record(kind, chain=f"case:{clock.case_id}", clock=clock.kind, policy=clock.policy_name, **data)


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def nearest(found: Sequence[SlaClock]) -> SlaClock | None:
    """Return the running clock that is due first, else one that rests."""
    running = [clock for clock in found if clock.due_at is not None and clock.state == ClockState.RUNNING]
    if running:
        return min(running, key=lambda clock: (clock.due_at, clock.id))
    return next((clock for clock in found if clock.state == ClockState.PAUSED), None)
