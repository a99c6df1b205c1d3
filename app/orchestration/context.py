"""What a process may know of its case: plain, read-only values for expressions, templates and decision tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.cases import service as cases
from app.cases.checklists import items as checklist
from app.cases.fields import values as field_values
from app.cases.models import Case
from app.contacts import queries as contacts
from app.db import known, run, session
from app.errors import NotFound
from app.identity.models import Team, User
from app.messaging import accounts
from app.routing import service as routing
from app.workorders.models import WorkOrder, WorkOrderState

_DRIVE = "select case_id, work_order_id from drives where instance_id = %(instance)s"
_message: ContextVar[Mapping[str, Any] | None] = ContextVar("current_message", default=None)
# Somebody is at work on these: they end with that person's consent.
ACCEPTED = (WorkOrderState.ACCEPTED, WorkOrderState.REPLIED, WorkOrderState.CANCELLING)
EMPTY_MESSAGE = {"id": None, "subject": "", "text": "", "from": "", "channel": "", "auto": "none"}


@dataclass(slots=True)
class Driven:
    """The case, and the work order if it is one, that an instance drives."""

    case: Case
    work_order: WorkOrder | None


def driven_by(instance_id: int) -> Driven:
    """Return what an instance drives."""
    return known(("driven by", instance_id), lambda: _find(instance_id))


def _find(instance_id: int) -> Driven:
    drive = run(_DRIVE, {"instance": instance_id}).fetchone()
    if drive is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    order = session().get_one(WorkOrder, drive.work_order_id) if drive.work_order_id else None
    return Driven(cases.lock(drive.case_id), order)


@contextmanager
def about(message: Mapping[str, Any]) -> Iterator[None]:
    """Make a message's fields readable as `message.…` while a process hears of it."""
    token = _message.set(message)
    try:
        yield
    finally:
        _message.reset(token)


def current_message() -> Mapping[str, Any]:
    """Return the message that a process hears of now, with empty fields where it has none."""
    return {**EMPTY_MESSAGE, **(_message.get() or {})}


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


class Lazy(Mapping[str, Any]):
    """A read-only mapping whose values are found out when somebody asks: most steps ask for one or two."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        """Take one maker for each name."""
        self._makers = makers
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return the value, made on first use."""
        if name not in self._known:
            self._known[name] = self._makers[name]()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._makers)

    def __len__(self) -> int:
        """Count the names."""
        return len(self._makers)


def case_names(case: Case) -> Lazy:
    """Return the fields of a case by which processes decide."""
    return Lazy({
        "number": lambda: case.number, "subject": lambda: case.subject, "type": lambda: case.type,
        "priority": lambda: case.priority, "queue": lambda: case.queue_key, "team": lambda: _team(case), "status": lambda: str(case.status),
        "channel": lambda: case.channel, "language": lambda: case.language,
        "contact_name": lambda: case.contact_name, "chase_count": lambda: case.chase_count,
        "auto": lambda: case.auto, "mailbox": lambda: _mailbox(case),
        "tier": lambda: contacts.tier_of(case.contact_id) if case.contact_id else "",
        "organization": lambda: contacts.organization_of(case.contact_id) if case.contact_id else "",
        "first_reply_at": lambda: _text(case.first_reply_at), "opened_at": lambda: _text(case.opened_at), "due_at": lambda: _text(case.due_at), "due_why": lambda: case.due_why,
        "reopen_until": lambda: _text(case.reopen_until), "open_work_orders": lambda: _open_orders(case.id),
        "fields": lambda: field_values.plain(case), "checklist": lambda: checklist.counts(case.id)._asdict(),
        "accepted_work_orders": lambda: _open_orders(case.id, ACCEPTED),
    })  # fmt: skip


def _team(case: Case) -> str:
    """Return the key of the team that serves the case: a queue may be called otherwise, and a case be given to another team."""
    queue = routing.queue(case.queue_key)
    if case.team_id == queue.team_id:
        return queue.team_key
    team = session().get(Team, case.team_id) if case.team_id else None
    return team.key if team else ""


def _mailbox(case: Case) -> str:
    return accounts.get(case.account_id).address if case.account_id else ""


def _open_orders(case_id: int, states: Collection[WorkOrderState] = tuple(WorkOrderState)) -> int:
    rows = session().scalars(
        select(WorkOrder.id).where(
            WorkOrder.case_id == case_id, WorkOrder.ended_at.is_(None), WorkOrder.state.in_(states)
        )
    )
    return len(rows.all())


def order_names(order: WorkOrder) -> dict[str, Any]:
    """Return the fields of a work order by which processes decide."""
    team = session().get(Team, order.team_id) if order.team_id else None
    holder = session().get(User, order.holder_id) if order.holder_id else None
    opener = session().get(User, order.opened_by) if order.opened_by else None
    return {
        "number": order.number, "state": str(order.state), "title": order.title,
        "holder": holder.login if holder else "", "holder_name": holder.name if holder else "",
        "dispatcher": opener.login if opener else "", "team": team.key if team else "", "team_name": team.name if team else "",
        "round": order.round, "chase_count": order.chase_count, "urgency": order.urgency,
        "escalation": order.escalation, "outcome": order.outcome, "accepted": order.accepted_at is not None,
        "due_at": _text(order.due_at), "fields": dict(order.fields), "reply": dict(order.reply),
        **{key: value for key, value in order.fields.items() if key in ("accept_within", "reply_within", "warn_within")},
    }  # fmt: skip
