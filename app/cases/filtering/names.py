"""Reads what names in a query stand for: teams by key and by name in each language, users by login and name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo

from app.cases.fields import keeping
from app.cases.filtering.scope import Scope
from app.clock import utcnow
from app.identity import queries as identity
from app.identity import skills
from app.identity.policy import Viewer


def scope_of(viewer: Viewer, *, zone: tzinfo = UTC) -> Scope:
    """Return what a viewer's queries are understood by, now. Two who share a name are both meant by it."""
    teams = identity.teams()
    users = identity.users()
    return Scope(
        user_id=viewer.user_id, team_ids=frozenset(viewer.team_ids), now=utcnow(), zone=zone,
        teams=_named((name, team.id) for team in teams for name in (team.key, team.name, team.name_zh)),
        field=keeping.find, skills=_skills,
        users=_named((name, user.id) for user in users for name in (user.login, user.name)),
    )  # fmt: skip


def _skills() -> dict[str, frozenset[int]]:
    held = ((each, user_id) for user_id, found in skills.by_user().items() for each in found)
    known = [(name, user_id) for each, user_id in held for name in (each.key, each.name, each.name_zh)]
    # A skill that nobody has is known all the same.
    nobody = {
        name.lower(): frozenset[int]() for row in skills.every() for name in (row.key, row.name, row.name_zh) if name
    }
    return nobody | _named(known)


def _named(pairs: Iterable[tuple[str, int]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for name, named_id in pairs:
        if key := name.strip().lower():
            found.setdefault(key, set()).add(named_id)
    return {name: frozenset(ids) for name, ids in found.items()}
