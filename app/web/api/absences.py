"""API: absences of people, and handing over what they have in hand; for managers and administrators."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from flask import Blueprint
from pydantic import Field

from app.identity import absences, policy, queries
from app.identity.models import Absence
from app.orchestration import standing_in
from app.web import asking
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_absences", __name__)
leads = allow_if(policy.may_plan_absences)
TAG = "people"


class NewAbsence(In):
    """Whole days, the last one included."""

    kind: Literal["vacation", "sick", "training", "other"] = "vacation"
    first: date
    last: date
    stand_in: str | None = Field(None, max_length=80, description="Login of a colleague who is told in their place.")


class AbsenceRow(Out):
    """An absence."""

    id: int
    kind: str
    first: date
    last: date
    begins_at: datetime
    ends_at: datetime
    stand_in: str | None = Field(description="Login.")


class AbsencePage(Out):
    """Absences of a person that are not over, the next one first."""

    items: list[AbsenceRow]


class RemovedAbsence(Out):
    """What was taken away."""

    id: int


class HandOver(In):
    """Who takes it over."""

    to: str = Field(max_length=80, description="Login of a colleague.")


class Handed(Out):
    """How much changed hands."""

    cases: int
    tasks: int
    work_orders: int


def _row(row: Absence) -> AbsenceRow:
    stand_in = queries.logins([row.stand_in_id]).get(row.stand_in_id or 0)
    return AbsenceRow(id=row.id, kind=row.kind, first=row.from_on, last=row.until_on, begins_at=row.begins_at,
                      ends_at=row.ends_at, stand_in=stand_in)  # fmt: skip


@blueprint.get("/users/<int:user_id>/absences")
@operation("List absences of a user", tag=TAG, answers=AbsencePage)
@leads
def list_absences(user_id: int) -> AbsencePage:
    """List the absences of a user that are not over."""
    return AbsencePage(items=[_row(row) for row in absences.of_user(queries.get_user(user_id).id)])


@blueprint.post("/users/<int:user_id>/absences")
@operation("Note an absence", tag=TAG, answers=AbsenceRow, body=NewAbsence, status=201, is_repeatable=True)
@leads
def add_absence(user_id: int, body: NewAbsence) -> AbsenceRow:
    """Note an absence; its days begin and end in your time zone. 409: there is one in these days."""
    stand_in = queries.user_by_login(body.stand_in).id if body.stand_in else None
    wish = absences.Wish(body.kind, body.first.isoformat(), body.last.isoformat(), stand_in)
    return _row(absences.add(user_id, wish, zone=asking.zone()))


@blueprint.delete("/users/<int:user_id>/absences/<int:absence_id>")
@operation("Take an absence away", tag=TAG, answers=RemovedAbsence)
@leads
def remove_absence(user_id: int, absence_id: int) -> RemovedAbsence:
    """Take an absence away."""
    absences.remove(user_id, absence_id)
    return RemovedAbsence(id=absence_id)


@blueprint.post("/users/<int:user_id>/hand-over")
@operation("Hand over what a user has in hand", tag=TAG, answers=Handed, body=HandOver, is_repeatable=True)
@leads
def hand_over(user_id: int, body: HandOver) -> Handed:
    """Give a user's open cases, tasks and work orders to a colleague; tasks not for the colleague go back to their team."""
    queries.get_user(user_id)
    found = standing_in.hand_over(user_id, to=queries.user_by_login(body.to).id)
    return Handed(cases=len(found.cases), tasks=len(found.tasks), work_orders=len(found.orders))
