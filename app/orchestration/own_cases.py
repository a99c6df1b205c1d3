"""What agents are told of the cases that are theirs: given to them, the customer wrote, chased, due soon, overdue.

Whoever watches a case hears of it as a watcher and is not told twice; where service levels count, their policies say who is told of limits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app import events, schedule
from app.cases import service as cases
from app.cases import watching
from app.cases.models import Case
from app.clock import utcnow
from app.events import Event
from app.identity import service as identity
from app.sla import clocks

JOB = "limit"
#: Without a known beginning of its limit, a case is due soon this long before.
SOON = timedelta(hours=1)
#: With one, when this part of it is left.
LEFT = 0.25


def listen() -> None:
    """Hear from now on of what the agent of a case is told."""
    events.subscribe("case_changed", changed)
    events.subscribe("message_received", lambda event: _tell(event, kind="message", text="the customer wrote"))
    events.subscribe("case_chased", lambda event: _tell(event, kind="chased", text="chased"))
    events.subscribe("work_order_chased", lambda event: _tell(event, kind="chased", text="a work order is chased"))


def changed(event: Event) -> None:
    """Tell the new agent, and set the alarm of the limit that runs now."""
    changes = event.data["changes"]
    if not changes.keys() & {"assignee_id", "due_at", "status"}:
        return
    case = _case(event)
    if case is None:
        return
    if "assignee_id" in changes and case.assignee_id is not None:
        _notify(event, case, kind="assigned", text=f"assigned to you by {event.actor.name}")
    _set_alarm(case)


def _tell(event: Event, *, kind: str, text: str) -> None:
    case = _case(event)
    if case is not None and case.assignee_id is not None and case.assignee_id not in watching.watchers(case.id):
        _notify(event, case, kind=kind, text=text)


def _case(event: Event) -> Case | None:
    chain, _, case_id = event.chain.partition(":")
    return cases.lock(int(case_id)) if chain == "case" else None


def _notify(event: Event, case: Case, *, kind: str, text: str) -> None:
    user_id = case.assignee_id
    if user_id is None or (event.actor.kind == "user" and event.actor.id == user_id):
        return
    identity.notify([user_id], kind=kind, text=_line(case, text), link=f"/cases/{case.number}")


def _line(case: Case, text: str) -> str:
    return f"{case.number}: {text} · {case.subject}"


# ---------------------------------------------------------------- limits
def alarm(case_id: int) -> str:
    """Return the key of the timer of a case's limit."""
    return f"limit:{case_id}"


def _set_alarm(case: Case) -> None:
    """Only a case that is somebody's has an alarm: most never cost a timer."""
    now = utcnow()
    if case.assignee_id is None or case.due_at is None or case.archived_at is not None or case.due_at <= now:
        schedule.cancel_timer(alarm(case.id))
        return
    schedule.set_timer(alarm(case.id), max(_soon(case), now), job=JOB, ref=case.id)


def _soon(case: Any) -> datetime:
    due: datetime = case.due_at
    return due - SOON if case.due_from is None else due - (due - case.due_from) * LEFT


def limit_nears(case_id: int) -> None:
    """Tell the agent of a case that its limit is near, or has passed, and set the alarm for what comes next."""
    case, now = cases.lock(case_id), utcnow()
    if case.assignee_id is None or case.due_at is None or case.archived_at is not None or clocks.of_case(case_id):
        schedule.cancel_timer(alarm(case_id))
    elif case.due_at <= now:
        _limit(case, kind="breached", text="overdue")
        schedule.cancel_timer(alarm(case_id))
    elif _soon(case) > now:  # the limit was moved while the alarm was under way
        schedule.set_timer(alarm(case_id), _soon(case), job=JOB, ref=case_id)
    else:
        _limit(case, kind="due", text="due soon")
        schedule.set_timer(alarm(case_id), case.due_at, job=JOB, ref=case_id)


def _limit(case: Case, *, kind: str, text: str) -> None:
    if case.assignee_id is not None:
        link = f"/cases/{case.number}"
        identity.notify([case.assignee_id], kind=kind, text=_line(case, text), link=link, cause=case.due_why)
