"""Queues: found by key, with their team and calendar."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.db import forget, known, run, session
from app.errors import NotFound
from app.routing.models import Queue

DEFAULT_QUEUE = "service"
_FIND = """select id, key, name, name_zh, team_id, calendar_id from queues
 order by key = %(key)s desc, key = %(default)s desc, id limit 1"""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue as cases need it."""

    id: int
    key: str
    name: str
    name_zh: str
    team_id: int
    calendar_id: int


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


def save_queue(key: str, *, name: str, team_id: int, calendar_id: int, name_zh: str = "") -> Queue:
    """Make or change a queue."""
    row = session().scalar(select(Queue).where(Queue.key == key))
    if row is None:
        row = Queue(key=key, name=name, team_id=team_id, calendar_id=calendar_id)
        session().add(row)
    row.name, row.name_zh, row.team_id, row.calendar_id = name, name_zh, team_id, calendar_id
    session().flush()
    forget()
    return row
