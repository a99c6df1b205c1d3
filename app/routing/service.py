"""Queues: found by key, with their team and calendar."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app import events
from app.db import forget, known, run, session
from app.errors import Conflict, NotFound
from app.routing.models import Queue
from app.sla import service as sla

DEFAULT_QUEUE = "service"
_FIND = """select q.id, q.key, q.name, q.name_zh, q.team_id, q.calendar_id, t.key as team_key
 from queues q join teams t on t.id = q.team_id
 order by q.key = %(key)s desc, q.key = %(default)s desc, q.id limit 1"""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue as cases need it."""

    id: int
    key: str
    name: str
    name_zh: str
    team_id: int
    calendar_id: int
    team_key: str


def queue(key: str) -> QueueRow:
    """Return a queue by key, the default one for an empty or unknown key; raises NotFound when there is none at all."""
    return known(("queue", key), lambda: _find(key))


def _find(key: str) -> QueueRow:
    row = run(_FIND, {"key": key, "default": DEFAULT_QUEUE}, settled=False).fetchone()
    if row is None:
        raise NotFound("no_queue", "There is no queue yet: make one before mail comes in.")
    return QueueRow(*row)


def queues() -> list[Queue]:
    """Return all queues by name."""
    return list(session().scalars(select(Queue).order_by(Queue.name)))


def get_queue(queue_id: int) -> Queue:
    """Return a queue's row; raises NotFound."""
    row = session().get(Queue, queue_id)
    if row is None:
        raise NotFound("queue_unknown", "There is no such queue.")
    return row


def save_queue(
    key: str, *, name: str, team_id: int, calendar_id: int, name_zh: str = "", version: int | None = None,
    is_new: bool = False,
) -> Queue:  # fmt: skip
    """Make or change a queue. Records `queue_saved`.

    Raises Invalid, and Conflict when it is no longer the `version` that was shown, or when `is_new` and there is one of this key.
    """
    names = {"name": sla.checked_name(name), "name_zh": sla.checked_name(name_zh, field="name_zh") if name_zh else ""}
    row = session().scalar(select(Queue).where(Queue.key == sla.checked_key(key)))
    if row is None:
        row = Queue(key=key, team_id=team_id, calendar_id=calendar_id, **names)
        session().add(row)
    elif is_new:
        raise Conflict("key_taken", f"There is a {key} already: choose another key.", fields={"key": "taken"})
    else:
        sla.check_version(row.version, version)
    row.name, row.name_zh, row.team_id, row.calendar_id = names["name"], names["name_zh"], team_id, calendar_id
    session().flush()
    events.record(
        "queue_saved", chain=f"queue:{row.id}", key=key, name=row.name, team_id=team_id, calendar_id=calendar_id
    )
    forget()
    return row


def users_of(calendar_id: int) -> list[Queue]:
    """Return the queues that count by a calendar."""
    return list(session().scalars(select(Queue).where(Queue.calendar_id == calendar_id).order_by(Queue.key)))


def remove_calendar(calendar_id: int) -> None:
    """Delete a calendar. Raises NotFound, and Conflict while a queue uses it."""
    row = sla.get_calendar(calendar_id)
    # Under this lock no queue can take the calendar any more.
    session().refresh(row, with_for_update=True)
    used = [queue.key for queue in users_of(calendar_id)]
    if used:
        raise Conflict(
            "calendar_in_use", f"Queues use this calendar: {', '.join(used)}. Give them another calendar first."
        )
    sla.delete_calendar(row)
