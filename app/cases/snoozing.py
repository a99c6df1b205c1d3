"""Cases that are laid aside: out of sight until a time, or until the customer writes, and then back with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import insert

from app import events, schedule
from app.cases import service as cases
from app.cases.beside import Snooze
from app.cases.models import Case
from app.clock import utcnow
from app.db import outdate, session
from app.errors import Conflict, Invalid

JOB = "snooze"
LONGEST = timedelta(days=366)
MAX_NOTE = 200
#: Why a case is back: its time came, the customer wrote, a limit passed or a colleague asked, somebody took it up again.
TIME, CUSTOMER, ATTENTION, AGENT = "time", "customer", "attention", "agent"


def alarm(case_id: int) -> str:
    """Return the key of the timer that brings a case back."""
    return f"snooze:{case_id}"


def snooze(case: Case, *, user_id: int, until: datetime | None, note: str = "") -> None:
    """Lay a locked case aside until a time, or with None until the customer writes, which ends it in any case.

    Records `case_snoozed`. Raises Invalid for a time that has passed or is too far, Conflict when the case is closed.
    """
    cases.check_standing(case)
    now = utcnow()
    if case.archived_at is not None:
        raise Conflict("case_closed", "A closed case needs no snooze.")
    if until is not None and not now < until <= now + LONGEST:
        raise Invalid("bad_time", "Choose a time within the coming year.", fields={"until": "not possible"})
    values = {
        "user_id": user_id, "until": until, "note": note.strip()[:MAX_NOTE], "begun_at": now, "ended_at": None, "back": "",
    }  # fmt: skip
    statement = insert(Snooze).values(case_id=case.id, **values)
    session().execute(statement.on_conflict_do_update(index_elements=[Snooze.case_id], set_=values))
    outdate(Snooze, case.id)
    if until is None:
        schedule.cancel_timer(alarm(case.id))
    else:
        schedule.set_timer(alarm(case.id), until, job=JOB, ref=case.id)
    events.record(
        "case_snoozed", chain=cases.chain_of(case.id), until=until.isoformat() if until else None, note=values["note"]
    )
    cases.announce(case, change="snoozed")


def end(case: Case, *, back: str) -> bool:
    """Bring a locked case back and say why; False when it was not laid aside. Records `case_back`."""
    row = session().get(Snooze, case.id)
    if row is None or row.ended_at is not None:
        return False
    row.ended_at, row.back = utcnow(), back
    session().flush()
    schedule.cancel_timer(alarm(case.id))
    events.record("case_back", chain=cases.chain_of(case.id), back=back, user=row.user_id)
    cases.announce(case, change="back")
    return True


def forget(case_id: int) -> None:
    """Take away the mark that a case is back: somebody has seen it."""
    row = session().get(Snooze, case_id)
    if row is not None and row.ended_at is not None:
        session().delete(row)
        session().flush()


def is_due(case_id: int) -> bool:
    """Tell whether the time of a case that is laid aside has come."""
    row = session().get(Snooze, case_id)
    return row is not None and row.ended_at is None and row.until is not None and row.until <= utcnow()


def of_case(case_id: int) -> Snooze | None:
    """Return how a case is laid aside, or why it is back; None for most."""
    return of_cases([case_id]).get(case_id)


def of_cases(case_ids: Iterable[int]) -> dict[int, Snooze]:
    """Return the same of several cases, in one statement."""
    return {row.case_id: row for row in session().scalars(select(Snooze).where(Snooze.case_id.in_(list(case_ids))))}


def asleep() -> ColumnElement[bool]:
    """Return the condition on `Case` that holds while it is laid aside."""
    return exists(select(Snooze.case_id).where(Snooze.case_id == Case.id, Snooze.ended_at.is_(None)))
