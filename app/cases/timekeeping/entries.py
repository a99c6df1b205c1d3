"""Books, changes and removes time spent on a case, and runs an agent's timer. Every change is an event on the case's chain."""

from __future__ import annotations

from datetime import date
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import select

from app import events
from app.cases import service as cases
from app.cases.models import Case
from app.cases.timekeeping.models import TimeEntry, WorkTimer
from app.clock import utcnow
from app.db import run, session
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity.policy import Viewer
from app.identity.rights import Right

MAX_MINUTES, MAX_NOTE, MAX_CATEGORY, MOST_ROWS = 1_440, 300, 60, 5_000
FIRST = date(2000, 1, 1)
_REPORT = """select e.id, e.day, e.minutes, e.category, e.note, u.login, u.name, c.number, c.subject
 from time_entries e join users u on u.id = e.user_id join cases c on c.id = e.case_id
 where e.day between %(first)s and %(last)s and (%(user)s::bigint is null or e.user_id = %(user)s)
 order by e.day, e.id limit %(most)s"""


class Wish(NamedTuple):
    """What an entry is to say."""

    minutes: int
    day: date
    note: str = ""
    category: str = ""


def of_case(case_id: int) -> list[TimeEntry]:
    """Return what was booked on a case, oldest first."""
    return list(session().scalars(select(TimeEntry).where(TimeEntry.case_id == case_id).order_by(TimeEntry.id)))


def between(first: date, last: date, *, user_id: int | None) -> list[Any]:
    """Return what was booked from a day to a day, by one person or (None) by all, at most MOST_ROWS. Raises Invalid."""
    if last < first:
        raise Invalid("bad_days", "The last day comes before the first.", fields={"to": "too early"})
    return list(run(_REPORT, {"first": first, "last": last, "user": user_id, "most": MOST_ROWS}))


def book(case: Case, user_id: int, wish: Wish) -> TimeEntry:
    """Book time on a locked case. Records `time_booked`. Raises Invalid, Conflict."""
    _check_open(case)
    entry = TimeEntry(case_id=case.id, user_id=user_id, booked_at=utcnow(), **_checked(wish))
    session().add(entry)
    _told(case, "time_booked", **_facts(entry))
    return entry


def change(case: Case, viewer: Viewer, entry_id: int, wish: Wish) -> TimeEntry:
    """Change an entry. Records `time_changed` with what it said before. Raises Invalid, Forbidden, NotFound, Conflict."""
    entry = _own(case, viewer, entry_id)
    values, before = _checked(wish), _facts(entry)
    for name, value in values.items():
        setattr(entry, name, value)
    if _facts(entry) != before:
        _told(case, "time_changed", before=before, after=_facts(entry))
    return entry


def remove(case: Case, viewer: Viewer, entry_id: int) -> None:
    """Remove an entry. Records `time_removed` with what it said. Raises Forbidden, NotFound, Conflict."""
    entry = _own(case, viewer, entry_id)
    session().delete(entry)
    _told(case, "time_removed", **_facts(entry))


def running(user_id: int) -> WorkTimer | None:
    """Return the timer of an agent, wherever it runs."""
    return session().get(WorkTimer, user_id)


def start(case: Case, user_id: int) -> WorkTimer:
    """Start an agent's timer on a locked case. Records `timer_started`. Raises Conflict while it runs already."""
    _check_open(case)
    there = running(user_id)
    if there is not None:
        number = session().get_one(Case, there.case_id).number
        raise Conflict("timer_runs", f"Your timer runs on {number}: stop it there first.", case=number)
    timer = WorkTimer(user_id=user_id, case_id=case.id, begun_at=utcnow())
    session().add(timer)
    _told(case, "timer_started", user=user_id)
    return timer


def stop(case: Case, user_id: int, *, day: date, note: str = "", category: str = "") -> TimeEntry:
    """Stop an agent's timer and book its minutes, begun ones as whole. Records `time_booked`. Raises Conflict, Invalid."""
    timer = running(user_id)
    if timer is None or timer.case_id != case.id:
        raise Conflict("timer_rests", "Your timer does not run on this case.")
    minutes = ceil((utcnow() - timer.begun_at).total_seconds() / 60)
    entry = book(case, user_id, Wish(min(max(minutes, 1), MAX_MINUTES), day, note, category))
    session().delete(timer)
    session().flush()
    return entry


def discard(case: Case, user_id: int) -> None:
    """Stop an agent's timer without booking anything. Records `timer_discarded`, unless the case is archived."""
    timer = running(user_id)
    if timer is None or timer.case_id != case.id:
        raise Conflict("timer_rests", "Your timer does not run on this case.")
    session().delete(timer)
    if case.archived_at is None:
        _told(case, "timer_discarded", user=user_id)
    session().flush()


def _own(case: Case, viewer: Viewer, entry_id: int) -> TimeEntry:
    _check_open(case)
    entry = session().get(TimeEntry, entry_id)
    if entry is None or entry.case_id != case.id:
        raise NotFound("time_unknown", "This entry is not there any more.")
    if entry.user_id != viewer.user_id and not viewer.may(Right.TIME_ALL):
        raise Forbidden("time_of_others", "This is somebody else's time: ask them, or a manager, to change it.")
    return entry


def _check_open(case: Case) -> None:
    cases.check_standing(case)
    if case.archived_at is not None:
        raise Conflict("case_archived", "This case is archived: reopen it before you book time on it.")


def _checked(wish: Wish) -> dict[str, Any]:
    if not 0 < wish.minutes <= MAX_MINUTES:
        raise Invalid(
            "bad_minutes", f"Write whole minutes from 1 to {MAX_MINUTES}.", fields={"minutes": "not possible"}
        )
    if not FIRST <= wish.day <= date.fromordinal(utcnow().date().toordinal() + 1):
        raise Invalid("bad_day", "Choose a day that is not in the future.", fields={"day": "not possible"})
    note, category = (" ".join(text.split()) for text in (wish.note, wish.category))
    if len(note) > MAX_NOTE or len(category) > MAX_CATEGORY:
        raise Invalid(
            "too_long",
            f"A note has at most {MAX_NOTE} characters, a category {MAX_CATEGORY}.",
            fields={"note": "too long"},
        )
    return {"minutes": wish.minutes, "day": wish.day, "note": note, "category": category}


def _facts(entry: TimeEntry) -> dict[str, Any]:
    return {
        "user": entry.user_id, "minutes": entry.minutes, "day": entry.day.isoformat(), "note": entry.note,
        "category": entry.category,
    }  # fmt: skip


def _told(case: Case, kind: str, **facts: Any) -> None:
    session().flush()
    events.record(kind, chain=cases.chain_of(case.id), **facts)
    cases.announce(case, change="time")
