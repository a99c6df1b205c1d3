"""Skills: the settings that name them, and the form on a person's page that says what they know."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy, queries, skills
from app.web import shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("skill_pages", __name__)
keeps = allow_if(policy.may_manage_teams)


@blueprint.get("/settings/skills")
@keeps
def overview() -> Response:
    """List the skills with how many people have each."""
    return _list()


def _list(error: DeskError | None = None, form: str = "") -> Response:
    by_user = skills.by_user()
    page = shell.page(
        "skills.html", section="settings", skills=skills.every(), counts=skills.counts(), error=error, form=form,
        wrong=error.fields if error else {}, values=request.form if error else {},
        people=[(user, by_user.get(user.id, [])) for user in queries.users(active_only=True)],
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/settings/skills")
@keeps
def make() -> Any:
    """Make a skill."""
    form = request.form
    try:
        with savepoint():
            skills.make(form.get("key", ""), name=form.get("name", ""), name_zh=form.get("name_zh", ""))
    except (Invalid, Conflict) as error:
        return _list(error, form="new")
    return redirect("/settings/skills?saved=1", 303)


@blueprint.post("/settings/skills/<skill_key>")
@keeps
def rename(skill_key: str) -> Any:
    """Change the names of a skill, or delete it (`delete`)."""
    row, form = skills.get(skill_key), request.form
    if form.get("delete"):
        skills.delete(row)
        return redirect("/settings/skills", 303)
    try:
        with savepoint():
            skills.rename(row, name=form.get("name", ""), name_zh=form.get("name_zh", ""))
    except Invalid as error:
        return _list(error, form=skill_key)
    return redirect("/settings/skills?saved=1", 303)


@blueprint.get("/people/<int:user_id>/skills")
@keeps
def of_person(user_id: int) -> Response:
    """Show what a person knows, with a level to choose for each skill."""
    user = queries.get_user(user_id)
    return make_response(
        shell.page(
            "person_skills.html", section="people", user=user, skills=skills.every(), levels=skills.levels_of(user_id)
        )
    )


@blueprint.post("/people/<int:user_id>/skills")
@keeps
def change(user_id: int) -> Any:
    """Say what a person knows: a level for each skill, none for those that they do not have."""
    given = {row.key: request.form.get(f"skill-{row.key}", 0, type=int) for row in skills.every()}
    skills.set_levels(user_id, {key: level for key, level in given.items() if level})
    return redirect(f"/people/{user_id}/skills?saved=1", 303)
