"""What happens to a clock when it rests, runs, ends or is promised anew: pure, on the clock alone, for the calendar at hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.sla import counting
from app.sla.calendar import Calendar, CalendarError
from app.sla.models import SlaClock, SlaPolicy

RUNNING, PAUSED = "running", "paused"


def begin(kind: str, *, policy: SlaPolicy, calendar_id: int, at: datetime) -> SlaClock:
    """Return a clock that runs since `at`; `count` tells when it is due."""
    return SlaClock(
        policy_id=policy.id, policy_name=policy.name, kind=kind, state=RUNNING, calendar_id=calendar_id,
        target=policy.targets[kind], spans=[], started_at=at, resumed_at=at, paused_why="",
    )  # fmt: skip


def promise(clock: SlaClock, policy: SlaPolicy, *, calendar_id: int) -> None:
    """Put a clock under another promise; `count` tells when it is due by it."""
    clock.policy_id, clock.policy_name, clock.calendar_id = policy.id, policy.name, calendar_id
    clock.target = policy.targets[clock.kind]


def rest(clock: SlaClock, now: datetime, *, why: str) -> bool:
    """Let a running clock rest; False when it does not run. A limit that has passed stays."""
    if clock.state != RUNNING or clock.resumed_at is None:
        return False
    _close(clock, now)
    clock.state, clock.paused_at, clock.paused_why = PAUSED, now, why
    if clock.due_at is None or clock.due_at > now:
        clock.due_at = clock.warn_at = None
    return True


def run(clock: SlaClock, now: datetime) -> bool:
    """Let a resting clock run; False when it does not rest. `count` tells when it is due then."""
    if clock.state != PAUSED:
        return False
    clock.state, clock.resumed_at, clock.paused_at, clock.paused_why = RUNNING, now, None, ""
    return True


def end(clock: SlaClock, state: str, now: datetime) -> bool:
    """End a clock; tells whether its limit had passed."""
    _close(clock, now)
    clock.state, clock.ended_at = state, now
    return clock.due_at is not None and clock.due_at < now


def _close(clock: SlaClock, now: datetime) -> None:
    if clock.resumed_at is not None:
        clock.spans = [*clock.spans, [clock.resumed_at.isoformat(), now.isoformat()]]
        clock.resumed_at = None


def stretches(clock: SlaClock) -> list[counting.Stretch]:
    """Return the stretches in which a clock has run, without the one that is open."""
    return [(datetime.fromisoformat(begin_), datetime.fromisoformat(end_)) for begin_, end_ in clock.spans]


def count(clock: SlaClock, calendar: Calendar, *, warn_percent: int | None) -> None:
    """Tell when a clock is due and when it warns; a calendar without enough open time leaves it without a limit."""
    target = timedelta(seconds=clock.target)
    clock.due_at = _due(clock, calendar, target)
    clock.warn_at = _due(clock, calendar, target * warn_percent / 100) if warn_percent else None


def _due(clock: SlaClock, calendar: Calendar, target: timedelta) -> datetime | None:
    try:
        return counting.due(calendar, target, stretches(clock), running_since=clock.resumed_at)
    except (CalendarError, OverflowError):
        return None
