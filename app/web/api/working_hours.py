"""API: by which calendars teams and people work."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.identity import policy, queries
from app.sla import service as sla
from app.sla import working_hours
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_working_hours", __name__)
keeps_teams = allow_if(policy.may_manage_teams)
plans = allow_if(policy.may_plan_absences)
TAG = "people"


class Hours(In):
    """The calendar."""

    calendar: str | None = Field(max_length=60, description="Key of a calendar; null: none, or as the person's teams.")


class HoursRow(Out):
    """By which calendar a team or a person works, and whether a person is off duty now."""

    calendar: str | None
    is_off_duty: bool | None = None


def _key(calendar_id: int | None) -> str | None:
    return None if calendar_id is None else sla.get_calendar(calendar_id).key


def _id(body: Hours) -> int | None:
    return None if body.calendar is None else sla.calendar_by_key(body.calendar).id


def _user(user_id: int) -> HoursRow:
    queries.get_user(user_id)
    is_off = user_id in working_hours.off_duty([user_id])
    return HoursRow(calendar=_key(working_hours.of_user(user_id)), is_off_duty=is_off)


@blueprint.get("/teams/<int:team_id>/working-hours")
@operation("See by which calendar a team works", tag=TAG, answers=HoursRow)
@keeps_teams
def get_team(team_id: int) -> HoursRow:
    """Return the calendar of a team."""
    queries.get_team(team_id)
    return HoursRow(calendar=_key(working_hours.of_team(team_id)))


@blueprint.put("/teams/<int:team_id>/working-hours")
@operation("Say by which calendar a team works", tag=TAG, answers=HoursRow, body=Hours)
@keeps_teams
def put_team(team_id: int, body: Hours) -> HoursRow:
    """Give a team a calendar, or none."""
    queries.get_team(team_id)
    working_hours.set_team(team_id, _id(body))
    return HoursRow(calendar=body.calendar)


@blueprint.get("/users/<int:user_id>/working-hours")
@operation("See by which calendar a user works", tag=TAG, answers=HoursRow)
@plans
def get_user(user_id: int) -> HoursRow:
    """Return the calendar that is a user's own, and whether they are off duty now (by their teams' where they have none)."""
    return _user(user_id)


@blueprint.put("/users/<int:user_id>/working-hours")
@operation("Say by which calendar a user works", tag=TAG, answers=HoursRow, body=Hours)
@plans
def put_user(user_id: int, body: Hours) -> HoursRow:
    """Give a user a calendar of their own, or let them work as their teams do."""
    queries.get_user(user_id)
    working_hours.set_user(user_id, _id(body))
    return _user(user_id)
