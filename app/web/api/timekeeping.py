"""API: time spent on cases, and the timer of whoever asks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from app.cases import service as cases
from app.cases.models import Case
from app.cases.timekeeping import entries
from app.identity.rights import Right
from app.web import access, case_time, frame
from app.web.api import rows
from app.web.api.contract import In, Out, operation
from app.web.rules import allow, signed_in

blueprint = Blueprint("api_timekeeping", __name__)
TAG = "time spent"


class NewTime(In):
    """Time to book, or what an entry is to say."""

    minutes: int = Field(ge=1, le=entries.MAX_MINUTES)
    day: date | None = Field(None, description="Null: today.")
    note: str = Field("", max_length=entries.MAX_NOTE)
    category: str = Field("", max_length=entries.MAX_CATEGORY)


class Timer(In):
    """What to do with your timer; `stop` books its minutes."""

    do: Literal["start", "stop", "discard"]
    note: str = Field("", max_length=entries.MAX_NOTE)
    category: str = Field("", max_length=entries.MAX_CATEGORY)


class TimeRow(Out):
    """Time that somebody spent."""

    id: int
    user: str | None
    day: date
    minutes: int
    note: str
    category: str


class CaseTime(Out):
    """The time spent on a case."""

    case: str
    minutes: int
    items: list[TimeRow]
    timer_since: datetime | None = Field(description="Since when your timer runs on this case.")


class TimeQuery(In):
    """Which days."""

    first: date
    last: date


class SheetRow(Out):
    """Time that somebody spent on a case."""

    id: int
    case: str
    user: str
    day: date
    minutes: int
    note: str
    category: str


class Sheet(Out):
    """The time spent on these days: everybody's for managers, your own otherwise."""

    minutes: int
    by_user: dict[str, int]
    by_case: dict[str, int]
    items: list[SheetRow]


def _shown(case: Case) -> CaseTime:
    found, timer = entries.of_case(case.id), entries.running(frame.viewer().user_id)
    known = rows.names(entry.user_id for entry in found)
    copied = ("id", "day", "minutes", "note", "category")
    return CaseTime(
        case=case.number, minutes=sum(entry.minutes for entry in found),
        items=[TimeRow(user=known.user(entry.user_id), **{name: getattr(entry, name) for name in copied}) for entry in found],
        timer_since=timer.begun_at if timer is not None and timer.case_id == case.id else None,
    )  # fmt: skip


def _held(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return cases.lock(case.id)


def _wish(body: NewTime) -> entries.Wish:
    return entries.Wish(body.minutes, body.day or case_time.today(), body.note, body.category)


@blueprint.get("/cases/<number>/time")
@operation("See the time spent on a case", tag=TAG, answers=CaseTime)
@signed_in
def get_time(number: str) -> CaseTime:
    """Return what was booked on a case, and since when your timer runs on it."""
    return _shown(access.case_by_number(frame.viewer(), number))


@blueprint.post("/cases/<number>/time")
@operation("Book time on a case", tag=TAG, answers=CaseTime, body=NewTime, status=201, is_repeatable=True)
@allow("agent", "manager")
def book_time(number: str, body: NewTime) -> CaseTime:
    """Book your time on a case."""
    case = _held(number)
    entries.book(case, frame.viewer().user_id, _wish(body))
    return _shown(case)


@blueprint.put("/cases/<number>/time/<int:entry_id>")
@operation("Change booked time", tag=TAG, answers=CaseTime, body=NewTime)
@allow("agent", "manager")
def change_time(number: str, entry_id: int, body: NewTime) -> CaseTime:
    """Change an entry of yours; managers change anybody's."""
    case = _held(number)
    entries.change(case, frame.viewer(), entry_id, _wish(body))
    return _shown(case)


@blueprint.delete("/cases/<number>/time/<int:entry_id>")
@operation("Remove booked time", tag=TAG, answers=CaseTime)
@allow("agent", "manager")
def remove_time(number: str, entry_id: int) -> CaseTime:
    """Remove an entry of yours; managers remove anybody's. What it said stays on the record."""
    case = _held(number)
    entries.remove(case, frame.viewer(), entry_id)
    return _shown(case)


@blueprint.post("/cases/<number>/timer")
@operation("Start or stop your timer", tag=TAG, answers=CaseTime, body=Timer)
@allow("agent", "manager")
def run_timer(number: str, body: Timer) -> CaseTime:
    """Start your timer on a case, or stop it. 409: it runs already, or not on this case."""
    case, user_id = _held(number), frame.viewer().user_id
    match body.do:
        case "start":
            entries.start(case, user_id)
        case "stop":
            entries.stop(case, user_id, day=case_time.today(), note=body.note, category=body.category)
        case "discard":
            entries.discard(case, user_id)
    return _shown(case)


@blueprint.get("/time")
@operation("Sum up time spent", tag=TAG, answers=Sheet, query=TimeQuery)
@allow("agent", "manager")
def sheet(query: TimeQuery) -> Sheet:
    """Return what was booked from `first` to `last`, summed by person and by case."""
    viewer = frame.viewer()
    found = entries.between(query.first, query.last, user_id=None if viewer.may(Right.TIME_ALL) else viewer.user_id)
    by_user: dict[str, int] = {}
    by_case: dict[str, int] = {}
    for row in found:
        by_user[row.login] = by_user.get(row.login, 0) + row.minutes
        by_case[row.number] = by_case.get(row.number, 0) + row.minutes
    items = [
        SheetRow(
            id=row.id, case=row.number, user=row.login, day=row.day, minutes=row.minutes, note=row.note,
            category=row.category,
        )
        for row in found
    ]  # fmt: skip
    return Sheet(minutes=sum(by_user.values()), by_user=by_user, by_case=by_case, items=items)
