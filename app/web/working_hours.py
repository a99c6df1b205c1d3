"""Working hours of teams and people: which business calendar each works by."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request

from app.identity import policy, queries
from app.sla import service as sla
from app.sla import working_hours
from app.web.rules import allow_if

blueprint = Blueprint("working_hours", __name__)
keeps_teams = allow_if(policy.may_manage_teams)
plans = allow_if(policy.may_plan_absences)


@blueprint.app_template_global("working_hours")
def choices(*, team: int | None = None, user: int | None = None) -> tuple[list[Any], int | None]:
    """Return the calendars there are, and which one is a team's or a person's."""
    mine = working_hours.of_team(team) if team is not None else working_hours.of_user(user or 0)
    return sla.calendars(), mine


@blueprint.post("/teams/<int:team_id>/hours")
@keeps_teams
def of_team(team_id: int) -> Any:
    """Say by which calendar a team works."""
    queries.get_team(team_id)
    working_hours.set_team(team_id, request.form.get("calendar", type=int))
    return redirect(f"/teams/{team_id}?saved=1", 303)


@blueprint.post("/people/<int:user_id>/hours")
@plans
def of_person(user_id: int) -> Any:
    """Say by which calendar a person works."""
    queries.get_user(user_id)
    working_hours.set_user(user_id, request.form.get("calendar", type=int))
    return redirect(f"/people/{user_id}/absences", 303)
