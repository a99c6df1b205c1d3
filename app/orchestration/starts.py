"""Processes that start by time: each start event with a timer of a published version is a row, and opens a case when it is due.

The row's own due time decides, under its lock: a job that comes early, twice, or after a roll-back finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import events, schedule
from app.cases import service as cases
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, NotFound
from app.events import SYSTEM
from app.orchestration import driving, entry
from app.orchestration.models import ScheduledStart
from app.routing import service as routing
from app.sla import service as sla
from app.workflow import definitions, running
from app.workflow.running import TimedStart

JOB = "start"
CHANNEL = "schedule"
NEEDED = frozenset({entry.DEFAULT_PROCESS, driving.WORK_ORDER_PROCESS})


@dataclass(frozen=True, slots=True)
class _Clock:
    """The present, and the opening hours of the queue that the cases go to."""

    queue: str

    def now(self) -> datetime:
        """Return the present."""
        return utcnow()

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Count in the calendar of the queue."""
        return sla.add_business_time(routing.queue(self.queue).calendar_id, start, duration)


def arrange(key: str) -> None:
    """Replace the due times of a process by those of its published version; with none published they stop.

    A start event that stands there unchanged keeps its rhythm. Records `start_scheduled` for each.
    """
    old = {row.element_id: row for row in _rows(key, locked=True)}
    for row in old.values():
        schedule.cancel_timer(_alarm(row))
        session().delete(row)
    session().flush()
    try:
        definition = definitions.published(key)
    except NotFound:
        return
    for start in _timed(definition):
        _arrange_one(definition, start, old.get(start.element_id))


def _timed(definition: definitions.Compiled) -> list[TimedStart]:
    return running.timed_starts(definition.code, digest=definition.digest, process_id=definition.process_id or None)


def _arrange_one(definition: definitions.Compiled, start: TimedStart, old: ScheduledStart | None) -> None:
    was = old.plan if old is not None else None
    plan = was["schedule"] if was and was["event"] == dict(start.event) else running.first(start, _clock(start))
    if plan is None:
        return
    row = ScheduledStart(
        definition_id=definition.definition_id, key=definition.key, element_id=start.element_id, name=start.name,
        plan={"schedule": plan, "event": dict(start.event)}, due_at=datetime.fromisoformat(plan["due"]),
        fired=old.fired if old is not None else 0,
    )  # fmt: skip
    session().add(row)
    session().flush()
    schedule.set_timer(_alarm(row), row.due_at, job=JOB, ref=row.id)
    events.record(
        "start_scheduled", chain=f"process:{definition.key}", version=definition.version, element=start.element_id,
        due_at=row.due_at.isoformat(),
    )  # fmt: skip


def _clock(start: TimedStart) -> _Clock:
    return _Clock(start.case.get("queue", ""))


def _alarm(row: ScheduledStart) -> str:
    return f"start:{row.id}"


def _rows(key: str, *, locked: bool = False) -> Sequence[ScheduledStart]:
    query = select(ScheduledStart).where(ScheduledStart.key == key).order_by(ScheduledStart.due_at, ScheduledStart.id)
    return session().scalars(query.with_for_update() if locked else query).all()


def upcoming(key: str) -> Sequence[ScheduledStart]:
    """Return when this process starts by itself, next first."""
    return _rows(key)


def fire(start_id: int) -> bool:
    """Open the case of a start that is due and set the next one; False when it is not due, or was replaced meanwhile.

    Occurrences that passed while the desk stood still are not made up for: the one case says how many there were.
    """
    row = session().scalar(select(ScheduledStart).where(ScheduledStart.id == start_id).with_for_update())
    if row is None:
        schedule.cancel_timer(f"start:{start_id}")
        return False
    if row.due_at > utcnow():
        return False
    definition = definitions.compiled(row.definition_id)
    start = next(found for found in _timed(definition) if found.element_id == row.element_id)
    coming, missed = running.after(row.plan["schedule"], start, _clock(start))
    cause: dict[str, Any] = {
        "process": f"{definition.key} v{definition.version}", "element": row.element_id, "due_at": row.due_at.isoformat()
    }  # fmt: skip
    if missed:
        cause["missed"] = missed
    with events.acting(SYSTEM, cause):
        _open(definition, start)
    _set_next(row, coming)
    return True


def _open(definition: definitions.Compiled, start: TimedStart) -> None:
    queue = routing.queue(start.case.get("queue", ""))
    subject = start.case.get("subject") or " · ".join(filter(None, (definition.name, start.name)))
    case = cases.open_case(
        subject=subject, channel=CHANNEL, contact_id=None, contact_name="", auto="none", queue_key=queue.key,
        team_id=queue.team_id,
    )  # fmt: skip
    driving.start_by_timer(case, definition, element_id=start.element_id)


def _set_next(row: ScheduledStart, coming: dict[str, Any] | None) -> None:
    if coming is None:
        schedule.cancel_timer(_alarm(row))
        session().delete(row)
        return
    row.plan = {**row.plan, "schedule": coming}
    row.due_at = datetime.fromisoformat(coming["due"])
    row.fired += 1
    session().flush()
    schedule.set_timer(_alarm(row), row.due_at, job=JOB, ref=row.id)


def withdraw(key: str) -> None:
    """Let no case start with this process any more, by mail or by time. Raises Conflict while something needs it."""
    if key in NEEDED:
        raise Conflict("process_needed", "The desk cannot do without this process. Publish another version instead.")
    if any(rule.definition_key == key and rule.is_enabled for rule in entry.rules()):
        raise Conflict("process_needed", "An entry rule starts this process. Remove the rule first.")
    definitions.withdraw(key)
