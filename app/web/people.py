"""People and teams, and what each user sets for themselves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request

from app.identity import policy, queries, service
from app.identity.models import Role
from app.web import frame, shell
from app.web.auth import safe_next
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("people", __name__)
administers = allow_if(policy.may_manage_people)


@blueprint.get("/people")
@administers
def people() -> str:
    """List users and teams."""
    teams = [(team, queries.members(team.id)) for team in queries.teams()]
    return shell.page("people.html", section="people", users=queries.users(), teams=teams, roles=list(Role))


@blueprint.post("/people")
@administers
def add() -> Any:
    """Make a user."""
    form = request.form
    service.create_user(
        form.get("login", ""), form.get("password", ""), name=form.get("name", ""),
        role=service.role_of(form.get("role", "agent")), email=form.get("email", ""),
    )  # fmt: skip
    return redirect("/people", 303)


@blueprint.post("/people/<int:user_id>/active")
@administers
def active(user_id: int) -> Any:
    """Let a user in or keep them out."""
    if request.form.get("active") == "true":
        service.activate_user(user_id)
    else:
        service.deactivate_user(user_id)
    return redirect("/people", 303)


@blueprint.post("/teams/<int:team_id>/members")
@administers
def member(team_id: int) -> Any:
    """Add a member to a team, or remove one."""
    user_id = request.form.get("user", 0, type=int)
    if request.form.get("remove"):
        service.remove_member(team_id, user_id)
    else:
        service.add_member(team_id, user_id, is_lead=request.form.get("lead") == "true")
    return redirect("/people", 303)


@blueprint.post("/preferences")
@signed_in
def preferences() -> Any:
    """Keep the viewer's language and appearance."""
    service.change_user(
        frame.viewer().user_id, locale=request.form.get("locale", ""), theme=request.form.get("theme", "auto")
    )
    return redirect(safe_next(urlsplit(request.referrer or "/").path), 303)
