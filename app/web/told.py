"""Names where the record keeps ids and keys: who a task is for, and who or which team a change speaks of."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.db import known
from app.identity import queries as identity
from app.web import i18n

blueprint = Blueprint("told", __name__)
_PEOPLE = frozenset({"assignee_id", "holder_id", "user_id", "owner_id"})


def _teams() -> dict[str, str]:
    """Names of all teams in the reader's language, by key and by id."""
    found: dict[str, str] = {}
    for team in identity.team_titles():
        name = team.name_zh if i18n.locale() == "zh" and team.name_zh else team.name
        found |= {team.key: name, f"#{team.id}": name}
    return found


def team_names() -> dict[str, str]:
    """Return names of teams by key, and by `#id`; read once in a unit of work."""
    return known(("team names", i18n.locale()), _teams)


def _people() -> dict[str, str]:
    found: dict[str, str] = {}
    for user in identity.users():
        found |= {user.login: user.name, f"#{user.id}": user.name}
    return found


def people_names() -> dict[str, str]:
    """Return names of people by login, and by `#id`; read once in a unit of work."""
    return known(("people names",), _people)


@blueprint.app_template_global("candidates")
def candidates(task: Any) -> str:
    """Return the names of those who may do a task; empty when anybody may."""
    people = people_names() if task.candidate_users else {}
    teams = team_names() if task.candidate_teams else {}
    named = [
        *(people.get(each, each) for each in task.candidate_users),
        *(teams.get(each, each) for each in task.candidate_teams),
    ]
    return ", ".join(named)


@blueprint.app_template_global("who")
def who(field: str, value: object) -> str:
    """Return a value of a changed field as a person reads it: names of people and teams, else as `plainly` says it."""
    if isinstance(value, (int, str)) and not isinstance(value, bool) and str(value).isdecimal():
        if field in _PEOPLE:
            return people_names().get(f"#{value}", f"#{value}")
        if field == "team_id":
            return team_names().get(f"#{value}", f"#{value}")
    return i18n.plainly(value)
